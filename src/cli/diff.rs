//! `trueup diff FROM TO`

use std::{
    path::PathBuf,
    sync::atomic::{AtomicBool, Ordering},
};

use clap::{Args, ValueEnum};

use crate::{
    catalog::{Catalog, Entry},
    cli::{
        exit::{Ended, Error},
        filter::{Filter, Pattern},
        profile::{Platform, Profile},
        side::{self, Side},
        stand_ins,
        ui::{self, Ui},
    },
    ddl::{Leaves, Target},
    diagnostic::Diagnostic,
    diff::Change,
    emit::{
        json::{self, Report, Verdict},
        sql::{self, Style},
    },
    model::{Files, ObjectId, Pair, Version},
    plan::{Plan, Step, plan},
    rehearse::{Convergence, Failure, View, rehearse, settle, wanted},
    shadow::{self, Choice, Shadow},
};

/// Write the SQL that takes one schema to another, and rehearse it
///
/// FROM and TO name schema states: a .sql file, a folder of them in any order, a pg_dump file, a live database
/// (postgres://…, or host=… dbname=…), git:REVISION:PATH, exec:COMMAND, - for standard input, or empty.
///
/// The plan is run in a shadow PostgreSQL that holds FROM, and the result is compared with TO, attribute by attribute.
/// Exit codes: 0 done; 1 something is wrong, or the plan does not reach TO; 2 there is a difference, with --exit-code;
/// 64 the command line is wrong.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The schema as it is
    from: String,
    /// The schema as it should be
    to: String,
    /// The PostgreSQL to rehearse on: auto, embedded, local, local:MAJOR, or postgres://…
    #[arg(long, value_name = "SHADOW", default_value = "auto")]
    shadow: String,
    /// How to write the plan
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Sql)]
    format: Format,
    /// Write the plan to a file
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Exit with 2 if there is a difference
    #[arg(long)]
    exit_code: bool,
    /// The major version of the server that the plan is for, where neither side is a live database
    #[arg(long, value_name = "MAJOR", value_parser = clap::value_parser!(i32).range(13..=18))]
    target_version: Option<i32>,
    /// Do not run the plan in the shadow
    #[arg(long)]
    no_rehearse: bool,
    /// Put BEGIN and COMMIT around what can run in a transaction
    #[arg(long)]
    transaction: bool,
    /// Compare only objects whose name matches: public.*, audit, public.tmp_*
    #[arg(long, value_name = "PATTERN")]
    include: Vec<Pattern>,
    /// Leave out objects whose name matches
    #[arg(long, value_name = "PATTERN")]
    exclude: Vec<Pattern>,
    /// Leave the schemas, roles and privileges of a platform alone, and have them in the shadow
    #[arg(long, value_enum, value_name = "PLATFORM")]
    profile: Option<Profile>,
    /// Compare what ALTER DATABASE … SET has set too
    #[arg(long)]
    database_settings: bool,
    /// Do not compare owners
    #[arg(long)]
    no_owner: bool,
    /// Do not compare privileges
    #[arg(long)]
    no_privileges: bool,
    /// Treat what Trueup does not manage as an error
    #[arg(long)]
    strict: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Statements with comments
    Sql,
    /// Everything, for machines
    Json,
}

/// More declarations than this are not shown with one diagnostic.
const PLACES: usize = 3;

/// What a run found, before it is written down.
struct Findings {
    plan: Plan,
    verdict: Verdict,
    remainder: Vec<Change>,
    unmanaged: Vec<String>,
    diagnostics: Vec<Diagnostic>,
    shadow: String,
}

