//! Migrations that somebody wrote: what each statement does, told with its place.

use super::Folder;

const INIT: &str = "CREATE TABLE users (id int PRIMARY KEY, email text, age int);\n";
const MORE: &str = "-- +goose Up
ALTER TABLE users ADD COLUMN name text NOT NULL;
ALTER TABLE users ALTER COLUMN id TYPE bigint;
ALTER TABLE users DROP COLUMN age;
CREATE INDEX users_email ON users (email);
ALTER TABLE users RENAME TO people;
ALTER TABLE people RENAME COLUMN name TO \"fullName\";
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
        ("m/3_last/migration.sql", "DROP TABLE users;"),
    ]);
    let run = folder.run(&["lint", "m", "--shadow", "embedded"]).ends(1).says("error[migration-fails]");
    run.says("relation \"nobody\" does not exist")
        .says("2_more/migration.sql:2:1")
        .says("2 of 3 migrations, 1 statements");
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
fn a_proof_of_an_online_migration_is_held_to_its_statements() {
    let folder = Folder::new(&[
        ("from.sql", "CREATE TABLE users (id int PRIMARY KEY, email text);"),
        ("to.sql", "CREATE TABLE users (id int PRIMARY KEY, email text, CHECK (email <> ''));"),
    ]);
    let diff = ["from.sql", "to.sql", "--online", "always", "-o", "up.sql", "--proof", "proof.json"];
    folder.diff(&diff).ends(0);
    let sql = std::fs::read_to_string(folder.path("up.sql")).expect("a migration");
    assert!(sql.contains("SET lock_timeout"), "{sql}");
    let check = || {
        let arguments = ["lint", "up.sql", "--from", "from.sql", "--check-proof", "proof.json", "--fail-on", "never"];
        folder.run(&[&arguments[..], &["--shadow", "embedded"]].concat())
    };
    check().ends(0);
    let proof = std::fs::read_to_string(folder.path("proof.json")).expect("a proof");
    folder.write("proof.json", proof.replace("SHARE UPDATE EXCLUSIVE", "ACCESS SHARE").as_bytes());
    check().ends(1).says("this statement does something else than the proof says");
}

#[test]
fn where_nothing_differs_there_is_nothing_to_prove() {
    let folder = Folder::new(&[("a.sql", INIT)]);
    folder.diff(&["a.sql", "a.sql", "--proof", "proof.json"]).ends(0).says("`proof.json` was not written");
    assert!(!folder.path("proof.json").exists());
}

