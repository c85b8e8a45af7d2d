//! Writes what a definition contains inside it, and joins neighbouring clauses of one `ALTER`.
//! Only neighbours in the sorted plan are joined, so no dependency can be crossed.

use std::collections::BTreeSet;

use crate::{
    catalog::Catalog,
    ddl::{Action, Inline, Leaves, Lock, Loss, Obstacle, Phase, Rewrite, Verb, When},
    model::{ObjectId, Sql},
    plan::order::Ordered,
};

/// One statement, with all that is known of it.
#[derive(Clone, Debug)]
pub(crate) struct Folded {
    pub sql: Sql,
    /// The actions behind it, the first one first.
    pub actions: Vec<Action>,
    /// Which of all actions these are.
    pub places: Vec<usize>,
}

impl Folded {
    pub(crate) fn subjects(&self) -> Vec<ObjectId> {
        self.actions.iter().map(|action| action.subject.clone()).collect()
    }
    /// Each cause once.
    pub(crate) fn because(&self) -> Vec<String> {
        let causes: BTreeSet<&String> = self.actions.iter().filter_map(|action| action.because.as_ref()).collect();
        causes.into_iter().cloned().collect()
    }
    pub(crate) fn lock(&self) -> Lock {
        self.actions.iter().map(|action| action.lock.max(action.lock_elsewhere)).max().unwrap_or_default()
    }
    /// Where it locks what uses its subjects, the lock that is to be expected at most.
    pub(crate) fn lock_at_most(&self) -> Lock {
        self.actions.iter().map(|action| action.lock_of_users).max().unwrap_or_default().max(self.lock())
    }
    fn is_new(&self) -> bool {
        matches!(self.sql, Sql::Definition { .. })
    }
    pub(crate) fn loses(&self) -> Vec<(ObjectId, Loss)> {
        self.actions.iter().filter_map(|action| Some((action.subject.clone(), action.loses?))).collect()
    }
    pub(crate) fn leaves(&self) -> Vec<Leaves> {
        self.actions.iter().filter_map(|action| action.leaves.clone()).collect()
    }
    pub(crate) fn rewrites(&self) -> Rewrite {
        let all = self.actions.iter().map(|action| action.rewrites).filter(|_| !self.is_new());
        all.max().unwrap_or_default()
    }
    /// What the statement stumbles over in tables that are there. A default fills the rows of a new column.
    pub(crate) fn fails_if(&self, from: &Catalog) -> Vec<Obstacle> {
        let is_filled = |action: &Action| {
            let mut parts = self.actions.iter().filter(|part| part.subject.parent() == Some(&action.subject));
            action.verb == Verb::Create && parts.any(|part| matches!(part.inline, Some(Inline::Suffix(_))))
        };
        let is_new = |table: &ObjectId| self.actions.iter().any(|it| it.subject == *table && it.verb == Verb::Create);
        let is_there = |table: &ObjectId| from.contains(table) && !is_new(table);
        let stumbles = |action: &&Action| !is_filled(action) && action.subject.parent().is_some_and(is_there);
        self.actions.iter().filter(stumbles).filter_map(|action| action.fails_if.clone()).collect()
    }
    /// Whether PostgreSQL carries out the last clause after all others of the statement, wherever it stands: what is to
    /// come after it needs a statement of its own.
    fn ends(&self) -> bool {
        self.actions.last().is_some_and(|action| action.descent.is_some())
    }
    pub(crate) fn phase(&self) -> Phase {
        self.actions.iter().map(|action| action.phase).max().unwrap_or_default()
    }
    pub(crate) fn when(&self) -> When {
        self.actions.first().map_or(When::InTransaction, |action| action.when)
    }
}

pub(crate) fn fold(ordered: Vec<Ordered>) -> Vec<Folded> {
    let mut folded: Vec<Folded> = Vec::new();
    for item in ordered {
        let next = write(item);
        if let Some(last) = folded.last_mut()
            && last.when() == next.when()
            && last.phase() == next.phase()
            && (next.ends() || !last.ends())
            && last.sql.join(&next.sql)
        {
            last.actions.extend(next.actions);
            last.places.extend(next.places);
            continue;
        }
        folded.push(next);
    }
    folded
}

/// Writes an action with its contents as one piece.
fn write(ordered: Ordered) -> Folded {
    let Ordered { at, action, contents } = ordered;
    let mut sql = action.sql.clone();
    let (mut actions, mut places) = (vec![action], vec![at]);
    for inner in contents {
        let text = inline(&inner);
        match (&mut sql, &inner.action.inline) {
            (Sql::Definition { items, .. }, Some(Inline::Item(_))) => items.push(text),
            (Sql::Definition { tail, .. } | Sql::List { tail, .. }, _) => tail.push_str(&text),
            (Sql::Clause { clauses, .. }, _) => {
                if let Some(last) = clauses.last_mut() {
                    last.push_str(&text);
                }
            }
            (Sql::Statement(statement), _) => statement.push_str(&text),
        }
        collect(inner, &mut actions, &mut places);
    }
    if matches!(sql, Sql::Clause { .. }) {
        // What is said behind a new column gives the rows that are there their values.
        actions.iter_mut().skip(1).for_each(|part| part.rewrites = part.rewrites.max(Rewrite::Perhaps));
    }
    Folded { sql, actions, places }
}

/// How an action reads inside another, with its own contents.
fn inline(ordered: &Ordered) -> String {
    let own = match &ordered.action.inline {
        Some(Inline::Item(text) | Inline::Suffix(text) | Inline::Within(text)) => text.clone(),
        None => String::new(),
    };
    ordered.contents.iter().fold(own, |text, inner| text + &inline(inner))
}

fn collect(ordered: Ordered, actions: &mut Vec<Action>, places: &mut Vec<usize>) {
    actions.push(ordered.action);
    places.push(ordered.at);
    for inner in ordered.contents {
        collect(inner, actions, places);
    }
}
