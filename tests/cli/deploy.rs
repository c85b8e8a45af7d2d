//! `trueup deploy`: what is pending runs, once, and whatever stops it can be told and gone on from.

use super::{Folder, Live};

/// A folder of plain migrations.
fn folder(files: &[(&str, &str)]) -> Folder {
    let files: Vec<(String, &str)> = files.iter().map(|(name, text)| (format!("migrations/{name}"), *text)).collect();
    Folder::new(&files.iter().map(|(name, text)| (name.as_str(), *text)).collect::<Vec<_>>())
}

#[test]
fn what_is_pending_runs_once() {
    let Some(mut live) = Live::start("") else { return };
    let url = live.url("postgres");
    let folder = folder(&[
        ("1_a.sql", "CREATE TABLE a (id int);\nINSERT INTO a VALUES (1);"),
        ("2_b.sql", "CREATE INDEX CONCURRENTLY a_id ON a (id);\nINSERT INTO a VALUES (2);"),
        ("3_c.sql", "ALTER TABLE a ADD COLUMN x int;"),
    ]);
    let run = |command: &[&str]| folder.run(&[command, &["--database", &url]].concat());
    let dry = run(&["deploy", "--dry-run"]).ends(0).says("would run 1_a: 2 statements, in one transaction");
    dry.says("would run 2_b: 2 statements, one by one");
    run(&["status", "--exit-code"]).ends(2).says("0 applied, 3 pending");
    run(&["deploy", "--to", "2_b"]).ends(0).says("2 migrations applied");
    run(&["deploy", "--to", "2_b"]).ends(1).says("error[not-pending]");
    run(&["deploy"]).ends(0).says("1 migration applied");
    run(&["deploy"]).ends(0).says("nothing is pending");
    let rows: i64 = live.scratch.client.query_one("SELECT sum(id) FROM a", &[]).expect("a row").get(0);
    assert_eq!(rows, 3);
    run(&["status", "--exit-code"]).ends(0);
    folder.run(&["diff", &url, "migrations:migrations"]).ends(0).says("no difference");
}

#[test]
fn a_failure_is_told_with_its_place_and_leaves_nothing() {
    let Some(mut live) = Live::start("") else { return };
    let url = live.url("postgres");
    let folder = folder(&[("1_a.sql", "CREATE TABLE a (id int);\nINSERT INTO a VALUES ('x');")]);
    let run = |command: &[&str]| folder.run(&[command, &["--database", &url]].concat());
    let failed = run(&["deploy"]).ends(1).says("error[migration-failed]: 1_a: invalid input syntax for type integer");
    failed.says("migrations/1_a.sql:2:").says("nothing of this migration has taken effect").shown_as("deploy-fails");
    let is_there = "SELECT to_regclass('a') IS NOT NULL";
    assert!(!live.scratch.client.query_one(is_there, &[]).expect("a row").get::<_, bool>(0));
    folder.write("migrations/1_a.sql", b"CREATE TABLE a (id int);\nINSERT INTO a VALUES (1);");
    run(&["deploy"]).ends(0);
}

#[test]
fn what_runs_in_parts_goes_on_after_what_is_done() {
    let Some(mut live) = Live::start("CREATE TABLE a (id int); INSERT INTO a VALUES (1), (1)") else { return };
    let url = live.url("postgres");
    let first = "-- trueup: no-transaction\nINSERT INTO a VALUES (3);\n";
    let folder = folder(&[("1_a.sql", &format!("{first}CREATE UNIQUE INDEX CONCURRENTLY a_id ON a (id);\n"))]);
    let run = |command: &[&str]| folder.run(&[command, &["--database", &url]].concat());
    run(&["deploy"]).ends(1).says("error[drift]").says("TABLE public.a: only the database has it");
    let failed = run(&["deploy", "--allow-drift"]).ends(1).says("could not create unique index");
    failed.says("its first statement is done");
    // What is done cannot be changed any more; what comes after it can.
    folder.write("migrations/1_a.sql", first.replace('3', "4").as_bytes());
    run(&["deploy"]).ends(1).says("error[edited-migration]: 1_a was changed in statements that have taken effect");
    live.scratch.client.batch_execute("DELETE FROM a WHERE id = 1").expect("deleted");
    folder.write("migrations/1_a.sql", format!("{first}CREATE UNIQUE INDEX CONCURRENTLY a_id ON a (id);\n").as_bytes());
    run(&["deploy"]).ends(0).says("1 migration applied");
    let select = "SELECT count(*), (SELECT bool_and(indisvalid) FROM pg_index WHERE indrelid = 'a'::regclass) FROM a";
    let row = live.scratch.client.query_one(select, &[]).expect("a row");
    assert_eq!((row.get::<_, i64>(0), row.get::<_, bool>(1)), (1, true));
}

