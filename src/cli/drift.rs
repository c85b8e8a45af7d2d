//! In what two states differ, object by object, and which of three states has moved: the declared schema, what a history
//! makes, and a database.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use crate::{
    cli::{
        compare::{Comparison, Findings, sound},
        exit::Error,
        history::Opened,
        replay::Replay,
        ui::Ui,
    },
    diff::{Change, Rename},
    history::Layout,
    model::{Files, Kind, ObjectId, Pair, Span},
};

/// What the sides are called: a database, and what migrations make.
const HISTORY: Pair<&str> = Pair { from: "the database", to: "the history" };

/// One object that is not the same on two sides.
#[derive(Clone, Debug)]
pub(super) struct Difference {
    pub id: ObjectId,
    /// In words, which name the sides.
    pub how: String,
    /// Where a side that is declared says it.
    pub written: Option<(Span, Files)>,
}

impl Difference {
    pub(super) fn shown(&self) -> String {
        format!("{}: {}", self.id, self.how)
    }
}

/// In what a database differs from what a history makes.
///
/// # Errors
/// Whatever keeps the two from being compared.
pub(super) fn unlike(
    opened: &Opened,
    replay: Replay,
    shadow: Option<&str>,
    config: Option<&Path>,
    ui: &Ui,
) -> Result<Vec<Difference>, Error> {
    let comparison = Comparison::to_history(&opened.url, replay, shadow).only_looking();
    let (found, files) = sound(&comparison, config, ui)?;
    Ok(differences(&found, &files, opened.layout, HISTORY))
}

/// What a comparison has found, without what is in something that only one of the two has, and without the table of the
/// history. `names` are what the sides are called.
pub(super) fn differences(
    findings: &Findings,
    files: &Files,
    layout: &dyn Layout,
    names: Pair<&str>,
) -> Vec<Difference> {
    let plan = &findings.plan;
    let is_whole = |change: &&Change| matches!(change, Change::Add(_) | Change::Remove(_));
    let wholes: BTreeSet<&ObjectId> = plan.changes.iter().filter(is_whole).map(Change::id).collect();
    let is_told = |id: &ObjectId| {
        !id.upwards().any(|it| is_historys(it, layout)) && !id.ancestors().any(|it| wholes.contains(it))
    };
    let changed = |change: &Change| {
        let how = match change {
            Change::Remove(_) => format!("only {} has it", names.from),
            Change::Add(_) => format!("only {} has it", names.to),
            Change::Alter(_, attributes) => format!("{} differs", attributes.join(", ")),
        };
        let written = findings.written.get(change.id()).map(|span| (span.clone(), files.clone()));
        Difference { id: change.id().clone(), how, written }
    };
    let renamed = |rename: &Rename| match rename {
        Rename::Object { from, to } => {
            Difference { id: from.clone(), how: format!("{to} in {}", names.to), written: None }
        }
        Rename::Label { of, from, to } => {
            let how = format!("the value {from} is {to} in {}", names.to);
            Difference { id: of.clone(), how, written: None }
        }
    };
    let changes = plan.changes.iter().filter(|it| is_told(it.id())).map(changed);
    plan.renames.iter().map(renamed).chain(changes).collect()
}

fn is_historys(id: &ObjectId, layout: &dyn Layout) -> bool {
    let table: Vec<&str> = layout.table().split('.').collect();
    match (id.kind, table.as_slice()) {
        (Kind::Table, [.., name]) => id.name.raw() == *name,
        (Kind::Schema, [schema, _]) => id.name.raw() == *schema,
        _ => false,
    }
}

/// The objects that differ, and those that they are in.
pub(super) fn touched(findings: &Findings) -> BTreeSet<ObjectId> {
    let renamed = |rename: &Rename| match rename {
        Rename::Object { from, .. } => from.clone(),
        Rename::Label { of, .. } => of.clone(),
    };
    let changed = findings.plan.changes.iter().flat_map(|it| it.id().upwards()).cloned();
    findings.plan.renames.iter().map(renamed).chain(changed).collect()
}

/// Who has moved, since the three were the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Moved {
    /// No migration brings what is declared.
    Declaration,
    /// What somebody has done by hand.
    Database,
    /// The database has it already, and a migration that is pending brings it.
    Ahead,
    /// The database is as it is declared, and no migration brings that.
    Both,
    /// Each into another direction.
    Apart,
}

/// What of each of the three is not as another has it. What is not known of two sides is not different.
#[derive(Debug, Default)]
pub(super) struct ThreeWays {
    /// From what all migrations make to what is declared.
    pub undeclared: Vec<Difference>,
    /// From the database to what the migrations make that it has run.
    pub by_hand: Vec<Difference>,
    /// Objects that the database has otherwise than they are declared.
    pub unlike_declared: BTreeSet<ObjectId>,
    /// Objects that it has otherwise than all migrations make them.
    pub unlike_pending: BTreeSet<ObjectId>,
    /// Whether any migration is pending.
    pub is_behind: bool,
}

impl ThreeWays {
    /// Each object that has moved; those of the declaration first.
    pub(super) fn moves(&self) -> Vec<(Moved, &Difference)> {
        let of_hand: BTreeSet<&ObjectId> = self.by_hand.iter().map(|it| &it.id).collect();
        let declared: BTreeMap<&ObjectId, &Difference> = self.undeclared.iter().map(|it| (&it.id, it)).collect();
        let undeclared = self.undeclared.iter().filter(|it| !of_hand.contains(&it.id));
        let mut found: Vec<(Moved, &Difference)> = undeclared.map(|it| (Moved::Declaration, it)).collect();
        // Where both have moved, the declaration has the better place.
        found.extend(self.by_hand.iter().map(|it| match declared.get(&it.id) {
            _ if self.is_behind && !self.unlike_pending.contains(&it.id) => (Moved::Ahead, it),
            None => (Moved::Database, it),
            Some(declared) if self.unlike_declared.contains(&it.id) => (Moved::Apart, *declared),
            Some(declared) => (Moved::Both, *declared),
        }));
        found.sort_by_key(|(moved, _)| *moved);
        found
    }
}

#[cfg(test)]
mod tests {
    use super::{Difference, Moved, ThreeWays};
    use crate::model::{Kind, ObjectId};

    #[test]
    fn who_has_moved_is_told_of_each_object() {
        let id = |name: &str| ObjectId::root(Kind::Table, name);
        let differs = |name: &str| Difference { id: id(name), how: String::new(), written: None };
        let ways = ThreeWays {
            undeclared: vec![differs("declared"), differs("both"), differs("apart")],
            by_hand: vec![differs("hand"), differs("both"), differs("apart"), differs("ahead")],
            unlike_declared: [id("apart")].into(),
            unlike_pending: [id("hand"), id("both"), id("apart")].into(),
            is_behind: true,
        };
        let found = ways.moves();
        let told = |name: &str| found.iter().find(|(_, it)| it.id == id(name)).map(|(moved, _)| *moved);
        let expected = [
            ("declared", Moved::Declaration),
            ("hand", Moved::Database),
            ("ahead", Moved::Ahead),
            ("both", Moved::Both),
            ("apart", Moved::Apart),
        ];
        for (name, moved) in expected {
            assert_eq!(told(name), Some(moved), "{name}");
        }
        assert_eq!(found.len(), expected.len());
    }
}
