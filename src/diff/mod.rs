//! Compares two catalogs. Names no kind: the meaning of a difference lives in `kinds/`.

mod rename;
pub mod suspect;
pub mod wish;

use std::collections::BTreeMap;

use crate::{
    catalog::Catalog,
    ddl::{Alter, Target},
    model::ObjectId,
};

pub use rename::{Rename, Renames, Way, before, implied};

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    Add(ObjectId),
    Remove(ObjectId),
    /// With the attributes that differ.
    Alter(ObjectId, Vec<&'static str>),
}

impl Change {
    pub fn id(&self) -> &ObjectId {
        match self {
            Change::Add(id) | Change::Remove(id) | Change::Alter(id, _) => id,
        }
    }
}

/// Every difference that is one, in the order of the addresses: removals first.
pub fn diff(from: &Catalog, to: &Catalog, target: Target) -> Vec<Change> {
    let mut removed: Vec<&ObjectId> = from.ids().filter(|id| !to.contains(id) && !id.kind.may_be_unstated()).collect();
    let mut changes = Vec::new();
    let mut added = Vec::new();
    for (id, entry) in to.iter() {
        match from.get(id) {
            None if entry.object.is_unstated() && entry.object.create(id, target).is_empty() => (),
            None => added.push(id),
            Some(_) if entry.object.is_unstated() => (),
            Some(old) if *old != entry.object => {
                let attributes: Vec<&'static str> = old
                    .alter(id, &entry.object, target)
                    .into_iter()
                    .filter(|(_, alter)| !matches!(alter, Alter::Ignore(_)))
                    .map(|(attribute, _)| attribute)
                    .collect();
                if !attributes.is_empty() {
                    changes.push(Change::Alter(id.clone(), attributes));
                }
            }
            Some(_) => (),
        }
    }
    pair_implied(from, to, target, &mut removed, &mut added);
    let removed = removed.into_iter().cloned().map(Change::Remove);
    removed.chain(changes).chain(added.into_iter().cloned().map(Change::Add)).collect()
}

/// PostgreSQL names by itself what it makes for a partition. Two such objects that follow the same
/// object of the parent, and are the same otherwise, are one, whatever their names.
fn pair_implied<'a>(
    from: &'a Catalog,
    to: &'a Catalog,
    target: Target,
    removed: &mut Vec<&'a ObjectId>,
    added: &mut Vec<&'a ObjectId>,
) {
    let key = |catalog: &'a Catalog, id: &'a ObjectId| {
        let entry = catalog.entry(id)?;
        Some((id.kind, id.parent()?, entry.implied_by.as_ref()?))
    };
    let mut twins: BTreeMap<_, &ObjectId> = removed.iter().filter_map(|id| Some((key(from, id)?, *id))).collect();
    let mut paired = Vec::new();
    let alike = |old: &ObjectId, new: &ObjectId| match (from.entry(old), to.entry(new)) {
        (Some(before), Some(after)) => rename::is_same(old, before, new, after, target),
        _ => false,
    };
    added.retain(|id| match key(to, id).and_then(|key| twins.remove(&key)) {
        Some(twin) if alike(twin, id) => {
            paired.push((twin, *id));
            false
        }
        Some(_) | None => true,
    });
    let within = |id: &ObjectId, tops: &mut dyn Iterator<Item = &ObjectId>| {
        let mut tops = tops;
        (&mut tops).any(|top| id == top || id.ancestors().any(|up| up == top))
    };
    removed.retain(|id| !within(id, &mut paired.iter().map(|(old, _)| *old)));
    added.retain(|id| !within(id, &mut paired.iter().map(|(_, new)| *new)));
}
