//! `trueup new`: the next migration, as the layout of the folder names and writes it.

use super::{Folder, Live};

const SCHEMA: &str = "CREATE TABLE users (id int PRIMARY KEY, email text);
    CREATE FUNCTION one() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN 1; END; $$;
    CREATE INDEX users_email ON users (email);";

#[test]
fn a_migration_is_written_and_runs_in_each_layout() {
    let layouts = [
        ("prisma", "1_a/migration.sql"),
        ("supabase", "1_a.sql"),
        ("goose", "00001_a.sql"),
        ("dbmate", "1_a.sql"),
        ("flyway", "V1__a.sql"),
        ("golang-migrate", "000001_a.up.sql"),
        ("sqlx", "1_a.up.sql"),
        ("refinery", "V1__a.sql"),
        ("plain", "0001_a.sql"),
    ];
    for (layout, file) in layouts {
        let Some(live) = Live::start("") else { return };
        let url = live.url("postgres");
        let file = format!("migrations/{file}");
        let folder = Folder::new(&[(&file, "CREATE TABLE users (id int PRIMARY KEY);"), ("schema.sql", SCHEMA)]);
        let new = ["new", "Index e-mail", "--to", "schema.sql", "--layout", layout, "--online", "always"];
        let run = folder.run(&new).ends(0).says("written");
        let written: Vec<&str> = run.out.lines().collect();
        let sql: Vec<&&str> = written.iter().filter(|it| it.ends_with(".sql")).collect();
        let up = folder.text(sql[0]);
        assert!(up.contains("index e mail") && up.contains("CREATE INDEX CONCURRENTLY users_email"), "{layout}: {up}");
        assert!(written.iter().any(|it| it.ends_with("proof.json")), "{layout}: {written:?}");
        assert!(written.iter().any(|it| it.ends_with("report.json")), "{layout}: {written:?}");
        let all: String = sql.iter().map(|it| folder.text(it)).collect();
        assert!(all.contains("DROP FUNCTION public.one()"), "{layout}: no way back\n{all}");
        // What it wrote is read by deploy as it was meant.
        folder.run(&["deploy", "--layout", layout, "--database", &url]).ends(0).says("2 migrations applied");
        folder.run(&["diff", &url, "schema.sql"]).ends(0).says("no difference");
        folder.run(&["new", "index_email", "--to", "schema.sql", "--layout", layout]).ends(0).says("nothing differs");
        let proof = written.iter().find(|it| it.ends_with("proof.json")).expect("a proof");
        folder.run(&["lint", &file, sql[0], "--check-proof", proof, "--fail-on", "never"]).ends(0);
    }
}

#[test]
fn the_first_migration_makes_its_folder() {
    let folder = Folder::new(&[("schema.sql", SCHEMA)]);
    let run = folder.run(&["new", "users", "--to", "schema.sql", "--migrations", "prisma/migrations"]).ends(0);
    assert!(run.out.contains("migration_lock.toml") && run.out.contains("_users/migration.sql"), "{}", run.out);
    let lock = folder.text("prisma/migrations/migration_lock.toml");
    assert!(lock.contains("provider = \"postgresql\""), "{lock}");
}

#[test]
fn nothing_is_written_where_something_is_wrong() {
    let folder = Folder::new(&[("schema.sql", SCHEMA), ("migrations/1_a.sql", "CREATE TABEL users (id int);")]);
    folder.run(&["new", "update", "--to", "schema.sql"]).ends(1).says("error[empty-name]");
    folder.run(&["new", "add_email", "--to", "schema.sql"]).ends(1).says("migrations/1_a.sql:1:8");
    folder.run(&["new", "add_email"]).ends(64).says("TO is not named");
    folder.write("migrations/1_a.sql", b"");
    folder.write("schema.sql", b"CREATE TABLE t (x nothing);");
    folder.run(&["new", "add_email", "--to", "schema.sql"]).ends(1).says("schema.sql:1:19");
    let files = std::fs::read_dir(folder.path("migrations")).expect("the folder").count();
    assert_eq!(files, 1);
}

