//! # What it warns about
//!
//! A table, a view, a column, a type, a value of an enum, a routine, a sequence or a schema gets another name, or
//! moves to another schema.
//!
//! # Why
//!
//! Programs that run meanwhile use the name that was. They fail from the moment of the rename until the last of them
//! is replaced, and so do those that come before it where the new ones start first.
//!
//! # Instead
//!
//! Expand and contract. For a table: rename it, and in the same transaction create a view of the old name, which
//! takes writes too. For a column: add the new one, keep both in step by a trigger, and drop the old one in a later
//! migration.

use pg_query::{NodeEnum, protobuf::ObjectType};

use crate::{
    diagnostic::Severity,
    hazards::{Event, Found, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "renames-object",
    severity: Severity::Warning,
    instead: "in the same transaction create a view of the old name; or add, copy, and drop in a later migration",
    find,
};

fn find(event: &Event<'_>) -> Vec<Found> {
    let how = match &event.tree {
        Some(NodeEnum::RenameStmt(stmt)) if is_used_by_name(stmt.rename_type()) => "goes by another name",
        Some(NodeEnum::AlterObjectSchemaStmt(stmt)) if is_used_by_name(stmt.object_type()) => "is in another schema",
        Some(NodeEnum::AlterEnumStmt(stmt)) if !stmt.old_val.is_empty() => "has a value of another name",
        Some(_) | None => return Vec::new(),
    };
    let text = |name: &str| format!("{name} {how}: programs that run meanwhile fail");
    match event.subjects.first() {
        Some(id) => vec![Found::of(event, id, text(&id.path()))],
        None => vec![Found::about(String::new(), text("it"))],
    }
}

/// Whether programs name such things.
fn is_used_by_name(sort: ObjectType) -> bool {
    matches!(
        sort,
        ObjectType::ObjectTable
            | ObjectType::ObjectView
            | ObjectType::ObjectMatview
            | ObjectType::ObjectForeignTable
            | ObjectType::ObjectColumn
            | ObjectType::ObjectAttribute
            | ObjectType::ObjectType
            | ObjectType::ObjectDomain
            | ObjectType::ObjectFunction
            | ObjectType::ObjectProcedure
            | ObjectType::ObjectAggregate
            | ObjectType::ObjectRoutine
            | ObjectType::ObjectSequence
            | ObjectType::ObjectSchema
    )
}
