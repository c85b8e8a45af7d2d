//! `CREATE COLLATION` where there are no locales: the same name, sorting by bytes, with what was asked for beside it.
//!
//! A libc collation has no `colllocale`. That of a stand-in holds the columns of `pg_collation` that were asked for, as
//! JSON; `kinds::collation` reads them from there, and `CREATE COLLATION … FROM` copies them.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "parse trees have hundreds of nodes; this is about one of them, and means that by `_`"
)]

use std::borrow::Cow;
use std::collections::BTreeMap;

use pg_query::protobuf::{DefElem, Node, ObjectType, String as StringNode};
use pg_query::{NodeEnum, NodeRef};
use serde_json::json;

use crate::model::{Ident, Literal};

/// Rewrites one `CREATE COLLATION name (provider = icu, …)` to a libc collation of the same name that every server
/// has. Any other text stays as it is, and so does one that needs no locale which may lack (`FROM`, `C`, `builtin`).
///
/// <https://www.postgresql.org/docs/current/sql-createcollation.html>
pub(super) fn adapt(sql: &str) -> Cow<'_, str> {
    let may_be_one = sql.as_bytes().windows(9).any(|word| word.eq_ignore_ascii_case(b"collation"));
    may_be_one.then(|| stand_in(sql)).flatten().map_or(Cow::Borrowed(sql), Cow::Owned)
}

fn stand_in(sql: &str) -> Option<String> {
    let mut parsed = crate::model::parser::parse_whole(sql).ok()?;
    let [statement] = parsed.protobuf.stmts.as_mut_slice() else { return None };
    let NodeEnum::DefineStmt(define) = statement.stmt.as_mut()?.node.as_mut()? else { return None };
    if define.kind() != ObjectType::ObjectCollation {
        return None;
    }
    let asked = define.definition.iter().filter_map(option).collect::<BTreeMap<_, _>>();
    if works_anyway(&asked) {
        return None;
    }
    define.definition = vec![set("provider", "libc"), set("locale", "C")];
    let name = define.defnames.iter().filter_map(string).map(|part| Ident::new(part).to_string()).collect::<Vec<_>>();
    let create = parsed.deparse(pg_query::DeparseOptions::default()).ok()?;
    Some(format!("{create};\n{}", note(&name.join("."), &asked)))
}

type Asked = BTreeMap<String, String>;

fn works_anyway(asked: &Asked) -> bool {
    let mut locales = ["locale", "lc_collate", "lc_ctype"].into_iter().filter_map(|name| asked.get(name));
    match asked.get("provider").map(String::as_str) {
        _ if asked.contains_key("from") => true,
        Some("icu") => false,
        Some("builtin") => true,
        _ => locales.all(|locale| matches!(locale.as_str(), "C" | "POSIX")),
    }
}

/// The statement that keeps what was asked for, unless the collation was there before.
fn note(name: &str, asked: &Asked) -> String {
    let locale = asked.get("locale");
    let columns = match asked.get("provider").map(String::as_str) {
        Some("icu") => json!({ "provider": "i", "locale": locale.or(asked.get("lc_collate")) }),
        _ => json!({
            "provider": "c",
            "lc_collate": locale.or(asked.get("lc_collate")),
            "lc_ctype": locale.or(asked.get("lc_ctype")),
        }),
    };
    let rules = asked.get("rules").map_or("NULL".to_owned(), |rules| Literal(rules).to_string());
    let deterministic = asked.get("deterministic").is_none_or(|value| value == "true");
    format!(
        "UPDATE pg_catalog.pg_collation \
         SET colllocale = {}, collicurules = {rules}, collisdeterministic = {deterministic} \
         WHERE oid = {}::pg_catalog.regcollation AND colllocale IS NULL",
        Literal(&columns.to_string()),
        Literal(name)
    )
}

fn option(node: &Node) -> Option<(String, String)> {
    let NodeEnum::DefElem(element) = node.node.as_ref()? else { return None };
    let value = match element.arg.as_deref() {
        Some(value) => text(value)?,
        None => "true".to_owned(),
    };
    // The only values whose case does not count are names of providers and booleans.
    let name = element.defname.to_ascii_lowercase();
    let value = if matches!(name.as_str(), "provider" | "deterministic") { value.to_ascii_lowercase() } else { value };
    Some((name, value))
}

fn text(node: &Node) -> Option<String> {
    match node.node.as_ref()?.to_ref() {
        NodeRef::String(value) => Some(value.sval.clone()),
        NodeRef::TypeName(name) => name.names.iter().filter_map(string).next_back(),
        NodeRef::List(names) => Some(names.items.iter().filter_map(string).collect::<Vec<_>>().join(".")),
        NodeRef::Boolean(value) => Some(value.boolval.to_string()),
        // Any other form is not one that this option takes; the server will say so.
        _ => None,
    }
}

fn string(node: &Node) -> Option<String> {
    match node.node.as_ref()? {
        NodeEnum::String(value) => Some(value.sval.clone()),
        // A name consists of strings only.
        _ => None,
    }
}

fn set(name: &str, value: &str) -> Node {
    let value = Node { node: Some(NodeEnum::String(StringNode { sval: value.to_owned() })) };
    Node {
        node: Some(NodeEnum::DefElem(Box::new(DefElem {
            defname: name.to_owned(),
            arg: Some(Box::new(value)),
            ..DefElem::default()
        }))),
    }
}

#[cfg(test)]
mod tests {
    use super::adapt;

    #[test]
    fn an_icu_collation_becomes_a_libc_one_of_the_same_name() {
        let adapted = adapt(
            "CREATE COLLATION IF NOT EXISTS app.\"Ünicode\" (provider = ICU, locale = 'und-u-ks-level2', deterministic = false)",
        );
        insta::assert_snapshot!(adapted, @r#"
        CREATE COLLATION IF NOT EXISTS app."Ünicode" (provider = 'libc', locale = 'C');
        UPDATE pg_catalog.pg_collation SET colllocale = '{"provider":"i","locale":"und-u-ks-level2"}', collicurules = NULL, collisdeterministic = false WHERE oid = 'app."Ünicode"'::pg_catalog.regcollation AND colllocale IS NULL
        "#);
    }

    #[test]
    fn a_system_locale_is_stood_in_for_too() {
        insta::assert_snapshot!(adapt("CREATE COLLATION de (locale = 'de_DE.utf8')"), @r#"
        CREATE COLLATION de (provider = 'libc', locale = 'C');
        UPDATE pg_catalog.pg_collation SET colllocale = '{"provider":"c","lc_collate":"de_DE.utf8","lc_ctype":"de_DE.utf8"}', collicurules = NULL, collisdeterministic = true WHERE oid = 'de'::pg_catalog.regcollation AND colllocale IS NULL
        "#);
    }

    #[test]
    fn what_works_anyway_is_left_alone() {
        for sql in [
            "CREATE COLLATION c (locale = 'C')",
            "CREATE COLLATION d FROM \"C\"",
            "CREATE COLLATION e (provider = builtin, locale = 'C.UTF-8')",
            "COMMENT ON COLLATION c IS 'x'",
            "SELECT 1",
            "not sql",
        ] {
            assert_eq!(adapt(sql), sql);
        }
    }
}
