//! The database that a Prisma schema means: names as PostgreSQL has them, types and defaults in SQL.

use crate::model::Span;

/// Everything that a Prisma schema declares, in the order in which Prisma creates it.
#[derive(Clone, Debug, Default)]
pub struct Database {
    /// Those that something is declared in, and where they are listed.
    pub schemas: Vec<(String, Span)>,
    /// All that the datasource lists; nothing where it lists none, and only the default schema is meant.
    pub listed: Option<Vec<String>>,
    pub extensions: Vec<Extension>,
    pub enums: Vec<Enum>,
    /// Of models first, in their order, then those between two lists.
    pub tables: Vec<Table>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    pub name: String,
    pub schema: Option<String>,
    pub version: Option<String>,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enum {
    pub schema: Option<String>,
    pub name: String,
    /// Each with its place.
    pub values: Vec<(String, Span)>,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    pub schema: Option<String>,
    pub name: String,
    pub columns: Vec<Column>,
    pub primary_key: Option<PrimaryKey>,
    pub indexes: Vec<Index>,
    pub foreign_keys: Vec<ForeignKey>,
    /// The block, or the field that it is between two lists of.
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    pub name: String,
    /// As SQL writes it.
    pub sql_type: String,
    pub is_required: bool,
    pub default: Default,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Default {
    None,
    /// As SQL writes it.
    Sql(String),
    /// Not a default, which cannot name columns: it is computed from others, as `db pull` writes it.
    Computed(String),
    /// It has one, and what it is is not said: `dbgenerated()`.
    Whatever,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrimaryKey {
    pub name: String,
    pub columns: Vec<String>,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    pub name: String,
    pub is_unique: bool,
    /// The access method, in capitals; nothing for a B-tree.
    pub method: Option<&'static str>,
    pub parts: Vec<Part>,
    /// The condition of a partial index, as SQL writes it.
    pub predicate: Option<String>,
    pub span: Span,
}

/// One column of an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    pub column: String,
    /// `ASC` or `DESC`, where it is said.
    pub sort: Option<&'static str>,
    pub operator_class: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignKey {
    pub name: String,
    pub columns: Vec<String>,
    /// The schema and the name of the table that it refers to.
    pub refers_to: (Option<String>, String),
    pub referred: Vec<String>,
    /// As SQL writes it.
    pub on_delete: &'static str,
    pub on_update: &'static str,
    pub span: Span,
}
