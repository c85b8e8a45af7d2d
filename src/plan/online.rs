//! Takes the gentler form that a kind offers, where the user wants it and others would wait. Names no kind.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    catalog::Catalog,
    ddl::{Action, Succession, Target, Verb},
    model::ObjectId,
    plan::{
        edges::{Edge, Why},
        expand::{Expanded, Work},
    },
};

/// The same with gentler forms in the place of some actions.
pub(crate) fn choose(mut expanded: Expanded, from: &Catalog, to: &Catalog, target: Target) -> Expanded {
    let Some(online) = target.online else { return expanded };
    let made: BTreeSet<&ObjectId> = subjects(&expanded.actions, Verb::Create).map(|(id, _)| id).collect();
    let wants = |strategy, subject: &ObjectId| {
        let whole = Work::whole(subject);
        from.contains(whole) && !made.contains(whole) && online.wants(strategy, whole)
    };
    let mut instead: BTreeMap<usize, Vec<Action>> = BTreeMap::new();
    for (drop, create) in rebuilds(&expanded.actions) {
        let id = &expanded.actions[drop].subject;
        let succeed = || from.get(id)?.succeed(id, to.get(id)?, target);
        let Some(Succession { build, swap, .. }) = succeed().filter(|it| wants(it.strategy, id)) else { continue };
        if let Some(edges) = beside(&expanded.edges, drop, create) {
            expanded.edges = edges;
            instead.extend([(drop, vec![build]), (create, swap)]);
        }
    }
    for (at, action) in expanded.actions.iter().enumerate() {
        if let Some(gentler) = action.gentler.as_ref().filter(|it| wants(it.strategy, &action.subject)) {
            instead.entry(at).or_insert_with(|| gentler.actions.clone());
        }
    }
    put(expanded, instead)
}

fn subjects(actions: &[Action], verb: Verb) -> impl Iterator<Item = (&ObjectId, usize)> {
    let of_verb = actions.iter().enumerate().filter(move |(_, action)| action.verb == verb);
    of_verb.map(|(at, action)| (&action.subject, at))
}

/// The drop and the creation of what is made anew, where it takes one statement each.
fn rebuilds(actions: &[Action]) -> Vec<(usize, usize)> {
    let mut drops: BTreeMap<&ObjectId, Vec<usize>> = BTreeMap::new();
    for (id, at) in subjects(actions, Verb::Drop) {
        drops.entry(id).or_default().push(at);
    }
    let mut seen = BTreeSet::new();
    let creations = subjects(actions, Verb::Create).filter(|(id, _)| seen.insert(*id));
    let both = |(id, create): (&ObjectId, usize)| match drops.get(id)?.as_slice() {
        [drop] => Some((*drop, create)),
        _ => None,
    };
    creations.filter_map(both).collect()
}

/// The edges where the successor is built in the place of the drop, and put in its place where it was created. Nothing
/// where something has to happen between the two.
fn beside(edges: &[Edge], drop: usize, create: usize) -> Option<Vec<Edge>> {
    let hard = || edges.iter().filter(|edge| !edge.soft);
    let direct: Vec<Edge> = hard().filter(|edge| edge.after == create && edge.before != drop).copied().collect();
    let mut pending: Vec<usize> = direct.iter().map(|edge| edge.before).collect();
    let mut seen = BTreeSet::new();
    while let Some(at) = pending.pop() {
        if at == drop {
            return None;
        }
        if seen.insert(at) {
            pending.extend(hard().filter(|edge| edge.after == at).map(|edge| edge.before));
        }
    }
    // What had to be out of the way of the drop, or had it to wait for, has to do with the swap.
    let later = |at: usize| if at == drop { create } else { at };
    let moved = edges.iter().map(|edge| match (edge.before, edge.after) {
        (before, after) if before == drop && after == create => *edge,
        (before, after) => Edge { before: later(before), after: later(after), ..*edge },
    });
    Some(moved.chain(direct.into_iter().map(|edge| Edge { after: drop, ..edge })).collect())
}

/// Puts actions in the place of others: what came before one comes before the first, what came after it after the last.
fn put(expanded: Expanded, mut instead: BTreeMap<usize, Vec<Action>>) -> Expanded {
    let Expanded { actions, edges, implicit } = expanded;
    let mut places = Vec::new();
    let mut all = Vec::new();
    let mut between = Vec::new();
    for (at, action) in actions.into_iter().enumerate() {
        let first = all.len();
        match instead.remove(&at) {
            None => all.push(action),
            Some(others) => {
                let because = |it: Action| Action { because: it.because.or_else(|| action.because.clone()), ..it };
                all.extend(others.into_iter().map(because));
            }
        }
        places.push((first, all.len().saturating_sub(1).max(first)));
        let next = |after| Edge { before: after - 1, after, soft: false, why: Why::OneChange };
        between.extend((first + 1..all.len()).map(next));
    }
    let moved = edges.into_iter().map(|it| Edge { before: places[it.before].1, after: places[it.after].0, ..it });
    Expanded { actions: all, edges: moved.chain(between).collect(), implicit }
}
