//! Databases that were loaded before, by keys that say what was loaded. What the engine has written of a cluster is a few
//! files over a template that is the same for all, so that a copy of them is the database.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    time::SystemTime,
};

use super::cache;

/// How many are kept; those that were not asked for longest go first.
const MOST: usize = 8;

/// The files of the engine.
const CLUSTER: &str = "cluster";
/// How many these are, and how many bytes: where one is missing, the template would show through.
const WHOLE: &str = "whole";

/// The variable that names another folder for them, or none where it is empty.
const FOLDER: &str = "TRUEUP_CACHE";

/// What is kept under a key. It is the last to go from now on.
pub(super) fn find(key: &str) -> Option<PathBuf> {
    let kept = folder()?.join(key);
    File::open(&kept).and_then(|it| it.set_modified(SystemTime::now())).ok()?;
    Some(kept)
}

/// Copies it; whether all of it is there.
pub(super) fn take(kept: &Path, root: &Path) -> bool {
    let whole = fs::read_to_string(kept.join(WHOLE));
    copy(&kept.join(CLUSTER), root).is_ok_and(|(files, bytes)| whole.is_ok_and(|it| it == format!("{files} {bytes}")))
}

/// Keeps a copy, and forgets others where there are too many.
pub(super) fn put(key: &str, root: &Path) -> io::Result<()> {
    let Some(folder) = folder() else { return Ok(()) };
    fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
    // Who looks for it meanwhile finds all of it or nothing.
    let copied = tempfile::Builder::new().prefix(".").tempdir_in(&folder)?;
    let (files, bytes) = copy(root, &copied.path().join(CLUSTER))?;
    fs::write(copied.path().join(WHOLE), format!("{files} {bytes}"))?;
    match fs::rename(copied.path(), folder.join(key)) {
        Ok(()) => drop(copied.keep()),
        // Somebody else was first.
        Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => (),
        Err(error) => return Err(error),
    }
    forget(&folder)
}

fn folder() -> Option<PathBuf> {
    match std::env::var_os(FOLDER) {
        Some(named) if named.is_empty() => None,
        Some(named) => Some(PathBuf::from(named)),
        None => Some(cache::home()?.join("trueup").join("replays")),
    }
}

fn forget(folder: &Path) -> io::Result<()> {
    let kept = |entry: io::Result<fs::DirEntry>| {
        let entry = entry?;
        Ok((entry.metadata()?.modified()?, entry.path()))
    };
    let mut all: Vec<(SystemTime, PathBuf)> = fs::read_dir(folder)?.map(kept).collect::<io::Result<_>>()?;
    all.sort();
    let surplus = all.len().saturating_sub(MOST);
    all[..surplus].iter().try_for_each(|(_, path)| fs::remove_dir_all(path))
}

/// Copies the files of a folder; how many, and how many bytes.
fn copy(from: &Path, to: &Path) -> io::Result<(u64, u64)> {
    fs::create_dir_all(to)?;
    let (mut files, mut bytes) = (0, 0);
    for entry in fs::read_dir(from)? {
        let (entry, target) = entry.map(|it| (it.path(), to.join(it.file_name())))?;
        let kind = fs::symlink_metadata(&entry)?.file_type();
        if kind.is_dir() {
            let (more, size) = copy(&entry, &target)?;
            (files, bytes) = (files + more, bytes + size);
        } else if kind.is_file() {
            (files, bytes) = (files + 1, bytes + fs::copy(&entry, &target)?);
        }
    }
    Ok((files, bytes))
}
