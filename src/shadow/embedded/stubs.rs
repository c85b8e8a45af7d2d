//! Stand-ins for the contrib extensions that the embedded PostgreSQL lacks: the same types, signatures, views and
//! wrappers, so that schemas using them load and read back as they should. Their functions compute nothing real.

use std::io;
use std::path::Path;

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../stubs/", $name)))),*]
    };
}

/// Name and contents of each file, as `CREATE EXTENSION` looks for them.
///
/// <https://www.postgresql.org/docs/current/extend-extensions.html>
const FILES: &[(&str, &str)] = files![
    "dblink.control",
    "dblink--1.2.sql",
    "pg_stat_statements.control",
    "pg_stat_statements--1.11.sql",
    "pgcrypto.control",
    "pgcrypto--1.3.sql",
    "postgres_fdw.control",
    "postgres_fdw--1.1.sql",
    "uuid-ossp.control",
    "uuid-ossp--1.1.sql",
];

pub(super) fn has(extension: &str) -> bool {
    FILES.iter().any(|(name, _)| name.strip_suffix(".control") == Some(extension))
}

/// Puts the files where the server looks for extensions.
pub(super) fn install(extension_dir: &Path) -> io::Result<()> {
    std::fs::create_dir_all(extension_dir)?;
    FILES.iter().try_for_each(|(name, text)| std::fs::write(extension_dir.join(name), text))
}
