//! The SQL that makes a database, each piece with the place that it was declared at.

use std::ops::Range;

use crate::{
    model::{Literal, Span},
    sources::prisma::{
        database::{Column, Database, Default, Enum, Extension, ForeignKey, Index, PrimaryKey, Table},
        meaning::quoted,
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
    found.extend(database.extensions.iter().map(extension));
    found.extend(database.enums.iter().map(enumeration));
    found.extend(database.tables.iter().map(table));
    for table in &database.tables {
        found.extend(table.primary_key.iter().map(|key| primary_key(table, key)));
    }
    for table in &database.tables {
        found.extend(table.indexes.iter().map(|it| index(table, it)));
    }
    for table in &database.tables {
        found.extend(table.foreign_keys.iter().map(|key| foreign_key(table, key)));
    }
    found
}

fn whole(span: &Span, sql: String) -> Written {
    Written { span: span.clone(), pieces: vec![(span.range.clone(), sql)] }
}

fn extension(it: &Extension) -> Written {
    let mut sql = format!("CREATE EXTENSION IF NOT EXISTS {}", quoted(&it.name));
    if let Some(schema) = &it.schema {
        sql.push_str(&format!(" SCHEMA {}", quoted(schema)));
    }
    if let Some(version) = &it.version {
        sql.push_str(&format!(" VERSION {}", quoted(version)));
    }
    whole(&it.span, sql)
}

fn enumeration(it: &Enum) -> Written {
    let head = format!("CREATE TYPE {} AS ENUM (", qualified(it.schema.as_deref(), &it.name));
    let values = it.values.iter().map(|(value, span)| (span, Literal(value).to_string()));
    listed(&it.span, head, values.collect())
}

fn table(it: &Table) -> Written {
    let head = format!("CREATE TABLE {} (", qualified(it.schema.as_deref(), &it.name));
    listed(&it.span, head, it.columns.iter().map(|it| (&it.span, column(it))).collect())
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

fn column(it: &Column) -> String {
    let mut sql = format!("{} {}", quoted(&it.name), it.sql_type);
    if it.is_required {
        sql.push_str(" NOT NULL");
    }
    match &it.default {
        Default::Sql(default) => sql.push_str(&format!(" DEFAULT {default}")),
        Default::Computed(expression) => sql.push_str(&format!(" GENERATED ALWAYS AS ({expression}) STORED")),
        Default::None | Default::Whatever => (),
    }
    sql
}

fn primary_key(table: &Table, key: &PrimaryKey) -> Written {
    let (of, columns) = (qualified(table.schema.as_deref(), &table.name), list(&key.columns));
    whole(&key.span, format!("ALTER TABLE {of} ADD CONSTRAINT {} PRIMARY KEY ({columns})", quoted(&key.name)))
}

fn index(table: &Table, it: &Index) -> Written {
    let unique = if it.is_unique { "UNIQUE " } else { "" };
    let using = it.method.map(|method| format!(" USING {method}")).unwrap_or_default();
    let parts: Vec<String> = it
        .parts
        .iter()
        .map(|part| {
            let class = part.operator_class.iter().map(String::as_str);
            let words = class.chain(part.sort);
            std::iter::once(quoted(&part.column)).chain(words.map(str::to_owned)).collect::<Vec<_>>().join(" ")
        })
        .collect();
    let mut sql = format!(
        "CREATE {unique}INDEX {} ON {}{using} ({})",
        quoted(&it.name),
        qualified(table.schema.as_deref(), &table.name),
        parts.join(", "),
    );
    if let Some(predicate) = &it.predicate {
        sql.push_str(&format!(" WHERE ({predicate})"));
    }
    whole(&it.span, sql)
}

fn foreign_key(table: &Table, key: &ForeignKey) -> Written {
    let (schema, name) = &key.refers_to;
    let sql = format!(
        "ALTER TABLE {} ADD CONSTRAINT {} FOREIGN KEY ({}) REFERENCES {} ({}) ON DELETE {} ON UPDATE {}",
        qualified(table.schema.as_deref(), &table.name),
        quoted(&key.name),
        list(&key.columns),
        qualified(schema.as_deref(), name),
        list(&key.referred),
        key.on_delete,
        key.on_update,
    );
    whole(&key.span, sql)
}

fn list(columns: &[String]) -> String {
    columns.iter().map(quoted).collect::<Vec<_>>().join(", ")
}

fn qualified(schema: Option<&str>, name: &str) -> String {
    schema.into_iter().chain([name]).map(quoted).collect::<Vec<_>>().join(".")
}
