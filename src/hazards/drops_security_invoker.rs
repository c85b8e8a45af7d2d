//! # What it warns about
//!
//! A view is no longer `security_invoker`.
//!
//! # Why
//!
//! It then reads its tables with the rights of its owner. Row security of these tables asks the owner too, so that
//! whoever may read the view sees the rows of all.
//!
//! # Instead
//!
//! Keep `WITH (security_invoker = true)`; `CREATE OR REPLACE VIEW` without it takes it away.

use crate::{
    ddl::Risk,
    diagnostic::Severity,
    hazards::{Event, Found, Rule, words::path},
};

pub(super) const RULE: Rule = Rule {
    code: "drops-security-invoker",
    severity: Severity::Warning,
    instead: "keep WITH (security_invoker = true)",
    find,
};

fn find(event: &Event<'_>) -> Vec<Found> {
    let found = event.risks.iter().filter_map(|(id, risk)| match risk {
        Risk::SecurityInvokerLost => Some(Found::of(
            event,
            id,
            format!("{} is read with the rights of its owner, past the policies of those who read it", path(id)),
        )),
        _ => None,
    });
    found.collect()
}
