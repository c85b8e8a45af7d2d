//! A plan in phases: what running programs do not notice, what gives rows their values, and what may go once programs have
//! changed.

use std::{collections::BTreeSet, ops::Range};

use crate::{
    ddl::{Action, Phase, Verb},
    model::ObjectId,
    plan::{Plan, edges::Edge, expand::Expanded},
};

impl Plan {
    /// Where each phase has its steps; the phases that have some. What comes after a step of a later phase is of that phase.
    pub fn phases(&self) -> Vec<(Phase, Range<usize>)> {
        let begins = |phase: Phase| self.steps.iter().position(|it| phase <= it.phase).unwrap_or(self.steps.len());
        let (backfill, contract) = (begins(Phase::Backfill), begins(Phase::Contract));
        let all = [
            (Phase::Expand, 0..backfill),
            (Phase::Backfill, backfill..contract),
            (Phase::Contract, contract..self.steps.len()),
        ];
        all.into_iter().filter(|(_, range)| !range.is_empty()).collect()
    }
}

/// The same with all last that takes away what programs may still use, as far as nothing else has to wait for it; and before
/// that what stands behind a backfill.
pub(super) fn apart(expanded: Expanded) -> Expanded {
    let Expanded { mut actions, edges, implicit } = expanded;
    let phases = phases(&actions, &edges);
    for (action, phase) in actions.iter_mut().zip(&phases) {
        action.phase = *phase;
    }
    let mut sorted: Vec<usize> = (0..actions.len()).collect();
    sorted.sort_by_key(|&at| phases[at]);
    let mut places = vec![0; sorted.len()];
    for (place, &at) in sorted.iter().enumerate() {
        places[at] = place;
    }
    // Where a phase comes first, a wish for another order is none.
    let stays = |edge: &&Edge| phases[edge.before] <= phases[edge.after];
    let moved = |edge: &Edge| Edge { before: places[edge.before], after: places[edge.after], ..*edge };
    let edges = edges.iter().filter(stays).map(moved).collect();
    let mut taken: Vec<Option<Action>> = actions.into_iter().map(Some).collect();
    let actions = sorted.into_iter().filter_map(|at| taken[at].take()).collect();
    Expanded { actions, edges, implicit }
}

/// The phase of each action: whatever has to come after one is of no earlier phase.
fn phases(actions: &[Action], edges: &[Edge]) -> Vec<Phase> {
    let (mut before, mut after) = (vec![Vec::new(); actions.len()], vec![Vec::new(); actions.len()]);
    for edge in edges.iter().filter(|edge| !edge.soft) {
        before[edge.after].push(edge.before);
        after[edge.before].push(edge.after);
    }
    let made: BTreeSet<&ObjectId> = actions.iter().filter(|it| it.verb == Verb::Create).map(|it| &it.subject).collect();
    let own = |it: &Action| if takes_away(it, &made) { Phase::Contract } else { it.phase };
    let mut found: Vec<Phase> = actions.iter().map(own).collect();
    // What others wait for cannot wait.
    spread(&mut found, &before, |it| it != Phase::Contract, (Phase::Contract, Phase::Expand));
    spread(&mut found, &after, |it| it == Phase::Backfill, (Phase::Expand, Phase::Backfill));
    found
}

/// From all that are of such a phase on, makes those next to them that are of one phase be of another.
fn spread(found: &mut [Phase], next: &[Vec<usize>], begins: impl Fn(Phase) -> bool, (old, new): (Phase, Phase)) {
    let mut pending: Vec<usize> = (0..found.len()).filter(|&at| begins(found[at])).collect();
    while let Some(at) = pending.pop() {
        for &it in next[at].iter().filter(|&&it| found[it] == old).collect::<Vec<_>>() {
            found[it] = new;
            pending.push(it);
        }
    }
}

/// Whether it drops what programs name, or what holds their data, for good.
fn takes_away(action: &Action, made: &BTreeSet<&ObjectId>) -> bool {
    let id = &action.subject;
    let is_named = !id.kind.is_property() && id.parent().is_none_or(|it| it.parent().is_none());
    let goes = action.verb == Verb::Drop && !made.contains(id);
    action.phase == Phase::Contract || goes && (action.loses.is_some() || is_named)
}
