//! Follows the changes of `fixtures/mutations` one after the other in one database that holds every kind of object: what is
//! known of it after each statement, where most of it was not read again, is what a reading from the beginning shows.

#[allow(dead_code, reason = "a change has no first state of its own, and needs no embedded server")]
#[path = "support/case_file.rs"]
mod case_file;

use std::{fs, path::Path, sync::Arc};

use trueup::{
    catalog::Catalog,
    ddl::Target,
    diff::diff,
    model::Files,
    rehearse::{History, View, rows::Supply},
    shadow::{Local, Shadow, Wanted, set_executable},
    sources::{Script, migrations},
};

const FOLDER: &str = "fixtures/mutations";
const ROLES: [&str; 3] = ["reader", "writer", "manager"];

/// All that a reading has, in words.
fn shown(catalog: &Catalog) -> Vec<String> {
    let objects = catalog.iter().map(|(id, entry)| {
        format!("{id}: {:?} {:?} {:?} {:?}", entry.object, entry.needs, entry.dies_with, entry.implied_by)
    });
    let beside = format!("{:?} {:?} {:?}", catalog.unmanaged, catalog.server_privileges, catalog.casts);
    objects.chain([beside]).collect()
}

fn script(sql: &str, files: &mut Files) -> Option<Script> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("1.sql");
    fs::write(&path, sql).expect("a file");
    migrations(&path).ok()?.first()?.read(files).ok()
}

#[test]
#[allow(clippy::print_stderr, reason = "a test that does not run says so")]
fn what_is_known_after_each_change_is_what_is_there() {
    set_executable(env!("CARGO_BIN_EXE_trueup"));
    let Some(binaries) = Local::available().into_iter().find(|it| 15 <= it.version.major_number()) else {
        eprintln!("no server programs of PostgreSQL 15 or later: nothing is followed");
        return;
    };
    let server = Local::start(&binaries).expect("a server");
    let wanted = Wanted { roles: ROLES.map(str::to_owned).into(), ..Wanted::default() };
    let mut scratch = server.scratch(&wanted).expect("a database");
    let base = fs::read_to_string(Path::new(FOLDER).join("base.sql")).expect("the base");
    scratch.client.batch_execute(&base).expect("the base");
    // What the base has set in its session is no part of it.
    let database: String = scratch.client.query_one("SELECT current_database()::text", &[]).expect("a name").get(0);
    let mut config = postgres::Config::new();
    config.host_path(server.socket_dir()).user("postgres").dbname(&database);
    scratch.client = config.connect(postgres::NoTls).expect("a session");
    let (view, mut files) = (View::default(), Files::default());
    let mut history = History::begin(scratch, &view, Supply::made_up(0)).expect("a reading");
    let (mut followed, mut kept) = (0, 0);
    for case in case_file::read_all(Path::new(FOLDER)) {
        let Some(script) = script(&case.to, &mut files) else { continue };
        // What one change has dropped, another cannot change: that much is not followed.
        for seen in history.follow(&script, &files).expect("a server").statements {
            followed += 1;
            kept += usize::from(Arc::ptr_eq(&seen.before, &seen.after));
        }
        let (now, anew) = (Arc::clone(history.now()), history.read_anew().expect("a reading"));
        let target = Target::new(anew.version, &anew.casts);
        assert!(diff(&now, &anew, target).is_empty(), "{}: {:?}", case.name, diff(&now, &anew, target));
        assert_eq!(shown(&now), shown(&anew), "{}", case.name);
    }
    assert!(200 < followed, "only {followed} statements were followed");
    assert!(kept < followed / 4, "{kept} of {followed} statements were thought to change nothing");
}

#[test]
fn what_changes_no_catalog_is_not_followed_by_a_reading() {
    set_executable(env!("CARGO_BIN_EXE_trueup"));
    let scratch = trueup::shadow::Embedded::new().scratch(&Wanted::default()).expect("a database");
    let (view, mut files) = (View::default(), Files::default());
    let mut history = History::begin(scratch, &view, Supply::made_up(0)).expect("a reading");
    let sql = "CREATE TABLE t (id int); INSERT INTO t VALUES (1); UPDATE t SET id = 2; DELETE FROM t; \
               CREATE INDEX ON t (id);";
    let script = script(sql, &mut files).expect("a script");
    let seen = history.follow(&script, &files).expect("a server").statements;
    let is_kept: Vec<bool> = seen.iter().map(|it| Arc::ptr_eq(&it.before, &it.after)).collect();
    assert_eq!(is_kept, [false, true, true, true, false]);
}
