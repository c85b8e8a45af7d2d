//! A PostgreSQL to throw away. Gives empty databases and connections to them; knows nothing of schemas.

mod child;
mod choice;
mod cleanup;
mod embedded;
mod error;
mod literals;
mod local;
mod modifiers;
mod parameters;
mod storage;
mod stub;
mod stubbed;
mod url;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::connect::Target;
use crate::model::{Ident, Version};

pub use child::set_executable;
pub use choice::{Choice, Opened, open};
pub(crate) use cleanup::Pending;
pub use cleanup::{install as clean_up_on_signals, run as clean_up};
pub use embedded::Embedded;
pub use error::Error;
pub use local::{Binaries, Local};
pub use stub::{Canonical, Printed, Stub};
pub use stubbed::Stubbed;
pub use url::Server;

/// The hidden command that runs a shadow in a process of its own: `trueup shadow-server KIND DIR …`.
pub const SERVER_COMMAND: &str = "shadow-server";

/// A PostgreSQL that scratch databases come from. Shared between threads: both sides of a diff load at once.
///
/// Roles belong to the server: those that a script creates in one scratch database are there in the next one too,
/// except in the embedded PostgreSQL, which starts a server for each.
pub trait Shadow: Send + Sync {
    fn version(&self) -> Version;
    /// For people: `embedded PostgreSQL 17.5`.
    fn describe(&self) -> String;
    /// A new empty database, as `CREATE DATABASE … TEMPLATE template0` makes it, and a superuser's session in it.
    ///
    /// # Errors
    /// When the server cannot start, an extension is to be had nowhere, or the server refuses the database.
    fn scratch(&self, wanted: &Wanted) -> Result<Scratch, Error>;
    /// Whether something in its databases only stands in for what other servers have.
    fn stands_in(&self) -> bool {
        false
    }
    /// Which of these extensions the server cannot create.
    ///
    /// # Errors
    /// When the server does not answer.
    fn lacks(&self, extensions: &BTreeSet<String>) -> Result<BTreeSet<String>, Error>;
    /// A database as it was when [`Shadow::keep`] was told this key, in this run or an earlier one; nothing where that is not
    /// known any more, or never was.
    fn recall(&self, key: &str, wanted: &Wanted) -> Option<Scratch> {
        let _ = (key, wanted);
        None
    }
    /// Keeps what a database holds for [`Shadow::recall`]. It only saves time: where it cannot be kept, nothing is said.
    fn keep(&self, key: &str, wanted: &Wanted, scratch: &mut Scratch) {
        let _ = (key, wanted, scratch);
    }
    /// Says that so many scratch databases like this will be asked for soon, for those that can start them ahead.
    fn expect(&self, scratches: usize, wanted: &Wanted) {
        let _ = (scratches, wanted);
    }
}

/// What a database must be able to offer before a script is loaded in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Extensions that the script may create. They are made available, not created.
    pub extensions: BTreeSet<String>,
    /// Roles that the script names. Those that are missing are created, without login.
    pub roles: BTreeSet<String>,
    /// The version of the server that the schema is for, where a new database is to be as one of that version.
    pub like: Option<Version>,
}

/// An empty database and a session in it. Both go when it is dropped.
pub struct Scratch {
    pub client: postgres::Client,
    /// What the text of a statement becomes, so that this server takes it.
    pub adapt: Adapt,
    /// What a text of the catalog becomes, so that it reads as on a server that lacks nothing.
    pub restore: Adapt,
    /// Where other programs find the database; nothing where there is no session but this one.
    pub place: Option<Target>,
    limiter: Limiter,
    heard: Heard,
    /// Whatever must live as long as the session, and clean up after it.
    pub(crate) _guard: Box<dyn Send>,
}

/// The text of a statement, or other text that has the same effect on a server that lacks something; or, the other way,
/// a text of such a server's catalog. What is borrowed is the text itself.
pub type Adapt = Arc<dyn for<'a> Fn(&'a str) -> Cow<'a, str> + Send + Sync>;

/// The text itself.
pub fn as_it_is(text: &str) -> Cow<'_, str> {
    Cow::Borrowed(text)
}

/// One after the other.
fn both(first: impl for<'a> Fn(&'a str) -> Cow<'a, str> + Send + Sync + 'static, second: Adapt) -> Adapt {
    Arc::new(move |text| match first(text) {
        Cow::Borrowed(text) => second(text),
        Cow::Owned(text) => Cow::Owned(second(&text).into_owned()),
    })
}

/// What a server says beside its answers.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<String>>>);

impl Heard {
    /// Takes down warnings and notices of sessions of this configuration.
    fn listen(&self, config: &mut postgres::Config) {
        let said = self.0.clone();
        config.notice_callback(move |notice| {
            said.lock().unwrap_or_else(PoisonError::into_inner).push(format!(
                "{}: {}",
                notice.severity(),
                notice.message()
            ));
        });
    }
}

enum Limiter {
    Child(Arc<child::Child>),
    StatementTimeout,
}

impl Scratch {
    /// One of a server that lacks nothing and cancels statements that take too long.
    fn plain(client: postgres::Client, place: Option<Target>, heard: Heard, guard: impl Send + 'static) -> Scratch {
        Scratch {
            client,
            place,
            heard,
            adapt: Arc::new(as_it_is),
            restore: Arc::new(as_it_is),
            limiter: Limiter::StatementTimeout,
            _guard: Box::new(guard),
        }
    }

