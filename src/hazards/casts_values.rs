//! # What it warns about
//!
//! A column gets a type into which PostgreSQL does not turn the values by itself, so that each is converted by a cast
//! that is written out.
//!
//! # Why
//!
//! Such a cast may round, cut off, or fail on the first value that it cannot read; then the whole statement fails.
//! The values as they were are lost either way.
//!
//! # Instead
//!
//! Expand and contract: add a column of the new type, fill it in batches by an expression that says what is to become
//! of odd values, let the programs use it, and drop the old one in a later migration.

use crate::{
    ddl::Loss,
    diagnostic::Severity,
    hazards::{
        Event, Found, Rule,
        words::{example, path},
    },
};

pub(super) const RULE: Rule = Rule {
    code: "casts-values",
    severity: Severity::Error,
    instead: "expand and contract: a new column beside this one, filled in batches, then the old one goes",
    find,
};

fn find(event: &Event<'_>) -> Vec<Found> {
    let lost = event.losses.iter().filter(|(_, loss)| *loss == Loss::Precision);
    let text = |id| format!("{} is converted by a cast, which may round, cut or fail{}", path(id), example(event, id));
    lost.map(|(id, _)| Found::of(event, id, text(id))).collect()
}
