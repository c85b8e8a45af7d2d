//! A `.sql` file, or a folder of them.

use std::io;
use std::path::{Path, PathBuf};

use super::psql::Reading;
use super::shelf::Shelf;
use super::{Script, finish, order, text};
use crate::diagnostic::Diagnostic;
use crate::model::Files;

/// Reads one script, in the order in which it is written.
pub(super) fn file(shelf: &dyn Shelf, path: &Path, files: &mut Files) -> Result<Script, Vec<Diagnostic>> {
    let name = shelf.label(path);
    let bytes = shelf.read(path).map_err(|error| vec![unreadable(&name, &error)])?;
    let id = text::keep(files, &name, bytes).map_err(|diagnostic| vec![diagnostic])?;
    let mut reading = Reading::new(files, shelf);
    reading.text(id, Some(path));
    finish::script(reading)
}

/// Reads every `*.sql` file under a folder, in any order of definition.
///
/// A file that another one includes is read only there.
pub(super) fn folder(shelf: &dyn Shelf, path: &Path, files: &mut Files) -> Result<Script, Vec<Diagnostic>> {
    let (paths, failed) = shelf.sql_files(path);
    let mut problems: Vec<Diagnostic> =
        failed.iter().map(|(folder, error)| unreadable(&shelf.label(folder), error)).collect();
    if paths.is_empty() && problems.is_empty() {
        problems.push(
            Diagnostic::error("empty-folder", format!("there is no `.sql` file in `{}`", shelf.label(path)))
                .with_help("name `empty` if you mean a schema without objects"),
        );
    }
    let mut included: Vec<PathBuf> = Vec::new();
    let mut scripts: Vec<(PathBuf, Result<Script, Vec<Diagnostic>>)> = Vec::new();
    for path in paths {
        let name = shelf.label(&path);
        let kept = shelf
            .read(&path)
            .map_err(|error| unreadable(&name, &error))
            .and_then(|bytes| text::keep(files, &name, bytes));
        match kept {
            Err(diagnostic) => scripts.push((path, Err(vec![diagnostic]))),
            Ok(id) => {
                let mut reading = Reading::new(files, shelf);
                reading.text(id, Some(&path));
                included.append(&mut reading.included);
                scripts.push((path, finish::script(reading)));
            }
        }
    }
    scripts.retain(|(path, _)| !included.contains(path));
    let mut good = Vec::new();
    for (_, script) in scripts {
        match script {
            Ok(script) => good.push(script),
            Err(mut diagnostics) => problems.append(&mut diagnostics),
        }
    }
    if problems.is_empty() { Ok(order::order(good, files)) } else { Err(problems) }
}

pub(super) fn unreadable(name: &str, error: &io::Error) -> Diagnostic {
    let why = match error.kind() {
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::NotFound => "it is not there".to_owned(),
        _ => error.to_string(),
    };
    Diagnostic::error("unreadable", format!("cannot read `{name}`: {why}"))
}
