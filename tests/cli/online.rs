//! `--online`: which tables are changed in gentler ways, and how that is written.

use super::{Folder, Live};

const CHECKED: [(&str, &str); 2] = [
    ("from.sql", "CREATE TABLE t (x int);"),
    ("to.sql", "CREATE TABLE t (x int CHECK (x > 0)); CREATE INDEX t_x ON t (x);"),
];

#[test]
fn what_cannot_share_a_transaction_stands_alone() {
    let folder = Folder::new(&CHECKED);
    let arguments = ["from.sql", "to.sql", "--online", "always", "--lock-timeout", "500ms", "--transaction"];
    let run = folder.diff(&arguments).ends(0).says("converged");
    run.shown_as("online-transaction");
    folder.diff(&["from.sql", "to.sql", "--transaction"]).ends(0).prints("CHECK ((x > 0));");
}

#[test]
fn json_tells_of_bounds_and_phases() {
    let folder =
        Folder::new(&[("from.sql", "CREATE TABLE t (x int);"), ("to.sql", "CREATE TABLE t (x bigint, CHECK (true));")]);
    let run = folder.diff(&["from.sql", "to.sql", "--online", "always", "--format", "json"]).ends(0);
    let run = run.prints("\"transaction\": \"by-itself\"").prints("\"lock_timeout\": \"2s\"");
    run.prints("\"phase\": \"contract\"").prints("\"transaction\": \"outside\"");
}

#[test]
fn a_project_says_it_once() {
    let folder = Folder::new(&CHECKED);
    folder.write("trueup.toml", b"online = \"always\"\nonline-off = [\"not-valid\"]\nlock-timeout = \"3s\"\n");
    let run = folder.diff(&["from.sql", "to.sql"]).ends(0).prints("CREATE INDEX CONCURRENTLY t_x");
    run.prints("SET lock_timeout = '3s';").prints("CHECK ((x > 0));");
    let run = folder.diff(&["from.sql", "to.sql", "--online-off", "index-concurrently"]).ends(0);
    run.prints("VALIDATE CONSTRAINT").prints("CREATE INDEX t_x");
    let run = folder.diff(&["from.sql", "to.sql", "--online", "never"]).ends(0);
    assert!(!run.out.contains("lock_timeout"), "{}", run.out);
    folder.diff(&["from.sql", "to.sql", "--lock-timeout", "soon"]).ends(64).says("say a number with ms, s or min");
    folder.write("trueup.toml", b"lock-timeout = \"2\"\n");
    folder.diff(&["from.sql", "to.sql"]).ends(1).says("`lock-timeout` is no time");
}

/// A table that is large counts as large under another name too.
#[test]
fn small_tables_of_a_live_database_are_changed_at_once() {
    let schema = "CREATE TABLE small (x int); CREATE TABLE large (x int, filler text);
                  INSERT INTO large SELECT n, repeat('x', 1000) FROM generate_series(1, 9000) n;";
    let Some(live) = Live::start(schema) else { return };
    let folder = Folder::new(&[(
        "to.sql",
        "CREATE TABLE small (x int); CREATE TABLE big (x int, filler text);
         CREATE INDEX small_x ON small (x); CREATE INDEX big_x ON big (x);",
    )]);
    let url = live.url("postgres");
    let arguments = ["diff", &url, "to.sql", "--rename", "table:large=big", "--online", "auto"];
    let run = folder.run(&arguments).ends(0).says("converged");
    let run = run.prints("CREATE INDEX CONCURRENTLY big_x").prints("CREATE INDEX small_x");
    run.prints("SET lock_timeout = '2s';\n\n-- Rename table public.large to big");
}
