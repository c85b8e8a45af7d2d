//! A PostgreSQL to throw away. Gives empty databases and connections to them; knows nothing of schemas.

use std::collections::BTreeSet;

use crate::model::Version;

/// A PostgreSQL that scratch databases come from. Shared between threads: both sides of a diff load at once.
pub trait Shadow: Send + Sync {
    fn version(&self) -> Version;
    /// For people: `embedded PostgreSQL 17.5`.
    fn describe(&self) -> String;
    /// A new empty database, as `CREATE DATABASE … TEMPLATE template0` makes it, and a superuser's session in it.
    fn scratch(&self, wanted: &Wanted) -> Result<Scratch, Error>;
}

/// What a database must be able to offer before a script is loaded in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Extensions that the script may create. They are made available, not created.
    pub extensions: BTreeSet<String>,
    /// Roles that the script names. Those that are missing are created, without login.
    pub roles: BTreeSet<String>,
}

/// An empty database and a session in it. Both go when it is dropped.
pub struct Scratch {
    pub client: postgres::Client,
    /// Whatever must live as long as the session, and clean up after it.
    pub(crate) _guard: Box<dyn Send>,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0}")]
    Placeholder(String),
}
