//! `pg_dump` of a database, where there is one that can read it.

use postgres::Client;
use trueup::{connect::Target, model::Version, rehearse::dump};

/// The schema as `pg_dump` writes it; nothing for the embedded server, which has one session, or without `pg_dump`.
pub(crate) fn of(client: &mut Client) -> Option<String> {
    let setting =
        |client: &mut Client, sql: &str| -> Option<String> { client.query_one(sql, &[]).ok()?.try_get(0).ok() };
    let server: i32 = setting(client, "SELECT current_setting('server_version_num')")?.parse().ok()?;
    let socket =
        setting(client, "SELECT current_setting('unix_socket_directories')").filter(|it| it.starts_with('/'))?;
    let port = setting(client, "SELECT current_setting('port')")?;
    let database = setting(client, "SELECT current_database()::text")?;
    let words = format!("host='{socket}' port={port} user=postgres dbname='{database}'");
    dump::dump(&Target::parse(&words).ok()?, Version(server)).ok()
}

/// # Errors
/// What only one of the two has, in words.
pub(crate) fn compare(fresh: Option<String>, migrated: Option<String>) -> Result<(), String> {
    let (Some(fresh), Some(migrated)) = (fresh, migrated) else { return Ok(()) };
    dump::compare(&fresh, &migrated).map_or(Ok(()), |how| Err(format!("pg_dump differs\n{how}")))
}
