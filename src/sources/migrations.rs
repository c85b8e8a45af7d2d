//! Migrations that somebody wrote, in the order in which they are to run, whatever tool they are for.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use super::lexer::{Lexer, TokenKind};
use super::psql::Reading;
use super::shelf::{Disk, Shelf, is_sql};
use super::{Script, finish, text};
use crate::diagnostic::Diagnostic;
use crate::model::{FileId, Files, sha256};

/// One step of a history: a file whose statements lead forward.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migration {
    /// What people call it: the folder where each has one (Prisma), else the file.
    pub name: String,
    pub path: PathBuf,
}

/// The migrations that a file is, or that a folder holds: `NAME/migration.sql` (Prisma), `VERSION_name.sql`,
/// `VERSION_name.up.sql`, or folders of them. By name, where numbers count as numbers. What leads back is left out, and
/// what another database than PostgreSQL is to run.
///
/// # Errors
/// Diagnostics for what cannot be read, and where nothing is found.
pub fn migrations(path: &Path) -> Result<Vec<Migration>, Vec<Diagnostic>> {
    if path.is_file() {
        return Ok(vec![Migration { name: name(path), path: path.to_path_buf() }]);
    }
    let (mut found, failed) = Disk.sql_files(path);
    if let Some((folder, error)) = failed.first() {
        return Err(vec![super::file::unreadable(&Disk.label(folder), error)]);
    }
    found.retain(|file| leads_forward(file));
    let own: BTreeSet<PathBuf> =
        found.iter().filter(|file| for_anybody(file) != **file).map(|it| for_anybody(it)).collect();
    found.retain(|file| !own.contains(file));
    found.sort_by(|one, other| natural(&one.to_string_lossy(), &other.to_string_lossy()));
    if found.is_empty() {
        let title = format!("there is no migration in `{}`", path.display());
        let found = Diagnostic::error("no-migrations", title);
        return Err(vec![match programs(path) {
            Some(it) => it.help.into_iter().fold(found.with_note(it.title), Diagnostic::with_help),
            None => {
                found.with_help("name a `.sql` file, or a folder with `NAME/migration.sql` or `VERSION_name.sql` in it")
            }
        }]);
    }
    Ok(found.into_iter().map(|path| Migration { name: name(&path), path }).collect())
}

/// What a folder of migrations holds besides SQL: steps that are programs, which nobody can read here.
pub fn programs(folder: &Path) -> Option<Diagnostic> {
    let (mut counts, mut pending) = (BTreeMap::new(), vec![folder.to_path_buf()]);
    while let Some(folder) = pending.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let extension = path.extension().map(|it| it.to_string_lossy().to_lowercase()).unwrap_or_default();
            // A link may lead back here.
            if entry.file_type().is_ok_and(|it| it.is_dir()) {
                pending.push(path);
            } else if PROGRAMS.contains(&extension.as_str()) {
                *counts.entry(extension).or_insert(0) += 1;
            }
        }
    }
    let listed: Vec<String> =
        counts.iter().map(|(extension, count): (_, &usize)| format!("{count} `.{extension}`")).collect();
    (!listed.is_empty()).then(|| {
        let title =
            format!("`{}` holds files that are programs and were left out: {}", folder.display(), listed.join(", "));
        Diagnostic::warning("left-out", title)
            .with_help("have their tool write out the SQL that they run, and lint that with the other migrations")
    })
}

/// Languages that migrations are written in where they are not SQL.
const PROGRAMS: [&str; 11] = ["cs", "ex", "exs", "go", "java", "js", "kt", "php", "py", "rb", "ts"];

impl Migration {
    /// Reads what leads forward, as [`forward`] does.
    ///
    /// # Errors
    /// Diagnostics for what cannot be read or understood.
    pub fn read(&self, files: &mut Files) -> Result<Script, Vec<Diagnostic>> {
        let read = Disk.read(&self.path);
        let bytes = read.map_err(|error| vec![super::file::unreadable(&Disk.label(&self.path), &error)])?;
        forward(&self.path, bytes, files)
    }
}

/// What leads forward in a migration that was read from a file: up to `-- +goose Down` or `-- migrate:down`, where there is
/// such a line.
///
/// # Errors
/// Diagnostics for what cannot be understood.
pub fn forward(path: &Path, bytes: Vec<u8>, files: &mut Files) -> Result<Script, Vec<Diagnostic>> {
    let label = Disk.label(path);
    let mut scrap = Files::default();
    let whole = text::keep(&mut scrap, &label, bytes.clone());
    let kept = match whole {
        Ok(id) => before_the_way_back(scrap.text(id)).as_bytes().to_vec(),
        Err(_) => bytes,
    };
    let id = text::keep(files, &label, kept).map_err(|diagnostic| vec![diagnostic])?;
    let mut reading = Reading::new(files, &Disk);
    reading.text(id, Some(path));
    finish::script(reading)
}

/// The statements of a text that stands in no file of its own.
///
/// # Errors
/// Diagnostics for what cannot be understood.
pub fn script(label: &str, text: &str, files: &mut Files) -> Result<Script, Vec<Diagnostic>> {
    of(files.add(label, text), files)
}

fn of(text: FileId, files: &mut Files) -> Result<Script, Vec<Diagnostic>> {
    let mut reading = Reading::new(files, &Disk);
    reading.text(text, None);
    finish::script(reading)
}

