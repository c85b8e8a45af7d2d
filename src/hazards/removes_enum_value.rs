//! # What it warns about
//!
//! An enum lists a value no more. PostgreSQL cannot take one away, so the type is made anew and every column of it is
//! moved over.
//!
//! # Why
//!
//! Rows that hold the value have no place in the new type: the migration fails on them, unless it is said what they
//! are to hold instead. Programs that still write the value fail.
//!
//! # Instead
//!
//! Say which value rows are to hold: `-- trueup: enum status 'canceled' -> 'cancelled'` beside the declaration. Or
//! leave the value listed and forbid it by a `CHECK`.

use crate::{
    ddl::Risk,
    diagnostic::Severity,
    hazards::{
        Event, Found, Rule,
        words::{list, path},
    },
    model::Literal,
};

pub(super) const RULE: Rule = Rule {
    code: "removes-enum-value",
    severity: Severity::Error,
    instead: "say what rows are to hold instead: `-- trueup: enum TYPE 'old' -> 'new'`; or forbid it by a CHECK",
    find,
};

fn find(event: &Event<'_>) -> Vec<Found> {
    let removed = event.risks.iter().filter_map(|(id, risk)| match risk {
        Risk::EnumValuesRemoved(values) => {
            let values: Vec<String> = values.iter().map(|value| Literal(value).to_string()).collect();
            Some(Found::of(event, id, format!("{} lists {} no more, which rows may hold", path(id), list(&values))))
        }
        _ => None,
    });
    removed.collect()
}
