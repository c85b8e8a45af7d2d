//! Copies of cluster directories, given to the user that the server runs as.

use std::io;
use std::os::unix::fs::{DirBuilderExt, chown};
use std::path::{Path, PathBuf};

use nix::unistd::{Uid, User};

/// Who the server runs as where we may not be it: `postgres` refuses to run as root.
///
/// <https://www.postgresql.org/docs/current/postgres-user.html>
pub(super) fn server_user() -> Option<User> {
    if !Uid::effective().is_root() {
        return None;
    }
    ["postgres", "nobody"].iter().find_map(|name| User::from_name(name).ok().flatten())
}

/// Copies a tree of directories and ordinary files, which is all that a cluster at rest consists of.
pub(super) fn copy(from: &Path, to: &Path, owner: Option<&User>) -> io::Result<()> {
    std::fs::DirBuilder::new().mode(0o700).create(to)?;
    give(to, owner)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target, owner)?;
        } else {
            std::fs::copy(entry.path(), &target)?;
            give(&target, owner)?;
        }
    }
    Ok(())
}

pub(super) fn give(path: &Path, owner: Option<&User>) -> io::Result<()> {
    match owner {
        Some(owner) => chown(path, Some(owner.uid.as_raw()), Some(owner.gid.as_raw())),
        None => Ok(()),
    }
}

/// Where template clusters are kept, if there is such a place.
pub(super) fn cache() -> Option<PathBuf> {
    let set = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = set("XDG_CACHE_HOME").or_else(|| set("HOME").map(|home| home.join(".cache")))?;
    let dir = base.join("trueup").join("clusters");
    std::fs::create_dir_all(&dir).ok()?;
    Some(dir)
}
