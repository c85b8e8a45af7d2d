//! `trueup deploy`

mod backup;
mod bounds;
mod common;
mod fleet;
mod hooks;
mod waits;
mod watch;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, mpsc},
    thread,
    time::{Duration, Instant},
};

use clap::Args;

pub(crate) use self::{bounds::Bounds, hooks::Hooks, waits::Waits};
use self::{
    common::{Common, Read},
    hooks::Hooked,
    waits::{backoff, session},
    watch::Watch,
};

use crate::{
    cli::{
        config::Config,
        drift::{Difference, unlike},
        exit::{Ended, Error},
        fleet::{Failures, Options as Targets, Target},
        history::{Opened, Options, lost},
        lint::FailOn,
        replay::{self, Replay},
        status::{counted, findings},
        ui::Ui,
    },
    diagnostic::{Diagnostic, Severity},
    history::{self, Entry, Event, Migration, Standing, Status, Terms, Work, edited, journal, journal::Left, lock},
};

/// Run the migrations that a database has not run yet
///
/// Each runs in one transaction together with the note that it has run, so that a database can always tell what is done.
/// Where a statement does not go into a transaction (CREATE INDEX CONCURRENTLY), or the migration says
/// `-- trueup: no-transaction`, its statements run one by one and each is noted with its effect: whatever interrupts that,
/// the next `deploy` goes on after what is done.
///
/// Before the first statement the database is compared with what its history makes. What waits for a lock for too long is
/// tried again. Only one deploys at a time.
///
/// With --targets the same is done for many databases, or for many schemas, some of them at a time: the canaries first, one
/// after the other. What each has come to is printed as a table, and failures are told. The next `deploy` goes on with those
/// that are not done.
/// Exit codes: 0 nothing is pending any more; 1 a migration failed, or the database or its history is not in order, or a target
/// was not begun; 64 the command line is wrong.
#[derive(Clone, Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(super) history: Options,
    /// Stop after this migration
    #[arg(long, value_name = "NAME")]
    to: Option<String>,
    /// Say what would run, and run nothing
    #[arg(long)]
    dry_run: bool,
    /// Go on though the database is not what its history makes
    #[arg(long)]
    allow_drift: bool,
    /// Run what comes before migrations that have run, too
    #[arg(long)]
    out_of_order: bool,
    /// Have pg_dump write the database to this file first
    #[arg(long, value_name = "FILE", conflicts_with = "targets")]
    backup: Option<PathBuf>,
    /// Rehearse what is pending, and refuse hazards from this severity on that no comment accepts [default: never]
    #[arg(long, value_enum, value_name = "SEVERITY")]
    fail_on: Option<FailOn>,
    #[command(flatten)]
    pub(super) fleet: Targets,
    #[command(flatten)]
    waits: Waits,
    #[command(flatten)]
    bounds: bounds::Options,
    /// The PostgreSQL to replay the history on: auto, embedded, local, local:MAJOR, or postgres://… [default: auto]
    #[arg(long, value_name = "SHADOW")]
    shadow: Option<String>,
}

/// A migration that is to run.
struct Pending {
    read: Arc<Read>,
    left: Option<Left>,
}

impl Arguments {
    pub(crate) fn is_dry(&self) -> bool {
        self.dry_run
    }
}

pub(crate) fn run(arguments: &Arguments, config: Option<&Path>, ui: &Ui) -> Result<Ended, Error> {
    let settings = Config::load(config)?;
    ui.diagnostics(&settings.warnings, &settings.files);
    let common = Common::new(arguments, &settings, config, fleet::alike(arguments));
    if let Some(fleet) = arguments.fleet.read(Failures::Stop, ui)? {
        return fleet::run(&common, &fleet, &arguments.history.place(&settings)?, ui);
    }
    one(&common, &mut arguments.history.open(&settings)?, None, ui)?;
    Ok(Ended::Well)
}

/// What was done in one database; how many migrations that were.
enum Done {
    Nothing,
    /// They would have run.
    Foretold(usize),
    Applied(usize),
}

