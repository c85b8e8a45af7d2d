//! `trueup squash`: one migration for a stretch of the history.

use super::{Folder, Live};

fn history() -> Folder {
    Folder::new(&[
        ("migrations/1_users.sql", "CREATE TABLE users (id int PRIMARY KEY, nme text);\nCREATE TABLE later (id int);"),
        ("migrations/2_seed.sql", "SET search_path = public;\nINSERT INTO users VALUES (1, 'a'), (2, 'b');"),
        ("migrations/3_name.sql", "ALTER TABLE users RENAME nme TO name;\nDROP TABLE later;"),
        (
            "migrations/4_view.sql",
            "CREATE VIEW names AS SELECT name FROM users;\nCREATE INDEX users_name ON users (name);",
        ),
        ("migrations/5_after.sql", "CREATE TABLE after (id int);"),
    ])
}

#[test]
fn a_stretch_becomes_one_migration_that_makes_the_same() {
    let (Some(old), Some(new)) = (Live::start(""), Live::start("")) else { return };
    let (old, new) = (old.url("postgres"), new.url("postgres"));
    let folder = history();
    folder.run(&["deploy", "--database", &old]).ends(0);
    folder.run(&["squash", "first year", "--last", "4_view"]).ends(1).says("error[not-committed]");
    folder.commit("migrations");
    let squash = ["squash", "first year", "--last", "4_view"];
    folder.run(&[&squash[..], &["--dry-run"]].concat()).ends(0).shown_as("squash");
    folder.run(&squash).ends(0).says("4 migrations replaced; both ways lead to the same").prints("4_first_year.sql");
    assert!(!folder.path("migrations/1_users.sql").exists());

    let status = |url: &str| folder.run(&["status", "--exit-code", "--database", url]);
    status(&old).ends(0).prints("squashed      4_first_year").says("2 applied, 0 pending");
    folder.run(&["check", "--to", "migrations:migrations", "--database", &old]).ends(0);
    folder
        .run(&["deploy", "--database", &old])
        .ends(0)
        .says("4_first_year: noted in place of those that it stands for");
    status(&old).ends(0).prints("applied       4_first_year");
    folder.run(&["deploy", "--database", &new]).ends(0).says("2 migrations applied");
    folder.run(&["diff", &old, &new]).ends(0).says("no difference");
}

#[test]
fn what_is_in_the_way_of_the_new_file_stays() {
    let folder = Folder::new(&[
        ("migrations/1_a.sql", "CREATE TABLE a (id int);"),
        ("migrations/2_b.sql", "CREATE TABLE b (id int);"),
        ("migrations/2_of_another_branch.sql", "CREATE TABLE c (id int);"),
    ]);
    let squash = |name: &str| folder.run(&["squash", name, "--last", "2_b", "--force", "--shadow", "embedded"]);
    squash("of another branch").ends(1).says("`migrations/2_of_another_branch.sql` is there already");
    assert!(folder.path("migrations/1_a.sql").exists() && folder.path("migrations/2_b.sql").exists());
    // A file of the stretch gives its name.
    squash("b").ends(0).prints("2_b.sql");
    assert!(!folder.path("migrations/1_a.sql").exists());
    let text = std::fs::read_to_string(folder.path("migrations/2_b.sql")).expect("the new file");
    assert!(text.contains("CREATE TABLE public.a") && text.contains("CREATE TABLE public.b"), "{text}");
}

/// Of a schema, and of a value of an enum, there is nothing but the name.
#[test]
fn what_is_but_a_name_may_be_there_already() {
    let folder = Folder::new(&[
        ("migrations/1_a.sql", "CREATE SCHEMA s; CREATE TYPE s.e AS ENUM ('a', 'b');"),
        ("migrations/2_b.sql", "CREATE SCHEMA IF NOT EXISTS s; ALTER TYPE s.e ADD VALUE IF NOT EXISTS 'b';"),
    ]);
    let run = folder.run(&["squash", "all", "--dry-run", "--shadow", "embedded"]).ends(0);
    run.prints("CREATE SCHEMA s;").does_not_print("ADD VALUE");
}

