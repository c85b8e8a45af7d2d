//! dbmate: `VERSION_name.sql` with `-- migrate:up` and `-- migrate:down` in it, and the versions in `schema_migrations`.

use std::path::{Path, PathBuf};

use postgres::{Client, Transaction};

use super::{File, Layout, Migration, Outcome, Record, Text, numbered, stem};

pub(super) struct Dbmate;

impl Layout for Dbmate {
    fn name(&self) -> &'static str {
        "dbmate"
    }
    fn table(&self) -> &'static str {
        "schema_migrations"
    }
    fn recognises(&self, _: &Path, files: &[File]) -> bool {
        files.iter().any(|file| file.text.lines().any(|line| line.starts_with("-- migrate:up")))
    }
    fn migration(&self, path: &Path) -> Option<(String, String)> {
        let stem = stem(path, ".sql")?;
        numbered(stem).map(|(number, _)| (number.to_owned(), stem.to_owned()))
    }
    fn paths(&self, version: &str, name: &str) -> (PathBuf, Option<PathBuf>) {
        (PathBuf::from(format!("{version}_{name}.sql")), None)
    }
    fn text(&self, text: &Text) -> String {
        let up = if text.in_parts { "-- migrate:up transaction:false" } else { "-- migrate:up" };
        text.both("", up, "-- migrate:down")
    }
    fn says_no_transaction(&self, comment: &str) -> bool {
        comment.starts_with("-- migrate:up") && comment.contains("transaction:false")
    }
    fn down_within<'t>(&self, text: &'t str) -> Option<&'t str> {
        text.split_once("\n-- migrate:down").map(|(_, back)| back)
    }
    fn create(&self) -> &'static str {
        "CREATE TABLE IF NOT EXISTS schema_migrations (version varchar(128) PRIMARY KEY)"
    }
    fn records(&self, client: &mut Client, _: &[Migration]) -> Result<Vec<Record>, postgres::Error> {
        let rows = client.query("SELECT version FROM schema_migrations ORDER BY version", &[])?;
        let record = |row: &postgres::Row| Record::bare(row.get(0), Outcome::Applied);
        Ok(rows.iter().map(record).collect())
    }
    fn note_applied(&self, transaction: &mut Transaction<'_>, it: &Migration) -> Result<(), postgres::Error> {
        let insert = "INSERT INTO schema_migrations (version) VALUES ($1) ON CONFLICT (version) DO NOTHING";
        transaction.execute(insert, &[&it.key]).map(drop)
    }
}
