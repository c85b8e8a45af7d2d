//! Asks each kind how to carry out its change, and rebuilds what stands in the way.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    catalog::Catalog,
    ddl::{Action, Alter, Heard, Lock, Rewrite, StandIn, Target, Verb},
    diagnostic::Diagnostic,
    diff::Change,
    kinds::{Namespace, share_owner},
    model::{ObjectId, Sql},
    plan::{
        edges::{self, Edge},
        knots::Knots,
        succeed::Successors,
    },
};

/// Actions in reading order, and what must come before what.
pub(crate) struct Expanded {
    pub actions: Vec<Action>,
    pub edges: Vec<Edge>,
    /// What is dropped with something else, and the subject of the action that drops it.
    pub implicit: BTreeMap<ObjectId, ObjectId>,
}

pub(crate) fn expand(
    (from, to): (&Catalog, &Catalog),
    changes: &[Change],
    target: Target,
    heard: &Heard,
    knots: &Knots,
    successors: &Successors,
) -> Result<Expanded, Vec<Diagnostic>> {
    let mut work = Work::new(from, to, target, knots, successors);
    work.sort_changes(changes, heard);
    if !work.stuck.is_empty() {
        return Err(work.stuck);
    }
    let implicit = work.add_drops();
    work.add_alters();
    work.add_creates();
    let mut actions: Vec<Action> =
        std::mem::take(&mut work.actions).into_iter().map(|it| work.as_others_see(it)).collect();
    actions.sort_by_cached_key(|action| work.reading_order(action));
    work.actions = actions;
    let edges = edges::find(&work, &implicit);
    let actions = std::mem::take(&mut work.actions);
    Ok(work.choose(Expanded { actions, edges, implicit }))
}

pub(super) struct Work<'a> {
    pub(super) from: &'a Catalog,
    pub(super) to: &'a Catalog,
    pub(super) target: Target<'a>,
    pub(super) knots: &'a Knots,
    pub(super) successors: &'a Successors,
    pub(super) dependents: BTreeMap<&'a ObjectId, Vec<&'a ObjectId>>,
    pub(super) followers: BTreeMap<&'a ObjectId, Vec<&'a ObjectId>>,
    pub(super) added: BTreeSet<&'a ObjectId>,
    pub(super) removed: BTreeSet<&'a ObjectId>,
    /// Dropped and created again, with the reason.
    pub(super) rebuilt: BTreeMap<&'a ObjectId, Option<String>>,
    /// Changed in place.
    pub(super) altered: BTreeMap<&'a ObjectId, Vec<Action>>,
    /// What comes under another or leaves one, and stays what it is.
    pub(super) moving: BTreeSet<&'a ObjectId>,
    /// Rebuilt under objects that hold data: renamed first, dropped last.
    pub(super) set_aside: BTreeMap<&'a ObjectId, Vec<&'a ObjectId>>,
    pub(super) stuck: Vec<Diagnostic>,
    pub(super) actions: Vec<Action>,
}

