//! Parameters on their way to a [`Target`]: which there are, what stands in for those that are missing, and what
//! their values mean.

use std::path::{Path, PathBuf};
use std::time::Duration;

use postgres::Config;
use postgres::config::{ChannelBinding, SslNegotiation, TargetSessionAttrs};

use super::conninfo::Parameters;
use super::target::{Host, Place, SOCKET_DIRS, SslMode, Target};
use super::{TargetError, passfile, tls};

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// Parameters that change nothing here, or that belong to Prisma's URLs. `Target::ignored` has their values.
const IGNORED: &[&str] = &[
    "client_encoding",
    "fallback_application_name",
    "krbsrvname",
    "gsslib",
    "sslcompression",
    "sslsni",
    "sslcrldir",
    "load_balance_hosts",
    "schema",
    "connection_limit",
    "pool_timeout",
    "pgbouncer",
    "socket_timeout",
    "statement_cache_size",
    "single_use_connections",
];

/// Parameters of libpq that would be wrong to ignore.
const UNSUPPORTED: &[&str] = &[
    "replication",
    "requirepeer",
    "require_auth",
    "sslcrl",
    "sslpassword",
    "ssl_min_protocol_version",
    "ssl_max_protocol_version",
    "sslcertmode",
    "gssdelegation",
    "scram_client_key",
    "scram_server_key",
    "sslkeylogfile",
    "oauth_issuer",
    "oauth_client_id",
    "oauth_client_secret",
    "oauth_scope",
    "servicefile",
    "min_protocol_version",
    "max_protocol_version",
];

/// The environment variables that stand in for missing parameters.
///
/// <https://www.postgresql.org/docs/current/libpq-envars.html>
pub(super) const ENVIRONMENT: &[(&str, &str)] = &[
    ("PGHOST", "host"),
    ("PGHOSTADDR", "hostaddr"),
    ("PGPORT", "port"),
    ("PGDATABASE", "dbname"),
    ("PGUSER", "user"),
    ("PGPASSWORD", "password"),
    ("PGPASSFILE", "passfile"),
    ("PGCHANNELBINDING", "channel_binding"),
    ("PGOPTIONS", "options"),
    ("PGAPPNAME", "application_name"),
    ("PGSSLMODE", "sslmode"),
    ("PGSSLCERT", "sslcert"),
    ("PGSSLKEY", "sslkey"),
    ("PGSSLROOTCERT", "sslrootcert"),
    ("PGSSLNEGOTIATION", "sslnegotiation"),
    ("PGCONNECT_TIMEOUT", "connect_timeout"),
    ("PGTARGETSESSIONATTRS", "target_session_attrs"),
];

/// Parameters on their way to a target; each is taken once.
pub(super) struct Settings {
    pub(super) values: Parameters,
}

impl Settings {
    /// Adds what is not there yet.
    pub(super) fn complete(&mut self, more: Parameters) {
        for (name, value) in more {
            if !self.values.iter().any(|(known, _)| *known == name) {
                self.values.push((name, value));
            }
        }
    }

