//! `trueup check`

mod fleet;

use std::path::Path;

use clap::{Args, ValueEnum};

use crate::{
    cli::{
        branches::Branches,
        check_proof,
        compare::{Comparison, sound},
        config::Config,
        drift::{Difference, Moved, ThreeWays, differences, touched, unlike},
        exit::{Ended, Error},
        fleet::{Failures, Options as Targets},
        history::{Opened, Options, Place},
        lint, products,
        replay::Replay,
        status::{counted, findings},
        ui::{self, Ui},
    },
    diagnostic::{Diagnostic, Severity},
    emit::{
        check::{self, Check, Mover, Sql},
        sql::{self, Style},
    },
    history::{Layout, Migration, Standing},
    model::{Files, Pair, sha256},
};

/// Tell whether the declared schema, the migrations and a database say the same, and who has moved
///
/// For CI and before a commit. The migrations are replayed on a shadow PostgreSQL and compared with the declared schema;
/// those that the database has run are compared with the database. Each object that differs is told with its place and with
/// who has moved, and the SQL is printed that writes the missing migration, takes back what was done by hand, or adopts it.
/// Migrations that are pending are linted; those that were edited, that failed, have no file, or are no longer what their
/// proof is about are told. Without a database, that part is left out; nothing is ever changed.
///
/// With --targets many databases are looked at, some of them at a time: one line for each says how far it has come, and whether
/// it is what its history makes. What is pending, and the declared schema, are looked at once for all of them.
/// Exit codes: 0 all three say the same, but for migrations that are pending; 1 they do not, or something is wrong; 2
/// migrations are pending, with --exit-code; 64 the command line is wrong.
#[derive(Clone, Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    history: Options,
    #[command(flatten)]
    fleet: Targets,
    /// The declared schema, as TO of `diff` [default: `to` of trueup.toml]
    #[arg(long, value_name = "TO")]
    to: Option<String>,
    /// The PostgreSQL to replay the history on: auto, embedded, local, local:MAJOR, or postgres://… [default: auto]
    #[arg(long, value_name = "SHADOW")]
    shadow: Option<String>,
    /// Tell whether these migrations and those of another branch can run in either order, and have numbers that go together
    #[arg(long, value_name = "REVISION")]
    base: Option<String>,
    /// Give the migrations of this branch numbers after those of the other one
    #[arg(long, requires = "base")]
    retime: bool,
    /// Exit with 2 if migrations are pending
    #[arg(long)]
    exit_code: bool,
    /// How to write it
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Findings with the place in the file, and the SQL that leads out
    Text,
    /// One object, for machines
    Json,
}

pub(crate) fn run(arguments: &Arguments, config: Option<&Path>, ui: &Ui) -> Result<Ended, Error> {
    let settings = Config::load(config)?;
    let to = settings.or_said(arguments.to.clone(), &settings.to)?;
    let mut check = Check { told: vec![(settings.warnings.clone(), settings.files.clone())], ..Check::default() };
    let place = arguments.history.place(&settings)?;
    if let Some(fleet) = arguments.fleet.read(Failures::GoOn, ui)? {
        let look = Look::new(arguments, &place, (to.as_deref(), check), config, ui);
        return fleet::run(arguments, look, &fleet, &place, &settings);
    }
    let mut opened = arguments.history.open_if_named(&place, &settings)?;
    if opened.is_none() && to.is_none() && arguments.base.is_none() {
        return Err(Error::Usage(NOTHING_TO_COMPARE.to_owned()));
    }
    if let Some(base) = &arguments.base {
        let branches = Branches::read(base, &place)?;
        if arguments.retime {
            return retime(&branches, &place, ui);
        }
        check.told.extend(branches.look(&place, arguments.shadow.as_deref(), config, ui)?);
    }
    let mut look = Look::new(arguments, &place, (to.as_deref(), check), config, ui);
    match &mut opened {
        Some(opened) => look.at_database(opened, &settings)?,
        None => ui.say("no database is named: only the migrations and the declared schema are compared"),
    }
    look.at_what_is_declared()?;
    tell(arguments, look.check, &look.ways, ui)
}

const NOTHING_TO_COMPARE: &str = "there is nothing to compare the migrations with: name the declared schema (`--to`, or `to` in \
                                  `trueup.toml`), a database (`--database URL`, or DATABASE_URL), or another branch (`--base`)";

fn retime(branches: &Branches, place: &Place, ui: &Ui) -> Result<Ended, Error> {
    let renamed = branches.retime(place)?;
    for (name, path) in &renamed {
        ui.say(&format!("{name} is {} now", path.display()));
    }
    if renamed.is_empty() {
        ui.say("the numbers go together as they are");
    }
    Ok(Ended::Well)
}

/// What the looks have in common, and what they find.
struct Look<'a> {
    layout: &'a dyn Layout,
    to: Option<&'a str>,
    /// All migrations.
    all: Replay,
    shadow: Option<&'a str>,
    config: Option<&'a Path>,
    ui: &'a Ui,
    ways: ThreeWays,
    check: Check,
    /// Whether a migration that is pending cannot be carried out, so that there is no state that all of them make.
    fails: bool,
}

