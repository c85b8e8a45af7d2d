//! `trueup new --split`: a migration for each phase of a plan.

use std::{
    ops::Range,
    path::{Path, PathBuf},
};

use super::{text, write};
use crate::{
    cli::{
        compare::{Comparison, Findings, sound},
        exit::Error,
        history::Place,
        replay::Replay,
        ui::Ui,
    },
    ddl::{Phase, When},
    emit::sql::{self, Style},
    history::{Migration, Text, next_version},
    model::{Files, Pair},
    plan::Plan,
};

/// Where the migrations go, and how each is proved.
pub(super) struct Split<'a> {
    pub place: &'a Place,
    pub shadow: Option<&'a str>,
    pub config: Option<&'a Path>,
    pub ui: &'a Ui,
}

/// What the states before and after a phase are called.
const STATES: Pair<&str> = Pair { from: "the state before", to: "the state after" };

impl Split<'_> {
    /// Writes what was rehearsed as a whole, in its phases.
    ///
    /// # Errors
    /// A diagnostic where a file cannot be written, or a phase cannot be told from its neighbours.
    pub(super) fn write(&self, name: &str, whole: Findings, files: &Files) -> Result<Vec<PathBuf>, Error> {
        let Place { folder, layout, history } = self.place;
        let phases = whole.plan.phases();
        if let [_] = phases.as_slice() {
            self.ui.say("there is nothing to split: one migration has all of it");
            return write((folder, *layout, history), name, &text(name, *layout, &whole), Some((&whole, files)));
        }
        let mut so_far = history.clone();
        let mut parts = Vec::new();
        for (phase, range) in phases {
            let name = format!("{name}_{}", word(phase));
            let part = self.part(&mut so_far, &name, &whole, range)?;
            parts.push((text(&name, *layout, &part), name, part));
        }
        let (mut history, mut written) = (history.clone(), Vec::new());
        for (text, name, part) in &parts {
            let paths = write((folder, *layout, &history), name, text, Some((part, files)))?;
            history.extend(paths.first().and_then(|path| self.migration(path, &text.up)));
            written.extend(paths);
        }
        Ok(written)
    }

    /// What is to be said of one phase: what the whole has shown of its steps, and what leads back from it alone.
    fn part(
        &self,
        so_far: &mut Vec<Migration>,
        name: &str,
        whole: &Findings,
        range: Range<usize>,
    ) -> Result<Findings, Error> {
        let layout = self.place.layout;
        let seen = range.start.min(whole.observed.len())..range.end.min(whole.observed.len());
        let observed = whole.observed[seen].to_vec();
        let plan = Plan { steps: whole.plan.steps[range].to_vec(), ..Plan::default() };
        let style = Style { fences: layout.fences(), ..Style::default() };
        let in_parts = plan.steps.iter().any(|step| step.when != When::InTransaction);
        let text = Text { header: String::new(), up: sql::render(&plan, style), down: None, in_parts };
        let (path, _) = layout.paths(&next_version(layout, so_far), name);
        let before = Replay::of(STATES.from, so_far.clone());
        so_far.extend(self.migration(&self.place.folder.join(path), &layout.text(&text)));
        let states = [before, Replay::of(STATES.to, so_far.clone())];
        let (alone, _) = sound(&Comparison::between(STATES, states, self.shadow).both_ways(), self.config, self.ui)?;
        Ok(Findings {
            plan,
            observed,
            words: whole.words.clone(),
            rows: whole.rows.clone(),
            diagnostics: whole.diagnostics.clone(),
            written: whole.written.clone(),
            witness: None,
            ..alone
        })
    }

    fn migration(&self, path: &Path, text: &str) -> Option<Migration> {
        let Place { folder, layout, .. } = self.place;
        let (key, name) = layout.migration(path.strip_prefix(folder).unwrap_or(path))?;
        Some(Migration { key, name, path: path.to_owned(), down: None, text: text.to_owned() })
    }
}

const fn word(phase: Phase) -> &'static str {
    match phase {
        Phase::Expand => "expand",
        Phase::Backfill => "backfill",
        Phase::Contract => "contract",
    }
}
