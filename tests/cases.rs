//! Runs every `fixtures/cases/**/*.md`: one heading is one case, proved in both directions.
//!
//! ```text
//! cargo test --release --test cases             every case, on the embedded PostgreSQL and on a local one if there is any
//! cargo test --release --test cases enum        the cases whose name contains `enum`
//! cargo test --release --test cases native      on local server programs only
//! UPDATE=1 cargo test --release --test cases    writes the `sql plan` blocks
//! CI=true cargo test --release --test cases     as CI does it: a third of those on the embedded one (support/share.rs)
//! ```

#![allow(clippy::print_stdout, reason = "a test says what it leaves out")]

#[path = "support/case_file.rs"]
mod case_file;
#[path = "support/declared.rs"]
mod declared;
#[path = "support/dump.rs"]
mod dump;
#[path = "support/share.rs"]
mod share;
#[path = "support/way.rs"]
mod way;

use std::{
    collections::BTreeSet,
    env,
    path::Path,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use case_file::Case;
use declared::{Declared, load_side};
use libtest_mimic::{Arguments, Failed, Trial};
use trueup::{
    ddl::{Online, Strategy},
    model::Pair,
    shadow::{Choice, Scratch, Shadow, Wanted, open, set_executable},
    sources::introspect::Owners,
};
use way::{How, compare_plan, headed, way};

/// In each table that a plan touches, unless the case has rows of its own.
const ROWS: u32 = 5;

/// One of so many runs on the embedded PostgreSQL in CI, where all of them run on a local one.
const SHARES: u64 = 3;

/// A case that does not load on an older version than this uses what that version has not.
const USUAL: i32 = 15;
static BEYOND: AtomicUsize = AtomicUsize::new(0);

/// The roles that cases may name.
const ROLES: [&str; 3] = ["reader", "writer", "manager"];

fn main() {
    set_executable(env!("CARGO_BIN_EXE_trueup"));
    let cases = case_file::read_all(Path::new("fixtures/cases"));
    let embedded = Server::new("embedded");
    let native = Server::new("local");
    let mut trials = Vec::new();
    for case in cases {
        let case = Arc::new(case);
        trials.push(trial(&case, &embedded, true));
        if native.shadow().is_some() {
            trials.push(trial(&case, &native, false));
        }
    }
    let mut arguments = Arguments::from_args();
    // Two instances of the embedded server work at once for each case already.
    arguments.test_threads = arguments.test_threads.or(Some(2));
    let conclusion = libtest_mimic::run(&arguments, trials);
    if 0 < BEYOND.load(Ordering::Relaxed) {
        println!("{} cases use what this version has not", BEYOND.load(Ordering::Relaxed));
    }
    native.stop();
    embedded.stop();
    conclusion.exit();
}

fn trial(case: &Arc<Case>, server: &Server, is_reference: bool) -> Trial {
    let name = format!("{}::{}", if is_reference { "embedded" } else { "native" }, case.name);
    let (case, server) = (Arc::clone(case), server.clone());
    let left_out = is_reference && share::is_left_out(&name, SHARES);
    Trial::test(name, move || run(&case, &server, is_reference)).with_ignored_flag(left_out)
}

/// A shadow that all cases share. It starts when the first case needs it.
#[derive(Clone)]
struct Server {
    choice: &'static str,
    shadow: Arc<OnceLock<Option<Box<dyn Shadow>>>>,
}

impl Server {
    fn new(choice: &'static str) -> Server {
        Server { choice, shadow: Arc::default() }
    }
    /// Nothing where no server programs are installed.
    fn shadow(&self) -> Option<&dyn Shadow> {
        let start = || {
            let choice = Choice::parse(self.choice).expect("a choice");
            open(&choice, None).ok().map(|opened| opened.shadow)
        };
        self.shadow.get_or_init(start).as_deref()
    }
    fn stop(self) {
        drop(self);
        trueup::shadow::clean_up();
    }
}

fn run(case: &Case, server: &Server, is_reference: bool) -> Result<(), Failed> {
    let shadow = server.shadow().ok_or("no such server")?;
    let major = shadow.version().major_number();
    if case.min_version.is_some_and(|least| major < least) || (case.native && is_reference) {
        return Ok(());
    }
    let wanted = Wanted {
        roles: ROLES.map(str::to_owned).into(),
        extensions: case.extensions.iter().cloned().collect(),
        like: None,
    };
    let side = |text: &str| -> Result<(Scratch, Declared), Failed> {
        let mut scratch = shadow.scratch(&wanted).map_err(|error| error.to_string())?;
        let declared = load_side(text, &mut scratch)?;
        Ok((scratch, declared))
    };
    let missing = |error: &Failed| error.message().is_some_and(|it| it.contains("is not available"));
    let sides = Pair::new(side(&case.from), side(&case.to));
    let fails =
        |why: &dyn Fn(&Failed) -> bool| [&sides.from, &sides.to].into_iter().any(|it| it.as_ref().is_err_and(why));
    if !is_reference && fails(&missing) {
        return Ok(());
    }
    // The cases are written for the newest of the versions that most machines have.
    if !is_reference && major < USUAL && fails(&|_| true) {
        BEYOND.fetch_add(1, Ordering::Relaxed);
        return Ok(());
    }
    let ((from_scratch, from), (to_scratch, to)) = (sides.from?, sides.to?);

    let mut scratches = Pair::new(from_scratch, to_scratch);
    let fresh = Pair::new(dump::of(&mut scratches.from.client), dump::of(&mut scratches.to.client));

    let rows = if case.rows.trim().is_empty() { ROWS } else { 0 };
    scratches.from.client.batch_execute(&case.rows).map_err(|error| format!("the rows: {error:?}"))?;

    let sides = Pair::new(&from.catalog, &to.catalog);
    let online = case.online.as_ref().map(|off| Online { always: true, off: strategies(off), ..Online::default() });
    let how = |rows| How { owners: Owners::Stated, rows, online: online.as_ref() };
    let forward =
        way(shadow, sides, to.said(), &mut scratches.from, how(rows)).map_err(|it| headed("from → to", it))?;
    if !case.one_way {
        let back = Pair::new(sides.to, sides.from);
        way(shadow, back, from.said(), &mut scratches.to, how(ROWS)).map_err(|it| headed("to → from", it))?;
    }
    if let Some(check) = &case.check {
        let row =
            scratches.from.client.query_one(check.as_str(), &[]).map_err(|error| format!("the check: {error:?}"))?;
        if !row.get::<_, bool>(0) {
            return Err(format!("the rows did not come through: {check}\n{forward}").into());
        }
    }
    // An observer that shares no code with Trueup.
    let migrated = Pair::new(dump::of(&mut scratches.from.client), dump::of(&mut scratches.to.client));
    dump::compare(fresh.to, migrated.from).map_err(|it| headed("from → to", Failed::from(it)))?;
    if !case.one_way {
        dump::compare(fresh.from, migrated.to).map_err(|it| headed("to → from", Failed::from(it)))?;
    }
    // The plan is written for one version: the reference's.
    if is_reference { compare_plan(case, &forward) } else { Ok(()) }
}

fn strategies(names: &[String]) -> BTreeSet<Strategy> {
    let named = |name: &String| Strategy::ALL.iter().copied().find(|it| it.name() == name).expect("a strategy");
    names.iter().map(named).collect()
}
