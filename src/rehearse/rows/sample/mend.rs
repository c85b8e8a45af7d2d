//! What is put right in a sample before it is masked: rows that refer to what was not taken, and columns that show what is
//! masked elsewhere.

use std::collections::BTreeSet;

use super::gather::{Gatherer, tuple};
use crate::rehearse::rows::{
    facts::{Reference, Relation},
    order::holds,
};

/// To mend one key may break another that shares a column with it.
const ROUNDS: usize = 4;

impl Gatherer<'_, '_> {
    /// Lets rows that refer to what was not taken refer to nothing, or to what was. Where nothing could be taken, the
    /// columns are left open: there will be made-up rows to refer to.
    pub(super) fn mend(&mut self) {
        for _ in 0..ROUNDS {
            let mut is_whole = true;
            for at in self.found.keys().copied().collect::<Vec<_>>() {
                for reference in &self.facts.relations[at].references {
                    is_whole &= !self.mend_one(at, reference);
                }
            }
            if is_whole {
                return;
            }
        }
    }

    /// Whether there was anything to mend.
    fn mend_one(&mut self, at: usize, reference: &Reference) -> bool {
        let relation = &self.facts.relations[at];
        let there: Vec<Vec<String>> = self.tuples(reference.to, &reference.to_columns).into_iter().collect();
        let nothing = nothing_for(relation, reference);
        let Some(taken) = self.found.get_mut(&at) else { return false };
        let mut mended = 0;
        for (nth, row) in taken.rows.iter_mut().enumerate() {
            let Some(_) = tuple(row, &reference.columns).filter(|it| there.binary_search(it).is_err()) else {
                continue;
            };
            mended += 1;
            match (there.get(nth % there.len().max(1)), nothing.is_empty()) {
                // All rows that could be referred to will be made up.
                (None, _) => reference.columns.iter().for_each(|name| drop(row.remove(name))),
                (Some(_), false) => nothing.iter().for_each(|name| drop(row.insert((*name).clone(), None))),
                (Some(other), true) => {
                    let pairs = reference.columns.iter().cloned().zip(other.iter().cloned().map(Some));
                    row.extend(pairs);
                }
            }
        }
        if 0 < mended && !there.is_empty() {
            let instead = if nothing.is_empty() { "others" } else { "nothing" };
            taken.notes.push(format!(
                "{mended} of {} rows refer to {instead} by {}: what they refer to could not be taken",
                taken.rows.len(),
                reference.name
            ));
        }
        0 < mended
    }

    /// Finds the columns that are not to be masked. One that refers to another is masked if that is.
    pub(super) fn unmask(&mut self, used: &mut BTreeSet<usize>) {
        for at in self.found.keys().copied().collect::<Vec<_>>() {
            let relation = &self.facts.relations[at];
            let mut plain = BTreeSet::new();
            let mut notes = Vec::new();
            for column in &relation.columns {
                let named = self.named(relation, &column.name);
                used.extend(&named);
                match self.is_plain(at, &column.name, 0) {
                    true => drop(plain.insert(column.name.clone())),
                    false if !named.is_empty() => notes.push(format!(
                        "{} is masked although it is to be kept: it refers to a column that is masked; keep that one too",
                        column.name
                    )),
                    false => (),
                }
            }
            let Some(taken) = self.found.get_mut(&at) else { continue };
            taken.plain = plain;
            taken.notes.extend(notes);
        }
    }

    fn is_plain(&self, at: usize, column: &str, depth: usize) -> bool {
        let relation = &self.facts.relations[at];
        let mut targets = relation.references.iter().filter_map(|reference| {
            let (_, to) = reference.columns.iter().zip(&reference.to_columns).find(|(own, _)| *own == column)?;
            let holder = self.found.keys().copied().find(|&it| holds(&self.facts.relations[it], reference.to))?;
            Some((holder, to))
        });
        let first = targets.next();
        match first {
            None => !self.named(relation, column).is_empty(),
            Some(_) if 8 < depth => false,
            Some(first) => {
                std::iter::once(first).chain(targets).all(|(holder, to)| self.is_plain(holder, to, depth + 1))
            }
        }
    }

    /// Which patterns name a column, by the names that it has there.
    fn named(&self, relation: &Relation, column: &str) -> Vec<usize> {
        let names = std::iter::once(&relation.name).chain(&relation.top);
        let table = names.map(|name| self.names.table(name)).find_map(|name| self.tables.get(&name));
        let Some(table) = table else { return Vec::new() };
        let bare = self.names.column(&relation.name, column);
        let own = (table.schema.clone(), table.name.clone());
        let names: Vec<&(String, String)> = std::iter::once(&own).chain(&table.ancestors).collect();
        let is_meant = |(_, pattern): &(usize, &super::Unmasked)| {
            names.iter().any(|(schema, table)| pattern.has(schema, table, &bare))
        };
        self.unmasked.iter().enumerate().filter(is_meant).map(|(at, _)| at).collect()
    }
}

/// The columns to set to NULL so that a foreign key does not hold; none where they cannot be.
fn nothing_for<'a>(relation: &Relation, reference: &'a Reference) -> Vec<&'a String> {
    let is_free = |name: &&String| {
        let is_nullable = relation.columns.iter().any(|column| column.name == **name && !column.not_null);
        let others = relation.references.iter().filter(|it| it.name != reference.name);
        is_nullable && !others.flat_map(|it| &it.columns).any(|other| other == *name)
    };
    let free: Vec<&String> = reference.columns.iter().filter(is_free).collect();
    match reference.is_full {
        true if free.len() < reference.columns.len() => Vec::new(),
        true => free,
        false => free.into_iter().take(1).collect(),
    }
}
