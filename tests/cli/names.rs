//! Renames: by word, by comment, by the ledger; what stops where nobody has said anything. And `explain`.

use std::fs;

use super::{Folder, Live, assert_shown, command, run};

const BEFORE: &str = "
    CREATE TABLE users (id int PRIMARY KEY, name text NOT NULL, email text);
    CREATE TABLE notes (a int, b int);";
const AFTER: &str = "
    CREATE TABLE users (id int PRIMARY KEY, full_name text NOT NULL, email text);
    CREATE TABLE notes (b int, a int);";

fn folder() -> Folder {
    Folder::new(&[("before.sql", BEFORE), ("after.sql", AFTER)])
}

#[test]
fn what_was_probably_renamed_stops_and_either_answer_is_a_flag() {
    let folder = folder();
    folder.diff(&["before.sql", "after.sql"]).ends(1).shown_as("likely-rename");
    let kept = folder.diff(&["before.sql", "after.sql", "--rename", "column:users.name=full_name"]).ends(0);
    kept.prints("RENAME COLUMN name TO full_name");
    let dropped = folder.diff(&["before.sql", "after.sql", "--no-rename", "column:public.users.name"]).ends(0);
    dropped.prints("DROP COLUMN name").prints("hazard[drops-column]");
    let never = folder.diff(&["before.sql", "after.sql", "--drop", "never"]).ends(0);
    never.prints("ADD COLUMN full_name");
}

#[test]
fn the_ledger_is_remembered_and_what_is_done_is_done() {
    let folder = folder();
    folder.write("trueup.renames", b"# since the spring\ncolumn:public.users.name=full_name # decided in May\n");
    folder.diff(&["before.sql", "after.sql"]).ends(0).prints("RENAME COLUMN name TO full_name");
    folder.diff(&["after.sql", "after.sql"]).ends(0).says("no difference");
    folder.write("trueup.renames", b"drop column:users.name\n");
    folder.diff(&["before.sql", "after.sql"]).ends(0).prints("DROP COLUMN name");
    folder.write("trueup.renames", b"users.name\n");
    folder.diff(&["before.sql", "after.sql"]).ends(1).says("bad-rename").says("line 1");
}

#[test]
fn renames_that_cannot_be_are_refused() {
    let folder = folder();
    let asked = |wish: &str| folder.diff(&["before.sql", "after.sql", "--rename", wish]).ends(1);
    asked("column:users.nme=full_name").says("FROM has no column `users.nme`");
    asked("column:users.name=fullname").says("TO has no such object");
    asked("column:users.email=id").says("FROM has both");
    folder.diff(&["before.sql", "after.sql", "--rename", "users=accounts"]).ends(64).says("expected KIND:NAME=NEW");
    // Two that change places do so where both are said.
    let both = ["--rename", "column:notes.a=b", "--rename", "column:notes.b=a", "--no-rename", "column:users.name"];
    let swapped = folder.diff(&[&["before.sql", "after.sql"][..], &both].concat()).ends(0);
    swapped.prints("RENAME COLUMN a TO a__swap").prints("RENAME COLUMN a__swap TO b");
}

#[test]
fn comments_beside_declarations() {
    let folder = Folder::new(&[
        ("before.sql", "CREATE TYPE s AS ENUM ('a', 'b'); CREATE TABLE t (x s);"),
        (
            "after.sql",
            "-- trueup: renmed from t\nCREATE TYPE s AS ENUM (\n 'a',\n 'c' -- trueup: renamed from 'b'\n); CREATE TABLE t (x s);",
        ),
    ]);
    let told = folder.diff(&["before.sql", "after.sql"]).ends(0).prints("RENAME VALUE 'b' TO 'c'");
    told.says("warning[annotation]: this comment is not understood").says("after.sql:1:1");
}

#[test]
fn the_history_of_the_file_is_evidence() {
    let users = |columns: &str| format!("CREATE TABLE users (\n    id int PRIMARY KEY,\n    {columns}\n);\n");
    let folder =
        Folder::new(&[("schema/users.sql", &users("name text NOT NULL, -- as in the passport\n    email text"))]);
    folder.commit("Users");
    // By their looks alone, `names` would be the likelier one.
    folder
        .write("schema/users.sql", users("label text NOT NULL,\n    email text,\n    names text NOT NULL").as_bytes());
    let unsaid = folder.diff(&["git:HEAD:schema", "schema"]).ends(1);
    unsaid
        .says("line 3, where a change that is not committed made label of name")
        .says("column:public.users.name=label");
    folder.commit("Call names labels");
    folder.write("schema/other.sql", b"CREATE TABLE other (id int);");
    folder.commit("Something else");
    folder.diff(&["git:HEAD~2:schema", "schema"]).ends(1).shown_as("likely-rename-in-git");
    let told = "\"Call names labels\" changed name to label";
    folder.diff(&["git:HEAD~2:schema/users.sql", "git:HEAD:schema/users.sql"]).ends(1).says(told);
    let schema = folder.path("schema");
    run(
        command(&schema).args(["diff", "--shadow", "embedded", "git:HEAD~2:schema", "git:HEAD:./users.sql"]),
        "",
        &schema,
    )
    .ends(1)
    .says(told);
    // The file may have another name since, and another column what an old one had.
    fs::rename(folder.path("schema/users.sql"), folder.path("schema/people.sql")).expect("another name");
    folder.commit("Another name");
    folder.diff(&["git:HEAD~3:schema", "schema"]).ends(1).says("people.sql line 3").says(told);
    folder
        .diff(&["git:HEAD~3:schema", "schema", "--rename", "column:users.name=label"])
        .ends(0)
        .prints("ADD COLUMN names");
    // What is otherwise no likeness at all: another name, and a type of another length.
    folder.write("schema/people.sql", users("tag varchar(80) NOT NULL,\n    email text").as_bytes());
    folder.write("before.sql", users("moniker varchar(40) NOT NULL,\n    email text").as_bytes());
    folder.diff(&["before.sql", "schema/people.sql"]).ends(0).prints("DROP COLUMN moniker");
    folder.write("schema/people.sql", users("moniker varchar(40) NOT NULL,\n    email text").as_bytes());
    folder.commit("Monikers");
    folder.write("schema/people.sql", users("tag varchar(80) NOT NULL,\n    email text").as_bytes());
    folder.diff(&["before.sql", "schema/people.sql"]).ends(1).says("made tag of moniker");
}

