//! Where throw-away clusters live: in memory where there is room, else in the directory for temporary files.

use std::path::PathBuf;

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

fn free(dir: &std::path::Path) -> Option<u64> {
    let stat = nix::sys::statvfs::statvfs(dir).ok()?;
    Some(stat.blocks_available() * stat.fragment_size())
}
