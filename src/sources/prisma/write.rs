//! The SQL that makes a database, each piece with the place that it was declared at.

use std::ops::Range;

use crate::{
    model::{Literal, Span},
    sources::prisma::{
        database::{Database, Enum, PrimaryKey, Table},
        sql::{list, quoted},
    },
};

/// A statement, in pieces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Written {
    /// Where it was declared.
    pub(super) span: Span,
    /// Each with the range that it was declared at, one after the other.
    pub(super) pieces: Vec<(Range<usize>, String)>,
}

/// The statements that make a database, in an order in which they can run.
pub(super) fn written(database: &Database) -> Vec<Written> {
    let mut found = Vec::new();
    let schemas = database.schemas.iter();
    found.extend(schemas.map(|(name, span)| whole(span, format!("CREATE SCHEMA IF NOT EXISTS {}", quoted(name)))));
    found.extend(database.extensions.iter().map(|it| whole(&it.span, it.create())));
    found.extend(database.enums.iter().map(enumeration));
    found.extend(database.tables.iter().map(table));
    for table in &database.tables {
        found.extend(table.primary_key.iter().map(|key| primary_key(table, key)));
    }
    for table in &database.tables {
        found.extend(table.indexes.iter().map(|it| whole(&it.span, table.create_index(it))));
    }
    for table in &database.tables {
        found.extend(table.foreign_keys.iter().map(|it| whole(&it.span, table.add_foreign_key(it))));
    }
    found
}

fn whole(span: &Span, sql: String) -> Written {
    Written { span: span.clone(), pieces: vec![(span.range.clone(), sql)] }
}

fn enumeration(it: &Enum) -> Written {
    let head = format!("CREATE TYPE {} AS ENUM (", it.qualified());
    let values = it.values.iter().map(|(value, span)| (span, Literal(value).to_string()));
    listed(&it.span, head, values.collect())
}

fn table(it: &Table) -> Written {
    let head = format!("CREATE TABLE {} (", it.qualified());
    listed(&it.span, head, it.columns.iter().map(|it| (&it.span, it.definition())).collect())
}

/// A definition of items in parentheses. Those that stand within it keep their places.
fn listed(span: &Span, head: String, items: Vec<(&Span, String)>) -> Written {
    let is_within =
        |it: &Span| it.file == span.file && span.range.start < it.range.start && it.range.end < span.range.end;
    if !items.iter().all(|(it, _)| is_within(it)) {
        let items: Vec<String> = items.into_iter().map(|(_, sql)| sql).collect();
        return whole(span, format!("{head}{})", items.join(", ")));
    }
    let mut at = span.range.start;
    let mut pieces = Vec::new();
    let mut before = head;
    for (place, sql) in items {
        pieces.push((at..place.range.start, before));
        pieces.push((place.range.clone(), sql));
        (at, before) = (place.range.end, ", ".to_owned());
    }
    let end = if before == ", " { ")".to_owned() } else { format!("{before})") };
    pieces.push((at..span.range.end, end));
    Written { span: span.clone(), pieces }
}

fn primary_key(table: &Table, key: &PrimaryKey) -> Written {
    let (of, columns) = (table.qualified(), list(&key.columns, ", "));
    whole(&key.span, format!("ALTER TABLE {of} ADD CONSTRAINT {} PRIMARY KEY ({columns})", quoted(&key.name)))
}
