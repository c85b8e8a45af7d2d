//! The PostgreSQL in the box: pglite-oxide, PostgreSQL 17 compiled to WASM, one instance per scratch database, each in
//! a process of its own. Knows the gaps of that build (extensions, ICU) and what fills them.

mod cache;
mod collations;
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

use super::child::Child;
use super::{Error, Heard, Limiter, Scratch, Shadow, Wanted, create_roles, imitate, storage};
use crate::model::{Ident, Version};
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
            Some(Err(_)) | None => self.starts.bounded(|| start(extensions)),
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
            let instance = std::thread::spawn(move || starts.bounded(|| start(&enabled)));
            spare.push(Spare { extensions: extensions.clone(), instance });
        }
    }

    fn lacks(&self, extensions: &BTreeSet<String>) -> Result<BTreeSet<String>, Error> {
        Ok(extensions.iter().filter(|name| !is_there(name)).cloned().collect())
    }

    fn scratch(&self, wanted: &Wanted) -> Result<Scratch, Error> {
        let Instance { child, mut client, heard } = self.instance(&bundled(wanted, &self.describe())?)?;
        create_roles(&mut client, wanted, WHAT)?;
        imitate(&mut client, wanted, VERSION, WHAT)?;
        let child = Arc::new(child);
        Ok(Scratch {
            client,
            place: None,
            heard,
            adapt: Arc::new(stand_in::adapt),
            restore: Arc::new(super::as_it_is),
            limiter: Limiter::Child(Arc::clone(&child)),
            _guard: Box::new(child),
        })
    }
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

fn start(extensions: &[String]) -> Result<Instance, Error> {
    let child = Child::start("embedded", WHAT, &storage::fastest(), |command| {
        if let Some(home) = cache::replacement() {
            command.env("HOME", &home).env("XDG_CACHE_HOME", &home);
        }
    })?;
    child.order(&Order::Open(extensions.to_vec()).line());
    child.wait_for("ready")?;
    child.order(&Order::Limit(START_LIMIT).line());
    let heard = Heard::default();
    let mut client = connect(child.dir(), &heard)?;
    prepare(&mut client, extensions).map_err(Error::postgres(WHAT, "prepare an empty database"))?;
    child.order(&Order::Limit(serve::DEFAULT_LIMIT).line());
    Ok(Instance { child, client, heard })
}
