//! The shadows and the connections to them, on real servers. What needs server programs says so and is skipped where
//! there are none.

#![allow(clippy::print_stderr, clippy::print_stdout, reason = "a test says what it skips, and how long things took")]

use std::path::{Path, PathBuf};
use std::sync::Once;
use std::time::{Duration, Instant};

use trueup::shadow::{Embedded, Error, Local, Scratch, Shadow, Wanted};

/// Tests run in a binary of their own, and the servers in ours.
fn use_our_binary() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| trueup::shadow::set_executable(env!("CARGO_BIN_EXE_trueup")));
}

fn embedded() -> Embedded {
    use_our_binary();
    Embedded::new()
}

fn wanted(extensions: &[&str]) -> Wanted {
    Wanted { extensions: extensions.iter().map(|name| (*name).to_owned()).collect(), ..Wanted::default() }
}

fn texts(scratch: &mut Scratch, sql: &str) -> Vec<String> {
    let rows = scratch.client.query(sql, &[]).unwrap_or_else(|e| panic!("{sql}: {e:?}"));
    rows.iter().map(|row| row.get::<_, Option<String>>(0).unwrap_or_default()).collect()
}

fn run(scratch: &mut Scratch, sql: &str) {
    scratch.client.batch_execute(sql).unwrap_or_else(|e| panic!("{sql}: {e:?}"));
}

const USER_OBJECTS: &str = "
    SELECT 'relation ' || oid::regclass FROM pg_class
     WHERE oid >= 16384 OR relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace, 'pg_toast'::regnamespace)
    UNION ALL SELECT 'function ' || oid::regprocedure FROM pg_proc WHERE oid >= 16384
    UNION ALL SELECT 'type ' || oid::regtype FROM pg_type WHERE oid >= 16384
    UNION ALL SELECT 'schema ' || nspname FROM pg_namespace WHERE nspname NOT IN ('pg_catalog', 'information_schema', 'public', 'pg_toast')
    UNION ALL SELECT 'collation ' || collname FROM pg_collation WHERE oid >= 16384
    UNION ALL SELECT 'role ' || rolname FROM pg_roles WHERE oid >= 16384
    UNION ALL SELECT 'extension ' || extname FROM pg_extension WHERE extname <> 'plpgsql'
    UNION ALL SELECT 'database ' || datname FROM pg_database WHERE datname NOT IN ('postgres', 'template0', 'template1') AND datname NOT LIKE 'scratch%'";

#[test]
fn embedded_scratches_are_as_empty_as_template0() {
    let began = Instant::now();
    let mut scratch = embedded().scratch(&wanted(&["vector", "pg_trgm", "pgcrypto"])).expect("a scratch database");
    eprintln!("started in {:?}", began.elapsed());
    assert_eq!(texts(&mut scratch, USER_OBJECTS), Vec::<String>::new());
    assert_eq!(texts(&mut scratch, "SELECT extname::text FROM pg_extension"), ["plpgsql"]);
    assert_eq!(texts(&mut scratch, "SHOW search_path"), ["\"$user\", public"]);
    assert_eq!(texts(&mut scratch, "SELECT current_user::text"), ["postgres"]);
    assert_eq!(
        texts(&mut scratch, "SELECT nspacl::text FROM pg_namespace WHERE nspname = 'public'"),
        ["{pg_database_owner=UC/pg_database_owner,=U/pg_database_owner}"]
    );
    eprintln!(
        "{:?}",
        texts(
            &mut scratch,
            "SELECT datname || ' ' || current_database() || ' ' || pg_encoding_to_char(encoding) || ' ' || datcollate FROM pg_database"
        )
    );
}

#[test]
fn two_embedded_scratches_at_once() {
    let shadow = embedded();
    shadow.expect(2, &Wanted::default());
    std::thread::scope(|scope| {
        for name in ["left", "right"] {
            let shadow = &shadow;
            scope.spawn(move || {
                let began = Instant::now();
                let mut scratch = shadow.scratch(&Wanted::default()).expect("a scratch database");
                eprintln!("{name} started in {:?}", began.elapsed());
                run(&mut scratch, &format!("CREATE TABLE \"{name}\" (id int PRIMARY KEY)"));
                assert_eq!(
                    texts(&mut scratch, "SELECT relname::text FROM pg_class WHERE relkind = 'r' AND oid >= 16384"),
                    [name]
                );
            });
        }
    });
}

