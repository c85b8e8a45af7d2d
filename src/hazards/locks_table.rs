//! # What it warns about
//!
//! A statement takes a lock on a relation that others are kept waiting by. It is a warning where it then works on
//! another relation, however large that is, and else a note.
//!
//! # Why
//!
//! A lock is held until the transaction ends. And it is waited for: behind a statement that waits for a long query,
//! everybody else waits too. [Which lock keeps whom
//! waiting](https://www.postgresql.org/docs/current/explicit-locking.html) is in the manual.
//!
//! # Instead
//!
//! Set `lock_timeout`, so that the statement gives up and can be tried again. Keep transactions short, with the
//! statements that lock most at their end.

use crate::{
    ddl::Lock,
    diagnostic::Severity,
    hazards::{Event, Found, Rule, event::whole},
};

pub(super) const RULE: Rule = Rule {
    code: "locks-table",
    severity: Severity::Warning,
    instead: "set lock_timeout and try again; keep the transaction short",
    find,
};

fn find(event: &Event<'_>) -> Vec<Found> {
    let locks = event.locks().into_iter().filter(|(_, lock)| Lock::RowExclusive < *lock);
    let each = |(relation, lock): (String, Lock)| {
        let text = format!("takes {} on {relation}: {}", lock.name(), lock.conflicts());
        let found = match event.relation(&relation) {
            Some(id) => Found::of(event, id, text),
            None => Found::about(relation.clone(), text),
        };
        let is_held_long = lock.keeps_waiting().is_some() && works_elsewhere(event, &relation);
        if is_held_long { found } else { found.severity(Severity::Note) }
    };
    locks.map(each).collect()
}

/// Whether the statement takes its time on others, and on this one not.
fn works_elsewhere(event: &Event<'_>, relation: &str) -> bool {
    let Some(observed) = event.observed else { return false };
    let table = |name: &String| event.relation(name).map_or_else(|| name.clone(), |id| whole(id).qualified());
    let all = observed.rewritten.iter().chain(&observed.scanned).chain(&observed.built);
    let worked: Vec<String> = all.map(table).collect();
    let own = event.relation(relation).map_or_else(|| relation.to_owned(), |id| whole(id).qualified());
    !worked.is_empty() && !worked.contains(&own)
}
