//! The order in which tables are filled: first what others refer to.

use std::collections::BTreeSet;

use super::facts::Relation;

/// A table to fill, and which of its foreign keys lead to what comes later.
pub(super) struct Turn {
    pub(super) relation: usize,
    pub(super) pending: Vec<usize>,
}

/// By name where nothing else decides. A ring begins with the table that can best do without the others.
pub(super) fn turns(relations: &[Relation], wanted: &BTreeSet<usize>) -> Vec<Turn> {
    let mut left: BTreeSet<usize> = wanted.clone();
    let mut turns = Vec::new();
    while !left.is_empty() {
        let pending = |at: usize| -> Vec<usize> {
            let references = relations[at].references.iter().enumerate();
            let waits = |to: u32| left.iter().any(|&other| holds(&relations[other], to));
            references.filter(|(_, reference)| waits(reference.to)).map(|(at, _)| at).collect()
        };
        // Rings of one's own are the least.
        let cost = |at: usize| {
            let relation = &relations[at];
            let of = pending(at);
            let foreign = of.iter().filter(|&&it| relation.references[it].to != relation.oid);
            let stuck = foreign.clone().filter(|&&it| {
                let names = &relation.references[it].columns;
                relation.columns.iter().filter(|column| names.contains(&column.name)).all(|column| column.not_null)
            });
            (stuck.count(), foreign.count())
        };
        let Some(next) = left.iter().copied().min_by_key(|&at| cost(at)) else { break };
        turns.push(Turn { relation: next, pending: pending(next) });
        left.remove(&next);
    }
    turns
}

/// Whether its rows are rows of that relation.
pub(super) fn holds(relation: &Relation, oid: u32) -> bool {
    relation.oid == oid || relation.ancestors.contains(&oid)
}

/// The tables that are wanted, and those that they refer to.
pub(super) fn closure(relations: &[Relation], wanted: &dyn Fn(&str) -> bool) -> BTreeSet<usize> {
    let mut found: BTreeSet<usize> = (0..relations.len()).filter(|&at| wanted(&relations[at].name)).collect();
    loop {
        let to: BTreeSet<u32> = found.iter().flat_map(|&at| &relations[at].references).map(|it| it.to).collect();
        let more = (0..relations.len()).filter(|&at| to.iter().any(|&oid| holds(&relations[at], oid)));
        let before = found.len();
        found = found.iter().copied().chain(more).collect();
        if found.len() == before {
            return found;
        }
    }
}
