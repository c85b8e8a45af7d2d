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

/// What becomes of SQL files in a folder that declare nothing of the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LeftOver {
    /// They are somebody else's.
    Stays,
    IsTold,
    Goes,
}

/// Writes what is another text now.
///
/// # Errors
/// A diagnostic for what cannot be written, or is left over.
pub(super) fn write(folder: &Path, texts: &BTreeMap<PathBuf, String>, left: LeftOver) -> Result<Written, Diagnostic> {
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
    let is_left = |path: &PathBuf| {
        let is_sql = path.extension().is_some_and(|it| it == "sql");
        is_sql && !path.strip_prefix(folder).is_ok_and(|it| texts.contains_key(it))
    };
    let over: Vec<PathBuf> = match left {
        LeftOver::Stays => Vec::new(),
        LeftOver::IsTold | LeftOver::Goes => below(folder)?.into_iter().filter(is_left).collect(),
    };
    if left == LeftOver::IsTold && !over.is_empty() {
        return Err(not_pruned(&over));
    }
    for path in &over {
        fs::remove_file(path).map_err(|error| cannot("remove", path, &error))?;
    }
    Ok(Written { removed: over.len(), ..written })
}

/// The files below a folder, sorted. Migrations declare nothing, and neither does what is installed or hidden.
///
/// # Errors
/// A diagnostic for a folder that cannot be read.
pub(super) fn below(folder: &Path) -> Result<Vec<PathBuf>, Diagnostic> {
    let (mut found, mut todo) = (Vec::new(), vec![folder.to_path_buf()]);
    while let Some(next) = todo.pop() {
        if !next.exists() {
            continue;
        }
        for entry in fs::read_dir(&next).map_err(|error| cannot("read", &next, &error))? {
            let path = entry.map_err(|error| cannot("read", &next, &error))?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            match path.is_dir() {
                true if matches!(name.as_ref(), "migrations" | "node_modules") || name.starts_with('.') => (),
                true => todo.push(path),
                false => found.push(path),
            }
        }
    }
    found.sort();
    Ok(found)
}

fn not_pruned(left: &[PathBuf]) -> Diagnostic {
    let title = "the folder has files that declare nothing of the schema";
    let found = Diagnostic::error("left-over", title);
    let found = left.iter().fold(found, |found, path| found.with_note(path.display().to_string()));
    found.with_help("remove them, or say `--prune`; everything else was written")
}

pub(super) fn cannot(verb: &str, path: &Path, error: &io::Error) -> Diagnostic {
    Diagnostic::error("cannot-write", format!("cannot {verb} `{}`: {error}", path.display()))
}
