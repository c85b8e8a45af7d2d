//! Flyway: `V1_2__name.sql`, `U1_2__name.sql` for the way back, and `flyway_schema_history`. Repeatable migrations
//! (`R__name.sql`) have no place in an order, and are not read.

use std::path::{Path, PathBuf};

use postgres::{Client, Transaction};

use super::{File, Layout, Migration, Outcome, Record, Version, stem};

pub(super) struct Flyway;

impl Layout for Flyway {
    fn name(&self) -> &'static str {
        "flyway"
    }
    fn table(&self) -> &'static str {
        "flyway_schema_history"
    }
    fn recognises(&self, _: &Path, files: &[File]) -> bool {
        files.iter().any(|file| self.migration(&file.path).is_some())
    }
    fn migration(&self, path: &Path) -> Option<(String, String)> {
        let stem = stem(path, ".sql")?;
        let (version, _) = stem.strip_prefix('V')?.split_once("__")?;
        let is_version = version.starts_with(|c: char| c.is_ascii_digit());
        is_version.then(|| (version.replace('_', "."), stem.to_owned()))
    }
    fn down(&self, path: &Path) -> Option<PathBuf> {
        stem(path, ".sql")?.strip_prefix('V').map(|rest| PathBuf::from(format!("U{rest}.sql")))
    }
    fn paths(&self, version: &str, name: &str) -> (PathBuf, Option<PathBuf>) {
        let path = |kind: &str| PathBuf::from(format!("{kind}{version}__{name}.sql"));
        (path("V"), Some(path("U")))
    }
    fn first_version(&self) -> Version {
        Version::Number(1)
    }
    /// CRC-32 of the lines without their ends, as a signed number.
    fn checksums(&self, migration: &Migration) -> Vec<String> {
        let mut hasher = crc32fast::Hasher::new();
        let text = migration.text.strip_prefix('\u{feff}').unwrap_or(&migration.text);
        text.lines().for_each(|line| hasher.update(line.as_bytes()));
        vec![hasher.finalize().cast_signed().to_string()]
    }
    fn create(&self) -> &'static str {
        "CREATE TABLE IF NOT EXISTS flyway_schema_history (
             installed_rank INT NOT NULL CONSTRAINT flyway_schema_history_pk PRIMARY KEY,
             version VARCHAR(50),
             description VARCHAR(200) NOT NULL,
             type VARCHAR(20) NOT NULL,
             script VARCHAR(1000) NOT NULL,
             checksum INTEGER,
             installed_by VARCHAR(100) NOT NULL,
             installed_on TIMESTAMP NOT NULL DEFAULT now(),
             execution_time INTEGER NOT NULL,
             success BOOLEAN NOT NULL
         );
         CREATE INDEX IF NOT EXISTS flyway_schema_history_s_idx ON flyway_schema_history (success)"
    }
    // A baseline stands for all versions up to its own.
    fn records(&self, client: &mut Client, _: &[Migration]) -> Result<Vec<Record>, postgres::Error> {
        let select = "SELECT version, success, checksum::text FROM flyway_schema_history
                      WHERE version IS NOT NULL AND type IN ('SQL', 'JDBC') ORDER BY installed_rank";
        let outcome = |row: &postgres::Row| Outcome::of_success(row.get(1));
        let record = |row: &postgres::Row| Record { checksum: row.get(2), ..Record::bare(row.get(0), outcome(row)) };
        Ok(client.query(select, &[])?.iter().map(record).collect())
    }
    fn note_applied(&self, transaction: &mut Transaction<'_>, it: &Migration) -> Result<(), postgres::Error> {
        note(transaction, it, &self.checksums(it).concat(), true)
    }
    fn notes_beginning(&self) -> bool {
        true
    }
    fn note_begun(&self, transaction: &mut Transaction<'_>, it: &Migration) -> Result<(), postgres::Error> {
        note(transaction, it, &self.checksums(it).concat(), false)
    }
}

fn note(
    transaction: &mut Transaction<'_>,
    it: &Migration,
    checksum: &str,
    success: bool,
) -> Result<(), postgres::Error> {
    transaction.execute("DELETE FROM flyway_schema_history WHERE version = $1 AND NOT success", &[&it.key])?;
    let description = it.name.split_once("__").map(|(_, name)| name.replace('_', " ")).unwrap_or_default();
    let script = format!("{}.sql", it.name);
    let insert = "INSERT INTO flyway_schema_history (installed_rank, version, description, type, script, checksum,
                      installed_by, execution_time, success)
                  SELECT coalesce(max(installed_rank), 0) + 1, $1, $2, 'SQL', $3, $4::text::int, current_user, 0, $5
                  FROM flyway_schema_history";
    transaction.execute(insert, &[&it.key, &description, &script, &checksum, &success]).map(drop)
}
