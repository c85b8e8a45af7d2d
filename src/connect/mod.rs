//! From what a user writes to a session: connection strings, the environment, password files, TLS. Follows libpq
//! wherever libpq has a rule; the rules cited are in chapter 34.1 of PostgreSQL's manual. Never shows a password.

mod conninfo;
mod error;
mod passfile;
mod programs;
mod server_error;
mod service;
mod settings;
mod target;
mod tls;

pub use conninfo::with_database;
pub use error::{Error, TargetError};
pub use server_error::message;
pub use target::{Host, SslMode, Target};
