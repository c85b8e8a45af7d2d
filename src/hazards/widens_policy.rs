//! # What it warns about
//!
//! A policy changes in a way of which nothing shows that it lets no more rows through than before: its `USING` or
//! `WITH CHECK` is another, it holds for more roles or other commands, one more permissive policy is added where row
//! security is on, or a restrictive one goes.
//!
//! # Why
//!
//! Permissive policies are joined by `OR`: one that is too wide opens the table, whatever the others say. It cannot
//! be seen from outside, since nothing fails.
//!
//! # Instead
//!
//! Read both conditions. Where the new one is to be an exception, make it a policy of its own for one role. A
//! restrictive policy (`AS RESTRICTIVE`) narrows whatever the others let through. Test as the role: `SET ROLE`, then
//! `SELECT`.

use crate::{
    ddl::Risk,
    diagnostic::Severity,
    hazards::{Event, Found, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "widens-policy",
    severity: Severity::Warning,
    instead: "read both conditions; test as the role: SET ROLE, then SELECT",
    find,
};

fn find(event: &Event<'_>) -> Vec<Found> {
    let found = event.risks.iter().filter_map(|(id, risk)| match risk {
        Risk::PolicyWidened(how) => {
            Some(Found::of(event, id, format!("policy {} may let more rows through: it {how}", id.name)))
        }
        _ => None,
    });
    found.collect()
}
