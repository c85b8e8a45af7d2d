//! Storage parameters of indexes by stand-in methods. The method that stands in knows none of them, so they are kept where
//! PostgreSQL keeps them, past its checks.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "parse trees have hundreds of nodes; this is about a few of them, and means that by `_`"
)]

use std::collections::BTreeSet;

use pg_query::NodeEnum;
use pg_query::protobuf::{AlterTableStmt, AlterTableType, Node, ObjectType, RangeVar};

use super::stub;
use crate::model::{Ident, Literal, parser};

/// What a statement becomes that says or meets such parameters; nothing where it does not.
pub(super) fn stand_in(sql: &str, methods: &BTreeSet<&str>) -> Option<String> {
    if methods.is_empty() {
        return None;
    }
    let mut parsed = parser::parse_whole(sql).ok()?;
    let [statement] = parsed.protobuf.stmts.as_mut_slice() else { return None };
    match statement.stmt.as_mut()?.node.as_mut()? {
        NodeEnum::IndexStmt(index) if methods.contains(index.access_method.as_str()) && !index.options.is_empty() => {
            let kept = options(&std::mem::take(&mut index.options));
            let table = name(index.relation.as_ref()?);
            let create = parsed.deparse(pg_query::DeparseOptions::default()).ok()?;
            let last = format!("SELECT max(indexrelid) FROM pg_catalog.pg_index WHERE indrelid = {table}::regclass");
            Some(format!(
                "{create};\nUPDATE pg_catalog.pg_class SET reloptions = {} WHERE oid = ({last})",
                array(&kept)
            ))
        }
        NodeEnum::AlterTableStmt(alter) if alter.objtype() == ObjectType::ObjectIndex => set(sql, alter, methods),
        NodeEnum::AlterTableStmt(alter) if converts(alter) => {
            let table = name(alter.relation.as_ref()?);
            Some(set_aside(sql, &table, methods))
        }
        _ => None,
    }
}

/// `ALTER INDEX … SET (…)` and `RESET (…)`. Which method the index is by, only the server knows.
fn set(sql: &str, alter: &AlterTableStmt, methods: &BTreeSet<&str>) -> Option<String> {
    let mut changed = Vec::new();
    let mut kept = Vec::new();
    for node in &alter.cmds {
        let NodeEnum::AlterTableCmd(command) = node.node.as_ref()? else { return None };
        let NodeEnum::List(list) = command.def.as_ref()?.node.as_ref()? else { return None };
        let given = options(&list.items);
        changed.extend(given.iter().map(|option| option.split('=').next().unwrap_or_default().to_owned()));
        match command.subtype() {
            AlterTableType::AtSetRelOptions => kept.extend(given),
            AlterTableType::AtResetRelOptions => (),
            _ => return None,
        }
    }
    let (index, changed, kept, plain) = (name(alter.relation.as_ref()?), array(&changed), array(&kept), Literal(sql));
    let stood_in = stood_in("c", methods);
    Some(format!(
        "DO $trueup_set$ BEGIN
         IF EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid = {index}::regclass AND {stood_in}) THEN
             UPDATE pg_catalog.pg_class SET reloptions = nullif(
                 ARRAY(SELECT o FROM unnest(reloptions) o WHERE split_part(o, '=', 1) <> ALL ({changed})) || {kept}, '{{}}')
             WHERE oid = {index}::regclass;
         ELSE
             EXECUTE {plain};
         END IF;
         END $trueup_set$"
    ))
}

/// Whether PostgreSQL may make the indexes of the table anew.
fn converts(alter: &AlterTableStmt) -> bool {
    alter.cmds.iter().any(|node| match node.node.as_ref() {
        Some(NodeEnum::AlterTableCmd(command)) => command.subtype() == AlterTableType::AtAlterColumnType,
        _ => false,
    })
}

/// The statement without the parameters of these indexes, which come back after it.
fn set_aside(sql: &str, table: &str, methods: &BTreeSet<&str>) -> String {
    let stood_in = stood_in("c", methods);
    let theirs = format!(
        "c.oid IN (SELECT indexrelid FROM pg_catalog.pg_index WHERE indrelid = {table}::regclass)
         AND c.reloptions IS NOT NULL AND {stood_in}"
    );
    format!(
        "DO $trueup_aside$ BEGIN
         PERFORM set_config('trueup.parameters', (SELECT coalesce(json_object_agg(c.oid::regclass, c.reloptions), '{{}}')::text
                                                  FROM pg_catalog.pg_class c WHERE {theirs}), false);
         UPDATE pg_catalog.pg_class c SET reloptions = NULL WHERE {theirs};
         END $trueup_aside$;
         {sql};
         UPDATE pg_catalog.pg_class c SET reloptions = ARRAY(SELECT json_array_elements_text(p.value))
         FROM json_each(current_setting('trueup.parameters')::json) p WHERE c.oid = to_regclass(p.key)"
    )
}

fn stood_in(class: &str, methods: &BTreeSet<&str>) -> String {
    let names: Vec<String> = methods.iter().map(|&name| name.to_owned()).collect();
    format!("{class}.relam IN (SELECT a.oid FROM pg_catalog.pg_am a WHERE a.amname = ANY ({}))", array(&names))
}

/// `m=16`, as the catalog holds it; the name alone where there is no value.
fn options(nodes: &[Node]) -> Vec<String> {
    let options = nodes.iter().filter_map(|node| match node.node.as_ref()? {
        NodeEnum::DefElem(it) => match it.arg.as_deref().and_then(stub::text) {
            Some(value) => Some(format!("{}={value}", it.defname)),
            None => Some(it.defname.clone()),
        },
        _ => None,
    });
    options.collect()
}

fn array(texts: &[String]) -> String {
    let texts: Vec<String> = texts.iter().map(|text| Literal(text).to_string()).collect();
    format!("ARRAY[{}]::text[]", texts.join(", "))
}

/// A relation as a literal that `regclass` reads.
fn name(relation: &RangeVar) -> String {
    let schema = match relation.schemaname.as_str() {
        "" => String::new(),
        schema => format!("{}.", Ident::new(schema)),
    };
    Literal(&format!("{schema}{}", Ident::new(&relation.relname))).to_string()
}
