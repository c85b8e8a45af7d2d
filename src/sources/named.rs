//! Which objects of a catalog a statement names, and whether it gives one another name.

use pg_query::NodeEnum;

use super::uses::{Sort, uses};
use crate::catalog::Catalog;
use crate::model::{ObjectId, parser};

/// The relations, types and routines that a statement names, in whatever schema where it does not say.
pub fn named(sql: &str, catalog: &Catalog) -> Vec<ObjectId> {
    let uses = uses(sql);
    let is_meant = |id: &&ObjectId| {
        uses.iter().any(|it| {
            let sort = matches!(it.sort, Sort::Relation | Sort::Type | Sort::Routine | Sort::Any);
            let schema = it.schema.as_deref().is_none_or(|name| id.parent().is_some_and(|up| up.name.raw() == name));
            sort && id.name.raw() == it.name && schema
        })
    };
    catalog.ids().filter(is_meant).cloned().collect()
}

/// Whether a statement gives something another name, or moves it to another schema, and does nothing else.
pub fn is_rename(sql: &str) -> bool {
    let Ok(tree) = parser::parse(sql) else { return false };
    let node = tree.stmts.first().and_then(|raw| raw.stmt.as_ref()?.node.as_ref());
    node.is_some_and(|node| matches!(node, NodeEnum::RenameStmt(_) | NodeEnum::AlterObjectSchemaStmt(_)))
}
