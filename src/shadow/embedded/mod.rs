//! The PostgreSQL in the box: pglite-oxide, PostgreSQL 17 compiled to WASM, one instance per scratch database, each in
//! a process of its own. Knows the gaps of that build (extensions, ICU) and what fills them.

mod cache;
mod collations;
mod kept;
mod relay;
mod serve;
mod stand_in;
mod stubs;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use pglite_oxide::extensions;
use postgres::{Client, NoTls};

use super::child::{self, Child};
use super::{Error, Heard, Limiter, Scratch, Shadow, Wanted, create_roles, imitate, storage};
use crate::model::{Ident, Version, sha256};
use serve::Order;

const WHAT: &str = "embedded PostgreSQL";
/// A start that takes longer hangs.
const START_LIMIT: Duration = Duration::from_secs(120);
const VERSION: Version = Version(170_005);

/// Instances of the embedded PostgreSQL, started ahead where that saves time.
#[derive(Default)]
pub struct Embedded {
    spare: Mutex<Vec<Spare>>,
    starts: Arc<Starts>,
}

/// An instance with these extensions enabled, started or about to be.
struct Spare {
    extensions: Vec<String>,
    instance: JoinHandle<Result<Instance, Error>>,
}

struct Instance {
    child: Child,
    client: Client,
    heard: Heard,
}

impl Embedded {
    /// Starts nothing yet: that is for [`Shadow::expect`] and [`Shadow::scratch`].
    #[must_use]
    pub fn new() -> Embedded {
        Embedded::default()
    }

    fn spare(&self) -> MutexGuard<'_, Vec<Spare>> {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn instance(&self, extensions: &[String]) -> Result<Instance, Error> {
        let spare = {
            let mut spare = self.spare();
            let fits = spare.iter().position(|spare| spare.extensions == extensions);
            fits.map(|index| spare.swap_remove(index))
        };
        match spare.map(|spare| spare.instance.join()) {
            Some(Ok(started)) => started,
            // A thread that panicked says nothing about the next try.
            Some(Err(_)) | None => self.starts.bounded(|| start_empty(extensions)),
        }
    }
}

impl Shadow for Embedded {
    fn version(&self) -> Version {
        VERSION
    }

    fn describe(&self) -> String {
        format!("{WHAT} {VERSION}")
    }

    fn expect(&self, scratches: usize, wanted: &Wanted) {
        // Where an extension is missing, the scratch database says so.
        let Ok(extensions) = bundled(wanted, WHAT) else { return };
        let mut spare = self.spare();
        for _ in spare.iter().filter(|spare| spare.extensions == extensions).count()..scratches {
            let (starts, enabled) = (Arc::clone(&self.starts), extensions.clone());
            let instance = std::thread::spawn(move || starts.bounded(|| start_empty(&enabled)));
            spare.push(Spare { extensions: extensions.clone(), instance });
        }
    }

    fn lacks(&self, extensions: &BTreeSet<String>) -> Result<BTreeSet<String>, Error> {
        Ok(extensions.iter().filter(|name| !is_there(name)).cloned().collect())
    }

    fn scratch(&self, wanted: &Wanted) -> Result<Scratch, Error> {
        let mut instance = self.instance(&bundled(wanted, &self.describe())?)?;
        create_roles(&mut instance.client, wanted, WHAT)?;
        imitate(&mut instance.client, wanted, VERSION, WHAT)?;
        Ok(instance.scratch())
    }

    fn recall(&self, key: &str, wanted: &Wanted) -> Option<Scratch> {
        let extensions = bundled(wanted, WHAT).ok()?;
        let kept = kept::find(&key_of(key, wanted))?;
        // Another program may be removing it.
        let mut is_whole = false;
        let fill = |dir: &Path| is_whole = kept::take(&kept, &dir.join(ROOT));
        let started = self.starts.bounded(|| start(&extensions, fill));
        let whole = started
            .ok()
            .filter(|_| is_whole)
            .and_then(|mut it| (created(&mut it.client).ok()? == kept_with(&it)?).then_some(it));
        if whole.is_none() {
            let _ = std::fs::remove_dir_all(&kept);
        }
        whole.map(Instance::scratch)
    }

    fn keep(&self, key: &str, wanted: &Wanted, scratch: &mut Scratch) {
        let Limiter::Child(child) = &scratch.limiter else { return };
        let root = child.dir().join(ROOT);
        let names = created(&mut scratch.client).map(|it| it.into_iter().collect::<Vec<_>>().join("\n"));
        let written = names.is_ok_and(|names| std::fs::write(root.join(EXTENSIONS), names).is_ok());
        if written && scratch.client.batch_execute("CHECKPOINT").is_ok() {
            // Whoever comes next loads it again.
            let _ = kept::put(&key_of(key, wanted), &root);
        }
    }
}

impl Instance {
    fn scratch(self) -> Scratch {
        let child = Arc::new(self.child);
        Scratch {
            client: self.client,
            place: None,
            heard: self.heard,
            adapt: Arc::new(stand_in::adapt),
            restore: Arc::new(super::as_it_is),
            limiter: Limiter::Child(Arc::clone(&child)),
            _guard: Box::new(child),
        }
    }
}

