//! Makes a pair smaller while it still fails.

use std::collections::BTreeSet;

use trueup::model::Pair;

use super::{Item, Schema, dice::Simpler};

/// One way to make a pair smaller, by the numbers of what it is about.
enum Step {
    Without(Vec<u32>),
    WithoutPart(u32),
    /// A difference between the two goes.
    Undone(u32),
    /// Decisions fall on what is simplest.
    Simpler(u32, Simpler),
}

/// `fails` is asked as often as `patience` lets it.
pub(crate) fn shrink(
    pair: &Pair<Schema>,
    mut patience: u32,
    fails: &mut dyn FnMut(&Pair<Schema>) -> bool,
) -> Pair<Schema> {
    let text = |it: &Pair<Schema>| (it.from.sql(), it.to.sql());
    let mut best = pair.clone();
    loop {
        let before = text(&best);
        for steps in [chunks, differences, removals, simplifications] {
            for step in steps(&best) {
                let candidate = apply(&best, &step);
                // Nothing is lost with what nobody sees.
                if text(&candidate) == text(&best) {
                    best = candidate;
                    continue;
                }
                let Some(less) = patience.checked_sub(1) else { return best };
                patience = less;
                if fails(&candidate) {
                    best = candidate;
                }
            }
        }
        if text(&best) == before {
            return best;
        }
    }
}

fn ids(pair: &Pair<Schema>) -> Vec<u32> {
    let all: BTreeSet<u32> = pair.from.items.iter().chain(&pair.to.items).map(|it| it.node.id).collect();
    all.into_iter().rev().collect()
}

fn parts(pair: &Pair<Schema>) -> BTreeSet<u32> {
    let items = pair.from.items.iter().chain(&pair.to.items);
    items.flat_map(|it| &it.parts).map(|it| it.id).collect()
}

fn chunks(pair: &Pair<Schema>) -> Vec<Step> {
    let ids = ids(pair);
    let size = (ids.len() / 6).max(2);
    ids.chunks(size).map(|gone| Step::Without(gone.to_vec())).collect()
}

fn differences(pair: &Pair<Schema>) -> Vec<Step> {
    ids(pair).into_iter().map(Step::Undone).collect()
}

fn removals(pair: &Pair<Schema>) -> Vec<Step> {
    let items = ids(pair).into_iter().map(|id| Step::Without(vec![id]));
    items.chain(parts(pair).into_iter().map(Step::WithoutPart)).collect()
}

fn simplifications(pair: &Pair<Schema>) -> Vec<Step> {
    let nodes = ids(pair).into_iter().chain(parts(pair));
    nodes.flat_map(|id| Simpler::all().map(move |how| Step::Simpler(id, how))).collect()
}

fn apply(pair: &Pair<Schema>, step: &Step) -> Pair<Schema> {
    match step {
        Step::Without(gone) => both(pair, |schema| schema.items.retain(|it| !gone.contains(&it.node.id))),
        Step::WithoutPart(id) => {
            both(pair, |schema| schema.items.iter_mut().for_each(|it| it.parts.retain(|part| part.id != *id)))
        }
        Step::Simpler(id, how) => both(pair, |schema| {
            let nodes = schema.items.iter_mut().flat_map(|it| it.parts.iter_mut().chain([&mut it.node]));
            nodes.filter(|it| it.id == *id).for_each(|it| it.simplify(*how));
        }),
        Step::Undone(id) => undone(pair, *id),
    }
}

fn both(pair: &Pair<Schema>, change: impl Fn(&mut Schema)) -> Pair<Schema> {
    let mut pair = pair.clone();
    change(&mut pair.from);
    change(&mut pair.to);
    pair
}

/// As the first of the two has the object, or the only one that has it.
fn undone(pair: &Pair<Schema>, id: u32) -> Pair<Schema> {
    let of = |schema: &Schema| schema.items.iter().find(|it| it.node.id == id).cloned();
    let Some(item) = of(&pair.from).or_else(|| of(&pair.to)) else { return pair.clone() };
    both(pair, |schema| put(schema, &item))
}

fn put(schema: &mut Schema, item: &Item) {
    schema.items.retain(|it| it.node.id != item.node.id);
    schema.items.push(item.clone());
    schema.arrange();
}