/// Runs what is pending in one database.
///
/// # Errors
/// What was in the way, and what has failed.
fn one(common: &Common<'_>, opened: &mut Opened, target: Option<&Target>, ui: &Ui) -> Result<Done, Error> {
    let arguments = common.arguments;
    if !arguments.dry_run {
        lock::take(&mut opened.client, opened.layout, Duration::from_secs(arguments.waits.wait))?;
    }
    let status = opened.status()?;
    let pending = pending(common, opened, &status.migrations)?;
    let divided: Result<Vec<(&Pending, Work<'_>)>, Error> =
        pending.iter().map(|it| Ok((it, work(it, opened)?))).collect();
    let mut pending = divided?;
    if let Some(last) = &arguments.to {
        let is_it = |it: &Migration| it.name == *last || it.key == *last;
        // Of many databases, some have come so far already.
        let has_run = opened.history.iter().any(|it| is_it(it) && status.has_run(it));
        match pending.iter().position(|(it, _)| is_it(&it.read.migration)) {
            Some(at) => pending.truncate(at + 1),
            None if target.is_some() && has_run => pending.clear(),
            None => return Err(not_pending(last).into()),
        }
    }
    if !arguments.dry_run {
        for name in opened.note_squashed(&status)? {
            ui.say(&format!("{name}: noted in place of those that it stands for"));
        }
    }
    if pending.is_empty() {
        ui.say("nothing is pending");
        return Ok(Done::Nothing);
    }
    // Half a migration is no state that a history makes.
    if !arguments.allow_drift && pending.iter().all(|(it, _)| it.left.is_none()) {
        not_moved(common, opened, &status, ui)?;
    }
    common.refuse_hazards(opened, &pending[0].0.read.migration, ui)?;
    if arguments.dry_run {
        pending.iter().for_each(|(it, work)| ui.say(&foretold(it, work)));
        return Ok(Done::Foretold(pending.len()));
    }
    if let Some(path) = &arguments.backup {
        backup::backup(path, &opened.url, &mut opened.client, ui)?;
    }
    let url = opened.url.clone();
    let hooks = Hooked::new(common.settings, &url, target);
    hooks.before_deploy()?;
    if !status.has_table {
        opened.client.batch_execute(opened.layout.create()).map_err(|error| lost(&error))?;
    }
    for (it, work) in &pending {
        hooks.before_migration(&it.read.migration.name)?;
        apply((&arguments.waits, common.bounds()), opened, work, it.left.as_ref(), ui)
            .map_err(|found| Error::Diagnostics(vec![found], it.read.files.clone()))?;
        hooks.after_migration(&it.read.migration.name)?;
    }
    hooks.after_deploy()?;
    ui.say(&format!("{} applied", counted(pending.len(), "migration")));
    Ok(Done::Applied(pending.len()))
}

/// Compares the database with what its history makes. One schema of several has no history that makes the whole database.
///
/// # Errors
/// A diagnostic with what differs.
fn not_moved(common: &Common<'_>, opened: &mut Opened, status: &Status, ui: &Ui) -> Result<(), Error> {
    let replay = Replay::new(&opened.folder, opened.history.iter().filter(|it| status.has_run(it)));
    let shadow = common.arguments.shadow.as_deref();
    let Some(alike) = &common.alike else { return is_as_made(opened, replay, shadow, common.config, ui) };
    if opened.is_one_schema() {
        return Ok(());
    }
    let look = |opened: &Opened| unlike(opened, replay.clone(), shadow, common.config, ui);
    in_order(&alike.look(opened, status, &look)?, opened)
}

/// Runs one migration, and says how that went.
///
/// # Errors
/// A diagnostic with the place in the file.
pub(super) fn apply(
    (waits, bounds): (&Waits, &Bounds),
    opened: &mut Opened,
    work: &Work<'_>,
    left: Option<&Left>,
    ui: &Ui,
) -> Result<(), Diagnostic> {
    let session = session(waits, &opened.session);
    let retries = waits.retries;
    let pauses = move || -> Box<dyn Iterator<Item = Duration>> { Box::new(backoff(retries)) };
    let allows = |client: &mut postgres::Client| bounds.allow(client);
    let (start, name) = (Instant::now(), &work.migration.name);
    let watch = Watch::of(&opened.url, &mut opened.client);
    let (end, ended) = mpsc::channel::<()>();
    let progress = ui.progress(name);
    thread::scope(|scope| {
        let progress = &progress;
        if let Some(watch) = watch {
            scope.spawn(move || watch.look(name, &ended, progress, ui));
        }
        let mut on = |event: Event| match event {
            Event::Runs { at, of } => progress.says(&format!("{name}: statement {} of {of}", at + 1)),
            Event::Pauses { why, pause } => {
                ui.say(&format!("{name}: {why}; trying again in {:.1} s", pause.as_secs_f64()));
            }
        };
        let terms = Terms { session: &session, pauses: &pauses, allows: &allows };
        let applied = history::apply(&mut opened.client, opened.layout, work, left, &terms, &mut on);
        drop(end);
        applied
    })?;
    drop(progress);
    let statements = counted(work.statements().len(), "statement");
    ui.say(&format!("{name}: {statements} in {:.1} s", start.elapsed().as_secs_f64()));
    Ok(())
}

/// What is to run, in its order.
///
/// # Errors
/// What is not in order, and what cannot be read.
fn pending(common: &Common<'_>, opened: &mut Opened, standings: &[Entry]) -> Result<Vec<Pending>, Error> {
    let mut wrong = Vec::new();
    let mut found = Vec::new();
    for entry in standings {
        let migration = opened.history.iter().find(|it| it.key == entry.key);
        let left = match migration {
            Some(it) => journal::left(&mut opened.client, opened.layout, it).map_err(|error| lost(&error))?,
            None => None,
        };
        // Another tool may have noted that nothing is there of it any more.
        let is_begun = !opened.layout.notes_beginning() || matches!(entry.standing, Standing::Failed(_));
        let left = left.filter(|_| is_begun);
        let is_due = match &entry.standing {
            Standing::Pending => true,
            Standing::OutOfOrder => common.arguments.out_of_order,
            Standing::Failed(_) => left.is_some(),
            Standing::Applied | Standing::Edited | Standing::WithoutFile => false,
            Standing::Squashed | Standing::Partly(_) => false,
        };
        match migration {
            Some(migration) if is_due => found.push(Pending { read: common.read(migration)?, left }),
            Some(_) | None => wrong.extend(findings(std::slice::from_ref(entry))),
        }
    }
    if wrong.is_empty() { Ok(found) } else { Err(wrong.into()) }
}

/// # Errors
/// Diagnostics with the place in the file.
fn work<'a>(it: &'a Pending, opened: &Opened) -> Result<Work<'a>, Error> {
    let Read { migration, script, files } = &*it.read;
    let wrong = |found| Error::Diagnostics(found, files.clone());
    // What was left out when the file was read would be missing.
    let left_out: Vec<Diagnostic> =
        script.notes.iter().map(|note| Diagnostic { severity: Severity::Error, ..note.clone() }).collect();
    if !left_out.is_empty() {
        return Err(wrong(left_out));
    }
    let work = Work::new(migration, opened.layout, script, files).map_err(wrong)?;
    match &it.left {
        Some(left) if !left.fits(work.statements()) => Err(edited(migration).into()),
        Some(_) | None => Ok(work),
    }
}

