//! Files that come to be in a folder, and those that go.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use crate::{cli::folder::keep, diagnostic::Diagnostic};

/// How many files are another one now, are as they were, or are gone.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Written {
    pub new: usize,
    pub same: usize,
    pub removed: usize,
}

/// Writes what is another text now. SQL files that are not among these are removed, or are what is wrong.
///
/// # Errors
/// A diagnostic for what cannot be written, or is left over.
pub(super) fn write(folder: &Path, texts: &BTreeMap<PathBuf, String>, prunes: bool) -> Result<Written, Diagnostic> {
    let mut written = Written::default();
    for (path, text) in texts {
        let path = folder.join(path);
        if fs::read_to_string(&path).is_ok_and(|before| before == *text) {
            written.same += 1;
            continue;
        }
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(|error| cannot("make", parent, &error))?;
        }
        keep(&path, text)?;
        written.new += 1;
    }
    let left = left_over(folder, texts)?;
    if !prunes && !left.is_empty() {
        return Err(not_pruned(&left));
    }
    for path in &left {
        fs::remove_file(path).map_err(|error| cannot("remove", path, &error))?;
    }
    Ok(Written { removed: left.len(), ..written })
}

/// The SQL files of a folder that are not among these.
fn left_over(folder: &Path, texts: &BTreeMap<PathBuf, String>) -> Result<Vec<PathBuf>, Diagnostic> {
    let (mut left, mut todo) = (Vec::new(), vec![folder.to_path_buf()]);
    while let Some(next) = todo.pop() {
        if !next.exists() {
            continue;
        }
        for entry in fs::read_dir(&next).map_err(|error| cannot("read", &next, &error))? {
            let path = entry.map_err(|error| cannot("read", &next, &error))?.path();
            let is_known = || path.strip_prefix(folder).is_ok_and(|it| texts.contains_key(it));
            if path.is_dir() {
                todo.push(path);
            } else if path.extension().is_some_and(|it| it == "sql") && !is_known() {
                left.push(path);
            }
        }
    }
    left.sort();
    Ok(left)
}

fn not_pruned(left: &[PathBuf]) -> Diagnostic {
    let title = "the folder has files that declare nothing of the schema";
    let found = Diagnostic::error("left-over", title);
    let found = left.iter().fold(found, |found, path| found.with_note(path.display().to_string()));
    found.with_help("remove them, or say `--prune`; everything else was written")
}

fn cannot(verb: &str, path: &Path, error: &io::Error) -> Diagnostic {
    Diagnostic::error("cannot-write", format!("cannot {verb} `{}`: {error}", path.display()))
}
