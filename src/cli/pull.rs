//! `trueup pull SOURCE FOLDER`

mod draft;
mod files;
mod home;
mod prisma;
mod target;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use clap::Args;

use self::{
    draft::Draft,
    files::{LeftOver, write},
    home::Homes,
    prisma::Written,
    target::{Prisma, Target},
};
use crate::{
    catalog::Catalog,
    cli::{
        compare::{Comparison, Extent, Findings, compare},
        config::Config,
        drift::differences,
        exit::{Ended, Error},
        status::counted,
        ui::Ui,
    },
    diagnostic::{Diagnostic, Severity},
    history,
    model::{Files, Kind, ObjectId, Pair, Version},
    plan::Step,
};

/// Write a schema down as files that declare it
///
/// SOURCE is a live database, or whatever else `diff` takes. FOLDER gets a file for each table, with all that belongs to it, and for each
/// view, function and type, in a folder for each schema. The files can be loaded in any order, as `diff` does. Before they come to be,
/// they are compared with SOURCE: `trueup diff SOURCE FOLDER` has nothing to say. What is in FOLDER already and stays as it is, is not
/// touched. Where FOLDER is a file that ends in .prisma, or a folder with such files, these are brought up to what SOURCE is.
/// Exit codes: 0 done; 1 something is wrong, or the files do not make the schema; 64 the command line is wrong.
#[derive(Clone, Debug, Args)]
pub(crate) struct Arguments {
    /// The schema to write down; not needed where trueup.toml says `from`
    source: Option<String>,
    /// The folder to write it to; not needed where trueup.toml says `to`
    folder: Option<PathBuf>,
    /// Write a schema in Prisma's language, and SQL files beside it for what that cannot say; so it is anyway where FOLDER has a
    /// .prisma file, or is one
    #[arg(long)]
    prisma: bool,
    /// Remove the .sql files of FOLDER that declare nothing of SOURCE
    #[arg(long)]
    prune: bool,
    /// The PostgreSQL to load the files on: auto, embedded, local, local:MAJOR, or postgres://… [default: auto]
    #[arg(long, value_name = "SHADOW")]
    shadow: Option<String>,
    #[command(flatten)]
    extent: Extent,
}

/// How often the files are set right before that is given up.
const ROUNDS: usize = 12;

pub(crate) fn run(arguments: &Arguments, config: Option<&Path>, ui: &Ui) -> Result<Ended, Error> {
    let settings = Config::load(config)?;
    ui.diagnostics(&settings.warnings, &settings.files);
    let (source, path) = words(arguments, &settings)?;
    let target = Target::of(&path, arguments.prisma)?;
    let between = |from: &str, to: &str| {
        let it = Comparison::between(Pair::new(from, to), None, arguments.shadow.as_deref());
        it.whole(&arguments.extent)
    };
    let (findings, files) = compare(&between("empty", &source), config, ui)?;
    ui.diagnostics(&told(&findings), &files);
    if findings.is_faulty() {
        ui.say("nothing was written");
        return Ok(Ended::WithFault);
    }
    let reached = findings.states.map(|states| states.to).unwrap_or_else(|| Catalog::new(Version::major(0)));
    let pull = Pull { source: &source, homes: Homes::of(&reached), reached, steps: findings.plan.steps };
    let look = |from: &str, to: &str| compare(&between(from, to).only_looking(), config, ui);
    let lead = |from: &str| compare(&between(from, &source), config, ui);
    let (texts, unlike) = match &target {
        Target::Sql(_) => pull.files(Draft::default(), |_| true, lead)?,
        Target::Prisma(prisma) => {
            pull.schema(prisma, look, |from| compare(&between(from, &source).untried(), config, ui))?
        }
    };
    let left = match arguments.prune {
        _ if target.is_one_file() => LeftOver::Stays,
        true => LeftOver::Goes,
        false => LeftOver::IsTold,
    };
    ui.say(&counts(&write(target.folder(), &texts, left)?));
    unlike.map_or(Ok(Ended::Well), Err)
}

/// What is pulled.
struct Pull<'a> {
    source: &'a str,
    reached: Catalog,
    homes: Homes,
    /// What leads to it from nothing.
    steps: Vec<Step>,
}

type Compared = Result<(Findings, Files), Error>;

/// Texts by their paths in the folder, and what is wrong with them.
type Made = (BTreeMap<PathBuf, String>, Option<Error>);

