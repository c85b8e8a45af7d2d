//! Files that are written, and what is in their way.

use std::{fs, path::Path};

use crate::diagnostic::Diagnostic;

/// Makes the folder of a file that is to come.
///
/// # Errors
/// A diagnostic where the file is there already, or the folder cannot be made.
pub(super) fn make_way(path: &Path) -> Result<(), Diagnostic> {
    if path.exists() {
        return Err(Diagnostic::error("cannot-write", format!("`{}` is there already", path.display())));
    }
    let folder = path.parent().unwrap_or(Path::new(""));
    fs::create_dir_all(folder).map_err(|error| {
        Diagnostic::error("cannot-write", format!("cannot make the folder `{}`: {error}", folder.display()))
    })
}

/// Writes a file.
///
/// # Errors
/// A diagnostic that names it.
pub(super) fn keep(path: &Path, text: &str) -> Result<(), Diagnostic> {
    fs::write(path, text)
        .map_err(|error| Diagnostic::error("cannot-write", format!("cannot write `{}`: {error}", path.display())))
}
