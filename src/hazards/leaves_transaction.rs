//! # What it warns about
//!
//! A statement cannot run in a transaction: `CREATE INDEX CONCURRENTLY`, `CREATE SUBSCRIPTION`, `DETACH PARTITION …
//! CONCURRENTLY`. As a note: what it makes cannot be used before it is committed, as with `ALTER TYPE … ADD VALUE`.
//!
//! # Why
//!
//! Where it fails, or something after it, nothing takes back what has been done, and a part of it may stay: an index
//! that is not valid. The migration cannot simply be run again.
//!
//! # Instead
//!
//! Put it into a migration of its own, alone, and write it so that it can be run twice: `DROP INDEX CONCURRENTLY IF
//! EXISTS` before `CREATE INDEX CONCURRENTLY`.

use crate::{
    ddl::When,
    diagnostic::Severity,
    hazards::{Event, Found, Rule},
    sources::runs_alone,
};

pub(super) const RULE: Rule = Rule {
    code: "leaves-transaction",
    severity: Severity::Warning,
    instead: "put it into a migration of its own that can be run twice",
    find,
};

fn find(event: &Event<'_>) -> Vec<Found> {
    let about = |text: &str| match event.subjects.first() {
        Some(id) => Found::of(event, id, text.to_owned()),
        None => Found::about(String::new(), text.to_owned()),
    };
    let is_outside = event.when == When::OutsideTransaction || event.tree.as_ref().is_some_and(runs_alone);
    if is_outside {
        vec![about("runs in no transaction: where it fails, nothing takes back what was done before")]
    } else if event.when == When::BeforeCommit {
        vec![about("is to be committed before anything uses what it makes").severity(Severity::Note)]
    } else {
        Vec::new()
    }
}
