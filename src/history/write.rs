//! A migration that is to be written: its version, its name, its text.

use jiff::Timestamp;

use super::{DIRECTIVE, Layout, Migration, numbered};
use crate::diagnostic::Diagnostic;

/// How versions look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// `20240131235959`, in UTC.
    Moment,
    /// Counted, with so many digits at least.
    Number(usize),
}

/// What a migration says.
pub struct Text {
    /// Comments about it, each line with its dashes.
    pub header: String,
    pub up: String,
    /// What leads back, where there is a way.
    pub down: Option<String>,
    /// Whether its statements have to run one by one.
    pub in_parts: bool,
}

impl Text {
    /// What leads forward, where what leads back is a file of its own.
    pub(super) fn plain(&self) -> String {
        let directive = if self.in_parts { format!("{DIRECTIVE}\n") } else { String::new() };
        let head = format!("{}{directive}", self.header);
        let gap = if head.is_empty() { "" } else { "\n" };
        format!("{head}{gap}{}", self.up)
    }

    /// Both ways in one file, each after its mark.
    pub(super) fn both(&self, first: &str, up: &str, down: &str) -> String {
        let back = self.down.as_deref().unwrap_or_default();
        format!("{}{first}{up}\n\n{}\n{down}\n\n{back}", self.header, self.up)
    }
}

/// The version of the next migration: like those before, and after all of them.
pub fn next_version(layout: &dyn Layout, history: &[Migration]) -> String {
    let moment = || Timestamp::now().strftime("%Y%m%d%H%M%S").to_string();
    // Prisma's key is the whole name.
    let version = |it: &Migration| it.name.trim_start_matches('V').chars().take_while(char::is_ascii_digit).collect();
    let last: Option<String> = history.last().map(version);
    let counted = |after: &str, width: usize| {
        let next = after.parse::<u64>().map_or(1, |number| number.saturating_add(1));
        format!("{next:0width$}")
    };
    match (last.filter(|it| !it.is_empty()), layout.first_version()) {
        (Some(last), _) if MOMENT <= last.len() => {
            // A clock may lag behind, and two migrations may be written in one second.
            let now = moment();
            if last < now { now } else { counted(&last, last.len()) }
        }
        (Some(last), _) => counted(&last, last.len()),
        (None, Version::Moment) => moment(),
        (None, Version::Number(width)) => counted("0", width),
    }
}

/// The version of a migration, as its file has it; nothing where it has none.
pub fn version_of(migration: &Migration) -> Option<&str> {
    parts(migration).map(|(version, _)| version)
}

/// What the name of a migration says, without its version.
pub fn said(migration: &Migration) -> &str {
    parts(migration).map_or(migration.name.as_str(), |(_, said)| said)
}

/// The version, and what the rest says.
fn parts(migration: &Migration) -> Option<(&str, &str)> {
    let name = migration.name.as_str();
    name.strip_prefix('V').and_then(|it| it.split_once("__")).or_else(|| numbered(name))
}

/// How many digits a moment has.
const MOMENT: usize = 14;

/// A name as files have it: small letters, digits and underscores.
///
/// # Errors
/// A diagnostic for a name that says nothing.
pub fn slug(name: &str) -> Result<String, Diagnostic> {
    let plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect();
    let words: Vec<&str> = plain.split('_').filter(|it| !it.is_empty()).collect();
    let said = words.iter().filter(|it| !EMPTY.contains(it) && !it.chars().all(|c| c.is_ascii_digit())).count();
    if said == 0 {
        let title = format!("`{name}` does not say what the migration does");
        return Err(Diagnostic::error("empty-name", title)
            .with_help("name what changes, as people will look for it: `add_email_to_users`, `index_orders_by_day`"));
    }
    Ok(words.join("_"))
}

/// Words that any migration could be called by.
const EMPTY: &[&str] = &[
    "a",
    "another",
    "change",
    "changes",
    "database",
    "db",
    "fix",
    "fixes",
    "migrate",
    "migration",
    "migrations",
    "misc",
    "more",
    "my",
    "new",
    "schema",
    "sql",
    "stuff",
    "temp",
    "test",
    "the",
    "tmp",
    "update",
    "updates",
    "wip",
];

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::{next_version, slug};
    use crate::history::{Migration, layout};

    #[test]
    fn a_name_says_what_a_migration_does() {
        assert_eq!(slug("Add e-mail to Users").as_deref(), Ok("add_e_mail_to_users"));
        assert!(slug("update").is_err() && slug("fix 2").is_err() && slug("--").is_err());
    }

    #[test]
    fn versions_go_on_as_they_were() {
        let next = |name: &str, last: &str| {
            let layout = layout(name).expect("a layout");
            let it = |key: &str| Migration {
                key: key.to_owned(),
                name: format!("{key}_x"),
                path: PathBuf::new(),
                down: None,
                text: String::new(),
            };
            let history: Vec<Migration> = Some(last).filter(|it| !it.is_empty()).map(it).into_iter().collect();
            next_version(layout, &history)
        };
        assert_eq!(next("goose", "00009"), "00010");
        assert_eq!(next("golang-migrate", ""), "000001");
        assert_eq!(next("flyway", "V7"), "8");
        assert_eq!(next("prisma", "99990101000000"), "99990101000001");
        assert_eq!(next("prisma", "20240101000000").len(), 14);
        assert_eq!(next("plain", "").len(), 14);
    }
}