#[test]
fn embedded_has_vector_where_the_script_wants_it() {
    let mut scratch = embedded().scratch(&wanted(&["vector", "plpgsql"])).expect("a scratch database");
    run(
        &mut scratch,
        "CREATE SCHEMA ext; CREATE EXTENSION vector SCHEMA ext;
         CREATE TABLE t (e ext.vector(3)); CREATE INDEX ON t USING hnsw (e ext.vector_l2_ops);
         INSERT INTO t VALUES ('[1,2,3]')",
    );
    assert_eq!(texts(&mut scratch, "SELECT e::text FROM t"), ["[1,2,3]"]);
}

#[test]
fn no_bundled_extension_leaves_anything_behind() {
    let shadow = embedded();
    let names = pglite_oxide::extensions::ALL.iter().map(|extension| extension.sql_name()).collect::<Vec<_>>();
    for names in names.chunks(9) {
        let mut scratch = shadow.scratch(&wanted(names)).unwrap_or_else(|e| panic!("{names:?}: {e}"));
        assert_eq!(texts(&mut scratch, USER_OBJECTS), Vec::<String>::new(), "{names:?}");
    }
}

#[test]
fn stubbed_extensions_load_in_any_schema_and_own_their_members() {
    const STUBS: [&str; 5] = ["pgcrypto", "uuid-ossp", "pg_stat_statements", "postgres_fdw", "dblink"];
    let mut scratch = embedded().scratch(&wanted(&STUBS)).expect("a scratch database");
    run(&mut scratch, "CREATE SCHEMA extensions");
    for name in STUBS {
        run(&mut scratch, &format!("CREATE EXTENSION \"{name}\" SCHEMA extensions"));
    }
    let members = texts(
        &mut scratch,
        "SELECT e.extname || ' ' || count(*) FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
          WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e' AND e.extname <> 'plpgsql'
          GROUP BY e.extname ORDER BY e.extname",
    );
    eprintln!("{members:?}");
    assert_eq!(members.len(), STUBS.len());
    run(
        &mut scratch,
        "CREATE TABLE t (id uuid DEFAULT extensions.uuid_generate_v4() PRIMARY KEY, h bytea DEFAULT extensions.digest('a','sha256'),
                r bytea DEFAULT extensions.gen_random_bytes(5), salt text DEFAULT extensions.gen_salt('bf'));
         CREATE INDEX ON t ((extensions.digest(salt, 'sha256')));
         INSERT INTO t DEFAULT VALUES;
         CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'h', dbname 'd');
         CREATE USER MAPPING FOR postgres SERVER far OPTIONS (user 'u', password 'p');
         CREATE FOREIGN TABLE f (id int) SERVER far OPTIONS (table_name 'x');
         CREATE VIEW slow AS SELECT query, calls, total_exec_time FROM extensions.pg_stat_statements;
         CREATE VIEW remote AS SELECT * FROM extensions.dblink('dbname=x', 'select 1') AS r(id int);
         ALTER EXTENSION pgcrypto SET SCHEMA public",
    );
    assert_eq!(
        texts(&mut scratch, "SELECT encode(h, 'hex') FROM t"),
        ["ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"]
    );
    assert_eq!(texts(&mut scratch, "SELECT length(r)::text FROM t"), ["5"]);
    assert!(scratch.client.query("SELECT * FROM f", &[]).is_err());
    assert_eq!(texts(&mut scratch, "SELECT 'alive'"), ["alive"]);
}

#[test]
fn an_extension_that_is_nowhere_is_an_error_with_a_way_out() {
    let error = embedded().scratch(&wanted(&["postgis"])).err().expect("an error");
    assert!(matches!(&error, Error::Extension { extension, .. } if extension == "postgis"), "{error}");
    assert!(error.hint().is_some_and(|hint| hint.contains("--shadow local")));
}

#[test]
fn icu_collations_are_stood_in_for() {
    let shadow = embedded();
    let mut scratch = shadow.scratch(&Wanted::default()).expect("a scratch database");
    let create = "CREATE COLLATION ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false)";
    let adapted = (scratch.adapt)(create);
    run(&mut scratch, &adapted);
    run(
        &mut scratch,
        "CREATE TABLE t (a text COLLATE ci, b text COLLATE \"en-x-icu\", c text COLLATE \"en_US\", d text COLLATE \"de_DE.utf8\",
                e text COLLATE \"und-x-icu\", f text COLLATE \"unicode\");
         CREATE INDEX ON t (a, b, c, d, e, f); INSERT INTO t VALUES ('1','2','3','4','5','6'), ('1','2','3','4','5','7');
         CREATE VIEW v AS SELECT a COLLATE \"sv-SE-x-icu\" AS a FROM t ORDER BY 1",
    );
    assert_eq!(texts(&mut scratch, "SELECT count(*)::text FROM v"), ["2"]);
    assert_eq!(
        texts(
            &mut scratch,
            "SELECT count(*)::text FROM (SELECT oid FROM pg_collation GROUP BY 1 HAVING count(*) > 1) x"
        ),
        ["0"]
    );
}

