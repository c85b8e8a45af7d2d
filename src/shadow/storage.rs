//! Where throw-away clusters live: in memory where there is room, else in the directory for temporary files.

use std::path::{Path, PathBuf};
use std::time::Duration;

/// A cluster of some hundred tables with its write-ahead log, twice over.
const ROOM: u64 = 300 * 1024 * 1024;

/// The directory to make run directories in.
pub(super) fn fastest() -> PathBuf {
    let memory = PathBuf::from("/dev/shm");
    if free(&memory).is_some_and(|free| free > ROOM) && tempfile::tempfile_in(&memory).is_ok() {
        memory
    } else {
        std::env::temp_dir()
    }
}

fn free(dir: &Path) -> Option<u64> {
    let stat = nix::sys::statvfs::statvfs(dir).ok()?;
    Some(stat.blocks_available() * stat.fragment_size())
}

/// Removes a run directory. A server that is ending may still write in it, so that one try is not always enough.
pub(super) fn remove(dir: &Path) {
    for _ in 0..50 {
        std::fs::remove_dir_all(dir).ok();
        if !dir.exists() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}
