//! Asks a live server how large its relations are. It changes nothing, and reads no row of anybody's.

use std::time::Duration;

use postgres::{Client, Row};

use crate::stats::{Index, Keeps, Name, Relation, Statistics, VERSION};

/// How long somebody's lock is waited for, in seconds: to ask for a size is to wait for whoever has locked the relation even
/// against readers.
const LOCKED: u64 = 2;

/// Reads what there is to know of the database that `client` is connected to; gives up when that takes longer than `patience`.
///
/// # Errors
/// What the server says, such as that it was made to give up because somebody has locked a relation.
pub fn take(client: &mut Client, patience: Duration) -> Result<Statistics, postgres::Error> {
    let mut transaction = client.build_transaction().read_only(true).start()?;
    transaction.batch_execute(&format!(
        "SET LOCAL statement_timeout = {}; SET LOCAL lock_timeout = '{LOCKED}s'; SET LOCAL search_path = pg_catalog",
        patience.as_millis()
    ))?;
    let server = transaction.query_one(SERVER, &[])?;
    let relations = transaction.query(RELATIONS, &[])?;
    Ok(Statistics {
        version: VERSION,
        trueup: env!("CARGO_PKG_VERSION").to_owned(),
        server: server.try_get("server")?,
        block_size: server.try_get::<_, i32>("block_size")?.unsigned_abs(),
        taken: server.try_get("taken")?,
        relations: relations.iter().map(relation).collect::<Result<_, _>>()?,
    })
}

fn relation(row: &Row) -> Result<Relation, postgres::Error> {
    let number = |column: &str| row.try_get::<_, i64>(column).map(i64::unsigned_abs);
    let parent: (Option<String>, Option<String>) = (row.try_get("parent_schema")?, row.try_get("parent")?);
    let kind: String = row.try_get("kind")?;
    let indexes: (Vec<String>, Vec<i64>) = (row.try_get("indexes")?, row.try_get("index_bytes")?);
    let index = |(name, bytes): (String, i64)| Index { name, bytes: bytes.unsigned_abs() };
    Ok(Relation {
        schema: row.try_get("schema")?,
        name: row.try_get("name")?,
        kind: match kind.as_str() {
            "p" => Keeps::PartitionedTable,
            "m" => Keeps::MaterializedView,
            _ => Keeps::Table,
        },
        partition_of: parent.0.zip(parent.1).map(|(schema, name)| Name { schema, name }),
        rows: row.try_get::<_, Option<i64>>("rows")?.map(i64::unsigned_abs),
        bytes: number("bytes")?,
        toast_bytes: number("toast_bytes")?,
        total_bytes: number("total_bytes")?,
        analyzed: row.try_get("analyzed")?,
        indexes: indexes.0.into_iter().zip(indexes.1).map(index).collect(),
    })
}

const SERVER: &str = r#"
    SELECT current_setting('server_version') AS server, current_setting('block_size')::int4 AS block_size,
           to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS taken"#;

/// Rows are those of the planner: as many as there were in a page at the last look, times the pages that there are now
/// (`estimate_rel_size`). Before version 14 a table that nobody has looked at has 0 rows in 0 pages; since then it has -1.
/// A foreign table keeps its rows elsewhere; as a partition, its part is known only once it is analysed.
/// What is dropped while this runs has no size, and is left out.
const RELATIONS: &str = r#"
    WITH file AS (
        SELECT c.oid, c.relkind, c.reltuples, c.relpages,
               CASE c.relkind WHEN 'f' THEN 0 ELSE pg_relation_size(c.oid) END AS bytes,
               CASE c.relkind WHEN 'f' THEN 0 ELSE pg_total_relation_size(c.oid) END AS total,
               CASE WHEN c.reltoastrelid <> 0 THEN pg_total_relation_size(c.reltoastrelid) ELSE 0 END AS toast
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'm', 'i', 'f') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    ), leaf AS (
        SELECT oid, bytes, total, toast,
               CASE WHEN relkind = 'f' THEN CASE WHEN 0 < reltuples THEN reltuples END
                    WHEN bytes = 0 THEN 0
                    WHEN 0 <= reltuples AND 0 < relpages
                    THEN round(reltuples::float8 / relpages * (bytes / current_setting('block_size')::int8))
               END::int8 AS rows
        FROM file WHERE bytes IS NOT NULL AND total IS NOT NULL AND toast IS NOT NULL
    ), whole AS (
        SELECT oid, bytes, total, toast, rows FROM leaf
        UNION ALL
        SELECT c.oid, coalesce(sum(l.bytes), 0)::int8, coalesce(sum(l.total), 0)::int8, coalesce(sum(l.toast), 0)::int8,
               CASE WHEN count(l.oid) = count(l.rows) THEN coalesce(sum(l.rows), 0)::int8 END
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace CROSS JOIN pg_partition_tree(c.oid) t
        LEFT JOIN leaf l ON l.oid = t.relid
        WHERE c.relkind IN ('p', 'I') AND (t.level = 0 OR l.oid IS NOT NULL)
          AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
        GROUP BY c.oid
    )
    SELECT n.nspname::text AS schema, c.relname::text AS name, c.relkind::text AS kind,
           w.rows, w.bytes, w.toast AS toast_bytes, w.total AS total_bytes,
           pn.nspname::text AS parent_schema, p.relname::text AS parent,
           to_char(greatest(pg_stat_get_last_analyze_time(c.oid), pg_stat_get_last_autoanalyze_time(c.oid)) AT TIME ZONE 'UTC',
                   'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS analyzed,
           coalesce(i.names, '{}') AS indexes, coalesce(i.bytes, '{}') AS index_bytes
    FROM whole w
    JOIN pg_class c ON c.oid = w.oid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_inherits h ON h.inhrelid = c.oid AND c.relispartition
    LEFT JOIN pg_class p ON p.oid = h.inhparent
    LEFT JOIN pg_namespace pn ON pn.oid = p.relnamespace
    LEFT JOIN (
        SELECT x.indrelid, array_agg(xc.relname::text ORDER BY xc.relname::text COLLATE "C") AS names,
               array_agg(xw.bytes ORDER BY xc.relname::text COLLATE "C") AS bytes
        FROM pg_index x JOIN pg_class xc ON xc.oid = x.indexrelid JOIN whole xw ON xw.oid = x.indexrelid
        GROUP BY x.indrelid
    ) i ON i.indrelid = c.oid
    WHERE c.relkind IN ('r', 'm', 'p')
    ORDER BY n.nspname::text COLLATE "C", c.relname::text COLLATE "C""#;