/// What was committed between two migrations is committed within the one.
#[test]
fn a_value_of_an_enum_is_there_before_rows_have_it() {
    let Some(live) = Live::start("") else { return };
    let folder = Folder::new(&[
        ("migrations/1_a.sql", "CREATE TYPE e AS ENUM ('a'); CREATE TABLE t (x e);"),
        ("migrations/2_rows.sql", "INSERT INTO t VALUES ('a');"),
        (
            "migrations/3_value.sql",
            "ALTER TYPE e ADD VALUE 'b'; ALTER TABLE t ADD gone int; ALTER TABLE t DROP x, ADD x e;",
        ),
        ("migrations/4_rows.sql", "UPDATE t SET x = 'b';"),
    ]);
    folder.run(&["squash", "all", "--force", "--shadow", "embedded"]).ends(0).says("does not go into one transaction");
    folder.run(&["deploy", "--database", &live.url("postgres")]).ends(0).says("1 migration applied");
}

#[test]
fn the_tables_of_other_tools_are_told_too() {
    let layouts = [
        ("prisma", "1_a/migration.sql", "2_b/migration.sql"),
        ("supabase", "1_a.sql", "2_b.sql"),
        ("goose", "1_a.sql", "2_b.sql"),
        ("golang-migrate", "1_a.up.sql", "2_b.up.sql"),
        ("flyway", "V1__a.sql", "V2__b.sql"),
    ];
    for (layout, one, other) in layouts {
        let Some(live) = Live::start("") else { return };
        let url = live.url("postgres");
        let at = |file: &str| format!("migrations/{file}");
        let up = if layout == "goose" { "-- +goose Up\n" } else { "" };
        let body = "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN 1; END; $$;";
        let body = match layout {
            "goose" => format!("{up}-- +goose StatementBegin\n{body}\n-- +goose StatementEnd\n"),
            _ => body.to_owned(),
        };
        let folder = Folder::new(&[(&at(one), &format!("{up}CREATE TABLE a (id int);")), (&at(other), &body)]);
        let run = |command: &[&str]| folder.run(&[command, &["--layout", layout, "--database", &url]].concat());
        run(&["deploy"]).ends(0);
        folder.run(&["squash", "all", "--force", "--layout", layout]).ends(0);
        run(&["deploy"]).ends(0);
        run(&["status", "--exit-code"]).ends(0).prints("applied").says("1 applied, 0 pending");
    }
}

#[test]
fn a_database_in_the_middle_of_the_stretch_is_told() {
    let Some(live) = Live::start("") else { return };
    let url = live.url("postgres");
    let folder = history();
    folder.run(&["deploy", "--to", "2_seed", "--database", &url]).ends(0);
    folder.run(&["squash", "--force", "--last", "4_view"]).ends(0);
    let status = folder.run(&["status", "--database", &url]).ends(1);
    status.says(
        "error[squashed-half-way]: 4_squashed stands for migrations of which the database has run some, and not 3, 4",
    );
    folder.run(&["deploy", "--database", &url]).ends(1).says("error[squashed-half-way]");
}

/// Fragments of which nobody knows any more how they came together.
#[test]
fn fragments_that_were_never_one_history_give_a_list_of_conflicts_and_a_clean_result() {
    let texts = (0..41).map(|at| {
        let number = at / 2 + 1;
        let text = match at % 4 {
            0 => format!("CREATE TABLE t{at} (id int PRIMARY KEY);"),
            1 => format!("CREATE TABLE IF NOT EXISTS t{} (id int PRIMARY KEY, more text);", at - 1),
            2 => format!("ALTER TABLE t{} ADD COLUMN x int;\nALTER TABLE nowhere ADD COLUMN y int;", at - 2),
            _ => format!("CREATE TABLE t{} (id bigint);\nCREATE INDEX ON t{} (x);", at - 3, at - 3),
        };
        (format!("migrations/{number:03}_fragment_{at}.sql"), text)
    });
    let files: Vec<(String, String)> = texts.collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let folder = Folder::new(&files);
    let refused = folder.run(&["squash", "all fragments", "--force"]).ends(1);
    let refused = refused
        .says("warning[duplicate-number]: two migrations have the number 001: 001_fragment_0 and 001_fragment_1");
    let refused = refused.says("error[conflict]: relation \"t0\" already exists").says("001_fragment_1.sql:1:");
    let refused = refused.says("error[conflict]: relation \"nowhere\" does not exist").says("002_fragment_2.sql:2:");
    refused.says("error[conflicts]: the migrations do not make one history: 30 conflicts");
    assert!(folder.path("migrations/001_fragment_0.sql").exists());
    let done = folder.run(&["squash", "all fragments", "--force", "--accept-conflicts"]).ends(0);
    done.says("30 conflicts: these statements are left out").prints("migrations/021_all_fragments.sql");
    folder.run(&["diff", "empty", "migrations:migrations"]).ends(0).prints("CREATE TABLE public.t40");
}
