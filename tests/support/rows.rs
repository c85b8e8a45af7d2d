//! Databases with rows, and a look at them by other means than those that made the rows.

use std::{collections::BTreeMap, path::Path, sync::Once};

use trueup::{
    model::Files,
    shadow::{Local, Scratch, Shadow, set_executable},
    sources::{Source, load, wanted},
};

/// Tests run in a binary of their own, and the servers in ours.
pub(crate) fn use_our_binary() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| set_executable(env!("CARGO_BIN_EXE_trueup")));
}

pub(crate) fn local() -> Option<Local> {
    use_our_binary();
    let found = Local::find(None).map(|binaries| Local::start(&binaries).expect("a server"));
    if found.is_none() {
        println!("skipped: there are no PostgreSQL server programs on this machine");
    }
    found
}

/// A database that holds the schema; nothing where the server lacks something.
pub(crate) fn loaded(shadow: &dyn Shadow, file: &Path) -> Result<Scratch, String> {
    let mut files = Files::default();
    let source = Source::parse(&file.to_string_lossy()).map_err(|found| format!("{found:?}"))?;
    let script = source.read(&mut files).map_err(|found| format!("{found:?}"))?;
    let mut scratch = shadow.scratch(&wanted(&script, &files)).map_err(|error| error.to_string())?;
    load(&script, &files, &mut scratch.client, &*scratch.adapt).map_err(|found| format!("{found:?}"))?;
    Ok(scratch)
}

pub(crate) fn texts(scratch: &mut Scratch, sql: &str) -> Vec<String> {
    let rows = scratch.client.query(sql, &[]).unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    rows.iter().map(|row| row.get::<_, Option<String>>(0).unwrap_or_default()).collect()
}

/// Foreign keys with rows that refer to nothing, checks that do not hold, keys that come twice: by other means than those
/// that made the rows.
pub(crate) fn broken(scratch: &mut Scratch) -> Vec<String> {
    let mut found = Vec::new();
    for sql in texts(scratch, CONSTRAINTS) {
        match scratch.client.query(&sql, &[]) {
            Ok(rows) if rows.is_empty() => (),
            Ok(rows) => found.push(format!("{} rows: {sql}", rows.len())),
            Err(error) => found.push(format!("{sql}: {:?}", error.as_db_error().map(|it| it.message().to_owned()))),
        }
    }
    found
}

pub(crate) const CONSTRAINTS: &str = "
    SELECT format('SELECT 1 FROM ONLY %s WHERE NOT (%s)', c.conrelid::regclass, pg_get_expr(c.conbin, c.conrelid))
    FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid AND t.relkind = 'r'
    JOIN pg_namespace n ON n.oid = t.relnamespace AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    WHERE c.contype = 'c'
    UNION ALL
    SELECT format('SELECT 1 FROM %s t WHERE (%s) AND NOT EXISTS (SELECT FROM %s o WHERE %s)', c.conrelid::regclass,
                  (SELECT string_agg(format('t.%I IS NOT NULL', a.attname), CASE c.confmatchtype WHEN 'f' THEN ' OR ' ELSE ' AND ' END)
                   FROM pg_attribute a WHERE a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey)),
                  c.confrelid::regclass,
                  (SELECT string_agg(format('t.%I = o.%I', a.attname, b.attname), ' AND ')
                   FROM unnest(c.conkey, c.confkey) k (own, other)
                   JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.own
                   JOIN pg_attribute b ON b.attrelid = c.confrelid AND b.attnum = k.other))
    FROM pg_constraint c WHERE c.contype = 'f' AND c.conparentid = 0";

pub(crate) fn rows_of(scratch: &mut Scratch) -> BTreeMap<String, Vec<String>> {
    let tables = texts(
        scratch,
        "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relkind = 'r' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'",
    );
    let rows = |table: String| {
        let found = texts(scratch, &format!("SELECT t::text FROM ONLY {table} t ORDER BY ctid"));
        (table, found)
    };
    tables.into_iter().map(rows).collect()
}