/// What a whole history makes: its migrations one after the other, each with the file that it was read from, and in a session
/// that is as at the beginning.
///
/// # Errors
/// Diagnostics for what cannot be read or understood.
pub fn replay<'a>(
    history: impl IntoIterator<Item = (&'a Path, &'a str)>,
    files: &mut Files,
) -> Result<Script, Vec<Diagnostic>> {
    let between = files.add("between migrations", "RESET ALL".to_owned());
    let reset = of(between, files)?;
    let mut whole = Script::default();
    let mut digest = String::new();
    for (path, text) in history {
        let script = forward(path, text.as_bytes().to_vec(), files)?;
        if !whole.statements.is_empty() {
            whole.statements.extend(reset.statements.iter().cloned());
        }
        whole.statements.extend(script.statements);
        whole.notes.extend(script.notes);
        digest = sha256(&format!("{digest}\n{text}"));
        whole.ends.push((whole.statements.len(), digest.clone()));
    }
    Ok(whole)
}

/// The text before the comment that begins the way back.
fn before_the_way_back(text: &str) -> &str {
    let turns = |comment: &str| {
        let said = comment.trim_start_matches('-').trim();
        said.starts_with("+goose Down") || said.starts_with("migrate:down")
    };
    let mut comments = Lexer::new(text).filter(|token| token.kind == TokenKind::Comment);
    match comments.find(|token| turns(&text[token.range.clone()])) {
        Some(token) => &text[..token.range.start],
        None => text,
    }
}

fn name(path: &Path) -> String {
    let of = |path: &Path| path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let folder = path.parent().map(|parent| parent.file_name().unwrap_or_default().to_string_lossy().into_owned());
    match folder.filter(|_| of(path) == "migration") {
        Some(folder) => folder,
        None => of(path).trim_end_matches(".up").to_owned(),
    }
}

/// Parts of a file's name that say for which other database it is.
const OTHERS: [&str; 4] = ["mysql", "sqlite", "sqlite3", "cockroach"];

/// Parts of a file's name that say that it is for PostgreSQL: it stands in for the file without them.
const OWN: [&str; 4] = ["pg", "postgres", "postgresql", "psql"];

/// The name of the file that would do for any database.
fn for_anybody(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let parts: Vec<&str> = name.split('.').filter(|part| !OWN.contains(&part.to_lowercase().as_str())).collect();
    path.with_file_name(parts.join("."))
}

fn leads_forward(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let parts: Vec<&str> = name.split('.').collect();
    is_sql(path) && !parts.contains(&"down") && !parts.iter().any(|part| OTHERS.contains(part))
}

/// `V2__a` before `V10__b`.
fn natural(one: &str, other: &str) -> Ordering {
    let (mut left, mut right) = (one, other);
    loop {
        let (Some(a), Some(b)) = (left.chars().next(), right.chars().next()) else {
            return left.len().cmp(&right.len());
        };
        if a.is_ascii_digit() && b.is_ascii_digit() {
            let (first, second) = (number(left), number(right));
            let by_value = |it: &str| it.trim_start_matches('0').to_owned();
            let (x, y) = (by_value(first), by_value(second));
            match x.len().cmp(&y.len()).then_with(|| x.cmp(&y)) {
                Ordering::Equal => (left, right) = (&left[first.len()..], &right[second.len()..]),
                unequal => return unequal,
            }
        } else if a == b {
            (left, right) = (&left[a.len_utf8()..], &right[b.len_utf8()..]);
        } else {
            return a.cmp(&b);
        }
    }
}

fn number(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    &text[..end]
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{before_the_way_back, for_anybody, leads_forward, name, natural};

    #[test]
    fn numbers_count_as_numbers() {
        let mut names = ["v1.10/a.sql", "V10__c", "v1.2/a.sql", "V2__b", "20240101_a", "20231231_b", "01", "1"];
        names.sort_by(|one, other| natural(one, other));
        assert_eq!(names, ["01", "1", "20231231_b", "20240101_a", "V2__b", "V10__c", "v1.2/a.sql", "v1.10/a.sql"]);
    }

    #[test]
    fn the_way_back_is_left_out() {
        assert_eq!(before_the_way_back("a;\n-- +goose Down\nb;"), "a;\n");
        assert_eq!(before_the_way_back("a;\n-- migrate:down\nb;"), "a;\n");
        assert_eq!(before_the_way_back("select '-- +goose Down';"), "select '-- +goose Down';");
        let kept = ["1_a.up.sql", "1_a.sql", "1.postgres.up.sql"];
        assert!(kept.iter().all(|it| leads_forward(Path::new(it))));
        let left_out = ["1_a.down.sql", "1.mysql.up.sql", "1.sqlite3.sql", "notes.txt"];
        assert!(!left_out.iter().any(|it| leads_forward(Path::new(it))));
    }

    #[test]
    fn a_file_for_postgresql_stands_in_for_one_for_anybody() {
        assert_eq!(for_anybody(Path::new("m/1_a.postgres.up.sql")), Path::new("m/1_a.up.sql"));
        assert_eq!(for_anybody(Path::new("m.pg/1_a.up.sql")), Path::new("m.pg/1_a.up.sql"));
    }

    #[test]
    fn a_migration_is_called_by_its_folder_where_it_has_one() {
        assert_eq!(name(Path::new("m/20240101_init/migration.sql")), "20240101_init");
        assert_eq!(name(Path::new("m/001_init.up.sql")), "001_init");
    }
}
