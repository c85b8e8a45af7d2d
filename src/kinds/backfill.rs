//! Gives the rows of a table their values a batch at a time, each batch in a transaction of its own.

use crate::{
    ddl::{Action, Phase, Target, Verb, When},
    model::{Ident, ObjectId},
};

/// Rows that one transaction holds locked, and pages, where rows are gone through as they are stored.
const ROWS: u32 = 1000;
const PAGES: u32 = 16;
/// How often all pages are looked at: who changes a row meanwhile may move it to where the block has been already.
const PASSES: u32 = 10;

/// Sets `set` where `is_due`. A block that commits stands in no transaction (PostgreSQL manual, 41.8).
pub(crate) fn fill(subject: &ObjectId, table: &ObjectId, set: &str, is_due: &str, target: Target) -> Action {
    let key = target.online.and_then(|online| online.keys.get(table));
    let name = table.qualified();
    let sql = match key {
        Some(key) => by_key(&name, key, set, is_due),
        None => by_page(&name, set, is_due),
    };
    Action::statement(Verb::Alter, subject, sql).when(When::OutsideTransaction).phase(Phase::Backfill)
}

fn by_key(table: &str, key: &[Ident], set: &str, is_due: &str) -> String {
    let list = |prefix: &str| key.iter().map(|it| format!("{prefix}{it}")).collect::<Vec<_>>().join(", ");
    let (columns, backwards) = (list(""), key.iter().map(|it| format!("{it} DESC")).collect::<Vec<_>>().join(", "));
    let row = |prefix: &str| if key.len() == 1 { list(prefix) } else { format!("({})", list(prefix)) };
    let (own, first, last) = (row(""), row("batch_first."), row("batch_last."));
    format!(
        "DO $fill$
DECLARE
    batch_first record;
    batch_last record;
BEGIN
    SELECT {columns} INTO batch_first FROM {table} ORDER BY {columns} LIMIT 1;
    WHILE FOUND LOOP
        SELECT {columns} INTO batch_last
        FROM (SELECT {columns} FROM {table} WHERE {own} >= {first} ORDER BY {columns} LIMIT {ROWS}) batch
        ORDER BY {backwards} LIMIT 1;
        UPDATE {table} SET {set}
        WHERE {own} >= {first} AND {own} <= {last} AND {is_due};
        COMMIT;
        SELECT {columns} INTO batch_first FROM {table} WHERE {own} > {last} ORDER BY {columns} LIMIT 1;
    END LOOP;
END $fill$"
    )
}

fn by_page(table: &str, set: &str, is_due: &str) -> String {
    format!(
        "DO $fill$
DECLARE
    pages int;
BEGIN
    FOR pass IN 1..{PASSES} LOOP
        WITH RECURSIVE parts AS (
            SELECT '{literal}'::regclass::oid AS id
            UNION SELECT inhrelid FROM pg_inherits JOIN parts ON inhparent = id)
        SELECT max(pg_relation_size(id)) / current_setting('block_size')::int INTO pages FROM parts;
        FOR page IN 0..pages BY {PAGES} LOOP
            UPDATE {table} SET {set}
            WHERE ctid >= format('(%s,0)', page)::tid AND ctid < format('(%s,0)', page + {PAGES})::tid AND {is_due};
            COMMIT;
        END LOOP;
        EXIT WHEN NOT EXISTS (SELECT FROM {table} WHERE {is_due});
    END LOOP;
END $fill$",
        literal = table.replace('\'', "''"),
    )
}