#[test]
fn comments_without_effect_are_told() {
    let folder = Folder::new(&[
        (
            "before.sql",
            "CREATE TYPE s AS ENUM ('a', 'b'); CREATE TABLE t (x s); CREATE TYPE pair AS (one int, two int);",
        ),
        (
            "after.sql",
            "-- trueup: renamed from nothing_here
GRANT USAGE ON SCHEMA public TO PUBLIC;

CREATE TYPE s AS ENUM (
    'a', -- trueup: renamed from 'b'
    'b'
);
-- trueup: enum s 'b' -> 'a'
-- trueup: enum s 'z' -> 'y'
-- trueup: enum app.s 'z' -> 'a'
-- trueup: enum status 'z' -> 'a'
CREATE TABLE t (x s);
CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'; -- trueup: renamed from g
CREATE FUNCTION f(text) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE VIEW v AS SELECT 1 AS one; -- trueup: renamed from w
DROP VIEW v;
CREATE ROLE manager; -- trueup: renamed from boss
CREATE TYPE pair AS (
    first int, -- trueup: renamed from one
    two int
);
",
        ),
        ("only.sql", "-- trueup: renamed from t"),
    ]);
    folder.diff(&["before.sql", "after.sql"]).ends(0).shown_as("annotations-without-effect");
    // What nothing is declared in says nothing either.
    folder.diff(&["empty", "only.sql"]).ends(0).says("only.sql:1:1").says("nothing is declared beside");
    // The comments of the state that is left do not count.
    let told = folder.diff(&["after.sql", "before.sql"]);
    assert!(!told.err.contains("annotation"), "{}", told.err);
}

#[test]
fn rows_decide_on_a_live_database() {
    let state =
        "CREATE TYPE s AS ENUM ('open', 'cancelled', 'void'); CREATE TABLE orders (id int, state s, total int);";
    let Some(mut live) = Live::start(state) else { return };
    let folder = Folder::new(&[
        ("new.sql", "CREATE TYPE s AS ENUM ('open', 'void'); CREATE TABLE orders (id int, state s, total uuid);"),
        (
            "renamed.sql",
            "CREATE TYPE s AS ENUM ('open', 'cancelled', 'void'); CREATE TABLE orders (id int, state s, sum int);",
        ),
    ]);
    let url = live.url("postgres");
    folder.diff(&[&url, "renamed.sql"]).ends(0).says("warning[likely-rename]").prints("DROP COLUMN total");
    live.scratch
        .client
        .batch_execute("INSERT INTO orders VALUES (1, 'cancelled', 5), (2, 'cancelled', NULL)")
        .expect("rows");
    folder.diff(&[&url, "renamed.sql"]).ends(1).says("error[likely-rename]");
    let found = folder.diff(&[&url, "new.sql"]).ends(1);
    let found = found
        .says("column state holds the value 'cancelled'")
        .says("such rows: 2")
        .says("-- trueup: enum public.s 'cancelled'");
    found.says("integer has no cast to uuid").says("expand and contract");
    // A table that goes by another name is looked at under the one that it has.
    folder.write(
        "moved.sql",
        b"CREATE TYPE s AS ENUM ('open', 'void');
          CREATE TABLE sales (id int, state s, total int); -- trueup: renamed from orders",
    );
    folder.diff(&[&url, "moved.sql"]).ends(1).says("such rows: 2");
    folder.write(
        "mapped.sql",
        b"-- trueup: enum s 'cancelled' -> 'void'
          CREATE TYPE s AS ENUM ('open', 'void'); CREATE TABLE orders (id int, state s, total int);",
    );
    let mapped = folder.diff(&[&url, "mapped.sql"]).ends(0);
    live.scratch.client.batch_execute(&mapped.out).expect("the plan runs");
    let void = live.scratch.client.query_one("SELECT count(*) FROM orders WHERE state = 'void'", &[]).expect("a row");
    assert_eq!(void.get::<_, i64>(0), 2);
}

#[test]
fn an_explanation_says_why_and_tries_elsewhere() {
    let folder = Folder::new(&[
        ("before.sql", "CREATE TABLE t (a int, note text); CREATE VIEW v AS SELECT a FROM t;"),
        ("after.sql", "CREATE TABLE t (a bigint NOT NULL, note text); CREATE VIEW v AS SELECT a FROM t;"),
    ]);
    let whole = folder.run(&["explain", "before.sql", "after.sql", "--shadow", "embedded"]).ends(0);
    assert_shown("explain", &whole.out);
    folder.diff(&["before.sql", "after.sql", "--format", "json", "-o", "plan.json"]).ends(0);
    let second = folder.run(&["explain", "plan.json", "2"]).ends(0).prints("data type: integer → bigint");
    assert!(!second.out.contains("DROP VIEW"), "{}", second.out);
    folder.run(&["explain", "plan.json", "9"]).ends(64).says("none of the 3 statements");
    folder.run(&["explain", "no-plan.json"]).ends(1).says("cannot read `no-plan.json`");
    folder.run(&["explain", "before.sql", "before.sql"]).ends(0).says("no difference");
}