/// The part of a run directory that is the cluster.
const ROOT: &str = "root";
/// The file in it with the extensions that the database had when it was kept.
const EXTENSIONS: &str = "extensions";

/// What a database is kept by: also what it was made to offer, and by which program.
fn key_of(key: &str, wanted: &Wanted) -> String {
    sha256(&format!("{key}\n{wanted:?}\n{VERSION}\n{}", child::build().unwrap_or_default()))
}

/// The engine creates what it enables, where the database does not have it.
fn created(client: &mut Client) -> Result<BTreeSet<String>, postgres::Error> {
    let rows = client.query("SELECT extname FROM pg_extension", &[])?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

fn kept_with(instance: &Instance) -> Option<BTreeSet<String>> {
    let names = std::fs::read_to_string(instance.child.dir().join(ROOT).join(EXTENSIONS)).ok()?;
    Some(names.lines().map(str::to_owned).collect())
}

impl Limiter {
    pub(super) fn order(child: &Child, limit: Duration) {
        child.order(&Order::Limit(limit).line());
    }
}

/// Runs an instance in this process: the hidden command's work.
pub(super) fn serve(dir: &Path) -> Result<(), Box<dyn std::error::Error>> {
    serve::serve(dir)
}

/// The extensions to enable, out of those wanted. Stubs need no enabling.
fn bundled(wanted: &Wanted, shadow: &str) -> Result<Vec<String>, Error> {
    let mut bundled = Vec::new();
    for name in &wanted.extensions {
        if extensions::by_sql_name(name).is_some() {
            bundled.push(name.clone());
        } else if !is_there(name) {
            return Err(Error::Extension { extension: name.clone(), shadow: shadow.to_owned() });
        }
    }
    Ok(bundled)
}

fn is_there(extension: &str) -> bool {
    extensions::by_sql_name(extension).is_some() || stubs::has(extension) || extension == "plpgsql"
}

fn connect(dir: &Path, heard: &Heard) -> Result<Client, Error> {
    let mut config = postgres::Config::new();
    heard.listen(&mut config);
    config
        .host_path(dir)
        .user("postgres")
        .dbname("postgres")
        .application_name("trueup")
        .connect(NoTls)
        .map_err(Error::postgres(WHAT, "connect"))
}

/// Makes the database what `template0` is. The engine creates each extension that it enables, in `pg_catalog`: those
/// go, for the script to create them where it wants them.
fn prepare(client: &mut Client, enabled: &[String]) -> Result<(), postgres::Error> {
    let created = client.query("SELECT extname FROM pg_extension WHERE extname <> 'plpgsql'", &[])?;
    debug_assert!(created.len() >= enabled.len());
    for row in created {
        let name: String = row.get("extname");
        client.batch_execute(&format!("DROP EXTENSION IF EXISTS {} CASCADE", Ident::new(name)))?;
    }
    // Enabling one may make a schema for it, or change settings of the session.
    for row in client.query("SELECT nspname FROM pg_namespace WHERE oid >= 16384", &[])? {
        let name: String = row.get("nspname");
        client.batch_execute(&format!("DROP SCHEMA {} CASCADE", Ident::new(name)))?;
    }
    client.batch_execute("RESET ALL")?;
    client.batch_execute(&collations::insert())
}

/// Lets only as many instances start at once as there are processors: more would only slow each other.
#[derive(Default)]
struct Starts {
    running: Mutex<usize>,
    ended: Condvar,
}

impl Starts {
    fn bounded<T>(&self, start: impl FnOnce() -> T) -> T {
        let limit = std::thread::available_parallelism().map_or(2, usize::from);
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        while *running >= limit {
            running = self.ended.wait(running).unwrap_or_else(PoisonError::into_inner);
        }
        *running += 1;
        drop(running);
        let started = start();
        *self.running.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        self.ended.notify_one();
        started
    }
}

fn start_empty(extensions: &[String]) -> Result<Instance, Error> {
    let mut instance = start(extensions, |_| ())?;
    instance.child.order(&Order::Limit(START_LIMIT).line());
    prepare(&mut instance.client, extensions).map_err(Error::postgres(WHAT, "prepare an empty database"))?;
    instance.child.order(&Order::Limit(serve::DEFAULT_LIMIT).line());
    Ok(instance)
}

/// Starts an instance on what `fill` puts into its run directory.
fn start(extensions: &[String], fill: impl FnOnce(&Path)) -> Result<Instance, Error> {
    let child = Child::start("embedded", WHAT, &storage::fastest(), |dir, command| {
        fill(dir);
        if let Some(home) = cache::replacement() {
            command.env("HOME", &home).env("XDG_CACHE_HOME", &home);
        }
    })?;
    child.order(&Order::Open(extensions.to_vec()).line());
    child.wait_for("ready")?;
    let heard = Heard::default();
    let client = connect(child.dir(), &heard)?;
    Ok(Instance { child, client, heard })
}
