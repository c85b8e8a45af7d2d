//! What deploys to several databases have in common: migrations are read once, and what is pending is rehearsed once.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use super::{Arguments, Bounds};
use crate::{
    cli::{config::Config, exit::Error, fleet::Alike, history::Opened, lint, lint::FailOn, ui::Ui},
    diagnostic::Diagnostic,
    history::Migration,
    model::Files,
    sources::Script,
};

/// A migration, and what is in its file.
pub(super) struct Read {
    pub migration: Migration,
    pub script: Script,
    pub files: Files,
}

/// What is wrong with something, with the texts that it points at.
type Wrong = (Vec<Diagnostic>, Files);

/// What one run of the command is about, whatever number of databases it has.
pub(super) struct Common<'a> {
    pub arguments: &'a Arguments,
    pub settings: &'a Config,
    pub config: Option<&'a Path>,
    /// What is known of databases that are alike, where there are several.
    pub alike: Option<Alike>,
    read: Mutex<BTreeMap<String, Arc<Read>>>,
    rehearsed: Mutex<BTreeMap<usize, Result<(), Wrong>>>,
    bounds: OnceLock<Bounds>,
}

impl<'a> Common<'a> {
    pub(super) fn new(
        arguments: &'a Arguments,
        settings: &'a Config,
        config: Option<&'a Path>,
        alike: Option<Alike>,
    ) -> Common<'a> {
        let (read, rehearsed, bounds) = (Mutex::default(), Mutex::default(), OnceLock::new());
        Common { arguments, settings, config, alike, read, rehearsed, bounds }
    }

    /// The time begins with the first database that has something pending.
    pub(super) fn bounds(&self) -> &Bounds {
        self.bounds.get_or_init(|| self.arguments.bounds.bounds())
    }

    /// # Errors
    /// Diagnostics for what cannot be understood.
    pub(super) fn read(&self, migration: &Migration) -> Result<Arc<Read>, Error> {
        let mut known = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(read) = known.get(&migration.key) {
            return Ok(read.clone());
        }
        let mut files = Files::default();
        let script = migration.script(&mut files).map_err(|found| Error::Diagnostics(found, files.clone()))?;
        let read = Arc::new(Read { migration: migration.clone(), script, files });
        known.insert(migration.key.clone(), read.clone());
        Ok(read)
    }

    /// Rehearses what is pending, where hazards are to be refused.
    ///
    /// # Errors
    /// Diagnostics with the hazards that nobody has accepted, and with what fails.
    pub(super) fn refuse_hazards(&self, opened: &Opened, first: &Migration, ui: &Ui) -> Result<(), Error> {
        let fail_on = self.arguments.fail_on.or(self.settings.fail_on).unwrap_or(FailOn::Never);
        if fail_on == FailOn::Never {
            return Ok(());
        }
        let first = opened.history.iter().position(|it| it.key == first.key).unwrap_or_default();
        let mut rehearsed = self.rehearsed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = rehearsed.get(&first) {
            return known.clone().map_err(Error::from);
        }
        let mut files = Files::default();
        let shadow = self.arguments.shadow.as_deref();
        let found = lint::pending((&opened.history, first), shadow, self.settings, &mut files, ui)?;
        let ended = if !found.fails && !fail_on.is_met(&found.found) {
            Ok(())
        } else {
            let title = "what is pending was not run, since it has hazards that no comment accepts";
            let said = Diagnostic::error("hazards", title)
                .with_help("write `-- trueup: ignore CODE the reason` above the statement to accept one");
            Err(([found.found, vec![said]].concat(), files))
        };
        rehearsed.insert(first, ended.clone());
        ended.map_err(Error::from)
    }
}
