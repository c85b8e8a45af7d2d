//! `pg_dump` of a database, where there is one that can read it, and a comparison that does not mind the order.

use std::{collections::BTreeSet, process::Command, sync::OnceLock};

use postgres::Client;

/// The schema as `pg_dump` writes it; nothing for the embedded server, which has one session, or without `pg_dump`.
pub(crate) fn of(client: &mut Client) -> Option<String> {
    let setting =
        |client: &mut Client, sql: &str| -> Option<String> { client.query_one(sql, &[]).ok()?.try_get(0).ok() };
    let server: i32 = setting(client, "SELECT current_setting('server_version_num')")?.parse().ok()?;
    let socket =
        setting(client, "SELECT current_setting('unix_socket_directories')").filter(|it| it.starts_with('/'))?;
    let port = setting(client, "SELECT current_setting('port')")?;
    let database = setting(client, "SELECT current_database()::text")?;
    if major()? < server / 10_000 {
        return None;
    }
    let arguments = ["--schema-only", "-h", &socket, "-p", &port, "-U", "postgres", "-d", &database];
    let output = Command::new("pg_dump").args(arguments).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Asked once: to start the program takes longer than most dumps.
fn major() -> Option<i32> {
    static MAJOR: OnceLock<Option<i32>> = OnceLock::new();
    let ask = || {
        let output = Command::new("pg_dump").arg("--version").output().ok()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.split_whitespace().find_map(|word| word.split('.').next()?.parse().ok())
    };
    *MAJOR.get_or_init(ask)
}

/// # Errors
/// What only one of the two has, in words.
pub(crate) fn compare(fresh: Option<String>, migrated: Option<String>) -> Result<(), String> {
    let (Some(fresh), Some(migrated)) = (fresh, migrated) else { return Ok(()) };
    let (fresh, migrated) = (blocks(&fresh), blocks(&migrated));
    if fresh == migrated {
        return Ok(());
    }
    let only = |a: &BTreeSet<String>, b: &BTreeSet<String>| a.difference(b).cloned().collect::<Vec<_>>().join("\n--\n");
    Err(format!("pg_dump differs\nfresh:\n{}\nmigrated:\n{}", only(&fresh, &migrated), only(&migrated, &fresh)))
}

/// Statements with the lines of each table in one order: a column cannot be moved, and is the same wherever it stands.
fn blocks(dump: &str) -> BTreeSet<String> {
    let statements = dump.split("\n\n").map(|block| {
        let kept = block.lines().filter(|line| !line.starts_with("--") && !line.starts_with('\\') && !line.is_empty());
        let mut lines: Vec<&str> = kept.map(|line| line.trim_end_matches(',')).collect();
        let table = |line: &&str| line.starts_with("CREATE ") && line.contains("TABLE");
        let privileges = |line: &&str| line.starts_with("GRANT ") || line.starts_with("REVOKE ");
        if lines.first().is_some_and(|line| table(line) || privileges(line)) {
            lines.sort_unstable();
        }
        let lines: Vec<String> = lines.into_iter().map(in_order).collect();
        // PostgreSQL prints a list of values in two ways.
        lines.join("\n").replace("( VALUES", "(VALUES")
    });
    statements.filter(|block| !block.is_empty()).collect()
}

/// Options in one order: a line of their own in a definition, and a list after `WITH`. Published columns too, which stand
/// as in their table.
fn in_order(line: &str) -> String {
    let start = if line.starts_with("ALTER PUBLICATION ") { " (" } else { "WITH (" };
    let Some((head, rest)) = line.split_once(start) else { return line.to_owned() };
    let Some((list, tail)) = rest.split_once(')') else { return line.to_owned() };
    let mut options: Vec<&str> = list.split(", ").collect();
    options.sort_unstable();
    format!("{head}{start}{}){tail}", options.join(", "))
}