#[test]
fn what_was_refused_is_not_taken_for_done() {
    let Some(mut live) = Live::start("CREATE TABLE a (id int, v int); CREATE INDEX a_i ON a (v)") else { return };
    let url = live.url("postgres");
    let refused = [
        // An index of this name is there, and another one is wanted.
        ("CREATE INDEX CONCURRENTLY a_i ON a (id);", "relation \"a_i\" already exists"),
        ("DROP INDEX CONCURRENTLY nowhere;", "index \"nowhere\" does not exist"),
        ("ALTER TABLE a DETACH PARTITION b CONCURRENTLY;", "table \"a\" is not partitioned"),
        ("CREATE DATABASE postgres;", "database \"postgres\" already exists"),
    ];
    for (at, (sql, words)) in refused.into_iter().enumerate() {
        let folder = folder(&[(&format!("{at}_a.sql"), sql)]);
        let deploy = || folder.run(&["deploy", "--allow-drift", "--database", &url]).ends(1).says(words);
        deploy();
        deploy();
        live.scratch.client.batch_execute("DROP SCHEMA trueup CASCADE").expect("forgotten");
    }
}

#[test]
fn an_index_that_could_not_be_built_leaves_nothing() {
    let Some(mut live) = Live::start("CREATE TABLE a (id int); INSERT INTO a VALUES (1), (1)") else { return };
    let url = live.url("postgres");
    let folder = folder(&[("1_a.sql", "CREATE UNIQUE INDEX CONCURRENTLY a_id ON a (id);")]);
    folder.run(&["deploy", "--allow-drift", "--database", &url]).ends(1).says("could not create unique index");
    let is_there = "SELECT to_regclass('a_id') IS NOT NULL";
    assert!(!live.scratch.client.query_one(is_there, &[]).expect("a row").get::<_, bool>(0));
}

#[test]
fn whatever_a_migration_sets_it_is_noted() {
    let Some(mut live) = Live::start("CREATE ROLE nobody_s") else { return };
    let url = live.url("postgres");
    let sets = "SELECT pg_catalog.set_config('search_path', '', false);\nSET ROLE nobody_s;\nSELECT 1;\n";
    let parts = format!("{sets}VACUUM;\nSELECT 2;\n");
    let folder = Folder::new(&[("migrations/1_a/migration.sql", sets), ("migrations/2_b/migration.sql", &parts)]);
    folder.run(&["deploy", "--database", &url]).ends(0).says("2 migrations applied");
    let rows = "SELECT count(*) FROM public._prisma_migrations WHERE finished_at IS NOT NULL";
    assert_eq!(live.scratch.client.query_one(rows, &[]).expect("a row").get::<_, i64>(0), 2);
}

#[test]
fn wherever_a_migration_has_gone_what_is_done_is_told() {
    let Some(live) = Live::start("CREATE ROLE nobody_s") else { return };
    let url = live.url("postgres");
    let text = "-- trueup: no-transaction\nCREATE TABLE a ();\nSET search_path = pg_catalog;\nSET ROLE nobody_s;\nSELECT 1/0;\n";
    let folder = Folder::new(&[("migrations/1_a/migration.sql", text)]);
    let failed = folder.run(&["deploy", "--database", &url]).ends(1).says("division by zero");
    failed.says("its first 3 statements are done");
}

