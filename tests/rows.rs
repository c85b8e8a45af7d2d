//! Rows that are made up: whether they satisfy every constraint, leave no trace in the catalog, and are the same each
//! time. On the embedded PostgreSQL, and on a local one where there is any.

#![allow(clippy::print_stdout, reason = "a test says what it skips, and how many tables were filled")]

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use trueup::{
    rehearse::rows::{Filling, fill},
    shadow::{Embedded, Scratch, Shadow},
};

#[path = "support/rows.rs"]
mod support;

use support::{broken, loaded, local, rows_of, texts, use_our_binary};

const ROWS: u32 = 20;

fn embedded() -> Embedded {
    use_our_binary();
    Embedded::new()
}

/// What filling is to leave alone.
fn state(scratch: &mut Scratch) -> Vec<String> {
    let mut found = texts(
        scratch,
        "SELECT format('%s %s %s', tgrelid::regclass, tgname, tgenabled) FROM pg_trigger
         UNION ALL SELECT format('%s %s %s', ev_class::regclass, rulename, ev_enabled) FROM pg_rewrite
         UNION ALL SELECT count(*)::text FROM pg_class UNION ALL SELECT count(*)::text FROM pg_proc
         UNION ALL SELECT current_setting('search_path') UNION ALL SELECT current_setting('session_replication_role')
         ORDER BY 1",
    );
    for sequence in texts(scratch, "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'S' ORDER BY 1") {
        let query = format!("SELECT format('{sequence} %s %s', last_value, is_called) FROM {sequence}");
        found.extend(texts(scratch, &query));
    }
    found
}

/// What its triggers and rules write.
const AUDIT: &str = "app.audit";

fn filled(shadow: &dyn Shadow, file: &str) -> (Scratch, Filling) {
    let mut scratch = loaded(shadow, &Path::new("fixtures/schemas/rows").join(file)).expect("a schema");
    let before = state(&mut scratch);
    let filling = fill(&mut scratch, ROWS, &|table| table != AUDIT).unwrap_or_else(|error| panic!("{error:?}"));
    assert_eq!(state(&mut scratch), before);
    assert_eq!(broken(&mut scratch), Vec::<String>::new());
    for table in filling.tables.iter().filter(|table| table.short.is_some()) {
        println!("{} has {} rows: {}", table.table, table.rows, table.short.as_deref().unwrap_or_default());
    }
    let told: BTreeMap<String, usize> =
        filling.tables.iter().map(|it| (it.table.clone(), usize::try_from(it.rows).expect("a number"))).collect();
    for (table, rows) in rows_of(&mut scratch).into_iter().filter(|(table, _)| table != AUDIT) {
        assert_eq!(told.get(&table), Some(&rows.len()), "{table}");
    }
    (scratch, filling)
}

/// The tables that must have fewer rows, with a word of the reason.
const SHORT: &[(&str, u32, &str)] =
    &[("app.abroad", 0, "foreign"), ("app.impossible", 0, "the check `never`"), ("app.only_one", 1, "keys")];

fn every_sort(shadow: &dyn Shadow) {
    let (mut scratch, filling) = filled(shadow, "postgres.sql");
    for table in &filling.tables {
        let expected = SHORT.iter().find(|(name, ..)| *name == table.table);
        let (rows, word) = expected.map_or((ROWS, ""), |(_, rows, word)| (*rows, *word));
        assert_eq!(table.rows, rows, "{table:?}");
        assert!(table.short.as_deref().unwrap_or_default().contains(word), "{table:?}");
    }
    assert_eq!(texts(&mut scratch, "SELECT what FROM app.audit"), Vec::<String>::new(), "a trigger or a rule fired");
    shows_the_odd(&mut scratch);
    let (mut again, filling_again) = filled(shadow, "postgres.sql");
    assert_eq!(filling, filling_again);
    let again = rows_of(&mut again);
    for (table, rows) in rows_of(&mut scratch) {
        assert_eq!(Some(&rows), again.get(&table), "{table} has other rows the second time");
    }
}

/// What rows are to show beside the usual.
fn shows_the_odd(scratch: &mut Scratch) {
    let is_true = [
        "SELECT bool_or(b IS NULL) AND bool_or(b = -2147483648) AND bool_or(b = 2147483647) AND bool_or(b = 0) FROM app.numbers",
        "SELECT bool_or(d = 'NaN') AND bool_or(h = 'Infinity') FROM app.numbers",
        "SELECT bool_or(i = '') AND bool_or(1000 < length(i)) AND bool_or(length(b) = 3) FROM app.texts",
        "SELECT bool_or(octet_length(i) <> length(i)) FROM app.texts",
        "SELECT bool_or(b = 'infinity') AND bool_or(b = '-infinity') FROM app.times",
        "SELECT count(*) <> count(DISTINCT b) FROM app.numbers",
        "SELECT bool_or(o = '{}') AND bool_or(k = 'empty') FROM app.made",
        "SELECT 3 < count(manager) FROM app.users",
        "SELECT 5 < count(room) AND 5 < count(x) FROM app.members",
        "SELECT 1 < count(DISTINCT status) FROM app.checked",
        "SELECT 5 < count(event) FROM app.about_events",
    ];
    for sql in is_true {
        assert_eq!(texts(scratch, &format!("SELECT ({sql})::text")), ["true"], "{sql}");
    }
}

#[test]
fn every_sort_of_type_and_constraint() {
    if let Some(local) = local() {
        every_sort(&local);
    }
}

#[test]
fn every_sort_of_type_and_constraint_embedded() {
    every_sort(&embedded());
}

#[test]
fn types_of_extensions() {
    let (mut scratch, filling) = filled(&embedded(), "extensions.sql");
    assert_eq!(filling.tables.iter().map(|it| it.rows).collect::<Vec<_>>(), [ROWS]);
    assert_eq!(
        texts(&mut scratch, "SELECT count(DISTINCT embedding)::text FROM items WHERE vector_dims(small) = 1536").len(),
        1
    );
}

#[test]
fn only_what_is_wanted_and_what_it_refers_to() {
    let shadow = embedded();
    let mut scratch = loaded(&shadow, Path::new("fixtures/schemas/rows/postgres.sql")).expect("a schema");
    let filling = fill(&mut scratch, 3, &|table| table == "app.members").unwrap_or_else(|error| panic!("{error:?}"));
    let tables: Vec<(&str, u32)> = filling.tables.iter().map(|it| (it.table.as_str(), it.rows)).collect();
    assert_eq!(tables, [("app.members", 3), ("app.tenants", 3), ("app.users", 3)]);
    assert_eq!(broken(&mut scratch), Vec::<String>::new());
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
        full += filling.tables.iter().filter(|it| ROWS <= it.rows).count();
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
