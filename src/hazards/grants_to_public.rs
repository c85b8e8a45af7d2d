//! # What it warns about
//!
//! Everybody gets a privilege: the role `PUBLIC`, or `anon`, as which platforms let in who has not signed in.
//!
//! # Why
//!
//! A grant to `PUBLIC` holds for every role that there will ever be. It is not seen in the list of any role, and is
//! easily forgotten.
//!
//! # Instead
//!
//! Grant to the roles that need it. Where everybody is meant to, row-level security says which rows.

use crate::{
    ddl::{Access, Risk},
    diagnostic::Severity,
    hazards::{Event, Found, Rule, words::list},
};

pub(super) const RULE: Rule =
    Rule { code: "grants-to-public", severity: Severity::Warning, instead: "grant to the roles that need it", find };

fn find(event: &Event<'_>) -> Vec<Found> {
    let found = event.risks.iter().filter_map(|(id, risk)| match risk {
        Risk::Granted(Access { role, privileges, on }) if is_everybody(role) => {
            let who = if role.is_empty() { "everybody" } else { role.as_str() };
            Some(Found::of(event, id, format!("{who} gets {} on {on}", list(privileges))))
        }
        _ => None,
    });
    found.collect()
}

/// `PUBLIC`, and the role of who has not signed in where PostgREST is in front of the database.
pub(super) fn is_everybody(role: &str) -> bool {
    role.is_empty() || role == "anon"
}
