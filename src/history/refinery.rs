//! refinery: `V1__name.sql`, and `refinery_schema_history`.

use std::{
    hash::{Hash, Hasher},
    path::{Path, PathBuf},
};

use postgres::{Client, Transaction};
use siphasher::sip::SipHasher13;

use super::{File, Layout, Migration, Outcome, Record, Version, plain_number, stem};

pub(super) struct Refinery;

impl Layout for Refinery {
    fn name(&self) -> &'static str {
        "refinery"
    }
    fn table(&self) -> &'static str {
        "refinery_schema_history"
    }
    /// Its files look like Flyway's: it has to be named.
    fn recognises(&self, _: &Path, _: &[File]) -> bool {
        false
    }
    fn migration(&self, path: &Path) -> Option<(String, String)> {
        let stem = stem(path, ".sql")?;
        let (version, name) = stem.strip_prefix('V')?.split_once("__")?;
        let is_version = !version.is_empty() && version.chars().all(|c| c.is_ascii_digit()) && !name.is_empty();
        is_version.then(|| (plain_number(version), stem.to_owned()))
    }
    fn paths(&self, version: &str, name: &str) -> (PathBuf, Option<PathBuf>) {
        (PathBuf::from(format!("V{version}__{name}.sql")), Some(PathBuf::from(format!("down/V{version}__{name}.sql"))))
    }
    fn down(&self, path: &Path) -> Option<PathBuf> {
        Some(Path::new("down").join(path))
    }
    fn first_version(&self) -> Version {
        Version::Number(1)
    }
    /// SipHash 1-3 of the name, the version and the text, as Rust hashes them (refinery-core, `Migration::unapplied`).
    fn checksums(&self, migration: &Migration) -> Vec<String> {
        let (name, version) = (name(migration), migration.key.parse::<i32>().unwrap_or_default());
        let mut hasher = SipHasher13::new();
        name.hash(&mut hasher);
        version.hash(&mut hasher);
        migration.text.hash(&mut hasher);
        vec![hasher.finish().to_string()]
    }
    fn create(&self) -> &'static str {
        "CREATE TABLE IF NOT EXISTS refinery_schema_history (
             version INT4 PRIMARY KEY,
             name VARCHAR(255),
             applied_on VARCHAR(255),
             checksum VARCHAR(255)
         )"
    }
    fn records(&self, client: &mut Client, _: &[Migration]) -> Result<Vec<Record>, postgres::Error> {
        let select = "SELECT version::text, checksum FROM refinery_schema_history ORDER BY version";
        let record =
            |row: &postgres::Row| Record { checksum: row.get(1), ..Record::bare(row.get(0), Outcome::Applied) };
        Ok(client.query(select, &[])?.iter().map(record).collect())
    }
    fn note_applied(&self, transaction: &mut Transaction<'_>, it: &Migration) -> Result<(), postgres::Error> {
        // RFC 3339, which refinery reads again.
        let insert = "INSERT INTO refinery_schema_history (version, name, applied_on, checksum)
                      VALUES ($1::text::int4, $2,
                              to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), $3)
                      ON CONFLICT (version) DO UPDATE SET checksum = excluded.checksum";
        transaction.execute(insert, &[&it.key, &name(it), &self.checksums(it).concat()]).map(drop)
    }
}

/// What comes after the two underscores.
fn name(it: &Migration) -> &str {
    it.name.split_once("__").map_or("", |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::{Layout, Migration, Refinery};

    /// As refinery-core 0.8 computes them.
    #[test]
    fn checksums_are_refinery_s() {
        let of = |key: &str, name: &str, text: &str| {
            let (key, name, text) = (key.to_owned(), name.to_owned(), text.to_owned());
            Refinery.checksums(&Migration { key, name, path: PathBuf::new(), down: None, text }).concat()
        };
        assert_eq!(of("1", "V1__initial", "CREATE TABLE a (id int);\n"), "4460593881421264889");
        assert_eq!(of("12", "V12__add_users", "SELECT 1;"), "12225135787561120493");
    }
}