impl<'a> Work<'a> {
    pub(super) fn new(
        from: &'a Catalog,
        to: &'a Catalog,
        target: Target<'a>,
        knots: &'a Knots,
        successors: &'a Successors,
    ) -> Work<'a> {
        let mut followers: BTreeMap<&ObjectId, Vec<&ObjectId>> = BTreeMap::new();
        for (id, entry) in from.iter() {
            if let Some(by) = &entry.implied_by {
                followers.entry(by).or_default().push(id);
            }
        }
        Work {
            from,
            to,
            target,
            knots,
            successors,
            dependents: from.dependents(),
            followers,
            added: BTreeSet::new(),
            removed: BTreeSet::new(),
            rebuilt: BTreeMap::new(),
            altered: BTreeMap::new(),
            moving: BTreeSet::new(),
            set_aside: BTreeMap::new(),
            stuck: Vec::new(),
            actions: Vec::new(),
        }
    }

    fn sort_changes(&mut self, changes: &[Change], heard: &Heard) {
        for change in changes {
            match change {
                Change::Add(id) => self.added.extend(self.to.key(id)),
                Change::Remove(id) => self.removed.extend(self.from.key(id)),
                Change::Alter(..) => (),
            }
        }
        self.moving = changes.iter().filter_map(|change| self.mover(change)).collect();
        let mut rebuilds = Vec::new();
        let mut displacements = Vec::new();
        for change in changes {
            let Change::Alter(id, _) = change else { continue };
            let (Some(old), Some(new)) = (self.from.get(id), self.to.get(id)) else { continue };
            let Some(id) = self.from.key(id) else { continue };
            let inherited = self.inherited(id);
            let mut alters = self.as_there(id, old).alter(id, &self.as_there(id, new), self.target);
            alters.retain(|(attribute, _)| !inherited.contains(attribute));
            for (_, alter) in alters {
                match heeding(alter, heard.get(id).copied()) {
                    Alter::Ignore(_) => (),
                    Alter::Do(actions) => self.altered.entry(id).or_default().extend(actions),
                    Alter::Displace { actions, change } => {
                        self.altered.entry(id).or_default().extend(actions);
                        displacements.push((id, change));
                    }
                    // However many of its attributes ask for it.
                    Alter::Replace { action, .. } => drop(self.altered.entry(id).or_insert_with(|| vec![*action])),
                    Alter::Rebuild => rebuilds.push(id),
                    Alter::Refuse { why, instead } => self.stuck.push(
                        Diagnostic::error("cannot-alter", format!("{id} cannot be changed: {why}")).with_help(instead),
                    ),
                }
            }
        }
        for id in rebuilds {
            self.rebuild(id, None);
        }
        for by in self.those_that_take_up_more() {
            self.rebuild(by, None);
        }
        for (id, change) in displacements {
            self.displace(id, change);
        }
        // What depends on something that is gone, and is itself to stay, must be made anew without it.
        for id in self.removed.clone() {
            self.rebuild_dependents(id);
            for follower in self.followers.get(id).cloned().unwrap_or_default() {
                let is_part = self.from.get(follower).is_some_and(|object| object.is_part());
                if is_part && self.to.contains(follower) && !self.leaves(follower, id) {
                    self.rebuild(follower, Some(format!("it is dropped with {id}")));
                }
            }
        }
        self.set_aside_what_is_under();
    }

    /// The attributes that change here as they change on what implies `id`, and by that change.
    fn inherited(&self, id: &ObjectId) -> BTreeSet<&'static str> {
        let inherited = || {
            let by = self.to.entry(id)?.implied_by.as_ref()?;
            if self.joins(id, by) {
                return None;
            }
            let (old, new) = (self.from.get(by)?, self.to.get(by)?);
            let changed = old.alter(by, new, self.target).into_iter().map(|(attribute, _)| attribute);
            let differ = new.alter(id, self.to.get(id)?, self.target);
            Some(changed.filter(|it| differ.iter().all(|(attribute, _)| attribute != it)).collect())
        };
        inherited().unwrap_or_default()
    }

    pub(super) fn is_dropped(&self, id: &ObjectId) -> bool {
        self.removed.contains(id) || self.rebuilt.contains_key(id)
    }

    /// What drops `id` without being asked: the nearest object that it dies with.
    fn dropped_by(&self, id: &ObjectId) -> Option<&'a ObjectId> {
        // What goes along with something else leaves copies in children that are nobody's.
        if self.knots.explicit.contains(id) || self.leaves_copies(id) {
            return None;
        }
        let entry = self.from.entry(id)?;
        let by_parent = id.parent().filter(|parent| entry.dies_with.contains(parent) && self.is_dropped(parent));
        by_parent
            .or_else(|| entry.dies_with.iter().find(|it| self.is_dropped(it) && !self.outlives(id, it)))
            .or_else(|| entry.implied_by.as_ref().filter(|by| self.goes_with(id, by)))
            .and_then(|it| self.from.key(it))
    }

    /// Whether `id` goes by itself when `by`, which implies it, is dropped.
    fn goes_with(&self, id: &ObjectId, by: &ObjectId) -> bool {
        let own = self.from.get(id).is_some_and(|object| object.is_own());
        !own && self.is_dropped(by) && !self.leaves(id, by)
    }

    /// Adds an action for each object that nothing else takes along. Tells the others, each with what takes it.
    fn add_drops(&mut self) -> BTreeMap<ObjectId, ObjectId> {
        let mut implicit = BTreeMap::new();
        let dropped: Vec<&ObjectId> = self.removed.iter().copied().chain(self.rebuilt.keys().copied()).collect();
        for id in dropped {
            let mut root = id;
            let mut seen = BTreeSet::new();
            while let Some(up) = self.dropped_by(root) {
                if !seen.insert(up) {
                    break;
                }
                root = up;
            }
            if root != id {
                implicit.insert(id.clone(), root.clone());
                continue;
            }
            let Some(object) = self.from.get(id) else { continue };
            let because = self.rebuilt.get(id).cloned().flatten();
            let mut actions = self.as_there(id, object).drop(id);
            if self.leaves_copies(id) {
                actions = actions.into_iter().map(Action::only).collect();
            }
            if let Some(moved) = self.set_aside.get(id).filter(|_| self.rebuilt.contains_key(id))
                && let Some((rename, mut last)) = object.set_aside(id)
            {
                last.after = moved.iter().map(|it| (*it).clone()).collect();
                actions = vec![rename, last];
            }
            if let Some(stand_in) = self.knots.emptied.get(id).and_then(|_| object.stand_in(id)) {
                actions.insert(
                    0,
                    Action { because: Some(KNOT.to_owned()), ..Action::drop(id, stand_in.replace).locks(REPLACING) },
                );
            }
            self.actions.extend(actions.into_iter().map(|action| blamed(action, because.as_ref())));
        }
        implicit
    }

    /// Whether something goes that a child has inherited and keeps as its own.
    fn leaves_copies(&self, id: &ObjectId) -> bool {
        let keeps = |copy: &&ObjectId| {
            let inherited = self.from.get(copy).is_some_and(|object| !object.is_own());
            let is_still_a_child = copy.parent().is_some_and(|child| {
                id.parent().is_some_and(|parent| self.to.needs(child).any(|needed| needed == parent))
            });
            copy.kind == id.kind && inherited && self.to.contains(copy) && is_still_a_child
        };
        !self.to.contains(id) && self.followers.get(id).into_iter().flatten().any(keeps)
    }

    fn add_alters(&mut self) {
        let altered = std::mem::take(&mut self.altered);
        for (id, actions) in &altered {
            if self.is_dropped(id) || self.follows_a_change(id, &altered) {
                continue;
            }
            match self.sketch(id) {
                Some(it) => {
                    self.actions.extend(by_way_of(id, Action::alter(id, it.replace).locks(REPLACING), it.complete))
                }
                None => self.actions.extend(actions.iter().cloned()),
            }
        }
        self.altered = altered;
    }

    /// Whether the change comes by itself with that of the object that implies this one.
    fn follows_a_change(&self, id: &ObjectId, altered: &BTreeMap<&ObjectId, Vec<Action>>) -> bool {
        let Some(by) = self.to.entry(id).and_then(|entry| entry.implied_by.as_ref()) else { return false };
        altered.contains_key(by) && self.follows(id, by) && !self.joins(id, by)
    }

    fn follows(&self, id: &ObjectId, by: &ObjectId) -> bool {
        match (self.to.get(id), self.to.get(by)) {
            (Some(object), Some(parent)) => object.follows(parent),
            _ => false,
        }
    }

    fn add_creates(&mut self) {
        let rebuilt = self.rebuilt.keys().copied().filter(|id| self.to.contains(id));
        let created: Vec<&ObjectId> = self.added.iter().copied().chain(rebuilt).collect();
        for id in created {
            let Some(entry) = self.to.entry(id) else { continue };
            let because = self.rebuilt.get(id).cloned().flatten();
            let actions = match entry.implied_by.as_ref().filter(|by| self.comes_with(id, by)) {
                Some(by) => self.beyond(id, by),
                None => match self.sketch(id) {
                    Some(it) => by_way_of(id, Action::create(id, it.create), it.complete),
                    None => match self.in_parts(id) {
                        Some(bare) => bare.create(id, self.target),
                        None => self.as_there(id, &entry.object).create(id, self.target),
                    },
                },
            };
            let first = self.shared_owner(id);
            let actions = actions.into_iter().map(|action| match &first {
                Some(first) => action.after(first.subject.clone()),
                None => action,
            });
            let actions: Vec<Action> = first.iter().cloned().chain(actions).collect();
            self.actions.extend(actions.into_iter().map(|action| blamed(action, because.as_ref())));
        }
    }

    /// What gives something new the owner of what is there already, where `id` ties the two together. What is new as well
    /// gets its owner once it is tied, for both.
    fn shared_owner(&self, id: &ObjectId) -> Option<Action> {
        let own = id.parent().filter(|it| id.kind.shares_owner() && self.is_created(it))?;
        let other = self.to.needs(id).map(Self::whole).find(|it| *it != own)?;
        if self.is_created(other) { None } else { share_owner(own, other, |id| self.to.get(id)) }
    }

    /// What stands in for an object that comes, or changes, by way of something else.
    fn sketch(&self, id: &ObjectId) -> Option<StandIn> {
        self.to.get(id).filter(|_| self.is_sketched(id))?.stand_in(id)
    }

    /// An action without the locks on what is new, for which nobody can be waiting.
    fn as_others_see(&self, action: Action) -> Action {
        let subject = &action.subject;
        let is_relation = |id: &&ObjectId| id.kind.namespaces().contains(&Namespace::Relation);
        let whole = subject.ancestors().find(is_relation);
        // A clause is about the relation that contains the subject, if there is one; a statement is about the subject itself.
        let is_by_itself = whole.is_none() || matches!(action.sql, Sql::Statement(_));
        let is_about_itself = action.verb == Verb::Alter && is_by_itself && is_relation(&subject);
        let on_new = whole.is_some_and(|it| self.is_created(it)) || (is_about_itself && self.is_created(subject));
        // What comes under another may be there by then, or not yet.
        let is_old = |needed: &ObjectId| {
            self.from.contains(needed) && !self.moves(needed) && !needed.upwards().any(|up| self.is_created(up))
        };
        let is_beside = |needed: &&ObjectId| !needed.upwards().any(|up| up == subject || Some(up) == whole);
        let elsewhere = self.to.needs(subject).filter(is_beside).filter(|it| it.parent().is_some()).any(is_old);
        let is_joined = |id: &&ObjectId| self.to.needs(id).any(|it| Some(it) == whole);
        let reaches = if on_new && self.moving.iter().any(is_joined) { action.lock } else { Lock::None };
        Action {
            rewrites: match action.rewrites {
                _ if on_new && action.verb != Verb::Drop => Rewrite::Never,
                Rewrite::Always if whole.and_then(|it| self.to.get(it)).is_some_and(|it| it.is_partitioned()) => {
                    Rewrite::Perhaps
                }
                rewrites @ (Rewrite::Never | Rewrite::Perhaps | Rewrite::Always) => rewrites,
            },
            lock: if on_new && action.verb != Verb::Drop { Lock::None } else { action.lock },
            lock_elsewhere: if elsewhere { action.lock_elsewhere } else { Lock::None },
            // What is not in the catalog, as a platform's own tables, may be there all the same.
            // Whatever rows were there, they are not there any more.
            fails_if: action.fails_if.filter(|_| !on_new),
            lock_of_users: action.lock_of_users.max(action.lock_elsewhere).max(reaches),
            ..action
        }
    }

    /// Whether it comes, or changes, by way of what stands in for it.
    pub(super) fn is_sketched(&self, id: &ObjectId) -> bool {
        let needs_itself = || self.is_created(id) && self.to.get(id).is_some_and(|object| object.needs_itself());
        self.knots.sketched.contains(id) || needs_itself()
    }

    pub(super) fn is_created(&self, id: &ObjectId) -> bool {
        self.added.contains(id) || (self.rebuilt.contains_key(id) && self.to.contains(id))
    }

    /// Whether `id` comes into being by itself when `by`, which implies it, does, or the table that it is on.
    pub(super) fn comes_with(&self, id: &ObjectId, by: &ObjectId) -> bool {
        let own = self.to.get(id).is_some_and(|object| object.is_own());
        let attached = |parent: &ObjectId| self.to.get(parent).is_some_and(|object| object.is_attached());
        let precedes = id.kind.precedes_attaching() && id.ancestors().any(|it| self.is_created(it) && attached(it));
        let comes = match self.is_created(by) {
            _ if self.joins(id, by) => id.kind.comes_by_attaching() || self.comes_from_another(id),
            true => self.to.get(by).is_some_and(|object| object.brings_along()) && self.in_parts(by).is_none(),
            false => id.parent().is_some_and(|parent| self.is_created(parent)),
        };
        !own && !precedes && !self.is_taken_up(id, by) && comes
    }

    /// Whether `id` is made by itself, and the whole takes it up when that is created: PostgreSQL makes no such part by
    /// itself, and what it would call it nobody knows.
    pub(super) fn is_taken_up(&self, id: &ObjectId, by: &ObjectId) -> bool {
        let (Some(part), Some(whole)) = (self.to.get(id), self.to.get(by)) else { return false };
        id.kind != by.kind || (part.is_part() && !part.follows(whole))
    }

    /// What has to be changed of an object that comes into being as a copy of `by`.
    fn beyond(&self, id: &ObjectId, by: &ObjectId) -> Vec<Action> {
        let (Some(own), Some(copied)) = (self.to.get(id), self.to.get(by)) else { return Vec::new() };
        if own.follows(copied) {
            return Vec::new();
        }
        let alters = copied.alter(id, own, self.target).into_iter();
        alters
            .flat_map(|(_, alter)| match alter {
                Alter::Do(actions) | Alter::Displace { actions, .. } => actions,
                Alter::Replace { .. } | Alter::Rebuild | Alter::Refuse { .. } | Alter::Ignore(_) => Vec::new(),
            })
            .collect()
    }

    /// Drops, then changes, then creations; each container with what it contains, itself first.
    fn reading_order(&self, action: &Action) -> impl Ord + use<> {
        let subject = &action.subject;
        let mut path: Vec<&ObjectId> = subject.ancestors().collect();
        path.reverse();
        path.push(subject);
        // A schema only holds things together; what counts is what stands in it.
        let at = path.iter().position(|id| id.kind.takes_contents_along()).unwrap_or(path.len() - 1);
        let top = path[at];
        let phase = match (self.is_dropped(top), self.from.contains(top)) {
            (true, _) if action.verb == Verb::Drop => 0,
            (true, _) | (false, false) => 2,
            (false, true) => 1,
        };
        // What would fire on the other changes is dropped or switched off before them, created or switched on after.
        let phase = match top.kind.fires_on_ddl() {
            true if action.verb == Verb::Drop || action.position < 0 => -1,
            true => 3,
            false => phase,
        };
        let within = subject != top;
        let path: Vec<_> = path
            .into_iter()
            .map(|id| {
                let position = if id == subject { action.position } else { 0 };
                // What is below zero comes before all its siblings, of whatever kind: nothing is granted before the
                // owner is the right one.
                (position.min(0), id.kind, position, id.name.clone(), id.signature.clone())
            })
            .collect();
        // What is set on a new object right after its creation belongs to the creation.
        let created = self.is_dropped(subject) || !self.from.contains(subject);
        let verb = if created && action.verb == Verb::Alter { Verb::Create } else { action.verb };
        (phase, path[..=at].to_vec(), within, verb, path)
    }
}

