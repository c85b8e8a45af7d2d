//! # What it warns about
//!
//! A sequence, or an identity of a column, is dropped or starts anew. The last value that it gave out is lost.
//!
//! # Why
//!
//! Numbers that it gave out before are given out once more. Rows that get one of them fail on their key; where no key
//! forbids it, two things go by one number.
//!
//! # Instead
//!
//! Ask for the last value before (`SELECT last_value FROM …`), and set it again with `setval` or `RESTART WITH`.

use crate::{
    ddl::Loss,
    diagnostic::Severity,
    hazards::{Event, Found, Rule, words::path},
};

pub(super) const RULE: Rule = Rule {
    code: "resets-sequence",
    severity: Severity::Error,
    instead: "note its `last_value` before, and `setval` it afterwards",
    find,
};

fn find(event: &Event<'_>) -> Vec<Found> {
    let lost = event.losses.iter().filter(|(_, loss)| *loss == Loss::Counter);
    lost.map(|(id, _)| Found::of(event, id, format!("the last value of {} is lost", path(id)))).collect()
}
