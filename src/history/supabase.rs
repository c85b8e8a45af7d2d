//! Supabase's command line: `supabase/migrations/VERSION_name.sql`, and `supabase_migrations.schema_migrations`, which keeps
//! the statements themselves.

mod split;

use std::path::{Path, PathBuf};

use postgres::{Client, Transaction};

use super::{File, Layout, Migration, Outcome, Record, stem};

pub(super) struct Supabase;

impl Layout for Supabase {
    fn name(&self) -> &'static str {
        "supabase"
    }
    fn table(&self) -> &'static str {
        "supabase_migrations.schema_migrations"
    }
    fn recognises(&self, folder: &Path, _: &[File]) -> bool {
        folder.canonicalize().is_ok_and(|path| path.ends_with("supabase/migrations"))
    }
    fn migration(&self, path: &Path) -> Option<(String, String)> {
        let stem = stem(path, ".sql")?;
        let (version, _) = stem.split_once('_')?;
        let is_version = !version.is_empty() && version.chars().all(|c| c.is_ascii_digit());
        is_version.then(|| (version.to_owned(), stem.to_owned()))
    }
    // Every `.sql` file beside them is a migration to Supabase; what is in folders it does not see.
    fn paths(&self, version: &str, name: &str) -> (PathBuf, Option<PathBuf>) {
        let file = PathBuf::from(format!("{version}_{name}.sql"));
        (file.clone(), Some(Path::new("down").join(file)))
    }
    fn down(&self, path: &Path) -> Option<PathBuf> {
        Some(Path::new("down").join(path))
    }
    /// The statements stand for a checksum: rows of older versions have none.
    fn checksums(&self, migration: &Migration) -> Vec<String> {
        vec![split::statements(&migration.text).join(BETWEEN)]
    }
    fn create(&self) -> &'static str {
        "CREATE SCHEMA IF NOT EXISTS supabase_migrations;
         CREATE TABLE IF NOT EXISTS supabase_migrations.schema_migrations (version text NOT NULL PRIMARY KEY);
         ALTER TABLE supabase_migrations.schema_migrations
             ADD COLUMN IF NOT EXISTS statements text[], ADD COLUMN IF NOT EXISTS name text"
    }
    fn records(&self, client: &mut Client, _: &[Migration]) -> Result<Vec<Record>, postgres::Error> {
        // Tables of older versions lack the column.
        let select = "SELECT version, to_jsonb(m) -> 'statements' AS statements
                      FROM supabase_migrations.schema_migrations m ORDER BY version";
        let select = format!(
            "SELECT version, (SELECT string_agg(it, $1 ORDER BY place)
                              FROM jsonb_array_elements_text(nullif(statements, 'null')) WITH ORDINALITY one (it, place)) AS text
             FROM ({select}) AS rows ORDER BY version"
        );
        let record = |row: &postgres::Row| Record {
            checksum: row.get("text"),
            ..Record::bare(row.get("version"), Outcome::Applied)
        };
        Ok(client.query(&select, &[&BETWEEN])?.iter().map(record).collect())
    }
    fn note_applied(&self, transaction: &mut Transaction<'_>, it: &Migration) -> Result<(), postgres::Error> {
        let name = it.name.split_once('_').map_or("", |(_, name)| name);
        let insert = "INSERT INTO supabase_migrations.schema_migrations (version, name, statements) VALUES ($1, $2, $3)
                      ON CONFLICT (version) DO UPDATE SET name = excluded.name, statements = excluded.statements";
        transaction.execute(insert, &[&it.key, &name, &split::statements(&it.text)]).map(drop)
    }
}

/// What `supabase migration fetch` writes between statements.
const BETWEEN: &str = ";\n";
