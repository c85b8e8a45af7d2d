//! Rows that are made up: whether they satisfy every constraint, leave no trace in the catalog, and are the same each
//! time. On the embedded PostgreSQL, and on a local one where there is any.

#![allow(clippy::print_stdout, reason = "a test says what it skips, and how many tables were filled")]

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    sync::Once,
    time::{Duration, Instant},
};

use trueup::{
    model::Files,
    rehearse::rows::{Filling, fill},
    shadow::{Embedded, Local, Scratch, Shadow, set_executable},
    sources::{Source, load, wanted},
};

const ROWS: u32 = 20;

fn local() -> Option<Local> {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| set_executable(env!("CARGO_BIN_EXE_trueup")));
    let found = Local::find(None).map(|binaries| Local::start(&binaries).expect("a server"));
    if found.is_none() {
        println!("skipped: there are no PostgreSQL server programs on this machine");
    }
    found
}

/// A database that holds the schema; nothing where the server lacks something.
fn loaded(shadow: &dyn Shadow, file: &Path) -> Result<Scratch, String> {
    let mut files = Files::default();
    let source = Source::parse(&file.to_string_lossy()).map_err(|found| format!("{found:?}"))?;
    let script = source.read(&mut files).map_err(|found| format!("{found:?}"))?;
    let mut scratch = shadow.scratch(&wanted(&script, &files)).map_err(|error| error.to_string())?;
    load(&script, &files, &mut scratch.client, &*scratch.adapt).map_err(|found| format!("{found:?}"))?;
    Ok(scratch)
}

fn texts(scratch: &mut Scratch, sql: &str) -> Vec<String> {
    let rows = scratch.client.query(sql, &[]).unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    rows.iter().map(|row| row.get::<_, Option<String>>(0).unwrap_or_default()).collect()
}

/// Foreign keys with rows that refer to nothing, checks that do not hold, keys that come twice: by other means than those
/// that made the rows.
fn broken(scratch: &mut Scratch) -> Vec<String> {
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

const CONSTRAINTS: &str = "
    SELECT format('SELECT 1 FROM ONLY %s t WHERE NOT (%s)', c.conrelid::regclass, pg_get_expr(c.conbin, c.conrelid))
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

fn rows_of(scratch: &mut Scratch) -> BTreeMap<String, Vec<String>> {
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

fn filled(scratch: &mut Scratch) -> Filling {
    fill(scratch, ROWS, &|_| true).unwrap_or_else(|error| panic!("{error:?}"))
}

#[test]
fn real_schemas_are_filled() {
    let corpus = env::var_os("TRUEUP_CORPUS").map_or_else(|| "../shared/corpus".into(), PathBuf::from).join("real");
    let Ok(folder) = fs::read_dir(&corpus) else {
        println!("skipped: there is no corpus at {}; TRUEUP_CORPUS=DIR names another folder", corpus.display());
        return;
    };
    let Some(local) = local() else { return };
    let only = env::var("TRUEUP_ONLY").unwrap_or_default();
    let mut schemas: Vec<PathBuf> = folder.map(|entry| entry.expect("an entry").path().join("schema.sql")).collect();
    schemas.retain(|file| file.exists() && file.to_string_lossy().contains(&only));
    let without = env::var("TRUEUP_WITHOUT").unwrap_or("-".to_owned());
    schemas.retain(|file| !file.to_string_lossy().contains(&without));
    schemas.sort();
    let mut causes: BTreeMap<String, usize> = BTreeMap::new();
    let (mut tables, mut full, mut empty, mut time, mut wrong) = (0, 0, 0, Duration::ZERO, Vec::new());
    for file in schemas {
        let name = file.parent().and_then(Path::file_name).expect("a name").to_string_lossy().into_owned();
        let mut scratch = match loaded(&local, &file) {
            Ok(scratch) => scratch,
            Err(reason) => {
                println!("{name}: not loaded: {}", reason.chars().take(200).collect::<String>());
                continue;
            }
        };
        let began = Instant::now();
        let filling = match fill(&mut scratch, ROWS, &|_| true) {
            Ok(filling) => filling,
            Err(error) => {
                wrong.push(format!("{name}: {error:?}"));
                continue;
            }
        };
        let took = began.elapsed();
        time += took;
        let short: Vec<_> = filling.tables.iter().filter(|it| it.short.is_some()).collect();
        println!("{name}: {} tables, {} short, {took:?}", filling.tables.len(), short.len());
        for table in &short {
            let reason = table.short.clone().unwrap_or_default();
            println!("    {} has {} rows: {reason}", table.table, table.rows);
            *causes.entry(reason).or_default() += 1;
        }
        tables += filling.tables.len();
        full += filling.tables.iter().filter(|it| it.rows == ROWS).count();
        empty += filling.tables.iter().filter(|it| it.rows == 0).count();
        wrong.extend(broken(&mut scratch).into_iter().map(|it| format!("{name}: {it}")));
    }
    let each = time / u32::try_from(tables.max(1)).expect("a number");
    println!(
        "{tables} tables: {full} full, {} with some rows, {empty} empty; {time:?}, {each:?} a table",
        tables - full - empty
    );
    let mut causes: Vec<_> = causes.into_iter().collect();
    causes.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    for (cause, count) in causes {
        println!("{count:5} {cause}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