/// What the sides are called: what the migrations make, and what is declared.
const DECLARED: Pair<&str> = Pair { from: "the migrations", to: "the declared schema" };

impl<'a> Look<'a> {
    /// A look at a history, which begins with the proofs of its migrations.
    fn new(
        arguments: &'a Arguments,
        place: &Place,
        (to, check): (Option<&'a str>, Check),
        config: Option<&'a Path>,
        ui: &'a Ui,
    ) -> Look<'a> {
        let Place { folder, layout, history } = place;
        let (all, shadow) = (Replay::new(folder, history), arguments.shadow.as_deref());
        let ways = ThreeWays::default();
        let mut look = Look { layout: *layout, to, all, shadow, config, ui, ways, check, fails: false };
        look.told(stale(history), Files::default());
        look
    }

    /// Where a declared schema is named, and there is anything to compare it with.
    fn at_what_is_declared(&mut self) -> Result<(), Error> {
        match self.to {
            Some(_) if self.fails => {
                self.ui.say("the migrations cannot be carried out: the declared schema is not compared");
            }
            Some(to) => self.at_declaration(to)?,
            None => self.ui.say("no declared schema is named: say `--to`, or `to` in `trueup.toml`"),
        }
        Ok(())
    }

    fn told(&mut self, found: Vec<Diagnostic>, files: Files) {
        self.check.told.push((found, files));
    }

    /// Its history, what is pending, and what was done by hand.
    fn at_database(&mut self, opened: &mut Opened, settings: &Config) -> Result<(), Error> {
        let status = opened.status()?;
        self.told(findings(&status.migrations), Files::default());
        let pending = status.migrations.iter().filter(|it| it.standing.is_pending());
        self.check.pending = Some(pending.map(|it| it.shown().to_owned()).collect());
        let is_pending = |it: &Migration| status.standing(it).is_some_and(Standing::is_pending);
        if let Some(first) = opened.history.iter().position(is_pending) {
            self.ways.is_behind = true;
            self.lint(&opened.history, first, settings)?;
        }
        if status.is_half_done() {
            self.ui.say("a migration is half done: the database is not compared");
            return Ok(());
        }
        let has_run = Replay::new(&opened.folder, opened.history.iter().filter(|it| status.has_run(it)));
        self.for_drift(opened, has_run)
    }

    fn for_drift(&mut self, opened: &Opened, has_run: Replay) -> Result<(), Error> {
        let looking = |sides, replay| {
            let comparison = Comparison::between(sides, replay, self.shadow).only_looking();
            sound(&comparison, self.config, self.ui)
        };
        self.ways.by_hand = unlike(opened, has_run.clone(), self.shadow, self.config, self.ui)?;
        if self.ways.by_hand.is_empty() {
            return Ok(());
        }
        if self.ways.is_behind && !self.fails {
            let history = Pair::new(opened.url.as_str(), self.all.word.as_str());
            self.ways.unlike_pending = touched(&looking(history, Some(self.all.clone()))?.0);
        }
        if let Some(to) = self.to {
            self.ways.unlike_declared = touched(&looking(Pair::new(&opened.url, to), None)?.0);
        }
        let word = self.all.word.clone();
        self.check.sql.revert = self.way(Pair::new(&opened.url, &word), Some(has_run.clone()))?;
        self.check.sql.adopt = self.way(Pair::new(&word, &opened.url), Some(has_run))?;
        Ok(())
    }

    fn at_declaration(&mut self, to: &str) -> Result<(), Error> {
        let (word, all) = (self.all.word.clone(), Some(self.all.clone()));
        let sides = Pair::new(word.as_str(), to);
        let comparison = Comparison::between(sides, all.clone(), self.shadow).only_looking();
        let (found, files) = sound(&comparison, self.config, self.ui)?;
        self.ways.undeclared = differences(&found, &files, self.layout, DECLARED);
        if !self.ways.undeclared.is_empty() {
            self.check.sql.migrate = self.way(sides, all)?;
        }
        Ok(())
    }

