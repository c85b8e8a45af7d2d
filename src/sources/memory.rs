//! What a reading of a database leaves behind for the next one: prepared queries, and rows of those whose catalogs have
//! not changed since.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use postgres::types::ToSql;
use postgres::{Row, Statement, Transaction};

use super::lexer::{Token, TokenKind, words};

/// Queries of one session, and what they found.
#[derive(Default)]
pub struct Memory {
    prepared: HashMap<&'static str, Statement>,
    rows: HashMap<&'static str, Arc<Vec<Row>>>,
    reads: HashMap<&'static str, Reads>,
    /// What the queries were asked about.
    schemas: Vec<u32>,
}

impl Memory {
    /// Rows of these system catalogs have come, changed or gone.
    pub fn changed(&mut self, catalogs: &BTreeSet<String>) {
        let reads = &self.reads;
        self.rows.retain(|sql, _| reads.get(sql).is_some_and(|reads| !reads.any_of(catalogs)));
    }

    /// Anything may have changed, the session too.
    pub fn forget(&mut self) {
        self.prepared.clear();
        self.rows.clear();
    }

    /// From now on it is these schemas that are asked about.
    pub(super) fn about(&mut self, schemas: &[u32]) {
        if self.schemas != schemas {
            self.rows.clear();
            schemas.clone_into(&mut self.schemas);
        }
    }

    /// The rows of a query, as they were or as they are now. Its parameters follow from the schemas.
    ///
    /// # Errors
    /// What the server says.
    pub(super) fn query(
        &mut self,
        transaction: &mut Transaction<'_>,
        sql: &'static str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Arc<Vec<Row>>, postgres::Error> {
        if let Some(rows) = self.rows.get(sql) {
            return Ok(Arc::clone(rows));
        }
        let statement = match self.prepared.get(sql) {
            Some(statement) => statement.clone(),
            None => {
                let statement = transaction.prepare(sql)?;
                self.prepared.insert(sql, statement.clone());
                statement
            }
        };
        let rows = Arc::new(transaction.query(&statement, parameters)?);
        self.reads.entry(sql).or_insert_with(|| Reads::of(sql));
        self.rows.insert(sql, Arc::clone(&rows));
        Ok(rows)
    }
}

/// The system catalogs that the result of a query depends on.
#[derive(Debug, PartialEq, Eq)]
enum Reads {
    /// Any, or who knows which.
    Everything,
    These(BTreeSet<&'static str>),
}

impl Reads {
    /// By its words. What is not known here may read anything.
    fn of(sql: &str) -> Reads {
        let tokens: Vec<Token> = words(sql).collect();
        let mut found = BTreeSet::new();
        for (at, token) in tokens.iter().enumerate().filter(|(_, token)| token.kind == TokenKind::Word) {
            let word = &sql[token.range.clone()];
            let before = tokens[..at].iter().rfind(|it| it.kind != TokenKind::Colon);
            let calls = tokens.get(at + 1).is_some_and(|next| next.kind == TokenKind::Open);
            // The address of a catalog itself, which never changes.
            let is_constant = before.is_some_and(|it| it.kind == TokenKind::String);
            // A name for a row of something in FROM.
            let is_alias = before.is_some_and(|it| sql[it.range.clone()].eq_ignore_ascii_case("as"));
            let known = ALIKE.iter().find(|(name, _)| *name == word);
            match known {
                Some(_) if word.starts_with("reg") && is_constant => (),
                Some((_, catalogs)) => found.extend(*catalogs),
                None if is_alias => (),
                None if calls && (word.starts_with("pg_") || !is_pure(word)) => return Reads::Everything,
                None if word.starts_with("pg_") => match CATALOGS.iter().find(|name| **name == word) {
                    Some(name) => drop(found.insert(*name)),
                    None => return Reads::Everything,
                },
                None if word.starts_with("reg") && PURE.iter().all(|it| *it != word) => return Reads::Everything,
                None => (),
            }
        }
        Reads::These(found)
    }

