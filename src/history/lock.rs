//! One at a time: an advisory lock on the database while its history is written.

use std::{
    thread,
    time::{Duration, Instant},
};

use postgres::{Client, GenericClient};

use super::Layout;
use crate::diagnostic::Diagnostic;

/// Prisma's, so that the two keep out of each other's way (`pg_advisory_lock(72707369)`).
const PRISMA: i64 = 72_707_369;
/// `trueup`, as bytes.
const OWN: i64 = 0x7472_7565_7570;
/// How long somebody else may take, where nobody says.
pub const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(200);

/// Takes the lock for the rest of the session.
///
/// # Errors
/// A diagnostic that says who holds it, where nobody lets go of it in time.
pub fn take(client: &mut Client, layout: &dyn Layout, patience: Duration) -> Result<(), Diagnostic> {
    let key = key(layout);
    let start = Instant::now();
    loop {
        let row = client.query_one("SELECT pg_try_advisory_lock($1)", &[&key]).map_err(|error| lost(&error))?;
        if row.get(0) {
            return Ok(());
        }
        if patience <= start.elapsed() {
            return Err(held(client, key, patience));
        }
        thread::sleep(PAUSE);
    }
}

fn key(layout: &dyn Layout) -> i64 {
    if layout.name() == "prisma" { PRISMA } else { OWN }
}

/// Whether this very session of the server has the lock.
///
/// # Errors
/// Whatever the server says.
pub(super) fn is_held(client: &mut impl GenericClient, layout: &dyn Layout) -> Result<bool, postgres::Error> {
    let key = key(layout);
    Ok(client.query_one(HELD, &[&(key >> 32), &(key & 0xffff_ffff)])?.get(0))
}

/// The lock is not where the statements are.
pub(super) fn passed_on() -> Diagnostic {
    let title = "the session that has the lock on the history is not the one that statements run in";
    Diagnostic::error("pooled-connection", title)
        .with_note("a pooler that gives out sessions by the transaction stands between (pgbouncer, Supavisor)")
        .with_help("name the database by an address that leads to PostgreSQL itself, or to a pool of whole sessions")
}

fn held(client: &mut Client, key: i64, patience: Duration) -> Diagnostic {
    let title = match patience.as_secs() {
        0 => "somebody else is writing this history".to_owned(),
        seconds => format!("somebody else has been writing this history for {seconds} seconds"),
    };
    let found = Diagnostic::error("history-locked", title);
    let row = client.query_opt(HOLDER, &[&(key >> 32), &(key & 0xffff_ffff)]).ok().flatten();
    let found = match row.and_then(|row| row.try_get::<_, String>(0).ok()) {
        Some(who) => found.with_note(who),
        None => found,
    };
    found.with_help("wait for it to end; or end the session that holds the lock, if nobody is there any more")
}

fn lost(error: &postgres::Error) -> Diagnostic {
    Diagnostic::error("history-unreadable", format!("the database does not give the lock on its history: {error}"))
}

const HELD: &str = "
    SELECT EXISTS (SELECT FROM pg_locks l WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
                   AND l.pid = pg_backend_pid() AND l.classid::int8 = $1 AND l.objid::int8 = $2)";

/// An advisory lock of one key has its halves in `classid` and `objid`, and 1 in `objsubid` (PostgreSQL manual, `pg_locks`).
const HOLDER: &str = "
    SELECT format('process %s of %s%s, since %s', a.pid, a.usename, coalesce(' (' || nullif(a.application_name, '') || ')', ''),
                  a.backend_start)
    FROM pg_locks l JOIN pg_stat_activity a USING (pid)
    WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 AND l.classid::int8 = $1 AND l.objid::int8 = $2";
