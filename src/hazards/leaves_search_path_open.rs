//! # What it warns about
//!
//! A function is `SECURITY DEFINER` and sets no `search_path`.
//!
//! # Why
//!
//! It runs with the rights of its owner, and looks its names up by the search path of who calls it. Who can create a
//! table or an operator somewhere puts their own in its way, and runs as the owner.
//!
//! # Instead
//!
//! Add `SET search_path = ''` to the function, and qualify the names in it; or list the schemas that only trusted
//! roles write to, with `pg_temp` as the last.

use crate::{
    ddl::Risk,
    diagnostic::Severity,
    hazards::{Event, Found, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "leaves-search-path-open",
    severity: Severity::Warning,
    instead: "SET search_path = '' in the function, and qualify its names",
    find,
};

fn find(event: &Event<'_>) -> Vec<Found> {
    let found = event.risks.iter().filter_map(|(id, risk)| match risk {
        Risk::DefinerWithoutSearchPath => Some(Found::of(
            event,
            id,
            format!(
                "{} runs with the rights of its owner, and finds names by the search path of its caller",
                id.qualified()
            ),
        )),
        _ => None,
    });
    found.collect()
}
