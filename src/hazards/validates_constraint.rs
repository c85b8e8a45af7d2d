//! # What it warns about
//!
//! A check or a foreign key is added, and the rows that are there are held to it at once. So is every column of a
//! domain that gets a check.
//!
//! # Why
//!
//! The statement fails at the first row that does not satisfy it, and reads the whole table to know, while others
//! wait: for a check nobody reads or writes, for a foreign key nobody writes, neither this table nor the one that it
//! refers to.
//!
//! # Instead
//!
//! Add it `NOT VALID`, which reads nothing, and `VALIDATE CONSTRAINT` in a later transaction, for which nobody who
//! reads or writes has to wait.

use crate::{
    ddl::Risk,
    diagnostic::Severity,
    hazards::{
        Event, Found, Rule,
        estimate::{Work, told},
        event::whole,
        words::{brief, meanwhile, path},
    },
};

pub(super) const RULE: Rule = Rule {
    code: "validates-constraint",
    severity: Severity::Warning,
    instead: "add it NOT VALID, and VALIDATE CONSTRAINT in a later transaction",
    find,
};

fn find(event: &Event<'_>) -> Vec<Found> {
    let checked = event.risks.iter().filter_map(|(id, risk)| match risk {
        Risk::Validated(definition) => {
            // Who waits, an observation tells with what it saw being read.
            let wait = match event.observed {
                Some(_) => String::new(),
                None => meanwhile(event, &whole(id).qualified()),
            };
            let size = event.estimate(&whole(id).qualified(), Work::Scan);
            let table = format!("{}{}", path(whole(id)), told(size.as_ref()));
            let text = format!("fails on rows of {table} that violate {}{wait}", brief(definition));
            Some(Found::of(event, id, text).estimated(size))
        }
        _ => None,
    });
    checked.collect()
}
