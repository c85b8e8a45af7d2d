//! golang-migrate: `VERSION_name.up.sql` and `VERSION_name.down.sql`, and `schema_migrations`, whose only row has the
//! version that the database is at, and whether it was left in the middle of that.

use std::path::{Path, PathBuf};

use postgres::{Client, Transaction};

use super::{File, Layout, Migration, Outcome, Record, Version, numbered, plain_number, stem};

pub(super) struct GolangMigrate;

impl Layout for GolangMigrate {
    fn name(&self) -> &'static str {
        "golang-migrate"
    }
    fn table(&self) -> &'static str {
        "schema_migrations"
    }
    fn recognises(&self, _: &Path, files: &[File]) -> bool {
        files.iter().any(|file| self.migration(&file.path).is_some())
    }
    fn migration(&self, path: &Path) -> Option<(String, String)> {
        let stem = stem(path, ".up.sql")?;
        numbered(stem).map(|(number, _)| (plain_number(number), stem.to_owned()))
    }
    fn down(&self, path: &Path) -> Option<PathBuf> {
        stem(path, ".up.sql").map(|stem| PathBuf::from(format!("{stem}.down.sql")))
    }
    fn paths(&self, version: &str, name: &str) -> (PathBuf, Option<PathBuf>) {
        let path = |end: &str| PathBuf::from(format!("{version}_{name}.{end}.sql"));
        (path("up"), Some(path("down")))
    }
    fn first_version(&self) -> Version {
        Version::Number(6)
    }
    fn create(&self) -> &'static str {
        "CREATE TABLE IF NOT EXISTS schema_migrations (version bigint PRIMARY KEY, dirty boolean NOT NULL)"
    }
    fn records(&self, client: &mut Client, history: &[Migration]) -> Result<Vec<Record>, postgres::Error> {
        let Some(row) = client.query_opt("SELECT version::text, dirty FROM schema_migrations LIMIT 1", &[])? else {
            return Ok(Vec::new());
        };
        let (at, dirty): (String, bool) = (row.get(0), row.get(1));
        let before = history.iter().take_while(|it| it.key != at && is_less(&it.key, &at));
        let before = before.map(|it| Record::bare(it.key.clone(), Outcome::Applied));
        let last = Record::bare(at.clone(), Outcome::of_success(!dirty));
        Ok(before.chain([last]).collect())
    }
    fn note_applied(&self, transaction: &mut Transaction<'_>, it: &Migration) -> Result<(), postgres::Error> {
        is_at(transaction, Some(it), false)
    }
    fn notes_beginning(&self) -> bool {
        true
    }
    fn note_begun(&self, transaction: &mut Transaction<'_>, it: &Migration) -> Result<(), postgres::Error> {
        is_at(transaction, Some(it), true)
    }
    fn note_rolled_back(
        &self,
        transaction: &mut Transaction<'_>,
        _: &Migration,
        before: Option<&Migration>,
    ) -> Result<(), postgres::Error> {
        is_at(transaction, before, false)
    }
}

fn is_at(transaction: &mut Transaction<'_>, it: Option<&Migration>, dirty: bool) -> Result<(), postgres::Error> {
    transaction.execute("DELETE FROM schema_migrations", &[])?;
    let insert = "INSERT INTO schema_migrations (version, dirty) VALUES ($1::text::bigint, $2)";
    it.map_or(Ok(()), |it| transaction.execute(insert, &[&it.key, &dirty]).map(drop))
}

/// Of two numbers without zeros before them.
fn is_less(one: &str, other: &str) -> bool {
    (one.len(), one) < (other.len(), other)
}
