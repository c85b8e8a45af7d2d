//! Sorts what `postgres` reports about a failed connection into our [`Error`]s.

use std::error::Error as _;
use std::io;

use super::Error;
use super::target::{Host, Target};

pub(super) fn sort(error: &postgres::Error, target: &Target, host: &Host, port: u16) -> Error {
    let to = host.shown(port);
    if let Some(db) = error.as_db_error() {
        return by_sqlstate(db, target, to);
    }
    if let Some(io) = cause::<io::Error>(error) {
        return by_io(io, target, host, port);
    }
    let text = whole(error);
    if text.contains("password missing") {
        return Error::PasswordMissing { to, role: target.user().to_owned() };
    }
    if text.contains("TLS") {
        let no_tls = text.contains("server does not support TLS");
        return Error::Tls { to, reason: text, no_tls };
    }
    Error::Server { to, reason: text }
}

/// <https://www.postgresql.org/docs/current/errcodes-appendix.html>
fn by_sqlstate(db: &postgres::error::DbError, target: &Target, to: String) -> Error {
    let reason = db.message().to_owned();
    match db.code().code() {
        // `pg_hba.conf` has no entry: SQLSTATE class 28 too, and the message says whether encryption would help.
        "28P01" | "28000" => Error::Authentication { to, role: target.user().to_owned(), reason },
        "3D000" => Error::NoDatabase { to, database: target.database().to_owned() },
        "53300" | "57P03" => Error::Busy { to, reason },
        _ => Error::Server { to, reason },
    }
}

fn by_io(io: &io::Error, target: &Target, host: &Host, port: u16) -> Error {
    let to = host.shown(port);
    match (io.kind(), host) {
        (io::ErrorKind::TimedOut, _) => Error::Timeout { to, seconds: target.timeout().as_secs() },
        (io::ErrorKind::NotFound, Host::Socket(dir)) => Error::NoSocket { path: format!("{dir}/.s.PGSQL.{port}") },
        (io::ErrorKind::ConnectionRefused, _) => Error::Refused { to },
        // rustls reports certificates and protocol violations so.
        (io::ErrorKind::InvalidData, _) => Error::Tls { to, reason: io.to_string(), no_tls: false },
        (_, Host::Name { name, .. }) if io.to_string().starts_with("failed to lookup address") => {
            Error::NoSuchHost { host: name.clone() }
        }
        _ => Error::Unreachable { to, reason: io.to_string() },
    }
}

/// The server's own words where there are some; `postgres::Error` shows only `db error`.
pub fn message(error: &postgres::Error) -> String {
    error.as_db_error().map_or_else(|| error.to_string(), |db| db.message().to_owned())
}

fn cause<E: std::error::Error + 'static>(error: &postgres::Error) -> Option<&E> {
    let mut next = error.source();
    while let Some(source) = next {
        if let Some(found) = source.downcast_ref() {
            return Some(found);
        }
        next = source.source();
    }
    None
}

fn whole(error: &postgres::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        let more = source.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        next = source.source();
    }
    text
}
