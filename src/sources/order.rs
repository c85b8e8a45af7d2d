//! Puts the statements of a folder in an order in which PostgreSQL can run them.

use super::Script;
use crate::model::Files;

/// Joins scripts whose files may come in any order.
pub(super) fn order(scripts: Vec<Script>, _files: &Files) -> Script {
    let mut all = Script { unordered: true, ..Script::default() };
    for script in scripts {
        all.statements.extend(script.statements);
        all.notes.extend(script.notes);
    }
    all
}
