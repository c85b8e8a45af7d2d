//! `--base`: whether the migrations of this branch and those of another one can run in either order.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use crate::{
    cli::{
        compare::{Comparison, sound},
        drift::{Difference, differences},
        exit::Error,
        folder::make_way,
        history::Place,
        products::{BESIDE, beside},
        replay::Replay,
        status::counted,
        ui::Ui,
    },
    diagnostic::Diagnostic,
    history::{self, Migration, next_version},
    model::{Files, Pair},
    sources,
};

/// What two branches have made of one history.
pub(super) struct Branches {
    base: String,
    /// What both have, in its order.
    common: Vec<Migration>,
    ours: Vec<Migration>,
    theirs: Vec<Migration>,
}

impl Branches {
    /// Reads what the other branch has.
    ///
    /// # Errors
    /// A diagnostic where git does not know it, or cannot be asked.
    pub(super) fn read(base: &str, place: &Place) -> Result<Branches, Diagnostic> {
        let Place { folder, layout, history } = place;
        let fork = sources::merge_base(base)?;
        let named = |revision: &str| -> Result<BTreeSet<PathBuf>, Diagnostic> {
            let files = sources::files_at(revision, folder)?.into_iter();
            Ok(files.filter(|path| layout.migration(path.strip_prefix(folder).unwrap_or(path)).is_some()).collect())
        };
        let (before, there) = (named(&fork)?, named(base)?);
        let is_ours = |it: &&Migration| !before.contains(&it.path) && !there.contains(&it.path);
        let ours: Vec<Migration> = history.iter().filter(is_ours).cloned().collect();
        let common = history.iter().filter(|it| before.contains(&it.path)).cloned().collect();
        let read = |path: &PathBuf| {
            let (key, name) = layout.migration(path.strip_prefix(folder).unwrap_or(path))?;
            let text = sources::text_at(base, path);
            Some(text.map(|text| Migration { key, name, path: path.clone(), down: None, text }))
        };
        let theirs: Result<Vec<Migration>, Diagnostic> = there.difference(&before).filter_map(read).collect();
        Ok(Branches { base: base.to_owned(), common, ours, theirs: history::sorted(theirs?) })
    }

    /// What will not go together.
    ///
    /// # Errors
    /// What keeps it from being found out.
    pub(super) fn look(
        &self,
        place: &Place,
        shadow: Option<&str>,
        config: Option<&Path>,
        ui: &Ui,
    ) -> Result<Vec<(Vec<Diagnostic>, Files)>, Error> {
        if self.ours.is_empty() || self.theirs.is_empty() {
            return Ok(Vec::new());
        }
        let base = &self.base;
        ui.say(&format!("{} here, {} in {base} since they parted", count(&self.ours), count(&self.theirs)));
        let mut found = vec![(self.ours.iter().filter_map(|it| self.misplaced(it)).collect(), Files::default())];
        match self.orders(place, shadow, config, ui) {
            Ok(differ) if differ.is_empty() => (),
            Ok(differ) => {
                let title = format!("these migrations and those of {base} make another schema in another order");
                let told = differ
                    .iter()
                    .map(Difference::shown)
                    .fold(Diagnostic::error("order-matters", title), Diagnostic::with_note);
                found.push((vec![told.with_help(REPLAN)], Files::default()));
            }
            Err(Error::Diagnostics(mut told, files)) => {
                let title = format!("these migrations and those of {base} cannot run in either order");
                told.push(Diagnostic::error("order-matters", title).with_help(REPLAN));
                found.push((told, files));
            }
            Err(error) => return Err(error),
        }
        Ok(found)
    }

    /// A number that does not go together with theirs.
    fn misplaced(&self, it: &Migration) -> Option<Diagnostic> {
        let (base, last) = (&self.base, self.theirs.last()?);
        let found = if self.theirs.iter().any(|other| other.key == it.key) {
            let title = format!("{} has a number that {base} has given to another migration", it.name);
            Diagnostic::error("duplicate-number", title)
        } else if history::is_before(it, last) {
            let title = format!("{} would run out of order: {base} has {} after it", it.name, last.name);
            Diagnostic::error("out-of-order", title)
        } else {
            return None;
        };
        Some(found.with_help(format!("`trueup check --base {base} --retime` gives it a number after theirs")))
    }

    /// What differs between both orders.
    fn orders(
        &self,
        place: &Place,
        shadow: Option<&str>,
        config: Option<&Path>,
        ui: &Ui,
    ) -> Result<Vec<Difference>, Error> {
        let words = Pair::new("theirs first", "ours first");
        let line = |word, parts: [&Vec<Migration>; 3]| Replay::of(word, parts.into_iter().flatten().cloned().collect());
        let replays = [
            line(words.from, [&self.common, &self.theirs, &self.ours]),
            line(words.to, [&self.common, &self.ours, &self.theirs]),
        ];
        let (found, files) = sound(&Comparison::between(words, replays, shadow).only_looking(), config, ui)?;
        let names = Pair::new("their order first", "our order first");
        Ok(differences(&found, &files, place.layout, names))
    }

    /// Gives the migrations of this branch numbers after those of the other one; says what each is called then.
    ///
    /// # Errors
    /// A diagnostic where a file cannot be renamed.
    pub(super) fn retime(&self, place: &Place) -> Result<Vec<(String, PathBuf)>, Diagnostic> {
        let Place { folder, layout, .. } = place;
        let mut line: Vec<Migration> = history::sorted([&self.common[..], &self.theirs].concat());
        let mut renamed = Vec::new();
        if self.ours.iter().all(|it| self.misplaced(it).is_none()) {
            return Ok(renamed);
        }
        for it in &self.ours {
            let version = next_version(*layout, &line);
            let name = history::said(it);
            let (up, down) = layout.paths(&version, name);
            let up = folder.join(up);
            let mut moves = vec![(it.path.clone(), up.clone())];
            moves.extend(it.down.clone().zip(down).map(|(old, new)| (old, folder.join(new))));
            moves.extend(BESIDE.map(|what| (beside(&it.path, what), beside(&up, what))));
            for (old, new) in moves.into_iter().filter(|(old, _)| old.is_file()) {
                rename(&old, &new)?;
            }
            // A folder of its own is empty then; any other stays.
            let _ = it.path.parent().map(fs::remove_dir);
            let (key, name) = layout.migration(up.strip_prefix(folder).unwrap_or(&up)).unwrap_or_default();
            line.push(Migration { key, name, path: up.clone(), ..it.clone() });
            renamed.push((it.name.clone(), up));
        }
        Ok(renamed)
    }
}

const REPLAN: &str = "take theirs in first, remove these, and `trueup new NAME` writes what is missing then";

fn count(of: &[Migration]) -> String {
    counted(of.len(), "migration")
}

fn rename(old: &Path, new: &Path) -> Result<(), Diagnostic> {
    make_way(new)?;
    fs::rename(old, new).map_err(|error| {
        let title = format!("cannot rename `{}` to `{}`: {error}", old.display(), new.display());
        Diagnostic::error("cannot-write", title)
    })
}
