//! Why there is no shadow, or no scratch database in it, and what to do about it.

use crate::diagnostic::Diagnostic;
use std::path::PathBuf;

use crate::connect;

/// Why a shadow could not be opened, or could not give a scratch database.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("`{0}` names no shadow")]
    Choice(String),
    #[error("cannot start the {what}: {reason}")]
    Start { what: String, reason: String },
    #[error("the {what} did not start within {seconds} s")]
    StartTimeout { what: String, seconds: u64 },
    #[error("extension `{extension}` is not available in the {shadow}")]
    Extension { extension: String, shadow: String },
    #[error("there are no PostgreSQL {} server programs on this machine", .major.map_or_else(String::new, |m| m.to_string()))]
    NoBinaries { major: Option<i32> },
    #[error("role `{role}` may not create databases on the shadow server")]
    CreateDatabase { role: String, source: postgres::Error },
    #[error("cannot {doing} in the {shadow}: {}", connect::message(.source))]
    Postgres { shadow: String, doing: String, source: postgres::Error },
    #[error("cannot connect to the {shadow}: {source}")]
    Connect { shadow: String, source: Box<connect::Error> },
    #[error("cannot {doing} `{path}`: {source}")]
    Io { doing: &'static str, path: PathBuf, source: std::io::Error },
}

impl Error {
    /// What the user can do next, as one sentence.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Error::Choice(_) => {
                "choose `auto`, `embedded`, `local`, `local:MAJOR` such as `local:16`, or a `postgres://` URL".to_owned()
            }
            Error::Start { .. } | Error::StartTimeout { .. } => {
                "name another shadow: `--shadow embedded`, `--shadow local`, or `--shadow postgres://…`".to_owned()
            }
            Error::Extension { extension, .. } => format!(
                "use `--shadow local` with PostgreSQL server programs that have `{extension}` installed, \
                 or `--shadow postgres://…` naming a server that has it"
            ),
            Error::NoBinaries { .. } => {
                "install PostgreSQL's server package, set TRUEUP_PGBIN to the folder that holds `postgres` and `initdb`, \
                 or use `--shadow embedded`"
                    .to_owned()
            }
            Error::CreateDatabase { role, .. } => {
                format!("run `ALTER ROLE \"{}\" CREATEDB` there, or name another role", role.replace('"', "\"\""))
            }
            Error::Connect { source, .. } => return source.hint(),
            Error::Postgres { .. } | Error::Io { .. } => return None,
        })
    }

    /// The error with its hint, for the user.
    pub fn diagnostic(&self) -> Diagnostic {
        let found = Diagnostic::error("shadow", self.to_string());
        self.hint().into_iter().fold(found, Diagnostic::with_help)
    }

    pub(super) fn io(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Error {
        let path = path.into();
        move |source| Error::Io { doing, path, source }
    }

    pub(super) fn postgres(shadow: &str, doing: impl Into<String>) -> impl FnOnce(postgres::Error) -> Error {
        let (shadow, doing) = (shadow.to_owned(), doing.into());
        move |source| Error::Postgres { shadow, doing, source }
    }
}