#[test]
fn drift_stops_it_before_the_first_statement() {
    let Some(mut live) = Live::start("") else { return };
    let url = live.url("postgres");
    let folder = folder(&[("1_a.sql", "CREATE TABLE a (id int);")]);
    let run = |command: &[&str]| folder.run(&[command, &["--database", &url]].concat());
    run(&["deploy"]).ends(0);
    live.scratch.client.batch_execute("ALTER TABLE a ADD COLUMN by_hand int").expect("altered");
    folder.write("migrations/2_b.sql", b"CREATE TABLE b (id int);");
    let stopped = run(&["deploy"]).ends(1).says("error[drift]: the database differs from what its history makes");
    stopped.says("COLUMN public.a.by_hand: only the database has it").shown_as("deploy-drift");
    run(&["status"]).ends(0).says("1 applied, 1 pending");
    // What goes by another name is no less another thing, whatever a ledger says of it.
    live.scratch.client.batch_execute("ALTER TABLE a DROP COLUMN by_hand; ALTER TABLE a RENAME TO z").expect("altered");
    folder.write("trueup.renames", b"table:z=a\n");
    run(&["deploy"]).ends(1).says("TABLE public.z: TABLE public.a in the history");
    run(&["deploy", "--allow-drift"]).ends(0);
}

#[test]
fn somebody_else_s_lock_is_waited_for() {
    let Some(mut live) = Live::start("CREATE TABLE a (id int)") else { return };
    let url = live.url("postgres");
    let folder = folder(&[("1_a.sql", "ALTER TABLE a ADD COLUMN x int;")]);
    live.scratch.client.batch_execute("BEGIN; LOCK TABLE a").expect("a lock");
    let command = ["deploy", "--allow-drift", "--lock-timeout", "50ms", "--retries", "2", "--database", &url];
    let run = folder.run(&command).ends(1).says("canceling statement due to lock timeout; trying again in");
    run.says("nothing of this migration has taken effect");
    live.scratch.client.batch_execute("COMMIT; SELECT pg_advisory_lock(128034944677232)").expect("another lock");
    folder.run(&["deploy", "--wait", "0", "--database", &url]).ends(1).says("somebody else is writing this history");
    live.scratch.client.batch_execute("SELECT pg_advisory_unlock_all()").expect("unlocked");
    folder.run(&["deploy", "--allow-drift", "--database", &url]).ends(0);
}

#[test]
fn what_cannot_be_run_as_written_is_refused() {
    let Some(live) = Live::start("") else { return };
    let url = live.url("postgres");
    let refused = |text: &str, words: &str| {
        folder(&[("1_a.sql", text)]).run(&["deploy", "--database", &url]).ends(1).says(words);
    };
    refused("BEGIN;\nCREATE TABLE a (id int);\nROLLBACK;", "ROLLBACK in a migration leaves open what is done");
    refused("BEGIN;\nCREATE TABLE a (id int);", "error[unfinished-transaction]");
    refused("CREATE TABLE a (id int);\nCOPY a FROM STDIN;\n1\n\\.\n", "error[");
    // What a letter is to be is not guessed at.
    let folder = folder(&[("1_a.sql", "")]);
    folder.write("migrations/1_a.sql", b"SELECT 'caf\xe9';");
    folder.run(&["deploy", "--database", &url]).ends(1).says("error[unreadable]: `migrations/1_a.sql` is not in UTF-8");
}

