//! The process between us and the server: starts the server, and stops it and removes its directory when our end of
//! its standard input closes. So nothing is left behind even by a `kill -9`.

use std::io::{Read, Write};
use std::path::Path;
use std::process::Child;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, User};

use super::{binaries, cluster, files};
use crate::shadow::storage;

const SETTINGS: &[&str] = &[
    "listen_addresses=",
    "fsync=off",
    "full_page_writes=off",
    "synchronous_commit=off",
    "autovacuum=off",
    "jit=off",
    // Else creating a publication warns.
    "wal_level=logical",
    "max_wal_size=128MB",
    "min_wal_size=2MB",
    "shared_buffers=64MB",
    "max_connections=40",
    "max_locks_per_transaction=1024",
    "log_min_messages=fatal",
    "log_destination=stderr",
    "logging_collector=off",
];

pub(super) fn serve(dir: &Path, programs: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let owner = files::server_user();
    files::give(dir, owner.as_ref())?;
    let data = dir.join("data");
    cluster::make(&data, programs, owner.as_ref())?;
    let server = Arc::new(Mutex::new(start(dir, &data, programs, owner.as_ref())?));

    let (stopping, dir_to_remove) = (Arc::clone(&server), dir.to_owned());
    std::thread::spawn(move || {
        std::io::stdin().read_to_end(&mut Vec::new()).ok();
        stop(&mut stopping.lock().unwrap_or_else(PoisonError::into_inner));
        storage::remove(&dir_to_remove);
        std::process::exit(0);
    });

    let mut ready = false;
    loop {
        if let Some(status) = server.lock().unwrap_or_else(PoisonError::into_inner).try_wait()? {
            return Err(format!("the server ended: {status}").into());
        }
        if !ready && dir.join(".s.PGSQL.5432").exists() {
            ready = true;
            let mut out = std::io::stdout();
            writeln!(out, "ready")?;
            out.flush()?;
        }
        std::thread::sleep(Duration::from_millis(if ready { 200 } else { 4 }));
    }
}

fn start(dir: &Path, data: &Path, programs: &Path, owner: Option<&User>) -> std::io::Result<Child> {
    let mut command = binaries::command(programs, "postgres");
    cluster::run_as(&mut command, owner);
    command
        .arg("-D")
        .arg(data)
        .arg("-k")
        .arg(dir)
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::null());
    for setting in SETTINGS {
        command.args(["-c", setting]);
    }
    command.spawn()
}

/// Immediate shutdown: there is nothing worth writing to disk.
///
/// <https://www.postgresql.org/docs/current/server-shutdown.html>
fn stop(server: &mut Child) {
    let pid = i32::try_from(server.id()).map(Pid::from_raw);
    if let Ok(pid) = pid {
        kill(pid, Signal::SIGQUIT).ok();
    }
    let deadline = Instant::now() + Duration::from_secs(5);
    while Instant::now() < deadline {
        if !matches!(server.try_wait(), Ok(None)) {
            return;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    server.kill().ok();
    server.wait().ok();
}
