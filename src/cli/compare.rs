//! Reads both sides, plans the way from one to the other, and rehearses it: what `diff` and `explain` have in common.

use std::{collections::BTreeMap, path::Path, sync::atomic::Ordering};

use clap::Args;

use crate::{
    catalog::Catalog,
    cli::{
        config::{self, Config},
        exit::Error,
        filter::Filter,
        findings,
        hand::{self, Hand, Manner},
        online,
        pattern::Pattern,
        profile::{Platform, Profile},
        renames,
        replay::Replay,
        sample,
        scope::{Drop, Scope},
        side::{self, Side},
        sizes::{self, Snapshot},
        stand_ins,
        ui::Ui,
        undeclared,
        way_back::{WayBack, way_back},
    },
    ddl::{Casts, Heard, Target},
    diagnostic::{Diagnostic, Severity},
    diff::{Change, diff},
    emit::json::Verdict,
    hazards::{Seen, Sides, access, judge},
    model::{Files, ObjectId, Pair, Span, Version},
    plan::{Explanation, Plan, explain, replan},
    rehearse::{
        Convergence, Observed, Room, Rows, Stage, View, Witness, beside, elsewhere, keep_both, rehearse, rows::Sample,
        settle, wanted, witness,
    },
    shadow::{self, Choice, Shadow},
    sources::Past,
};

/// What is compared, and how.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Comparison {
    /// The schema as it is; not needed where trueup.toml says it
    pub(super) from: Option<String>,
    /// The schema as it should be; not needed where trueup.toml says it
    pub(super) to: Option<String>,
    /// The PostgreSQL to rehearse on: auto, embedded, local, local:MAJOR, or postgres://… [default: auto]
    #[arg(long, value_name = "SHADOW")]
    shadow: Option<String>,
    /// The major version of the server that the plan is for, where neither side is a live database
    #[arg(long, value_name = "MAJOR", value_parser = clap::value_parser!(i32).range(13..=18))]
    target_version: Option<i32>,
    /// How many made-up rows each table has in the rehearsal that the plan touches [default: 20]
    #[arg(long, value_name = "ROWS", conflicts_with = "no_rehearse")]
    rows: Option<u32>,
    #[command(flatten)]
    sample: sample::Options,
    /// Do not run the plan in the shadow
    #[arg(long, conflicts_with = "rows_from")]
    no_rehearse: bool,
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
    online: online::Options,
    #[command(flatten)]
    sizes: sizes::Options,
    #[command(flatten)]
    names: renames::Options,
    /// In whose hand the plan is to be written [default: plain]
    #[arg(long, value_enum, value_name = "STYLE")]
    style: Option<Manner>,
    /// Do not compare owners
    #[arg(long)]
    no_owner: bool,
    /// Do not compare privileges
    #[arg(long)]
    no_privileges: bool,
    /// Treat what Trueup does not manage as an error
    #[arg(long)]
    strict: bool,
    /// How much is to be said of each statement.
    #[arg(skip)]
    pub(super) depth: Depth,
    /// Whether the way back is to be found too.
    #[arg(skip)]
    pub(super) turns_back: bool,
    /// Histories that sides are made of, by the words that name them.
    #[arg(skip)]
    pub(super) replays: Vec<Replay>,
    /// Whether only the differences are wanted, and no way from one to the other.
    #[arg(skip)]
    pub(super) only_looks: bool,
    /// Whether nothing holds rows, so that nothing is lost with a name.
    #[arg(skip)]
    pub(super) has_no_rows: bool,
    /// Whether what can wait until programs have changed is to come last.
    #[arg(skip)]
    in_phases: bool,
    /// Whether the state that was reached is to be kept for a proof.
    #[arg(skip)]
    pub(super) proves: bool,
}