/// A change as PostgreSQL, where it was asked, allows it.
fn heeding(alter: Alter, accepts: Option<bool>) -> Alter {
    match (alter, accepts) {
        (Alter::Displace { actions, change }, Some(false)) if actions.iter().any(gives_way) => {
            let why = || Box::new(Err("PostgreSQL refuses what is to be made on a column beside it".to_owned()));
            let actions = actions.into_iter().map(|it| Action { expansion: it.expansion.map(|_| why()), ..it });
            Alter::Displace { actions: actions.collect(), change }
        }
        (Alter::Replace { action, likely }, heard) if heard.unwrap_or(likely) => Alter::Replace { action, likely },
        (Alter::Replace { .. } | Alter::Do(_) | Alter::Displace { .. }, Some(false)) => Alter::Rebuild,
        (Alter::Replace { .. }, _) => Alter::Rebuild,
        (alter, _) => alter,
    }
}

fn gives_way(action: &Action) -> bool {
    action.expansion.is_some()
}

/// An action with its reason, which may be known already.
fn blamed(action: Action, because: Option<&String>) -> Action {
    Action { because: action.because.clone().or_else(|| because.cloned()), ..action }
}

/// First what stands in for an object, then the object.
fn by_way_of(id: &ObjectId, first: Action, complete: String) -> Vec<Action> {
    let complete = Action::alter(id, complete).locks(REPLACING);
    vec![
        Action { because: Some(KNOT.to_owned()), ..first },
        Action { because: Some("what it needs is there now".to_owned()), ..complete },
    ]
}

/// The lock of `CREATE OR REPLACE` on a relation.
const REPLACING: Lock = Lock::AccessExclusive;
const KNOT: &str = "what it needs needs it too: it stands empty for a moment";
