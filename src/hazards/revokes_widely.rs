//! # What it warns about
//!
//! A role loses privileges on many things at once: by `REVOKE … ON ALL TABLES IN SCHEMA`, or on five or more by one
//! migration.
//!
//! # Why
//!
//! What runs as that role fails from that moment on. A declared schema without its grants reads the same as one that
//! has none: often the grants were only forgotten.
//!
//! # Instead
//!
//! Where the declared side is not meant to speak of privileges, say `--no-privileges`. Else revoke from one role
//! after the other, once nothing runs as it.

use pg_query::{NodeEnum, protobuf::GrantTargetType};

use crate::{
    ddl::{Access, Risk},
    diagnostic::Severity,
    hazards::{Event, Found, Rule},
    model::Ident,
};

pub(super) const RULE: Rule = Rule {
    code: "revokes-widely",
    severity: Severity::Warning,
    instead: "say --no-privileges where TO does not speak of them; else one role after the other",
    find,
};

/// More than slips through unseen.
const MANY: usize = 5;

fn find(event: &Event<'_>) -> Vec<Found> {
    if let Some(NodeEnum::GrantStmt(stmt)) = &event.tree
        && !stmt.is_grant
        && stmt.targtype() == GrantTargetType::AclTargetAllInSchema
    {
        let text = "privileges on everything in a schema are taken back".to_owned();
        return vec![Found::about(String::new(), text)];
    }
    let found = event.risks.iter().filter_map(|(_, risk)| match risk {
        Risk::Revoked(Access { role, .. }) => {
            let count = event.revoked.get(role).copied().filter(|count| MANY <= *count)?;
            let role = if role.is_empty() { "PUBLIC".to_owned() } else { Ident::new(role).to_string() };
            Some(Found::about(format!("ROLE {role}"), format!("{role} loses privileges on {count} objects")))
        }
        _ => None,
    });
    found.take(1).collect()
}
