//! # What it warns about
//!
//! `NO FORCE ROW LEVEL SECURITY`: the policies of a table hold no longer for the role that owns it.
//!
//! # Why
//!
//! Programs that connect as the owner, and functions that run with the owner's rights, see all rows from that moment
//! on.
//!
//! # Instead
//!
//! Let programs connect as a role that owns nothing.

use crate::{
    ddl::Risk,
    diagnostic::Severity,
    hazards::{Event, Found, Rule, words::path},
};

pub(super) const RULE: Rule = Rule {
    code: "unforces-row-security",
    severity: Severity::Warning,
    instead: "let programs connect as a role that owns nothing",
    find,
};

fn find(event: &Event<'_>) -> Vec<Found> {
    let found = event.risks.iter().filter_map(|(id, risk)| match risk {
        Risk::RowSecurityUnforced => {
            Some(Found::of(event, id, format!("policies of {} hold no longer for its owner", path(id))))
        }
        _ => None,
    });
    found.collect()
}
