//! Where the PostgreSQL server programs are on this machine, and of which versions. Starts nothing but `--version`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::model::Version;

/// A folder with `postgres` and `initdb`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binaries {
    pub version: Version,
    pub dir: PathBuf,
}

/// Folders below which packages put one folder for each major version.
const FAMILIES: &[(&str, &str, &str)] = &[
    ("/usr/lib/postgresql", "", "bin"),
    ("/usr", "pgsql-", "bin"),
    ("/usr/local/opt", "postgresql@", "bin"),
    ("/opt/homebrew/opt", "postgresql@", "bin"),
    ("/Library/PostgreSQL", "", "bin"),
    ("/Applications/Postgres.app/Contents/Versions", "", "bin"),
];

pub(super) fn at(dir: &Path) -> Option<Binaries> {
    Some(Binaries { version: version(dir)?, dir: dir.to_path_buf() })
}

pub(super) fn available() -> Vec<Binaries> {
    let mut seen = BTreeSet::new();
    let mut found = |dirs: Vec<PathBuf>| {
        let mut found = dirs
            .into_iter()
            .filter(|dir| dir.join("initdb").is_file())
            .filter(|dir| std::fs::canonicalize(dir.join("postgres")).is_ok_and(|program| seen.insert(program)))
            .filter_map(|dir| at(&dir))
            .collect::<Vec<_>>();
        found.sort_by(|a, b| b.version.cmp(&a.version).then_with(|| a.dir.cmp(&b.dir)));
        found
    };
    // What the user names comes before what is merely there.
    let mut all = found(listed("TRUEUP_PGBIN"));
    all.extend(found([listed("PATH"), configured(), families()].concat()));
    all
}

/// Runs a server program so that it finds its libraries.
pub(super) fn command(dir: &Path, program: &str) -> Command {
    let mut command = Command::new(dir.join(program));
    if let Some(libraries) = std::env::var_os("TRUEUP_PGLIB") {
        command.env("LD_LIBRARY_PATH", libraries);
    }
    // Settings for the user's own servers are not for this one.
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("PG") || name.starts_with("LC_") || name == "LANG") {
            command.env_remove(name);
        }
    }
    command
}

fn listed(variable: &str) -> Vec<PathBuf> {
    std::env::var_os(variable).map(|dirs| std::env::split_paths(&dirs).collect()).unwrap_or_default()
}

fn configured() -> Vec<PathBuf> {
    let Ok(output) = Command::new("pg_config").arg("--bindir").output() else { return Vec::new() };
    let dir = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if dir.is_empty() { Vec::new() } else { vec![PathBuf::from(dir)] }
}

fn families() -> Vec<PathBuf> {
    let mut dirs = Vec::new();
    for (parent, prefix, below) in FAMILIES {
        for entry in std::fs::read_dir(parent).into_iter().flatten().flatten() {
            if entry.file_name().to_str().is_some_and(|name| name.starts_with(prefix)) {
                dirs.push(entry.path().join(below));
            }
        }
    }
    dirs
}

fn version(dir: &Path) -> Option<Version> {
    let output = command(dir, "postgres").arg("--version").output().ok()?;
    parse_version(&String::from_utf8_lossy(&output.stdout))
}

/// Reads `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)` and `postgres (PostgreSQL) 19devel`.
fn parse_version(text: &str) -> Option<Version> {
    let number = text.strip_prefix("postgres (PostgreSQL) ")?.split_whitespace().next()?;
    let digits = |text: &str| text.chars().take_while(char::is_ascii_digit).collect::<String>().parse::<i32>().ok();
    let (major, minor) = number.split_once('.').unwrap_or((number, "0"));
    Some(Version(digits(major)? * 10_000 + digits(minor).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::{Version, parse_version};

    #[test]
    fn versions_as_the_server_prints_them() {
        for (text, number) in [
            ("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n", Some(150_018)),
            ("postgres (PostgreSQL) 18.4\n", Some(180_004)),
            ("postgres (PostgreSQL) 19devel\n", Some(190_000)),
            ("postgres (PostgreSQL) 18beta2\n", Some(180_000)),
            ("command not found", None),
        ] {
            assert_eq!(parse_version(text), number.map(Version), "{text}");
        }
    }
}