#[test]
fn the_file_of_the_project_is_held_to_account_too() {
    let folder = Folder::new(&[("m/1_init.sql", INIT), ("trueup.toml", "shadow = \"embedded\"\nshaddow = 1\n")]);
    folder.run(&["lint", "m"]).says("shaddow");
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

#[test]
fn what_is_set_for_a_transaction_governs_it_and_nothing_after_it() {
    let local = "BEGIN;
SET LOCAL search_path = app;
CREATE TABLE t (id int);
COMMIT;
CREATE TABLE u (id int);
";
    let folder = Folder::new(&[
        ("m/1_schema.sql", "CREATE SCHEMA app;"),
        ("m/2_local.sql", local),
        // Without a BEGIN, tools have one transaction for each migration.
        ("m/3_whole.sql", "SET LOCAL search_path = app;\nCREATE TABLE v (id int);"),
        ("m/4_use.sql", "COMMENT ON TABLE app.t IS ''; COMMENT ON TABLE public.u IS ''; COMMENT ON TABLE app.v IS '';"),
    ]);
    folder.run(&["lint", "m", "--shadow", "embedded"]).ends(0).says("4 migrations");
}

#[test]
fn settings_end_with_their_migration() {
    let folder = Folder::new(&[
        ("m/1_set.sql", "CREATE SCHEMA app; SET search_path = app; CREATE TABLE t (id int);"),
        ("m/2_not.sql", "CREATE TABLE u (id int);"),
        ("m/3_use.sql", "COMMENT ON TABLE app.t IS ''; COMMENT ON TABLE public.u IS '';"),
    ]);
    folder.run(&["lint", "m", "--shadow", "embedded"]).ends(0).says("3 migrations");
}

#[test]
fn a_lock_timeout_of_a_transaction_ends_with_it() {
    let more = "BEGIN;
SET LOCAL lock_timeout = '2s';
ALTER TABLE users ADD COLUMN a int;
COMMIT;
ALTER TABLE users ADD COLUMN b int;
";
    let folder = Folder::new(&[("m/1_init.sql", INIT), ("m/2_more.sql", more)]);
    let run = folder.run(&["lint", "m", "--shadow", "embedded", "--fail-on", "warning"]).ends(1);
    run.says("warning[lacks-lock-timeout]").says("2_more.sql:5:1").says("0 errors, 1 warnings");
}

#[test]
fn a_platform_is_there_before_the_first_migration() {
    let sql = "CREATE TABLE profiles (id uuid PRIMARY KEY REFERENCES auth.users (id));
ALTER TABLE profiles ADD COLUMN token text DEFAULT gen_salt('bf');
CREATE POLICY own ON profiles USING (auth.uid() = id);
GRANT SELECT ON profiles TO anon;
";
    let folder = Folder::new(&[("m/1_init.sql", sql)]);
    let lint = |more: &[&str]| folder.run(&[&["lint", "m", "--shadow", "embedded"], more].concat());
    lint(&[]).ends(1).says("error[migration-fails]").says("say `--profile supabase`");
    lint(&["--profile", "supabase"]).ends(0).says("1 migrations, 4 statements");
    folder.write("trueup.toml", b"profile = \"supabase\"");
    lint(&[]).ends(0).says("1 migrations, 4 statements");
}

#[test]
fn what_a_folder_holds_besides_sql_is_named() {
    let folder = Folder::new(&[
        ("m/1_init.up.sql", "not for PostgreSQL"),
        ("m/1_init.postgres.up.sql", INIT),
        ("m/1_init.down.sql", "DROP TABLE users;"),
        ("m/2_more.ts", "await sql`DROP TABLE users`"),
    ]);
    let lint = |path: &str| folder.run(&["lint", path, "--shadow", "embedded"]);
    lint("m").ends(0).says("1 migrations, 1 statements").says("programs and were left out: 1 `.ts`");
    folder.write("n/1_init.ts", b"await sql`DROP TABLE users`");
    lint("n").ends(1).says("error[no-migrations]").says("1 `.ts`").says("write out the SQL");
    folder.write("o/1_init.sql", b"CREATE TABLE {{ schema }}.users (id int);");
    lint("o").ends(1).says("`{{ schema }}` looks like a placeholder");
}

#[test]
fn rows_that_a_migration_makes_of_made_up_ones_do_not_stop_it() {
    let copies = "CREATE TABLE kinds (kind int);
INSERT INTO kinds SELECT 1 FROM users;
CREATE UNIQUE INDEX kinds_kind ON kinds (kind);
";
    let folder = Folder::new(&[("m/1_init.sql", INIT), ("m/2_copy.sql", copies)]);
    folder.run(&["lint", "m", "--shadow", "embedded", "--fail-on", "never"]).ends(0).says("2 migrations, 4 statements");
}

#[test]
fn a_table_that_is_new_in_a_migration_is_in_nobodys_way() {
    let new = "CREATE TABLE orders (id int, user_id int, kind text);
CREATE UNIQUE INDEX orders_id ON orders (id);
ALTER TABLE orders ADD FOREIGN KEY (user_id) REFERENCES users (id);
ALTER TABLE orders ALTER COLUMN kind SET NOT NULL;
ALTER TABLE orders DROP COLUMN kind;
";
    let folder = Folder::new(&[("m/1_init.sql", INIT), ("m/2_new.sql", new)]);
    let lint = || folder.run(&["lint", "m", "--shadow", "embedded", "--fail-on", "never"]).ends(0);
    // The table that the key refers to was there.
    lint().says("warning[lacks-lock-timeout]").says("0 errors, 1 warnings");
    let filled = new.replacen("\n", "\nINSERT INTO orders SELECT id, id FROM users;\n", 1);
    folder.write("m/2_new.sql", filled.as_bytes());
    lint().says("warning[adds-unique]").says("warning[sets-not-null]").says("error[drops-column]");
}

#[test]
fn what_changes_places_in_one_migration_keeps_its_name() {
    let init = "CREATE TYPE kind AS ENUM ('a', 'b'); CREATE TABLE t (kind kind);";
    let swap = "CREATE TYPE kind_new AS ENUM ('a', 'c');
ALTER TABLE t ALTER COLUMN kind TYPE kind_new USING (kind::text::kind_new);
ALTER TYPE kind RENAME TO kind_old;
ALTER TYPE kind_new RENAME TO kind;
DROP TYPE kind_old;
";
    let folder = Folder::new(&[("m/1_init.sql", init), ("m/2_swap.sql", swap)]);
    let run =
        folder.run(&["lint", "m", "--shadow", "embedded", "--fail-on", "never"]).ends(0).says("error[casts-values]");
    assert!(!run.err.contains("renames-object") && !run.err.contains("changes-type"), "{}", run.err);
    folder.write("m/2_swap.sql", b"ALTER TYPE kind RENAME TO kind_old;");
    let run = folder.run(&["lint", "m", "--shadow", "embedded"]).ends(0).says("warning[renames-object]");
    run.says("drop this one when no release names it");
}

#[test]
fn what_is_below_the_migrations_is_none() {
    let folder = Folder::new(&[
        ("migrations/0001_a.up.sql", "CREATE TABLE a (id int);"),
        ("migrations/0002_b.up.sql", "CREATE TABLE b (id int);"),
        ("migrations/testdata/0001_rows.sql", "INSERT INTO nowhere VALUES ('');"),
    ]);
    let run = folder.run(&["lint", "migrations", "--shadow", "embedded"]).ends(0).says("2 migrations, 2 statements");
    run.says("note[left-out]: 1 file below `migrations`").says("testdata/0001_rows.sql");
}

/// Prisma goes by the letters of the names, where other tools go by numbers.
#[test]
fn migrations_run_in_the_order_of_their_tool() {
    let folder = Folder::new(&[
        ("migrations/20240101000000_a/migration.sql", "CREATE TABLE a (id int);"),
        ("migrations/20241231_b/migration.sql", "ALTER TABLE a ADD b int;"),
        ("migrations/migration_lock.toml", "provider = \"postgresql\""),
    ]);
    folder.run(&["lint", "migrations", "--shadow", "embedded"]).ends(0).says("2 migrations, 2 statements");
}
