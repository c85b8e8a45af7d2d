//! A `.sql` file, or a folder of them.

use std::io;
use std::path::{Path, PathBuf};

use super::psql::Reading;
use super::shelf::{Shelf, is_of};
use super::{Script, finish, order, prisma, text};
use crate::diagnostic::Diagnostic;
use crate::model::Files;

/// Reads one script, in the order in which it is written, or a Prisma schema.
pub(super) fn file(shelf: &dyn Shelf, path: &Path, files: &mut Files) -> Result<Script, Vec<Diagnostic>> {
    if is_of(path, "prisma") {
        return prisma::read::file(shelf, path, files);
    }
    let name = shelf.label(path);
    let bytes = shelf.read(path).map_err(|error| vec![unreadable(&name, &error)])?;
    let id = text::keep(files, &name, bytes).map_err(|diagnostic| vec![diagnostic])?;
    let mut reading = Reading::new(files, shelf);
    reading.text(id, Some(path));
    finish::script(reading)
}

/// Reads every `*.sql` file under a folder, in any order of definition; where there are Prisma schemas, these and the SQL beside
/// them.
///
/// A file that another one includes is read only there.
pub(super) fn folder(shelf: &dyn Shelf, path: &Path, files: &mut Files) -> Result<Script, Vec<Diagnostic>> {
    let (paths, failed) = shelf.sql_files(path);
    let mut problems: Vec<Diagnostic> =
        failed.iter().map(|(folder, error)| unreadable(&shelf.label(folder), error)).collect();
    let (schemas, _) = shelf.files(path, "prisma");
    if paths.is_empty() && schemas.is_empty() && problems.is_empty() {
        problems.push(
            Diagnostic::error("empty-folder", format!("there is no `.sql` file in `{}`", shelf.label(path)))
                .with_help("name `empty` if you mean a schema without objects"),
        );
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    match schemas.as_slice() {
        [] => Ok(order::order(scripts(shelf, paths, files)?, files)),
        schemas => prisma::read::folder(shelf, schemas, paths, files),
    }
}

/// Reads SQL files whose statements may come in any order.
pub(super) fn scripts(
    shelf: &dyn Shelf,
    paths: Vec<PathBuf>,
    files: &mut Files,
) -> Result<Vec<Script>, Vec<Diagnostic>> {
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
    let (mut good, mut problems) = (Vec::new(), Vec::new());
    for (_, script) in scripts {
        match script {
            Ok(script) => good.push(script),
            Err(mut diagnostics) => problems.append(&mut diagnostics),
        }
    }
    if problems.is_empty() { Ok(good) } else { Err(problems) }
}

pub(super) fn unreadable(name: &str, error: &io::Error) -> Diagnostic {
    let why = match error.kind() {
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::NotFound => "it is not there".to_owned(),
        _ => error.to_string(),
    };
    Diagnostic::error("unreadable", format!("cannot read `{name}`: {why}"))
}
