//! A history as a schema state: what its migrations make, one after the other.

use std::path::Path;

use crate::{
    cli::side::Opening,
    diagnostic::Diagnostic,
    history::{self, Migration},
    model::Files,
    sources,
};

/// Migrations that stand for the state that they lead to.
#[derive(Clone, Debug)]
pub(crate) struct Replay {
    /// By which a command line names it.
    pub word: String,
    history: Vec<Migration>,
}

/// `migrations:FOLDER`
const PREFIX: &str = "migrations:";

impl Replay {
    pub(crate) fn new<'a>(folder: &Path, history: impl IntoIterator<Item = &'a Migration>) -> Replay {
        Replay { word: word(folder), history: history.into_iter().cloned().collect() }
    }

    /// Migrations that stand in no folder together.
    pub(crate) fn of(word: &str, history: Vec<Migration>) -> Replay {
        Replay { word: word.to_owned(), history }
    }

    /// What a word names; nothing where it names something else.
    pub(crate) fn named(word: &str) -> Option<Result<Replay, Vec<Diagnostic>>> {
        let folder = Path::new(word.strip_prefix(PREFIX)?);
        let read = || history::history(folder, history::detect(folder)?);
        Some(read().map(|found| Replay::new(folder, &found)).map_err(|found| vec![found]))
    }

    /// # Errors
    /// Diagnostics for what cannot be read or understood.
    pub(crate) fn open(&self, files: &mut Files) -> Result<Opening, Vec<Diagnostic>> {
        sources::replay(self.history.iter().map(|it| (it.path.as_path(), it.text.as_str())), files).map(Opening::Text)
    }
}

pub(crate) fn word(folder: &Path) -> String {
    format!("{PREFIX}{}", folder.display())
}
