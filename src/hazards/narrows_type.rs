//! # What it warns about
//!
//! A column gets a type that has no place for some values of the one before: `bigint` becomes `integer`,
//! `varchar(20)` becomes `varchar(10)`, `numeric(10,2)` becomes `numeric(10,1)`.
//!
//! # Why
//!
//! PostgreSQL converts such values without being asked. A number that is too large, or a text that is too long, makes
//! the statement fail; digits behind the point are rounded off without a word.
//!
//! # Instead
//!
//! Look for values that do not fit first. Where there are any, decide what is to become of them by an `UPDATE` of its
//! own. To forbid new ones, a `CHECK` that is `NOT VALID` does the same without a new type.

use crate::{
    ddl::{Loss, Risk},
    diagnostic::Severity,
    hazards::{
        Event, Found, Rule,
        words::{example, path},
    },
};

pub(super) const RULE: Rule = Rule {
    code: "narrows-type",
    severity: Severity::Error,
    instead: "look for values that do not fit first; a CHECK forbids new ones without a new type",
    find,
};

fn find(event: &Event<'_>) -> Vec<Found> {
    // What is converted by a written cast is told as such.
    let is_cast = |id| event.losses.iter().any(|(of, loss)| *of == id && *loss == Loss::Precision);
    let narrowed = event.risks.iter().filter_map(|(id, risk)| match risk {
        Risk::TypeNarrowed(_, to) if !is_cast(*id) => {
            let text = format!("{to} has no place for every value of {}: it fails, or rounds", path(id));
            Some(Found::of(event, id, text + &example(event, id)))
        }
        _ => None,
    });
    narrowed.collect()
}
