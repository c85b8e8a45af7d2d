//! `trueup diff FROM TO`

use std::{
    path::{Path, PathBuf},
    sync::atomic::Ordering,
};

use clap::{Args, ValueEnum};

use crate::{
    catalog::Catalog,
    cli::{
        config::{self, Config},
        exit::{Ended, Error},
        filter::Filter,
        findings,
        pattern::Pattern,
        profile::{Platform, Profile},
        renames,
        scope::{Drop, Scope},
        side::{self, Side},
        stand_ins,
        ui::{self, Ui},
    },
    ddl::{Casts, Target},
    diagnostic::Diagnostic,
    diff::Change,
    emit::{
        json::{self, Report, Verdict},
        sql::{self, Style},
    },
    model::{Files, Pair, Version},
    plan::{Plan, Step, plan},
    rehearse::{Convergence, View, rehearse, settle, wanted},
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
#[derive(Clone, Debug, Args)]
pub(crate) struct Arguments {
    /// The schema as it is; not needed where trueup.toml says it
    from: Option<String>,
    /// The schema as it should be; not needed where trueup.toml says it
    to: Option<String>,
    /// The PostgreSQL to rehearse on: auto, embedded, local, local:MAJOR, or postgres://… [default: auto]
    #[arg(long, value_name = "SHADOW")]
    shadow: Option<String>,
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
    /// Change only these objects, by name (public.*, audit), kind (kind:view), kind and name (table:public.a*), or owner
    /// (owner:alice)
    #[arg(long, value_name = "PATTERN")]
    include: Vec<Pattern>,
    /// Leave these objects as FROM has them
    #[arg(long, value_name = "PATTERN")]
    exclude: Vec<Pattern>,
    /// What may be dropped of what TO does not have [default: managed]
    #[arg(long, value_enum, value_name = "WHAT")]
    drop: Option<Drop>,
    /// Leave the schemas, roles and privileges of a platform alone, and have them in the shadow
    #[arg(long, value_enum, value_name = "PLATFORM")]
    profile: Option<Profile>,
    /// Compare what ALTER DATABASE … SET has set too
    #[arg(long)]
    database_settings: bool,
    #[command(flatten)]
    names: renames::Options,
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

impl Arguments {
    /// With what the project's file says where the command line is silent.
    fn completed(&self, config: &Config) -> Result<Arguments, Error> {
        let mut it = self.clone();
        // A single word is for the side that the file does not name.
        if it.to.is_none() && config.to.is_none() && config.from.is_some() {
            it.to = it.from.take();
        }
        it.from = config.or_said(it.from, &config.from)?;
        it.to = config.or_said(it.to, &config.to)?;
        it.shadow = config.or_said(it.shadow, &config.shadow)?;
        for (side, name, key) in [(&it.from, "FROM", "from"), (&it.to, "TO", "to")] {
            if side.is_none() {
                let title =
                    format!("{name} is not named: say `trueup diff FROM TO`, or put `{key}` in `{}`", config::FILE);
                return Err(Error::Usage(title));
            }
        }
        it.target_version = it.target_version.or(config.target_version);
        it.profile = it.profile.or(config.profile);
        it.drop = it.drop.or(config.drop);
        it.database_settings |= config.database_settings;
        it.no_owner |= config.no_owner;
        it.no_privileges |= config.no_privileges;
        it.strict |= config.strict;
        for (given, said) in [(&mut it.include, &config.include), (&mut it.exclude, &config.exclude)] {
            if given.is_empty() {
                given.clone_from(said);
            }
        }
        Ok(it)
    }

    /// The words for both sides.
    fn words(&self) -> Pair<&str> {
        Pair::new(&self.from, &self.to).map(|word| word.as_deref().unwrap_or_default())
    }

    fn scope(&self) -> Scope<'_> {
        Scope { include: &self.include, exclude: &self.exclude, drop: self.drop.unwrap_or_default() }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Statements with comments
    Sql,
    /// Everything, for machines
    Json,
}

/// What a run found, before it is written down.
struct Findings {
    plan: Plan,
    verdict: Verdict,
    remainder: Vec<Change>,
    unmanaged: Vec<String>,
    diagnostics: Vec<Diagnostic>,
    shadow: String,
}

pub(crate) fn run(arguments: &Arguments, config: Option<&Path>, ui: &Ui) -> Result<Ended, Error> {
    let config = Config::load(config).map_err(|(found, files)| Error::Diagnostics(found, files))?;
    let arguments = &arguments.completed(&config)?;
    let choice = Choice::parse(arguments.shadow.as_deref().unwrap_or("auto")).map_err(|error| {
        Error::Usage(std::iter::once(error.to_string()).chain(error.hint()).collect::<Vec<_>>().join("; "))
    })?;
    if arguments.words() == Pair::new("-", "-") {
        return Err(Error::Usage("only one side can be standard input".to_owned()));
    }
    let mut files = config.files;
    let mut findings = compare(arguments, &choice, &mut files, ui)?;
    findings.diagnostics.splice(0..0, config.warnings);
    match write(arguments, &findings, &files) {
        // A reader that has seen enough of the plan has not been told how it ends.
        Err(Error::Output(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => (),
        written => written?,
    }
    tell(arguments, &findings, &files, ui)
}

fn compare(arguments: &Arguments, choice: &Choice, files: &mut Files, ui: &Ui) -> Result<Findings, Error> {
    let words = arguments.words();
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
        no_owner: arguments.no_owner,
        no_privileges: arguments.no_privileges,
        database_settings: arguments.database_settings,
        ..Filter::default()
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
    let unchosen = arguments.scope().unchosen(&sides);
    apply(&mut sides.from.catalog);
    apply(&mut sides.to.catalog);
    if let Some(platform) = &platform {
        platform.align(Pair::new(&mut sides.from.catalog, &mut sides.to.catalog));
    }

    let shadow = opened.shadow.as_ref();
    let kept = arguments.scope().apply(&unchosen, &mut sides, &filter, (shadow, &view), ui).map_err(fault)?;
    let mut diagnostics = opened.warnings;
    diagnostics.extend(kept);
    diagnostics.extend(sides.from.notes.drain(..).chain(sides.to.notes.drain(..)));
    if filter.left_out_settings.load(Ordering::Relaxed) {
        let found = Diagnostic::note("left-out", "settings of the database were not compared");
        diagnostics.push(found.with_help("to compare them, say `--database-settings`"));
    }
    let unmanaged = findings::unmanaged(&sides, arguments.strict, &mut diagnostics);
    diagnostics.extend(findings::server_privileges(&sides));
    diagnostics.extend(findings::secrets(&sides));
    let findings = plan_and_rehearse(arguments, shadow, sides, &view, ui).map_err(fault)?;
    diagnostics.extend(findings::by_hand(&findings.plan));
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
    let before = sides.from.catalog.clone();
    let lives = [&sides.from.live, &sides.to.live].into_iter().flatten().next();
    let asked = arguments.target_version.map_or(before.version, Version::major);
    let version = lives.map_or(asked, |live| live.version);
    let target = Target { version, casts: &before.casts };
    let (named, doubts) = renames::settle(&arguments.names, &mut sides, shadow, target, view, ui)?;
    let from = named.from;
    let kept = arguments.scope().keep_the_rest(&from, &mut sides.to.catalog, (shadow, view), ui)?;
    let casts = Casts { values: named.instead, ..before.casts.clone() };
    let target = Target { version, casts: &casts };
    let to = {
        let _progress = ui.progress("comparing");
        settle(shadow, &from, &sides.to.catalog, target, view)?
    };
    let planned =
        |from: &Catalog| Ok::<_, Vec<Diagnostic>>(plan(from, &to, target)?.after(&named.steps, &named.renames));
    let mut findings = Findings {
        plan: planned(&from)?,
        verdict: Verdict::NotRehearsed,
        remainder: Vec::new(),
        unmanaged: Vec::new(),
        diagnostics: kept.into_iter().chain(doubts).collect(),
        shadow: shadow.describe(),
    };
    findings.diagnostics.extend(findings::out_of_reach(&from, &to));
    let beyond = findings::beyond(&findings.plan.changes, &from, &to, version);
    if !beyond.is_empty() {
        return Err(beyond);
    }
    if version.major_number() < shadow.version().major_number() && !findings.plan.steps.is_empty() {
        findings.diagnostics.push(findings::other_version(shadow, version));
    }
    if let Some(live) = &mut sides.from.live {
        findings.diagnostics.extend(findings::stumbles(live, &findings.plan));
    }
    if arguments.no_rehearse {
        return Ok(findings);
    }
    if findings.plan.is_empty() {
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
        findings.plan = planned(&from)?.without_body_checks();
        scratch = side::copy(shadow, &from, &wanted(&to), view)?;
        seen = rehearse(shadow, &mut scratch, &mut findings.plan, &to, target, view)?;
    }
    match seen {
        Convergence::Reached => findings.verdict = Verdict::Converged,
        Convergence::Remainder(left) => {
            findings.verdict = Verdict::Remainder;
            findings.diagnostics.push(findings::remainder(&left, &from, &to));
            findings.remainder = left;
        }
        Convergence::Failed(failure) => {
            findings.verdict = Verdict::Failed;
            let step = findings.plan.steps.get(failure.step);
            let subjects = step.into_iter().flat_map(|step| &step.subjects);
            findings.diagnostics.push(findings::located(findings::failed(&failure, shadow), subjects, &from, &to));
        }
    }
    Ok(findings)
}

/// Whether a statement creates or replaces a body that PostgreSQL checks.
fn has_body(step: &Step, to: &Catalog) -> bool {
    step.subjects.iter().any(|id| to.get(id).is_some_and(|object| object.opaque_body().is_some()))
}

fn write(arguments: &Arguments, findings: &Findings, files: &Files) -> Result<(), Error> {
    let text = match arguments.format {
        Format::Sql => sql::render(&findings.plan, Style { transaction: arguments.transaction }),
        Format::Json => json::render(&Report {
            from: &redacted(arguments.words().from),
            to: &redacted(arguments.words().to),
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
    Ok(match (fault, arguments.exit_code && !findings.plan.is_empty()) {
        (true, _) => Ended::WithFault,
        (false, true) => Ended::WithDifference,
        (false, false) => Ended::Well,
    })
}
