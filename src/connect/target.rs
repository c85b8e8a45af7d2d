//! A server and a database to connect to: what the connection string says, then the service file, the environment,
//! and the defaults, in libpq's order.

use std::fmt;
use std::net::IpAddr;
use std::sync::mpsc;
use std::time::Duration;

use postgres::{Client, Config, NoTls};

use super::settings::{ENVIRONMENT, Settings, os_user};
use super::{Error, TargetError, conninfo, server_error, service, tls};

/// Where packages put the server's socket; the first that is there is the default host.
pub(super) const SOCKET_DIRS: &[&str] = &["/var/run/postgresql", "/run/postgresql", "/tmp"];

/// A server and a database to connect to, as a user. Neither `Debug` nor `redacted` shows the password.
#[derive(Clone)]
pub struct Target {
    pub(super) hosts: Vec<Place>,
    pub(super) user: String,
    pub(super) database: String,
    pub(super) security: tls::Security,
    pub(super) timeout: Duration,
    pub(super) config: Config,
    pub(super) ignored: Vec<(String, String)>,
    pub(super) warnings: Vec<String>,
}

#[derive(Clone)]
pub(super) struct Place {
    pub(super) host: Host,
    pub(super) port: u16,
    pub(super) password: Option<String>,
}

/// A name or address, or the directory of a unix socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    Name { name: String, address: Option<IpAddr> },
    Socket(String),
}

/// How much TLS.
///
/// <https://www.postgresql.org/docs/current/libpq-ssl.html#LIBPQ-SSL-SSLMODE-STATEMENTS>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SslMode {
    Disable,
    Allow,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

impl Target {
    /// Reads a `postgres://` URL or `name=value` pairs, and completes it from the service file, the environment, the
    /// password file and the defaults.
    ///
    /// # Errors
    /// When it cannot be read, or has a parameter that is unknown or that cannot be honoured.
    pub fn parse(text: &str) -> Result<Target, TargetError> {
        Target::resolve(text, &|name| std::env::var(name).ok())
    }

    fn resolve(text: &str, environment: &dyn Fn(&str) -> Option<String>) -> Result<Target, TargetError> {
        let environment = |name: &str| environment(name).filter(|value| !value.is_empty());
        let home = environment("HOME").or_else(|| Some(os_user()?.dir.to_str()?.to_owned()));
        let mut settings = Settings { values: conninfo::parse(text)? };
        if let Some(name) = settings.take("service").or_else(|| environment("PGSERVICE")) {
            settings.complete(service::parameters(&name, home.as_deref())?);
        }
        settings.complete(
            ENVIRONMENT
                .iter()
                .filter_map(|(variable, name)| Some(((*name).to_owned(), environment(variable)?)))
                .collect(),
        );
        settings.into_target(home)
    }

    /// A session.
    ///
    /// # Errors
    /// When none of the hosts gives one; the error is the last host's.
    pub fn connect(&self) -> Result<Client, Error> {
        let mut last = Error::Target(TargetError::Syntax("there is no host".to_owned()));
        for place in &self.hosts {
            match self.connect_to(place) {
                Ok(client) => return Ok(client),
                // Another server of the same list would say the same.
                Err(e @ (Error::Authentication { .. } | Error::PasswordMissing { .. } | Error::NoDatabase { .. })) => {
                    return Err(e);
                }
                Err(e) => last = e,
            }
        }
        Err(last)
    }

    /// The same server, another database.
    #[must_use]
    pub fn with_database(&self, name: &str) -> Target {
        let mut target = self.clone();
        target.database = name.to_owned();
        target.config.dbname(name);
        target
    }

    /// The target as a URL without its password.
    pub fn redacted(&self) -> String {
        let place = |place: &Place| place.host.shown(place.port);
        let hosts = self.hosts.iter().map(place).collect::<Vec<_>>().join(",");
        format!("postgres://{}@{hosts}/{}", self.user, self.database)
    }

    pub fn user(&self) -> &str {
        &self.user
    }

    pub fn database(&self) -> &str {
        &self.database
    }

    pub fn hosts(&self) -> impl Iterator<Item = (&Host, u16)> {
        self.hosts.iter().map(|place| (&place.host, place.port))
    }

    pub fn ssl_mode(&self) -> SslMode {
        self.security.mode
    }

    /// How long one host may take.
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Parameters that were given and that mean nothing here, such as Prisma's `schema`.
    pub fn ignored(&self) -> &[(String, String)] {
        &self.ignored
    }

    /// What the user should know, such as a password file that others can read.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    fn connect_to(&self, place: &Place) -> Result<Client, Error> {
        let first = self.attempt(place, self.security.first());
        match (first, self.security.second()) {
            (Err(e), Some(second)) if self.security.worth_another(&e) => {
                // The first error tells what the user asked for; the second only that the way out is closed too.
                self.attempt(place, second).map_err(|_| e)
            }
            (first, _) => first,
        }
    }

    fn attempt(&self, place: &Place, mode: postgres::config::SslMode) -> Result<Client, Error> {
        let mut config = self.config.clone();
        config.port(place.port).ssl_mode(mode);
        if let Some(password) = &place.password {
            config.password(password);
        }
        match &place.host {
            Host::Socket(dir) => {
                config.host_path(dir).ssl_mode(postgres::config::SslMode::Disable);
            }
            Host::Name { name, address } => {
                config.host(name);
                if let Some(address) = address {
                    config.hostaddr(*address);
                }
            }
        }
        let plain = config.get_ssl_mode() == postgres::config::SslMode::Disable;
        let connector = if plain { None } else { Some(self.security.connector(&place.host.shown(place.port))?) };
        // The driver bounds only the TCP handshake; a name server or a silent port can take forever.
        let (send, receive) = mpsc::channel();
        std::thread::spawn(move || {
            let client = match connector {
                Some(connector) => config.connect(connector),
                None => config.connect(NoTls),
            };
            send.send(client).ok();
        });
        match receive.recv_timeout(self.timeout) {
            Ok(Ok(client)) => Ok(client),
            Ok(Err(e)) => Err(server_error::sort(&e, self, &place.host, place.port)),
            Err(_) => Err(Error::Timeout { to: place.host.shown(place.port), seconds: self.timeout.as_secs() }),
        }
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Target").field(&self.redacted()).finish()
    }
}

impl Host {
    pub(super) fn new(name: &str, address: Option<IpAddr>) -> Host {
        if name.starts_with('/') {
            Host::Socket(name.to_owned())
        } else {
            Host::Name { name: name.to_owned(), address }
        }
    }

    /// For people: `host:port`, or the socket's directory.
    pub(super) fn shown(&self, port: u16) -> String {
        match self {
            Host::Socket(dir) => format!("{dir}:{port}"),
            Host::Name { name, .. } if name.contains(':') => format!("[{name}]:{port}"),
            Host::Name { name, .. } => format!("{name}:{port}"),
        }
    }
}

#[cfg(test)]
mod tests;
