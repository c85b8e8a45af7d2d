//! `trueup lint [FILES|DIR]`

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::{Args, ValueEnum};

use crate::{
    catalog::Catalog,
    cli::{
        check_proof,
        compare::ROWS,
        config::Config,
        exit::{Ended, Error},
        filter::Filter,
        side::{self, Opening},
        stand_ins,
        ui::{self, Ui},
    },
    diagnostic::{Diagnostic, Hazard, Severity},
    emit::lint::{self, Linted},
    hazards::{Event, Session, Sides, find},
    model::{Files, Pair},
    rehearse::{Followed, Seen, View, follow},
    shadow::{self, Choice, Opened, Scratch, Wanted},
    sources::{self, Migration, Script, introspect::Owners, migrations},
};

/// Rehearse migrations that were written by hand, or by another tool, each on the schema and rows before it
///
/// PATHS are migration files in the order in which they run, or folders: NAME/migration.sql (Prisma), VERSION_name.sql
/// (Supabase, Flyway, goose, dbmate, sqlx …), VERSION_name.up.sql (golang-migrate). What leads back is left out.
///
/// Each statement is run on a shadow PostgreSQL that holds what the migrations before it have made, with rows in the
/// tables. What it does there is told with its place in the file. To accept a hazard, write above the statement:
/// `-- trueup: ignore CODE the reason`.
/// Exit codes: 0 nothing is wrong; 1 a migration fails, or has a hazard that counts; 64 the command line is wrong.
#[derive(Clone, Debug, Args)]
pub(crate) struct Arguments {
    /// Migration files, or folders of them
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// The schema before the first migration, as for `diff`
    #[arg(long, value_name = "FROM", default_value = "empty")]
    from: String,
    /// Only load the migrations before this one: its name, or a part of it
    #[arg(long, value_name = "NAME")]
    since: Option<String>,
    /// The PostgreSQL to rehearse on: auto, embedded, local, local:MAJOR, or postgres://… [default: auto]
    #[arg(long, value_name = "SHADOW")]
    shadow: Option<String>,
    /// How many made-up rows each table has that a migration names [default: 20]
    #[arg(long, value_name = "ROWS")]
    rows: Option<u32>,
    /// Compare the last migration with what `diff --proof` has written: its text, both states, and what it does
    #[arg(long, value_name = "FILE")]
    check_proof: Option<PathBuf>,
    /// From which severity on a hazard makes the run fail
    #[arg(long, value_enum, value_name = "SEVERITY", default_value_t = FailOn::Error)]
    fail_on: FailOn,
    /// How to write what was found
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FailOn {
    /// A hazard that loses data, or fails on rows
    Error,
    /// One that blocks or breaks others, too
    Warning,
    /// None: only a migration that fails
    Never,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Findings with the place in the file
    Text,
    /// Everything that was seen of each statement, for machines
    Json,
}

pub(crate) fn run(arguments: &Arguments, config: Option<&Path>, ui: &Ui) -> Result<Ended, Error> {
    let config = Config::load(config).map_err(|(found, files)| Error::Diagnostics(found, files))?;
    let mut files = config.files.clone();
    let word = config.or_said(arguments.shadow.clone(), &config.shadow)?;
    let choice = Choice::parse(word.as_deref().unwrap_or("auto")).map_err(|error| {
        Error::Usage(std::iter::once(error.to_string()).chain(error.hint()).collect::<Vec<_>>().join("; "))
    })?;
    let history = read(&arguments.paths, &mut files).map_err(|found| Error::Diagnostics(found, files.clone()))?;
    let from = side::open(&arguments.from, &mut files).map_err(|found| Error::Diagnostics(found, files.clone()))?;
    let proof = arguments.check_proof.as_deref().map(check_proof::read).transpose()?;
    let (outcome, shadow) = lint(arguments, &choice, from, &history, &files, ui)
        .map_err(|found| Error::Diagnostics(found, files.clone()))?;
    let stale = match (&proof, outcome.linted.last(), history.last()) {
        (Some(proof), Some(last), Some(read)) => {
            let sql = std::fs::read_to_string(&read.migration.path).unwrap_or_default();
            check_proof::compare(proof, &sql, &outcome.before, &outcome.after, last)
        }
        _ => Vec::new(),
    };
    tell(arguments, &outcome.linted, stale, &shadow, &files, ui)
}

struct Read {
    migration: Migration,
    script: Script,
}

fn read(paths: &[PathBuf], files: &mut Files) -> Result<Vec<Read>, Vec<Diagnostic>> {
    let mut found = Vec::new();
    for path in paths {
        for migration in migrations(path)? {
            let script = migration.read(files)?;
            found.push(Read { migration, script });
        }
    }
    Ok(found)
}

/// The migrations that were followed, up to the first that fails.
struct Outcome {
    linted: Vec<Linted>,
    /// What was there before the last of them, and after it.
    before: Arc<Catalog>,
    after: Arc<Catalog>,
}

/// Follows the migrations; and says which shadow that was on.
fn lint(
    arguments: &Arguments,
    choice: &Choice,
    from: Opening,
    history: &[Read],
    files: &Files,
    ui: &Ui,
) -> Result<(Outcome, String), Vec<Diagnostic>> {
    let whole = Script {
        statements: history.iter().flat_map(|read| read.script.statements.clone()).collect(),
        ..Script::default()
    };
    let live = side::live_version(&from).map(|version| version.major_number());
    let opened = shadow::open(choice, live).map_err(|error| vec![error.diagnostic()])?;
    let mut openings = Pair::new(from, Opening::Text(whole.clone()));
    let words = Pair::new(arguments.from.as_str(), "");
    let opened = stand_ins::provide(opened, choice, &mut openings, words, files, Default::default())?;
    ui.detail(&format!("shadow: {}", opened.shadow.describe()));
    let filter = Filter::default();
    let apply = |catalog: &mut Catalog| filter.apply(catalog);
    let view = View { owners: Owners::Stated, filter: &apply, ..View::default() };
    let wanted = sources::wanted(&whole, files);
    let mut scratch = base(openings.from, &arguments.from, &opened, &wanted, files, &view)?;
    let _progress = ui.progress("rehearsing");
    let now = Arc::new(view.read(&mut scratch)?);
    let mut outcome = Outcome { linted: Vec::new(), before: now.clone(), after: now };
    let first = first(arguments.since.as_deref(), history)?;
    for (at, Read { migration, script }) in history.iter().enumerate() {
        if at < first {
            sources::load(script, files, &mut scratch.client, &*scratch.adapt)?;
            if at + 1 == first {
                outcome.after = Arc::new(view.read(&mut scratch)?);
            }
            continue;
        }
        let rows = arguments.rows.unwrap_or(ROWS);
        let before = outcome.after.clone();
        let Followed { statements, failure, after, .. } = follow(script, files, &mut scratch, &before, &view, rows)?;
        ui.detail(&format!("{}: {} statements", migration.name, statements.len()));
        (outcome.before, outcome.after) = (before, after);
        let fails = failure.is_some();
        let hazards = hazards(&statements);
        outcome.linted.push(Linted::new(migration, script, statements, hazards, failure, files));
        if fails {
            break;
        }
    }
    Ok((outcome, opened.shadow.describe()))
}

/// Those of each statement, which meets what the ones before it in its migration have set.
fn hazards(statements: &[Seen]) -> Vec<Vec<Hazard>> {
    let mut session = Session::default();
    let each = |seen: &Seen| {
        let sides = Sides::new(&seen.before, &seen.after);
        let event = Event::written(&sides, &seen.sql, &seen.plan, seen.observed.as_ref(), session.clone());
        session.hear(&seen.sql);
        find(&event)
    };
    statements.iter().map(each).collect()
}

/// The place of the first migration that is looked at.
fn first(since: Option<&str>, history: &[Read]) -> Result<usize, Vec<Diagnostic>> {
    let Some(since) = since else { return Ok(0) };
    let is_it = |read: &Read| read.migration.name == since;
    let resembles_it = |read: &Read| read.migration.name.contains(since);
    let found = history.iter().position(is_it).or_else(|| history.iter().position(resembles_it));
    found.ok_or_else(|| vec![Diagnostic::error("no-migrations", format!("no migration is called `{since}`"))])
}

/// A database that holds the state before the first migration.
fn base(
    from: Opening,
    word: &str,
    opened: &Opened,
    wanted: &Wanted,
    files: &Files,
    view: &View<'_>,
) -> Result<Scratch, Vec<Diagnostic>> {
    let shadow = opened.shadow.as_ref();
    let side = side::alone(from, word, shadow, files, wanted, view)?;
    match side.scratch {
        Some(scratch) => Ok(scratch),
        None => side::copy(shadow, &side.catalog, wanted, view),
    }
}

fn tell(
    arguments: &Arguments,
    linted: &[Linted],
    stale: Vec<Diagnostic>,
    shadow: &str,
    files: &Files,
    ui: &Ui,
) -> Result<Ended, Error> {
    if arguments.format == Format::Json {
        ui::print(&lint::render(linted, shadow, files)).map_err(Error::Output)?;
    }
    let is_stale = !stale.is_empty();
    let found: Vec<Diagnostic> = linted.iter().flat_map(Linted::diagnostics).chain(stale).collect();
    ui.diagnostics(&found, files);
    let counts = |severity: Severity| found.iter().filter(|it| it.severity == severity).count();
    let statements: usize = linted.iter().map(|it| it.statements.len()).sum();
    ui.say(&format!(
        "{} migrations, {statements} statements; rehearsed on {shadow}: {} errors, {} warnings",
        linted.len(),
        counts(Severity::Error),
        counts(Severity::Warning),
    ));
    let least = match arguments.fail_on {
        FailOn::Error => Some(Severity::Error),
        FailOn::Warning => Some(Severity::Warning),
        FailOn::Never => None,
    };
    let fails = linted.iter().any(|it| it.failure.is_some());
    let counts = least.is_some_and(|least| found.iter().any(|it| least <= it.severity));
    Ok(if fails || counts || is_stale { Ended::WithFault } else { Ended::Well })
}
