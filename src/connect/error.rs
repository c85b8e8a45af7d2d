//! Why there is no session, sorted by what the user must change. Messages never hold a password.

/// What is wrong with a connection string, before any connection is tried.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    #[error("cannot read the connection string: {0}")]
    Syntax(String),
    #[error("unknown connection parameter `{0}`")]
    Unknown(String),
    #[error("connection parameter `{0}` is not supported")]
    Unsupported(String),
    #[error("`{value}` is not a value of connection parameter `{name}`, which takes {takes}")]
    Value { name: String, value: String, takes: &'static str },
    #[error("there are {hosts} hosts and {ports} ports; give one port, or one for each host")]
    Ports { hosts: usize, ports: usize },
    #[error("service `{0}` is in no connection service file")]
    Service(String),
}

/// Why a connection string did not lead to a session. `to` is the server, as `host:port`.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Target(#[from] TargetError),
    #[error("no such host: `{host}`")]
    NoSuchHost { host: String },
    #[error("connection refused by {to}")]
    Refused { to: String },
    #[error("there is no socket `{path}`")]
    NoSocket { path: String },
    #[error("{to} cannot be reached: {reason}")]
    Unreachable { to: String, reason: String },
    #[error("{to} did not answer within {seconds} s")]
    Timeout { to: String, seconds: u64 },
    #[error("{to} rejects role `{role}`: {reason}")]
    Authentication { to: String, role: String, reason: String },
    #[error("{to} asks role `{role}` for a password and none was given")]
    PasswordMissing { to: String, role: String },
    #[error("there is no database `{database}` on {to}")]
    NoDatabase { to: String, database: String },
    #[error("no TLS connection to {to}: {reason}")]
    Tls { to: String, reason: String, no_tls: bool },
    #[error("{to} takes no sessions: {reason}")]
    Busy { to: String, reason: String },
    #[error("{to}: {reason}")]
    Server { to: String, reason: String },
}

impl Error {
    /// What the user can do next, as one sentence.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Error::Target(TargetError::Unknown(_)) => {
                "see https://www.postgresql.org/docs/current/libpq-connect.html for the parameters there are"
            }
            Error::Target(TargetError::Syntax(_)) => {
                "write `postgres://user@host:5432/database`; special characters in a password are percent-encoded: `@` is `%40`"
            }
            Error::Target(TargetError::Service(_)) => "look in `~/.pg_service.conf`, or set PGSERVICEFILE",
            Error::Target(_) => return None,
            Error::NoSuchHost { .. } => "check the spelling of the host and whether a VPN is needed",
            Error::Refused { .. } => "check that the server runs, listens on that address, and has that port",
            Error::NoSocket { .. } => "check that the server runs on this machine, or name its host",
            Error::Unreachable { .. } => "check the network between here and the server",
            Error::Timeout { .. } => {
                "a firewall may drop the packets; `connect_timeout=SECONDS` in the connection string waits longer"
            }
            Error::Authentication { .. } => "check the role and its password, and the server's `pg_hba.conf`",
            Error::PasswordMissing { .. } => "set PGPASSWORD, or add the server to `~/.pgpass`",
            Error::NoDatabase { .. } => "`psql --list` shows the databases there are",
            Error::Tls { no_tls: true, .. } => "say `sslmode=disable` if a connection without TLS is acceptable",
            Error::Tls { .. } => {
                "name the certificate authority with `sslrootcert=FILE`; `sslmode=require` does without checking it"
            }
            Error::Busy { .. } => "try again when it takes sessions",
            Error::Server { .. } => return None,
        };
        Some(hint.to_owned())
    }
}
