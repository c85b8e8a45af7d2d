//! Prisma Migrate up to version 7: `NAME/migration.sql` and `_prisma_migrations`, whose rows tell how a migration went:
//! begun (`started_at`), ended (`finished_at`), given up (`rolled_back_at`).

use std::path::Path;

use postgres::{Client, Transaction};

use super::{File, Layout, Migration, Outcome, Record};
use crate::model::sha256;

pub(super) struct Prisma;

impl Layout for Prisma {
    fn name(&self) -> &'static str {
        "prisma"
    }
    fn table(&self) -> &'static str {
        "_prisma_migrations"
    }
    fn recognises(&self, folder: &Path, files: &[File]) -> bool {
        let has_migrations = files.iter().any(|file| self.migration(&file.path).is_some());
        has_migrations || folder.join("migration_lock.toml").is_file()
    }
    fn migration(&self, path: &Path) -> Option<(String, String)> {
        let name = path.parent()?.to_str().filter(|name| !name.is_empty())?;
        path.ends_with("migration.sql").then(|| (name.to_owned(), name.to_owned()))
    }
    /// Prisma takes a file for the same whichever way its lines end.
    fn checksums(&self, migration: &Migration) -> Vec<String> {
        let unix = migration.text.replace("\r\n", "\n");
        let windows = unix.replace('\n', "\r\n");
        let texts = [migration.text.as_str(), &unix, &windows];
        texts.map(sha256).into()
    }
    fn create(&self) -> &'static str {
        "CREATE TABLE IF NOT EXISTS _prisma_migrations (
             id                      VARCHAR(36) PRIMARY KEY NOT NULL,
             checksum                VARCHAR(64) NOT NULL,
             finished_at             TIMESTAMPTZ,
             migration_name          VARCHAR(255) NOT NULL,
             logs                    TEXT,
             rolled_back_at          TIMESTAMPTZ,
             started_at              TIMESTAMPTZ NOT NULL DEFAULT now(),
             applied_steps_count     INTEGER NOT NULL DEFAULT 0
         )"
    }
    fn records(&self, client: &mut Client, _: &[Migration]) -> Result<Vec<Record>, postgres::Error> {
        let select = "SELECT migration_name, checksum, logs, finished_at IS NOT NULL AS finished,
                             rolled_back_at IS NOT NULL AS rolled_back
                      FROM _prisma_migrations ORDER BY started_at";
        let record = |row: &postgres::Row| Record {
            key: row.get("migration_name"),
            outcome: match (row.get("rolled_back"), row.get("finished")) {
                (true, _) => Outcome::RolledBack,
                (false, true) => Outcome::Applied,
                (false, false) => Outcome::Failed,
            },
            checksum: Some(row.get("checksum")),
            log: row.get("logs"),
        };
        Ok(client.query(select, &[])?.iter().map(record).collect())
    }
    fn note_applied(&self, transaction: &mut Transaction<'_>, it: &Migration) -> Result<(), postgres::Error> {
        let give_up = "UPDATE _prisma_migrations SET rolled_back_at = now()
                       WHERE migration_name = $1 AND finished_at IS NULL AND rolled_back_at IS NULL";
        transaction.execute(give_up, &[&it.name])?;
        let checksum = sha256(&it.text);
        let insert = "INSERT INTO _prisma_migrations (id, checksum, finished_at, migration_name, logs, started_at)
                      VALUES (gen_random_uuid()::text, $1, now(), $2, '', now())";
        transaction.execute(insert, &[&checksum, &it.name]).map(drop)
    }
    fn note_rolled_back(
        &self,
        transaction: &mut Transaction<'_>,
        it: &Migration,
        _: Option<&Migration>,
    ) -> Result<(), postgres::Error> {
        let update = "UPDATE _prisma_migrations SET rolled_back_at = now()
                      WHERE migration_name = $1 AND rolled_back_at IS NULL";
        transaction.execute(update, &[&it.name]).map(drop)
    }
}