#[test]
fn an_empty_one_is_for_a_person() {
    let folder = Folder::new(&[("migrations/0001_a.sql", "CREATE TABLE a (id int);")]);
    let run = folder.run(&["new", "backfill names", "--create-only"]).ends(0);
    assert_eq!(run.out, "migrations/0002_backfill_names.sql\n");
    assert_eq!(folder.text("migrations/0002_backfill_names.sql"), "-- backfill names\n\n");
}

#[test]
fn a_change_can_be_written_in_phases() {
    let before = "CREATE TABLE users (id int PRIMARY KEY, hits int NOT NULL, nick text); CREATE VIEW nicks AS SELECT nick FROM users;";
    let after =
        "CREATE TABLE users (id int PRIMARY KEY, hits bigint NOT NULL, email jsonb); CREATE TABLE later (id int);";
    for (layout, first) in [("plain", "0001_a.sql"), ("prisma", "1_a/migration.sql"), ("goose", "00001_a.sql")] {
        let up = if layout == "goose" { format!("-- +goose Up\n{before}") } else { before.to_owned() };
        let folder = Folder::new(&[(&format!("migrations/{first}"), &up), ("schema.sql", after)]);
        let of = |command: &[&str]| folder.run(&[command, &["--layout", layout]].concat());
        let run = of(&["new", "count_more", "--to", "schema.sql", "--split", "--online", "always"]).ends(0);
        let named = |phase: &str| {
            let is_it = |it: &&str| {
                it.contains(&format!("count_more_{phase}")) && !it.ends_with(".json") && !it.contains("down")
            };
            folder.text(run.out.lines().find(is_it).unwrap_or_else(|| panic!("{layout}: no {phase} in {}", run.out)))
        };
        let (expand, backfill, contract) = (named("expand"), named("backfill"), named("contract"));
        assert!(expand.contains("ADD COLUMN hits__new") && expand.contains("ADD COLUMN email"), "{expand}");
        assert!(backfill.contains("DO $fill$") && backfill.contains("DO $swap$"), "{backfill}");
        let up = contract.split("-- +goose Down").next().unwrap_or_default();
        assert!(
            up.contains("DROP VIEW") && up.contains("COLUMN nick") && up.contains("COLUMN hits__old"),
            "{contract}"
        );
        assert!(!expand.split("-- +goose Down").next().unwrap_or_default().contains("DROP"), "{expand}");
        assert_eq!(run.out.matches("proof.json").count(), 3, "{}", run.out);

        // Each leads on by itself, and back.
        let Some(live) = Live::start("") else { return };
        let url = live.url("postgres");
        let name = |phase: &str| {
            let list = of(&["status", "--database", &url]).out;
            let found = list.lines().find(|it| it.contains(phase)).expect("a migration").to_owned();
            found.split_whitespace().last().expect("a name").to_owned()
        };
        let till = name("_backfill");
        of(&["deploy", "--database", &url, "--to", &till]).ends(0).says("3 migrations applied");
        // What it says of transactions is for the way there.
        of(&["rollback", "--database", &url, "--accept-loss"]).ends(0);
        of(&["deploy", "--database", &url]).ends(0);
        folder.run(&["diff", &url, "schema.sql", "--exclude", "goose_db_version", "--exit-code"]).ends(0);
        let all: Vec<&str> =
            run.out.lines().filter(|it| it.contains("contract") && it.ends_with("proof.json")).collect();
        let migrations: Vec<&str> = run.out.lines().filter(|it| it.ends_with(".sql") && !it.contains("down")).collect();
        let first = format!("migrations/{first}");
        let lint = [&["lint", &first], &migrations[..], &["--check-proof", all[0], "--fail-on", "never"]].concat();
        folder.run(&lint).ends(0);
    }
}

#[test]
fn what_has_one_phase_stays_one_migration() {
    let folder = Folder::new(&[("migrations/0001_a.sql", ""), ("schema.sql", "CREATE TABLE t (id int);")]);
    let run = folder.run(&["new", "add_t", "--to", "schema.sql", "--split"]).ends(0).says("nothing to split");
    assert!(run.out.starts_with("migrations/0002_add_t.sql\n"), "{}", run.out);
    folder.run(&["new", "add_t", "--split", "--create-only"]).ends(64);
}
