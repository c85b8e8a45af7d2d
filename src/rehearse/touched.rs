//! What a plan touches that rows may have a say in. Names no kind.

use std::collections::BTreeSet;

use crate::{
    catalog::Catalog,
    ddl::{Lock, Rewrite},
    model::ObjectId,
    plan::{Plan, Step},
    rehearse::fates::Fate,
};

/// The objects of the starting state that steps change, drop or read rows of, and all that stands on them.
pub(super) struct Touched {
    names: BTreeSet<String>,
    parts: BTreeSet<(String, String)>,
}

impl Touched {
    pub(super) fn by(plan: &Plan, from: &Catalog) -> Touched {
        let steps = plan.steps.iter().filter(|step| meets_rows(step));
        Touched::from_subjects(steps.flat_map(|step| &step.subjects), from)
    }

    pub(super) fn by_steps(steps: &[Step], from: &Catalog) -> Touched {
        Touched::from_subjects(steps.iter().flat_map(|step| &step.subjects), from)
    }

    fn from_subjects<'a>(subjects: impl Iterator<Item = &'a ObjectId>, from: &'a Catalog) -> Touched {
        let dependents = from.dependents();
        let mut found: BTreeSet<&ObjectId> = subjects.collect();
        let mut pending: Vec<(&ObjectId, bool)> = found.iter().map(|id| (*id, true)).collect();
        // Where a part changes, what is made of the whole changes too; the other parts do not.
        pending.extend(found.iter().flat_map(|id| id.ancestors()).map(|id| (id, false)));
        while let Some((id, takes_parts)) = pending.pop() {
            let all = dependents.get(id).into_iter().flatten().copied();
            let concerned = all.filter(|it| takes_parts || it.parent() != Some(id));
            pending.extend(concerned.filter(|it| found.insert(it)).map(|it| (it, true)));
        }
        let part = |id: &&ObjectId| Some((id.parent()?.qualified(), id.name.raw().to_owned()));
        Touched {
            names: found.iter().flat_map(|id| id.upwards()).map(ObjectId::qualified).collect(),
            parts: found.iter().filter_map(part).collect(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// By the name that SQL has for it.
    pub(super) fn has(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// A part of what has this name, as `pg_attribute` writes it.
    pub(super) fn has_part(&self, of: &str, part: &str) -> bool {
        self.parts.contains(&(of.to_owned(), part.to_owned()))
    }
}

/// What happened to rows and no step of the plan speaks of, in words.
pub(super) fn unexpected(fates: &[Fate], plan: &Plan, from: &Catalog) -> Vec<String> {
    if fates.iter().all(Fate::is_unharmed) {
        return Vec::new();
    }
    let touched = Touched::by(plan, from);
    let losing = plan.steps.iter().filter(|step| !step.loses.is_empty());
    let told = Touched::from_subjects(losing.flat_map(|step| &step.subjects), from);
    let each = |fate: &Fate| {
        let Fate { table, before, after, lost, changed } = fate;
        let gone = match after {
            None => Some(format!("{table} is gone, with {before} rows")),
            Some(after) if after < before => Some(format!("{table} has {after} of {before} rows left")),
            Some(_) => None,
        };
        let lost = lost.iter().filter(|column| !told.has_part(table, column));
        let changed = changed.iter().filter(|it| !touched.has_part(table, &it.column));
        let words = gone.into_iter().filter(|_| !told.has(table));
        let words = words.chain(lost.map(|column| format!("{table} has lost its column {column}")));
        words
            .chain(changed.map(|it| format!("{table}.{} reads otherwise in {} rows", it.column, it.rows)))
            .collect::<Vec<_>>()
    };
    fates.iter().flat_map(each).collect()
}

fn meets_rows(step: &Step) -> bool {
    let reads = Lock::ShareUpdateExclusive < step.lock_at_most || step.rewrites != Rewrite::Never;
    reads || !step.loses.is_empty() || !step.fails_if.is_empty()
}

#[cfg(test)]
mod tests {
    use super::unexpected;
    use crate::{
        catalog::Catalog,
        model::Version,
        plan::Plan,
        rehearse::fates::{Changed, Fate},
    };

    #[test]
    fn what_no_step_speaks_of_is_unexpected() {
        let changed = Changed { column: "a".to_owned(), rows: 2, example: (Some("1".to_owned()), None) };
        let fate = |after, lost: &[&str], changed| Fate {
            table: "public.t".to_owned(),
            before: 3,
            after,
            lost: lost.iter().map(|it| (*it).to_owned()).collect(),
            changed,
        };
        let told = |fate: Fate| unexpected(&[fate], &Plan::default(), &Catalog::new(Version::major(17)));
        assert!(told(fate(Some(3), &[], vec![])).is_empty());
        assert_eq!(told(fate(None, &[], vec![])), ["public.t is gone, with 3 rows"]);
        assert_eq!(told(fate(Some(1), &[], vec![])), ["public.t has 1 of 3 rows left"]);
        assert_eq!(told(fate(Some(3), &["b"], vec![])), ["public.t has lost its column b"]);
        assert_eq!(told(fate(Some(3), &[], vec![changed])), ["public.t.a reads otherwise in 2 rows"]);
    }
}
