//! `trueup preflight`: what is in the way of the next deploy, and that it changes nothing.

use std::{
    io::Read,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use postgres::{Client, NoTls};
use serde_json::Value;

use super::{Folder, Live, Run, assert_shown};

fn folder(files: &[(&str, &str)]) -> Folder {
    let files: Vec<(String, &str)> = files.iter().map(|(name, text)| (format!("migrations/{name}"), *text)).collect();
    Folder::new(&files.iter().map(|(name, text)| (name.as_str(), *text)).collect::<Vec<_>>())
}

fn preflight(folder: &Folder, url: &str, more: &[&str]) -> Run {
    folder.run(&[&["preflight", "--database", url], more].concat())
}

impl Live {
    /// One more session.
    fn session(&self) -> Client {
        let socket = self.local.socket_dir().display().to_string();
        let config = format!("host={socket} user=postgres dbname={} application_name=other", self.database);
        Client::connect(&config, NoTls).expect("a session")
    }
}

/// Until something is so, or some seconds have gone by.
fn until(mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() && start.elapsed() < Duration::from_secs(10) {
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn nothing_is_in_the_way() {
    let sql = "CREATE TABLE big (id int PRIMARY KEY, note text); INSERT INTO big SELECT n, repeat('x', 100) FROM generate_series(1, 1000) n;
               CREATE SCHEMA app; CREATE TABLE app.small (id int); CREATE TABLE beside (id int); CREATE INDEX of_small ON app.small (id);
               ANALYZE";
    let Some(mut live) = Live::start(sql) else { return };
    let folder = folder(&[
        (
            "1_a.sql",
            "ALTER TABLE big ADD COLUMN x int;\nCREATE TABLE fresh (id int REFERENCES big);\nALTER TABLE fresh ADD COLUMN y int;",
        ),
        (
            "2_b.sql",
            "SET search_path = app, public;\nDROP INDEX of_small;\nUPDATE big SET x = 1;\nDO 'BEGIN DELETE FROM beside; END';",
        ),
    ]);
    let url = live.url("postgres");
    let run = preflight(&folder, &url, &[]).ends(0).says("2 migrations pending: nothing is in the way");
    assert_shown("preflight-sizes", &run.out);
    let json = preflight(&folder, &url, &["--format", "json"]).ends(0);
    let json: Value = serde_json::from_str(&json.out).expect("JSON");
    assert_eq!(json["pending"], serde_json::json!(["1_a", "2_b"]));
    assert_eq!((&json["tables"][0]["table"], &json["tables"][0]["rows"]), (&"public.big".into(), &1000.into()));
    assert_eq!(json["tables"][1]["migrations"], serde_json::json!(["2_b"]));
    assert!(json["room"].as_u64().is_some_and(|it| 0 < it), "{json}");
    let made = "SELECT count(*) FROM pg_namespace WHERE nspname = 'trueup'";
    let made: i64 = live.scratch.client.query_one(made, &[]).expect("a row").get(0);
    assert_eq!(made, 0, "it has made the table of the history");
    folder.run(&["deploy", "--database", &url, "--allow-drift"]).ends(0);
    let run = preflight(&folder, &url, &[]).ends(0).says("0 migrations pending: nothing is in the way");
    assert_eq!(run.out, "");
}

#[test]
fn what_the_role_lacks() {
    let sql = "CREATE ROLE app LOGIN; CREATE ROLE boss; CREATE TABLE theirs (id int PRIMARY KEY); CREATE TABLE read_only (id int);
               CREATE TABLE own (id int); ALTER TABLE own OWNER TO app; CREATE SCHEMA closed; GRANT CREATE, USAGE ON SCHEMA public TO app;
               CREATE SCHEMA apps AUTHORIZATION app; CREATE TABLE apps.theirs (id int); GRANT UPDATE (id) ON read_only TO app;
               CREATE TABLE of_boss (id int); ALTER TABLE of_boss OWNER TO boss; GRANT boss TO app; GRANT USAGE ON SCHEMA closed TO app";
    let Some(live) = Live::start(sql) else { return };
    let folder = folder(&[
        (
            "1_fails.sql",
            "ALTER TABLE theirs ADD COLUMN x int;\nALTER TABLE theirs ADD COLUMN y int;\nINSERT INTO read_only VALUES (1);\n\
             CREATE TABLE closed.t (id int);\nCREATE TABLE refers (id int REFERENCES theirs);\nCREATE SCHEMA more;\nDROP SCHEMA closed;\n\
             CREATE TRIGGER t BEFORE INSERT ON read_only EXECUTE FUNCTION f();\n",
        ),
        (
            "2_runs.sql",
            "ALTER TABLE own ADD COLUMN x int;\nUPDATE read_only SET id = 1;\nDROP TABLE apps.theirs;\nALTER TABLE of_boss ADD x int;\n\
             CREATE TABLE fresh (id int);\nDROP TABLE fresh;\nCREATE TEMP TABLE t (id int);\nSET ROLE postgres;\nDROP TABLE theirs;\n",
        ),
    ]);
    let run = preflight(&folder, &live.url("app"), &[]).ends(1).says("in the way");
    assert!(!run.err.contains("2_runs.sql"), "{}", run.err);
    let told = run.err.replace(&live.database, "DATABASE");
    assert_shown("preflight-lacks", &told);
    // A superuser may do all of it.
    preflight(&folder, &live.url("postgres"), &[]).ends(0);
}

#[test]
fn extensions_that_the_server_lacks() {
    let sql = "CREATE ROLE app LOGIN; CREATE EXTENSION IF NOT EXISTS plpgsql";
    let Some(live) = Live::start(sql) else { return };
    let folder = folder(&[(
        "1_a.sql",
        "CREATE EXTENSION no_such_thing;\nCREATE EXTENSION plpgsql VERSION '99';\nALTER EXTENSION plpgsql UPDATE TO '98';\n\
         CREATE EXTENSION IF NOT EXISTS plpgsql;",
    )]);
    let run = preflight(&folder, &live.url("postgres"), &[]).ends(1).says("3 things in the way");
    let run = run.says("extension `no_such_thing` is not on the server").says("migrations/1_a.sql:1:1");
    run.says("but not in version 99").says("but not in version 98").says("it has 1.0");
}

#[test]
fn transactions_that_last() {
    let Some(live) = Live::start("CREATE TABLE used (id int); CREATE TABLE other (id int)") else { return };
    let folder = folder(&[("1_a.sql", "ALTER TABLE used ADD COLUMN x int;")]);
    let url = live.url("postgres");
    let mut session = live.session();
    session.batch_execute("BEGIN; SELECT 'a secret' FROM other").expect("a transaction");
    preflight(&folder, &url, &[]).ends(0);
    thread::sleep(Duration::from_millis(1100));
    let run = preflight(&folder, &url, &["--long", "1"]).ends(1);
    let run = run.says("warning[long-transaction]").says("(postgres, other) has been in a transaction for");
    assert!(!run.err.contains("secret"), "{}", run.err);
    session.batch_execute("SELECT FROM used").expect("a lock");
    let run = preflight(&folder, &url, &["--long", "1"]).ends(1).says("error[long-transaction]");
    run.says("it holds AccessShareLock on used").says("pg_terminate_backend(");
}

#[test]
fn who_waits_for_whom() {
    let Some(mut live) = Live::start("CREATE TABLE used (id int)") else { return };
    let folder = folder(&[("1_a.sql", "ALTER TABLE used ADD COLUMN x int;")]);
    let url = live.url("postgres");
    let (mut first, mut second) = (live.session(), live.session());
    first.batch_execute("BEGIN; LOCK TABLE used").expect("a lock");
    let waiting = thread::spawn(move || second.batch_execute("SELECT 'a secret' FROM used"));
    let waits = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)";
    until(|| live.scratch.client.query_one(waits, &[]).is_ok_and(|row| row.get(0)));
    let run = preflight(&folder, &url, &[]).ends(1).says("error[waiting-lock]");
    let run = run.says("waits for AccessShareLock on used").says("it waits for session").says("idle in transaction");
    // A locked table does not say how large it is.
    let run = run.says("warning[sizes-unknown]");
    assert!(!run.err.contains("secret"), "{}", run.err);
    first.batch_execute("ROLLBACK").expect("the end");
    waiting.join().expect("a thread").expect("rows");
    preflight(&folder, &url, &[]).ends(0);
}

#[test]
fn transactions_that_are_prepared() {
    let Some(mut live) = Live::start("CREATE TABLE used (id int)") else { return };
    let allowed: String = live.scratch.client.query_one("SHOW max_prepared_transactions", &[]).expect("a row").get(0);
    if allowed == "0" {
        println!("skipped: the server has no prepared transactions");
        return;
    }
    let folder = folder(&[("1_a.sql", "ALTER TABLE used ADD COLUMN x int;")]);
    live.session().batch_execute("BEGIN; INSERT INTO used VALUES (1); PREPARE TRANSACTION 'it''s'").expect("prepared");
    let run = preflight(&folder, &live.url("postgres"), &["--long", "0"]).ends(1);
    run.says("error[prepared-transaction]")
        .says("it holds RowExclusiveLock on used")
        .says("ROLLBACK PREPARED 'it''s';");
    live.scratch.client.batch_execute("ROLLBACK PREPARED 'it''s'").expect("rolled back");
}

#[test]
fn replicas_and_slots() {
    let Some(mut live) = Live::start("") else { return };
    let folder = folder(&[("1_a.sql", "CREATE TABLE t (x int);")]);
    let url = live.url("postgres");
    let made = live.scratch.client.batch_execute("SELECT pg_create_physical_replication_slot('left_behind', true)");
    if let Err(error) = made {
        println!("skipped: the server has no replication: {error}");
        return;
    }
    let run = preflight(&folder, &url, &[]).ends(1).says("warning[idle-slot]");
    run.says("nobody reads the physical replication slot `left_behind`, and the server keeps")
        .says("pg_drop_replication_slot('left_behind')");
    // Somebody who reads, and never says how far: the program that archives WAL.
    let socket = live.local.socket_dir();
    let reader = Command::new(receiver(&mut live.scratch.client))
        .args(["-h", &socket.display().to_string(), "-U", "postgres", "-S", "left_behind", "-D", "."])
        .current_dir(folder.0.path())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut reader) = reader else {
        println!("skipped: there is no pg_receivewal");
        return;
    };
    let streams = "SELECT EXISTS (SELECT FROM pg_stat_replication WHERE state = 'streaming')";
    until(|| live.scratch.client.query_one(streams, &[]).is_ok_and(|row| row.get(0)));
    let run = preflight(&folder, &url, &["--lag", "0", "--format", "json"]);
    let (_, _) = (reader.kill(), reader.wait());
    let mut said = String::new();
    let _ = reader.stderr.take().map(|mut it| it.read_to_string(&mut said));
    let json: Value = serde_json::from_str(&run.out).expect("JSON");
    assert_eq!(
        (&json["replicas"][0]["name"], &json["replicas"][0]["state"]),
        (&"pg_receivewal".into(), &"streaming".into()),
        "{said}"
    );
    run.ends(1).says("warning[replica-lag]").says("replica `pg_receivewal` is behind");
}

/// The program of the server's own version.
fn receiver(client: &mut Client) -> String {
    let version: String = client.query_one("SHOW server_version_num", &[]).expect("a row").get(0);
    format!("/usr/lib/postgresql/{}/bin/pg_receivewal", version.parse::<u32>().unwrap_or_default() / 10_000)
}

#[test]
fn what_is_not_in_order_is_in_the_way_too() {
    let Some(mut live) = Live::start("CREATE ROLE app LOGIN; GRANT CREATE ON SCHEMA public TO app") else { return };
    let folder = folder(&[("1_a.sql", "CREATE TABLE a (x int);"), ("2_b.sql", "CREATE TABLE b (x int);")]);
    let url = live.url("postgres");
    folder.run(&["resolve", "--applied", "2_b", "--database", &url]).ends(0);
    preflight(&folder, &url, &[]).ends(1).says("error[out-of-order]").says("1_a has not run");
    folder.run(&["resolve", "--applied", "1_a", "--database", &url]).ends(0);
    // What the role is not shown is told, and is not in the way.
    live.scratch
        .client
        .batch_execute("GRANT USAGE ON SCHEMA trueup TO app; GRANT SELECT ON ALL TABLES IN SCHEMA trueup TO app")
        .expect("granted");
    let run = preflight(&folder, &live.url("app"), &[]).ends(0).says("note[activity-hidden]");
    run.says("does not see what others do").says("pg_monitor");
    folder.write("migrations/3_c.sql", b"CREATE TABLE (;");
    preflight(&folder, &url, &[]).ends(1).says("error[syntax-error]").says("migrations/3_c.sql:1");
    folder.run(&["preflight"]).ends(64).says("the database is not named");
    folder.run(&["preflight", "--long", "soon"]).ends(64);
}