    /// The last value given, as in libpq.
    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        let mut last = None;
        self.values.retain_mut(|(known, value)| {
            let found = known == name;
            if found {
                last = Some(std::mem::take(value));
            }
            !found
        });
        last.filter(|value| !value.is_empty())
    }

    pub(super) fn into_target(mut self, home: Option<String>) -> Result<Target, TargetError> {
        let user = self.take("user").or_else(|| Some(os_user()?.name)).unwrap_or_else(|| "postgres".to_owned());
        let database = self.take("dbname").unwrap_or_else(|| user.clone());
        let timeout = self.seconds("connect_timeout")?.filter(|time| !time.is_zero()).unwrap_or(DEFAULT_TIMEOUT);
        let mut hosts = self.hosts()?;
        let mut warnings = Vec::new();
        let passfile =
            self.take("passfile").map(PathBuf::from).or_else(|| Some(PathBuf::from(home.clone()?).join(".pgpass")));
        match (self.take("password"), passfile) {
            (Some(password), _) => hosts.iter_mut().for_each(|place| place.password = Some(password.clone())),
            (None, Some(file)) => look_up(&mut hosts, &file, &database, &user, &mut warnings),
            (None, None) => {}
        }
        let security = self.security(home)?;
        let mut config = Config::new();
        config.user(&user).dbname(&database).connect_timeout(timeout);
        self.fill(&mut config)?;
        let ignored = self.leftover()?;
        Ok(Target { hosts, user, database, security, timeout, config, ignored, warnings })
    }

    fn hosts(&mut self) -> Result<Vec<Place>, TargetError> {
        let list = |text: Option<String>| text.map(|text| text.split(',').map(str::to_owned).collect::<Vec<_>>());
        let addresses = list(self.take("hostaddr")).unwrap_or_default();
        let names = list(self.take("host"))
            .unwrap_or_else(|| if addresses.is_empty() { vec![default_host()] } else { addresses.clone() });
        let ports = list(self.take("port")).unwrap_or_else(|| vec!["5432".to_owned()]);
        if ports.len() != 1 && ports.len() != names.len() {
            return Err(TargetError::Ports { hosts: names.len(), ports: ports.len() });
        }
        let mut places = Vec::new();
        for (index, name) in names.iter().enumerate() {
            let port = ports.get(index).unwrap_or(&ports[0]);
            let port = match port.as_str() {
                "" => 5432,
                port => port
                    .parse::<u16>()
                    .ok()
                    .filter(|port| *port > 0)
                    .ok_or_else(|| wrong("port", port, "a number from 1 to 65535"))?,
            };
            let address = match addresses.get(index).filter(|address| !address.is_empty()) {
                Some(address) => Some(address.parse().map_err(|_| wrong("hostaddr", address, "an IP address"))?),
                None => None,
            };
            let name = if name.is_empty() { &default_host() } else { name };
            places.push(Place { host: Host::new(name, address), port, password: None });
        }
        Ok(places)
    }

    fn security(&mut self, home: Option<String>) -> Result<tls::Security, TargetError> {
        let mode = match self.take("sslmode").as_deref() {
            None | Some("prefer") => SslMode::Prefer,
            Some("disable") => SslMode::Disable,
            Some("allow") => SslMode::Allow,
            Some("require") => SslMode::Require,
            Some("verify-ca") => SslMode::VerifyCa,
            Some("verify-full") => SslMode::VerifyFull,
            Some(other) => {
                return Err(wrong(
                    "sslmode",
                    other,
                    "`disable`, `allow`, `prefer`, `require`, `verify-ca` or `verify-full`",
                ));
            }
        };
        // Prisma's way of saying it.
        let mode = match self.take("sslaccept").as_deref() {
            Some("strict") if mode == SslMode::Require => SslMode::VerifyFull,
            _ => mode,
        };
        let in_home = |file: &str| {
            home.as_ref().map(|home| PathBuf::from(home).join(".postgresql").join(file)).filter(|path| path.is_file())
        };
        Ok(tls::Security {
            mode,
            root: self.take("sslrootcert").map(PathBuf::from).or_else(|| in_home("root.crt")),
            certificate: self.take("sslcert").map(PathBuf::from).or_else(|| in_home("postgresql.crt")),
            key: self.take("sslkey").map(PathBuf::from).or_else(|| in_home("postgresql.key")),
        })
    }

    fn fill(&mut self, config: &mut Config) -> Result<(), TargetError> {
        config.application_name(self.take("application_name").as_deref().unwrap_or("trueup"));
        if let Some(options) = self.take("options") {
            config.options(&options);
        }
        if let Some(keepalives) = self.take("keepalives") {
            config.keepalives(keepalives != "0");
        }
        if let Some(idle) = self.seconds("keepalives_idle")? {
            config.keepalives_idle(idle);
        }
        if let Some(interval) = self.seconds("keepalives_interval")? {
            config.keepalives_interval(interval);
        }
        if let Some(count) = self.seconds("keepalives_count")? {
            config.keepalives_retries(u32::try_from(count.as_secs()).unwrap_or(u32::MAX));
        }
        if let Some(millis) = self.seconds("tcp_user_timeout")? {
            config.tcp_user_timeout(millis / 1000);
        }
        match self.take("target_session_attrs").as_deref() {
            None | Some("any") => {}
            Some("read-write" | "primary") => drop(config.target_session_attrs(TargetSessionAttrs::ReadWrite)),
            Some("read-only" | "standby") => drop(config.target_session_attrs(TargetSessionAttrs::ReadOnly)),
            Some("prefer-standby") => {}
            Some(other) => return Err(wrong("target_session_attrs", other, "`any`, `read-write` or `read-only`")),
        }
        match self.take("channel_binding").as_deref() {
            None | Some("prefer") => {}
            Some("disable") => drop(config.channel_binding(ChannelBinding::Disable)),
            Some("require") => drop(config.channel_binding(ChannelBinding::Require)),
            Some(other) => return Err(wrong("channel_binding", other, "`disable`, `prefer` or `require`")),
        }
        match self.take("sslnegotiation").as_deref() {
            None | Some("postgres") => {}
            Some("direct") => drop(config.ssl_negotiation(SslNegotiation::Direct)),
            Some(other) => return Err(wrong("sslnegotiation", other, "`postgres` or `direct`")),
        }
        match self.take("gssencmode").as_deref() {
            None | Some("disable" | "prefer") => Ok(()),
            Some(_) => Err(TargetError::Unsupported("gssencmode=require".to_owned())),
        }
    }

    /// What nothing took: ignored with knowledge, or an error.
    fn leftover(self) -> Result<Parameters, TargetError> {
        for (name, _) in &self.values {
            if UNSUPPORTED.contains(&name.as_str()) {
                return Err(TargetError::Unsupported(name.clone()));
            }
            if !IGNORED.contains(&name.as_str()) {
                return Err(TargetError::Unknown(name.clone()));
            }
        }
        Ok(self.values)
    }

    fn seconds(&mut self, name: &str) -> Result<Option<Duration>, TargetError> {
        let Some(text) = self.take(name) else { return Ok(None) };
        let seconds = text.trim().parse::<i64>().map_err(|_| wrong(name, &text, "a whole number"))?;
        Ok(Some(Duration::from_secs(u64::try_from(seconds).unwrap_or(0))))
    }
}

fn wrong(name: &str, value: &str, takes: &'static str) -> TargetError {
    TargetError::Value { name: name.to_owned(), value: value.to_owned(), takes }
}

fn look_up(hosts: &mut [Place], file: &Path, database: &str, user: &str, warnings: &mut Vec<String>) {
    for place in hosts {
        let host = match &place.host {
            Host::Name { name, .. } | Host::Socket(name) => name.clone(),
        };
        match passfile::password(file, &passfile::Wanted { host: &host, port: place.port, database, user }) {
            Ok(password) => place.password = password,
            Err(warning) if !warnings.contains(&warning) => warnings.push(warning),
            Err(_) => {}
        }
    }
}

fn default_host() -> String {
    let there = |dir: &&&str| Path::new(dir).is_dir();
    SOCKET_DIRS.iter().find(there).map_or_else(|| "localhost".to_owned(), |dir| (*dir).to_owned())
}

pub(super) fn os_user() -> Option<nix::unistd::User> {
    nix::unistd::User::from_uid(nix::unistd::Uid::effective()).ok().flatten()
}
