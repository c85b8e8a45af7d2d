//! Connections that fail, and what is said about it. A throw-away cluster with password authentication stands in for
//! the user's server.

#![allow(clippy::print_stderr, clippy::print_stdout, reason = "a test says what it skips")]

use trueup::connect::{Error, Target};
use trueup::model::Version;
use trueup::shadow::{Local, Server, Shadow, Wanted};

/// A cluster that asks for `ann`'s password on its socket, or None with a word about it.
fn server() -> Option<(Local, trueup::shadow::Scratch)> {
    trueup::shadow::set_executable(env!("CARGO_BIN_EXE_trueup"));
    let Some(found) = Local::find(None) else {
        println!("skipped: no PostgreSQL server programs on this machine");
        return None;
    };
    let local = Local::start(&found).unwrap_or_else(|e| panic!("{e}"));
    let mut scratch = local.scratch(&Wanted::default()).expect("a scratch database");
    let client = &mut scratch.client;
    client
        .batch_execute("SET password_encryption = 'scram-sha-256'; CREATE ROLE ann LOGIN PASSWORD 'hunter2'; CREATE ROLE bob LOGIN CREATEDB PASSWORD 'bob'")
        .expect("roles");
    let file: String = client.query_one("SHOW hba_file", &[]).expect("a row").get(0);
    std::fs::write(file, "local all postgres trust\nlocal all all scram-sha-256\n").expect("rules written");
    client.batch_execute("SELECT pg_reload_conf()").expect("reloaded");
    Some((local, scratch))
}

fn url(local: &Local, user: &str, database: &str) -> String {
    format!("postgres://{user}@/{database}?host={}&passfile=/nonexistent", local.socket_dir().display())
}

fn failure(url: &str) -> Error {
    let target = Target::parse(url).unwrap_or_else(|e| panic!("{url}: {e}"));
    match target.connect() {
        Ok(_) => panic!("{url}: connected"),
        Err(e) => e,
    }
}

fn shown(error: &Error) -> String {
    format!("{error} | {} | {error:?}", error.hint().unwrap_or_default())
}

#[test]
fn roles_passwords_and_databases() {
    let Some((local, _scratch)) = server() else { return };
    // The new rules are read some moments after they are asked for.
    std::thread::sleep(std::time::Duration::from_millis(300));

    let mut client =
        Target::parse(&url(&local, "ann:hunter2", "postgres")).expect("a target").connect().expect("a session");
    let name: String = client.query_one("SHOW application_name", &[]).expect("a row").get(0);
    assert_eq!(name, "trueup");

    let wrong = failure(&url(&local, "ann:s3cret", "postgres"));
    assert!(matches!(wrong, Error::Authentication { .. }), "{wrong:?}");
    assert!(!shown(&wrong).contains("s3cret"));
    let missing = failure(&url(&local, "ann", "postgres"));
    assert!(matches!(missing, Error::PasswordMissing { .. }), "{missing:?}");
    let database = failure(&url(&local, "ann:hunter2", "no such"));
    assert!(matches!(&database, Error::NoDatabase { database, .. } if database == "no such"), "{database:?}");
}

#[test]
fn a_passfile_is_used() {
    use std::os::unix::fs::PermissionsExt;
    let Some((local, _scratch)) = server() else { return };
    std::thread::sleep(std::time::Duration::from_millis(300));
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), "*:*:*:ann:hunter2\n").expect("written");
    std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(0o600)).expect("private");
    let text =
        format!("host={} user=ann dbname=postgres passfile={}", local.socket_dir().display(), file.path().display());
    Target::parse(&text).expect("a target").connect().expect("a session");
}

#[test]
fn scratch_databases_on_a_server_of_the_users() {
    let Some((local, mut scratch)) = server() else { return };
    std::thread::sleep(std::time::Duration::from_millis(300));
    let shadows = |scratch: &mut trueup::shadow::Scratch| -> i64 {
        let sql = "SELECT count(*) FROM pg_database WHERE datname LIKE 'trueup\\_shadow\\_%'";
        scratch.client.query_one(sql, &[]).expect("a row").get(0)
    };
    let target = Target::parse(&url(&local, "bob:bob", "postgres")).expect("a target");
    let server = Server::open(&target).expect("a server");
    assert!(server.version() > Version::major(13));
    let used = server.scratch(&Wanted::default()).expect("a scratch database");
    assert_eq!(shadows(&mut scratch), 1);
    drop(used);
    assert_eq!(shadows(&mut scratch), 0);

    let target = Target::parse(&url(&local, "ann:hunter2", "postgres")).expect("a target");
    let refused = Server::open(&target).expect("a server").scratch(&Wanted::default()).err().expect("an error");
    assert!(refused.hint().is_some_and(|hint| hint.contains("CREATEDB")), "{refused:?}");
}

#[test]
fn servers_that_are_not_there() {
    let refused = failure("postgres://u:s3cret@127.0.0.1:1/d");
    assert!(matches!(refused, Error::Refused { .. }), "{refused:?}");
    let nowhere = failure("postgres://u:s3cret@no-such-host.invalid/d");
    assert!(matches!(&nowhere, Error::NoSuchHost { host } if host == "no-such-host.invalid"), "{nowhere:?}");
    let socket = failure("host=/nonexistent user=u password=s3cret");
    assert!(matches!(socket, Error::NoSocket { .. }), "{socket:?}");
    for error in [refused, nowhere, socket] {
        assert!(error.hint().is_some());
        assert!(!shown(&error).contains("s3cret"));
    }
}

#[test]
fn a_server_that_never_answers_or_has_no_tls() {
    use std::io::{Read, Write};
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = silent.local_addr().expect("an address").port();
    let timeout = failure(&format!("postgres://u:s3cret@127.0.0.1:{port}/d?connect_timeout=1&sslmode=disable"));
    assert!(matches!(timeout, Error::Timeout { seconds: 1, .. }), "{timeout:?}");

    let plain = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = plain.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for stream in plain.incoming().flatten() {
            let mut stream = stream;
            stream.read_exact(&mut [0; 8]).ok();
            stream.write_all(b"N").ok();
        }
    });
    let tls = failure(&format!("postgres://u:s3cret@127.0.0.1:{port}/d?sslmode=require"));
    assert!(matches!(tls, Error::Tls { no_tls: true, .. }), "{tls:?}");
    assert!(!shown(&tls).contains("s3cret"));
}
