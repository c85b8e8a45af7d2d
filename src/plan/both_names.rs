//! Parts that come to another name by way of a successor, so that either name can be used meanwhile. Names no kind.

use crate::{
    catalog::{Catalog, Entry},
    ddl::{Action, Expansion, Heard, Online, Target},
    diff::{Rename, Renames},
    kinds::OwnPart,
    model::{ObjectId, Pair},
    plan::{
        Beside, Plan, Step, Successors, expand::Work, fold::fold, knots::Knots, online, order::Ordered, renaming,
        succeed::Way, words,
    },
};

/// One such part.
#[derive(Clone, Debug)]
pub struct TwoNamed {
    pub was: ObjectId,
    pub id: ObjectId,
    /// What makes the successor, and puts all in its place that stands on the part.
    expand: Vec<Step>,
    /// What takes the old name away.
    contract: Vec<Step>,
    /// Gives the part its name at once.
    pub plain: Vec<Step>,
}

impl TwoNamed {
    /// Plans the way from the state before the rename to the one after it, where there is nothing else between the two.
    ///
    /// # Errors
    /// Why there is no such way.
    pub fn plan(
        states: Pair<&Catalog>,
        (was, id): (&ObjectId, &ObjectId),
        beside: Beside,
        target: Target,
    ) -> Result<TwoNamed, String> {
        let Pair { from, to } = states;
        let online = target.online.map(|it| Online { keys: online::keys(from, from), ..it.clone() });
        let target = Target { online: online.as_ref(), ..target };
        let expansion = expansion(to, (was, id), target).unwrap_or_else(|| Err("it holds nothing".to_owned()))?;
        let (knots, successors) = (Knots::default(), Successors::from([(was.clone(), beside)]));
        let work = Work::new(from, to, target, &knots, &successors);
        let Way { actions, contract, .. } = work.way((was, id), &expansion, &to.dependents())?;
        let rename = Renames { objects: [(was.clone(), id.clone())].into(), ..Renames::default() };
        let plain = renaming(rename.ways(from, to, target));
        let group = plain.first().map(|step| step.group.clone()).unwrap_or_default();
        let because = format!("{was} is to be called {}, and programs may use either name until it is", id.name);
        let steps = |actions| in_group(actions, from, (&group, &because));
        let (expand, contract) = (steps(actions), steps(vec![contract]));
        Ok(TwoNamed { was: was.clone(), id: id.clone(), expand, contract, plain })
    }
}

/// The gentler way of a part in `to` from the name that it had, or why it has none; nothing where it needs none.
pub fn expansion(to: &Catalog, (was, id): (&ObjectId, &ObjectId), target: Target) -> Option<Result<Expansion, String>> {
    // What takes arguments is called.
    let calls = |entry: &Entry| entry.needs.iter().any(|it| !it.signature.is_empty());
    let part = |(id, entry): (_, _)| {
        let entry: &Entry = entry;
        OwnPart { id, object: &entry.object, calls: calls(entry) }
    };
    let parts: Vec<OwnPart<'_>> = to.iter().filter(|(it, _)| it.parent() == Some(id)).map(part).collect();
    to.get(id)?.succeed_as(was, id, &parts, target)
}

/// The values are those that are there, and what stands on the part holds for them already.
fn in_group(actions: Vec<Action>, from: &Catalog, (group, because): (&str, &str)) -> Vec<Step> {
    let actions = actions.into_iter().map(|action| Action { fails_if: None, ..action });
    let ordered = actions.enumerate().map(|(at, action)| Ordered { at, action, contents: Vec::new() });
    let steps = words::group(fold(ordered.collect()), &[], from, false);
    let because = vec![because.to_owned()];
    steps.into_iter().map(|step| Step { group: group.to_owned(), because: because.clone(), ..step }).collect()
}

impl Plan {
    /// The same where these parts have their old names to begin with: behind the renames that have been carried out they
    /// get a successor, and at the end their old names go. Those that PostgreSQL was heard to refuse are renamed at once.
    pub fn with_both_names(mut self, parts: &[TwoNamed], heard: &Heard) -> Plan {
        let mut first = Vec::new();
        for part in parts {
            if heard.get(&part.id) == Some(&false) {
                let why = format!("{} is renamed at once, since its successor cannot be made", part.was.path());
                first.extend(part.plain.iter().map(|step| Step { not_online: vec![why.clone()], ..step.clone() }));
            } else {
                first.extend(part.expand.iter().cloned());
                self.steps.extend(part.contract.iter().cloned());
            }
        }
        self.to_come = parts.iter().map(|it| Rename::Object { from: it.was.clone(), to: it.id.clone() }).collect();
        self.move_on(self.carried_out, first.len());
        self.steps.splice(self.carried_out..self.carried_out, first);
        self
    }
}
