//! What a database must be able to offer before a script is loaded in it.

use std::collections::BTreeSet;

use pg_query::NodeEnum;
use serde_json::Value;

use super::class::{Class, text};
use super::lexer::{TokenKind, words};
use super::uses::{Sort, uses};
use super::{Script, Statement};
use crate::model::Files;
use crate::model::parser;
use crate::shadow::Wanted;

/// The extensions that a script creates, and the roles that it names or creates.
///
/// Left out are the roles that every server has (`pg_…`), and those that a `DO` block may create: they must not be
/// there when it runs.
pub fn wanted(script: &Script, files: &Files) -> Wanted {
    let mut wanted = Wanted::default();
    let mut made_by_blocks = BTreeSet::new();
    for statement in &script.statements {
        let sql = statement.sql(files);
        match &statement.class {
            Class::Role(name) => {
                wanted.roles.insert(name.clone());
            }
            _ if names_roles(&sql) => wanted.roles.extend(roles(&sql)),
            _ => (),
        }
        wanted.extensions.extend(extensions(statement));
        wanted.roles.extend(statement.settings.iter().flat_map(|setting| role_setting(setting)));
        if first_word_is(&sql, "set") {
            wanted.roles.extend(role_setting(&sql));
        }
        if first_word_is(&sql, "do") {
            block(&sql, &mut wanted.roles, &mut made_by_blocks);
        }
    }
    wanted.roles.retain(|role| !role.starts_with("pg_") && !made_by_blocks.contains(role));
    wanted
}

fn extensions(statement: &Statement) -> impl Iterator<Item = String> {
    statement.defines.iter().filter(|defined| defined.kind == "extension").map(|defined| defined.name.clone())
}

fn roles(sql: &str) -> impl Iterator<Item = String> {
    uses(sql).into_iter().filter(|used| used.sort == Sort::Role).map(|used| used.name)
}

/// Whether a statement is of a form that can name a role; most are not, and parsing them again is work.
fn names_roles(sql: &str) -> bool {
    let mut words = words(sql).map(|token| sql[token.range].to_lowercase());
    match words.next().as_deref() {
        Some("grant" | "revoke" | "alter" | "reassign" | "security") => true,
        Some("create") => matches!(words.next().as_deref(), Some("policy" | "schema" | "user")),
        _ => false,
    }
}

/// The role in `SET ROLE` and `SET SESSION AUTHORIZATION`.
fn role_setting(sql: &str) -> Option<String> {
    let tree = parser::parse(sql).ok()?;
    match tree.stmts.first()?.stmt.as_ref()?.node.as_ref()? {
        NodeEnum::VariableSetStmt(stmt) if matches!(stmt.name.as_str(), "role" | "session_authorization") => {
            stmt.args.first().and_then(text).filter(|name| name != "none")
        }
        _ => None,
    }
}

fn first_word_is(sql: &str, keyword: &str) -> bool {
    words(sql).next().is_some_and(|token| sql[token.range].eq_ignore_ascii_case(keyword))
}

/// The roles that a `DO` block names; and, if it creates any, every word in it, for the name may be put together there.
fn block(sql: &str, named: &mut BTreeSet<String>, made: &mut BTreeSet<String>) {
    if let Ok(tree) = parser::parse_plpgsql(sql) {
        queries(&tree, &mut |query| {
            if names_roles(query) {
                named.extend(roles(query));
            }
        });
    }
    let mut all = Vec::new();
    for token in words(sql).filter(|token| token.kind == TokenKind::String) {
        words_within(&sql[token.range], &mut all);
    }
    let creates = all.windows(2).any(|pair| {
        pair[0].eq_ignore_ascii_case("create") && ["role", "user", "group"].contains(&pair[1].to_lowercase().as_str())
    });
    if creates {
        made.extend(all);
    }
}

fn queries(tree: &Value, found: &mut impl FnMut(&str)) {
    match tree {
        Value::Array(items) => items.iter().for_each(|item| queries(item, found)),
        Value::Object(fields) => {
            if let Some(query) = fields.get("query").and_then(Value::as_str) {
                found(query);
            }
            fields.values().for_each(|field| queries(field, found));
        }
        _ => (),
    }
}

/// The words of a string literal's text, also of the literals in it.
fn words_within(literal: &str, found: &mut Vec<String>) {
    let quote = literal.find(['\'', '$']).unwrap_or(0);
    let opening = match literal[quote..].strip_prefix('$').and_then(|rest| rest.find('$')) {
        Some(end) => end + 2,
        None => 1,
    };
    let Some(inner) = literal.get(quote + opening..literal.len().saturating_sub(opening)) else { return };
    for token in words(inner) {
        match token.kind {
            TokenKind::String => words_within(&inner[token.range], found),
            TokenKind::Quoted => found.push(inner[token.range].trim_matches('"').to_owned()),
            TokenKind::Word => found.push(inner[token.range].to_lowercase()),
            _ => (),
        }
    }
}
