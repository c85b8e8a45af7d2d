//! # What it warns about
//!
//! A view or materialized view is dropped, loses columns, or gives them other types.
//!
//! # Why
//!
//! Programs that read it meanwhile fail, or get values of another type than they expect.
//!
//! # Instead
//!
//! Add columns at the end, which breaks nothing, and leave the old ones until nothing reads them. Or create a view of
//! another name beside it.

use crate::{
    ddl::Risk,
    diagnostic::Severity,
    hazards::{
        Event, Found, Rule,
        words::{list, path},
    },
};

pub(super) const RULE: Rule = Rule {
    code: "breaks-view",
    severity: Severity::Warning,
    instead: "create a view of another name beside it, and drop this one when nothing reads it",
    find,
};

fn find(event: &Event<'_>) -> Vec<Found> {
    let found = event.risks.iter().filter_map(|(id, risk)| {
        let how = match risk {
            Risk::ViewColumnsChanged { gone, retyped } => {
                let gone = (!gone.is_empty()).then(|| format!("loses {}", list(gone)));
                let retyped = (!retyped.is_empty()).then(|| format!("has other types in {}", list(retyped)));
                gone.into_iter().chain(retyped).collect::<Vec<_>>().join(", and ")
            }
            Risk::Gone if !id.signature.starts_with('(') => "is gone".to_owned(),
            _ => return None,
        };
        Some(Found::of(event, id, format!("{} {how}: what reads it may fail", path(id))))
    });
    found.collect()
}
