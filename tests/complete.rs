//! The completeness gate. Every column of every catalog of PostgreSQL is read by a kind, or is named in
//! `fixtures/unread_columns.txt` with the reason why it need not be. A column that a new version adds fails it by name.

use std::collections::BTreeSet;
use std::fs;

use trueup::shadow::{Embedded, Local, Shadow, Wanted};

const LIST: &str = "fixtures/unread_columns.txt";

#[test]
fn every_column_of_every_catalog_is_accounted_for() {
    trueup::shadow::set_executable(env!("CARGO_BIN_EXE_trueup"));
    let read = words_of_the_kinds();
    let listed = listed();
    let mut versions: Vec<Box<dyn Shadow>> = vec![Box::new(Embedded::new())];
    for binaries in Local::available() {
        versions.push(Box::new(Local::start(&binaries).expect("a server")));
    }
    let mut missing = BTreeSet::new();
    for server in &versions {
        for (catalog, column) in columns(server.as_ref()) {
            let is_listed =
                [&format!("{catalog}.{column}"), &format!("{catalog}.*")].iter().any(|it| listed.contains(*it));
            if !is_listed && !read.contains(&column) {
                missing.insert(format!("{catalog}.{column} (PostgreSQL {})", server.version()));
            }
        }
    }
    trueup::shadow::clean_up();
    assert!(missing.is_empty(), "neither read by a kind nor in {LIST}: {missing:#?}");
}

#[test]
fn nothing_is_listed_in_vain() {
    let read = words_of_the_kinds();
    let vain: Vec<_> =
        listed().into_iter().filter(|it| it.split('.').nth(1).is_some_and(|it| read.contains(it))).collect();
    assert!(vain.is_empty(), "{LIST} names columns that a kind reads: {vain:#?}");
}

fn columns(server: &dyn Shadow) -> Vec<(String, String)> {
    let mut scratch = server.scratch(&Wanted::default()).expect("a database");
    let rows = scratch.client.query(
        "SELECT c.relname::text, a.attname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
         WHERE c.relnamespace = 'pg_catalog'::regnamespace AND c.relkind = 'r' AND 0 < a.attnum AND NOT a.attisdropped",
        &[],
    );
    rows.expect("the catalogs").iter().map(|row| (row.get(0), row.get(1))).collect()
}

fn words_of_the_kinds() -> BTreeSet<String> {
    let files = fs::read_dir("src/kinds").expect("src/kinds").map(|entry| entry.expect("an entry").path());
    let files = files.chain([std::path::PathBuf::from("src/sources/introspect.rs")]);
    let text: String = files.map(|file| fs::read_to_string(file).expect("a file of Rust")).collect();
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').map(str::to_owned).collect()
}

fn listed() -> BTreeSet<String> {
    let text = fs::read_to_string(LIST).expect("the list");
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let (column, reason) = line.split_once(' ').unwrap_or_else(|| panic!("no reason is given: {line}"));
            assert!(!reason.trim().is_empty(), "no reason is given: {line}");
            column.to_owned()
        })
        .collect()
}
