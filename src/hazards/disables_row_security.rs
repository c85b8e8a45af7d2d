//! # What it warns about
//!
//! Row-level security of a table is switched off. Its policies stay, and hold no longer.
//!
//! # Why
//!
//! Whoever has a privilege on the table reaches all of its rows from that moment on: on a platform that lets clients
//! query it, everybody reaches everything.
//!
//! # Instead
//!
//! Leave it on, and let a policy say who may see what. Where one role is to see all rows, give that role `BYPASSRLS`
//! or a policy of its own.

use crate::{
    ddl::Risk,
    diagnostic::Severity,
    hazards::{Event, Found, Rule, words::path},
};

pub(super) const RULE: Rule = Rule {
    code: "disables-row-security",
    severity: Severity::Warning,
    instead: "leave it on, and give a policy of its own to who is to see more",
    find,
};

fn find(event: &Event<'_>) -> Vec<Found> {
    let found = event.risks.iter().filter_map(|(id, risk)| match risk {
        Risk::RowSecurityOff => Some(Found::of(
            event,
            id,
            format!("policies of {} hold no longer: privileges alone decide who sees which rows", path(id)),
        )),
        _ => None,
    });
    found.collect()
}
