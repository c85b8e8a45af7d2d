//! Migrations in files, and the table in which a database keeps which of them it has run: one file a layout, so that a
//! project can go on with the tool that it has. What is the same for all of them is here.

mod apply;
mod dbmate;
mod flyway;
mod folder;
mod golang_migrate;
mod goose;
pub mod journal;
pub mod lock;
mod pieces;
mod plain;
mod prisma;
mod recover;
mod refinery;
mod sqlx;
mod squashed;
mod status;
mod supabase;
mod write;

use std::path::{Path, PathBuf};

use postgres::{Client, Transaction};

pub use apply::{Event, Terms, Work, apply, edited};
pub use folder::{File, all, detect, history, is_before, sorted, twice, usual};
pub use pieces::DIRECTIVE;
pub use squashed::{mark, replaced};
pub use status::{Entry, Standing, Status, status};
pub use write::{Text, Version, next_version, said, slug, version_of};

use crate::{
    diagnostic::Diagnostic,
    model::Files,
    sources::{self, Script},
};

/// One step of a history, as its file has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migration {
    /// By which the table knows it.
    pub key: String,
    /// What people call it: the file without its extension, or the folder where each has one.
    pub name: String,
    pub path: PathBuf,
    /// The file that leads back, where that is one of its own.
    pub down: Option<PathBuf>,
    pub text: String,
}

/// What the table of a database says of one migration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub key: String,
    pub outcome: Outcome,
    /// Of the text that was run, as the layout writes it.
    pub checksum: Option<String>,
    /// What was said when it failed.
    pub log: Option<String>,
}

impl Migration {
    /// What leads forward, of the text that was read.
    ///
    /// # Errors
    /// Diagnostics for what cannot be understood.
    pub fn script(&self, files: &mut Files) -> Result<Script, Vec<Diagnostic>> {
        sources::forward(&self.path, self.text.clone().into_bytes(), files)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    RolledBack,
    /// It was begun, and nobody has said how it ended.
    Failed,
    Applied,
}

/// How a tool keeps a history.
pub trait Layout: Sync {
    /// As `--layout` names it.
    fn name(&self) -> &'static str;
    /// The table, as SQL writes it.
    fn table(&self) -> &'static str;
    /// Whether a folder with these files is of this layout, as far as that shows.
    fn recognises(&self, folder: &Path, files: &[File]) -> bool;
    /// The key and the name of the migration in a file; nothing for a file that is none. The path begins in the folder.
    fn migration(&self, path: &Path) -> Option<(String, String)>;
    /// What leads back in the text of a migration, where both ways are in one file.
    fn down_within<'t>(&self, _text: &'t str) -> Option<&'t str> {
        None
    }
    /// What leads back from a migration, where that is a file of its own.
    fn down(&self, _path: &Path) -> Option<PathBuf> {
        None
    }
    /// Where a migration of this version and name goes, and what leads back from it, if that is a file of its own.
    fn paths(&self, version: &str, name: &str) -> (PathBuf, Option<PathBuf>) {
        let path = |end: &str| PathBuf::from(format!("{version}_{name}{end}.sql"));
        (path(""), Some(path(".down")))
    }
    /// How the version of the first migration looks.
    fn first_version(&self) -> Version {
        Version::Moment
    }
    /// The whole text of a migration.
    fn text(&self, text: &Text) -> String {
        text.plain()
    }
    /// What stands before and after a statement that has semicolons in it.
    fn fences(&self) -> Option<(&'static str, &'static str)> {
        None
    }
    /// What a folder of this tool has to have besides migrations: a file, and its text.
    fn companion(&self) -> Option<(&'static str, &'static str)> {
        None
    }
    /// Whatever may stand in the table as the checksum of its text; nothing where the layout has none.
    fn checksums(&self, _migration: &Migration) -> Vec<String> {
        Vec::new()
    }
    /// Makes the table where there is none.
    fn create(&self) -> &'static str;
    /// What the table, which is there, says, in the order in which it was said.
    ///
    /// # Errors
    /// Whatever the server says.
    fn records(&self, client: &mut Client, history: &[Migration]) -> Result<Vec<Record>, postgres::Error>;
    /// Notes that a migration has been applied.
    ///
    /// # Errors
    /// Whatever the server says.
    fn note_applied(&self, transaction: &mut Transaction<'_>, it: &Migration) -> Result<(), postgres::Error>;
    /// Whether a comment of this tool has statements run outside of a transaction.
    fn says_no_transaction(&self, _comment: &str) -> bool {
        false
    }
    /// Whether the table tells of a migration that it was begun.
    fn notes_beginning(&self) -> bool {
        false
    }
    /// Notes that a migration is begun that does not fit into one transaction.
    ///
    /// # Errors
    /// Whatever the server says.
    fn note_begun(&self, _transaction: &mut Transaction<'_>, _it: &Migration) -> Result<(), postgres::Error> {
        Ok(())
    }
    /// Notes what was said when it failed, where it was begun.
    ///
    /// # Errors
    /// Whatever the server says.
    fn note_failed(
        &self,
        _transaction: &mut Transaction<'_>,
        _it: &Migration,
        _log: &str,
    ) -> Result<(), postgres::Error> {
        Ok(())
    }
    /// Notes that it has run, whether it was noted as begun or not.
    ///
    /// # Errors
    /// Whatever the server says.
    fn note_finished(&self, transaction: &mut Transaction<'_>, it: &Migration) -> Result<(), postgres::Error> {
        self.note_applied(transaction, it)
    }
    /// The column of the table that has the key.
    fn column(&self) -> &'static str {
        "version"
    }
    /// Takes all that is noted of a migration out of the table.
    ///
    /// # Errors
    /// Whatever the server says.
    fn forget(&self, transaction: &mut Transaction<'_>, key: &str) -> Result<(), postgres::Error> {
        let delete = format!("DELETE FROM {} WHERE {}::text = $1", self.table(), self.column());
        transaction.execute(&delete, &[&key]).map(drop)
    }
    /// Notes that nothing is there of a migration any more. `before` is the one that it comes after.
    ///
    /// # Errors
    /// Whatever the server says.
    fn note_rolled_back(
        &self,
        transaction: &mut Transaction<'_>,
        it: &Migration,
        _before: Option<&Migration>,
    ) -> Result<(), postgres::Error> {
        self.forget(transaction, &it.key)
    }
}

