//! One statement, and all that is known of it, whoever wrote it.

use std::collections::BTreeMap;

use pg_query::NodeEnum;

use crate::{
    catalog::{Catalog, Entry},
    ddl::{Access, Lock, Loss, Obstacle, Rewrite, Risk, Verb, When},
    diagnostic::Estimate,
    diff::Change,
    hazards::{
        Session,
        estimate::{Work, estimate},
    },
    kinds::Namespace,
    model::{ObjectId, Span, parser},
    plan::{Plan, Step},
    rehearse::{Fate, Observed},
    stats::Sizes,
};

/// The states before and after.
pub struct Sides<'a> {
    pub(super) from: &'a Catalog,
    pub(super) to: &'a Catalog,
    /// Tables, views, indexes of both, by the names that SQL has for them.
    relations: BTreeMap<String, &'a ObjectId>,
}

/// What there is to know of one statement.
pub struct Event<'a> {
    pub sql: &'a str,
    /// Nothing where the parser, which is of one version of PostgreSQL, refuses it.
    pub(super) tree: Option<NodeEnum>,
    pub(super) sides: &'a Sides<'a>,
    /// What it creates, changes or drops.
    pub(super) subjects: Vec<&'a ObjectId>,
    pub(super) risks: Vec<(&'a ObjectId, Risk)>,
    pub(super) losses: Vec<(&'a ObjectId, Loss)>,
    pub(super) obstacles: Vec<&'a Obstacle>,
    /// As it was said to be, where nobody watched.
    pub(super) lock: Lock,
    pub(super) rewrites: Rewrite,
    pub(super) when: When,
    pub(super) observed: Option<&'a Observed>,
    pub(super) fates: &'a [Fate],
    /// Of how many things each role loses privileges in the whole migration.
    pub(super) revoked: BTreeMap<String, usize>,
    /// What the session has set, where the statement is written by hand.
    pub session: Option<Session>,
    /// By the names that tables have before it.
    pub sizes: Option<&'a Sizes>,
    /// What is there before and after the migration that it is in, where it is one of several.
    pub(super) migration: Option<(&'a Catalog, &'a Catalog)>,
}

impl<'a> Sides<'a> {
    pub fn new(from: &'a Catalog, to: &'a Catalog) -> Sides<'a> {
        let slots = |id: &'a ObjectId| id.slots().map(move |slot| (slot, id));
        let all = to.ids().chain(from.ids()).flat_map(slots);
        let relations = all.filter(|((space, _), _)| *space == Namespace::Relation).map(|((_, name), id)| (name, id));
        Sides { from, to, relations: relations.collect() }
    }

    /// What is to be said of one difference.
    pub(super) fn risks(&self, id: &ObjectId) -> Vec<Risk> {
        let (before, after) = (self.from.entry(id), self.to.entry(id));
        // What follows from something else, as a partition's index does, is told with that.
        if [before, after].into_iter().flatten().any(|entry| entry.implied_by.is_some()) {
            return Vec::new();
        }
        let goes_along = |id: &ObjectId| id.parent().is_some_and(|up| up.parent().is_some() && !self.to.contains(up));
        match (before, after) {
            (Some(before), Some(after)) => before.object.risks(id, Some(&after.object)),
            (Some(_), None) if goes_along(id) => Vec::new(),
            (Some(before), None) => before.object.risks(id, None),
            (None, Some(after)) => {
                let within = id.parent().and_then(|parent| self.from.get(parent));
                after.object.risks_when_new(id, within)
            }
            (None, None) => Vec::new(),
        }
    }

    /// The catalog's own copy of an address.
    fn known(&self, id: &ObjectId) -> Option<&'a ObjectId> {
        self.to.key(id).or_else(|| self.from.key(id))
    }
}

impl<'a> Event<'a> {
    /// A step of a plan. `risks` are those of its subjects. Whether it gives somebody's object another name, the plan
    /// knows: it also sets aside what it makes anew.
    pub(super) fn planned(
        sides: &'a Sides<'a>,
        step: &'a Step,
        risks: Vec<(&'a ObjectId, Risk)>,
        is_rename: bool,
    ) -> Event<'a> {
        let is_about_access = risks.iter().any(|(_, risk)| matches!(risk, Risk::Granted(_) | Risk::Revoked(_)));
        let tree = if is_rename || is_about_access { tree(&step.sql) } else { None };
        Event {
            subjects: step.subjects.iter().collect(),
            risks: risks.into_iter().filter(|(_, risk)| is_said(tree.as_ref(), risk)).collect(),
            losses: step.loses.iter().map(|(id, loss)| (id, *loss)).collect(),
            obstacles: step.fails_if.iter().collect(),
            lock: step.lock,
            rewrites: step.rewrites,
            when: step.when,
            ..Event::bare(sides, &step.sql, tree)
        }
    }

