//! A target for other programs, such as `pg_dump`: in libpq's environment variables, where no list of processes shows it.

use super::{
    Target,
    target::{Host, Place, SslMode},
};

impl Target {
    /// Names and values of the variables (PostgreSQL manual, 34.15 "Environment Variables"). The password may be among them.
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        let joined = |each: &dyn Fn(&Place) -> String| self.hosts.iter().map(each).collect::<Vec<_>>().join(",");
        let host = |place: &Place| match &place.host {
            Host::Name { name, .. } => name.clone(),
            Host::Socket(folder) => folder.clone(),
        };
        let address = |place: &Place| match &place.host {
            Host::Name { address: Some(address), .. } => address.to_string(),
            Host::Name { address: None, .. } | Host::Socket(_) => String::new(),
        };
        let mode = match self.security.mode {
            SslMode::Disable => "disable",
            SslMode::Allow => "allow",
            SslMode::Prefer => "prefer",
            SslMode::Require => "require",
            SslMode::VerifyCa => "verify-ca",
            SslMode::VerifyFull => "verify-full",
        };
        let mut found = vec![
            ("PGHOST", joined(&host)),
            ("PGPORT", joined(&|place| place.port.to_string())),
            ("PGUSER", self.user.clone()),
            ("PGDATABASE", self.database.clone()),
            ("PGSSLMODE", mode.to_owned()),
        ];
        if self.hosts.iter().any(|place| !address(place).is_empty()) {
            found.push(("PGHOSTADDR", joined(&address)));
        }
        found.extend(self.hosts.first().and_then(|place| Some(("PGPASSWORD", place.password.clone()?))));
        let files = [
            ("PGSSLROOTCERT", &self.security.root),
            ("PGSSLCERT", &self.security.certificate),
            ("PGSSLKEY", &self.security.key),
        ];
        found.extend(files.into_iter().filter_map(|(name, file)| Some((name, file.as_ref()?.to_str()?.to_owned()))));
        found
    }
}

#[cfg(test)]
mod tests {
    use crate::connect::Target;

    #[test]
    fn every_part_has_its_variable() {
        let target = Target::parse("host=h,/run port=5433,5434 user=ann password=word dbname=d sslmode=require")
            .expect("a target");
        let found = target.variables();
        let has = |name: &str| found.iter().find(|(it, _)| *it == name).map(|(_, value)| value.as_str());
        assert_eq!(["PGPORT", "PGUSER", "PGDATABASE"].map(has), [Some("5433,5434"), Some("ann"), Some("d")]);
        assert_eq!((has("PGPASSWORD"), has("PGSSLMODE"), has("PGHOSTADDR")), (Some("word"), Some("require"), None));
    }
}
