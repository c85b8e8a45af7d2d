//! `--online`: which tables are changed in gentler ways, and how that is written.

use postgres::{Client, NoTls};

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

/// Programs write under either name, and what a program does not mention gets its default, until the contract.
#[test]
fn a_renamed_column_can_be_written_by_both_names() {
    let schema = "CREATE TABLE task (id int PRIMARY KEY, status text DEFAULT 'new', code json, UNIQUE (status, id));";
    let Some(mut live) = Live::start(schema) else { return };
    live.scratch.client.batch_execute("INSERT INTO task SELECT n, 'old' FROM generate_series(1, 10) n").expect("rows");
    let renamed = schema.replace("status", "state").replace("code", "doc");
    let folder =
        Folder::new(&[("to.sql", &renamed), ("trueup.renames", "column:task.status=state\ncolumn:task.code=doc\n")]);
    let url = live.url("postgres");
    let arguments = ["diff", &url, "to.sql", "--online", "always", "--down", "down.sql", "--format", "json"];
    let run = folder.run(&arguments).ends(0).says("converged").does_not_print("not-online");
    let plan: serde_json::Value = serde_json::from_str(&run.out).expect("JSON");
    let statements = plan["statements"].as_array().expect("statements");
    let (last, first): (Vec<_>, Vec<_>) = statements.iter().partition(|it| it["phase"] == "contract");
    assert_eq!(last.len(), 2);
    let client = &mut live.scratch.client;
    let mut execute = |sql: &str| client.batch_execute(sql).unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    first.iter().for_each(|it| execute(it["sql"].as_str().expect("SQL")));
    execute("INSERT INTO task (id, status) VALUES (11, 'a'), (12, NULL)");
    execute("INSERT INTO task (id, state) VALUES (13, 'b'), (14, NULL)");
    execute("INSERT INTO task (id) VALUES (15)");
    execute("UPDATE task SET status = 'c', code = '{}' WHERE id = 1");
    execute("UPDATE task SET state = 'd', doc = '[]' WHERE id = 2");
    execute("UPDATE task SET state = NULL WHERE id = 3");
    execute("UPDATE task SET status = NULL WHERE id = 4");
    execute("INSERT INTO task (status, id) VALUES ('c', 1) ON CONFLICT (status, id) DO UPDATE SET status = 'e'");
    execute("INSERT INTO task (state, id) VALUES ('d', 2) ON CONFLICT (state, id) DO UPDATE SET state = 'f'");
    let mut read = |status: &str, code: &str| -> String {
        let values = format!("concat_ws(':', id, coalesce({status}, '-'), {code})");
        let all = format!("SELECT string_agg({values}, ' ' ORDER BY id) FROM task WHERE id NOT BETWEEN 5 AND 10");
        client.query_one(&all, &[]).expect("a row").get(0)
    };
    let expected = "1:e:{} 2:f:[] 3:- 4:- 11:a 12:- 13:b 14:- 15:new";
    assert_eq!((read("status", "code"), read("state", "doc")), (expected.to_owned(), expected.to_owned()));
    last.iter()
        .for_each(|it| live.scratch.client.batch_execute(it["sql"].as_str().expect("SQL")).expect("the contract"));
    folder.run(&["diff", &url, "to.sql", "--exit-code"]).ends(0);
}

/// Whoever is about to insert when the two change places has a number of his own.
#[test]
fn a_counter_goes_on_where_others_insert_meanwhile() {
    let schema = "CREATE TABLE entry (id int GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, day int);";
    let Some(mut live) = Live::start(schema) else { return };
    let url = live.url("postgres");
    let folder = Folder::new(&[("to.sql", &schema.replace("id int", "id bigint"))]);
    let run = folder.run(&["diff", &url, "to.sql", "--online", "always", "--format", "json"]).ends(0);
    let plan: serde_json::Value = serde_json::from_str(&run.out).expect("JSON");
    let statements = plan["statements"].as_array().expect("statements").iter();
    let statements: Vec<&str> = statements.map(|it| it["sql"].as_str().expect("SQL")).collect();
    let swap = statements.iter().position(|it| it.starts_with("DO $swap$")).expect("a swap");
    let mut other = Client::connect(&url, NoTls).expect("a session");
    let client = &mut live.scratch.client;
    statements[..swap].iter().for_each(|it| client.batch_execute(it).expect(it));

    let pid: i32 = other.query_one("SELECT pg_backend_pid()", &[]).expect("a row").get(0);
    client.batch_execute("BEGIN; INSERT INTO entry (day) VALUES (1)").expect("a row");
    std::thread::scope(|scope| {
        let swapped = scope.spawn(|| other.batch_execute(statements[swap]));
        let waits = "SELECT count(*) FROM pg_locks WHERE pid = $1 AND NOT granted";
        while client.query_one(waits, &[&pid]).expect("a row").get::<_, i64>(0) == 0 && !swapped.is_finished() {}
        client.batch_execute("INSERT INTO entry (day) VALUES (2), (3); COMMIT").expect("rows");
        swapped.join().expect("a session").expect("swapped");
    });
    let insert = "INSERT INTO entry (day) VALUES (4) RETURNING id";
    assert_eq!(client.query_one(insert, &[]).expect("a number of its own").get::<_, i64>(0), 4);
}

/// What has the name that something needs for a time is in nobody's way.
#[test]
fn a_column_is_renamed_at_once_where_its_successor_cannot_be_made() {
    let from = "CREATE TABLE t (a int, b int); CREATE INDEX t_a ON t (a); CREATE INDEX t_a__new ON t (b);";
    let folder = Folder::new(&[("from.sql", from), ("to.sql", &from.replace("a int", "c int").replace("(a)", "(c)"))]);
    let arguments = ["from.sql", "to.sql", "--rename", "column:t.a=c", "--online", "always"];
    let run = folder.diff(&arguments).ends(0).says("converged").says("not-online");
    run.prints("RENAME COLUMN a TO c").does_not_print("CREATE TRIGGER");
    let run = folder.diff(&[&arguments[..], &["--online-off", "rename-column"]].concat()).ends(0);
    run.prints("RENAME COLUMN a TO c").does_not_print("not online");
}
