//! # What it warns about
//!
//! A table is dropped, or an extension that has tables. All of its rows are lost.
//!
//! # Why
//!
//! No statement brings them back. Programs that still read or write the table fail from that moment on, and a
//! deployment that replaces them one by one always has some of the old ones running.
//!
//! # Instead
//!
//! Let a release go by in which nothing uses the table any more. Keep its rows elsewhere before it goes, by `COPY …
//! TO` or by `pg_dump --table`; or give it another name first, and drop it when nobody has missed it.

use crate::{
    ddl::Loss,
    diagnostic::Severity,
    hazards::{Event, Found, Rule, words::path},
};

pub(super) const RULE: Rule = Rule {
    code: "drops-table",
    severity: Severity::Error,
    instead: "drop it once no release uses it, after a copy of its rows",
    find,
};

fn find(event: &Event<'_>) -> Vec<Found> {
    let lost = event.losses.iter().filter(|(_, loss)| *loss == Loss::Rows);
    lost.map(|(id, _)| Found::of(event, id, format!("the rows of {} are lost", path(id)))).collect()
}