/// How much of both sides is looked at.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct Extent {
    /// Only these objects, by name (public.*, audit), kind (kind:view), kind and name (table:public.a*), or owner (owner:alice)
    #[arg(long, value_name = "PATTERN")]
    include: Vec<Pattern>,
    /// Not these objects
    #[arg(long, value_name = "PATTERN")]
    exclude: Vec<Pattern>,
    /// Leave the schemas, roles and privileges of a platform out
    #[arg(long, value_enum, value_name = "PLATFORM")]
    profile: Option<Profile>,
    /// Leave owners out
    #[arg(long)]
    no_owner: bool,
    /// Leave privileges out
    #[arg(long)]
    no_privileges: bool,
}

/// As many as show a duplicate, a NULL and the extremes of most types.
pub(super) const ROWS: u32 = 20;

impl Comparison {
    /// What is to be a migration, with all that is to be known of it.
    pub(super) fn for_migration(
        (from, to): (Option<String>, Option<String>),
        replay: Option<Replay>,
        shadow: Option<String>,
        rows: Option<u32>,
        (online, sizes, names): (online::Options, sizes::Options, renames::Options),
    ) -> Comparison {
        Comparison {
            from: from.or_else(|| replay.as_ref().map(|it| it.word.clone())),
            to,
            replays: replay.into_iter().collect(),
            shadow,
            rows,
            online,
            sizes,
            names,
            depth: Depth::Why,
            turns_back: true,
            proves: true,
            ..Comparison::default()
        }
    }

    /// What leads from one side to the other, rehearsed. A side that is the word of a replay is made by that.
    pub(super) fn between(
        sides: Pair<&str>,
        replays: impl IntoIterator<Item = Replay>,
        shadow: Option<&str>,
    ) -> Comparison {
        let replays = replays.into_iter().collect();
        let shadow = shadow.map(str::to_owned);
        Comparison {
            from: Some(sides.from.to_owned()),
            to: Some(sides.to.to_owned()),
            replays,
            shadow,
            ..Comparison::default()
        }
    }

    /// What it takes to lead a database to what a history makes, without a rehearsal.
    pub(super) fn to_history(database: &str, replay: Replay, shadow: Option<&str>) -> Comparison {
        let word = replay.word.clone();
        Comparison { no_rehearse: true, ..Comparison::between(Pair::new(database, &word), Some(replay), shadow) }
    }

    /// Whatever is there may go, and nobody is to be asked.
    pub(super) fn emptying(self) -> Comparison {
        Comparison { no_rehearse: true, has_no_rows: true, drop: Some(Drop::All), ..self }
    }

    /// With all last that can wait until programs have changed, where that is wanted.
    pub(super) fn in_phases(self, in_phases: bool) -> Comparison {
        Comparison { in_phases, ..self }
    }

    /// With all that there is of both within these bounds, and the states themselves, where nothing holds rows.
    pub(super) fn whole(self, extent: &Extent) -> Comparison {
        let Extent { include, exclude, profile, no_owner, no_privileges } = extent.clone();
        let bounded = Comparison { include, exclude, profile, no_owner, no_privileges, ..self };
        Comparison { proves: true, has_no_rows: true, rows: Some(0), ..bounded }
    }

    /// In this hand, where one is asked for.
    pub(super) fn in_manner(self, style: Option<Manner>) -> Comparison {
        Comparison { style, ..self }
    }

    /// Also what leads back, and the states themselves. Whatever is there may go, and nobody is to be asked.
    pub(super) fn both_ways(self) -> Comparison {
        Comparison { turns_back: true, proves: true, has_no_rows: true, drop: Some(Drop::All), ..self }
    }

    /// What is planned, and not tried.
    pub(super) fn untried(self) -> Comparison {
        Comparison { no_rehearse: true, ..self }
    }

    /// As [`Comparison::between`] has it, where nothing holds rows.
    pub(super) fn without_rows(self, has_no_rows: bool) -> Comparison {
        Comparison { has_no_rows, ..self }
    }

    /// Without the way from one side to the other: in what they differ, whatever may be dropped.
    pub(super) fn only_looking(self) -> Comparison {
        Comparison { no_rehearse: true, only_looks: true, drop: Some(self.drop.unwrap_or_default()), ..self }
    }

