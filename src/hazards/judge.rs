//! Puts beside each step of a plan what its reader must know.

use std::collections::BTreeSet;

use crate::{
    ddl::Risk,
    diagnostic::Hazard,
    hazards::{
        Event, Sides,
        event::{is_due, revoked},
        find,
    },
    model::ObjectId,
    plan::Plan,
    rehearse::{Fate, Observed},
    stats::Sizes,
};

/// What a rehearsal has shown; nothing of it where there was none.
#[derive(Default)]
pub struct Seen<'a> {
    /// For each step, as far as it came.
    pub observed: &'a [Option<Observed>],
    pub fates: &'a [Fate],
    /// By the names that tables have after the renames of the plan.
    pub sizes: Option<&'a Sizes>,
}

/// Finds the hazards of every step. What concerns an object as a whole is told once, at the first statement that does it.
pub fn judge(plan: &mut Plan, sides: &Sides<'_>, seen: &Seen<'_>) {
    let mut told: BTreeSet<(&ObjectId, Risk)> = BTreeSet::new();
    let mut revoked = revoked(sides, &plan.changes);
    let mut found: Vec<Vec<Hazard>> = Vec::new();
    for (at, step) in plan.steps.iter().enumerate() {
        let risks = step.subjects.iter().flat_map(|id| sides.risks(id).into_iter().map(move |risk| (id, risk)));
        let due = risks.filter(|(id, risk)| is_due(step, id, risk, sides) && !told.contains(&(*id, risk.clone())));
        let event = Event {
            observed: seen.observed.get(at).and_then(Option::as_ref),
            fates: seen.fates,
            revoked: revoked.clone(),
            sizes: seen.sizes,
            ..Event::planned(sides, step, due.collect(), at < plan.carried_out)
        };
        told.extend(event.risks.iter().cloned());
        for (_, risk) in &event.risks {
            if let Risk::Revoked(access) = risk {
                revoked.remove(&access.role);
            }
        }
        found.push(find(&event));
    }
    for (step, hazards) in plan.steps.iter_mut().zip(found) {
        step.hazards = hazards;
    }
}
