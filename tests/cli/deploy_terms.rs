//! On which terms `trueup deploy` runs: bounds, hooks, a backup, hazards; and `trueup reset`.

use super::{Folder, Live};

fn run(folder: &Folder, url: &str, command: &[&str]) -> super::Run {
    folder.run(&[command, &["--allow-drift", "--database", url]].concat())
}

fn exists(live: &mut Live, relation: &str) -> bool {
    live.scratch.client.query_one("SELECT to_regclass($1) IS NOT NULL", &[&relation]).expect("a row").get(0)
}

#[test]
fn it_stops_between_statements_and_goes_on() {
    let Some(mut live) = Live::start("") else { return };
    let url = live.url("postgres");
    let text = "-- trueup: no-transaction\nCREATE TABLE a (id int);\nSELECT pg_sleep(1.2);\nCREATE TABLE b (id int);";
    let folder = Folder::new(&[("migrations/1_a.sql", text)]);
    let stopped = run(&folder, &url, &["deploy", "--max-duration", "1s"]).ends(1);
    stopped.says("error[out-of-time]: the deploy has taken the 1s that it may");
    assert!(exists(&mut live, "a") && !exists(&mut live, "b"));
    run(&folder, &url, &["deploy", "--max-duration", "1min", "--max-replica-lag", "10s"]).ends(0);
    assert!(exists(&mut live, "b"));
}

#[test]
fn hooks_run_around_the_deploy_and_each_migration() {
    let Some(mut live) = Live::start("") else { return };
    let url = live.url("postgres");
    let hooks = r#"
        before-deploy = "echo begin >> log"
        before-migration = "echo before $TRUEUP_MIGRATION >> log"
        after-migration = "echo after $TRUEUP_MIGRATION >> log; test -z \"$FAILS\""
        after-deploy = "echo end >> log; echo seen"
    "#;
    let migrations = [("migrations/1_a.sql", "CREATE TABLE a ();"), ("migrations/2_b.sql", "CREATE TABLE b ();")];
    let folder = Folder::new(&[migrations[0], migrations[1], ("trueup.toml", hooks)]);
    let deployed = run(&folder, &url, &["deploy"]).ends(0).says("seen");
    assert_eq!(deployed.out, "");
    assert_eq!(folder.text("log"), "begin\nbefore 1_a\nafter 1_a\nbefore 2_b\nafter 2_b\nend\n");
    folder.write("migrations/3_c.sql", b"CREATE TABLE c ();");
    folder.write("migrations/4_d.sql", b"CREATE TABLE d ();");
    folder.write("trueup.toml", b"after-migration = \"exit 3\"\n");
    let failed = run(&folder, &url, &["deploy"]).ends(1);
    failed.says("error[hook-failed]: the hook `after-migration` of 3_c failed").says("the migration itself is applied");
    assert!(exists(&mut live, "c") && !exists(&mut live, "d"));
    folder.write("trueup.toml", b"before-deploy = \"exit 3\"\n");
    run(&folder, &url, &["deploy"]).ends(1).says("error[hook-failed]: the hook `before-deploy` failed");
    assert!(!exists(&mut live, "d"));
}

#[test]
fn a_backup_is_written_before_the_first_statement() {
    let Some(live) = Live::start("CREATE TABLE before_all (id int)") else { return };
    if super::dump::program().is_none() {
        return;
    }
    let url = live.url("postgres");
    let folder = Folder::new(&[("migrations/1_a.sql", "CREATE TABLE a (id int);")]);
    run(&folder, &url, &["deploy", "--backup", "it.dump"]).ends(0).says("backup: it.dump");
    let listed =
        std::process::Command::new("pg_restore").arg("-l").arg(folder.path("it.dump")).output().expect("pg_restore");
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    assert!(listed.contains("before_all") && !listed.contains(" a postgres"), "{listed}");
    folder.write("migrations/2_b.sql", b"CREATE TABLE b (id int);");
    let refused = run(&folder, &url, &["deploy", "--backup", "it.dump"]).ends(1);
    refused.says("error[no-backup]: no backup was written to `it.dump`: there is a file of that name already");
}

#[test]
fn hazards_that_nobody_accepts_are_refused_where_that_is_wanted() {
    let Some(mut live) = Live::start("") else { return };
    let url = live.url("postgres");
    let folder = Folder::new(&[("migrations/1_a.sql", "CREATE TABLE a (id int);")]);
    run(&folder, &url, &["deploy"]).ends(0);
    folder.write("migrations/2_b.sql", b"DROP TABLE a;");
    folder.write("trueup.toml", b"fail-on = \"error\"\n");
    let refused = run(&folder, &url, &["deploy"]).ends(1).says("error[drops-table]").says("2_b.sql:1:1");
    refused.says("error[hazards]: what is pending was not run");
    assert!(exists(&mut live, "a"));
    folder.write("migrations/2_b.sql", b"-- trueup: ignore drops-table it was never used\nDROP TABLE a;");
    run(&folder, &url, &["deploy"]).ends(0);
    assert!(!exists(&mut live, "a"));
}

#[test]
fn who_keeps_it_waiting_is_named() {
    let Some(mut live) = Live::start("CREATE TABLE a (id int)") else { return };
    let url = live.url("postgres");
    let folder = Folder::new(&[("migrations/1_a.sql", "ALTER TABLE a ADD COLUMN x int;")]);
    live.scratch.client.batch_execute("SET application_name = 'sleeper'; BEGIN; LOCK TABLE a").expect("a lock");
    let waited = run(&folder, &url, &["deploy", "--lock-timeout", "2s", "--retries", "0"]).ends(1);
    waited.says("1_a: waits for session ").says("(postgres, sleeper, idle in transaction");
}

#[test]
fn a_database_of_development_is_emptied_and_built_again() {
    let Some(mut live) = Live::start("") else { return };
    let url = live.url("postgres");
    let folder = Folder::new(&[("migrations/1_a.sql", "CREATE TABLE a (id int);\nINSERT INTO a VALUES (1);")]);
    let reset = |more: &[&str]| folder.run(&[&["reset", "--database", &url], more].concat());
    folder.run(&["deploy", "--database", &url]).ends(0);
    let by_hand = "INSERT INTO a VALUES (2); CREATE TABLE by_hand (id int); CREATE VIEW v AS SELECT id FROM a";
    live.scratch.client.batch_execute(by_hand).expect("altered");
    reset(&[]).ends(1).says("error[not-confirmed]").says("`--yes` says it");
    folder.write("trueup.toml", b"production = true\n");
    reset(&["--yes"]).ends(1).says("error[looks-like-production]: `trueup.toml` says `production = true`");
    folder.write("trueup.toml", b"");
    reset(&["--yes", "--dry-run"]).ends(0).says("would drop everything in");
    assert!(exists(&mut live, "by_hand"));
    reset(&["--yes"]).ends(0).says("1 migration applied");
    assert!(!exists(&mut live, "by_hand") && !exists(&mut live, "v"));
    let rows = live.scratch.client.query_one("SELECT count(*) FROM a", &[]).expect("a row").get::<_, i64>(0);
    assert_eq!(rows, 1);
    live.scratch.client.batch_execute("INSERT INTO a SELECT generate_series(1, 200000); ANALYZE a").expect("rows");
    reset(&["--yes"]).ends(1).says("there are about 200001 rows").says("--allow-rows");
    live.scratch.client.batch_execute("CREATE DATABASE shop_production").expect("a database");
    let url = url.replace(&live.database, "shop_production");
    folder.run(&["reset", "--yes", "--database", &url]).ends(1).says("`shop_production` is a name of production");
}