#[test]
fn a_call_that_takes_too_long_ends_in_an_error() {
    let mut scratch = embedded().scratch(&Wanted::default()).expect("a scratch database");
    run(&mut scratch, "CREATE TABLE t ()");
    scratch.limit(Duration::from_secs(1)).expect("a limit");
    for sql in ["SELECT pg_sleep(60)", "SELECT 1"] {
        let began = Instant::now();
        let error = scratch.client.batch_execute(sql).expect_err("an error");
        eprintln!("{sql}: {:?} {error:?}", began.elapsed());
        assert!(began.elapsed() < Duration::from_secs(10), "{sql} hung");
        if sql != "SELECT 1" {
            assert_eq!(error.code().map(|code| code.code()), Some("57014"));
        }
    }
}

#[test]
fn a_busy_backend_is_stopped_too() {
    let mut scratch = embedded().scratch(&Wanted::default()).expect("a scratch database");
    scratch.limit(Duration::from_secs(1)).expect("a limit");
    let error = scratch.client.batch_execute("DO $$ BEGIN LOOP END LOOP; END $$").expect_err("an error");
    assert_eq!(error.code().map(|code| code.code()), Some("57014"));
}

#[test]
fn a_crash_of_the_engine_is_an_error_and_no_hang() {
    let mut scratch = embedded().scratch(&Wanted::default()).expect("a scratch database");
    scratch.limit(Duration::from_secs(20)).expect("a limit");
    let began = Instant::now();
    run(&mut scratch, "CREATE FUNCTION f(n int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN f(n + 1) + 1; END $$");
    // Without a guard against deep stacks, this brings the engine down now, or at the next statement.
    scratch.client.batch_execute("SET max_stack_depth = '2147483647kB'").ok();
    let ends = (0..3)
        .map(|_| scratch.client.batch_execute("SELECT f(1)").and_then(|()| scratch.client.batch_execute("SELECT 1")))
        .collect::<Vec<_>>();
    assert!(ends.iter().all(Result::is_err), "{ends:?}");
    eprintln!(
        "after {:?}: {:?}",
        began.elapsed(),
        ends.iter()
            .map(|end| end.as_ref().err().and_then(|e| e.as_db_error()).map(ToString::to_string))
            .collect::<Vec<_>>()
    );
    assert!(began.elapsed() < Duration::from_secs(60));
}

#[test]
fn large_answers_and_copy_pass_the_relay() {
    use std::io::{Read, Write};
    let mut scratch = embedded().scratch(&Wanted::default()).expect("a scratch database");
    run(&mut scratch, "CREATE TABLE t AS SELECT n, repeat('x', 1000) AS x FROM generate_series(1, 3000) n");
    assert_eq!(texts(&mut scratch, "SELECT x FROM t").len(), 3000);
    let mut out = Vec::new();
    scratch.client.copy_out("COPY t TO STDOUT").expect("a copy").read_to_end(&mut out).expect("its rows");
    let mut copy = scratch.client.copy_in("COPY t FROM STDIN").expect("a copy");
    copy.write_all(&out).expect("rows taken");
    assert_eq!(copy.finish().expect("finished"), 3000);
    assert_eq!(texts(&mut scratch, "SELECT count(*)::text FROM t"), ["6000"]);
}

/// A cluster from the server programs that are here, or None with a word about it.
fn local() -> Option<Local> {
    use_our_binary();
    let Some(found) = Local::find(None) else {
        println!("skipped: no PostgreSQL server programs on this machine");
        return None;
    };
    let began = Instant::now();
    let local = Local::start(&found).unwrap_or_else(|e| panic!("{e}"));
    eprintln!("{} started in {:?}", local.describe(), began.elapsed());
    Some(local)
}

