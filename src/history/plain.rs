//! Trueup's own: `VERSION_name.sql`, with `VERSION_name.down.sql` where there is a way back, and `trueup.migrations`.

use std::path::{Path, PathBuf};

use postgres::{Client, Transaction};

use super::{File, Layout, Migration, Outcome, Record, numbered, stem};
use crate::model::sha256;

pub(super) struct Plain;

impl Layout for Plain {
    fn name(&self) -> &'static str {
        "plain"
    }
    fn table(&self) -> &'static str {
        "trueup.migrations"
    }
    fn recognises(&self, _: &Path, files: &[File]) -> bool {
        files.iter().any(|file| self.migration(&file.path).is_some())
    }
    fn migration(&self, path: &Path) -> Option<(String, String)> {
        let stem = stem(path, ".sql").filter(|stem| !stem.ends_with(".down"))?;
        numbered(stem).map(|(number, _)| (number.to_owned(), stem.to_owned()))
    }
    fn down(&self, path: &Path) -> Option<PathBuf> {
        stem(path, ".sql").map(|stem| PathBuf::from(format!("{stem}.down.sql")))
    }
    fn checksums(&self, migration: &Migration) -> Vec<String> {
        vec![sha256(&migration.text)]
    }
    fn create(&self) -> &'static str {
        "CREATE SCHEMA IF NOT EXISTS trueup;
         CREATE TABLE IF NOT EXISTS trueup.migrations (
             version text PRIMARY KEY,
             name text NOT NULL,
             checksum text NOT NULL,
             applied_at timestamptz NOT NULL DEFAULT now()
         )"
    }
    fn records(&self, client: &mut Client, _: &[Migration]) -> Result<Vec<Record>, postgres::Error> {
        let rows = client.query("SELECT version, checksum FROM trueup.migrations ORDER BY applied_at, version", &[])?;
        let record = |row: &postgres::Row| Record {
            checksum: Some(row.get("checksum")),
            ..Record::bare(row.get("version"), Outcome::Applied)
        };
        Ok(rows.iter().map(record).collect())
    }
    fn note_applied(&self, transaction: &mut Transaction<'_>, it: &Migration) -> Result<(), postgres::Error> {
        let checksum = self.checksums(it).concat();
        let insert = "INSERT INTO trueup.migrations (version, name, checksum) VALUES ($1, $2, $3)
                      ON CONFLICT (version) DO UPDATE SET name = excluded.name, checksum = excluded.checksum";
        transaction.execute(insert, &[&it.key, &it.name, &checksum]).map(drop)
    }
}