pub(crate) fn run(arguments: &Arguments, ui: &Ui) -> Result<Ended, Error> {
    let choice = Choice::parse(&arguments.shadow).map_err(|error| {
        Error::Usage(std::iter::once(error.to_string()).chain(error.hint()).collect::<Vec<_>>().join("; "))
    })?;
    if arguments.from == "-" && arguments.to == "-" {
        return Err(Error::Usage("only one side can be standard input".to_owned()));
    }
    let mut files = Files::default();
    let findings = compare(arguments, &choice, &mut files, ui)?;
    match write(arguments, &findings, &files) {
        // A reader that has seen enough of the plan has not been told how it ends.
        Err(Error::Output(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => (),
        written => written?,
    }
    tell(arguments, &findings, &files, ui)
}

fn compare(arguments: &Arguments, choice: &Choice, files: &mut Files, ui: &Ui) -> Result<Findings, Error> {
    let words = Pair::new(arguments.from.as_str(), arguments.to.as_str());
    let openings = Pair::new(side::open(words.from, files), side::open(words.to, files));
    let mut openings = openings.transpose().map_err(|found| Error::Diagnostics(found, files.clone()))?;
    let live = openings.as_ref().map(side::live_version);
    let opened = shadow::open(choice, live.from.or(live.to).map(|version| version.major_number()))
        .map_err(|error| Error::from(error.diagnostic()))?;
    let fault = |found| Error::Diagnostics(found, files.clone());
    let used = arguments.profile.map(Profile::extensions).unwrap_or_default();
    let mut opened = stand_ins::provide(opened, choice, &mut openings, words, files, used).map_err(fault)?;
    let mut platform = None;
    if let Some(profile) = arguments.profile {
        let (known, on_top) = Platform::open(profile, opened, &mut openings).map_err(fault)?;
        (platform, opened) = (Some(known), on_top);
    }
    ui.detail(&format!("shadow: {}", opened.shadow.describe()));

    let filter = Filter {
        include: arguments.include.clone(),
        exclude: arguments.exclude.clone(),
        no_owner: arguments.no_owner,
        no_privileges: arguments.no_privileges,
        database_settings: arguments.database_settings,
        left_out_settings: AtomicBool::new(false),
    };
    let oldest = live.from.or(live.to).or(arguments.target_version.map(Version::major));
    let baseline = |catalog: &mut Catalog| platform.iter().for_each(|platform: &Platform| platform.apply(catalog));
    let apply = |catalog: &mut Catalog| {
        filter.apply(catalog);
        baseline(catalog);
        if let Some(version) = oldest {
            catalog.fit(version);
        }
    };
    let view = View { owners: side::owners(&openings), filter: &apply, baseline: &baseline };
    // What stands empty explains what is refused.
    let mut sides = side::read(openings, words, &opened, files, &view, oldest, ui).map_err(|error| match error {
        Error::Diagnostics(found, files) => Error::Diagnostics([opened.warnings.clone(), found].concat(), files),
        Error::Usage(_) | Error::Output(_) => error,
    })?;
    if let Some(platform) = &platform {
        platform.align(Pair::new(&mut sides.from.catalog, &mut sides.to.catalog));
    }

    let mut diagnostics = opened.warnings;
    diagnostics.extend(sides.from.notes.drain(..).chain(sides.to.notes.drain(..)));
    if filter.left_out_settings.load(Ordering::Relaxed) {
        let found = Diagnostic::note("left-out", "settings of the database were not compared");
        diagnostics.push(found.with_help("to compare them, say `--database-settings`"));
    }
    let unmanaged = unmanaged(&sides, arguments.strict, &mut diagnostics);
    diagnostics.extend(server_privileges(&sides));
    diagnostics.extend(secrets(&sides));
    let shadow = opened.shadow.as_ref();
    let findings = plan_and_rehearse(arguments, shadow, sides, &view, ui).map_err(fault)?;
    diagnostics.extend(by_hand(&findings.plan));
    diagnostics.extend(findings.diagnostics);
    Ok(Findings { diagnostics, unmanaged, ..findings })
}

fn plan_and_rehearse(
    arguments: &Arguments,
    shadow: &dyn Shadow,
    mut sides: Pair<Side>,
    view: &View<'_>,
    ui: &Ui,
) -> Result<Findings, Vec<Diagnostic>> {
    let from = sides.from.catalog.clone();
    let lives = [&sides.from.live, &sides.to.live].into_iter().flatten().next();
    let asked = arguments.target_version.map_or(from.version, Version::major);
    let version = lives.map_or(asked, |live| live.version);
    let target = Target { version, casts: &from.casts };
    let to = {
        let _progress = ui.progress("comparing");
        settle(shadow, &from, &sides.to.catalog, target, view)?
    };
    let mut findings = Findings {
        plan: plan(&from, &to, target)?,
        verdict: Verdict::NotRehearsed,
        remainder: Vec::new(),
        unmanaged: Vec::new(),
        diagnostics: Vec::new(),
        shadow: shadow.describe(),
    };
    findings.diagnostics.extend(out_of_reach(&from, &to));
    let beyond = beyond(&findings.plan.changes, &from, &to, version);
    if !beyond.is_empty() {
        return Err(beyond);
    }
    if version.major_number() < shadow.version().major_number() && !findings.plan.steps.is_empty() {
        findings.diagnostics.push(other_version(shadow, version));
    }
    if let Some(live) = &mut sides.from.live {
        findings.diagnostics.extend(stumbles(live, &findings.plan));
    }
    if arguments.no_rehearse {
        return Ok(findings);
    }
    if findings.plan.steps.is_empty() && findings.plan.changes.is_empty() {
        findings.verdict = Verdict::Converged;
        return Ok(findings);
    }
    let _progress = ui.progress("rehearsing");
    let mut scratch = match sides.from.scratch.take() {
        Some(scratch) => scratch,
        None => side::copy(shadow, &from, &wanted(&to), view)?,
    };
    let mut seen = rehearse(shadow, &mut scratch, &mut findings.plan, &to, target, view)?;
    if let Convergence::Failed(failure) = &seen
        && findings.plan.steps.get(failure.step).is_some_and(|step| has_body(step, &to))
    {
        // The declared state has a body that PostgreSQL would not accept now, as a dump may; then it is not checked.
        findings.plan = plan(&from, &to, target)?.without_body_checks();
        scratch = side::copy(shadow, &from, &wanted(&to), view)?;
        seen = rehearse(shadow, &mut scratch, &mut findings.plan, &to, target, view)?;
    }
    match seen {
        Convergence::Reached => findings.verdict = Verdict::Converged,
        Convergence::Remainder(left) => {
            findings.verdict = Verdict::Remainder;
            findings.diagnostics.push(remainder(&left, &from, &to));
            findings.remainder = left;
        }
        Convergence::Failed(failure) => {
            findings.verdict = Verdict::Failed;
            let step = findings.plan.steps.get(failure.step);
            let subjects = step.into_iter().flat_map(|step| &step.subjects);
            findings.diagnostics.push(located(failed(&failure, shadow), subjects, &from, &to));
        }
    }
    Ok(findings)
}

/// Differences that stay, since no statement makes them good.
fn out_of_reach(from: &Catalog, to: &Catalog) -> Option<Diagnostic> {
    let differs = |(id, entry): (&ObjectId, &Entry)| Some((id.clone(), from.get(id)?.out_of_reach(&entry.object)?));
    let found: Vec<(ObjectId, &str)> = to.iter().filter_map(differs).collect();
    let diagnostic = Diagnostic::warning("out-of-reach", "no statement makes these differences good; they stay");
    let noted = found.iter().fold(diagnostic, |it, (id, how)| it.with_note(format!("{id}: {how}")));
    (!found.is_empty()).then(|| located(noted, found.iter().map(|(id, _)| id), from, to))
}

/// What the server that the plan is for cannot have.
fn beyond(changes: &[Change], from: &Catalog, to: &Catalog, version: Version) -> Vec<Diagnostic> {
    let since = |catalog: &Catalog, id: &ObjectId| catalog.get(id)?.since();
    let too_new = |id: &ObjectId| {
        let (major, what) = since(to, id).filter(|(major, _)| version.major_number() < *major)?;
        let title = format!("{id} needs PostgreSQL {major}, and the migration is for {}", version.major_number());
        let found = Diagnostic::error("newer-server", title).with_note(format!("version {major} brought {what}"));
        (since(from, id) != since(to, id)).then(|| located(found, std::iter::once(id), from, to))
    };
    changes.iter().map(Change::id).filter_map(too_new).collect()
}

fn other_version(shadow: &dyn Shadow, version: Version) -> Diagnostic {
    let major = version.major_number();
    let title = format!("the migration is for PostgreSQL {major}, and is rehearsed on the {}", shadow.describe());
    Diagnostic::note("other-version", title)
        .with_note("functions and syntax that only newer servers know would not be noticed")
        .with_help(format!("to rehearse on the same version, install its server programs: `--shadow local:{major}`"))
}

/// Names the statements that would fail on the rows that are there.
fn stumbles(live: &mut side::Live, plan: &Plan) -> Vec<Diagnostic> {
    let met = live.met(plan.steps.iter().flat_map(|step| &step.fails_if));
    let steps = plan.steps.iter().flat_map(|step| step.fails_if.iter().map(move |obstacle| (step, obstacle)));
    steps
        .filter(|(_, obstacle)| met.contains(obstacle))
        .map(|(step, obstacle)| {
            Diagnostic::error("fails-on-rows", format!("a statement would fail, since {}", obstacle.what))
                .with_note(format!("{}:\n{}", step.group, step.sql))
                .with_help(obstacle.advice)
        })
        .collect()
}

/// Whether a statement creates or replaces a body that PostgreSQL checks.
fn has_body(step: &Step, to: &Catalog) -> bool {
    step.subjects.iter().any(|id| to.get(id).is_some_and(|object| object.opaque_body().is_some()))
}

/// Names what is on either side and is not managed. What is on one side only is an error: the plan leaves it out.
fn unmanaged(sides: &Pair<Side>, strict: bool, diagnostics: &mut Vec<Diagnostic>) -> Vec<String> {
    let (from, to) = (&sides.from.catalog.unmanaged, &sides.to.catalog.unmanaged);
    let one_sided: Vec<&String> = from.symmetric_difference(to).collect();
    if !one_sided.is_empty() {
        let title = "the sides differ in objects that Trueup does not manage yet";
        let found = one_sided.iter().fold(Diagnostic::error("unmanaged", title), |it, name| {
            it.with_note(format!("{name} is only in {}", if from.contains(*name) { "FROM" } else { "TO" }))
        });
        diagnostics.push(found.with_help("make this part of the change by hand, or leave it out of both sides"));
    }
    let shared: Vec<&String> = from.intersection(to).collect();
    if !shared.is_empty() {
        let title = "objects that Trueup does not manage yet are on both sides and were not compared";
        let found =
            if strict { Diagnostic::error("unmanaged", title) } else { Diagnostic::warning("unmanaged", title) };
        diagnostics.push(shared.iter().fold(found, |it, name| it.with_note((*name).clone())));
    }
    from.union(to).cloned().collect()
}

/// Names the privileges on the server's own objects that only one side has. They are left as they are: a platform sets
/// them, and a declared schema does not speak of them.
fn server_privileges(sides: &Pair<Side>) -> Vec<Diagnostic> {
    let only = |one: &Side, other: &Side, name: &str| {
        let left: Vec<&String> = one.catalog.server_privileges.difference(&other.catalog.server_privileges).collect();
        let title = format!("privileges on the server's own objects are only in {name}, and are not changed");
        let found = match one.live.is_some() && other.live.is_none() {
            true => Diagnostic::warning("server-privileges", title),
            false => Diagnostic::error("server-privileges", title)
                .with_help("make this part of the change by hand, or leave it out of both sides"),
        };
        (!left.is_empty()).then(|| left.into_iter().fold(found, |found, it| found.with_note(it.as_str())))
    };
    let found = [only(&sides.from, &sides.to, "FROM"), only(&sides.to, &sides.from, "TO")];
    found.into_iter().flatten().collect()
}

/// Names the secrets of both sides that differ, or that cannot be told apart. Their values are never shown.
fn secrets(sides: &Pair<Side>) -> Vec<Diagnostic> {
    let (from, to) = (&sides.from.catalog.secrets, &sides.to.catalog.secrets);
    let both = from.iter().filter_map(|(name, digest)| Some((name, digest.as_ref().zip(to.get(name)?.as_ref()))));
    both.filter_map(|(name, digests)| match digests {
        Some((old, new)) if old == new => None,
        Some(_) => {
            let found = Diagnostic::error("by-hand", format!("{name} differs between the sides"));
            Some(found.with_help("set it by hand: a secret is never written into a migration"))
        }
        None => Some(Diagnostic::warning("secrets", format!("{name} was not compared"))),
    })
    .collect()
}

/// What a person has to do beside the plan. Where the declared state is not reached without it, that is an error.
fn by_hand(plan: &Plan) -> Vec<Diagnostic> {
    let left = plan.steps.iter().flat_map(|step| &step.leaves);
    left.map(|left| match left {
        Leaves::Secret { text, .. } => Diagnostic::error("by-hand", text.as_str()),
        Leaves::Elsewhere(text) => Diagnostic::warning("by-hand", text.as_str()),
    })
    .collect()
}

/// A diagnostic with the places where these objects are declared.
fn located<'a>(
    found: Diagnostic,
    objects: impl Iterator<Item = &'a ObjectId>,
    from: &Catalog,
    to: &Catalog,
) -> Diagnostic {
    let entries = objects.filter_map(|id| to.entry(id).or_else(|| from.entry(id)));
    let mut places: Vec<_> = entries.filter_map(|entry| entry.written.clone()).collect();
    places.dedup();
    places.into_iter().take(PLACES).fold(found, |found, place| found.at(place, "declared here"))
}

fn remainder(left: &[Change], from: &Catalog, to: &Catalog) -> Diagnostic {
    let title = "the plan does not reach its target: after the rehearsal these differences are left";
    let found = left
        .iter()
        .fold(Diagnostic::error("remainder", title), |found, change| {
            found.with_note(match change {
                Change::Add(id) => format!("{id} is missing"),
                Change::Remove(id) => format!("{id} is still there"),
                Change::Alter(id, attributes) => format!("{id} differs in {}", attributes.join(", ")),
            })
        })
        .with_help("please report this with both schemas; the migration must not be used as it is");
    located(found, left.iter().map(Change::id), from, to)
}

fn failed(failure: &Failure, shadow: &dyn Shadow) -> Diagnostic {
    let title = format!("the plan fails in the rehearsal on {}: {}", shadow.describe(), failure.message);
    let mut found = Diagnostic::error("rehearsal-failed", title).with_note(format!(
        "{}; statement {} of the plan:\n{}",
        failure.group,
        failure.step + 1,
        failure.sql
    ));
    found.notes.extend(failure.detail.clone());
    found.help.extend(failure.hint.clone());
    found
}

fn write(arguments: &Arguments, findings: &Findings, files: &Files) -> Result<(), Error> {
    let text = match arguments.format {
        Format::Sql => sql::render(&findings.plan, Style { transaction: arguments.transaction }),
        Format::Json => json::render(&Report {
            from: &redacted(&arguments.from),
            to: &redacted(&arguments.to),
            shadow: &findings.shadow,
            plan: &findings.plan,
            verdict: findings.verdict,
            remainder: &findings.remainder,
            unmanaged: &findings.unmanaged,
            diagnostics: &findings.diagnostics,
            files,
        }),
    };
    match &arguments.output {
        None => ui::print(&text).map_err(Error::Output),
        Some(path) => std::fs::write(path, text).map_err(|error| {
            Diagnostic::error("cannot-write", format!("cannot write `{}`: {error}", path.display())).into()
        }),
    }
}

/// A connection string without its password; any other word as it is.
fn redacted(word: &str) -> String {
    match crate::sources::Source::parse(word) {
        Ok(crate::sources::Source::Live(url)) => {
            crate::connect::Target::parse(&url).map_or_else(|_| "postgres://…".to_owned(), |it| it.redacted())
        }
        Ok(_) | Err(_) => word.to_owned(),
    }
}

fn tell(arguments: &Arguments, findings: &Findings, files: &Files, ui: &Ui) -> Result<Ended, Error> {
    ui.diagnostics(&findings.diagnostics, files);
    let statements = match findings.plan.steps.len() {
        1 => "1 statement".to_owned(),
        count => format!("{count} statements"),
    };
    let fault = findings.diagnostics.iter().any(|it| it.severity == crate::diagnostic::Severity::Error);
    match findings.verdict {
        _ if fault => (),
        Verdict::Converged if findings.plan.steps.is_empty() => ui.say("no difference"),
        Verdict::Converged => ui.say(&format!("{statements}; rehearsed on {}: converged", findings.shadow)),
        Verdict::NotRehearsed => ui.say(&format!("{statements}; not rehearsed")),
        Verdict::Remainder | Verdict::Failed => (),
    }
    Ok(match (fault, arguments.exit_code && !findings.plan.changes.is_empty()) {
        (true, _) => Ended::WithFault,
        (false, true) => Ended::WithDifference,
        (false, false) => Ended::Well,
    })
}
