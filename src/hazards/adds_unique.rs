//! # What it warns about
//!
//! Rows that are there must not agree in something from now on: a unique index, a unique or primary key, an exclusion
//! constraint.
//!
//! # Why
//!
//! The statement fails at the first two rows that agree. It builds an index, and others wait until that is done.
//!
//! # Instead
//!
//! Look for such rows first (`GROUP BY … HAVING 1 < count(*)`). Then build a unique index with `CREATE UNIQUE INDEX
//! CONCURRENTLY`, and make it the constraint by `ADD CONSTRAINT … UNIQUE USING INDEX`.

use crate::{
    ddl::Risk,
    diagnostic::Severity,
    hazards::{
        Event, Found, Rule,
        estimate::{Work, told},
        event::whole,
        words::{brief, path},
    },
};

pub(super) const RULE: Rule = Rule {
    code: "adds-unique",
    severity: Severity::Warning,
    instead: "look for such rows first; CREATE UNIQUE INDEX CONCURRENTLY, then ADD CONSTRAINT … USING INDEX",
    find,
};

fn find(event: &Event<'_>) -> Vec<Found> {
    let unique = event.risks.iter().filter_map(|(id, risk)| match risk {
        Risk::Unique(definition) => {
            let size = event.estimate(&whole(id).qualified(), Work::Scan);
            let table = format!("{}{}", path(whole(id)), told(size.as_ref()));
            let text = format!("fails on rows of {table} that agree: {}", brief(definition));
            Some(Found::of(event, id, text).estimated(size))
        }
        _ => None,
    });
    unique.collect()
}
