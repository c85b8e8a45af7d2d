//! The files of a stretch, which go when another migration takes its place.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use crate::{
    cli::{
        exit::Error,
        folder::{keep, make_way},
        products::{BESIDE, beside},
    },
    diagnostic::Diagnostic,
    history::Migration,
    sources,
};

/// Writes the new migration, and removes those that it stands for.
///
/// # Errors
/// Diagnostics for files that git does not have, unless that is forced, and for a file that is in the way.
pub(super) fn replace(stretch: &[Migration], (path, text): (&Path, &str), force: bool) -> Result<(), Error> {
    let mut gone = files_of(stretch);
    if !force {
        committed(&gone)?;
    }
    match gone.iter().position(|it| it == path) {
        Some(at) => drop(gone.remove(at)),
        None => make_way(path)?,
    }
    keep(path, text)?;
    remove(&gone)
}

/// All files of these migrations, with what was written beside them.
fn files_of(stretch: &[Migration]) -> Vec<PathBuf> {
    let of = |it: &Migration| {
        let written = BESIDE.map(|what| beside(&it.path, what));
        [Some(it.path.clone()), it.down.clone()].into_iter().flatten().chain(written).collect::<Vec<_>>()
    };
    stretch.iter().flat_map(of).filter(|path| path.is_file()).collect()
}

/// # Errors
/// A diagnostic with the files that git does not have as they are.
fn committed(files: &[PathBuf]) -> Result<(), Diagnostic> {
    let missing: Vec<&PathBuf> = files.iter().filter(|path| !sources::is_committed(path)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let title = "git does not have these files as they are, and they would be removed";
    let found = missing
        .iter()
        .fold(Diagnostic::error("not-committed", title), |it, path| it.with_note(path.display().to_string()));
    Err(found.with_help("commit them first, so that nothing is lost; `--force` goes on all the same"))
}

/// Removes the files, and folders that are empty then.
fn remove(files: &[PathBuf]) -> Result<(), Error> {
    let folders: BTreeSet<&Path> = files.iter().filter_map(|it| it.parent()).collect();
    for path in files {
        fs::remove_file(path).map_err(|error| kept(path, &error))?;
    }
    for folder in folders {
        // What is not empty stays.
        let _ = fs::remove_dir(folder);
    }
    Ok(())
}

fn kept(path: &Path, error: &std::io::Error) -> Error {
    Diagnostic::error("cannot-write", format!("cannot remove `{}`: {error}", path.display())).into()
}
