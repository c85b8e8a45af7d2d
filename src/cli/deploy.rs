//! `trueup deploy`

use std::{
    collections::BTreeSet,
    path::Path,
    time::{Duration, Instant},
};

use backon::{BackoffBuilder, ExponentialBuilder};
use clap::Args;

use crate::{
    cli::{
        compare::{Comparison, sound},
        config::Config,
        exit::{Ended, Error},
        history::{Opened, Options, lost},
        online::Patience,
        replay::{self, Replay},
        status::{counted, findings},
        ui::Ui,
    },
    diagnostic::{Diagnostic, Severity},
    diff::{Change, Rename},
    history::{self, Entry, Event, Layout, Migration, Standing, Terms, Work, edited, journal, journal::Left, lock},
    model::{Files, Kind, Literal, ObjectId},
    plan::Plan,
    sources::Script,
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
/// Exit codes: 0 nothing is pending any more; 1 a migration failed, or the database or its history is not in order; 64 the
/// command line is wrong.
#[derive(Clone, Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    history: Options,
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
    #[command(flatten)]
    waits: Waits,
    /// The PostgreSQL to replay the history on: auto, embedded, local, local:MAJOR, or postgres://… [default: auto]
    #[arg(long, value_name = "SHADOW")]
    shadow: Option<String>,
}

/// How long others may keep it waiting.
#[derive(Clone, Debug, Args)]
pub(super) struct Waits {
    /// How many seconds to wait while somebody else deploys; 0 leaves at once
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    pub(super) wait: u64,
    /// How long a statement may wait for a lock, where the migration says nothing
    #[arg(long, value_name = "TIME", default_value = "5s")]
    lock_timeout: Patience,
    /// How long a statement may run, where the migration says nothing [default: as the server has it]
    #[arg(long, value_name = "TIME")]
    statement_timeout: Option<Patience>,
    /// How often to try again what somebody else's lock has kept from happening
    #[arg(long, value_name = "TIMES", default_value_t = 8)]
    retries: usize,
}

/// A migration that is to run.
struct Pending {
    migration: Migration,
    script: Script,
    left: Option<Left>,
}

