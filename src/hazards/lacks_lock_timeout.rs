//! # What it warns about
//!
//! A statement that has to wait for a lock may wait for ever, since `lock_timeout` is not set. This is told of
//! migrations that are written by hand; who runs a plan of `trueup diff` sets it. It is told once for a migration, of the
//! first such statement.
//!
//! # Why
//!
//! While it waits behind a long query, everybody who wants the table waits behind it. A migration of a millisecond
//! takes the service down.
//!
//! # Instead
//!
//! `SET lock_timeout = '2s'` at the start of the script, and try again where it gives up.

use pg_query::{NodeEnum, protobuf::ObjectType};

use crate::{
    diagnostic::Severity,
    hazards::{Event, Found, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "lacks-lock-timeout",
    severity: Severity::Warning,
    instead: "SET lock_timeout = '2s' first, and try again",
    find,
};

fn find(event: &Event<'_>) -> Vec<Found> {
    if event.session.as_ref().is_none_or(|session| session.has_lock_timeout || session.is_told) {
        return Vec::new();
    }
    let locked = event.locks().into_iter().filter(|(_, lock)| lock.keeps_waiting().is_some()).map(|(name, _)| name);
    let text = "waits for its lock without end, and others behind it".to_owned();
    match locked.collect::<Vec<_>>().as_slice() {
        [first, ..] => vec![Found::about(event.named(first), text)],
        [] if event.observed.is_none() && event.tree.as_ref().is_some_and(locks) => {
            vec![Found::about(String::new(), text)]
        }
        [] => Vec::new(),
    }
}

/// Whether a statement of this sort takes a lock that others wait for, as far as its text tells.
fn locks(node: &NodeEnum) -> bool {
    match node {
        NodeEnum::AlterTableStmt(_) | NodeEnum::TruncateStmt(_) | NodeEnum::ClusterStmt(_) => true,
        NodeEnum::IndexStmt(stmt) => !stmt.concurrent,
        NodeEnum::CreateTrigStmt(_) | NodeEnum::CreatePolicyStmt(_) | NodeEnum::AlterPolicyStmt(_) => true,
        NodeEnum::RenameStmt(stmt) => is_relation(stmt.relation_type()) || is_relation(stmt.rename_type()),
        NodeEnum::DropStmt(stmt) => !stmt.concurrent && is_relation(stmt.remove_type()),
        _ => false,
    }
}

fn is_relation(sort: ObjectType) -> bool {
    matches!(
        sort,
        ObjectType::ObjectTable
            | ObjectType::ObjectView
            | ObjectType::ObjectMatview
            | ObjectType::ObjectIndex
            | ObjectType::ObjectSequence
            | ObjectType::ObjectForeignTable
    )
}
