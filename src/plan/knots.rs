//! Unties what needs each other. Each rule has a name; what none of them unties is reported whole.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    catalog::Catalog,
    ddl::{Action, Verb},
    diagnostic::Diagnostic,
    model::ObjectId,
};

/// The detours that a plan takes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Knots {
    /// *Contents first*: dropped by themselves, although what contains them takes them along.
    pub explicit: BTreeSet<ObjectId>,
    /// *Stand-in*: created, or replaced, by way of something of the same shape that needs nothing.
    pub sketched: BTreeSet<ObjectId>,
    /// *Stand-in*, before a drop.
    pub emptied: BTreeSet<ObjectId>,
}

impl Knots {
    /// Adds a detour that may untie a cycle. `implicit` says what is dropped with what. False where there is none left.
    pub(super) fn untie(
        &mut self,
        from: &Catalog,
        to: &Catalog,
        implicit: &BTreeMap<ObjectId, ObjectId>,
        cycle: &[Action],
    ) -> bool {
        // What no statement drops goes only with what contains it.
        let may_go = |id: &ObjectId| from.get(id).is_some_and(|object| !object.drop(id).is_empty());
        let contents = || implicit.iter().filter(|(id, root)| is_in(cycle, root) && may_go(id));
        let tied = contents().filter(|(id, root)| needs_another(from, implicit, cycle, id, root));
        let rules: [&dyn Fn(&mut Knots); 4] = [
            &|knots| knots.explicit.extend(tied.clone().map(|(id, _)| id.clone())),
            &|knots| knots.sketched.extend(replaceable(to, cycle, &knots.sketched, |verb| verb != Verb::Drop)),
            &|knots| knots.emptied.extend(replaceable(from, cycle, &knots.emptied, |verb| verb == Verb::Drop)),
            &|knots| knots.explicit.extend(contents().map(|(id, _)| id.clone())),
        ];
        let before = self.len();
        rules.iter().any(|rule| {
            rule(self);
            before < self.len()
        })
    }

    fn len(&self) -> usize {
        self.explicit.len() + self.sketched.len() + self.emptied.len()
    }
}

/// Dropping a container drops what is in it at one stroke. Where that ties a knot, the contents that need something in
/// another container of the knot are to be dropped by themselves, first.
fn needs_another(
    from: &Catalog,
    implicit: &BTreeMap<ObjectId, ObjectId>,
    cycle: &[Action],
    id: &ObjectId,
    root: &ObjectId,
) -> bool {
    let needs = from.entry(id).into_iter().flat_map(|entry| &entry.needs);
    needs.map(|it| implicit.get(it).unwrap_or(it)).any(|other| other != root && is_in(cycle, other))
}

/// The first member of a cycle that something can stand in for.
fn replaceable(
    catalog: &Catalog,
    cycle: &[Action],
    taken: &BTreeSet<ObjectId>,
    fits: impl Fn(Verb) -> bool,
) -> Option<ObjectId> {
    let has_stand_in = |id: &&ObjectId| catalog.get(id).and_then(|object| object.stand_in(id)).is_some();
    let subjects = cycle.iter().filter(|action| fits(action.verb)).map(|action| &action.subject);
    subjects.filter(|id| !taken.contains(id)).find(has_stand_in).cloned()
}

/// Everything that needs `id` and that `id` needs, by however many steps.
pub(super) fn ring<'a>(catalog: &'a Catalog, id: &'a ObjectId) -> BTreeSet<&'a ObjectId> {
    let dependents = catalog.dependents();
    let above = reach(id, |it| dependents.get(it).cloned().unwrap_or_default());
    let below = reach(id, |it| catalog.needs(it).collect());
    above.intersection(&below).copied().collect()
}

fn reach<'a>(start: &'a ObjectId, next: impl Fn(&'a ObjectId) -> Vec<&'a ObjectId>) -> BTreeSet<&'a ObjectId> {
    let mut found = BTreeSet::from([start]);
    let mut pending = vec![start];
    while let Some(id) = pending.pop() {
        pending.extend(next(id).into_iter().filter(|it| found.insert(it)));
    }
    found
}

fn is_in(cycle: &[Action], id: &ObjectId) -> bool {
    cycle.iter().any(|action| action.subject == *id)
}

pub(super) fn diagnostic(cycle: &[Action]) -> Diagnostic {
    let path: Vec<String> = cycle.iter().map(|action| action.subject.to_string()).collect();
    Diagnostic::error("dependency-cycle", format!("these changes need each other: {}", path.join(" -> ")))
        .with_help("make the change in two migrations, so that one of these can be left out of the first")
}