fn foretold(it: &Pending, work: &Work<'_>) -> String {
    let how = match (&it.left, work.is_whole()) {
        (Some(left), _) => format!(", from statement {} on", left.done + 1),
        (None, true) => ", in one transaction".to_owned(),
        (None, false) => ", one by one".to_owned(),
    };
    format!("would run {}: {}{how}", it.read.migration.name, counted(work.statements().len(), "statement"))
}

fn not_pending(name: &str) -> Diagnostic {
    Diagnostic::error("not-pending", format!("no migration that is pending is called `{name}`"))
        .with_help("`trueup status` lists them")
}

/// Compares the database with what a history makes.
///
/// # Errors
/// A diagnostic with what differs.
pub(super) fn is_as_made(
    opened: &Opened,
    replay: Replay,
    shadow: Option<&str>,
    config: Option<&Path>,
    ui: &Ui,
) -> Result<(), Error> {
    in_order(&unlike(opened, replay, shadow, config, ui)?, opened)
}

/// How many differences are named.
const NAMED: usize = 20;

fn in_order(differences: &[Difference], opened: &Opened) -> Result<(), Error> {
    if differences.is_empty() {
        return Ok(());
    }
    let title =
        format!("the database differs from what its history makes: {}", counted(differences.len(), "difference"));
    let found = Diagnostic::error("drift", title);
    let found = differences.iter().take(NAMED).map(Difference::shown).fold(found, Diagnostic::with_note);
    let found = match differences.len().saturating_sub(NAMED) {
        0 => found,
        more => found.with_note(format!("and {more} more")),
    };
    let history = replay::word(&opened.folder);
    let ways = format!(
        "`trueup check` tells who has moved; `trueup diff URL {history}` writes what takes that back, and `trueup diff {history} \
         URL` what it has done, for a migration"
    );
    let others = "`--allow-drift` goes on all the same; `trueup baseline` begins a history for a database that was there before it";
    Err(found.with_help(ways).with_help(others).into())
}
