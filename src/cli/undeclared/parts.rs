//! Partitions and other tables that inherit: what changes in the tables above them changes in them.

use std::collections::BTreeSet;

use crate::{
    catalog::{Catalog, Entry},
    ddl::Target,
    diff::{Change, diff},
    kinds::Object,
    model::{Kind, ObjectId, Pair},
    rehearse::{View, outcome},
    shadow::Shadow,
};

/// Gives TO what PostgreSQL itself makes of its changes in tables that inherit. Where it refuses, the rehearsal says why.
pub(super) fn follow(from: &Catalog, to: &mut Catalog, target: Target, (shadow, view): (&dyn Shadow, &View<'_>)) {
    let above = above(to);
    let is_above = |change: &Change| change.id().upwards().any(|it| above.contains(it));
    if above.is_empty() || !diff(from, to, target).iter().any(is_above) {
        return;
    }
    let Ok(reached) = outcome(shadow, Pair::new(from, to), target, view) else { return };
    // What is implied may imply more, further below.
    loop {
        let is_implied = |(id, entry): &(&ObjectId, &Entry)| {
            !to.contains(id) && entry.implied_by.as_ref().is_some_and(|by| to.contains(by))
        };
        let implied: Vec<_> = reached.iter().filter(is_implied).collect();
        if implied.is_empty() {
            break;
        }
        implied.into_iter().for_each(|(id, entry)| to.adopt(id.clone(), entry.clone()));
    }
    let gone: BTreeSet<ObjectId> = {
        let is_gone = |id: &&ObjectId| to.entry(id).is_some_and(|it| it.implied_by.is_some()) && !reached.contains(id);
        to.ids().filter(is_gone).cloned().collect()
    };
    to.retain(|id| !id.upwards().any(|it| gone.contains(it)));
    for (id, entry) in reached.iter().filter(|(id, _)| id.kind == Kind::Index) {
        if id.parent().is_some_and(|table| above.contains(table))
            && let Some(it) = to.entry_mut(id)
        {
            it.object = entry.object.clone();
        }
    }
}

/// The tables that others inherit from.
fn above(catalog: &Catalog) -> BTreeSet<ObjectId> {
    let inherits = |(_, entry): &(&ObjectId, &Entry)| match &entry.object {
        Object::Table(table) => table.partition_of.is_some() || !table.inherits.is_empty(),
        _ => false,
    };
    let needs = catalog.iter().filter(inherits).flat_map(|(_, entry)| &entry.needs);
    needs.filter(|it| it.kind == Kind::Table).cloned().collect()
}
