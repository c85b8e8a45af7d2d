//! The shadows and the connections to them, on real servers. What needs server programs says so and is skipped where
//! there are none.

use std::path::{Path, PathBuf};
use std::sync::Once;
use std::time::{Duration, Instant};

use trueup::shadow::{Embedded, Error, Local, Scratch, Shadow, Wanted, adapt_collation};

/// Tests run in a binary of their own, and the servers in ours.
fn use_our_binary() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| trueup::shadow::set_executable(env!("CARGO_BIN_EXE_trueup")));
}

fn embedded() -> Embedded {
    use_our_binary();
    Embedded::start(0)
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
    UNION ALL SELECT 'database ' || datname FROM pg_database WHERE datname NOT IN ('postgres', 'template0', 'template1', current_database())";

#[test]
fn embedded_scratches_are_as_empty_as_template0() {
    let began = Instant::now();
    let mut scratch = embedded().scratch(&wanted(&["vector", "pg_trgm", "pgcrypto"])).expect("a scratch database");
    eprintln!("started in {:?}", began.elapsed());
    assert_eq!(texts(&mut scratch, USER_OBJECTS), Vec::<String>::new());
    assert_eq!(texts(&mut scratch, "SELECT extname::text FROM pg_extension"), ["plpgsql"]);
    assert_eq!(texts(&mut scratch, "SHOW search_path"), ["\"$user\", public"]);
    assert_eq!(texts(&mut scratch, "SELECT current_user::text"), ["postgres"]);
    assert_eq!(texts(&mut scratch, "SELECT nspacl::text FROM pg_namespace WHERE nspname = 'public'"), [
        "{pg_database_owner=UC/pg_database_owner,=U/pg_database_owner}"
    ]);
    eprintln!("{:?}", texts(&mut scratch, "SELECT datname || ' ' || current_database() || ' ' || pg_encoding_to_char(encoding) || ' ' || datcollate FROM pg_database"));
}
