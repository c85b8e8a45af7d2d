//! `trueup baseline`

use std::path::{Path, PathBuf};

use clap::Args;

use crate::{
    cli::{
        compare::{Comparison, compare},
        config::Config,
        deploy::is_as_made,
        exit::{Ended, Error},
        history::{Opened, Options, lost},
        new, online, renames,
        replay::Replay,
        sizes,
        status::counted,
        ui::Ui,
    },
    diagnostic::Diagnostic,
    history::{self, Migration, Standing, lock, slug},
};

/// Begin a history for a database that was there before it
///
/// Where there are no migrations yet, the first one is written: it makes the database from nothing. Where there are some,
/// the database has to be what they make. They are noted as applied; no statement of a migration is run.
/// Exit codes: 0 done; 1 the database has a history, or is not what the migrations make; 64 the command line is wrong.
#[derive(Clone, Debug, Args)]
pub(crate) struct Arguments {
    /// What the first migration is called
    #[arg(default_value = "baseline")]
    name: String,
    #[command(flatten)]
    history: Options,
    /// The PostgreSQL to rehearse on: auto, embedded, local, local:MAJOR, or postgres://… [default: auto]
    #[arg(long, value_name = "SHADOW")]
    shadow: Option<String>,
}

pub(crate) fn run(arguments: &Arguments, config: Option<&Path>, ui: &Ui) -> Result<Ended, Error> {
    let settings = Config::load(config)?;
    ui.diagnostics(&settings.warnings, &settings.files);
    let mut opened = arguments.history.open_or_new(&settings)?;
    lock::take(&mut opened.client, opened.layout, lock::PATIENCE)?;
    let status = opened.status()?;
    if let Some(known) = status.migrations.iter().find(|it| it.standing != Standing::Pending) {
        let title = format!("the database has a history: {} is in {}", known.shown(), opened.layout.table());
        return Err(Diagnostic::error("not-new", title).with_help("`trueup status` tells it").into());
    }
    match opened.history.is_empty() {
        true => write(arguments, &mut opened, config, ui)?,
        false => {
            let replay = Replay::new(&opened.folder, &opened.history);
            is_as_made(&opened, replay, arguments.shadow.as_deref(), config, ui)?;
        }
    }
    note(&mut opened, status.has_table).map_err(|error| lost(&error))?;
    let migrations = counted(opened.history.len(), "migration");
    ui.say(&format!("{migrations} noted as applied in {}", opened.layout.table()));
    Ok(Ended::Well)
}

/// Writes the first migration.
fn write(arguments: &Arguments, opened: &mut Opened, config: Option<&Path>, ui: &Ui) -> Result<(), Error> {
    let name = slug(&arguments.name)?;
    let comparison = Comparison::for_migration(
        (Some("empty".to_owned()), Some(opened.url.clone())),
        None,
        arguments.shadow.clone(),
        None,
        (online::Options::default(), sizes::Options::default(), renames::Options::default()),
    );
    let (findings, files) = compare(&comparison, config, ui)?;
    ui.diagnostics(&findings.diagnostics, &files);
    if findings.is_faulty() || findings.plan.steps.is_empty() {
        let why = if findings.is_faulty() { "the database cannot be made from nothing" } else { "it is empty" };
        return Err(Diagnostic::error("no-baseline", format!("no migration was written: {why}")).into());
    }
    let text = new::text(&name, opened.layout, &findings);
    let written: Vec<PathBuf> =
        new::write((&opened.folder, opened.layout, &opened.history), &name, &text, Some((&findings, &files)))?;
    new::list(&written)?;
    opened.history = history::history(&opened.folder, opened.layout)?;
    Ok(())
}

fn note(opened: &mut Opened, has_table: bool) -> Result<(), postgres::Error> {
    let mut transaction = opened.client.transaction()?;
    if !has_table {
        transaction.batch_execute(opened.layout.create())?;
    }
    let note = |it: &Migration| opened.layout.note_applied(&mut transaction, it);
    opened.history.iter().try_for_each(note)?;
    transaction.commit()
}
