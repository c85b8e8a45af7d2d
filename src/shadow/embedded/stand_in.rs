//! `CREATE COLLATION` where there are no locales: the same name, sorting by bytes.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "parse trees have hundreds of nodes; this is about one of them, and means that by `_`"
)]

use pg_query::protobuf::{DefElem, Node, ObjectType, String as StringNode};
use pg_query::{NodeEnum, NodeRef};

/// A statement to run in the place of a `CREATE COLLATION`, and what was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CollationStandIn {
    pub sql: String,
    /// The parts of the name: schema, if written, and name.
    pub name: Vec<String>,
    /// The options as they were written: `provider`, `locale`, `deterministic`, `rules` …
    pub asked: Vec<(String, String)>,
}

/// Rewrites one `CREATE COLLATION name (provider = icu, …)` to a libc collation of the same name that every server
/// has. None where the statement is something else, or needs no locale that may lack (`FROM`, `C`, `POSIX`).
///
/// <https://www.postgresql.org/docs/current/sql-createcollation.html>
pub fn adapt_collation(sql: &str) -> Option<CollationStandIn> {
    let mut parsed = crate::model::parser::parse_whole(sql).ok()?;
    let [statement] = parsed.protobuf.stmts.as_mut_slice() else { return None };
    let NodeEnum::DefineStmt(define) = statement.stmt.as_mut()?.node.as_mut()? else { return None };
    if define.kind() != ObjectType::ObjectCollation {
        return None;
    }
    let asked = define.definition.iter().filter_map(option).collect::<Vec<_>>();
    let copies = asked.iter().any(|(name, _)| name == "from");
    let portable = asked
        .iter()
        .filter(|(name, _)| matches!(name.as_str(), "locale" | "lc_collate" | "lc_ctype"))
        .all(|(_, value)| matches!(value.as_str(), "C" | "POSIX"));
    let icu = asked.iter().any(|(name, value)| name == "provider" && value.eq_ignore_ascii_case("icu"));
    if copies || (portable && !icu) {
        return None;
    }
    define.definition = vec![set("provider", "libc"), set("locale", "C")];
    let name = define.defnames.iter().filter_map(string).collect();
    Some(CollationStandIn { sql: parsed.deparse(pg_query::DeparseOptions::default()).ok()?, name, asked })
}

fn option(node: &Node) -> Option<(String, String)> {
    let NodeEnum::DefElem(element) = node.node.as_ref()? else { return None };
    let value = match element.arg.as_deref() {
        Some(value) => text(value)?,
        None => "true".to_owned(),
    };
    Some((element.defname.to_ascii_lowercase(), value))
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
    use super::adapt_collation;

    #[test]
    fn an_icu_collation_becomes_a_libc_one_of_the_same_name() {
        let stand_in = adapt_collation(
            "CREATE COLLATION IF NOT EXISTS app.\"Ünicode\" (provider = icu, locale = 'und-u-ks-level2', deterministic = false)",
        )
        .expect("a stand-in");
        insta::assert_snapshot!(stand_in.sql, @r#"CREATE COLLATION IF NOT EXISTS app."Ünicode" (provider = 'libc', locale = 'C')"#);
        assert_eq!(stand_in.name, ["app", "Ünicode"]);
        assert!(stand_in.asked.contains(&("deterministic".to_owned(), "false".to_owned())));
    }

    #[test]
    fn a_system_locale_is_stood_in_for_too() {
        assert!(adapt_collation("CREATE COLLATION de (locale = 'de_DE.utf8')").is_some());
    }

    #[test]
    fn what_works_anyway_is_left_alone() {
        for sql in ["CREATE COLLATION c (locale = 'C')", "CREATE COLLATION d FROM \"C\"", "SELECT 1", "not sql"] {
            assert_eq!(adapt_collation(sql), None, "{sql}");
        }
    }
}
