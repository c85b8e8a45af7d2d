//! The session that rows are made in: one transaction in which no trigger and no rule fires, and after which the catalog
//! and the sequences are as they were.

use postgres::Client;

use super::facts::answers;
use crate::model::Literal;

/// What is to be put back.
pub(super) struct Quiet {
    triggers: String,
    rules: String,
    sequences: String,
}

/// Begins the transaction.
///
/// In the role of a replica only what is enabled for replicas or always fires; that is disabled. Not by `ALTER TABLE`,
/// which event triggers hear, and which would take more than the flag. What checks a deferrable key is a trigger too, and
/// the only one that is wanted.
pub(super) fn begin(client: &mut Client) -> Result<Quiet, postgres::Error> {
    client.batch_execute(BEGIN)?;
    let before = [state("pg_trigger", "tgenabled", TRIGGERS), state("pg_rewrite", "ev_enabled", RULES)].join(";");
    let mut found = answers(client, &before)?.into_iter();
    let (triggers, rules) = (found.next().unwrap_or_default(), found.next().unwrap_or_default());
    let sequences = positions(client)?;
    if triggers != "{}" {
        client.batch_execute(&format!(
            "UPDATE pg_trigger t SET tgenabled = CASE WHEN {DEFERRED} THEN 'A' ELSE 'D' END::\"char\" WHERE {TRIGGERS};
             {}",
            touched("pg_trigger", "tgrelid", &triggers)
        ))?;
    }
    if rules != "{}" {
        client.batch_execute(&format!(
            "UPDATE pg_rewrite t SET ev_enabled = 'D' WHERE {RULES}; {}",
            touched("pg_rewrite", "ev_class", &rules)
        ))?;
    }
    Ok(Quiet { triggers, rules, sequences })
}

/// From here on names are looked up as the functions of the schema expect; what was read names everything in full.
pub(super) fn use_path(client: &mut Client) -> Result<(), postgres::Error> {
    client.batch_execute("SET LOCAL search_path TO DEFAULT")
}

impl Quiet {
    /// Puts everything back and keeps the rows.
    pub(super) fn end(self, client: &mut Client) -> Result<(), postgres::Error> {
        client.batch_execute("SET LOCAL search_path TO pg_catalog")?;
        let mut sql = String::new();
        for (catalog, flag, table, state) in [
            ("pg_trigger", "tgenabled", "tgrelid", &self.triggers),
            ("pg_rewrite", "ev_enabled", "ev_class", &self.rules),
        ] {
            if state != "{}" {
                sql += &format!(
                    "UPDATE {catalog} t SET {flag} = s.value::\"char\" FROM json_each_text({}) s WHERE t.oid = s.key::oid; {};",
                    Literal(state),
                    touched(catalog, table, state)
                );
            }
        }
        let now = positions(client)?;
        if now != self.sequences {
            sql += &format!(
                "SELECT setval((s ->> 0)::regclass, (s ->> 1)::int8, (s ->> 2)::bool) FROM json_array_elements({}) s
                 WHERE s::text NOT IN (SELECT n::text FROM json_array_elements({}) n);",
                Literal(&self.sequences),
                Literal(&now)
            );
        }
        client.batch_execute(&format!("{sql} COMMIT"))
    }
}

fn state(catalog: &str, flag: &str, which: &str) -> String {
    format!("SELECT coalesce(json_object_agg(t.oid, t.{flag}), '{{}}') FROM {catalog} t WHERE {which}")
}

/// The server keeps what it knows of a table until its row in `pg_class` is written anew.
fn touched(catalog: &str, table: &str, state: &str) -> String {
    format!(
        "UPDATE pg_class c SET relname = relname WHERE oid IN (
             SELECT {table} FROM {catalog} t JOIN json_each_text({}) s ON t.oid = s.key::oid)",
        Literal(state)
    )
}

/// Where every sequence stands, as JSON.
fn positions(client: &mut Client) -> Result<String, postgres::Error> {
    match answers(client, SEQUENCES)?.pop().unwrap_or_default().as_str() {
        "" => Ok("[]".to_owned()),
        query => Ok(answers(client, query)?.pop().unwrap_or_default()),
    }
}

/// Combinations are joined in the order in which they are written, which is the one that soonest finds what fails.
const BEGIN: &str = "
    BEGIN;
    SET LOCAL session_replication_role = replica;
    SET LOCAL search_path TO pg_catalog;
    SET LOCAL client_min_messages TO error;
    SET LOCAL TimeZone TO 'UTC';
    SET LOCAL DateStyle TO 'ISO, MDY';
    SET LOCAL IntervalStyle TO postgres;
    SET LOCAL standard_conforming_strings TO on;
    SET LOCAL jit TO off;
    SET LOCAL join_collapse_limit TO 1;
    SET CONSTRAINTS ALL IMMEDIATE";

const DEFERRED: &str = "t.tgfoid = 'pg_catalog.unique_key_recheck'::regproc";
const TRIGGERS: &str = "(t.tgenabled IN ('A', 'R') OR t.tgfoid = 'pg_catalog.unique_key_recheck'::regproc)";
/// Those of views are what the views are.
const RULES: &str = "t.ev_enabled IN ('A', 'R') AND t.rulename <> '_RETURN'";

/// The query that tells where every sequence stands; nothing where there is none.
const SEQUENCES: &str = "
    SELECT 'SELECT json_agg(s) FROM (' || string_agg(
        format('SELECT json_build_array(%L, last_value::text, is_called) AS s FROM %I.%I', c.oid, n.nspname, c.relname),
        ' UNION ALL ' ORDER BY n.nspname, c.relname) || ') s'
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'S' AND c.relpersistence <> 't'";
