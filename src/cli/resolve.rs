//! `trueup resolve --applied NAME | --rolled-back NAME`

use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args};

use crate::{
    cli::{
        config::Config,
        exit::{Ended, Error},
        history::{Opened, Options, lost},
        ui::Ui,
    },
    diagnostic::Diagnostic,
    history::{Migration, Standing, Work, edited, journal, lock},
    model::Files,
    sources::nearest::nearest,
};

/// Note in a database what has become of a migration
///
/// For what was done by hand, or left in the middle. No statement of the migration is run: only the table of the history
/// is written, as the tool of its layout writes it.
/// Exit codes: 0 done; 1 it cannot be so; 64 the command line is wrong.
#[derive(Clone, Debug, Args)]
#[command(group = ArgGroup::new("what").required(true))]
pub(crate) struct Arguments {
    /// This migration is done; also for a database that was there before its history
    #[arg(long, value_name = "NAME", group = "what")]
    applied: Option<String>,
    /// Nothing is there of this migration: it is pending again
    #[arg(long, value_name = "NAME", group = "what")]
    rolled_back: Option<String>,
    /// The statement of this migration that runs outside of a transaction, and that nobody has seen end, has done its work
    #[arg(long, value_name = "NAME", group = "what")]
    done: Option<String>,
    /// It has not, and is to run again
    #[arg(long, value_name = "NAME", group = "what")]
    not_done: Option<String>,
    #[command(flatten)]
    history: Options,
}

pub(crate) fn run(arguments: &Arguments, config: Option<&Path>, ui: &Ui) -> Result<Ended, Error> {
    let config = Config::load(config)?;
    ui.diagnostics(&config.warnings, &config.files);
    let mut opened = arguments.history.open(&config)?;
    lock::take(&mut opened.client, opened.layout, lock::PATIENCE)?;
    let ways: [(&Option<String>, Way); 4] = [
        (&arguments.applied, |opened, name| applied(opened, name).map_err(Error::from)),
        (&arguments.rolled_back, |opened, name| rolled_back(opened, name).map_err(Error::from)),
        (&arguments.done, |opened, name| closed(opened, name, true)),
        (&arguments.not_done, |opened, name| closed(opened, name, false)),
    ];
    for (name, way) in ways {
        if let Some(name) = name {
            ui.say(&way(&mut opened, name)?);
        }
    }
    Ok(Ended::Well)
}

/// Carries it out, and says so.
type Way = fn(&mut Opened, &str) -> Result<String, Error>;

/// Notes what became of a statement that was left open.
fn closed(opened: &mut Opened, name: &str, is_done: bool) -> Result<String, Error> {
    let Some(migration) = opened.history.iter().find(|it| is_called(it, name)) else {
        return Err(unknown(opened, name).into());
    };
    let left = journal::left(&mut opened.client, opened.layout, migration).map_err(|error| lost(&error))?;
    let Some(left) = left.filter(|left| left.is_open) else {
        let title = format!("no statement of {} was left open", migration.name);
        return Err(Diagnostic::error("not-open", title).into());
    };
    let mut files = Files::default();
    let script = migration.script(&mut files).map_err(|found| Error::Diagnostics(found, files.clone()))?;
    let work = Work::new(migration, opened.layout, &script, &files)
        .map_err(|found| Error::Diagnostics(found, files.clone()))?;
    if !left.fits(work.statements()) {
        return Err(edited(migration).into());
    }
    journal::close(&mut opened.client, opened.layout, migration, &left, work.statements(), is_done)
        .map_err(|error| lost(&error))?;
    let word = if is_done { "done" } else { "not done" };
    Ok(format!("statement {} of {} is noted as {word}; `trueup deploy` goes on", left.done + 1, migration.name))
}

fn applied(opened: &mut Opened, name: &str) -> Result<String, Diagnostic> {
    let status = opened.status()?;
    let Some(migration) = opened.history.iter().find(|it| is_called(it, name)) else {
        return Err(unknown(opened, name));
    };
    let standing = status.standing(migration);
    if standing == Some(&Standing::Applied) {
        return Err(Diagnostic::error("already-applied", format!("{} is noted as applied", migration.name)));
    }
    let layout = opened.layout;
    let note = |client: &mut postgres::Client| {
        let mut transaction = client.transaction()?;
        if !status.has_table {
            transaction.batch_execute(layout.create())?;
        }
        if standing == Some(&Standing::Edited) {
            layout.note_rolled_back(&mut transaction, migration, None)?;
        }
        layout.note_applied(&mut transaction, migration)?;
        journal::forget(&mut transaction, layout, migration)?;
        transaction.commit()
    };
    note(&mut opened.client).map_err(|error| lost(&error))?;
    Ok(format!("{} is noted as applied in {}", migration.name, layout.table()))
}

fn rolled_back(opened: &mut Opened, name: &str) -> Result<String, Diagnostic> {
    let status = opened.status()?;
    let at = opened.history.iter().position(|it| is_called(it, name));
    let found = status.migrations.iter().find(|it| it.key == name || it.name == name);
    let Some(entry) = found else { return Err(unknown(opened, name)) };
    if entry.standing.is_pending() {
        let title = format!("nothing is noted of {name}: there is nothing to take back");
        return Err(Diagnostic::error("not-applied", title));
    }
    let orphan = Migration {
        key: entry.key.clone(),
        name: entry.shown().to_owned(),
        path: PathBuf::new(),
        down: None,
        text: String::new(),
    };
    let migration = at.map_or(&orphan, |at| &opened.history[at]);
    let before = at.and_then(|at| opened.history[..at].last());
    let layout = opened.layout;
    let note = |client: &mut postgres::Client| {
        let mut transaction = client.transaction()?;
        layout.note_rolled_back(&mut transaction, migration, before)?;
        journal::forget(&mut transaction, layout, migration)?;
        transaction.commit()
    };
    note(&mut opened.client).map_err(|error| lost(&error))?;
    Ok(format!("{} is noted as rolled back in {}", migration.name, layout.table()))
}

fn is_called(migration: &Migration, name: &str) -> bool {
    migration.name == name || migration.key == name
}

fn unknown(opened: &Opened, name: &str) -> Diagnostic {
    let found = Diagnostic::error("no-migrations", format!("no migration is called `{name}`"));
    let names = opened.history.iter().map(|it| it.name.as_str());
    match nearest(name, names).as_slice() {
        [] => found.with_help("`trueup status` lists them"),
        near => found.with_help(format!("did you mean `{}`?", near.join("` or `"))),
    }
}
