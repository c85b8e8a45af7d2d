//! `trueup status`

use std::path::Path;

use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::{
    cli::{
        config::Config,
        exit::{Ended, Error},
        history::Options,
        ui::{self, Ui},
    },
    diagnostic::Diagnostic,
    history::{Entry, Standing, Status},
};

/// Say which migrations a database has run, and which it has not
///
/// The files of the folder are compared with the table that the tool of its layout keeps. Nothing is changed.
/// Exit codes: 0 the history is in order; 1 a migration failed, was edited after it had run, has no file, or would run out
/// of order; 2 some are pending, with --exit-code; 64 the command line is wrong.
#[derive(Clone, Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    history: Options,
    /// Exit with 2 if migrations are pending
    #[arg(long)]
    exit_code: bool,
    /// How to write it
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One line a migration
    Text,
    /// One object, for machines
    Json,
}

pub(crate) fn run(arguments: &Arguments, config: Option<&Path>, ui: &Ui) -> Result<Ended, Error> {
    let config = Config::load(config)?;
    ui.diagnostics(&config.warnings, &config.files);
    let mut opened = arguments.history.open(&config)?;
    let status = opened.status()?;
    let text = match arguments.format {
        Format::Text => table(&status),
        Format::Json => json(opened.layout.name(), &status),
    };
    ui::print(&text).map_err(Error::Output)?;
    let found = findings(&status.migrations);
    ui.diagnostics(&found, &config.files);
    let pending = status.count(|it| matches!(it, Standing::Pending | Standing::OutOfOrder));
    ui.say(&format!(
        "{} in {} ({}): {} applied, {pending} pending",
        counted(opened.history.len(), "migration"),
        opened.folder.display(),
        opened.layout.name(),
        status.count(|it| matches!(
            it,
            Standing::Applied | Standing::Edited | Standing::WithoutFile | Standing::Squashed
        )),
    ));
    Ok(match (found.is_empty(), arguments.exit_code && 0 < pending) {
        (false, _) => Ended::WithFault,
        (true, true) => Ended::WithDifference,
        (true, false) => Ended::Well,
    })
}

pub(super) fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

fn word(standing: &Standing) -> &'static str {
    match standing {
        Standing::Applied => "applied",
        Standing::Pending => "pending",
        Standing::OutOfOrder => "out-of-order",
        Standing::Edited => "edited",
        Standing::Failed(_) => "failed",
        Standing::WithoutFile => "without-file",
        Standing::Squashed => "squashed",
        Standing::Partly(_) => "partly",
    }
}

fn table(status: &Status) -> String {
    let line = |it: &Entry| format!("{:<14}{}\n", word(&it.standing), it.shown());
    status.migrations.iter().map(line).collect()
}

/// What is not in order, and the way on.
pub(super) fn findings(migrations: &[Entry]) -> Vec<Diagnostic> {
    let found = |it: &Entry| {
        let name = it.shown();
        let error = |code, title: String, help: String| Some(Diagnostic::error(code, title).with_help(help));
        match &it.standing {
            Standing::Applied | Standing::Pending | Standing::Squashed => None,
            Standing::Partly(missing) => error(
                "squashed-half-way",
                format!("{name} stands for migrations of which the database has run some, and not {}", missing.join(", ")),
                "run the others from the revision before they were squashed; then `trueup deploy` notes the one instead".into(),
            ),
            Standing::OutOfOrder => error(
                "out-of-order",
                format!("{name} has not run, and migrations after it have"),
                "give it a number after theirs; or if it has run by hand, `trueup resolve --applied` notes that".into(),
            ),
            Standing::Edited => error(
                "edited-migration",
                format!("{name} was changed after it had run"),
                "take the change back, and write another migration; `trueup resolve --applied` takes the text as it is".into(),
            ),
            Standing::Failed(log) => {
                let found = Diagnostic::error("failed-migration", format!("{name} was begun and did not end"));
                let found = log.iter().filter(|it| !it.trim().is_empty()).fold(found, |it, log| it.with_note(log.trim()));
                Some(found.with_help(format!(
                    "once it is clear what it did: `trueup resolve --rolled-back {name}` lets it run again, `trueup resolve \
                     --applied {name}` notes that it is done"
                )))
            }
            Standing::WithoutFile => error(
                "without-file",
                format!("the database has run {name}, and there is no file of it"),
                "take the file from the branch or the person that has it; `trueup resolve --rolled-back` forgets the row"
                    .into(),
            ),
        }
    };
    migrations.iter().filter_map(found).collect()
}

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    layout: &'a str,
    has_table: bool,
    migrations: Vec<MigrationJson<'a>>,
}

#[derive(Serialize)]
struct MigrationJson<'a> {
    key: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    name: &'a str,
    standing: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    log: Option<&'a str>,
}

fn json(layout: &str, status: &Status) -> String {
    let migrations = status.migrations.iter().map(MigrationJson::of).collect();
    let document = Document { version: 1, layout, has_table: status.has_table, migrations };
    serde_json::to_string_pretty(&document).unwrap_or_default() + "\n"
}

impl MigrationJson<'_> {
    fn of(it: &Entry) -> MigrationJson<'_> {
        let log = match &it.standing {
            Standing::Failed(log) => log.as_deref(),
            Standing::Applied
            | Standing::Pending
            | Standing::OutOfOrder
            | Standing::Edited
            | Standing::WithoutFile
            | Standing::Squashed
            | Standing::Partly(_) => None,
        };
        MigrationJson { key: &it.key, name: &it.name, standing: word(&it.standing), log }
    }
}