#[test]
fn each_tool_finds_what_it_would_have_written() {
    let layouts = [
        (
            "prisma",
            "1_a/migration.sql",
            "SELECT finished_at IS NOT NULL AND applied_steps_count = 1 FROM _prisma_migrations",
        ),
        (
            "supabase",
            "1_a.sql",
            "SELECT name = 'a' AND cardinality(statements) = 2 FROM supabase_migrations.schema_migrations",
        ),
        ("goose", "1_a.sql", "SELECT bool_and(is_applied) AND max(version_id) = 1 FROM goose_db_version"),
        ("dbmate", "1_a.sql", "SELECT version = '1' FROM schema_migrations"),
        ("flyway", "V1__a.sql", "SELECT success AND version = '1' FROM flyway_schema_history"),
        ("golang-migrate", "1_a.up.sql", "SELECT NOT dirty AND version = 1 FROM schema_migrations"),
        ("refinery", "V1__a.sql", "SELECT version = 1 AND name = 'a' FROM refinery_schema_history"),
        ("sqlx", "1_a.sql", "SELECT success AND version = 1 FROM _sqlx_migrations"),
    ];
    for (layout, file, query) in layouts {
        for text in ["CREATE TABLE a (id int);\nSELECT 1;", "CREATE TABLE a (id int);\nVACUUM a;"] {
            let Some(mut live) = Live::start("") else { return };
            let url = live.url("postgres");
            let folder = folder(&[(file, text)]);
            folder.run(&["deploy", "--layout", layout, "--database", &url]).ends(0);
            let is_so: bool = live.scratch.client.query_one(query, &[]).expect("one row").get(0);
            assert!(is_so, "{layout}: {text}");
            folder.run(&["status", "--exit-code", "--layout", layout, "--database", &url]).ends(0);
        }
    }
}

#[test]
fn a_statement_that_nobody_saw_end_is_asked_about() {
    let Some(mut live) = Live::start("") else { return };
    let url = live.url("postgres");
    // A name that PostgreSQL chooses tells nothing.
    let text = "-- trueup: no-transaction\nCREATE TABLE a (id int);\nCREATE INDEX CONCURRENTLY ON a (id);\nSELECT 1;\n";
    let folder = folder(&[("1_a.sql", text)]);
    let run = |command: &[&str]| folder.run(&[command, &["--database", &url]].concat());
    live.scratch.client.batch_execute("CREATE TABLE a (id int)").expect("a table");
    run(&["deploy", "--allow-drift"]).ends(1).says("none of its statements is done");
    live.scratch.client.batch_execute("DROP TABLE a").expect("dropped");
    run(&["resolve", "--done", "1_a"]).ends(1).says("error[not-open]");
    // As if it had been interrupted there.
    let open = "CREATE TABLE a (id int);
        UPDATE trueup.journal SET done = 1, is_open = true, digest =
            encode(sha256('CREATE TABLE a (id int);\nCREATE INDEX CONCURRENTLY ON a (id)'), 'hex')";
    live.scratch.client.batch_execute(open).expect("noted");
    run(&["deploy"]).ends(1).says("error[open-statement]: 1_a: nobody has seen statement 2 end").says("1_a.sql:3:1");
    run(&["resolve", "--not-done", "1_a"]).ends(0).says("statement 2 of 1_a is noted as not done");
    run(&["deploy"]).ends(0).says("1 migration applied");
    let indexes = "SELECT count(*) FROM pg_index WHERE indrelid = 'a'::regclass";
    assert_eq!(live.scratch.client.query_one(indexes, &[]).expect("a row").get::<_, i64>(0), 1);
}

