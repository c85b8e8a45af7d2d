//! What a squashed migration says: the shortest way where that loses nothing, and the statements as they are elsewhere.

use std::{collections::BTreeSet, ops::Range, path::Path};

use super::stretch::{Run, Step, migrations};
use crate::{
    cli::{
        compare::{Comparison, Findings, sound},
        drift::touched,
        exit::Error,
        replay::Replay,
        ui::Ui,
    },
    ddl::When,
    diagnostic::Diagnostic,
    diff::Change,
    emit::sql::{self, Style},
    history::Migration,
    model::{Kind, Pair},
    sources::Does,
};

/// The text of the new migration, as it comes to be.
pub(super) struct Squash<'a> {
    pub(super) before: &'a [Migration],
    pub(super) stretch: &'a [Migration],
    pub(super) run: &'a Run,
    pub(super) style: Style,
    pub(super) shadow: Option<&'a str>,
    pub(super) config: Option<&'a Path>,
    pub(super) ui: &'a Ui,
    pub(super) text: String,
    /// Whether a statement cannot be together with others.
    pub(super) alone: bool,
}

/// What the states are called, while they are compared.
const STATES: Pair<&str> = Pair { from: "the state before", to: "the state after" };

impl Squash<'_> {
    /// # Errors
    /// What keeps the shortest way from being found.
    pub(super) fn write(&mut self) -> Result<(), Error> {
        let steps = &self.run.steps;
        let mut has_rows = !self.before.is_empty();
        let mut at = 0;
        while at < steps.len() {
            let keeps = |it: &Step| matches!(it.does, Does::Rows | Does::Server);
            let is_kept = keeps(&steps[at]);
            let end = steps[at..].iter().position(|it| keeps(it) != is_kept).map_or(steps.len(), |more| at + more);
            match is_kept {
                true => self.keep(at..end),
                false => self.shorten(at..end, has_rows)?,
            }
            has_rows |= is_kept;
            at = end;
        }
        Ok(())
    }

    /// The state after so many steps.
    fn state(&self, steps: usize, word: &str) -> Replay {
        let migrations = migrations(self.stretch, &self.run.steps[..steps]);
        Replay::of(word, self.before.iter().cloned().chain(migrations).collect())
    }

    /// Writes the shortest way; or the statements as they are, where rows could be lost that they keep.
    fn shorten(&mut self, steps: Range<usize>, has_rows: bool) -> Result<(), Error> {
        if self.run.steps[steps.clone()].iter().all(|it| it.does == Does::Setting) {
            return Ok(());
        }
        let states = [self.state(steps.start, STATES.from), self.state(steps.end, STATES.to)];
        let comparison = Comparison::between(STATES, states, self.shadow);
        if has_rows && !is_harmless(&sound(&comparison.clone().only_looking(), self.config, self.ui)?.0) {
            self.keep(steps);
            return Ok(());
        }
        let (found, _) = sound(&comparison.without_rows(!has_rows), self.config, self.ui)?;
        self.alone |= found.plan.steps.iter().any(|step| step.when != When::InTransaction);
        self.add(sql::render(&found.plan, self.style).trim());
        Ok(())
    }

    /// Writes statements as they are, with what their migrations have set before them.
    fn keep(&mut self, steps: Range<usize>) {
        let mut set: BTreeSet<String> = BTreeSet::new();
        let mut of = None;
        let mut lines = Vec::new();
        let reset = |set: &mut BTreeSet<String>, lines: &mut Vec<String>| {
            lines.extend(std::mem::take(set).into_iter().map(|name| format!("RESET {name};")));
        };
        for at in steps {
            let step = &self.run.steps[at];
            if of != Some(step.of) {
                reset(&mut set, &mut lines);
                of = Some(step.of);
                let earlier = self.run.steps[..at].iter().filter(|it| it.of == step.of && it.does == Does::Setting);
                for it in earlier {
                    set.extend(it.parameter.clone());
                    lines.push(format!("{};", it.sql));
                }
            }
            self.alone |= step.serves_later;
            if step.does == Does::Setting {
                set.extend(step.parameter.clone());
            }
            lines.push(match self.style.fences.filter(|_| step.sql.contains(';')) {
                Some((begin, end)) => format!("{begin}\n{};\n{end}", step.sql),
                None => format!("{};", step.sql),
            });
        }
        reset(&mut set, &mut lines);
        self.add(&lines.join("\n"));
    }

    fn add(&mut self, part: &str) {
        if !part.is_empty() {
            let gap = if self.text.is_empty() { "" } else { "\n" };
            self.text += &format!("{gap}{part}\n");
        }
    }

    /// That both replays lead to the same.
    pub(super) fn prove(&self, made: &[Migration], new: &Migration) -> Result<(), Error> {
        let both = |it: &[Migration]| self.before.iter().chain(it).cloned().collect();
        let states = [Replay::of(STATES.from, both(made)), Replay::of(STATES.to, both(std::slice::from_ref(new)))];
        let comparison = Comparison::between(STATES, states, self.shadow).only_looking();
        let (found, files) = sound(&comparison, self.config, self.ui)?;
        let left = touched(&found);
        if left.is_empty() {
            return Ok(());
        }
        let title = "the migration that was to replace the others does not lead to the same";
        let told = left.iter().fold(Diagnostic::error("not-equal", title), |it, id| it.with_note(id.to_string()));
        Err(Error::Diagnostics(
            vec![told.with_help("nothing was written; please report this with the migrations")],
            files,
        ))
    }
}

/// Whether a plan changes nothing that holds rows, or that rows hold.
fn is_harmless(found: &Findings) -> bool {
    let holds_none =
        |kind: Kind| matches!(kind, Kind::View | Kind::Function | Kind::Procedure | Kind::Trigger | Kind::Policy);
    let changes = found.plan.changes.iter().all(|change| match change {
        Change::Add(_) => true,
        Change::Remove(id) | Change::Alter(id, _) => holds_none(id.kind),
    });
    changes && found.plan.renames.is_empty()
}
