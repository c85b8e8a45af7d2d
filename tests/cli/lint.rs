//! Migrations that somebody wrote: what each statement does, told with its place.

use super::Folder;

const INIT: &str = "CREATE TABLE users (id int PRIMARY KEY, email text, age int);\n";
const MORE: &str = "-- +goose Up
ALTER TABLE users ADD COLUMN name text NOT NULL;
ALTER TABLE users ALTER COLUMN id TYPE bigint;
ALTER TABLE users DROP COLUMN age;
CREATE INDEX users_email ON users (email);
ALTER TABLE users RENAME TO people;
-- +goose Down
DROP TABLE people;
";

#[test]
fn each_hazard_has_its_place() {
    let folder = Folder::new(&[("m/1_init.sql", INIT), ("m/2_more.sql", MORE)]);
    folder.run(&["lint", "m", "--shadow", "embedded"]).ends(1).shown_as("lint");
}

#[test]
fn a_comment_accepts_a_hazard() {
    let accepted = "SET lock_timeout = '2s';
-- trueup: ignore drops-column nobody has read it since March
ALTER TABLE users DROP COLUMN age;
";
    let folder = Folder::new(&[("m/1_init.sql", INIT), ("m/2_more.sql", accepted)]);
    let lint = |more: &[&str]| folder.run(&[&["lint", "m", "--shadow", "embedded"], more].concat());
    lint(&["--fail-on", "warning"]).ends(0).says("0 errors, 0 warnings");
    folder.write("m/2_more.sql", accepted.replace("ignore drops-column", "ignore drops-table").as_bytes());
    lint(&[]).ends(1).says("error[drops-column]").says("2_more.sql:3:1");
    lint(&["--fail-on", "never"]).ends(0).says("1 errors");
}

#[test]
fn a_migration_that_fails_is_the_last_that_is_run() {
    let folder = Folder::new(&[
        ("m/1_init/migration.sql", INIT),
        ("m/2_more/migration.sql", "BEGIN;\nALTER TABLE nobody DROP COLUMN age;\nCOMMIT;"),
        ("m/10_last/migration.sql", "DROP TABLE users;"),
    ]);
    let run = folder.run(&["lint", "m", "--shadow", "embedded"]).ends(1).says("error[migration-fails]");
    run.says("relation \"nobody\" does not exist").says("2_more/migration.sql:2:1").says("2 migrations, 1 statements");
}

#[test]
fn migrations_before_are_only_loaded() {
    let folder = Folder::new(&[("m/1_init.sql", INIT), ("m/2_more.sql", MORE), ("m/3_last.sql", "DROP TABLE people;")]);
    let run = folder.run(&["lint", "m", "--since", "3_last", "--shadow", "embedded"]).ends(1);
    run.says("error[drops-table]").says("1 migrations, 1 statements");
    folder.run(&["lint", "m", "--since", "4", "--shadow", "embedded"]).ends(1).says("no migration is called `4`");
    folder.run(&["lint", "nowhere", "--shadow", "embedded"]).ends(1).says("there is no migration in `nowhere`");
}

#[test]
fn a_proof_is_about_one_text_and_one_state() {
    let to = "CREATE TABLE users (id bigint PRIMARY KEY, email text); CREATE INDEX users_email ON users (email);";
    let folder = Folder::new(&[("from.sql", INIT), ("to.sql", to)]);
    folder.diff(&["from.sql", "to.sql", "-o", "up.sql", "--proof", "proof.json"]).ends(0);
    let proof = std::fs::read_to_string(folder.path("proof.json")).expect("a proof");
    insta::with_settings!({ snapshot_path => "../../snapshots/cli", prepend_module_to_snapshot => false, omit_expression => true, filters => [("[0-9a-f]{64}", "HASH"), (r"PostgreSQL [0-9.]+", "PostgreSQL VERSION")] }, {
        insta::assert_snapshot!("proof.json", proof);
    });
    let check = |from: &str| {
        let arguments = ["lint", "up.sql", "--from", from, "--check-proof", "proof.json", "--fail-on", "never"];
        folder.run(&[&arguments[..], &["--shadow", "embedded"]].concat())
    };
    check("from.sql").ends(0);
    folder.write("other.sql", format!("{INIT}CREATE TABLE more (id int);").as_bytes());
    check("other.sql").ends(1).says("the schema before the migration is not the one that the proof begins with");
    let sql = std::fs::read_to_string(folder.path("up.sql")).expect("a migration");
    folder.write("up.sql", sql.replace("CREATE INDEX", "CREATE  INDEX").as_bytes());
    check("from.sql").ends(1).says("error[proof-stale]").says("its text has been changed");
    folder.write("proof.json", b"{}");
    check("from.sql").ends(1).says("error[bad-proof]");
}

#[test]
fn the_way_back_is_rehearsed_too() {
    let from =
        "CREATE TABLE users (id int PRIMARY KEY, email text, age int); CREATE VIEW all_users AS SELECT id FROM users;";
    let to = "-- trueup: renamed from users
CREATE TABLE people (id bigint PRIMARY KEY, email text);";
    let folder = Folder::new(&[("from.sql", from), ("to.sql", to)]);
    folder.diff(&["from.sql", "to.sql", "--down", "down.sql", "-o", "up.sql"]).ends(0).says("with 20 rows in 1 table");
    let down = std::fs::read_to_string(folder.path("down.sql")).expect("a way back");
    insta::with_settings!({ snapshot_path => "../../snapshots/cli", prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("down.sql", down);
    });
}

#[test]
fn what_becomes_of_rows_is_told() {
    let folder = Folder::new(&[
        ("from.sql", "CREATE TABLE t (id int PRIMARY KEY, price numeric(8, 2) NOT NULL, note text);"),
        ("to.sql", "CREATE TABLE t (id int PRIMARY KEY, price numeric(8, 1) NOT NULL);"),
    ]);
    let told = |rows: &str| {
        let run = folder.diff(&["from.sql", "to.sql", "--rows", rows, "--format", "json"]).ends(0);
        serde_json::from_str::<serde_json::Value>(&run.out).expect("JSON")["rehearsal"]["tables"].clone()
    };
    let tables = told("7");
    assert_eq!(tables[0]["table"], "public.t");
    assert_eq!((&tables[0]["rows"], &tables[0]["left"]), (&7.into(), &7.into()));
    assert_eq!(tables[0]["columns_gone"], serde_json::json!(["note"]));
    assert_eq!(tables[0]["columns_changed"][0]["column"], "price");
    assert_eq!(told("0"), serde_json::json!([]));
}
