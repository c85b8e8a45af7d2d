//! `--targets`: one command for many databases, or for many schemas. What the file names is in `file`, what its queries name
//! in `ask`; `pool` does the work, some at a time; `alike` compares only those with their history that are like no other.

mod alike;
mod ask;
mod file;
mod pool;

use std::{num::NonZeroUsize, path::PathBuf, str::FromStr};

use clap::Args;
use globset::{Glob, GlobMatcher};

pub(super) use self::{alike::Alike, pool::Ran};
use crate::{
    cli::{
        exit::{Ended, Error},
        history::{Opened, Place},
        status::counted,
        ui::Ui,
    },
    connect,
    diagnostic::Diagnostic,
    emit::fleet::Row,
    history::Layout,
    model::{Files, Span},
};

/// Which databases, and how many of them at a time.
#[derive(Clone, Debug, Args)]
pub(super) struct Options {
    /// Do it for each database or schema that this file names
    #[arg(long, value_name = "FILE", conflicts_with = "database")]
    targets: Option<PathBuf>,
    /// How many targets at a time [default: 4]
    #[arg(long, value_name = "N", requires = "targets")]
    jobs: Option<NonZeroUsize>,
    /// Begin no other target once so many have failed [default: 1 for `deploy`; `status` and `check` ask all]
    #[arg(long, value_name = "K", requires = "targets")]
    max_failures: Option<NonZeroUsize>,
    /// Only the targets whose name matches, as in `acme-*`
    #[arg(long, value_name = "PATTERN", requires = "targets")]
    only: Vec<Only>,
}

/// A pattern for names of targets.
#[derive(Clone, Debug)]
struct Only(GlobMatcher);

impl FromStr for Only {
    type Err = globset::Error;
    fn from_str(text: &str) -> Result<Only, globset::Error> {
        Glob::new(text).map(|glob| Only(glob.compile_matcher()))
    }
}

/// One database, or one schema of it.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub name: String,
    pub url: String,
    /// Where its history is, and where names are looked for.
    pub schema: Option<String>,
    is_canary: bool,
    /// The server and the database: only one works there at a time, since its history has one lock.
    place: String,
    /// Where the file says it.
    written: Span,
}

/// All that a run is about.
pub(super) struct Fleet {
    pub targets: Vec<Target>,
    pub files: Files,
    jobs: usize,
    max_failures: Option<usize>,
}

/// What to do where nobody says how many targets may fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failures {
    /// Databases are changed: one is enough.
    Stop,
    /// They are only looked at.
    GoOn,
}

impl Options {
    pub(super) fn is_asked(&self) -> bool {
        self.targets.is_some()
    }

    /// The targets, where the command line names a file of them.
    ///
    /// # Errors
    /// All that is wrong with the file, and what its queries fail with.
    pub(super) fn read(&self, failures: Failures, ui: &Ui) -> Result<Option<Fleet>, Error> {
        let Some(path) = &self.targets else { return Ok(None) };
        let text = std::fs::read_to_string(path)
            .map_err(|error| Diagnostic::error("targets", format!("cannot read `{}`: {error}", path.display())))?;
        let mut listed = file::read(path, &text)?;
        ui.diagnostics(&listed.warnings, &listed.files);
        listed.ask()?;
        let mut targets = listed.targets;
        if !self.only.is_empty() {
            targets.retain(|it| self.only.iter().any(|only| only.0.is_match(&it.name)));
        }
        if targets.is_empty() {
            let which = if self.only.is_empty() { "names no target" } else { "names no target that `--only` matches" };
            return Err(Diagnostic::error("targets", format!("`{}` {which}", path.display())).into());
        }
        let most = match failures {
            Failures::Stop => Some(listed.max_failures.map_or(1, NonZeroUsize::get)),
            Failures::GoOn => None,
        };
        Ok(Some(Fleet {
            targets,
            files: listed.files,
            jobs: self.jobs.or(listed.jobs).map_or(4, NonZeroUsize::get),
            max_failures: self.max_failures.map(NonZeroUsize::get).or(most),
        }))
    }
}

impl Fleet {
    /// Whether each of the targets can have a history of its own.
    ///
    /// # Errors
    /// A diagnostic where schemas are named, and the table of the layout has its schema in its name.
    pub(super) fn fits(&self, layout: &dyn Layout) -> Result<(), Error> {
        let table = layout.table();
        let is_one_of_many = |it: &&Target| it.schema.as_ref().is_some_and(|schema| schema != "public");
        let Some(target) = self.targets.iter().find(is_one_of_many).filter(|_| table.contains('.')) else {
            return Ok(());
        };
        let title = format!(
            "`{}` is a schema, and the layout `{}` has one history for the whole database, in `{table}`",
            target.name,
            layout.name(),
        );
        let found = Diagnostic::error("one-history", title).at(target.written.clone(), "").with_help(
            "take a layout whose table is found by `search_path` (prisma, goose, dbmate, flyway, golang-migrate, sqlx, \
             refinery), or a database for each tenant",
        );
        Err(Error::Diagnostics(vec![found], self.files.clone()))
    }

    /// Says in one line what has become of all, and how the run has ended with that.
    pub(super) fn ended(rows: &[Row], asks_for_pending: bool, ui: &Ui) -> Ended {
        let words = crate::emit::fleet::words(rows);
        let each: Vec<String> = words.into_iter().map(|(word, count)| format!("{count} {word}")).collect();
        ui.say(&format!("{}: {}", counted(rows.len(), "target"), each.join(", ")));
        match (rows.iter().any(Row::is_bad), asks_for_pending && rows.iter().any(Row::is_behind)) {
            (true, _) => Ended::WithFault,
            (false, true) => Ended::WithDifference,
            (false, false) => Ended::Well,
        }
    }
}

impl Target {
    /// # Errors
    /// What is wrong with the URL; it shows no password.
    fn new(
        name: String,
        url: String,
        schema: Option<String>,
        is_canary: bool,
        written: Span,
    ) -> Result<Target, connect::TargetError> {
        let parsed = connect::Target::parse(&url)?;
        let schema = schema.or_else(|| crate::cli::history::schema_of(&parsed).map(str::to_owned));
        let place = format!("{:?} {}", parsed.hosts().collect::<Vec<_>>(), parsed.database());
        Ok(Target { name, url, schema, is_canary, place, written })
    }

    /// # Errors
    /// Diagnostics that say why there is no session.
    pub(super) fn open(&self, place: &Place) -> Result<Opened, Error> {
        place.clone().at(self.url.clone(), self.schema.as_deref(), "a target")
    }
}