impl Pull<'_> {
    /// SQL files beside what a draft has already, about what is chosen. `lead` plans from a folder to the source.
    fn files(
        &self,
        mut draft: Draft,
        is_meant: impl Fn(&ObjectId) -> bool,
        lead: impl Fn(&str) -> Compared,
    ) -> Result<Made, Error> {
        let is_meant = |step: &&Step| step.subjects.first().is_some_and(|id| is_meant(self.homes.thing(id)));
        draft.follow(self.steps.iter().filter(is_meant), &self.homes);
        let mut fault = None;
        for _ in 0..ROUNDS {
            let trial = Trial::of(&draft.texts())?;
            match lead(&trial.word()) {
                Ok((findings, _)) if findings.plan.is_empty() => return Ok((draft.texts(), None)),
                Ok((findings, files)) => {
                    fault = Some(unlike(&findings, &files, Pair::new("the folder", "the source"))?);
                    draft.follow(&findings.plan.steps, &self.homes);
                }
                Err(Error::Diagnostics(found, files)) => {
                    let is_new = draft.leave_unchecked(&found, &files, trial.folder());
                    fault = Some(Error::Diagnostics(found, files));
                    if !is_new {
                        break;
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok((draft.texts(), fault))
    }

    /// A schema in Prisma's language; where it is a folder, with SQL beside it that says the rest. `look` compares two sides.
    fn schema(
        &self,
        target: &Prisma,
        look: impl Fn(&str, &str) -> Compared,
        lead: impl Fn(&str) -> Compared,
    ) -> Result<Made, Error> {
        let before = Written::read(&target.schemas).map_err(|(found, files)| Error::Diagnostics(found, files))?;
        let differs = match before.is_there() {
            true => changed(&look(self.source, &target.word())?.0),
            false => BTreeSet::new(),
        };
        let texts = |in_sql: &BTreeSet<ObjectId>| {
            let texts = before.brought_up(&self.reached, (&differs, in_sql), &target.fresh());
            texts.into_iter().map(|(path, text)| (target.within(&path), text)).collect::<BTreeMap<_, _>>()
        };
        if let Some(file) = &target.file {
            let compared = |texts: &BTreeMap<PathBuf, String>| {
                let trial = Trial::of(texts)?;
                look(self.source, &trial.folder().join(file).to_string_lossy())
            };
            let mut made = texts(&BTreeSet::new());
            let (mut found, mut files) = compared(&made)?;
            // A value that Prisma would write otherwise than PostgreSQL has it stays in SQL.
            let is_default = |id: &ObjectId| id.kind == Kind::Default;
            let in_sql: BTreeSet<ObjectId> = changed(&found).into_iter().filter(is_default).collect();
            if !in_sql.is_empty() {
                made = texts(&in_sql);
                (found, files) = compared(&made)?;
            }
            let names = Pair::new("the source", "the schema");
            let unlike = if found.plan.is_empty() { None } else { Some(unlike(&found, &files, names)?) };
            return Ok((made, unlike));
        }
        let texts = texts(&BTreeSet::new());
        let declared = before.declared(&self.reached);
        let beside = target.sql()?;
        if !beside.is_empty() {
            let all: BTreeMap<PathBuf, String> = texts.clone().into_iter().chain(beside).collect();
            if lead(&Trial::of(&all)?.word()).is_ok_and(|(found, _)| found.plan.is_empty()) {
                return Ok((all, None));
            }
        }
        self.files(Draft::beside(texts), |id| !declared.contains(id), lead)
    }
}

/// Files in a folder of their own, while it is not known whether they are right.
struct Trial(tempfile::TempDir);

impl Trial {
    fn of(texts: &BTreeMap<PathBuf, String>) -> Result<Trial, Error> {
        let trial = Trial(tempfile::tempdir().map_err(Error::Output)?);
        write(trial.folder(), texts, LeftOver::Stays)?;
        Ok(trial)
    }

    fn folder(&self) -> &Path {
        self.0.path()
    }

    fn word(&self) -> String {
        self.folder().to_string_lossy().into_owned()
    }
}

/// The words for the source and the folder.
fn words(arguments: &Arguments, settings: &Config) -> Result<(String, PathBuf), Error> {
    let (mut source, mut folder) = (arguments.source.clone(), arguments.folder.clone());
    // A single word is for the side that the file does not name.
    if folder.is_none() && settings.to.is_none() && settings.from.is_some() {
        folder = source.take().map(PathBuf::from);
    }
    let source = settings.or_said(source, &settings.from)?;
    let folder = settings.or_said(folder.map(|it| it.to_string_lossy().into_owned()), &settings.to)?;
    match (source, folder) {
        (Some(source), Some(folder)) => Ok((source, PathBuf::from(folder))),
        _ => Err(Error::Usage("say `trueup pull SOURCE FOLDER`, or put `from` and `to` in `trueup.toml`".to_owned())),
    }
}

/// What is said of the source. What a migration would do is nobody's concern here.
fn told(findings: &Findings) -> Vec<Diagnostic> {
    findings.diagnostics.iter().filter(|it| it.severity != Severity::Note).cloned().collect()
}

/// What a comparison says is not the same.
fn changed(findings: &Findings) -> BTreeSet<ObjectId> {
    findings.plan.changes.iter().map(|it| it.id().clone()).collect()
}

fn unlike(findings: &Findings, files: &Files, names: Pair<&str>) -> Result<Error, Error> {
    let differ = differences(findings, files, history::layout("plain")?, names);
    let title = "the files do not make the same schema";
    let found = differ.iter().fold(Diagnostic::error("unlike", title), |found, it| found.with_note(it.shown()));
    Ok(found.with_help("the files were written; please report this with the schema").into())
}

fn counts(written: &files::Written) -> String {
    let counts = [(written.new, "written"), (written.same, "as before"), (written.removed, "removed")];
    let said =
        counts.iter().filter(|(count, _)| 0 < *count).map(|(count, how)| format!("{} {how}", counted(*count, "file")));
    match said.collect::<Vec<_>>() {
        said if said.is_empty() => "there is nothing to write".to_owned(),
        said => said.join(", "),
    }
}
