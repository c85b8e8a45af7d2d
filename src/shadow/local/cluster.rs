//! The data directory of a throw-away cluster: a copy of a cached one, or made by `initdb` and then cached.

use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::unistd::User;

use super::{binaries, files};
use crate::model::sha256;

/// Makes the data directory `data`, which must not exist yet.
pub(super) fn make(data: &Path, programs: &Path, owner: Option<&User>) -> Result<(), Box<dyn std::error::Error>> {
    let cached = files::cache().and_then(|cache| Some(cache.join(key(programs)?)));
    if let Some(cached) = cached.as_deref().filter(|cached| cached.join("PG_VERSION").is_file()) {
        return Ok(files::copy(cached, data, owner)?);
    }
    initdb(data, programs, owner)?;
    if let Some(cached) = cached {
        // The next start is slower without; this one is as it should be.
        keep(data, &cached).ok();
    }
    Ok(())
}

/// Sets a command to run as the server's user.
pub(super) fn run_as(command: &mut Command, owner: Option<&User>) {
    if let Some(owner) = owner {
        command.uid(owner.uid.as_raw()).gid(owner.gid.as_raw()).env("HOME", "/nonexistent");
    }
    command.current_dir("/");
}

/// Changes when the programs do. Other options of `initdb` need another number here.
fn key(programs: &Path) -> Option<String> {
    let program = std::fs::canonicalize(programs.join("postgres")).ok()?;
    let meta = std::fs::metadata(&program).ok()?;
    let text = format!("1 {} {} {:?}", program.display(), meta.len(), meta.modified().ok()?);
    Some(sha256(&text)[..20].to_owned())
}

fn initdb(data: &Path, programs: &Path, owner: Option<&User>) -> Result<(), Box<dyn std::error::Error>> {
    let mut failure = String::new();
    // Not every system has a UTF-8 locale that sorts by bytes.
    for locale in ["C.UTF-8", "C"] {
        let mut command = binaries::command(programs, "initdb");
        run_as(&mut command, owner);
        let output = command
            .arg("-D")
            .arg(data)
            .args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync", "--wal-segsize=1"])
            .arg(format!("--locale={locale}"))
            .output()?;
        if output.status.success() {
            return Ok(());
        }
        failure = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        std::fs::remove_dir_all(data).ok();
    }
    Err(failure.into())
}

/// Renaming makes it appear whole; of two processes that try at once, one wins and both are right.
fn keep(data: &Path, cached: &PathBuf) -> io::Result<()> {
    let parent = cached.parent().unwrap_or(Path::new("/"));
    let staging = tempfile::Builder::new().prefix(".making-").tempdir_in(parent)?;
    let copy = staging.path().join("data");
    files::copy(data, &copy, None)?;
    std::fs::rename(&copy, cached)
}
