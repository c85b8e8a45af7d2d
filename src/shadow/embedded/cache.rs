//! Where the embedded PostgreSQL unpacks itself on its first run. The engine picks the user's cache directory and
//! locks it against other processes; this only steps in where that directory cannot be written.

use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The user's cache directory, or the one that is taken instead.
pub(super) fn home() -> Option<PathBuf> {
    replacement().or_else(user_cache)
}

/// A home directory to give the engine instead of the user's, if the user's cache cannot be written.
pub(super) fn replacement() -> Option<PathBuf> {
    if user_cache().is_some_and(|cache| writable(&cache)) {
        return None;
    }
    let uid = nix::unistd::getuid();
    let dir = std::env::temp_dir().join(format!("trueup-cache-{uid}"));
    std::fs::DirBuilder::new().mode(0o700).create(&dir).ok();
    // Somebody else's directory of that name could hold somebody else's programs.
    let own = std::fs::symlink_metadata(&dir)
        .is_ok_and(|meta| meta.is_dir() && meta.uid() == uid.as_raw() && meta.permissions().mode() & 0o077 == 0);
    own.then_some(dir)
}

fn user_cache() -> Option<PathBuf> {
    let set = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    set("XDG_CACHE_HOME").or_else(|| set("HOME").map(|home| home.join(".cache")))
}

fn writable(cache: &Path) -> bool {
    let dir = cache.join("pglite-oxide");
    std::fs::create_dir_all(&dir).is_ok() && tempfile::tempfile_in(&dir).is_ok()
}
