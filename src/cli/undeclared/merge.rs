//! Objects that both sides have: what Prisma's language can say of them is TO's, and the rest is FROM's.

use std::collections::BTreeSet;

use crate::{
    catalog::Catalog,
    cli::undeclared::shape,
    kinds::Object,
    model::{Kind, ObjectId},
    sources::prisma::Silence,
};

/// Merges each of them. Says which have something of FROM now.
pub(super) fn merge(from: &Catalog, to: &mut Catalog, silence: &Silence) -> BTreeSet<ObjectId> {
    let both: Vec<ObjectId> =
        to.ids().filter(|id| from.get(id).is_some_and(|it| Some(it) != to.get(id))).cloned().collect();
    let mut told = BTreeSet::new();
    let mut computed = BTreeSet::new();
    for id in both {
        let (Some(before), Some(after)) = (from.entry(&id), to.get(&id)) else { continue };
        let Some(object) = merged(from, (&before.object, after), &id, silence, to) else { continue };
        if object == *after {
            continue;
        }
        if let Object::Column(column) = &object
            && column.generated.is_some()
        {
            computed.insert(id.child(Kind::Default, ""));
        }
        if let Some(entry) = to.entry_mut(&id) {
            entry.object = object;
            entry.needs.extend(before.needs.iter().cloned());
        }
        told.insert(id);
    }
    to.retain(|id| !computed.contains(id));
    told
}

/// What an object is to be; nothing where it is TO's to say.
fn merged(
    from: &Catalog,
    (before, after): (&Object, &Object),
    id: &ObjectId,
    silence: &Silence,
    to: &Catalog,
) -> Option<Object> {
    match (before, after) {
        (Object::Table(before), Object::Table(after)) => {
            let mut table = before.clone();
            table.columns.clone_from(&after.columns);
            Some(Object::Table(table))
        }
        (Object::Column(before), Object::Column(after)) => {
            let mut column = before.clone();
            let is_domain_of =
                |id: &ObjectId| matches!(from.get(id), Some(Object::Domain(it)) if it.base == after.data_type);
            let stays = shape::is_same_type(&before.data_type, &after.data_type) || from.needs(id).any(is_domain_of);
            if !stays {
                column.data_type.clone_from(&after.data_type);
                column.collation.clone_from(&after.collation);
                column.type_storage.clone_from(&after.type_storage);
                if before.storage == before.type_storage {
                    column.storage.clone_from(&after.storage);
                }
            }
            column.generated = after.generated.clone().or(column.generated);
            column.position = after.position;
            // Of a list nobody can say whether it may be missing.
            if !after.data_type.ends_with("[]") {
                column.not_null = after.not_null;
            }
            column.default_varies = after.default_varies;
            column.is_identity = to.contains(&id.child(Kind::Identity, ""));
            Some(Object::Column(column))
        }
        (Object::Default(_), Object::Default(_)) => silence.is_open(id).then(|| before.clone()),
        (Object::Sequence(_), Object::Sequence(_)) => {
            let owner = id.child(Kind::SequenceOwner, "");
            let counts_for = to.entry(&owner)?.needs.iter().find(|it| it.kind == Kind::Column)?;
            let data_type = |catalog: &Catalog| match catalog.get(counts_for) {
                Some(Object::Column(column)) => Some(column.data_type.clone()),
                _ => None,
            };
            (data_type(from) == data_type(to)).then(|| before.clone())
        }
        (Object::Index(one), Object::Index(other)) => {
            let (shape, declared) = (shape::of_index(&one.definition)?, shape::of_index(&other.definition)?);
            (shape == declared && one.predicate == other.predicate).then(|| before.clone())
        }
        (Object::PrimaryKey(one), Object::PrimaryKey(other)) => {
            (shape::of_index(&one.index) == shape::of_index(&other.index)).then(|| before.clone())
        }
        (Object::ForeignKey(one), Object::ForeignKey(other)) => {
            let (shape, declared) =
                (shape::of_foreign_key(&one.definition)?, shape::of_foreign_key(&other.definition)?);
            (shape == declared).then(|| before.clone())
        }
        (Object::Enum(one), Object::Enum(other)) => {
            let mut order = one.clone();
            order.labels.retain(|label| other.labels.contains(label));
            let new = other.labels.iter().filter(|label| !one.labels.contains(label)).cloned();
            order.labels.extend(new);
            Some(Object::Enum(order))
        }
        _ => None,
    }
}
