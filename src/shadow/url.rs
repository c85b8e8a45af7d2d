//! Scratch databases on a server that the user names. They have names of their own and are always dropped.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::{Mutex, PoisonError};

use postgres::Client;

use super::cleanup::Pending;
use super::{Error, Scratch, Shadow, Wanted, create_roles};
use crate::connect::Target;
use crate::model::{Ident, Version};

/// A PostgreSQL server on which we may create databases.
pub struct Server {
    target: Target,
    what: String,
    version: Version,
    admin: Mutex<Client>,
}

impl Server {
    /// Connects to the database in `target`, from which the scratch databases are created.
    ///
    /// # Errors
    /// When the connection fails.
    pub fn open(target: &Target) -> Result<Server, Error> {
        let what = format!("shadow server {}", target.redacted());
        let mut admin =
            target.connect().map_err(|source| Error::Connect { shadow: what.clone(), source: source.into() })?;
        let number: i32 = admin
            .query_one("SELECT pg_catalog.current_setting('server_version_num')::int4", &[])
            .and_then(|row| row.try_get(0))
            .map_err(Error::postgres(&what, "read the version"))?;
        Ok(Server { target: target.clone(), what, version: Version(number), admin: Mutex::new(admin) })
    }
}

impl Shadow for Server {
    fn version(&self) -> Version {
        self.version
    }

    fn describe(&self) -> String {
        format!("{} (PostgreSQL {})", self.what, self.version)
    }

    fn lacks(&self, extensions: &BTreeSet<String>) -> Result<BTreeSet<String>, Error> {
        let mut admin = self.admin.lock().unwrap_or_else(PoisonError::into_inner);
        super::missing(&mut admin, extensions, &self.what)
    }

    fn scratch(&self, wanted: &Wanted) -> Result<Scratch, Error> {
        let name = unique_name();
        let target = self.target.with_database(&name);
        {
            let mut admin = self.admin.lock().unwrap_or_else(PoisonError::into_inner);
            super::require_extensions(&mut admin, wanted, &self.what)?;
            create_roles(&mut admin, wanted, &self.what)?;
            create(&mut admin, &name, self.version, &self.what)?;
        }
        let (admin, dropped) = (self.target.clone(), name);
        let guard = Pending::new(move || {
            if let Ok(mut client) = admin.connect() {
                super::drop_database(&mut client, &dropped, || admin.with_database(&dropped).connect().ok());
            }
        });
        let mut client =
            target.connect().map_err(|source| Error::Connect { shadow: self.what.clone(), source: source.into() })?;
        super::imitate(&mut client, wanted, self.version, &self.what)?;
        // The connection is made elsewhere; what the server says beside its answers is lost.
        Ok(Scratch::plain(client, Some(target), super::Heard::default(), guard))
    }
}

fn create(admin: &mut Client, name: &str, version: Version, what: &str) -> Result<(), Error> {
    let strategy = if version.major_number() >= 15 { " STRATEGY file_copy" } else { "" };
    let created = admin.batch_execute(&format!("CREATE DATABASE {} TEMPLATE template0{strategy}", Ident::new(name)));
    match created {
        Ok(()) => Ok(()),
        Err(source) if source.code().is_some_and(|code| code.code() == "42501") => {
            let role = admin
                .query_one("SELECT current_user::text", &[])
                .and_then(|row| row.try_get(0))
                .unwrap_or_else(|_| "current_user".to_owned());
            Err(Error::CreateDatabase { role, source })
        }
        Err(source) => Err(Error::postgres(what, "create a scratch database")(source)),
    }
}

/// Unlike any other's, also among machines that share the server.
fn unique_name() -> String {
    let random = RandomState::new().build_hasher().finish();
    format!("trueup_shadow_{}_{random:016x}", std::process::id())
}