    /// A statement that somebody wrote, between the states before and after it. `plan` is what Trueup would have done
    /// between these: it knows what is lost, and what may be in the way. What the statement locks and rewrites is for the
    /// observation to say.
    pub fn written(
        sides: &'a Sides<'a>,
        sql: &'a str,
        plan: &'a Plan,
        observed: Option<&'a Observed>,
        session: Session,
    ) -> Event<'a> {
        let changes = plan.changes.iter().map(Change::id);
        let subjects: Vec<&ObjectId> = changes.filter_map(|id| sides.known(id)).collect();
        let tree = tree(sql);
        Event {
            risks: subjects.iter().flat_map(|id| sides.risks(id).into_iter().map(|risk| (*id, risk))).collect(),
            subjects,
            losses: plan.steps.iter().flat_map(|step| &step.loses).map(|(id, loss)| (id, *loss)).collect(),
            obstacles: plan.steps.iter().flat_map(|step| &step.fails_if).collect(),
            observed,
            session: Some(session),
            revoked: revoked(sides, &plan.changes),
            ..Event::bare(sides, sql, tree)
        }
    }

    fn bare(sides: &'a Sides<'a>, sql: &'a str, tree: Option<NodeEnum>) -> Event<'a> {
        Event {
            sql,
            tree,
            sides,
            subjects: Vec::new(),
            risks: Vec::new(),
            losses: Vec::new(),
            obstacles: Vec::new(),
            lock: Lock::None,
            rewrites: Rewrite::Never,
            when: When::InTransaction,
            observed: None,
            fates: &[],
            revoked: BTreeMap::new(),
            session: None,
            sizes: None,
            migration: None,
        }
    }

    /// Where an object is declared.
    pub(super) fn written_at(&self, id: &ObjectId) -> Option<Span> {
        let entries = id.upwards().flat_map(|id| [self.sides.to.entry(id), self.sides.from.entry(id)]);
        entries.flatten().find_map(|entry: &Entry| entry.written.clone())
    }

    /// The relation of a name, as far as either state knows it.
    pub(super) fn relation(&self, name: &str) -> Option<&'a ObjectId> {
        self.sides.relations.get(name).copied()
    }

    /// The relations that were there before and are locked, each with the strongest lock.
    pub(super) fn locks(&self) -> BTreeMap<String, Lock> {
        match self.observed {
            Some(observed) => self.old(observed.locks.iter().map(|(name, lock)| (name, *lock))).collect(),
            None => self.subjects_wholes().map(|name| (name, self.lock)).collect(),
        }
    }

    /// Of what was observed, what is about relations of the state before: nobody else waits for the others.
    fn old<'n, T>(&self, all: impl Iterator<Item = (&'n String, T)>) -> impl Iterator<Item = (String, T)> {
        let all = all.filter(|(name, _)| self.relation(name).is_none_or(|id| self.sides.from.contains(whole(id))));
        all.map(|(name, it)| (name.clone(), it))
    }

    /// Whose statements on a relation wait meanwhile.
    pub(super) fn keeps_waiting(&self, relation: &str) -> Option<&'static str> {
        self.locks().get(relation).and_then(|lock| lock.keeps_waiting())
    }

    /// The tables that are written anew, and whether that is certain.
    pub(super) fn rewritten(&self) -> BTreeMap<String, bool> {
        match (self.observed, self.rewrites) {
            (Some(observed), _) => self.old(observed.rewritten.iter().map(|name| (name, true))).collect(),
            (None, Rewrite::Never) => BTreeMap::new(),
            (None, rewrites) => self.subjects_wholes().map(|name| (name, rewrites == Rewrite::Always)).collect(),
        }
    }

    /// Relations that its subjects are, or are parts of, by name.
    fn subjects_wholes(&self) -> impl Iterator<Item = String> {
        let wholes = self.subjects.iter().map(|id| whole(id)).filter(|id| self.sides.from.contains(id));
        wholes.filter(|id| id.slots().any(|(space, _)| space == Namespace::Relation)).map(ObjectId::qualified)
    }

    /// A relation as `COMMENT ON` names it.
    pub(super) fn named(&self, relation: &str) -> String {
        self.relation(relation).map_or_else(|| relation.to_owned(), ObjectId::to_string)
    }

    /// What a piece of work on a relation comes to, where its size is known.
    pub(super) fn estimate(&self, relation: &str, work: Work<'_>) -> Option<Estimate> {
        self.sizes?.get(relation).map(|size| estimate(size, work))
    }
}

/// The table of a column, the view of a comment: what stands in a schema, or by itself.
pub(super) fn whole(id: &ObjectId) -> &ObjectId {
    id.upwards().filter(|it| it.parent().is_some()).last().unwrap_or(id)
}

/// Of how many things each role loses privileges.
pub(super) fn revoked(sides: &Sides<'_>, changes: &[Change]) -> BTreeMap<String, usize> {
    let mut found: BTreeMap<String, usize> = BTreeMap::new();
    for risk in changes.iter().flat_map(|change| sides.risks(change.id())) {
        if let Risk::Revoked(Access { role, .. }) = risk {
            *found.entry(role).or_default() += 1;
        }
    }
    found
}

/// What a step does to one of its subjects: whether it ends it, and whether it begins it.
pub(super) fn is_due(step: &Step, id: &ObjectId, risk: &Risk, sides: &Sides<'_>) -> bool {
    let verbs = step.subjects.iter().zip(&step.verbs).filter(|(subject, _)| *subject == id).map(|(_, verb)| *verb);
    let verbs: Vec<Verb> = verbs.collect();
    let is_both = sides.from.contains(id) && sides.to.contains(id);
    let only = |verb: Verb| is_both && verbs.iter().all(|it| *it == verb);
    if risk.comes_with_the_new() { !only(Verb::Drop) } else { !only(Verb::Create) }
}

/// One role may be granted one thing and lose another by two statements of one subject.
fn is_said(tree: Option<&NodeEnum>, risk: &Risk) -> bool {
    let is_grant = match tree {
        Some(NodeEnum::GrantStmt(stmt)) => Some(stmt.is_grant),
        Some(NodeEnum::AlterDefaultPrivilegesStmt(stmt)) => stmt.action.as_ref().map(|action| action.is_grant),
        Some(_) | None => None,
    };
    let contradicts = match is_grant {
        Some(true) => matches!(risk, Risk::Revoked(_)),
        Some(false) => matches!(risk, Risk::Granted(_)),
        None => false,
    };
    !contradicts
}

fn tree(sql: &str) -> Option<NodeEnum> {
    parser::parse(sql).ok()?.stmts.into_iter().next()?.stmt?.node
}
