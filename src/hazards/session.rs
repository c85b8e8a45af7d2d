//! What the statements before have set.

use pg_query::{
    NodeEnum,
    protobuf::{VariableSetKind, VariableSetStmt, a_const::Val},
};

use crate::model::parser;

/// Settings of a session, as a script makes them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Session {
    /// Whether a statement gives up when it has waited for a lock for some time (PostgreSQL manual, 20.11.1).
    pub has_lock_timeout: bool,
    /// Whether somebody has been told that it does not. Once is enough: a single setting mends all of them.
    pub is_told: bool,
    /// `has_lock_timeout` without what holds only until the transaction ends.
    beyond: bool,
}

impl Session {
    /// The transaction ends, and with it what was set for it alone.
    pub fn end_transaction(&mut self) {
        self.has_lock_timeout = self.beyond;
    }

    /// Takes note of what a statement sets.
    pub fn hear(&mut self, sql: &str) {
        let Ok(tree) = parser::parse(sql) else { return };
        for node in tree.stmts.iter().filter_map(|it| it.stmt.as_ref()?.node.as_ref()) {
            match node {
                NodeEnum::VariableSetStmt(stmt) if stmt.name == "lock_timeout" => {
                    self.has_lock_timeout = is_set(stmt);
                    self.is_told = false;
                    if !stmt.is_local {
                        self.beyond = self.has_lock_timeout;
                    }
                }
                _ => (),
            }
        }
    }
}

/// Zero waits for ever, and so does the default.
fn is_set(stmt: &VariableSetStmt) -> bool {
    let value = stmt.args.first().and_then(|arg| arg.node.as_ref());
    let zero = match value {
        Some(NodeEnum::AConst(value)) => match &value.val {
            Some(Val::Ival(number)) => number.ival == 0,
            Some(Val::Sval(text)) => text.sval.trim_end_matches(|c: char| c.is_alphabetic() || c == ' ') == "0",
            _ => false,
        },
        _ => true,
    };
    stmt.kind() == VariableSetKind::VarSetValue && !zero
}
