//! The password file, `~/.pgpass`.
//!
//! <https://www.postgresql.org/docs/current/libpq-pgpass.html>

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// What a line of the file must match.
pub(super) struct Wanted<'a> {
    pub(super) host: &'a str,
    pub(super) port: u16,
    pub(super) database: &'a str,
    pub(super) user: &'a str,
}

/// The password for a server, if the file has one, and a warning if the file is not to be trusted.
pub(super) fn password(file: &Path, wanted: &Wanted<'_>) -> Result<Option<String>, String> {
    let Ok(meta) = std::fs::metadata(file) else { return Ok(None) };
    if !meta.is_file() {
        return Err(format!("password file `{}` is not a plain file and was ignored", file.display()));
    }
    if meta.permissions().mode() & 0o077 != 0 {
        return Err(format!(
            "password file `{}` can be read by others and was ignored; run `chmod 600` on it",
            file.display()
        ));
    }
    let text =
        std::fs::read_to_string(file).map_err(|e| format!("password file `{}` was ignored: {e}", file.display()))?;
    Ok(find(&text, wanted))
}

fn find(text: &str, wanted: &Wanted<'_>) -> Option<String> {
    // A socket directory that is the default one is written `localhost` in the file.
    let host = if wanted.host.starts_with('/') && super::target::SOCKET_DIRS.contains(&wanted.host) {
        "localhost"
    } else {
        wanted.host
    };
    let port = wanted.port.to_string();
    text.lines().filter(|line| !line.starts_with('#')).find_map(|line| {
        let mut fields = fields(line).into_iter();
        let matches = [host, &port, wanted.database, wanted.user]
            .into_iter()
            .all(|value| fields.next().is_some_and(|field| field.raw == "*" || field.text == value));
        fields.next().filter(|_| matches).map(|field| field.text)
    })
}

#[derive(Default)]
struct Field {
    raw: String,
    text: String,
}

/// Five fields; in the last one a colon is a colon.
fn fields(line: &str) -> Vec<Field> {
    let mut fields = vec![Field::default()];
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        let count = fields.len();
        let Some(field) = fields.last_mut() else { return fields };
        field.raw.push(c);
        match c {
            ':' if count < 5 => {
                field.raw.pop();
                fields.push(Field::default());
            }
            '\\' => {
                let escaped = chars.next();
                field.raw.extend(escaped);
                field.text.extend(escaped);
            }
            _ => field.text.push(c),
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::{Wanted, find, password};

    const FILE: &str =
        "# comment\nhost:5432:app:ann:one\n*:*:app:bob:t\\:wo:x\\\\\nlocalhost:*:*:*:socket\n\\*:1:d:u:star\n";

    #[test]
    fn the_first_matching_line_counts() {
        let find = |host, port, database, user| find(FILE, &Wanted { host, port, database, user });
        assert_eq!(find("host", 5432, "app", "ann").as_deref(), Some("one"));
        assert_eq!(find("host", 5433, "app", "ann"), None);
        assert_eq!(find("any", 1, "app", "bob").as_deref(), Some("t:wo:x\\"));
        assert_eq!(find("/tmp", 5432, "x", "y").as_deref(), Some("socket"));
        assert_eq!(find("/elsewhere", 5432, "x", "y"), None);
        assert_eq!(find("other", 1, "d", "u"), None);
    }

    #[test]
    fn a_file_that_others_can_read_is_ignored_with_a_warning() {
        let dir = tempfile::tempdir().expect("a directory");
        let file = dir.path().join("pgpass");
        std::fs::write(&file, "*:*:*:*:secret\n").expect("written");
        let wanted = Wanted { host: "h", port: 1, database: "d", user: "u" };
        let mode = |mode| std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).expect("mode set");
        mode(0o644);
        let warning = password(&file, &wanted).expect_err("a warning");
        assert!(warning.contains("chmod 600") && !warning.contains("secret"));
        mode(0o600);
        assert_eq!(password(&file, &wanted), Ok(Some("secret".to_owned())));
        assert_eq!(password(&dir.path().join("missing"), &wanted), Ok(None));
    }
}