    fn any_of(&self, catalogs: &BTreeSet<String>) -> bool {
        match self {
            Reads::Everything => !catalogs.is_empty(),
            Reads::These(names) => names.iter().any(|name| catalogs.contains(*name)),
        }
    }
}

fn is_pure(word: &str) -> bool {
    PURE.iter().any(|it| it.eq_ignore_ascii_case(word))
}

/// System catalogs that are tables (PostgreSQL manual, chapter 52).
const CATALOGS: &[&str] = &[
    "pg_aggregate",
    "pg_am",
    "pg_amop",
    "pg_amproc",
    "pg_attrdef",
    "pg_attribute",
    "pg_auth_members",
    "pg_authid",
    "pg_cast",
    "pg_class",
    "pg_collation",
    "pg_constraint",
    "pg_conversion",
    "pg_database",
    "pg_db_role_setting",
    "pg_default_acl",
    "pg_depend",
    "pg_description",
    "pg_enum",
    "pg_event_trigger",
    "pg_extension",
    "pg_foreign_data_wrapper",
    "pg_foreign_server",
    "pg_foreign_table",
    "pg_index",
    "pg_inherits",
    "pg_init_privs",
    "pg_language",
    "pg_namespace",
    "pg_opclass",
    "pg_operator",
    "pg_opfamily",
    "pg_partitioned_table",
    "pg_policy",
    "pg_proc",
    "pg_publication",
    "pg_publication_namespace",
    "pg_publication_rel",
    "pg_range",
    "pg_rewrite",
    "pg_seclabel",
    "pg_sequence",
    "pg_shdepend",
    "pg_shdescription",
    "pg_shseclabel",
    "pg_statistic_ext",
    "pg_subscription",
    "pg_tablespace",
    "pg_transform",
    "pg_trigger",
    "pg_ts_config",
    "pg_ts_config_map",
    "pg_ts_dict",
    "pg_ts_parser",
    "pg_ts_template",
    "pg_type",
    "pg_user_mapping",
];

/// Views, functions and types that read a few catalogs to print what they print.
const ALIKE: &[(&str, &[&str])] = &[
    ("format_type", &["pg_type", "pg_namespace"]),
    ("oidvectortypes", &["pg_type", "pg_namespace"]),
    ("pg_available_extensions", &["pg_extension"]),
    ("pg_encoding_to_char", &[]),
    ("pg_get_userbyid", &["pg_authid"]),
    ("pg_node_tree", &[]),
    ("pg_roles", &["pg_authid", "pg_db_role_setting"]),
    ("pg_user_mappings", &["pg_user_mapping", "pg_foreign_server", "pg_authid"]),
    ("regclass", &["pg_class", "pg_namespace"]),
    ("regcollation", &["pg_collation", "pg_namespace"]),
    ("regdictionary", &["pg_ts_dict", "pg_namespace"]),
    ("regnamespace", &["pg_namespace"]),
    ("regoperator", &["pg_operator", "pg_type", "pg_namespace"]),
    ("regproc", &["pg_proc", "pg_namespace"]),
    ("regprocedure", &["pg_proc", "pg_type", "pg_namespace"]),
    ("regtype", &["pg_type", "pg_namespace"]),
    ("to_regclass", &["pg_class", "pg_namespace"]),
    ("to_regnamespace", &["pg_namespace"]),
    ("to_regrole", &["pg_authid"]),
];

/// Words before a parenthesis that read no catalog: of SQL itself, and functions of their arguments alone. What settings
/// say is the same as long as nobody sets anything.
const PURE: &[&str] = &[
    "acldefault",
    "aclexplode",
    "all",
    "and",
    "any",
    "array",
    "array_agg",
    "array_length",
    "array_remove",
    "as",
    "btrim",
    "by",
    "case",
    "coalesce",
    "concat",
    "concat_ws",
    "convert_to",
    "count",
    "current_database",
    "current_setting",
    "else",
    "encode",
    "exists",
    "filter",
    "format",
    "from",
    "generate_series",
    "in",
    "join",
    "lateral",
    "materialized",
    "max",
    "min",
    "not",
    "nullif",
    "octet_length",
    "on",
    "or",
    "over",
    "quote_ident",
    "quote_literal",
    "regexp_matches",
    "regexp_split_to_array",
    "replace",
    "row_number",
    "select",
    "sha256",
    "split_part",
    "string_agg",
    "strpos",
    "substr",
    "then",
    "to_jsonb",
    "union",
    "unnest",
    "using",
    "values",
    "when",
    "where",
    "within",
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::Reads;
    use crate::model::Kind;

    fn these(names: &[&'static str]) -> Reads {
        Reads::These(names.iter().copied().collect())
    }

    #[test]
    fn a_query_depends_on_the_catalogs_that_it_names() {
        let of_table = "SELECT 'pg_proc'::regclass, c.oid FROM pg_class c JOIN pg_am m ON (m.oid = c.relam)";
        assert_eq!(Reads::of(of_table), these(&["pg_am", "pg_class", "pg_namespace"]));
        assert_eq!(
            Reads::of("SELECT format_type(a.atttypid, NULL) FROM pg_attribute a"),
            these(&["pg_attribute", "pg_namespace", "pg_type"])
        );
        assert_eq!(Reads::of("SELECT oid::regproc FROM pg_am"), these(&["pg_am", "pg_namespace", "pg_proc"]));
    }

    #[test]
    fn what_is_not_known_may_read_anything() {
        for sql in ["SELECT pg_get_expr(a, b)", "SELECT mine(1)", "SELECT FROM pg_tables", "SELECT x::regrole"] {
            assert_eq!(Reads::of(sql), Reads::Everything, "{sql}");
        }
    }

    /// What prints expressions may, since these name anything.
    #[test]
    fn most_kinds_depend_on_few_catalogs() {
        let all: Vec<Kind> =
            Kind::ALL.iter().copied().filter(|it| Reads::of(it.catalog()) == Reads::Everything).collect();
        assert!(all.len() < Kind::ALL.len() / 2, "{all:?}");
        let none = BTreeSet::new();
        assert!(Kind::ALL.iter().all(|kind| !Reads::of(kind.catalog()).any_of(&none)));
    }
}
