//! The connection service file, `pg_service.conf`.
//!
//! <https://www.postgresql.org/docs/current/libpq-pgservice.html>

use std::path::PathBuf;

use super::TargetError;
use super::conninfo::Parameters;

/// The parameters of a service, from the first file that has it.
pub(super) fn parameters(service: &str, home: Option<&str>) -> Result<Parameters, TargetError> {
    for file in files(home) {
        let Ok(text) = std::fs::read_to_string(&file) else { continue };
        if let Some(found) = section(&text, service) {
            return Ok(found);
        }
    }
    Err(TargetError::Service(service.to_owned()))
}

fn files(home: Option<&str>) -> Vec<PathBuf> {
    let mut files = Vec::new();
    match std::env::var_os("PGSERVICEFILE") {
        Some(file) => files.push(PathBuf::from(file)),
        None => files.extend(home.map(|home| PathBuf::from(home).join(".pg_service.conf"))),
    }
    let system =
        std::env::var_os("PGSYSCONFDIR").map_or_else(|| PathBuf::from("/etc/postgresql-common"), PathBuf::from);
    files.push(system.join("pg_service.conf"));
    files
}

fn section(text: &str, service: &str) -> Option<Parameters> {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.find(|line| line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) == Some(service))?;
    let settings = lines.take_while(|line| !line.starts_with('['));
    Some(
        settings
            .filter_map(|line| line.split_once('='))
            .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::section;

    #[test]
    fn a_section_ends_at_the_next() {
        let text = "# c\n[a]\nhost=one\n\n[b]\nhost = two\nport=1\n[c]\nhost=three";
        let b = section(text, "b").expect("section b");
        assert_eq!(b, [("host".to_owned(), "two".to_owned()), ("port".to_owned(), "1".to_owned())]);
        assert_eq!(section(text, "d"), None);
    }
}