    /// With what the project's file says where the command line is silent.
    pub(super) fn completed(&self, config: &Config) -> Result<Comparison, Error> {
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
        it.style = it.style.or(config.style);
        it.database_settings |= config.database_settings;
        it.no_owner |= config.no_owner;
        it.no_privileges |= config.no_privileges;
        it.strict |= config.strict;
        it.online.complete(config.online, &config.online_off, config.lock_timeout.as_ref());
        it.sizes.complete(config.stats.as_deref());
        for (given, said) in [(&mut it.include, &config.include), (&mut it.exclude, &config.exclude)] {
            if given.is_empty() {
                given.clone_from(said);
            }
        }
        Ok(it)
    }

    /// The words for both sides.
    pub(super) fn words(&self) -> Pair<&str> {
        Pair::new(&self.from, &self.to).map(|word| word.as_deref().unwrap_or_default())
    }

    fn may_drop(&self) -> bool {
        self.drop != Some(Drop::Never)
    }

    fn scope(&self) -> Scope<'_> {
        Scope { include: &self.include, exclude: &self.exclude, drop: self.drop.unwrap_or_default() }
    }
}

/// How much is to be said of each statement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Depth {
    #[default]
    Nothing,
    Why,
    /// And what PostgreSQL says to it elsewhere.
    Elsewhere,
}

/// What a run found, before it is written down.
pub(crate) struct Findings {
    pub plan: Plan,
    pub verdict: Verdict,
    pub remainder: Vec<Change>,
    pub unmanaged: Vec<String>,
    pub diagnostics: Vec<Diagnostic>,
    pub shadow: String,
    /// Where they were asked for, one for each statement that was planned; what was appended after the rehearsal has none.
    pub explanations: Vec<Explanation>,
    /// The sides as they were named.
    pub words: Pair<String>,
    /// What was seen of each statement, as far as it was watched.
    pub observed: Vec<Option<Observed>>,
    pub rows: Rows,
    /// What `pg_dump` says of the result; nothing where there is none, or a person has to complete it.
    pub witness: Option<Witness>,
    /// Where what has changed is declared.
    pub written: BTreeMap<ObjectId, Span>,
    /// Where it was asked for.
    pub way_back: Option<WayBack>,
    /// In whose hand the plan is written.
    pub manner: Manner,
    /// The state before, and the one that was reached, where a proof was asked for.
    pub states: Option<Pair<Catalog>>,
}

impl Findings {
    pub(crate) fn is_faulty(&self) -> bool {
        self.diagnostics.iter().any(|it| it.severity == Severity::Error)
    }
}

/// Compares as the command line and the project's file say.
///
/// # Errors
/// What is wrong with the command line, with a side, or with the way from one to the other.
pub(crate) fn compare(arguments: &Comparison, config: Option<&Path>, ui: &Ui) -> Result<(Findings, Files), Error> {
    let config = Config::load(config)?;
    let arguments = &arguments.completed(&config)?;
    let choice = choice(arguments.shadow.as_deref())?;
    if arguments.words() == Pair::new("-", "-") {
        return Err(Error::Usage("only one side can be standard input".to_owned()));
    }
    let mut files = config.files;
    let mut findings = look(arguments, &choice, &mut files, ui)?;
    findings.diagnostics.splice(0..0, config.warnings);
    Ok((findings, files))
}

/// As [`compare`], for who needs the answer and no advice.
///
/// # Errors
/// Also what the findings tell that is wrong.
pub(super) fn sound(arguments: &Comparison, config: Option<&Path>, ui: &Ui) -> Result<(Findings, Files), Error> {
    let (findings, files) = compare(arguments, config, ui)?;
    let is_error = |it: &&Diagnostic| it.severity == Severity::Error;
    let errors: Vec<Diagnostic> = findings.diagnostics.iter().filter(is_error).cloned().collect();
    if errors.is_empty() { Ok((findings, files)) } else { Err(Error::Diagnostics(errors, files)) }
}

