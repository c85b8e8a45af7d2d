//! How much room is left on the server's disk. PostgreSQL does not say; the file system does where it is this machine's.

use std::{fs, path::Path};

use nix::sys::statvfs::statvfs;
use postgres::Client;

use crate::{
    connect::{Host, Target},
    diagnostic::Diagnostic,
    emit::preflight::{Table, size},
};

/// The bytes that are left where the database is; nothing where that cannot be read from here.
pub(super) fn room(client: &mut Client, url: &str) -> Option<u64> {
    let target = Target::parse(url).ok()?;
    let port = target.hosts().find_map(|(host, port)| matches!(host, Host::Socket(_)).then_some(port))?;
    // Only some roles are shown it.
    let folder: String = client.query_one("SELECT current_setting('data_directory')", &[]).ok()?.try_get(0).ok()?;
    let folder = Path::new(&folder);
    // Behind a socket that is lent to a container there is another file system, which may have such a folder too.
    let lock = fs::read_to_string(folder.join("postmaster.pid")).ok()?;
    if lock.lines().nth(3)?.trim() != port.to_string() {
        return None;
    }
    let found = statvfs(folder).ok()?;
    #[allow(clippy::useless_conversion, reason = "not every system counts blocks in 64 bits")]
    u64::from(found.blocks_available()).checked_mul(found.fragment_size())
}

/// What is to be said of the room that the largest table would take once more, were it written anew.
pub(super) fn told(room: Option<u64>, tables: &[Table]) -> Option<Diagnostic> {
    let largest = tables.iter().max_by_key(|it| it.total_bytes)?;
    let Some(room) = room else {
        let title = "how much room is left on the server's disk cannot be read from here";
        let found = Diagnostic::note("room-unknown", title);
        return Some(found.with_help(format!(
            "look there: a statement that writes {} anew takes up to {} more for a time",
            largest.table,
            size(largest.total_bytes)
        )));
    };
    let title = format!(
        "{} is left on the server's disk, and {} takes up {}",
        size(room),
        largest.table,
        size(largest.total_bytes)
    );
    (room < largest.total_bytes).then(|| {
        let found = Diagnostic::warning("little-room", title)
            .with_note("a statement that writes a table anew takes its size once more");
        found.with_help("make room; or see with `trueup lint` whether a statement rewrites the table")
    })
}
