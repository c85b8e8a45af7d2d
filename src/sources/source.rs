//! The word on the command line that names a schema state.

use std::path::{Path, PathBuf};

use super::shelf::Disk;
use super::{Script, exec, file, git, nearest, stdin};
use crate::diagnostic::Diagnostic;
use crate::model::Files;

/// A schema state, as the user names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A schema without objects.
    Empty,
    /// One script, in the order in which it is written.
    File(PathBuf),
    /// All `*.sql` files under a folder, in any order.
    Folder(PathBuf),
    /// A script on standard input.
    Stdin,
    /// A script, or a folder of them, as it was at a git revision.
    Git { revision: String, path: String },
    /// The script that a shell command prints.
    Exec(String),
    /// A running database: a URL or `key=value` pairs, as libpq takes them
    /// (PostgreSQL manual, 34.1.1 "Connection Strings"). It has no text.
    Live(String),
}

impl Source {
    /// Understands a word of the command line.
    ///
    /// # Errors
    /// It names a file that is not there, or something that no schema can be read from.
    pub fn parse(word: &str) -> Result<Source, Diagnostic> {
        match word {
            "-" => return Ok(Source::Stdin),
            "empty" => return Ok(Source::Empty),
            "" => return Err(bad_source(word, "it is empty")),
            _ => (),
        }
        if word.starts_with("postgres://") || word.starts_with("postgresql://") {
            return Ok(Source::Live(word.to_owned()));
        }
        if let Some(command) = word.strip_prefix("exec:") {
            let command = command.trim();
            return match command {
                "" => Err(bad_source(word, "no command follows `exec:`")),
                _ => Ok(Source::Exec(command.to_owned())),
            };
        }
        if let Some(rest) = word.strip_prefix("git:") {
            return match rest.split_once(':') {
                Some((revision, path)) if !revision.is_empty() => {
                    Ok(Source::Git { revision: revision.to_owned(), path: path.to_owned() })
                }
                _ => Err(bad_source(word, "a revision and a path follow `git:`, as in `git:HEAD:schema/`")),
            };
        }
        let path = Path::new(word);
        if !path.exists() && is_conninfo(word) {
            return Ok(Source::Live(word.to_owned()));
        }
        if !path.exists() && resembles_connection(word) {
            // The word is not repeated: there may be a password in it.
            return Err(Diagnostic::error("bad-source", "this is no connection string that PostgreSQL takes")
                .with_help("write `postgres://user@host:5432/database`, or `host=… dbname=…`"));
        }
        from_path(path)
    }

    /// The word as it has to be from the working folder, where it was written for `folder`. What is no path stays.
    pub fn relative_to(word: &str, folder: &Path) -> String {
        if let Some((revision, path)) = word.strip_prefix("git:").and_then(|rest| rest.split_once(":./")) {
            return format!("git:{revision}:./{}", folder.join(path).display());
        }
        let path = folder.join(word);
        let is_path = match Source::parse(word) {
            Ok(Source::File(_) | Source::Folder(_)) => true,
            Ok(Source::Empty | Source::Stdin | Source::Git { .. } | Source::Exec(_) | Source::Live(_)) => false,
            // It may be there, seen from the other folder; if not, the message is to say where it was looked for.
            Err(found) => path.exists() || found.code == "missing-file",
        };
        if is_path { path.display().to_string() } else { word.to_owned() }
    }

    /// Reads the text of a source and splits it into statements. The texts are kept in `files`.
    ///
    /// # Errors
    /// All that is wrong with the text, as far as it can be told without a server. A live source has no text.
    pub fn read(&self, files: &mut Files) -> Result<Script, Vec<Diagnostic>> {
        match self {
            Source::Empty => Ok(Script::default()),
            Source::File(path) => file::file(&Disk, path, files),
            Source::Folder(path) => file::folder(&Disk, path, files),
            Source::Stdin => stdin::read(files),
            Source::Git { revision, path } => git::read(revision, path, files),
            Source::Exec(command) => exec::read(command, files),
            Source::Live(_) => {
                Err(vec![Diagnostic::error("live-source", "a running database has a catalog to read, not a script")])
            }
        }
    }
}

