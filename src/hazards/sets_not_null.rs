//! # What it warns about
//!
//! A column that may be null is set `NOT NULL`.
//!
//! # Why
//!
//! PostgreSQL reads the whole table for a NULL, under a lock that lets nobody else read or write, and fails at the
//! first one it finds.
//!
//! # Instead
//!
//! Fill the column first. Then add `CHECK (column IS NOT NULL) NOT VALID`, validate it in a second transaction, which
//! blocks nobody, and set `NOT NULL`: PostgreSQL 12 and later take the check as proof and do not read the table. The
//! check can go afterwards.

use crate::{
    ddl::Meets,
    diagnostic::Severity,
    hazards::{
        Event, Found, Rule,
        estimate::{Work, told},
        words::path,
    },
    model::ObjectId,
};

pub(super) const RULE: Rule = Rule {
    code: "sets-not-null",
    severity: Severity::Warning,
    instead: "fill it; then CHECK (… IS NOT NULL) NOT VALID, VALIDATE, and SET NOT NULL, which then reads nothing",
    find,
};

fn find(event: &Event<'_>) -> Vec<Found> {
    let met = event.obstacles.iter().filter(|it| it.meets == Meets::Null);
    let size = |column: &ObjectId| {
        let table = column.parent().map(ObjectId::qualified).unwrap_or_default();
        event.estimate(&table, Work::Scan)
    };
    let table = |column: &ObjectId| column.parent().map(path).unwrap_or_default();
    let each = |column: &ObjectId| {
        let size = size(column);
        let told = told(size.as_ref());
        let text = format!("fails on rows of {}{told} where {} is null", table(column), column.name);
        Found::of(event, column, text).estimated(size)
    };
    met.map(|it| each(&it.column)).collect()
}
