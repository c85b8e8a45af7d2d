//! The folder of a history: which layout it has, and its migrations in order.

use std::{
    borrow::Cow,
    fs, io,
    path::{Path, PathBuf},
};

use super::{LAYOUTS, Layout, Migration};
use crate::diagnostic::Diagnostic;

/// A file of the folder, or of a folder in it.
#[derive(Clone, Debug)]
pub struct File {
    /// From the folder on.
    pub path: PathBuf,
    pub text: String,
    /// Whether the text is all that is in the file.
    pub is_utf8: bool,
}

/// The layout that a folder shows.
///
/// # Errors
/// Diagnostics where it cannot be read, or is in a format that Trueup does not write.
pub fn detect(folder: &Path) -> Result<&'static dyn Layout, Diagnostic> {
    let files = files(folder)?;
    refuse_other_formats(folder)?;
    let found = LAYOUTS.into_iter().find(|layout| layout.recognises(folder, &files));
    Ok(found.unwrap_or(&super::plain::Plain))
}

/// The layout of a folder that is still to come.
pub fn usual(folder: &Path) -> &'static dyn Layout {
    let known: [(&str, &'static dyn Layout); 2] =
        [("prisma/migrations", &super::prisma::Prisma), ("supabase/migrations", &super::supabase::Supabase)];
    known.into_iter().find(|(path, _)| folder.ends_with(path)).map_or(&super::plain::Plain, |(_, layout)| layout)
}

/// The migrations of a folder in the order in which they are to run: by their numbers, or else by name.
///
/// # Errors
/// A diagnostic where the folder, or a file, cannot be read, is not in UTF-8, or two have one key.
pub fn history(folder: &Path, layout: &dyn Layout) -> Result<Vec<Migration>, Diagnostic> {
    let found = all(folder, layout)?;
    match found.windows(2).find(|pair| pair[0].key == pair[1].key) {
        Some([one, other]) => Err(twice(one, other)),
        Some(_) | None => Ok(found),
    }
}

/// As [`history`], also where several have one key.
///
/// # Errors
/// A diagnostic where the folder, or a file, cannot be read, or is not in UTF-8.
pub fn all(folder: &Path, layout: &dyn Layout) -> Result<Vec<Migration>, Diagnostic> {
    let files = files(folder)?;
    let there = |path: &PathBuf| files.iter().any(|file| file.path == *path);
    let migration = |file: &File| {
        let (key, name) = layout.migration(&file.path)?;
        let down = layout.down(&file.path).filter(there).map(|down| folder.join(down));
        Some(Migration { key, name, path: folder.join(&file.path), down, text: file.text.clone() })
    };
    let is_in_other_letters = |file: &&File| !file.is_utf8 && layout.migration(&file.path).is_some();
    if let Some(file) = files.iter().find(is_in_other_letters) {
        let title = format!("`{}` is not in UTF-8", folder.join(&file.path).display());
        return Err(Diagnostic::error("unreadable", title).with_help("save it again as UTF-8"));
    }
    let found: Vec<Migration> = files.iter().filter_map(migration).collect();
    Ok(sorted(found))
}

/// In the order in which they are to run.
pub fn sorted(mut found: Vec<Migration>) -> Vec<Migration> {
    found.sort_by(|one, other| order(&one.key).cmp(&order(&other.key)).then_with(|| one.name.cmp(&other.name)));
    found
}

/// Whether one runs before another, by their numbers.
pub fn is_before(one: &Migration, other: &Migration) -> bool {
    order(&one.key) < order(&other.key)
}

/// Two migrations of one key.
pub fn twice(one: &Migration, other: &Migration) -> Diagnostic {
    let title = format!("two migrations have the number {}: {} and {}", one.key, one.name, other.name);
    Diagnostic::error("duplicate-number", title)
        .with_help("the database can keep one of them only: give the later one a new number, or `trueup squash` both")
}

/// Numbers by their value, and point by point; before them nothing, after them names.
fn order(key: &str) -> (Vec<(usize, String)>, &str) {
    let parts: Vec<&str> = key.split('.').collect();
    if parts.iter().any(|part| part.is_empty() || !part.chars().all(|c| c.is_ascii_digit())) {
        return (vec![(usize::MAX, String::new())], key);
    }
    let number = |part: &&str| {
        let digits = part.trim_start_matches('0');
        (digits.len(), digits.to_owned())
    };
    (parts.iter().map(number).collect(), "")
}

/// The files at the top, and those one folder below.
fn files(folder: &Path) -> Result<Vec<File>, Diagnostic> {
    let unreadable = |path: &Path, error: &io::Error| {
        Diagnostic::error("unreadable", format!("cannot read `{}`: {error}", path.display()))
    };
    let mut found = Vec::new();
    let mut below = vec![PathBuf::new()];
    while let Some(inside) = below.pop() {
        let at = if inside.as_os_str().is_empty() { folder.to_path_buf() } else { folder.join(&inside) };
        for entry in fs::read_dir(&at).map_err(|error| unreadable(&at, &error))? {
            let entry = entry.map_err(|error| unreadable(&at, &error))?;
            let path = inside.join(entry.file_name());
            if entry.path().is_dir() {
                below.extend((inside.as_os_str().is_empty()).then_some(path));
            } else if path.extension().is_some_and(|it| it == "sql") {
                let bytes = fs::read(entry.path()).map_err(|error| unreadable(&entry.path(), &error))?;
                let text = String::from_utf8_lossy(&bytes);
                let is_utf8 = matches!(text, Cow::Borrowed(_));
                found.push(File { path, text: text.into_owned(), is_utf8 });
            }
        }
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(found)
}

/// Prisma 8 keeps migrations as operations in JSON, which say what they are about and not how (`shared/prisma.md`).
fn refuse_other_formats(folder: &Path) -> Result<(), Diagnostic> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let is_newer = |path: PathBuf| path.join("ops.json").is_file() && !path.join("migration.sql").is_file();
    match entries.map(|entry| entry.path()).find(|path| is_newer(path.clone())) {
        Some(path) => {
            let title = format!("`{}` is a migration in the format of Prisma 8, which has no SQL", path.display());
            Err(Diagnostic::error("prisma-8", title)
                .with_help("Trueup reads Prisma's migrations up to version 7; let Prisma write this one out as SQL"))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::order;

    #[test]
    fn numbers_count_by_their_value_and_come_before_names() {
        let mut keys = ["b", "10", "9.2", "9.10", "0012", "a", "20240101"];
        keys.sort_by(|one, other| order(one).cmp(&order(other)));
        assert_eq!(keys, ["9.2", "9.10", "10", "0012", "20240101", "a", "b"]);
    }
}
