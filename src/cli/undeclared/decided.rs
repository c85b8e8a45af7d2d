//! What a Prisma schema decides on by leaving it out.

use crate::{
    catalog::Catalog,
    cli::undeclared::shape,
    kinds::Object,
    model::{Kind, ObjectId},
    sources::prisma::Silence,
};

/// Whether a schema that does not have an object of FROM says that it is to go.
pub(super) fn is_declarable(from: &Catalog, to: &Catalog, silence: &Silence, id: &ObjectId) -> bool {
    if !is_covered(silence, id) {
        return false;
    }
    // Of partitions Prisma knows nothing.
    let of_table = id.parent().is_some_and(|parent| match from.get(parent) {
        Some(Object::Table(table)) => table.partition_of.is_none(),
        _ => false,
    });
    let of_model = || id.ancestors().nth(1).is_some_and(|it| it.kind == Kind::Table);
    let column_in_to = || id.parent().and_then(|column| to.get(column));
    let follows = from.entry(id).is_some_and(|entry| entry.implied_by.is_some());
    if follows {
        return false;
    }
    match (id.kind, from.get(id)) {
        (_, Some(Object::Table(table))) => table.partition_of.is_none(),
        (_, Some(Object::Index(index))) => {
            let is_whole = index.predicate.is_none() || silence.partial_indexes;
            of_table && is_whole && shape::of_index(&index.definition).is_some()
        }
        (Kind::Column | Kind::PrimaryKey | Kind::Unique, _) => of_table,
        (Kind::ForeignKey, _) => of_table && from.needs(id).all(|it| is_covered(silence, it)),
        (Kind::Enum | Kind::Identity, _) => true,
        (Kind::Default, _) => of_model() && !silence.is_open(id),
        (Kind::NotNull, _) => !matches!(column_in_to(), Some(Object::Column(column)) if column.not_null),
        // What counts for a column goes with its counting.
        (Kind::Sequence, _) => from.get(&id.child(Kind::SequenceOwner, "")).is_some(),
        (Kind::SequenceOwner, _) => true,
        _ => false,
    }
}

/// Whether the schema that something is in is one that Prisma looks at.
fn is_covered(silence: &Silence, id: &ObjectId) -> bool {
    let schema = id.upwards().find(|it| it.kind == Kind::Schema);
    schema.is_some_and(|schema| silence.covers(schema.name.raw()))
}