impl Outcome {
    /// Of a table that tells whether a migration has run well.
    fn of_success(success: bool) -> Outcome {
        if success { Outcome::Applied } else { Outcome::Failed }
    }
}

impl Record {
    /// Of a table that says no more than that.
    fn bare(key: String, outcome: Outcome) -> Record {
        Record { key, outcome, checksum: None, log: None }
    }
}

/// Every layout; those first that files tell more surely.
pub const LAYOUTS: [&dyn Layout; 9] = [
    &prisma::Prisma,
    &supabase::Supabase,
    &goose::Goose,
    &dbmate::Dbmate,
    &flyway::Flyway,
    &golang_migrate::GolangMigrate,
    &sqlx::Sqlx,
    &refinery::Refinery,
    &plain::Plain,
];

/// The layout of a name.
///
/// # Errors
/// A diagnostic with the names that there are.
pub fn layout(name: &str) -> Result<&'static dyn Layout, Diagnostic> {
    LAYOUTS.into_iter().find(|it| it.name() == name).ok_or_else(|| {
        let names = LAYOUTS.map(Layout::name).join(", ");
        Diagnostic::error("no-layout", format!("there is no layout `{name}`"))
            .with_help(format!("the layouts are {names}"))
    })
}

/// `20240101_init` is `20240101` and `init`; also without a name.
fn numbered(stem: &str) -> Option<(&str, &str)> {
    let end = stem.find(|c: char| !c.is_ascii_digit()).unwrap_or(stem.len());
    let (number, rest) = stem.split_at(end);
    let name = if rest.is_empty() { Some("") } else { rest.strip_prefix('_') };
    name.filter(|_| !number.is_empty()).map(|name| (number, name))
}

/// The name of a file at the top of the folder, without `ending`.
fn stem<'a>(path: &'a Path, ending: &str) -> Option<&'a str> {
    let is_at_top = path.parent().is_none_or(|parent| parent.as_os_str().is_empty());
    path.to_str().filter(|_| is_at_top)?.strip_suffix(ending)
}

/// A number as it stands in a column of numbers.
fn plain_number(digits: &str) -> String {
    let digits = digits.trim_start_matches('0');
    if digits.is_empty() { "0".to_owned() } else { digits.to_owned() }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{LAYOUTS, layout};

    /// What each layout makes of the name of a file: its key, or nothing.
    #[test]
    fn files_are_told_by_their_names() {
        let told = |name: &str, path: &str| {
            layout(name).expect("a layout").migration(Path::new(path)).map(|(key, name)| format!("{key} {name}"))
        };
        let cases = [
            ("prisma", "20240101_init/migration.sql", Some("20240101_init 20240101_init")),
            ("prisma", "20240101_init/down.sql", None),
            ("prisma", "20240101_init.sql", None),
            ("supabase", "20240101_init.sql", Some("20240101 20240101_init")),
            ("supabase", "old/20240101_init.sql", None),
            ("supabase", "init.sql", None),
            ("golang-migrate", "000012_users.up.sql", Some("12 000012_users")),
            ("golang-migrate", "000012_users.down.sql", None),
            ("flyway", "V1_2__add_users.sql", Some("1.2 V1_2__add_users")),
            ("flyway", "U1__add_users.sql", None),
            ("flyway", "R__view.sql", None),
            ("refinery", "V12__users.sql", Some("12 V12__users")),
            ("refinery", "U12__users.sql", None),
            ("goose", "00012_users.sql", Some("12 00012_users")),
            ("dbmate", "20240101_users.sql", Some("20240101 20240101_users")),
            ("sqlx", "0012_users.sql", Some("12 0012_users")),
            ("sqlx", "0012_users.up.sql", Some("12 0012_users")),
            ("sqlx", "0012_users.down.sql", None),
            ("plain", "0012_users.sql", Some("0012 0012_users")),
            ("plain", "0012_users.down.sql", None),
            ("plain", "users.sql", None),
        ];
        for (name, path, expected) in cases {
            assert_eq!(told(name, path).as_deref(), expected, "{name}: {path}");
        }
        assert!(layout("rails").is_err());
        assert_eq!(LAYOUTS.len(), 9);
    }
}
