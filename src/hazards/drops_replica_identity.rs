//! # What it warns about
//!
//! A table loses what tells its rows apart in logical replication: `REPLICA IDENTITY FULL` or `USING INDEX` goes, or
//! `NOTHING` is set.
//!
//! # Why
//!
//! What is left is the primary key, if there is one. Without any, `UPDATE` and `DELETE` on a published table fail:
//! "does not have a replica identity and publishes updates". Subscribers that want the old values get them no longer.
//!
//! # Instead
//!
//! Look for publications of the table first (`pg_publication_tables`). Set another identity before the old one goes.

use crate::{
    ddl::Risk,
    diagnostic::Severity,
    hazards::{Event, Found, Rule, words::path},
};

pub(super) const RULE: Rule = Rule {
    code: "drops-replica-identity",
    severity: Severity::Warning,
    instead: "look at pg_publication_tables, and set another identity first",
    find,
};

fn find(event: &Event<'_>) -> Vec<Found> {
    let found = event.risks.iter().filter_map(|(id, risk)| match risk {
        Risk::ReplicaIdentityLost(left) => {
            Some(Found::of(event, id, format!("subscribers tell the rows of {} apart by {left}", path(id))))
        }
        _ => None,
    });
    found.collect()
}
