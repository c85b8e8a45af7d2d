//! `trueup lint [FILES|DIR]`

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::{Args, ValueEnum};

use crate::{
    catalog::Catalog,
    cli::{
        advice::{Circumstances, advice},
        check_proof,
        compare::choice,
        config::Config,
        exit::{Ended, Error},
        filter::Filter,
        findings,
        products::{PROOF, beside},
        profile::{Platform, Profile},
        sample,
        side::{self, Opening},
        sizes::{self, Snapshot},
        stand_ins,
        status::counted,
        ui::{self, Ui},
    },
    diagnostic::{Diagnostic, Hazard, Severity},
    emit::lint::{self, Linted},
    hazards::{Course, Event, Session, Sides, find},
    history,
    model::{Files, Pair, sha256},
    rehearse::{Followed, History, Seen, View, rows::Supply},
    shadow::{self, Choice},
    sources::{self, Migration, Script, introspect::Owners, migrations, programs},
    stats::Sizes,
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
    /// Have the schemas, roles and extensions of a platform in the shadow, and say nothing of them
    #[arg(long, value_enum, value_name = "PLATFORM")]
    profile: Option<Profile>,
    /// How many made-up rows each table has that a migration names [default: 20]
    #[arg(long, value_name = "ROWS")]
    rows: Option<u32>,
    #[command(flatten)]
    sizes: sizes::Options,
    #[command(flatten)]
    sample: sample::Options,
    /// Compare the last migration with what `diff --proof` has written: its text, both states, and what it does
    #[arg(long, value_name = "FILE")]
    check_proof: Option<PathBuf>,
    /// From which severity on a hazard makes the run fail [default: error]
    #[arg(long, value_enum, value_name = "SEVERITY")]
    fail_on: Option<FailOn>,
    /// How to write what was found
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOn {
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

impl FailOn {
    /// Whether one of these counts.
    pub(super) fn is_met(self, hazards: &[Diagnostic]) -> bool {
        let least = match self {
            FailOn::Error => Severity::Error,
            FailOn::Warning => Severity::Warning,
            FailOn::Never => return false,
        };
        hazards.iter().any(|it| least <= it.severity)
    }
}

pub(crate) fn run(arguments: &Arguments, config: Option<&Path>, ui: &Ui) -> Result<Ended, Error> {
    let config = Config::load(config)?;
    let mut files = config.files.clone();
    let word = config.or_said(arguments.shadow.clone(), &config.shadow)?;
    let choice = choice(word.as_deref())?;
    let mut sizes = arguments.sizes.clone();
    sizes.complete(config.stats.as_deref());
    let snapshot = sizes.read(&mut files).map_err(|found| Error::Diagnostics(found, files.clone()))?;
    let profile = arguments.profile.or(config.profile);
    let (mut history, no_migrations) =
        read(&arguments.paths, &mut files).map_err(|found| Error::Diagnostics(found, files.clone()))?;
    if let Some(profile) = profile {
        history.iter_mut().for_each(|read| profile.prepare(&mut read.script));
    }
    let first = first(arguments.since.as_deref(), &history)?;
    let from = side::open(&arguments.from, &mut files).map_err(|found| Error::Diagnostics(found, files.clone()))?;
    let proof = arguments.check_proof.as_deref().map(check_proof::read).transpose()?;
    let sample = arguments.sample.open().map_err(|found| Error::Diagnostics(found, files.clone()))?;
    let supply = arguments.sample.supply(arguments.rows, sample.as_ref());
    let surroundings = Surroundings { word: &arguments.from, from, profile, snapshot: snapshot.as_ref(), supply };
    let (outcome, shadow) = lint(&choice, surroundings, (&history, first), &files, ui)
        .map_err(|found| Error::Diagnostics(found, files.clone()))?;
    let stale: Vec<Diagnostic> = match (&proof, outcome.linted.last(), history.last()) {
        (Some(proof), Some(last), Some(read)) => {
            let sql = std::fs::read_to_string(&read.migration.path).unwrap_or_default();
            check_proof::compare(proof, &sql, &outcome.before, &outcome.after, last)
        }
        _ => Vec::new(),
    };
    let is_stale = !stale.is_empty();
    let left_out = arguments.paths.iter().filter_map(|path| programs(path));
    let idle = sample.as_ref().and_then(findings::idle_patterns);
    let fail_on = arguments.fail_on.or(config.fail_on).unwrap_or(FailOn::Error);
    let left_out = left_out.chain(no_migrations);
    let beside = config.warnings.into_iter().chain(left_out).chain(outcome.notes).chain(idle).chain(stale).collect();
    tell((arguments.format, fail_on), &outcome.linted, history.len() - first, (beside, is_stale), &shadow, &files, ui)
}

/// What is to be said of migrations that are to run.
pub(super) struct Pending {
    pub found: Vec<Diagnostic>,
    /// Whether one of them cannot be carried out.
    pub fails: bool,
}

/// What the migrations of a history do from the one at `first` on, each on the schema and rows before it: what a reader is
/// to see, and what is wrong with the proof of the last of them.
///
/// # Errors
/// What cannot be read, or be rehearsed.
pub(super) fn pending(
    (history, first): (&[history::Migration], usize),
    shadow: Option<&str>,
    config: &Config,
    files: &mut Files,
    ui: &Ui,
) -> Result<Pending, Error> {
    let word = config.or_said(shadow.map(str::to_owned), &config.shadow)?;
    let choice = choice(word.as_deref())?;
    let mut sizes = sizes::Options::default();
    sizes.complete(config.stats.as_deref());
    let told = |found, files: &Files| Error::Diagnostics(found, files.clone());
    let snapshot = sizes.read(files).map_err(|found| told(found, files))?;
    let read = |it: &history::Migration| {
        let migration = Migration { name: it.name.clone(), path: it.path.clone() };
        Ok(Read { migration, script: it.script(files)? })
    };
    let read: Result<Vec<Read>, _> = history.iter().map(read).collect();
    let mut read = read.map_err(|found| told(found, files))?;
    if let Some(profile) = config.profile {
        read.iter_mut().for_each(|read| profile.prepare(&mut read.script));
    }
    let word = "empty";
    let from = side::open(word, files).map_err(|found| told(found, files))?;
    let supply = sample::Options::default().supply(None, None);
    let surroundings = Surroundings { word, from, profile: config.profile, snapshot: snapshot.as_ref(), supply };
    let (outcome, _) = lint(&choice, surroundings, (&read, first), files, ui).map_err(|found| told(found, files))?;
    let mut found: Vec<Diagnostic> = outcome.linted.iter().flat_map(Linted::diagnostics).chain(outcome.notes).collect();
    if let (Some(last), Some(linted)) = (history.last(), outcome.linted.last())
        && linted.name == last.name
        && let Ok(proof) = check_proof::read(&beside(&last.path, PROOF))
        && proof.sql == sha256(&last.text)
    {
        found.extend(check_proof::compare(&proof, &last.text, &outcome.before, &outcome.after, linted));
    }
    Ok(Pending { found, fails: outcome.linted.iter().any(|it| it.failure.is_some()) })
}

struct Read {
    migration: Migration,
    script: Script,
}

/// The migrations, and what is to be said of files that are none.
fn read(paths: &[PathBuf], files: &mut Files) -> Result<(Vec<Read>, Vec<Diagnostic>), Vec<Diagnostic>> {
    let (mut found, mut notes) = (Vec::new(), Vec::new());
    for path in paths {
        let all = migrations(path)?;
        let (known, others) = match of_layout(path) {
            Some(order) => in_order(all, &order),
            None => (all, Vec::new()),
        };
        notes.extend(no_migrations(path, &others));
        for migration in known {
            let script = migration.read(files)?;
            found.push(Read { migration, script });
        }
    }
    Ok((found, notes))
}

/// The files that the tool of a folder takes for migrations, in its order, where it can tell them apart.
fn of_layout(folder: &Path) -> Option<Vec<PathBuf>> {
    let found = history::all(folder, history::detect(folder).ok()?).ok()?;
    let has_twins = found.windows(2).any(|pair| pair[0].key == pair[1].key);
    Some(found.into_iter().map(|it| it.path).collect::<Vec<_>>()).filter(|it| !it.is_empty() && !has_twins)
}

/// Those that have a place, in this order, and the others.
fn in_order(all: Vec<Migration>, order: &[PathBuf]) -> (Vec<Migration>, Vec<Migration>) {
    let places: HashMap<&PathBuf, usize> = order.iter().enumerate().map(|(at, path)| (path, at)).collect();
    let (mut known, others): (Vec<Migration>, Vec<Migration>) =
        all.into_iter().partition(|it| places.contains_key(&it.path));
    known.sort_by_key(|it| places[&it.path]);
    (known, others)
}

fn no_migrations(folder: &Path, others: &[Migration]) -> Option<Diagnostic> {
    let first = others.first()?;
    let count = counted(others.len(), "file");
    let title =
        format!("{count} below `{}` left out: by name and place, no tool of migrations runs that", folder.display());
    Some(Diagnostic::note("left-out", title).with_note(format!("the first of them is `{}`", first.path.display())))
}

/// The migrations that were followed, up to the first that fails.
struct Outcome {
    linted: Vec<Linted>,
    /// What was there before the last of them, and after it.
    before: Arc<Catalog>,
    after: Arc<Catalog>,
    /// What is to be said of the sizes that were known.
    notes: Vec<Diagnostic>,
}

/// What migrations meet, besides each other.
struct Surroundings<'a> {
    /// By which the command line names what is there before them.
    word: &'a str,
    from: Opening,
    profile: Option<Profile>,
    snapshot: Option<&'a Snapshot>,
    supply: Supply<'a>,
}

/// Loads the migrations before the first that is looked at, and follows the others; and says which shadow that was on.
fn lint(
    choice: &Choice,
    Surroundings { word, from, profile, snapshot, supply }: Surroundings<'_>,
    (history, first): (&[Read], usize),
    files: &Files,
    ui: &Ui,
) -> Result<(Outcome, String), Vec<Diagnostic>> {
    let whole = Script {
        statements: history.iter().flat_map(|read| read.script.statements.clone()).collect(),
        ..Script::default()
    };
    let live = side::live_version(&from).map(|version| version.major_number());
    let opened = shadow::open(choice, live).map_err(|error| vec![error.diagnostic()])?;
    let wanted = sources::wanted(&whole, files);
    let mut openings = Pair::new(from, Opening::Text(whole));
    let words = Pair::new(word, "");
    let (opened, platform) = stand_ins::equip(opened, choice, profile, &mut openings, words, files)?;
    let shadow = opened.shadow.as_ref();
    ui.detail(&format!("shadow: {}", shadow.describe()));
    let filter = Filter::default();
    let baseline = |catalog: &mut Catalog| platform.iter().for_each(|platform: &Platform| platform.apply(catalog));
    let apply = |catalog: &mut Catalog| {
        filter.apply(catalog);
        baseline(catalog);
    };
    let view = View { owners: Owners::Stated, filter: &apply, baseline: &baseline };
    // What stands empty explains what is refused.
    let explained = |found: Vec<Diagnostic>| [opened.warnings.clone(), found].concat();
    let mut base = side::read_one(openings.from, word, shadow, files, &wanted, &view).map_err(&explained)?;
    let (mut sizes, said) = sizes::known(snapshot, base.live.as_mut());
    let scratch = match base.scratch.take() {
        Some(scratch) => scratch,
        None => side::copy(shadow, &base.catalog, &wanted, &view)?,
    };
    let _progress = ui.progress("rehearsing");
    let mut database = History::begin(scratch, &view, supply)?;
    let now = database.now().clone();
    if 0 < first {
        database.load(history[..first].iter().map(|read| &read.script), files).map_err(&explained)?;
    }
    let mut outcome = Outcome {
        linted: Vec::new(),
        before: database.now().clone(),
        after: database.now().clone(),
        notes: opened.warnings.iter().chain(&base.notes).cloned().chain(said).collect(),
    };
    for Read { migration, script } in &history[first..] {
        outcome.before = database.now().clone();
        let Followed { statements, failure, rows } = database.follow(script, files)?;
        ui.detail(&format!("{}: {} statements", migration.name, statements.len()));
        outcome.after = database.now().clone();
        let run = Circumstances {
            has_profile: profile.is_some(),
            is_beginning: word == "empty" && outcome.linted.is_empty() && first == 0,
            catches_errors: database.catches_errors(),
        };
        let help = failure.as_ref().map(|failure| advice(failure, run));
        let hazards = hazards(script, &statements, &mut sizes);
        let linted = Linted::new(migration, script, statements, hazards, failure, files);
        outcome.linted.push(Linted { rows, advice: help.clone().unwrap_or_default(), ..linted });
        outcome.notes.extend(script.notes.iter().cloned());
        if help.is_some() {
            break;
        }
    }
    outcome.notes.extend(snapshot.and_then(|it| it.stranger(&[&now, &outcome.after])));
    Ok((outcome, shadow.describe()))
}

/// Those of each statement, which meets what the ones before it in its migration have set. `sizes` go by the names that
/// tables have before it, and afterwards by those after the last.
fn hazards(script: &Script, statements: &[Seen], sizes: &mut Sizes) -> Vec<Vec<Hazard>> {
    let mut session = Session::default();
    let [first, ..] = statements else { return Vec::new() };
    let mut course = Course::new(&first.before, statements.last().map_or(&first.after, |it| &it.after));
    let mut at = 0;
    let each = |seen: &Seen| {
        if script.statements[at..seen.at].iter().any(sources::Statement::ends_transaction) {
            session.end_transaction();
        }
        at = seen.at;
        let sides = Sides::new(&seen.before, &seen.after);
        let event = Event::written(&sides, &seen.sql, &seen.plan, seen.observed.as_ref(), session.clone());
        let mut event = event.within(&course);
        session.hear(&seen.sql);
        event.sizes = Some(sizes);
        let found = find(&event);
        session.is_told |= found.iter().any(|it| it.code == "lacks-lock-timeout");
        course.hear(&event, &seen.plan.changes);
        if let Some(observed) = &seen.observed {
            sizes.follow(&observed.renamed, &observed.gone);
        }
        found
    };
    statements.iter().map(each).collect()
}

/// The place of the first migration that is looked at.
fn first(since: Option<&str>, history: &[Read]) -> Result<usize, Diagnostic> {
    let Some(since) = since else { return Ok(0) };
    let is_it = |read: &Read| read.migration.name == since;
    let resembles_it = |read: &Read| read.migration.name.contains(since);
    let found = history.iter().position(is_it).or_else(|| history.iter().position(resembles_it));
    found.ok_or_else(|| Diagnostic::error("no-migrations", format!("no migration is called `{since}`")))
}

fn tell(
    (format, fail_on): (Format, FailOn),
    linted: &[Linted],
    all: usize,
    (beside, is_stale): (Vec<Diagnostic>, bool),
    shadow: &str,
    files: &Files,
    ui: &Ui,
) -> Result<Ended, Error> {
    if format == Format::Json {
        ui::print(&lint::render(linted, shadow, files)).map_err(Error::Output)?;
    }
    let sampled = linted.iter().filter_map(|it| findings::sample(&it.rows.filling));
    let hazards: Vec<Diagnostic> = linted.iter().flat_map(Linted::diagnostics).collect();
    // What is said of the shadow and of files is no fault of a migration.
    let is_too_bad = fail_on.is_met(&hazards);
    let found: Vec<Diagnostic> = hazards.into_iter().chain(sampled).chain(beside).collect();
    ui.diagnostics(&found, files);
    let counts = |severity: Severity| found.iter().filter(|it| it.severity == severity).count();
    let statements: usize = linted.iter().map(|it| it.statements.len()).sum();
    let of_all = if linted.len() < all { format!(" of {all}") } else { String::new() };
    ui.say(&format!(
        "{}{of_all} migrations, {statements} statements; rehearsed on {shadow}: {} errors, {} warnings",
        linted.len(),
        counts(Severity::Error),
        counts(Severity::Warning),
    ));
    let fails = linted.iter().any(|it| it.failure.is_some());
    Ok(if fails || is_too_bad || is_stale { Ended::WithFault } else { Ended::Well })
}