/// The shadow that is asked for, or the one that is used where none is.
pub(super) fn choice(word: Option<&str>) -> Result<Choice, Error> {
    Choice::parse(word.unwrap_or("auto")).map_err(|error| {
        Error::Usage(std::iter::once(error.to_string()).chain(error.hint()).collect::<Vec<_>>().join("; "))
    })
}

fn look(arguments: &Comparison, choice: &Choice, files: &mut Files, ui: &Ui) -> Result<Findings, Error> {
    let words = arguments.words();
    // What is wrong with a small file is told before anything takes its time.
    let snapshot = arguments.sizes.read(files).map_err(|found| Error::Diagnostics(found, files.clone()))?;
    let open = |word, files: &mut Files| match arguments.replays.iter().find(|it| it.word == word) {
        Some(replay) => replay.open(files),
        None => side::open(word, files),
    };
    let openings = Pair::new(open(words.from, files), open(words.to, files));
    let mut openings = openings.transpose().map_err(|found| Error::Diagnostics(found, files.clone()))?;
    let assumed = undeclared::assume(&mut openings, files).map_err(|found| Error::Diagnostics(found, files.clone()))?;
    let sample = arguments.sample.open().map_err(|found| Error::Diagnostics(found, files.clone()))?;
    let live = openings.as_ref().map(side::live_version);
    let opened = shadow::open(choice, live.from.or(live.to).map(|version| version.major_number()))
        .map_err(|error| Error::from(error.diagnostic()))?;
    let fault = |found| Error::Diagnostics(found, files.clone());
    let (opened, platform) =
        stand_ins::equip(opened, choice, arguments.profile, &mut openings, words, files).map_err(fault)?;
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
    diagnostics.extend(assumed);
    diagnostics.extend(kept);
    diagnostics.extend(sides.from.notes.drain(..).chain(sides.to.notes.drain(..)).chain(sides.to.doubts.drain(..)));
    if filter.left_out_settings.load(Ordering::Relaxed) {
        let found = Diagnostic::note("left-out", "settings of the database were not compared");
        diagnostics.push(found.with_help("to compare them, say `--database-settings`"));
    }
    let unmanaged = findings::unmanaged(&sides, arguments.strict, &mut diagnostics);
    diagnostics.extend(findings::server_privileges(&sides));
    diagnostics.extend(findings::secrets(&sides));
    // A comment that has no effect explains what is refused.
    let given = (snapshot.as_ref(), sample.as_ref());
    let findings = plan_and_rehearse(arguments, shadow, sides, &Past::new(words.to, files), given, &view, ui)
        .map_err(|found| fault([diagnostics.clone(), found].concat()))?;
    diagnostics.extend(findings::by_hand(&findings.plan));
    diagnostics.extend(findings::not_online(&findings.plan));
    diagnostics.extend(findings.diagnostics);
    Ok(Findings { diagnostics, unmanaged, ..findings })
}

