//! The database that a sample is taken from: read in one read-only transaction, with no lock that keeps anybody waiting, and
//! with bounds on time. What it refuses is told without its own words, in which there may be values.

use std::time::Duration;

use postgres::{Client, SimpleQueryMessage};
use serde::Deserialize;

use crate::{model::Literal, rehearse::rows::facts::answers};

/// A relation of that database, with names as the catalog has them.
#[derive(Clone, Deserialize)]
pub(super) struct Table {
    pub(super) oid: u32,
    pub(super) schema: String,
    pub(super) name: String,
    /// `pg_class.relkind`.
    pub(super) kind: char,
    /// Whether the role may use its schema.
    pub(super) may_enter: bool,
    /// Whether row security hides rows from the role.
    pub(super) is_filtered: bool,
    /// As it was last counted; not above zero where it never was.
    pub(super) pages: i64,
    /// The tables that it is a partition of, with their schemas.
    pub(super) ancestors: Vec<(String, String)>,
    pub(super) columns: Vec<Column>,
    /// The columns of the primary key, in its order.
    pub(super) key: Vec<String>,
}

#[derive(Clone, Deserialize)]
pub(super) struct Column {
    pub(super) name: String,
    /// As SQL writes it.
    pub(super) sql_type: String,
    pub(super) may_read: bool,
    /// Whether its values may be of any length.
    pub(super) is_long: bool,
    /// The operator that says whether two values are the same, where it is not to be found by itself.
    pub(super) equals: Option<String>,
}

/// A session, in its transaction.
pub(super) struct Live<'a> {
    client: &'a mut Client,
}

/// Why something cannot be read, in words without values.
pub(super) type Refusal = String;

/// One statement takes no longer: what takes longer reads more than a sample.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a row holds: as text, in the order of the query.
pub(super) type Values = Vec<Option<String>>;

impl Live<'_> {
    /// Begins the transaction.
    pub(super) fn begin(client: &mut Client) -> Result<Live<'_>, Refusal> {
        let bounds = format!("{BEGIN}; SET LOCAL statement_timeout = {}", PATIENCE.as_millis());
        match client.batch_execute(&bounds) {
            Ok(()) => Ok(Live { client }),
            Err(error) => {
                client.batch_execute("ROLLBACK").ok();
                Err(words(&error))
            }
        }
    }

    /// What it knows of tables with these names, each with its schema.
    pub(super) fn tables(&mut self, names: &[(String, String)]) -> Result<Vec<Table>, Refusal> {
        let names = serde_json::to_string(names).unwrap_or_default();
        let sql = TABLES.replace("$names", &Literal(&names).to_string());
        let found = answers(self.client, &sql).map_err(|error| words(&error))?;
        serde_json::from_str(found.first().map_or("[]", String::as_str))
            .map_err(|_| "its catalog cannot be read".to_owned())
    }

    pub(super) fn rows(&mut self, query: &str) -> Result<Vec<Values>, Refusal> {
        let sql = format!("SAVEPOINT trueup_sample; {query}; RELEASE trueup_sample");
        match self.client.simple_query(&sql) {
            Ok(messages) => Ok(messages.iter().filter_map(values).collect()),
            Err(error) => {
                self.client.batch_execute("ROLLBACK TO trueup_sample; RELEASE trueup_sample").ok();
                Err(words(&error))
            }
        }
    }

    pub(super) fn end(self) {
        self.client.batch_execute("ROLLBACK").ok();
    }
}

fn values(message: &SimpleQueryMessage) -> Option<Values> {
    let SimpleQueryMessage::Row(row) = message else { return None };
    Some((0..row.len()).map(|at| row.get(at).map(str::to_owned)).collect())
}

/// PostgreSQL's own words may hold a value: `invalid input syntax for type integer: "…"`.
fn words(error: &postgres::Error) -> Refusal {
    let Some(code) = error.code() else { return "the connection was lost".to_owned() };
    match code.code() {
        "42501" => "the role may not read it".to_owned(),
        "57014" => format!("reading it took longer than {} s", PATIENCE.as_secs()),
        "55P03" => "somebody else has it locked".to_owned(),
        code => format!("the server refuses to read it (SQLSTATE {code})"),
    }
}

/// Whatever has an index is to be read by it, if it takes a few rows only. Nothing of the schema is looked up but by its
/// full name, and values are printed as they can be read again.
const BEGIN: &str = "
    BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY;
    SET LOCAL lock_timeout = '2s';
    SET LOCAL search_path TO pg_catalog;
    SET LOCAL TimeZone TO 'UTC';
    SET LOCAL DateStyle TO 'ISO, MDY';
    SET LOCAL IntervalStyle TO postgres;
    SET LOCAL bytea_output TO hex;
    SET LOCAL extra_float_digits TO 1;
    SET LOCAL standard_conforming_strings TO on;
    SET LOCAL synchronize_seqscans TO off;
    SET LOCAL max_parallel_workers_per_gather TO 0;
    SET LOCAL jit TO off;
    SET LOCAL enable_seqscan TO off;
    SET LOCAL enable_sort TO off;
    SET LOCAL enable_hashjoin TO off;
    SET LOCAL enable_mergejoin TO off";

/// Takes no lock on any of them.
const TABLES: &str = "
    SELECT coalesce(json_agg(q), '[]') FROM (
        SELECT c.oid::int8, n.nspname AS schema, c.relname AS name, c.relkind AS kind, c.relpages AS pages,
               has_schema_privilege(n.oid, 'USAGE') AS may_enter, row_security_active(c.oid) AS is_filtered,
               coalesce((SELECT json_agg(json_build_array(an.nspname, a.relname))
                         FROM pg_partition_ancestors(c.oid) p JOIN pg_class a ON a.oid = p JOIN pg_namespace an ON an.oid = a.relnamespace
                         WHERE a.oid <> c.oid), '[]') AS ancestors,
               coalesce((SELECT json_agg(json_build_object(
                             'name', a.attname, 'sql_type', format_type(a.atttypid, a.atttypmod),
                             'may_read', has_column_privilege(c.oid, a.attnum, 'SELECT'), 'is_long', t.typlen = -1,
                             'equals', (SELECT format('OPERATOR(%I.%s)', o_n.nspname, o.oprname)
                                        FROM pg_opclass k JOIN pg_am m ON m.oid = k.opcmethod AND m.amname = 'btree'
                                        JOIN pg_amop p ON p.amopfamily = k.opcfamily AND p.amopstrategy = 3
                                             AND p.amoplefttype = k.opcintype AND p.amoprighttype = k.opcintype
                                        JOIN pg_operator o ON o.oid = p.amopopr JOIN pg_namespace o_n ON o_n.oid = o.oprnamespace
                                        WHERE k.opcdefault AND k.opcintype = coalesce(nullif(t.typbasetype, 0), t.oid))) ORDER BY a.attnum)
                         FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
                         WHERE a.attrelid = c.oid AND 0 < a.attnum AND NOT a.attisdropped), '[]') AS columns,
               ARRAY(SELECT a.attname::text FROM pg_index i CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY k (n, at)
                     JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.n
                     WHERE i.indrelid = c.oid AND i.indisprimary AND i.indisvalid AND k.at <= i.indnkeyatts ORDER BY k.at) AS key
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm')
          AND (n.nspname::text, c.relname::text) IN (SELECT j ->> 0, j ->> 1 FROM json_array_elements($names::json) j)
        ORDER BY n.nspname, c.relname) q";