    /// What those that are pending do, each on the schema and rows before it.
    fn lint(&mut self, history: &[Migration], first: usize, settings: &Config) -> Result<(), Error> {
        let mut files = Files::default();
        match lint::pending((history, first), self.shadow, settings, &mut files, self.ui) {
            Ok(it) => {
                self.told(it.found, files);
                self.fails = it.fails;
            }
            Err(Error::Diagnostics(found, files)) => self.told(found, files),
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// The SQL that leads from one side to the other, rehearsed. What keeps it from being written is told.
    fn way(&mut self, sides: Pair<&str>, replay: Option<Replay>) -> Result<String, Error> {
        match sound(&Comparison::between(sides, replay, self.shadow), self.config, self.ui) {
            Ok((found, _)) => Ok(sql::render(&found.plan, Style::default())),
            Err(Error::Diagnostics(found, files)) => {
                self.told(found, files);
                Ok(String::new())
            }
            Err(error) => Err(error),
        }
    }
}

/// Those whose text is not the one that its proof is about.
fn stale(history: &[Migration]) -> Vec<Diagnostic> {
    let proof = |it: &Migration| {
        let path = products::beside(&it.path, products::PROOF);
        let read = path.is_file().then(|| check_proof::read(&path))?;
        match read {
            Ok(proof) => (proof.sql != sha256(&it.text)).then(|| check_proof::edited(&it.path.display().to_string())),
            Err(found) => Some(found),
        }
    };
    history.iter().filter_map(proof).collect()
}

fn tell(arguments: &Arguments, mut look: Check, ways: &ThreeWays, ui: &Ui) -> Result<Ended, Error> {
    let moves = ways.moves();
    look.moved = movers(&moves);
    match arguments.format {
        Format::Text => ui::print(&ways_out(&look.sql)),
        Format::Json => ui::print(&check::render(&look)),
    }
    .map_err(Error::Output)?;
    let is_wrong = is_wrong(&look, &moves, ui);
    let pending = look.pending.as_ref().map_or(0, Vec::len);
    let behind = look.pending.is_some().then(|| format!(", {} pending", counted(pending, "migration")));
    if !moves.is_empty() || !is_wrong {
        ui.say(&(differ(moves.len()) + &behind.unwrap_or_default()));
    }
    Ok(match (is_wrong, arguments.exit_code && 0 < pending) {
        (true, _) => Ended::WithFault,
        (false, true) => Ended::WithDifference,
        (false, false) => Ended::Well,
    })
}

/// In words.
fn differ(count: usize) -> String {
    match count {
        0 => "nothing differs".to_owned(),
        1 => "1 object differs".to_owned(),
        count => format!("{count} objects differ"),
    }
}

fn movers(moves: &[(Moved, &Difference)]) -> Vec<Mover> {
    let mover = |(moved, it): &(Moved, &Difference)| Mover {
        object: it.id.to_string(),
        who: word(*moved),
        how: how(*moved, it),
        written: it.written.clone(),
    };
    moves.iter().map(mover).collect()
}

/// Tells all that was found; whether any of it is wrong.
fn is_wrong(look: &Check, moves: &[(Moved, &Difference)], ui: &Ui) -> bool {
    look.told.iter().for_each(|(found, files)| ui.diagnostics(found, files));
    for (at, (moved, it)) in moves.iter().enumerate() {
        let is_first = at == 0 || moves[at - 1].0 != *moved;
        let found = Diagnostic::error(code(*moved), format!("{}: {}", it.id, how(*moved, it)));
        let found = if is_first { found.with_help(help(*moved)) } else { found };
        match &it.written {
            Some((span, files)) => ui.diagnostics(&[found.at(span.clone(), "here")], files),
            None => ui.diagnostics(&[found], &Files::default()),
        }
    }
    let mut told = look.told.iter().flat_map(|(found, _)| found);
    !moves.is_empty() || told.any(|it| it.severity == Severity::Error)
}

fn how(moved: Moved, it: &Difference) -> String {
    match moved {
        Moved::Declaration | Moved::Database | Moved::Ahead => it.how.clone(),
        Moved::Both => "no migration makes it as it is declared, and as the database has it".to_owned(),
        Moved::Apart => "the database, the migrations and the declared schema have it each in another way".to_owned(),
    }
}

/// As the JSON has it.
const fn word(moved: Moved) -> &'static str {
    match moved {
        Moved::Declaration => "declaration",
        Moved::Database => "database",
        Moved::Ahead => "ahead",
        Moved::Both => "both",
        Moved::Apart => "apart",
    }
}

const fn code(moved: Moved) -> &'static str {
    match moved {
        Moved::Declaration | Moved::Both => "not-migrated",
        Moved::Database => "drift",
        Moved::Ahead => "ahead",
        Moved::Apart => "apart",
    }
}

const fn help(moved: Moved) -> &'static str {
    match moved {
        Moved::Declaration => "`trueup new NAME` writes the migration",
        Moved::Database => {
            "somebody has done that by hand: take it back in the database, or declare it too and `trueup new NAME`, then \
             `trueup resolve --applied NAME`; the SQL for both is printed"
        }
        Moved::Ahead => {
            "a migration that is pending brings that, and the database has it already: if it has all of it, `trueup resolve \
             --applied NAME` notes that"
        }
        Moved::Both => {
            "`trueup new NAME` writes the migration, and `trueup resolve --applied NAME` notes that the database has it"
        }
        Moved::Apart => "declare what is right, or take back in the database what is not",
    }
}

/// The SQL, each part with what it is for.
fn ways_out(sql: &Sql) -> String {
    let parts = [
        ("what is declared and no migration brings (`trueup new NAME` writes it)", &sql.migrate),
        ("takes back in the database what was done by hand", &sql.revert),
        ("what was done by hand, for who adopts it", &sql.adopt),
    ];
    let part = |(title, sql): (&str, &String)| format!("-- {title}\n\n{}\n\n", sql.trim_end());
    let there = parts.into_iter().filter(|(_, sql)| !sql.is_empty());
    let text: String = there.map(part).collect();
    text.trim_end().to_owned() + if text.is_empty() { "" } else { "\n" }
}
