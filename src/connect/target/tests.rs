//! Resolution of connection strings, environment and defaults.

use super::{SslMode, Target, TargetError};

fn target(text: &str, environment: &[(&str, &str)]) -> Result<Target, TargetError> {
    let environment: Vec<(String, String)> =
        environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Target::resolve(text, &|name| {
        let found = environment.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
        found.or_else(|| (name == "HOME").then(|| "/nonexistent".to_owned()))
    })
}

fn redacted(text: &str, environment: &[(&str, &str)]) -> String {
    target(text, environment).map_or_else(|e| format!("error: {e}"), |target| target.redacted())
}

#[test]
fn strings_and_environment_make_a_target() {
    for (text, environment, expected) in [
        ("postgres://ann:pw@h:1/app", &[][..], "postgres://ann@h:1/app"),
        ("host=h user=ann", &[], "postgres://ann@h:5432/ann"),
        ("", &[("PGHOST", "e"), ("PGUSER", "ann"), ("PGDATABASE", "d"), ("PGPORT", "7")], "postgres://ann@e:7/d"),
        ("postgres://h/app", &[("PGHOST", "e"), ("PGUSER", "ann")], "postgres://ann@h:5432/app"),
        ("postgres:///app?host=/run/pg", &[("PGUSER", "ann")], "postgres://ann@/run/pg:5432/app"),
        ("postgres://a:1,b:2/d?user=ann", &[], "postgres://ann@a:1,b:2/d"),
        (
            "host=a,b port=1,2,3 user=u",
            &[],
            "error: there are 2 hosts and 3 ports; give one port, or one for each host",
        ),
        (
            "host=h user=u port=0",
            &[],
            "error: `0` is not a value of connection parameter `port`, which takes a number from 1 to 65535",
        ),
        ("host=h user=u colour=red", &[], "error: unknown connection parameter `colour`"),
        ("host=h user=u replication=true", &[], "error: connection parameter `replication` is not supported"),
        ("postgres://[::1]/d?user=u", &[], "postgres://u@[::1]:5432/d"),
    ] {
        assert_eq!(redacted(text, environment), expected, "{text} {environment:?}");
    }
}

#[test]
fn sslmode_comes_from_all_three_places() {
    let mode = |text, environment| target(text, environment).expect("a target").ssl_mode();
    assert_eq!(mode("host=h user=u", &[]), SslMode::Prefer);
    assert_eq!(mode("host=h user=u", &[("PGSSLMODE", "verify-full")]), SslMode::VerifyFull);
    assert_eq!(mode("postgres://u@h/?sslmode=disable", &[("PGSSLMODE", "verify-full")]), SslMode::Disable);
    assert!(target("host=h user=u sslmode=sometimes", &[]).is_err());
}

#[test]
fn prisma_parameters_are_kept_aside() {
    let target = target("postgres://u@h/d?schema=app&connection_limit=1", &[]).expect("a target");
    assert_eq!(target.ignored()[0], ("schema".to_owned(), "app".to_owned()));
}

#[test]
fn no_form_shows_the_password() {
    let target = target("postgres://ann:hunter2@h.invalid/app", &[]).expect("a target");
    let shown = format!("{target:?} {target:#?} {} {:?}", target.redacted(), target.with_database("x"));
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[test]
fn another_database_on_the_same_server() {
    let target = target("postgres://ann@h/app", &[]).expect("a target").with_database("other");
    assert_eq!(target.redacted(), "postgres://ann@h:5432/other");
    assert_eq!(target.config.get_dbname(), Some("other"));
}
