//! Changes one thing at a time in a database that holds every kind of object, and plans the way there and back:
//! `fixtures/mutations/*.md`, one heading for each change of `base.sql`.
//!
//! A way is right where Trueup's own reading, `pg_dump`, and an observer that knows no kinds all find no difference.
//!
//! ```text
//! cargo test --release --test mutate             every change; needs server programs of PostgreSQL 15 or later
//! cargo test --release --test mutate sequence    the changes whose name contains `sequence`
//! UPDATE=1 cargo test --release --test mutate    writes the `sql plan` blocks
//! CI=true cargo test --release --test mutate     as CI does it: a third of them (support/share.rs)
//! ```

#[allow(dead_code, reason = "a change has no first state of its own, and needs no embedded server")]
#[path = "support/case_file.rs"]
mod case_file;
#[path = "support/dump.rs"]
mod dump;
#[path = "support/observe.rs"]
mod observe;
#[path = "support/share.rs"]
mod share;
#[path = "support/way.rs"]
mod way;

use std::{
    env, fs,
    path::Path,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

use case_file::Case;
use libtest_mimic::{Arguments, Failed, Trial};
use observe::{Observation, Observer};
use postgres::{Client, NoTls};
use trueup::{
    catalog::Catalog,
    model::Pair,
    rehearse::Said,
    shadow::{Local, Scratch, Shadow, Wanted, set_executable},
    sources::{introspect, introspect::Owners},
};
use way::{How, compare_plan, headed, way};

const FOLDER: &str = "fixtures/mutations";
/// The roles that the base and its changes may name.
const ROLES: [&str; 3] = ["reader", "writer", "manager"];
/// What the base needs.
const LEAST_VERSION: i32 = 15;
/// One of so many changes is made in CI.
const SHARES: u64 = 3;
/// The plans are written for one version.
const PLANNED_FOR: i32 = 15;

#[allow(clippy::print_stderr, reason = "a test that does not run says so")]
fn main() {
    set_executable(env!("CARGO_BIN_EXE_trueup"));
    let mut arguments = Arguments::from_args();
    let found = Local::available().into_iter().find(|it| LEAST_VERSION <= it.version.major_number());
    let Some(binaries) = found else {
        eprintln!("no server programs of PostgreSQL {LEAST_VERSION} or later: nothing is changed, nothing is tested");
        return;
    };
    // Started when the first change needs it, and not to list them.
    let lab: Arc<OnceLock<Lab>> = Arc::default();
    let trials = case_file::read_all(Path::new(FOLDER)).into_iter().map(|case| {
        let (lab, binaries) = (Arc::clone(&lab), binaries.clone());
        let (name, left_out) = (case.name.clone(), share::is_left_out(&case.name, SHARES));
        let test = move || run(&case, lab.get_or_init(|| Lab::open(Local::start(&binaries).expect("a server"))));
        Trial::test(name, test).with_ignored_flag(left_out)
    });
    let trials = trials.collect();
    arguments.test_threads = arguments.test_threads.or(Some(2));
    let conclusion = libtest_mimic::run(&arguments, trials);
    drop(lab);
    trueup::shadow::clean_up();
    conclusion.exit();
}

/// The server, and the base in it.
struct Lab {
    admin: Mutex<Client>,
    observer: Observer,
    base: State,
    copies: AtomicU32,
    /// What a copy of the base does not have, since it stands in a catalog of the server.
    shared: String,
    server: Local,
}

/// One state, as each of the judges sees it.
struct State {
    catalog: Catalog,
    dump: Option<String>,
    observed: Observation,
}

impl Lab {
    fn open(server: Local) -> Lab {
        let read = |file: &str| fs::read_to_string(Path::new(FOLDER).join(file)).expect("a file of SQL");
        let mut admin = session(&server, "postgres");
        let roles = ROLES.map(|role| format!("CREATE ROLE {role}")).join("; ");
        admin.batch_execute(&roles).expect("roles");
        admin.batch_execute("SET allow_system_table_mods = on").expect("a setting");
        admin.batch_execute("CREATE DATABASE base TEMPLATE template0").expect("a database");
        let mut base = session(&server, "base");
        if let Err(error) = base.batch_execute(&read("base.sql")) {
            panic!("base.sql: {}", words(&error));
        }
        let observer = Observer::new(&mut base).expect("the catalogs");
        drop(base);
        let state = State { catalog: Catalog::new(server.version()), dump: None, observed: Observation::default() };
        let (admin, shared) = (Mutex::new(admin), read("shared.sql"));
        let mut lab = Lab { admin, observer, base: state, copies: AtomicU32::new(0), shared, server };
        lab.base = {
            let mut copy = lab.copy().expect("a copy");
            lab.look(&mut copy.scratch.client).expect("the base")
        };
        lab
    }

    fn copy(&self) -> Result<Copy<'_>, Failed> {
        let name = format!("copy_{}", self.copies.fetch_add(1, Ordering::Relaxed));
        let mut scratch = self.server.scratch(&Wanted::default()).map_err(|error| error.to_string())?;
        self.order(&format!("CREATE DATABASE {name} TEMPLATE base STRATEGY file_copy"))?;
        scratch.client = session(&self.server, &name);
        let mut copy = Copy { name, scratch, lab: self };
        copy.scratch.client.batch_execute(&self.shared).map_err(|error| words(&error))?;
        Ok(copy)
    }

    /// Databases in which a shadow has read the base again outlive it, since a subscription keeps them; there would be
    /// thousands in the end. The session that used one is gone by then.
    fn sweep(&self) {
        let mut admin = self.admin.lock().unwrap_or_else(PoisonError::into_inner);
        let left = "SELECT d.datname::text FROM pg_database d JOIN pg_subscription s ON s.subdbid = d.oid
                    WHERE d.datname ~ '^scratch_' AND NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.datid = d.oid)";
        for row in admin.query(left, &[]).unwrap_or_default() {
            let name: String = row.get(0);
            let forget = format!(
                "DELETE FROM pg_subscription WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = '{name}')"
            );
            let dropped =
                admin.batch_execute(&forget).and_then(|()| admin.batch_execute(&format!("DROP DATABASE {name}")));
            dropped.ok();
        }
    }

    fn order(&self, sql: &str) -> Result<(), String> {
        let mut admin = self.admin.lock().unwrap_or_else(PoisonError::into_inner);
        admin.batch_execute(sql).map_err(|error| words(&error))
    }

    fn look(&self, client: &mut Client) -> Result<State, Failed> {
        Ok(State {
            catalog: introspect::introspect(client, Owners::All).map_err(|error| words(&error))?,
            dump: dump::of(client),
            observed: self.observer.look(client).map_err(|error| words(&error))?,
        })
    }
}

