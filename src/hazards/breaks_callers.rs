//! # What it warns about
//!
//! A function or procedure is dropped, or cannot be called as before: it returns another type, or its arguments have
//! other types, names or defaults.
//!
//! # Why
//!
//! Programs that call it meanwhile fail. Views and functions of the database that use it stand in the way, and are
//! made anew.
//!
//! # Instead
//!
//! Create the new one beside the old one: two of one name may have different arguments. Drop the old one when nothing
//! calls it any more.

use crate::{
    ddl::Risk,
    diagnostic::Severity,
    hazards::{Event, Found, Rule},
    model::ObjectId,
};

pub(super) const RULE: Rule = Rule {
    code: "breaks-callers",
    severity: Severity::Warning,
    instead: "create the new one beside the old one, and drop that when nothing calls it",
    find,
};

fn find(event: &Event<'_>) -> Vec<Found> {
    let found = event.risks.iter().filter_map(|(id, risk)| {
        let how = match risk {
            Risk::SignatureChanged(how) => how.as_str(),
            Risk::Gone if is_called(id) => "it is gone",
            _ => return None,
        };
        Some(Found::of(event, id, format!("what calls {} fails: {how}", id.qualified())))
    });
    found.collect()
}

/// What is called has a list of arguments.
fn is_called(id: &ObjectId) -> bool {
    id.signature.starts_with('(')
}