fn plan_and_rehearse(
    arguments: &Comparison,
    shadow: &dyn Shadow,
    mut sides: Pair<Side>,
    past: &Past<'_>,
    (snapshot, sample): (Option<&Snapshot>, Option<&Sample>),
    view: &View<'_>,
    ui: &Ui,
) -> Result<Findings, Vec<Diagnostic>> {
    // Without a rehearsal, FROM need not be what its server has letter by letter.
    if sides.from.prisma.is_some() && arguments.no_rehearse {
        undeclared::same_in_other_words(&sides.to.catalog, &mut sides.from.catalog);
    }
    let before = sides.from.catalog.clone();
    let lives = [&sides.from.live, &sides.to.live].into_iter().flatten().next();
    let asked = arguments.target_version.map_or(before.version, Version::major);
    let version = lives.map_or(asked, |live| live.version);
    // A form that only the server knows could not be rehearsed, and what the shadow knows a newer one knows too.
    let spoken = version.min(shadow.version());
    let target = Target::new(spoken, &before.casts);
    let may_lose = arguments.may_drop() && !arguments.only_looks && !arguments.has_no_rows;
    let asker = may_lose.then_some(ui);
    if sides.to.silence.is_some() {
        undeclared::count_alike(&before, &mut sides.to.catalog);
    }
    let (mut named, doubts) = renames::settle(&arguments.names, &mut sides, shadow, target, view, past, asker)?;
    let from = named.from.clone();
    let mut kept = Vec::new();
    if sides.to.prisma.is_some() {
        undeclared::same_in_other_words(&from, &mut sides.to.catalog);
    }
    if let Some(silence) = &sides.to.silence {
        let silence = silence.beside(sides.from.prisma.as_deref());
        kept.extend(undeclared::keep(&from, &mut sides.to.catalog, &silence, target, (shadow, view), ui)?);
    }
    kept.extend(arguments.scope().keep_the_rest(&from, &mut sides.to.catalog, (shadow, view), ui)?);
    let casts = Casts { values: named.instead.clone(), ..before.casts.and(&sides.to.catalog.casts) };
    let (known, of_sizes) = {
        let _progress = ui.progress("reading sizes");
        sizes::known(snapshot, sides.from.live.as_mut())
    };
    let sizes = sizes::named(&known, &from, &named.renames);
    let of_sizes = of_sizes.or_else(|| snapshot?.stranger(&[&before]));
    let online = arguments.online.online(&from, &sizes);
    let target = Target { online: online.as_ref(), in_phases: arguments.in_phases, ..Target::new(spoken, &casts) };
    let to = {
        let _progress = ui.progress("comparing");
        settle(shadow, &from, &sides.to.catalog, target, view)?
    };
    let copy = |from: &Catalog| side::copy(shadow, from, &wanted(&to), view);
    keep_both(&mut named, &to, target, view, Room::Perhaps(&mut sides.from.scratch, &copy))?;
    let successors = beside(shadow, &from, &to, target, view)?;
    let planned =
        |heard: &Heard| Ok::<_, Vec<Diagnostic>>(named.lead_to(replan(&from, &to, target, heard, &successors)?, heard));
    let plan = match arguments.only_looks {
        true => Plan { renames: named.renames.clone(), changes: diff(&from, &to, target), ..Plan::default() },
        false => planned(&Heard::new())?,
    };
    let hand = sides.to.prisma.as_deref().map(|after| Hand {
        catalogs: Pair::new(&from, &to),
        before: sides.from.prisma.as_deref(),
        after,
        from_nothing: arguments.words().from == "empty",
    });
    let plan = match arguments.style {
        Some(Manner::Prisma) if !arguments.only_looks => {
            hand::written(plan, hand.as_ref(), Pair::new(&before, &to), (shadow, view), target)?
        }
        Some(_) | None => plan,
    };
    let beyond = findings::beyond(&plan.changes, &from, &to, version);
    if !beyond.is_empty() {
        return Err(beyond);
    }
    let mut findings = Findings {
        plan,
        verdict: Verdict::NotRehearsed,
        remainder: Vec::new(),
        unmanaged: Vec::new(),
        diagnostics: kept.into_iter().chain(doubts).chain(of_sizes).chain(findings::out_of_reach(&from, &to)).collect(),
        shadow: shadow.describe(),
        explanations: Vec::new(),
        words: arguments.words().map(str::to_owned),
        observed: Vec::new(),
        rows: Rows::default(),
        witness: None,
        written: BTreeMap::new(),
        way_back: None,
        manner: arguments.style.unwrap_or_default(),
        states: None,
    };
    findings.written = findings::written(&findings.plan.changes, &from, &to);
    if version.major_number() < shadow.version().major_number() && !findings.plan.steps.is_empty() {
        findings.diagnostics.push(findings::other_version(shadow, version));
    }
    let mut follow_ups = 0;
    let seen = if arguments.no_rehearse {
        None
    } else if findings.plan.is_empty() {
        if let Some(scratch) = &mut sides.from.scratch {
            findings.witness = Some(witness(scratch, sides.to.scratch.as_mut(), shadow.version(), view)?);
        }
        Some(Convergence::Reached)
    } else {
        let _progress = ui.progress("rehearsing");
        // What has got its new name there is to get it in its turn.
        let is_behind = findings.plan.carried_out < named.steps.len();
        let start = if is_behind { &before } else { named.start() };
        let mut scratch = match sides.from.scratch.take() {
            Some(scratch) if !is_behind => scratch,
            Some(_) | None => copy(start)?,
        };
        let rows = arguments.sample.supply(arguments.rows, sample);
        let stage = Stage { shadow, from: &from, start, to: &to, target, view, rows, copy: &copy };
        let rehearsal = rehearse(&stage, &mut scratch, std::mem::take(&mut findings.plan), &planned)?;
        findings.plan = rehearsal.plan;
        findings.diagnostics.extend(findings::rows(&rehearsal.rows));
        findings.diagnostics.extend(sample.and_then(findings::idle_patterns));
        // What is said of each is said of the statements that Trueup would write.
        if arguments.style != Some(Manner::Prisma) {
            findings.diagnostics.extend(findings::mispredicted(&rehearsal.disagreements));
        }
        (findings.observed, findings.rows) = (rehearsal.observed, rehearsal.rows);
        for (step, seen) in findings.plan.steps.iter().zip(&findings.observed) {
            let took = seen.as_ref().map_or_else(String::new, |seen| format!("{:>9.1?}", seen.took));
            ui.detail(&format!("{took:9}  {}", step.sql.lines().next().unwrap_or_default()));
        }
        let is_reached = matches!(rehearsal.seen, Convergence::Reached);
        if is_reached && findings.plan.steps.iter().all(|step| step.leaves.is_empty()) {
            findings.witness = Some(witness(&mut scratch, sides.to.scratch.as_mut(), shadow.version(), view)?);
        }
        if (arguments.proves || arguments.turns_back) && is_reached {
            let reached = view.read(&mut scratch)?;
            if arguments.turns_back {
                let back = way_back(shadow, (&before, &reached), &findings.plan, spoken, view, &mut scratch)?;
                findings.diagnostics.extend(back.fault.clone());
                findings.way_back = Some(back);
            }
            findings.states = Some(Pair::new(before.clone(), reached));
        }
        follow_ups = rehearsal.follow_ups;
        Some(rehearsal.seen)
    };
    findings.diagnostics.extend(findings.witness.as_ref().and_then(findings::disagreement));
    arguments.online.bound_waits(&mut findings.plan);
    if arguments.style == Some(Manner::Prisma) {
        hand::under_headings(&mut findings.plan);
    }
    let both = Sides::new(&from, &to);
    let seen_of_each = Seen { observed: &findings.observed, fates: &findings.rows.fates, sizes: Some(&sizes) };
    judge(&mut findings.plan, &both, &seen_of_each);
    findings.diagnostics.extend(findings::access(&access(&findings.plan, &both)));
    if let Some(live) = &mut sides.from.live {
        findings.diagnostics.extend(findings::stumbles(live, &findings.plan));
    }
    if arguments.depth != Depth::Nothing {
        findings.explanations = explain(&findings.plan, &from, &to);
        findings.explanations.truncate(findings.plan.steps.len() - follow_ups);
    }
    if arguments.depth == Depth::Elsewhere && !arguments.no_rehearse {
        let _progress = ui.progress("rehearsing");
        let mut scratch = copy(named.start())?;
        let found = elsewhere(&mut scratch, &findings.plan);
        findings.explanations.iter_mut().zip(found).for_each(|(it, found)| it.elsewhere = found);
    }
    match seen {
        None => (),
        Some(Convergence::Reached) => findings.verdict = Verdict::Converged,
        Some(Convergence::Remainder(left)) => {
            findings.verdict = Verdict::Remainder;
            findings.diagnostics.push(findings::remainder(&left, &from, &to));
            findings.remainder = left;
        }
        Some(Convergence::Failed(failure)) => {
            findings.verdict = Verdict::Failed;
            let step = findings.plan.steps.get(failure.step);
            let subjects = step.into_iter().flat_map(|step| &step.subjects);
            findings.diagnostics.push(findings::located(findings::failed(&failure, shadow), subjects, &from, &to));
        }
    }
    Ok(findings)
}
