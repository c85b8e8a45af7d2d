//! # What it warns about
//!
//! Rows are changed in batches that `OFFSET` tells apart.
//!
//! # Why
//!
//! A batch that has been changed often no longer meets the condition of the query, so that the next `OFFSET` skips as
//! many rows as were changed. Without a total order two batches may also take the same rows. And each batch reads
//! everything before it once more.
//!
//! # Instead
//!
//! Go by the key: `WHERE last_key < id ORDER BY id LIMIT 1000`. Or leave `OFFSET` out, and repeat until a batch finds
//! nothing.

use pg_query::NodeEnum;
use serde_json::Value;

use crate::{
    diagnostic::Severity,
    hazards::{Event, Found, Rule},
    model::parser,
};

pub(super) const RULE: Rule = Rule {
    code: "batches-by-offset",
    severity: Severity::Warning,
    instead: "go by the key: WHERE last_key < id ORDER BY id LIMIT 1000",
    find,
};

fn find(event: &Event<'_>) -> Vec<Found> {
    let skips = match &event.tree {
        Some(NodeEnum::UpdateStmt(_) | NodeEnum::DeleteStmt(_) | NodeEnum::InsertStmt(_) | NodeEnum::MergeStmt(_)) => {
            has_offset(event.sql)
        }
        Some(NodeEnum::DoStmt(_)) => {
            let body = parser::parse_plpgsql(event.sql).unwrap_or_default();
            queries(&body).iter().any(|query| has_offset(query))
        }
        Some(_) | None => false,
    };
    let text = "OFFSET skips rows, where those of the batch before no longer meet the condition".to_owned();
    if skips { vec![Found::about(String::new(), text)] } else { Vec::new() }
}

fn has_offset(sql: &str) -> bool {
    let Ok(tree) = parser::parse(sql) else { return false };
    let nodes = tree.stmts.iter().filter_map(|it| it.stmt.as_ref()?.node.as_ref());
    nodes.filter_map(|node| serde_json::to_value(node).ok()).any(|node| offset_within(&node))
}

/// `OFFSET 0` skips nothing: it keeps the planner from merging a query into another.
fn offset_within(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(offset_within),
        Value::Object(fields) => {
            let offset = fields.get("limit_offset").filter(|it| !it.is_null());
            let zero = |it: &Value| {
                it.pointer("/node/AConst/val/Ival").is_some_and(|it| it["ival"].as_i64().unwrap_or(0) == 0)
            };
            offset.is_some_and(|it| !zero(it)) || fields.values().any(offset_within)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// The statements in the body of a block.
fn queries(body: &Value) -> Vec<String> {
    match body {
        Value::Array(items) => items.iter().flat_map(queries).collect(),
        Value::Object(fields) => {
            let own = fields.get("query").and_then(Value::as_str).map(str::to_owned);
            own.into_iter().chain(fields.values().flat_map(queries)).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}
