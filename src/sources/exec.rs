//! `exec:COMMAND`: the script that a shell command prints.

use std::process::{Command, Stdio};

use super::{Script, stdin};
use crate::diagnostic::Diagnostic;
use crate::model::{Files, parser};

/// How much of what a failing command printed is shown.
const SHOWN_LINES: usize = 12;

/// Runs the command in the working folder. Its standard input is empty; what it prints on standard error is shown
/// only if it fails.
pub(super) fn read(command: &str, files: &mut Files) -> Result<Script, Vec<Diagnostic>> {
    let started = {
        let _held = parser::undisturbed();
        shell(command).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()
    };
    let output = started
        .and_then(std::process::Child::wait_with_output)
        .map_err(|error| vec![failed(command).with_note(format!("the shell did not start: {error}"))])?;
    if output.status.success() {
        return stdin::script(&format!("exec:{command}"), output.stdout, files);
    }
    let mut diagnostic = match output.status.code() {
        Some(code) => failed(command).with_note(format!("exit code {code}")),
        None => failed(command).with_note(format!("it was ended: {}", output.status)),
    };
    let said = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = said.trim_end().lines().collect();
    if !lines.is_empty() {
        let shown = &lines[lines.len().saturating_sub(SHOWN_LINES)..];
        diagnostic = diagnostic.with_note(format!("it said:\n{}", shown.join("\n")));
    }
    Err(vec![diagnostic])
}

fn failed(command: &str) -> Diagnostic {
    Diagnostic::error("command-failed", format!("the command `{command}` failed"))
}

#[cfg(unix)]
fn shell(command: &str) -> Command {
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", command]);
    shell
}

#[cfg(not(unix))]
fn shell(command: &str) -> Command {
    let mut shell = Command::new("cmd");
    shell.args(["/C", command]);
    shell
}
