//! # What it warns about
//!
//! Every row of a table is written anew, and every index of it is built anew. It is a note where the table is known to
//! be small: under 8 MB with its indexes ([how sizes are known](../stats.md)).
//!
//! # Why
//!
//! It takes as long as copying the table does, needs as much room again, and writes all of it to the log that
//! replicas read. Nobody else reads or writes the table meanwhile.
//!
//! # Instead
//!
//! A constant default, a longer `varchar` and a `text` out of a `varchar` rewrite nothing. For what does: add a
//! column beside the old one, keep both in step by a trigger, fill it in batches, and let them change places.

use crate::{
    diagnostic::Severity,
    hazards::{
        Event, Found, Rule,
        estimate::{Work, told},
    },
};

pub(super) const RULE: Rule = Rule {
    code: "rewrites-table",
    severity: Severity::Warning,
    instead: "expand and contract: a new column beside the old one, a trigger, batches; then they change places",
    find,
};

fn find(event: &Event<'_>) -> Vec<Found> {
    let each = |(table, is_certain): (String, bool)| {
        let verb = if is_certain { "rewrites" } else { "may rewrite" };
        let size = event.estimate(&table, Work::Rewrite);
        let text = format!("{verb} {table}{}, while reads and writes wait", told(size.as_ref()));
        let found = match event.relation(&table) {
            Some(id) => Found::of(event, id, text),
            None => Found::about(table, text),
        };
        found.estimated(size).a_note_where_small()
    };
    event.rewritten().into_iter().map(each).collect()
}
