//! # What it warns about
//!
//! A table is dropped, or an extension that has tables. All of its rows are lost. It is an error where sizes say that
//! there are none, too: that was before, and programs may write some.
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
    hazards::{
        Event, Found, Rule,
        estimate::{Work, told},
        words::path,
    },
    model::ObjectId,
};

pub(super) const RULE: Rule = Rule {
    code: "drops-table",
    severity: Severity::Error,
    instead: "drop it once no release uses it, after a copy of its rows",
    find,
};

fn find(event: &Event<'_>) -> Vec<Found> {
    let lost = event.losses.iter().filter(|(_, loss)| *loss == Loss::Rows);
    let each = |id: &ObjectId| {
        let size = event.estimate(&id.qualified(), Work::LoseRows);
        let text = format!("the rows of {} are lost{}", path(id), told(size.as_ref()));
        Found::of(event, id, text).estimated(size)
    };
    lost.map(|(id, _)| each(id)).collect()
}
