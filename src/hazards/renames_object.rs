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
//! migration. `--online` writes that out (`rename-column`).

use pg_query::{
    NodeEnum,
    protobuf::{Node, ObjectType, RangeVar},
};

use crate::{
    catalog::Catalog,
    diagnostic::Severity,
    hazards::{Event, Found, Rule, event::whole},
    model::{Ident, ObjectId},
};

pub(super) const RULE: Rule = Rule {
    code: "renames-object",
    severity: Severity::Warning,
    instead: "in the same transaction create a view of the old name; or add, copy, and drop in a later migration",
    find,
};

fn find(event: &Event<'_>) -> Vec<Found> {
    let (how, name) = match &event.tree {
        Some(NodeEnum::RenameStmt(stmt)) if is_used_by_name(stmt.rename_type()) => {
            let part = Some(&stmt.subname).filter(|_| is_part(stmt.rename_type()));
            ("goes by another name", name(stmt.relation.as_ref(), stmt.object.as_deref(), part))
        }
        Some(NodeEnum::AlterObjectSchemaStmt(stmt)) if is_used_by_name(stmt.object_type()) => {
            ("is in another schema", name(stmt.relation.as_ref(), stmt.object.as_deref(), None))
        }
        Some(NodeEnum::AlterEnumStmt(stmt)) if !stmt.old_val.is_empty() => {
            ("has a value of another name", dotted(stmt.type_name.iter().filter_map(text)))
        }
        Some(_) | None => return Vec::new(),
    };
    let is_part = matches!(&event.tree, Some(NodeEnum::RenameStmt(stmt)) if is_part(stmt.rename_type()));
    // A column of the same name is another thing.
    let is_such = |id: &ObjectId| is_part || std::ptr::eq(whole(id), id);
    let has_name = |id: &ObjectId| is_such(id) && (id.path() == name || id.path().ends_with(&format!(".{name}")));
    let is_in = |catalog: &Catalog| catalog.ids().any(has_name);
    // What changes places with another in one migration keeps its name, for all that programs see; and what is new in it
    // has none that they know.
    let is_unseen = |(begin, end): (&Catalog, &Catalog)| is_in(end) || (is_in(event.sides.from) && !is_in(begin));
    if event.migration.is_some_and(is_unseen) && !matches!(event.tree, Some(NodeEnum::AlterEnumStmt(_))) {
        return Vec::new();
    }
    let text = |name: &str| format!("{name} {how}: programs that run meanwhile fail");
    let found = match event.subjects.first() {
        Some(id) => Found::of(event, id, text(&id.path())),
        None => Found::about(name.clone(), text(&name)),
    };
    // A view stands in for a table, and for nothing else.
    let is_type = match &event.tree {
        Some(NodeEnum::RenameStmt(stmt)) => is_type(stmt.rename_type()),
        Some(NodeEnum::AlterObjectSchemaStmt(stmt)) => is_type(stmt.object_type()),
        Some(NodeEnum::AlterEnumStmt(_)) => true,
        Some(_) | None => false,
    };
    vec![if is_type {
        found.instead("make a new one beside it, and drop this one when no release names it")
    } else {
        found
    }]
}

fn is_type(sort: ObjectType) -> bool {
    matches!(sort, ObjectType::ObjectType | ObjectType::ObjectDomain)
}

/// What a statement names, as it names it.
fn name(relation: Option<&RangeVar>, object: Option<&Node>, part: Option<&String>) -> String {
    let relation =
        relation.map(|it| [&it.schemaname, &it.relname]).into_iter().flatten().chain(part).map(String::as_str);
    let object: Vec<&Node> = match object.and_then(|it| it.node.as_ref()) {
        Some(NodeEnum::List(list)) => list.items.iter().collect(),
        Some(NodeEnum::ObjectWithArgs(routine)) => routine.objname.iter().collect(),
        Some(NodeEnum::TypeName(name)) => name.names.iter().collect(),
        Some(_) | None => object.into_iter().collect(),
    };
    dotted(relation.chain(object.into_iter().filter_map(text)))
}

fn text(node: &Node) -> Option<&str> {
    match node.node.as_ref()? {
        NodeEnum::String(it) => Some(&it.sval),
        _ => None,
    }
}

fn dotted<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.filter(|it| !it.is_empty()).map(|it| Ident::new(it).to_string()).collect::<Vec<_>>().join(".")
}

fn is_part(sort: ObjectType) -> bool {
    matches!(sort, ObjectType::ObjectColumn | ObjectType::ObjectAttribute)
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
