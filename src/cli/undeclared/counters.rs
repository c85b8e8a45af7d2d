//! Columns that count by themselves: Prisma says that they do, and not how.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    catalog::Catalog,
    cli::{scope::with_contents, undeclared::replace},
    model::{Kind, ObjectId},
};

/// Lets each column that counts on both sides count as FROM has it: by an identity, or by whichever sequence.
pub(in crate::cli) fn keep(from: &Catalog, to: &mut Catalog) -> BTreeSet<ObjectId> {
    let columns: Vec<ObjectId> = to.ids().filter(|id| id.kind == Kind::Column).cloned().collect();
    let mut told = BTreeSet::new();
    for column in columns {
        let (Some(before), Some(after)) = (counter(from, &column), counter(to, &column)) else { continue };
        let default = column.child(Kind::Default, "");
        match (before, after) {
            (Counter::Sequence(before), Counter::Sequence(after)) if before == after => continue,
            (before, Counter::Sequence(after)) => {
                let by = match &before {
                    Counter::Identity(identity) => identity.clone(),
                    Counter::Sequence(sequence) => sequence.clone(),
                };
                replace(to, &BTreeMap::from([(after, by.clone())]));
                to.retain(|id| *id != default);
                let tops = match before {
                    Counter::Identity(identity) => vec![identity],
                    Counter::Sequence(sequence) => vec![sequence, default],
                };
                for id in with_contents(from, &tops.into_iter().collect()) {
                    if let Some(entry) = from.entry(&id) {
                        to.adopt(id, entry.clone());
                    }
                }
                told.insert(by);
            }
            // Prisma's language has no identities.
            (_, Counter::Identity(_)) => (),
        }
    }
    told
}

enum Counter {
    Identity(ObjectId),
    Sequence(ObjectId),
}

/// By what a column counts.
fn counter(catalog: &Catalog, column: &ObjectId) -> Option<Counter> {
    let identity = column.child(Kind::Identity, "");
    if catalog.contains(&identity) {
        return Some(Counter::Identity(identity));
    }
    let default = catalog.entry(&column.child(Kind::Default, ""))?;
    default.needs.iter().find(|id| id.kind == Kind::Sequence).cloned().map(Counter::Sequence)
}
