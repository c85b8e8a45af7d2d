//! `trueup pull SOURCE FOLDER`

mod draft;
mod files;
mod home;

use std::path::{Path, PathBuf};

use clap::Args;

use self::{
    draft::Draft,
    files::{Written, write},
    home::Homes,
};
use crate::{
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
    model::{Files, Pair},
};

/// Write a schema down as files that declare it
///
/// SOURCE is a live database, or whatever else `diff` takes. FOLDER gets a file for each table, with all that belongs to it, and for each
/// view, function and type, in a folder for each schema. The files can be loaded in any order, as `diff` does. Before they come to be,
/// they are compared with SOURCE: `trueup diff SOURCE FOLDER` has nothing to say. What is in FOLDER already and stays as it is, is not
/// touched.
/// Exit codes: 0 done; 1 something is wrong, or the files do not make the schema; 64 the command line is wrong.
#[derive(Clone, Debug, Args)]
pub(crate) struct Arguments {
    /// The schema to write down; not needed where trueup.toml says `from`
    source: Option<String>,
    /// The folder to write it to; not needed where trueup.toml says `to`
    folder: Option<PathBuf>,
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
    let (source, folder) = words(arguments, &settings)?;
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
    let homes = findings.states.as_ref().map(|states| Homes::of(&states.to)).unwrap_or_default();
    let mut draft = Draft::of(&findings.plan.steps, &homes);
    let unlike = set_right(&mut draft, &homes, |folder| compare(&between(folder, &source), config, ui))?;
    let written = write(&folder, &draft.texts(), arguments.prune)?;
    ui.say(&counts(&written));
    match unlike {
        None => Ok(Ended::Well),
        Some(fault) => Err(fault),
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

/// Compares what the files make with what they were written from, and mends them, until they are the same. Gives what is still
/// wrong with them.
fn set_right(
    draft: &mut Draft,
    homes: &Homes,
    compare: impl Fn(&str) -> Result<(Findings, Files), Error>,
) -> Result<Option<Error>, Error> {
    let mut fault = None;
    for _ in 0..ROUNDS {
        let trial = tempfile::tempdir().map_err(Error::Output)?;
        write(trial.path(), &draft.texts(), false)?;
        match compare(&trial.path().to_string_lossy()) {
            Ok((findings, _)) if findings.plan.is_empty() => return Ok(None),
            Ok((findings, files)) => {
                fault = Some(unlike(&findings, &files)?);
                draft.follow(&findings.plan.steps, homes);
            }
            Err(Error::Diagnostics(found, files)) => {
                let is_new = draft.leave_unchecked(&found, &files, trial.path());
                if !is_new {
                    return Ok(Some(Error::Diagnostics(found, files)));
                }
                fault = Some(Error::Diagnostics(found, files));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(fault)
}

fn unlike(findings: &Findings, files: &Files) -> Result<Error, Error> {
    let names = Pair::new("the folder", "the source");
    let differ = differences(findings, files, history::layout("plain")?, names);
    let title = "the files do not make the same schema";
    let found = differ.iter().fold(Diagnostic::error("unlike", title), |found, it| found.with_note(it.shown()));
    Ok(found.with_help("the files were written; please report this with the schema").into())
}

fn counts(written: &Written) -> String {
    let counts = [(written.new, "written"), (written.same, "as before"), (written.removed, "removed")];
    let said =
        counts.iter().filter(|(count, _)| 0 < *count).map(|(count, how)| format!("{} {how}", counted(*count, "file")));
    match said.collect::<Vec<_>>() {
        said if said.is_empty() => "there is nothing to write".to_owned(),
        said => said.join(", "),
    }
}
