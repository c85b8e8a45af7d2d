//! `--backup`: what `pg_dump` writes before the first statement.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use postgres::Client;

use crate::{
    cli::{history::lost, ui::Ui},
    connect::Target,
    diagnostic::Diagnostic,
    model::{Version, parser},
    rehearse,
};

/// Writes the whole database to a file that is not there yet, for `pg_restore`.
///
/// # Errors
/// A diagnostic where that cannot be done.
pub(super) fn backup(path: &Path, url: &str, client: &mut Client, ui: &Ui) -> Result<(), Diagnostic> {
    let failed = |why: String| {
        let found = Diagnostic::error("no-backup", format!("no backup was written to `{}`: {why}", path.display()));
        found.with_help("nothing was run")
    };
    if path.exists() {
        return Err(failed("there is a file of that name already".to_owned()));
    }
    let version = client.query_one("SELECT current_setting('server_version_num')::int4", &[]);
    let version = Version(version.map_err(|error| lost(&error))?.get(0));
    let program = rehearse::pg_dump(version).map_err(&failed)?;
    let target = Target::parse(url).map_err(|error| failed(error.to_string()))?;
    let mut command = Command::new(program);
    command.arg("--format=custom").arg("--file").arg(path).envs(target.variables());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let _progress = ui.progress("writing the backup");
    let started = {
        let _held = parser::undisturbed();
        command.spawn()
    };
    let output = started.and_then(std::process::Child::wait_with_output).map_err(|error| failed(error.to_string()))?;
    if output.status.success() {
        ui.say(&format!("backup: {}", path.display()));
        return Ok(());
    }
    // Half a backup is worse than none.
    let _ = std::fs::remove_file(path);
    Err(failed(String::from_utf8_lossy(&output.stderr).trim().to_owned()))
}
