//! sqlx: `VERSION_name.sql`, or `VERSION_name.up.sql` and `VERSION_name.down.sql`, and `_sqlx_migrations`.

use std::path::{Path, PathBuf};

use postgres::{Client, Transaction};
use sha2::{Digest, Sha384};

use super::{File, Layout, Migration, Outcome, Record, Text, numbered, plain_number, stem};
use crate::model::hexadecimal;

pub(super) struct Sqlx;

impl Layout for Sqlx {
    fn name(&self) -> &'static str {
        "sqlx"
    }
    fn table(&self) -> &'static str {
        "_sqlx_migrations"
    }
    /// Its files look like others: it has to be named.
    fn recognises(&self, _: &Path, _: &[File]) -> bool {
        false
    }
    fn migration(&self, path: &Path) -> Option<(String, String)> {
        let stem = stem(path, ".sql").filter(|stem| !stem.ends_with(".down"))?;
        let stem = stem.strip_suffix(".up").unwrap_or(stem);
        numbered(stem).map(|(number, _)| (plain_number(number), stem.to_owned()))
    }
    fn down(&self, path: &Path) -> Option<PathBuf> {
        stem(path, ".up.sql").map(|stem| PathBuf::from(format!("{stem}.down.sql")))
    }
    fn checksums(&self, migration: &Migration) -> Vec<String> {
        vec![hexadecimal(&Sha384::digest(&migration.text))]
    }
    fn paths(&self, version: &str, name: &str) -> (PathBuf, Option<PathBuf>) {
        let path = |end: &str| PathBuf::from(format!("{version}_{name}.{end}.sql"));
        (path("up"), Some(path("down")))
    }
    // sqlx looks at the beginning of the file.
    fn text(&self, text: &Text) -> String {
        let directive = if text.in_parts { "-- no-transaction\n" } else { "" };
        format!("{directive}{}\n{}", text.header, text.up)
    }
    fn says_no_transaction(&self, comment: &str) -> bool {
        comment == "-- no-transaction"
    }
    fn notes_beginning(&self) -> bool {
        true
    }
    fn note_begun(&self, transaction: &mut Transaction<'_>, it: &Migration) -> Result<(), postgres::Error> {
        note(transaction, it, &self.checksums(it).concat(), false)
    }
    fn create(&self) -> &'static str {
        "CREATE TABLE IF NOT EXISTS _sqlx_migrations (
             version BIGINT PRIMARY KEY,
             description TEXT NOT NULL,
             installed_on TIMESTAMPTZ NOT NULL DEFAULT now(),
             success BOOLEAN NOT NULL,
             checksum BYTEA NOT NULL,
             execution_time BIGINT NOT NULL
         )"
    }
    fn records(&self, client: &mut Client, _: &[Migration]) -> Result<Vec<Record>, postgres::Error> {
        let select = "SELECT version::text, success, encode(checksum, 'hex') FROM _sqlx_migrations ORDER BY version";
        let outcome = |row: &postgres::Row| Outcome::of_success(row.get(1));
        let record =
            |row: &postgres::Row| Record { checksum: Some(row.get(2)), ..Record::bare(row.get(0), outcome(row)) };
        Ok(client.query(select, &[])?.iter().map(record).collect())
    }
    fn note_applied(&self, transaction: &mut Transaction<'_>, it: &Migration) -> Result<(), postgres::Error> {
        note(transaction, it, &self.checksums(it).concat(), true)
    }
}

fn note(
    transaction: &mut Transaction<'_>,
    it: &Migration,
    checksum: &str,
    success: bool,
) -> Result<(), postgres::Error> {
    let description = numbered(&it.name).map(|(_, name)| name.replace('_', " ")).unwrap_or_default();
    let insert = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
                  VALUES ($1::text::bigint, $2, $4, decode($3, 'hex'), -1)
                  ON CONFLICT (version) DO UPDATE SET success = excluded.success, checksum = excluded.checksum";
    transaction.execute(insert, &[&it.key, &description, &checksum, &success]).map(drop)
}
