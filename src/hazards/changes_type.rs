//! # What it warns about
//!
//! A column gets another type, and not only a longer one of the same sort.
//!
//! # Why
//!
//! Programs that run meanwhile bind and read values of the type that was: a driver that expects four bytes gets
//! eight. Prepared statements fail with "cached plan must not change result type".
//!
//! # Instead
//!
//! Expand and contract: add a column of the new type, keep both in step by a trigger, let the programs use it, and
//! drop the old one in a later migration.

use crate::{
    ddl::Risk,
    diagnostic::Severity,
    hazards::{Event, Found, Rule, words::path},
};

pub(super) const RULE: Rule = Rule {
    code: "changes-type",
    severity: Severity::Warning,
    instead: "expand and contract: add a column of the new type, keep both in step, drop the old one later",
    find,
};

fn find(event: &Event<'_>) -> Vec<Found> {
    let found = event.risks.iter().filter_map(|(id, risk)| match risk {
        Risk::TypeChanged(from, to) => {
            Some(Found::of(event, id, format!("{} is {to}, where programs expect {from}", path(id))))
        }
        _ => None,
    });
    found.collect()
}
