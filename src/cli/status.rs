//! `trueup status`

use std::path::Path;

use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::{
    cli::{
        config::Config,
        exit::{Ended, Error},
        fleet::{Failures, Fleet, Options as Targets, Ran},
        history::{Options, Place},
        ui::{self, Ui},
    },
    diagnostic::Diagnostic,
    emit::fleet::{self, Row},
    history::{Entry, Standing, Status},
    model::Files,
};

/// Say which migrations a database has run, and which it has not
///
/// The files of the folder are compared with the table that the tool of its layout keeps. Nothing is changed. With --targets
/// that is done for many databases, or for many schemas, some of them at a time, and told in one line for each.
/// Exit codes: 0 the history is in order; 1 a migration failed, was edited after it had run, has no file, or would run out
/// of order, or a target does not answer; 2 some are pending, with --exit-code; 64 the command line is wrong.
#[derive(Clone, Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    history: Options,
    #[command(flatten)]
    fleet: Targets,
    /// Exit with 2 if migrations are pending
    #[arg(long)]
    exit_code: bool,
    /// How to write it
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One line a migration, or a target
    Text,
    /// One object, for machines
    Json,
}

pub(crate) fn run(arguments: &Arguments, config: Option<&Path>, ui: &Ui) -> Result<Ended, Error> {
    let config = Config::load(config)?;
    ui.diagnostics(&config.warnings, &config.files);
    if let Some(fleet) = arguments.fleet.read(Failures::GoOn, ui)? {
        return of_all(arguments, &fleet, &arguments.history.place(&config)?, ui);
    }
    let mut opened = arguments.history.open(&config)?;
    let status = opened.status()?;
    let text = match arguments.format {
        Format::Text => table(&status),
        Format::Json => json(opened.layout.name(), &status),
    };
    ui::print(&text).map_err(Error::Output)?;
    let found = findings(&status.migrations);
    ui.diagnostics(&found, &config.files);
    let Counts { applied, pending } = Counts::of(&status);
    ui.say(&format!(
        "{} in {} ({}): {applied} applied, {pending} pending",
        counted(opened.history.len(), "migration"),
        opened.folder.display(),
        opened.layout.name(),
    ));
    Ok(match (found.is_empty(), arguments.exit_code && 0 < pending) {
        (false, _) => Ended::WithFault,
        (true, true) => Ended::WithDifference,
        (true, false) => Ended::Well,
    })
}

/// How far a database has come.
pub(super) struct Counts {
    pub applied: usize,
    pub pending: usize,
}

impl Counts {
    pub(super) fn of(status: &Status) -> Counts {
        let is_applied = |it: &Standing| {
            matches!(it, Standing::Applied | Standing::Edited | Standing::WithoutFile | Standing::Squashed)
        };
        Counts { applied: status.count(is_applied), pending: status.count(Standing::is_pending) }
    }
}

/// How things stand with a target: how far it has come, and how many findings there are.
struct Stands {
    counts: Counts,
    faults: usize,
}

/// The same of each target, in one line.
fn of_all(arguments: &Arguments, fleet: &Fleet, place: &Place, ui: &Ui) -> Result<Ended, Error> {
    fleet.fits(place.layout)?;
    let ran = fleet.each(ui, &|target, ui| {
        let status = target.open(place)?.status()?;
        let found = findings(&status.migrations);
        ui.diagnostics(&found, &Files::default());
        Ok(Stands { counts: Counts::of(&status), faults: found.len() })
    });
    let rows: Vec<Row> = ran.into_iter().map(row).collect();
    let text = match arguments.format {
        Format::Text => fleet::table(&rows),
        Format::Json => fleet::json(&rows, None),
    };
    ui::print(&text).map_err(Error::Output)?;
    Ok(Fleet::ended(&rows, arguments.exit_code, ui))
}

fn row(ran: Ran<Stands>) -> Row {
    ran.row(|name, Stands { counts: Counts { applied, pending }, faults }| {
        let (outcome, wrong) = match (faults, pending) {
            (0, 0) => ("in-order", String::new()),
            (0, _) => ("pending", String::new()),
            (_, _) => ("not-in-order", format!(", {faults} not in order")),
        };
        let row = Row::new(name, outcome, format!("{applied} applied, {pending} pending{wrong}"));
        Row { applied: Some(applied), pending: Some(pending), ..row }
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