pub(crate) fn run(arguments: &Arguments, config: Option<&Path>, ui: &Ui) -> Result<Ended, Error> {
    let settings = Config::load(config)?;
    ui.diagnostics(&settings.warnings, &settings.files);
    let mut opened = arguments.history.open(&settings)?;
    if !arguments.dry_run {
        lock::take(&mut opened.client, opened.layout, Duration::from_secs(arguments.waits.wait))?;
    }
    let status = opened.status()?;
    let mut files = Files::default();
    let pending = pending(arguments, &mut opened, &status.migrations, &mut files)
        .map_err(|found| Error::Diagnostics(found, files.clone()))?;
    let divide = |it| Ok::<_, Vec<Diagnostic>>((it, work(it, &opened, &files)?));
    let pending: Result<Vec<(&Pending, Work<'_>)>, _> = pending.iter().map(divide).collect();
    let mut pending = pending.map_err(|found| Error::Diagnostics(found, files.clone()))?;
    if let Some(last) = &arguments.to {
        let is_it = |(it, _): &(&Pending, Work<'_>)| it.migration.name == *last || it.migration.key == *last;
        let at = pending.iter().position(is_it).ok_or_else(|| not_pending(last))?;
        pending.truncate(at + 1);
    }
    if pending.is_empty() {
        ui.say("nothing is pending");
        return Ok(Ended::Well);
    }
    // Half a migration is no state that a history makes.
    if !arguments.allow_drift && pending.iter().all(|(it, _)| it.left.is_none()) {
        let replay = Replay::new(&opened.folder, opened.history.iter().filter(|it| status.has_run(it)));
        is_as_made(&opened, replay, arguments.shadow.clone(), config, ui)?;
    }
    if arguments.dry_run {
        pending.iter().for_each(|(it, work)| ui.say(&foretold(it, work)));
        return Ok(Ended::Well);
    }
    if !status.has_table {
        opened.client.batch_execute(opened.layout.create()).map_err(|error| lost(&error))?;
    }
    for (it, work) in &pending {
        apply(&arguments.waits, &mut opened, work, it.left.as_ref(), ui)
            .map_err(|found| Error::Diagnostics(vec![found], files.clone()))?;
    }
    ui.say(&format!("{} applied", counted(pending.len(), "migration")));
    Ok(Ended::Well)
}

/// Runs one migration, and says how that went.
///
/// # Errors
/// A diagnostic with the place in the file.
pub(super) fn apply(
    waits: &Waits,
    opened: &mut Opened,
    work: &Work<'_>,
    left: Option<&Left>,
    ui: &Ui,
) -> Result<(), Diagnostic> {
    let session = session(waits, &opened.session);
    let retries = waits.retries;
    let pauses = move || -> Box<dyn Iterator<Item = Duration>> { Box::new(backoff(retries)) };
    let (start, name) = (Instant::now(), &work.migration.name);
    {
        let progress = ui.progress(name);
        let mut on = |event: Event| match event {
            Event::Runs { at, of } => progress.says(&format!("{name}: statement {} of {of}", at + 1)),
            Event::Pauses { why, pause } => {
                ui.say(&format!("{name}: {why}; trying again in {:.1} s", pause.as_secs_f64()));
            }
        };
        let terms = Terms { session: &session, pauses: &pauses };
        history::apply(&mut opened.client, opened.layout, work, left, &terms, &mut on)?;
    }
    let statements = counted(work.statements().len(), "statement");
    ui.say(&format!("{name}: {statements} in {:.1} s", start.elapsed().as_secs_f64()));
    Ok(())
}

/// What a session begins a migration with.
fn session(arguments: &Waits, own: &[String]) -> Vec<String> {
    let timeout = |name: &str, value: &Patience| format!("SET {name} = {}", Literal(value.as_str()));
    let mut session = vec!["RESET SESSION AUTHORIZATION; RESET ROLE; RESET ALL".to_owned()];
    session.extend(own.iter().cloned());
    session.push(timeout("lock_timeout", &arguments.lock_timeout));
    session.extend(arguments.statement_timeout.iter().map(|it| timeout("statement_timeout", it)));
    session
}

/// From a tenth of a second to ten seconds, each about twice as long as the one before: deployers that wait for each other
/// do not come back at the same moment.
fn backoff(retries: usize) -> impl Iterator<Item = Duration> {
    let builder = ExponentialBuilder::default().with_min_delay(Duration::from_millis(100)).with_jitter();
    builder.with_max_delay(Duration::from_secs(10)).with_max_times(retries).build()
}

/// What is to run, in its order.
///
/// # Errors
/// What is not in order, and what cannot be read.
fn pending(
    arguments: &Arguments,
    opened: &mut Opened,
    standings: &[Entry],
    files: &mut Files,
) -> Result<Vec<Pending>, Vec<Diagnostic>> {
    let mut wrong = Vec::new();
    let mut found = Vec::new();
    for entry in standings {
        let migration = opened.history.iter().find(|it| it.key == entry.key);
        let left = match migration {
            Some(it) => journal::left(&mut opened.client, opened.layout, it).map_err(|error| vec![lost(&error)])?,
            None => None,
        };
        // Another tool may have noted that nothing is there of it any more.
        let is_begun = !opened.layout.notes_beginning() || matches!(entry.standing, Standing::Failed(_));
        let left = left.filter(|_| is_begun);
        let is_due = match &entry.standing {
            Standing::Pending => true,
            Standing::OutOfOrder => arguments.out_of_order,
            Standing::Failed(_) => left.is_some(),
            Standing::Applied | Standing::Edited | Standing::WithoutFile => false,
        };
        match migration {
            Some(migration) if is_due => {
                found.push(Pending { migration: migration.clone(), script: migration.script(files)?, left });
            }
            Some(_) | None => wrong.extend(findings(std::slice::from_ref(entry))),
        }
    }
    if wrong.is_empty() { Ok(found) } else { Err(wrong) }
}

fn work<'a>(it: &'a Pending, opened: &Opened, files: &'a Files) -> Result<Work<'a>, Vec<Diagnostic>> {
    // What was left out when the file was read would be missing.
    let left_out: Vec<Diagnostic> =
        it.script.notes.iter().map(|note| Diagnostic { severity: Severity::Error, ..note.clone() }).collect();
    if !left_out.is_empty() {
        return Err(left_out);
    }
    let work = Work::new(&it.migration, opened.layout, &it.script, files)?;
    match &it.left {
        Some(left) if !left.fits(work.statements()) => Err(vec![edited(&it.migration)]),
        Some(_) | None => Ok(work),
    }
}

fn foretold(it: &Pending, work: &Work<'_>) -> String {
    let how = match (&it.left, work.is_whole()) {
        (Some(left), _) => format!(", from statement {} on", left.done + 1),
        (None, true) => ", in one transaction".to_owned(),
        (None, false) => ", one by one".to_owned(),
    };
    format!("would run {}: {}{how}", it.migration.name, counted(work.statements().len(), "statement"))
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
    shadow: Option<String>,
    config: Option<&Path>,
    ui: &Ui,
) -> Result<(), Error> {
    let comparison = Comparison::with_history(&opened.url, replay, shadow);
    let found = differences(&sound(&comparison, config, ui)?.plan, opened.layout);
    if found.is_empty() { Ok(()) } else { Err(drift(&found, opened).into()) }
}

/// What differs, without what is in something that only one of the two has, and without the table of the history.
fn differences(plan: &Plan, layout: &dyn Layout) -> Vec<String> {
    let table: Vec<&str> = layout.table().split('.').collect();
    let is_historys = |id: &ObjectId| match (id.kind, table.as_slice()) {
        (Kind::Table, [.., name]) => id.name.raw() == *name,
        (Kind::Schema, [schema, _]) => id.name.raw() == *schema,
        _ => false,
    };
    let is_whole = |change: &&Change| matches!(change, Change::Add(_) | Change::Remove(_));
    let wholes: BTreeSet<&ObjectId> = plan.changes.iter().filter(is_whole).map(Change::id).collect();
    let is_told = |id: &ObjectId| !id.upwards().any(&is_historys) && !id.ancestors().any(|it| wholes.contains(it));
    let changed = |change: &Change| match change {
        Change::Remove(id) => format!("{id}: only the database has it"),
        Change::Add(id) => format!("{id}: the database lacks it"),
        Change::Alter(id, attributes) => format!("{id}: {} differs", attributes.join(", ")),
    };
    let renamed = |rename: &Rename| match rename {
        Rename::Object { from, to } => format!("{from} is {to} in the history"),
        Rename::Label { of, from, to } => format!("{of}: the value {from} is {to} in the history"),
    };
    let changes = plan.changes.iter().filter(|it| is_told(it.id())).map(changed);
    plan.renames.iter().map(renamed).chain(changes).collect()
}

/// How many differences are named.
const NAMED: usize = 20;

fn drift(differences: &[String], opened: &Opened) -> Diagnostic {
    let title =
        format!("the database differs from what its history makes: {}", counted(differences.len(), "difference"));
    let found = Diagnostic::error("drift", title);
    let found = differences.iter().take(NAMED).cloned().fold(found, Diagnostic::with_note);
    let found = match differences.len().saturating_sub(NAMED) {
        0 => found,
        more => found.with_note(format!("and {more} more")),
    };
    let history = replay::word(&opened.folder);
    let ways = format!(
        "`trueup diff URL {history}` writes what takes that back, and `trueup diff {history} URL` what it has done, for a \
         migration"
    );
    let others = "`--allow-drift` goes on all the same; `trueup baseline` begins a history for a database that was there before it";
    found.with_help(ways).with_help(others)
}
