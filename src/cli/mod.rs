//! The program: reads the command line, runs one command, says how it ended.

mod advice;
mod baseline;
mod branches;
mod check;
mod check_proof;
mod compare;
mod config;
mod deploy;
mod diff;
mod doctor;
mod drift;
mod exit;
mod explain;
mod filter;
mod findings;
mod fleet;
mod folder;
mod hand;
mod history;
mod in_the_way;
mod lint;
mod mask;
mod new;
mod online;
mod pattern;
mod preflight;
mod products;
mod profile;
mod pull;
mod renames;
mod replay;
mod reset;
mod resolve;
mod rollback;
mod sample;
mod scope;
mod side;
mod sizes;
mod squash;
mod stand_ins;
mod state;
mod stats;
mod status;
pub mod tools;
mod ui;
mod undeclared;
mod verify;
mod way_back;

use std::{ffi::OsString, ops::RangeInclusive, path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

pub use config::{FILE as CONFIG_FILE, KEYS as CONFIG_KEYS, Key as ConfigKey};

/// The major versions of PostgreSQL that a migration can be for.
const VERSIONS: RangeInclusive<i32> = 13..=18;

/// Schema diff and rehearsed migrations for PostgreSQL
///
/// Reads two schema states, writes the ordered SQL that takes one to the other, and rehearses it on a real PostgreSQL
/// that it carries inside.
#[derive(Debug, Parser)]
#[command(name = "trueup", version, max_term_width = 100, subcommand_required = true, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// Say less: nothing but errors
    #[arg(short, long, global = true, conflicts_with = "verbose", display_order = 900)]
    quiet: bool,
    /// Say more: what was read, where, and how long it took
    #[arg(short, long, global = true, display_order = 901)]
    verbose: bool,
    /// When to use colour
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", display_order = 902)]
    color: clap::ColorChoice,
    /// The file with the project's settings [default: trueup.toml here or in a folder above]
    #[arg(long, global = true, value_name = "FILE", display_order = 903)]
    config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    Baseline(baseline::Arguments),
    Check(check::Arguments),
    Deploy(deploy::Arguments),
    Diff(diff::Arguments),
    Doctor(doctor::Arguments),
    Explain(explain::Arguments),
    Lint(lint::Arguments),
    New(new::Arguments),
    Preflight(preflight::Arguments),
    Pull(pull::Arguments),
    Reset(reset::Arguments),
    Resolve(resolve::Arguments),
    Rollback(rollback::Arguments),
    Squash(squash::Arguments),
    Stats(stats::Arguments),
    Status(status::Arguments),
    Verify(verify::Arguments),
}

/// Runs the program with the arguments of the process.
pub fn main() -> ExitCode {
    let mut arguments = std::env::args_os();
    let program = arguments.next();
    let rest: Vec<OsString> = arguments.collect();
    if let Some((first, rest)) = rest.split_first()
        && first == crate::shadow::SERVER_COMMAND
    {
        return serve(rest);
    }
    match Arguments::try_parse_from(program.into_iter().chain(rest)) {
        // Unwinding has removed what the shadows left; the message has been printed.
        Ok(arguments) => std::panic::catch_unwind(|| run(&arguments)).unwrap_or_else(|_| {
            ui::log(
                "this is a fault of Trueup's own; please report it with the lines above and, if you can, both schemas",
            );
            exit::INTERNAL.into()
        }),
        Err(error) => {
            // A reader that has gone away is no error.
            let _ = error.print();
            if error.use_stderr() { exit::USAGE.into() } else { ExitCode::SUCCESS }
        }
    }
}

fn run(arguments: &Arguments) -> ExitCode {
    let ui = ui::Ui::new(arguments.quiet, arguments.verbose, arguments.color);
    if let Err(error) = crate::shadow::clean_up_on_signals() {
        ui.detail(&format!("Ctrl-C will not clean up: {error}"));
    }
    let ended = match &arguments.command {
        Command::Baseline(command) => baseline::run(command, arguments.config.as_deref(), &ui),
        Command::Check(command) => check::run(command, arguments.config.as_deref(), &ui),
        Command::Deploy(command) => deploy::run(command, arguments.config.as_deref(), &ui),
        Command::Diff(command) => diff::run(command, arguments.config.as_deref(), &ui),
        Command::Doctor(command) => doctor::run(command, arguments.config.as_deref(), &ui),
        Command::Explain(command) => explain::run(command, arguments.config.as_deref(), &ui),
        Command::Lint(command) => lint::run(command, arguments.config.as_deref(), &ui),
        Command::New(command) => new::run(command, arguments.config.as_deref(), &ui),
        Command::Preflight(command) => preflight::run(command, arguments.config.as_deref(), &ui),
        Command::Pull(command) => pull::run(command, arguments.config.as_deref(), &ui),
        Command::Reset(command) => reset::run(command, arguments.config.as_deref(), &ui),
        Command::Resolve(command) => resolve::run(command, arguments.config.as_deref(), &ui),
        Command::Rollback(command) => rollback::run(command, arguments.config.as_deref(), &ui),
        Command::Squash(command) => squash::run(command, arguments.config.as_deref(), &ui),
        Command::Stats(command) => stats::run(command, &ui),
        Command::Status(command) => status::run(command, arguments.config.as_deref(), &ui),
        Command::Verify(command) => verify::run(command, arguments.config.as_deref(), &ui),
    };
    exit::code(ended, &ui)
}

/// The hidden command: a shadow's server in a process of its own. Its standard error is the log that the parent reads.
fn serve(arguments: &[OsString]) -> ExitCode {
    match crate::shadow::serve(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            ui::log(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}
