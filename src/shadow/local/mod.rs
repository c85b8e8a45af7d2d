//! A throw-away cluster from the PostgreSQL server programs of this machine: unix socket only, in memory where there
//! is room, nothing durable. Each scratch database is one database in it.

mod binaries;
mod cluster;
mod files;
mod supervise;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use postgres::{Client, NoTls};

use super::child::Child;
use super::{Error, Heard, Scratch, Shadow, Wanted, create_roles, storage};
use crate::connect::Target;
use crate::model::Version;

pub use binaries::Binaries;

/// A running throw-away cluster. It is stopped and removed when this and all its scratch databases are dropped.
pub struct Local {
    cluster: Arc<Cluster>,
    version: Version,
    created: AtomicU32,
}

struct Cluster {
    what: String,
    // Before the child, so that the session ends before the server does.
    admin: Mutex<Client>,
    child: Child,
}

impl Local {
    /// The newest server programs of this major version, or of any.
    pub fn find(major: Option<i32>) -> Option<Binaries> {
        Self::available().into_iter().find(|found| major.is_none_or(|major| found.version.major_number() == major))
    }

    /// The server programs in a folder, if it has some that run.
    pub fn at(dir: &Path) -> Option<Binaries> {
        binaries::at(dir)
    }

    /// All server programs that are found: those in `TRUEUP_PGBIN` first, then by version, newest first.
    pub fn available() -> Vec<Binaries> {
        binaries::available()
    }

    /// Starts a cluster.
    ///
    /// # Errors
    /// When the cluster cannot be made or started; the server's own last words are in the error.
    pub fn start(binaries: &Binaries) -> Result<Local, Error> {
        let what = format!("local PostgreSQL {}", binaries.version);
        let child = Child::start("local", &what, &storage::fastest(), |_, command| {
            command.arg(&binaries.dir);
        })?;
        child.wait_for("ready")?;
        let mut admin = first_session(&child, &what)?;
        let number: i32 = admin
            .query_one("SELECT pg_catalog.current_setting('server_version_num')::int4", &[])
            .and_then(|row| row.try_get(0))
            .map_err(Error::postgres(&what, "read the version"))?;
        let cluster = Arc::new(Cluster { what, admin: Mutex::new(admin), child });
        Ok(Local { cluster, version: Version(number), created: AtomicU32::new(0) })
    }

    /// The directory of the cluster's socket, for tests and other programs such as `pg_dump`.
    pub fn socket_dir(&self) -> &Path {
        self.cluster.child.dir()
    }
}

impl Shadow for Local {
    fn version(&self) -> Version {
        self.version
    }

    fn describe(&self) -> String {
        self.cluster.what.clone()
    }

    fn lacks(&self, extensions: &BTreeSet<String>) -> Result<BTreeSet<String>, Error> {
        let mut admin = self.cluster.admin.lock().unwrap_or_else(PoisonError::into_inner);
        super::missing(&mut admin, extensions, &self.cluster.what)
    }

    fn scratch(&self, wanted: &Wanted) -> Result<Scratch, Error> {
        let cluster = &self.cluster;
        let name = format!("scratch_{}", self.created.fetch_add(1, Ordering::Relaxed));
        {
            let mut admin = cluster.admin.lock().unwrap_or_else(PoisonError::into_inner);
            super::require_extensions(&mut admin, wanted, &cluster.what)?;
            create_roles(&mut admin, wanted, &cluster.what)?;
            // Copying files is two to five times as fast as the write-ahead log; before 15 it is the only way.
            let strategy = if self.version.major_number() >= 15 { " STRATEGY file_copy" } else { "" };
            admin
                .batch_execute(&format!("CREATE DATABASE {name} TEMPLATE template0{strategy}"))
                .map_err(Error::postgres(&cluster.what, "create a scratch database"))?;
        }
        let guard = Database { name: name.clone(), cluster: Arc::clone(cluster) };
        let heard = Heard::default();
        let mut client = session(&cluster.child, &name, &heard).map_err(Error::postgres(&cluster.what, "connect"))?;
        super::imitate(&mut client, wanted, self.version, &cluster.what)?;
        let words =
            format!("host='{}' port=5432 user=postgres dbname={name} sslmode=disable", cluster.child.dir().display());
        Ok(Scratch::plain(client, Target::parse(&words).ok(), heard, guard))
    }
}

/// A scratch database. Long test runs make hundreds; the memory they take must come back before the cluster ends.
struct Database {
    name: String,
    cluster: Arc<Cluster>,
}

impl Drop for Database {
    fn drop(&mut self) {
        let mut admin = self.cluster.admin.lock().unwrap_or_else(PoisonError::into_inner);
        super::drop_database(&mut admin, &self.name, || {
            session(&self.cluster.child, &self.name, &Heard::default()).ok()
        });
    }
}

/// Supervises one cluster: the hidden command's work.
pub(super) fn serve(dir: &Path, args: &[OsString]) -> Result<(), Box<dyn std::error::Error>> {
    let [binaries] = args else { return Err("expected the folder of the server programs".into()) };
    supervise::serve(dir, binaries.as_ref())
}

/// The socket is there before the server takes sessions.
fn first_session(child: &Child, what: &str) -> Result<Client, Error> {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        match session(child, "postgres", &Heard::default()) {
            Ok(client) => return Ok(client),
            Err(e) if e.code().is_some_and(|code| code.code() != "57P03") || Instant::now() > deadline => {
                return Err(Error::postgres(what, "connect")(e));
            }
            Err(_) => std::thread::sleep(Duration::from_millis(5)),
        }
    }
}

fn session(child: &Child, database: &str, heard: &Heard) -> Result<Client, postgres::Error> {
    let mut config = postgres::Config::new();
    heard.listen(&mut config);
    config.host_path(child.dir()).user("postgres").dbname(database).application_name("trueup").connect(NoTls)
}
