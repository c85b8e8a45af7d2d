//! What is to be said of a history: its files beside the rows of the table.

use std::collections::BTreeMap;

use postgres::Client;

use super::{Layout, Migration, Outcome, Record, replaced};

/// How things stand with one migration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    Applied,
    Pending,
    /// Pending, and others after it have been applied.
    OutOfOrder,
    /// Applied, with another text than the file has now.
    Edited,
    /// Begun, and nobody has said how it ended; what was said of it.
    Failed(Option<String>),
    /// Applied, and there is no file.
    WithoutFile,
    /// It stands for others, all of which have been applied.
    Squashed,
    /// It stands for others, and these of them have not been applied.
    Partly(Vec<String>),
}

/// A history, and how far a database has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Those without a file come last.
    pub migrations: Vec<Entry>,
    /// Whether the database has the table at all.
    pub has_table: bool,
}

/// How things stand with one of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub key: String,
    /// Empty where there is no file.
    pub name: String,
    pub standing: Standing,
}

impl Standing {
    /// Whether it is still to run.
    pub fn is_pending(&self) -> bool {
        matches!(self, Standing::Pending | Standing::OutOfOrder)
    }
}

impl Entry {
    /// What people call it.
    pub fn shown(&self) -> &str {
        if self.name.is_empty() { &self.key } else { &self.name }
    }
}

impl Status {
    /// Whether the database has what a migration makes, as its table tells.
    pub fn has_run(&self, migration: &Migration) -> bool {
        let standing = self.standing(migration);
        standing.is_some_and(|it| matches!(it, Standing::Applied | Standing::Edited | Standing::Squashed))
    }

    /// How things stand with a migration that has a file.
    pub fn standing(&self, migration: &Migration) -> Option<&Standing> {
        self.migrations.iter().find(|entry| entry.key == migration.key).map(|entry| &entry.standing)
    }

    /// Whether a migration was begun, and nobody has said how it ended: the database is in no state of the history.
    pub fn is_half_done(&self) -> bool {
        self.migrations.iter().any(|it| matches!(it.standing, Standing::Failed(_)))
    }

    pub fn count(&self, what: impl Fn(&Standing) -> bool) -> usize {
        self.migrations.iter().filter(|it| what(&it.standing)).count()
    }
}

/// Compares the files of a history with the table of a database.
///
/// # Errors
/// Whatever the server says.
pub fn status(client: &mut Client, layout: &dyn Layout, history: &[Migration]) -> Result<Status, postgres::Error> {
    let has_table: bool = client.query_one("SELECT pg_catalog.to_regclass($1) IS NOT NULL", &[&layout.table()])?.get(0);
    let records = if has_table { layout.records(client, history)? } else { Vec::new() };
    Ok(Status { migrations: compare(layout, history, &records), has_table })
}

fn compare(layout: &dyn Layout, history: &[Migration], records: &[Record]) -> Vec<Entry> {
    // What was tried again counts by its best end.
    let mut known: BTreeMap<&str, &Record> = BTreeMap::new();
    for record in records {
        let best = known.entry(&record.key).or_insert(record);
        if best.outcome <= record.outcome {
            *best = record;
        }
    }
    let applied = |key: &str| known.get(key).is_some_and(|it| it.outcome == Outcome::Applied);
    let counts = |it: &Migration| applied(&it.key) || instead(it, &applied) == Some(Standing::Squashed);
    let last = history.iter().rposition(counts);
    let standing = |(at, it): (usize, &Migration)| {
        let record = known.get(it.key.as_str()).filter(|it| it.outcome != Outcome::RolledBack);
        let standing = instead(it, &applied).unwrap_or_else(|| match record {
            Some(record) if record.outcome == Outcome::Failed => Standing::Failed(record.log.clone()),
            Some(record) if is_edited(layout, it, record) => Standing::Edited,
            Some(_) => Standing::Applied,
            None if last.is_some_and(|last| at < last) => Standing::OutOfOrder,
            None => Standing::Pending,
        });
        Entry { key: it.key.clone(), name: it.name.clone(), standing }
    };
    let has_file = |key: &str| history.iter().any(|it| it.key == key || replaced(&it.text).contains(&key));
    let orphan = |(key, record): (&&str, &&Record)| {
        let standing = match record.outcome {
            Outcome::RolledBack => return None,
            Outcome::Failed => Standing::Failed(record.log.clone()),
            Outcome::Applied => Standing::WithoutFile,
        };
        (!has_file(key)).then(|| Entry { key: (*key).to_owned(), name: String::new(), standing })
    };
    let orphans: Vec<_> = known.iter().filter_map(orphan).collect();
    history.iter().enumerate().map(standing).chain(orphans).collect()
}

/// How things stand with a migration that stands for others, while the database knows some of these.
fn instead(it: &Migration, applied: &dyn Fn(&str) -> bool) -> Option<Standing> {
    let (there, missing): (Vec<&str>, Vec<&str>) = replaced(&it.text).into_iter().partition(|key| applied(key));
    match (there.iter().any(|key| *key != it.key), missing.is_empty()) {
        (false, _) => None,
        (true, true) => Some(Standing::Squashed),
        (true, false) => Some(Standing::Partly(missing.into_iter().map(str::to_owned).collect())),
    }
}

fn is_edited(layout: &dyn Layout, migration: &Migration, record: &Record) -> bool {
    let own = layout.checksums(migration);
    let differs = |checksum: &String| !own.contains(checksum);
    !own.is_empty() && record.checksum.as_ref().is_some_and(differs)
}