#[test]
fn migrations_are_taken_back() {
    let Some(mut live) = Live::start("") else { return };
    let url = live.url("postgres");
    let folder = folder(&[
        ("1_a.sql", "CREATE TABLE a (id int);"),
        ("2_b.sql", "ALTER TABLE a ADD COLUMN x int;"),
        ("2_b.down.sql", "ALTER TABLE a DROP COLUMN x;"),
        ("3_c.sql", "CREATE VIEW v AS SELECT x FROM a;"),
        ("3_c.down.sql", "DROP VIEW v;"),
    ]);
    let run = |command: &[&str]| folder.run(&[command, &["--database", &url]].concat());
    run(&["rollback"]).ends(1).says("error[not-applied]: the database has run 0 migrations, and not 1");
    run(&["deploy"]).ends(0);
    run(&["rollback", "--dry-run"]).ends(0).says("would take back 3_c");
    run(&["rollback"]).ends(0).says("1 migration taken back");
    run(&["status"]).ends(0).says("2 applied, 1 pending");
    // The rehearsal of what is lost does not ask whether there are rows.
    run(&["rollback", "--to", "1_a"]).ends(1).says("error[loses-data]").says("COLUMN public.a.x: its values");
    run(&["rollback", "--to", "1_a", "--accept-loss"]).ends(0);
    run(&["rollback", "--accept-loss"]).ends(1).says("error[no-way-back]: nothing leads back from 1_a");
    let json: String = live
        .scratch
        .client
        .query_one("SELECT to_json(m)::text FROM (SELECT version FROM trueup.migrations) m", &[])
        .expect("one row")
        .get(0);
    assert_eq!(json, r#"{"version":"1"}"#);
}

#[test]
fn a_database_that_was_there_before_gets_a_history() {
    let sql = "CREATE TABLE a (id int PRIMARY KEY); CREATE VIEW v AS SELECT id FROM a";
    let Some(mut live) = Live::start(sql) else { return };
    let url = live.url("postgres");
    let folder = Folder::new(&[]);
    let run = |command: &[&str]| folder.run(&[command, &["--database", &url, "--migrations", "migrations"]].concat());
    let written = run(&["baseline"]).ends(0).says("1 migration noted as applied in trueup.migrations");
    assert!(written.out.contains("_baseline.sql\n"), "{}", written.out);
    run(&["status", "--exit-code"]).ends(0).says("1 applied, 0 pending");
    run(&["deploy"]).ends(0).says("nothing is pending");
    run(&["baseline"]).ends(1).says("error[not-new]: the database has a history");
    live.scratch.client.batch_execute("DROP SCHEMA trueup CASCADE").expect("dropped");
    run(&["baseline"]).ends(0).says("1 migration noted as applied");
    live.scratch.client.batch_execute("DROP SCHEMA trueup CASCADE; DROP VIEW v").expect("dropped");
    run(&["baseline"]).ends(1).says("error[drift]").says("VIEW public.v: only the history has it");
}

#[test]
fn what_is_left_half_done_is_named_with_what_ends_it() {
    let Some(mut live) = Live::start("") else { return };
    let url = live.url("postgres");
    let folder = folder(&[("1_a.sql", "SELECT 1;")]);
    let doctor = || folder.run(&["doctor", "--database", &url]);
    folder.run(&["deploy", "--database", &url]).ends(0);
    doctor().ends(0).says("nothing is left half done");
    let sql = "CREATE TABLE t (id int, price int, price__old int);
        INSERT INTO t VALUES (1), (1);
        ALTER TABLE t ADD CONSTRAINT positive CHECK (0 < id) NOT VALID;
        CREATE TABLE p (day date) PARTITION BY RANGE (day);
        CREATE TABLE p1 PARTITION OF p FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
        CREATE INDEX p_day ON ONLY p (day);";
    live.scratch.client.batch_execute(sql).expect("a state");
    let index = "CREATE UNIQUE INDEX CONCURRENTLY t_id ON t (id)";
    assert!(live.scratch.client.batch_execute(index).is_err(), "the rows are twins");
    folder.write("migrations/1_a.sql", b"SELECT 2;");
    folder.write("migrations/2_b.sql", b"-- trueup: no-transaction\nSELECT 1;\nSELECT 1 / 0;");
    folder.run(&["resolve", "--applied", "1_a", "--database", &url]).ends(0);
    folder.run(&["deploy", "--allow-drift", "--database", &url]).ends(1);
    folder.write("migrations/1_a.sql", b"SELECT 3;");
    doctor().ends(1).says("6 things found").shown_as("doctor");
}
