//! What Prisma sees of a type, an index and a foreign key: two that look the same to it are one.

use std::collections::{BTreeMap, BTreeSet};

use pg_query::protobuf::{IndexElem, SortByDir, node::Node};

use crate::{
    catalog::{Catalog, Entry},
    cli::undeclared::replace,
    kinds::Object,
    model::{Kind, ObjectId, parser},
};

/// The columns of an index, with what else of them Prisma's language can say.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Shape {
    is_unique: bool,
    method: String,
    /// Names, operator classes, and whether they descend.
    columns: Vec<(String, Vec<String>, bool)>,
}

/// Whether Prisma takes two types for one: six digits of a second are what there is where none are said.
pub(super) fn is_same_type(one: &str, other: &str) -> bool {
    let bare = |it: &str| {
        ["time", "timestamp"].iter().find_map(|word| {
            let rest = it.strip_prefix(word)?.strip_prefix("(6)")?;
            Some(format!("{word}{rest}"))
        })
    };
    let bare = |it: &str| bare(it).unwrap_or_else(|| it.to_owned());
    bare(one) == bare(other)
}

/// Whether two defaults are the same to Prisma, which reads them as values.
pub(super) fn is_same_default(one: &str, other: &str) -> bool {
    let empty = |it: &str| ["'{}'::", "ARRAY[]::"].iter().find_map(|start| it.strip_prefix(start)).map(str::to_owned);
    one == other || (is_now(one) && is_now(other)) || empty(one).is_some_and(|it| empty(other) == Some(it))
}

/// Whether a default is the time at which the transaction began (PostgreSQL manual, 9.9.5 "Current Date/Time").
fn is_now(expression: &str) -> bool {
    matches!(expression, "now()" | "CURRENT_TIMESTAMP")
}

/// Nothing where an index has a part that is no column, which Prisma passes over.
pub(super) fn of_index(definition: &str) -> Option<Shape> {
    let tree = parser::parse(definition).ok()?;
    let [raw] = tree.stmts.as_slice() else { return None };
    let Some(Node::IndexStmt(index)) = raw.stmt.as_ref()?.node.as_ref() else { return None };
    let column = |it: &IndexElem| {
        let class = it.opclass.iter().filter_map(|part| string(part.node.as_ref()?)).collect();
        (it.expr.is_none()).then(|| (it.name.clone(), class, it.ordering() == SortByDir::SortbyDesc))
    };
    let columns = index.index_params.iter().map(|it| match it.node.as_ref() {
        Some(Node::IndexElem(element)) => column(element),
        _ => None,
    });
    Some(Shape {
        is_unique: index.unique,
        method: index.access_method.clone(),
        columns: columns.collect::<Option<_>>()?,
    })
}

/// What a foreign key refers to, and what happens then, without when it is looked at.
pub(super) fn of_foreign_key(definition: &str) -> Option<pg_query::protobuf::Constraint> {
    let tree = parser::parse(&format!("ALTER TABLE t ADD {definition}")).ok()?;
    let Node::AlterTableStmt(alter) = tree.stmts.first()?.stmt.as_ref()?.node.as_ref()? else { return None };
    let Node::AlterTableCmd(command) = alter.cmds.first()?.node.as_ref()? else { return None };
    let Node::Constraint(constraint) = command.def.as_ref()?.node.as_ref()? else { return None };
    let mut shape = constraint.as_ref().clone();
    (shape.deferrable, shape.initdeferred, shape.skip_validation) = (false, false, false);
    (shape.initially_valid, shape.fk_matchtype, shape.location) = (true, String::new(), 0);
    if let Some(table) = &mut shape.pktable {
        table.location = 0;
    }
    Some(shape)
}

fn string(node: &Node) -> Option<String> {
    match node {
        Node::String(text) => Some(text.sval.clone()),
        _ => None,
    }
}

/// Unique constraints of FROM that are unique indexes in TO, which is all that Prisma can say: they stay what they are.
pub(super) fn constraints(from: &Catalog, to: &mut Catalog) -> BTreeSet<ObjectId> {
    let twin = |id: &ObjectId| {
        let Some(Object::Unique(unique)) = from.get(id) else { return None };
        let index = id.parent()?.child(Kind::Index, id.name.raw());
        let Some(Object::Index(declared)) = to.get(&index) else { return None };
        let is_same = declared.predicate.is_none() && of_index(&declared.definition) == of_index(&unique.index);
        is_same.then(|| (index, id.clone()))
    };
    let instead: BTreeMap<ObjectId, ObjectId> = from.ids().filter_map(twin).collect();
    for (index, unique) in &instead {
        let written = to.entry(index).and_then(|entry| entry.written.clone());
        if let Some(entry) = from.entry(unique) {
            to.adopt(unique.clone(), Entry { written, ..entry.clone() });
        }
    }
    replace(to, &instead);
    instead.into_values().collect()
}
