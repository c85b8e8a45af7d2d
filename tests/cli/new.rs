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

/// Databases that have not run it yet are compared with what is declared too.
#[test]
fn what_was_said_of_names_is_kept() {
    let folder = Folder::new(&[
        ("migrations/0001_a.sql", "CREATE TABLE users (id int, name text, \"Odd one\" int, gone date);"),
        ("schema.sql", "CREATE TABLE users (id int, full_name text, even int, come date);"),
    ]);
    let said = ["--rename", "column:users.name=full_name", "--rename", "column:public.users.\"Odd one\"=even"];
    let new = [&["new", "name_all", "--to", "schema.sql"], &said[..], &["--no-rename", "column:users.gone"]].concat();
    folder.run(&new).ends(0).prints("trueup.renames");
    let ledger = "column:users.name=full_name\ncolumn:public.users.\"Odd one\"=even\ndrop column:users.gone\n";
    assert_eq!(folder.text("trueup.renames"), ledger);
    let run = folder.diff(&["migrations/0001_a.sql", "schema.sql"]).ends(0);
    run.prints("RENAME COLUMN name TO full_name").prints("RENAME COLUMN \"Odd one\" TO even");
    folder.write("schema.sql", b"CREATE TABLE users (id bigint, full_name text, even int, come date);");
    // What is known already is not said twice.
    folder.run(&["new", "count_more", "--to", "schema.sql", "--no-rename", "column:public.users.gone"]).ends(0);
    assert_eq!(folder.text("trueup.renames"), ledger);
}

/// What an earlier run has replayed is not run again, whatever has become of what it was kept in.
#[test]
fn a_long_history_is_replayed_once() {
    let migrations: Vec<(String, String)> = (1..=120)
        .map(|at| {
            (
                format!("migrations/{at:04}_a.sql"),
                format!("CREATE TABLE t{at} (id int PRIMARY KEY, name text);\nINSERT INTO t{at} VALUES ({at});"),
            )
        })
        .collect();
    let mut files: Vec<(&str, &str)> = migrations.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let last = "DO $$ BEGIN ASSERT (SELECT id FROM t120) = 120; END $$; CREATE TABLE last (id int REFERENCES t1);";
    files.push(("schema.sql", "CREATE TABLE other (id int);"));
    let folder = Folder::new(&files);
    let cache = folder.path("cache");
    let diff = || {
        let mut command = super::command(&folder.path(""));
        command.env("TRUEUP_CACHE", &cache).args(["diff", "empty", "migrations:migrations", "--shadow", "embedded"]);
        super::run(command.args(["--format", "json"]), "", &folder.path(""))
    };
    let kept = || -> Vec<(std::time::SystemTime, std::path::PathBuf)> {
        let entry = |it: std::io::Result<std::fs::DirEntry>| {
            let it = it.expect("an entry");
            (it.metadata().expect("metadata").modified().expect("a time"), it.path())
        };
        let mut all: Vec<_> = std::fs::read_dir(&cache).expect("the cache").map(entry).collect();
        all.sort();
        all
    };
    let plan = |run: &super::Run| {
        let json: serde_json::Value = serde_json::from_str(&run.out).expect("JSON");
        json["statements"].as_array().expect("statements").iter().map(|it| it["sql"].to_string()).collect::<Vec<_>>()
    };
    let first = diff().ends(0);
    let [(then, _)] = kept()[..] else { panic!("{:?}", kept()) };
    let again = diff().ends(0);
    assert_eq!(plan(&first), plan(&again));
    let [(now, ref path)] = kept()[..] else { panic!("{:?}", kept()) };
    assert!(then < now, "it was not asked for");

    // One more stands on it, with the rows that are there; and is too short to be kept by itself.
    folder.write("migrations/0121_last.sql", last.as_bytes());
    let more = diff().ends(0);
    assert_eq!(plan(&more).len(), plan(&first).len() + 1);

    // What is broken is loaded anew.
    std::fs::remove_dir_all(path.join("cluster/tmp/pglite/base/global")).expect("a folder");
    assert_eq!(plan(&diff().ends(0)), plan(&more));
    // Other texts are another history.
    folder.write("migrations/0001_a.sql", b"CREATE TABLE t1 (id bigint PRIMARY KEY);");
    assert!(diff().ends(0).out.contains("bigint"));
}
