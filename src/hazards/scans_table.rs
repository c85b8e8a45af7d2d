//! # What it warns about
//!
//! A table is read from end to end under a lock that others have to wait for. It is a note where the table is known to
//! be small: under 8 MB ([how sizes are known](../stats.md)).
//!
//! # Why
//!
//! The more rows it has, the longer nobody else may write it, or even read it. What waits behind the statement is
//! waited for in turn.
//!
//! # Instead
//!
//! Split the work: constraints can be added `NOT VALID` and validated later, `NOT NULL` takes a validated check as
//! proof, and so does `ATTACH PARTITION` for the bounds of a partition.

use crate::{
    diagnostic::Severity,
    hazards::{
        Event, Found, Rule,
        estimate::{Work, told},
        event::whole,
        words::meanwhile,
    },
    model::ObjectId,
};

pub(super) const RULE: Rule = Rule {
    code: "scans-table",
    severity: Severity::Warning,
    instead: "add constraints NOT VALID and validate later; a validated CHECK spares SET NOT NULL and ATTACH the reading",
    find,
};

fn find(event: &Event<'_>) -> Vec<Found> {
    let Some(observed) = event.observed else { return Vec::new() };
    let rewritten = event.rewritten();
    let built: Vec<&ObjectId> = observed.built.iter().filter_map(|index| event.relation(index)).map(whole).collect();
    let each = |table: &String| {
        let id = event.relation(table)?;
        let wait = meanwhile(event, table);
        // An index is searched, and not read; and to rewrite a table or to index it is more than to read it.
        if whole(id) != id || wait.is_empty() || rewritten.contains_key(table) || built.contains(&id) {
            return None;
        }
        let size = event.estimate(table, Work::Scan);
        let found = Found::of(event, id, format!("reads all of {table}{}{wait}", told(size.as_ref())));
        Some(found.estimated(size).a_note_where_small())
    };
    observed.scanned.iter().filter_map(each).collect()
}
