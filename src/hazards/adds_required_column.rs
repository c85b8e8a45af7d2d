//! # What it warns about
//!
//! A column is added that must not be null and has no default, to a table that is there.
//!
//! # Why
//!
//! Rows that are there would get NULL, so the statement fails as soon as the table has one. On an empty development
//! database it succeeds.
//!
//! # Instead
//!
//! Give the column a default: since PostgreSQL 11 a constant one costs nothing. Or add it without `NOT NULL`, fill it
//! in batches, and set `NOT NULL` in a later migration.

use crate::{
    ddl::Meets,
    diagnostic::Severity,
    hazards::{Event, Found, Rule, words::path},
    model::ObjectId,
};

pub(super) const RULE: Rule = Rule {
    code: "adds-required-column",
    severity: Severity::Error,
    instead: "give it a default; or add it without NOT NULL, fill it, and set NOT NULL then",
    find,
};

fn find(event: &Event<'_>) -> Vec<Found> {
    let met = event.obstacles.iter().filter(|it| it.meets == Meets::Row);
    let table = |column: &ObjectId| column.parent().map(path).unwrap_or_default();
    let text = |column: &ObjectId| format!("fails if {} has rows: nothing fills {}", table(column), column.name);
    met.map(|it| Found::of(event, &it.column, text(&it.column)).instead(it.advice.as_str())).collect()
}