/// A database that begins as the base, and goes when this is dropped.
struct Copy<'a> {
    name: String,
    scratch: Scratch,
    lab: &'a Lab,
}

impl Drop for Copy<'_> {
    fn drop(&mut self) {
        let subscriptions = "SELECT s.subname::text FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid
                             WHERE d.datname = current_database()";
        let found = self.scratch.client.query(subscriptions, &[]).unwrap_or_default();
        for name in found.iter().map(|row| row.get::<_, String>(0)) {
            let sql = format!(
                "ALTER SUBSCRIPTION {name} DISABLE; ALTER SUBSCRIPTION {name} SET (slot_name = NONE);
                 DROP SUBSCRIPTION {name}"
            );
            self.scratch.client.batch_execute(&sql).ok();
        }
        self.lab.order(&format!("DROP DATABASE {} WITH (FORCE)", self.name)).ok();
        self.lab.sweep();
    }
}

fn session(server: &Local, database: &str) -> Client {
    let mut config = postgres::Config::new();
    config.host_path(server.socket_dir()).user("postgres").dbname(database).connect(NoTls).expect("a session")
}

fn words(error: &postgres::Error) -> String {
    error.as_db_error().map_or_else(|| error.to_string(), |it| it.message().to_owned())
}

fn run(case: &Case, lab: &Lab) -> Result<(), Failed> {
    let major = lab.server.version().major_number();
    if case.min_version.is_some_and(|least| major < least) {
        return Ok(());
    }
    let base = &lab.base;
    let mut there = lab.copy()?;
    there.scratch.client.batch_execute(&case.to).map_err(|error| format!("the change: {}", words(&error)))?;
    let changed = lab.look(&mut there.scratch.client)?;
    if changed.observed.compare(&base.observed).is_ok() {
        return Err("the change changes nothing that can be observed".into());
    }
    let mut here = lab.copy()?;
    let forward =
        way(&lab.server, Pair::new(&base.catalog, &changed.catalog), Said::default(), &mut here.scratch, How::of_all());
    let forward = forward.map_err(Failed::from).and_then(|plan| judge(lab, &mut here, &changed, &plan).map(|()| plan));
    let back = way(
        &lab.server,
        Pair::new(&changed.catalog, &base.catalog),
        Said::default(),
        &mut there.scratch,
        How::of_all(),
    );
    let back = back.map_err(Failed::from).and_then(|plan| judge(lab, &mut there, base, &plan));
    let found = forward.map_err(|it| headed("there", it)).and_then(|plan| {
        back.map_err(|it| headed("back", it))?;
        Ok(plan)
    });
    let forward = match (found, &case.open) {
        (Err(_), Some(_)) => return Ok(()),
        (Ok(_), Some(reason)) => return Err(format!("it works now; take out `open = {reason}`").into()),
        (found, None) => found?,
    };
    if major == PLANNED_FOR { compare_plan(case, &forward) } else { Ok(()) }
}

/// The judges that share no code with Trueup.
fn judge(lab: &Lab, copy: &mut Copy<'_>, expected: &State, plan: &str) -> Result<(), Failed> {
    let client = &mut copy.scratch.client;
    let observed = lab.observer.look(client).map_err(|error| words(&error))?.compare(&expected.observed);
    let dumped = dump::compare(expected.dump.clone(), dump::of(client));
    observed.and(dumped).map_err(|it| format!("{it}\nthe plan:\n{plan}").into())
}