#[test]
fn a_local_cluster_gives_scratches_in_parallel_and_goes_without_a_trace() {
    let Some(shadow) = local() else { return };
    let dir = shadow.socket_dir().to_owned();
    std::thread::scope(|scope| {
        for name in ["left", "right"] {
            let shadow = &shadow;
            scope.spawn(move || {
                let began = Instant::now();
                let mut wanted = wanted(&["plpgsql"]);
                wanted.roles.insert("app \"owner\"".to_owned());
                let mut scratch = shadow.scratch(&wanted).expect("a scratch database");
                eprintln!("{name} created in {:?}", began.elapsed());
                assert_eq!(texts(&mut scratch, USER_OBJECTS), ["role app \"owner\""].map(str::to_owned));
                run(&mut scratch, &format!("CREATE TABLE \"{name}\" (id int PRIMARY KEY)"));
                scratch.limit(Duration::from_millis(200)).expect("a limit");
                let error = scratch.client.batch_execute("SELECT pg_sleep(60)").expect_err("an error");
                assert_eq!(error.code().map(|code| code.code()), Some("57014"));
            });
        }
    });
    let mut last = shadow.scratch(&Wanted::default()).expect("a scratch database");
    assert_eq!(texts(&mut last, "SELECT count(*)::text FROM pg_database WHERE datname LIKE 'scratch%'"), ["1"]);
    drop(shadow);
    assert_eq!(texts(&mut last, "SELECT 'alive'"), ["alive"]);
    drop(last);
    assert!(!dir.exists(), "{} is left", dir.display());
}

/// PostgreSQL refuses to drop a database that has one.
#[test]
fn a_scratch_database_goes_with_its_subscription() {
    let Some(shadow) = local() else { return };
    let mut scratch = shadow.scratch(&Wanted::default()).expect("a scratch database");
    run(
        &mut scratch,
        "CREATE SUBSCRIPTION s CONNECTION 'host=nowhere' PUBLICATION p WITH (connect = false, slot_name = 'elsewhere')",
    );
    drop(scratch);
    let mut last = shadow.scratch(&Wanted::default()).expect("a scratch database");
    assert_eq!(texts(&mut last, "SELECT count(*)::text FROM pg_database WHERE datname LIKE 'scratch%'"), ["1"]);
}

#[test]
fn an_extension_that_the_local_server_lacks_is_an_error() {
    let Some(shadow) = local() else { return };
    assert!(matches!(shadow.scratch(&wanted(&["no_such_extension"])), Err(Error::Extension { .. })));
}

#[test]
fn nothing_is_left_when_the_parent_is_killed() {
    for kind in ["local", "embedded"] {
        let mut arguments = vec!["shadow-server".to_owned(), kind.to_owned()];
        let dir = tempfile::tempdir_in("/tmp").expect("a directory").keep();
        arguments.push(dir.display().to_string());
        if kind == "local" {
            let Some(found) = Local::find(None) else { continue };
            arguments.push(found.dir.display().to_string());
        }
        // The pipe to the server is held by a process that is killed, as ours would be.
        let mut parent = std::process::Command::new("sh")
            .args(["-c", "exec 3>&1; sleep 1000 | \"$@\" >&3", "sh", env!("CARGO_BIN_EXE_trueup")])
            .args(&arguments)
            .stdout(std::process::Stdio::piped())
            .spawn()
            .expect("started");
        let out = parent.stdout.take().expect("its output");
        let first = std::io::BufRead::lines(std::io::BufReader::new(out)).next().expect("a line").expect("readable");
        assert!(["ready", "warm"].contains(&first.as_str()), "{first}");
        kill_children(parent.id());
        parent.wait().expect("ended");
        wait_until(|| !dir.exists(), &format!("{} is left", dir.display()));
        wait_until(|| !mentioned(&dir), "a process is left");
    }
}

fn kill_children(parent: u32) {
    // `sleep` holds the writing end.
    let children = std::fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).expect("children");
    for child in children.split_whitespace() {
        let name = std::fs::read_to_string(format!("/proc/{child}/comm")).unwrap_or_default();
        if name.trim() == "sleep" {
            std::process::Command::new("kill").args(["-9", child]).status().expect("killed");
        }
    }
}

fn mentioned(dir: &Path) -> bool {
    let dir = dir.display().to_string();
    std::fs::read_dir("/proc").expect("/proc").flatten().any(|process| {
        let process: PathBuf = process.path();
        let name = process.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        name.parse::<u32>().is_ok_and(|pid| pid != std::process::id())
            && std::fs::read(process.join("cmdline")).is_ok_and(|line| String::from_utf8_lossy(&line).contains(&dir))
    })
}

fn wait_until(condition: impl Fn() -> bool, otherwise: &str) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !condition() {
        assert!(Instant::now() < deadline, "{otherwise}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