    /// Creates the roles that are missing: those that a migration names and the script before it did not.
    ///
    /// # Errors
    /// When the server refuses a role.
    pub fn provide_roles(&mut self, wanted: &Wanted) -> Result<(), Error> {
        create_roles(&mut self.client, wanted, "shadow")
    }

    /// What the server has said since the last time.
    pub(crate) fn notices(&mut self) -> Vec<String> {
        std::mem::take(&mut *self.heard.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether a block of PL/pgSQL can catch an error. In the embedded PostgreSQL none does: the error ends the statement.
    pub(crate) fn catches_errors(&self) -> bool {
        matches!(self.limiter, Limiter::StatementTimeout)
    }

    /// Bounds every later call on the session. A call that takes longer fails with SQLSTATE 57014; the embedded
    /// PostgreSQL, which cannot cancel a statement, is stopped then, and every later call fails at once.
    ///
    /// # Errors
    /// When the server refuses the setting.
    pub fn limit(&mut self, per_call: Duration) -> Result<(), Error> {
        match &self.limiter {
            Limiter::Child(child) => {
                Limiter::order(child, per_call);
                Ok(())
            }
            Limiter::StatementTimeout => self
                .client
                .batch_execute(&format!("SET statement_timeout = {}", per_call.as_millis()))
                .map_err(Error::postgres("shadow", "bound the time of statements")),
        }
    }
}

/// The hidden command's work; `args` is what follows [`SERVER_COMMAND`]. Ends with its standard input.
///
/// # Errors
/// When the arguments are not ours, or the server cannot start.
pub fn serve(args: &[std::ffi::OsString]) -> Result<(), Box<dyn std::error::Error>> {
    match args {
        [kind, dir] if kind == "embedded" => embedded::serve(dir.as_ref()),
        [kind, dir, rest @ ..] if kind == "local" => local::serve(dir.as_ref(), rest),
        _ => Err(format!("`{SERVER_COMMAND}` is for Trueup's own use").into()),
    }
}

/// Creates the roles that are wanted and missing.
fn create_roles(client: &mut postgres::Client, wanted: &Wanted, shadow: &str) -> Result<(), Error> {
    for role in &wanted.roles {
        let exists = client
            .query_one("SELECT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = $1)", &[role])
            .and_then(|row| row.try_get::<_, bool>(0))
            .map_err(Error::postgres(shadow, "look for roles"))?;
        if exists || role == "public" {
            continue;
        }
        match client.batch_execute(&format!("CREATE ROLE {} NOLOGIN", Ident::new(role))) {
            Ok(()) => {}
            // Another scratch database of the same server was faster.
            Err(e) if matches!(e.code().map(|c| c.code()), Some("42710" | "23505")) => {}
            Err(e) => return Err(Error::postgres(shadow, format!("create the role `{role}`"))(e)),
        }
    }
    Ok(())
}

/// Makes a new database what it is in the version that is wanted: until version 14 everybody could create in `public`
/// (release notes of PostgreSQL 15, E.12.2).
fn imitate(client: &mut postgres::Client, wanted: &Wanted, version: Version, shadow: &str) -> Result<(), Error> {
    let is_open = |version: Version| version < Version::major(15);
    let sql = match wanted.like.map(|like| (is_open(like), is_open(version))) {
        Some((true, false)) => "GRANT CREATE ON SCHEMA public TO PUBLIC",
        Some((false, true)) => "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
        Some(_) | None => return Ok(()),
    };
    client.batch_execute(sql).map_err(Error::postgres(shadow, "prepare an empty database"))
}

/// Drops a scratch database, with the subscriptions in it, which PostgreSQL does not drop along.
fn drop_database(admin: &mut postgres::Client, name: &str, session: impl FnOnce() -> Option<postgres::Client>) {
    let sql = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", Ident::new(name));
    if admin.batch_execute(&sql).is_ok() {
        return;
    }
    let without_subscriptions = "DO $$ DECLARE s name; BEGIN
        FOR s IN SELECT subname FROM pg_subscription WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())
        LOOP
            EXECUTE format('ALTER SUBSCRIPTION %I DISABLE', s);
            EXECUTE format('ALTER SUBSCRIPTION %I SET (slot_name = NONE)', s);
            EXECUTE format('DROP SUBSCRIPTION %I', s);
        END LOOP;
    END $$";
    if let Some(mut client) = session() {
        client.batch_execute(without_subscriptions).ok();
    }
    admin.batch_execute(&sql).ok();
}

/// Which of these extensions the server cannot create.
fn missing(client: &mut postgres::Client, wanted: &BTreeSet<String>, shadow: &str) -> Result<BTreeSet<String>, Error> {
    let names: Vec<&str> = wanted.iter().map(String::as_str).collect();
    let query =
        "SELECT w FROM unnest($1::text[]) w WHERE w NOT IN (SELECT name FROM pg_catalog.pg_available_extensions)";
    let rows = client.query(query, &[&names]).map_err(Error::postgres(shadow, "look for extensions"))?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Refuses extensions that the server could not create, before a script fails halfway on them.
fn require_extensions(client: &mut postgres::Client, wanted: &Wanted, shadow: &str) -> Result<(), Error> {
    match missing(client, &wanted.extensions, shadow)?.pop_first() {
        Some(extension) => Err(Error::Extension { extension, shadow: shadow.to_owned() }),
        None => Ok(()),
    }
}