fn from_path(path: &Path) -> Result<Source, Diagnostic> {
    let name = path.display();
    let found = match path.metadata() {
        Ok(found) => found,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(missing(path)),
        Err(error) => return Err(file::unreadable(&name.to_string(), &error)),
    };
    if found.is_dir() {
        return Ok(Source::Folder(path.to_path_buf()));
    }
    if path.extension().is_some_and(|extension| extension == "json") {
        return Err(Diagnostic::error("unsupported-source", format!("`{name}`: snapshots are not yet supported")));
    }
    // A pipe is fine (`<(pg_dump …)`), and so is /dev/null.
    if is_text_source(&found) {
        Ok(Source::File(path.to_path_buf()))
    } else {
        Err(bad_source(&name.to_string(), "it is neither a file nor a folder"))
    }
}

#[cfg(unix)]
fn is_text_source(found: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::FileTypeExt;
    let kind = found.file_type();
    !kind.is_socket() && !kind.is_block_device()
}

#[cfg(not(unix))]
fn is_text_source(found: &std::fs::Metadata) -> bool {
    found.is_file()
}

fn bad_source(word: &str, why: &str) -> Diagnostic {
    Diagnostic::error("bad-source", format!("cannot read a schema from `{word}`: {why}"))
        .with_help("name a .sql file, a folder, `-`, `empty`, `postgres://…`, `git:REVISION:PATH` or `exec:COMMAND`")
}

fn missing(path: &Path) -> Diagnostic {
    let diagnostic = Diagnostic::error("missing-file", format!("there is no file or folder `{}`", path.display()));
    let folder = path.ancestors().skip(1).find(|above| above.as_os_str().is_empty() || above.is_dir());
    let Some(folder) = folder else { return diagnostic };
    let listed = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let Some(wrong) = path.strip_prefix(folder).ok().and_then(|rest| rest.iter().next()) else { return diagnostic };
    let wrong = wrong.to_string_lossy();
    let entries = std::fs::read_dir(listed).into_iter().flatten().flatten();
    let names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    let near = nearest::nearest(&wrong, names.iter().map(String::as_str));
    if near.is_empty() {
        return diagnostic;
    }
    let list: Vec<String> = near.iter().map(|name| format!("`{}`", folder.join(name).display())).collect();
    diagnostic.with_help(format!("did you mean {}?", list.join(" or ")))
}

/// Meant to name a server, and misspelt.
fn resembles_connection(word: &str) -> bool {
    word.contains("://")
        || word.contains("password")
        || word.starts_with("postgres:")
        || word.starts_with("postgresql:")
}

/// `host=… dbname=…`: every word is a pair, and the first key is one of libpq's.
fn is_conninfo(word: &str) -> bool {
    const KEYS: &[&str] = &[
        "host",
        "hostaddr",
        "port",
        "dbname",
        "user",
        "password",
        "passfile",
        "service",
        "sslmode",
        "sslrootcert",
        "sslcert",
        "sslkey",
        "application_name",
        "connect_timeout",
        "options",
        "target_session_attrs",
        "channel_binding",
    ];
    word.split_once('=').is_some_and(|(key, _)| KEYS.contains(&key.trim()))
}

#[cfg(test)]
mod tests {
    use super::Source;

    #[test]
    fn understands_every_form() {
        let parse = |word: &str| Source::parse(word).ok();
        assert_eq!(parse("-"), Some(Source::Stdin));
        assert_eq!(parse("empty"), Some(Source::Empty));
        assert_eq!(parse("postgresql://h/d"), Some(Source::Live("postgresql://h/d".into())));
        assert_eq!(parse("host=h dbname='a b'"), Some(Source::Live("host=h dbname='a b'".into())));
        assert_eq!(parse("exec: cat x"), Some(Source::Exec("cat x".into())));
        let git = |revision: &str, path: &str| Source::Git { revision: revision.into(), path: path.into() };
        assert_eq!(parse("git:HEAD~1:db/schema.sql"), Some(git("HEAD~1", "db/schema.sql")));
        assert_eq!(parse("git:main:"), Some(git("main", "")));
        for wrong in ["", "exec:", "git:HEAD", "git::x", "no-such-file.sql"] {
            assert!(Source::parse(wrong).is_err(), "{wrong}");
        }
    }
}
