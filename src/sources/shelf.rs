//! Where the files of a source stand: on disk, or in a git revision.

use std::io;
use std::path::{Path, PathBuf};

/// A place that files are read from, by path.
pub(super) trait Shelf {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;
    fn has(&self, path: &Path) -> bool;
    /// The path as it is shown to the user.
    fn label(&self, path: &Path) -> String;
    /// Every file of an extension under a folder, sorted by path; and what could not be looked into.
    fn files(&self, folder: &Path, extension: &str) -> (Vec<PathBuf>, Vec<(PathBuf, io::Error)>);
    /// Every `*.sql` file under a folder.
    fn sql_files(&self, folder: &Path) -> (Vec<PathBuf>, Vec<(PathBuf, io::Error)>) {
        self.files(folder, "sql")
    }
}

pub(super) struct Disk;

impl Shelf for Disk {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        std::fs::read(path)
    }
    fn has(&self, path: &Path) -> bool {
        path.is_file()
    }
    fn label(&self, path: &Path) -> String {
        path.display().to_string()
    }
    fn files(&self, folder: &Path, extension: &str) -> (Vec<PathBuf>, Vec<(PathBuf, io::Error)>) {
        let (mut found, mut failed) = (Vec::new(), Vec::new());
        collect(folder, extension, &mut Vec::new(), &mut found, &mut failed);
        found.sort();
        (found, failed)
    }
}

/// `above` holds the real paths of the folders that lead here: a link back to one of them is not followed.
fn collect(
    folder: &Path,
    extension: &str,
    above: &mut Vec<PathBuf>,
    found: &mut Vec<PathBuf>,
    failed: &mut Vec<(PathBuf, io::Error)>,
) {
    let Ok(real) = folder.canonicalize() else { return };
    if above.contains(&real) {
        return;
    }
    match std::fs::read_dir(folder) {
        Err(error) => failed.push((folder.to_path_buf(), error)),
        Ok(entries) => {
            above.push(real);
            for entry in entries.flatten() {
                let path = entry.path();
                let hidden = entry.file_name().to_string_lossy().starts_with('.');
                if path.is_dir() && !hidden {
                    collect(&path, extension, above, found, failed);
                } else if is_of(&path, extension) && !hidden {
                    found.push(path);
                }
            }
            above.pop();
        }
    }
}

pub(super) fn is_sql(path: &Path) -> bool {
    is_of(path, "sql")
}

/// Whether a file has an extension.
pub(super) fn is_of(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|it| it.eq_ignore_ascii_case(extension))
}
