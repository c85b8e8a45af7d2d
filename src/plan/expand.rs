//! Asks each kind how to carry out its change, rebuilds what stands in the way, and says what must come before what.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::{
    catalog::{Catalog, Entry},
    ddl::{Action, Alter, Inline, Retype, Room, Survival, Target, Verb},
    diagnostic::Diagnostic,
    diff::Change,
    model::ObjectId,
};

/// Actions in reading order, and what must come before what.
pub(crate) struct Expanded {
    pub actions: Vec<Action>,
    pub edges: Vec<Edge>,
    /// What is dropped with something else, and the subject of the action that drops it.
    pub implicit: BTreeMap<ObjectId, ObjectId>,
}

/// One action before another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Edge {
    pub before: usize,
    pub after: usize,
    /// A wish: it gives way where it cannot be had.
    pub soft: bool,
}

pub(crate) fn expand(
    from: &Catalog,
    to: &Catalog,
    changes: &[Change],
    target: Target,
    explicit: &BTreeSet<ObjectId>,
) -> Result<Expanded, Vec<Diagnostic>> {
    let mut work = Work::new(from, to, target);
    work.sort_changes(changes);
    if !work.stuck.is_empty() {
        return Err(work.stuck);
    }
    let implicit = work.add_drops(explicit);
    work.add_alters();
    work.add_creates();
    let mut actions = std::mem::take(&mut work.actions);
    actions.sort_by_cached_key(|action| work.reading_order(action));
    work.actions = actions;
    let edges = work.edges(&implicit);
    Ok(Expanded { actions: work.actions, edges, implicit })
}

struct Work<'a> {
    from: &'a Catalog,
    to: &'a Catalog,
    target: Target<'a>,
    dependents: BTreeMap<&'a ObjectId, Vec<&'a ObjectId>>,
    followers: BTreeMap<&'a ObjectId, Vec<&'a ObjectId>>,
    added: BTreeSet<&'a ObjectId>,
    removed: BTreeSet<&'a ObjectId>,
    /// Dropped and created again, with the reason.
    rebuilt: BTreeMap<&'a ObjectId, Option<String>>,
    /// Changed in place.
    altered: BTreeMap<&'a ObjectId, Vec<Action>>,
    /// Rebuilt under objects that hold data: renamed first, dropped last.
    set_aside: BTreeMap<&'a ObjectId, Vec<&'a ObjectId>>,
    stuck: Vec<Diagnostic>,
    actions: Vec<Action>,
}

impl<'a> Work<'a> {
    fn new(from: &'a Catalog, to: &'a Catalog, target: Target<'a>) -> Work<'a> {
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
            dependents: from.dependents(),
            followers,
            added: BTreeSet::new(),
            removed: BTreeSet::new(),
            rebuilt: BTreeMap::new(),
            altered: BTreeMap::new(),
            set_aside: BTreeMap::new(),
            stuck: Vec::new(),
            actions: Vec::new(),
        }
    }

    fn sort_changes(&mut self, changes: &[Change]) {
        let (from, to) = (self.from, self.to);
        for change in changes {
            match change {
                Change::Add(id) => {
                    self.added.extend(to.key(id));
                }
                Change::Remove(id) => {
                    self.removed.extend(from.key(id));
                }
                Change::Alter(..) => (),
            }
        }
        let mut rebuilds = Vec::new();
        let mut displacements = Vec::new();
        for change in changes {
            let Change::Alter(id, _) = change else { continue };
            let (Some(old), Some(new)) = (from.get(id), to.get(id)) else { continue };
            let Some(id) = from.key(id) else { continue };
            let inherited = self.inherited(id);
            for (attribute, alter) in old.alter(id, new, self.target) {
                match alter {
                    _ if inherited.contains(attribute) => (),
                    Alter::Do(actions) => self.altered.entry(id).or_default().extend(actions),
                    Alter::Displace { actions, change } => {
                        self.altered.entry(id).or_default().extend(actions);
                        displacements.push((id, change));
                    }
                    Alter::Rebuild => rebuilds.push((id, attribute)),
                    Alter::Ignore(_) => (),
                }
            }
        }
        for (id, _) in rebuilds {
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
                if self.from.get(follower).is_some_and(|object| object.is_part()) && self.to.contains(follower) {
                    self.rebuild(follower, Some(format!("it is dropped with {id}")));
                }
            }
        }
    }

    /// What a thing of another kind becomes a part of: that happens only when the whole is created.
    fn those_that_take_up_more(&self) -> Vec<&'a ObjectId> {
        let whole = |(id, entry): (&'a ObjectId, &'a Entry)| {
            let by = entry.implied_by.as_ref().filter(|by| by.kind != id.kind)?;
            let as_before = self.from.entry(id).is_some_and(|old| old.implied_by.as_ref() == Some(by));
            let taken = !as_before && self.from.get(by)?.brings_along();
            taken.then(|| self.from.key(by)).flatten()
        };
        self.to.iter().filter_map(whole).collect()
    }

    /// The attributes that change here as they change on what implies `id`, and by that change.
    fn inherited(&self, id: &ObjectId) -> BTreeSet<&'static str> {
        let inherited = || {
            let by = self.to.entry(id)?.implied_by.as_ref()?;
            let (old, new) = (self.from.get(by)?, self.to.get(by)?);
            let changed = old.alter(by, new, self.target).into_iter().map(|(attribute, _)| attribute);
            let differ = new.alter(id, self.to.get(id)?, self.target);
            Some(changed.filter(|it| differ.iter().all(|(attribute, _)| attribute != it)).collect())
        };
        inherited().unwrap_or_default()
    }

    /// Drops and creates `id`, and all that stands on it.
    fn rebuild(&mut self, id: &'a ObjectId, because: Option<String>) {
        if self.removed.contains(id) || self.rebuilt.contains_key(id) {
            return;
        }
        if let Some(origin) = self.origin(id) {
            return self.rebuild(origin, because);
        }
        self.rebuilt.insert(id, because.clone());
        // A definition does not come off what it completes.
        if id.kind.completes_parent()
            && let Some(parent) = id.parent().and_then(|parent| self.from.key(parent))
        {
            self.rebuild(parent, because.clone());
        }
        for follower in self.followers.get(id).cloned().unwrap_or_default() {
            if self.from.get(follower).is_some_and(|object| !object.is_own()) {
                self.rebuild(follower, because.clone());
            }
        }
        self.rebuild_dependents(id);
    }

    /// What has to be made anew for `id` to be: an inherited object comes and goes with what it is inherited from.
    fn origin(&self, id: &ObjectId) -> Option<&'a ObjectId> {
        let (old, new) = (self.from.entry(id)?, self.to.entry(id)?);
        let by = old.implied_by.as_ref().filter(|by| !old.object.is_own() && new.implied_by.as_ref() == Some(by))?;
        let (origin, entry) = (self.from.key(by)?, self.from.entry(by)?);
        let goes = !self.is_dropped(by) && entry.object.drop(by).iter().all(|action| action.loses.is_none());
        (self.to.contains(by) && goes).then_some(origin)
    }

    fn rebuild_dependents(&mut self, id: &'a ObjectId) {
        for dependent in self.dependents.get(id).cloned().unwrap_or_default() {
            if self.removed.contains(dependent) || self.rebuilt.contains_key(dependent) {
                continue;
            }
            // The first cause is what a reader wants to know.
            let because = self.rebuilt.get(id).cloned().flatten().or_else(|| {
                let what = if self.removed.contains(id) { "is dropped" } else { "is made anew" };
                Some(format!("{id} {what}"))
            });
            if dependent.parent() == Some(id) {
                self.rebuild(dependent, because);
                continue;
            }
            let (Some(old), Some(new)) = (self.from.get(dependent), self.to.get(dependent)) else { continue };
            // It changes in such a way that it needs this no longer.
            if self.removed.contains(id) && self.altered.contains_key(dependent) {
                continue;
            }
            match old.survive(dependent, new, id) {
                Survival::Rebuilt => self.rebuild(dependent, because),
                Survival::Moved(actions) => {
                    self.set_aside.entry(id).or_default().push(dependent);
                    let altered = self.altered.entry(dependent).or_default();
                    // A column that changes its type anyway is moved by that change.
                    altered.splice(0..0, actions);
                    self.displace(dependent, Retype::Conversion);
                }
                Survival::Stuck => self.stuck.push(
                    Diagnostic::error("cannot-rebuild", format!("{dependent} needs {id}, which has to be made anew"))
                        .with_note(format!("{dependent} holds data and cannot be dropped and created again"))
                        .with_help(
                            "move the data in steps: add the new object beside the old, copy, then drop the old",
                        ),
                ),
            }
        }
    }

    /// Clears the way for a change of type.
    fn displace(&mut self, id: &'a ObjectId, change: Retype) {
        for dependent in self.dependents.get(id).cloned().unwrap_or_default() {
            let blocks = dependent.kind.blocks().is_some_and(|least| least <= change);
            if blocks {
                self.rebuild(dependent, Some(format!("{id} changes its type")));
            }
        }
        for follower in self.followers.get(id).cloned().unwrap_or_default() {
            self.displace(follower, change);
        }
    }

    fn is_dropped(&self, id: &ObjectId) -> bool {
        self.removed.contains(id) || self.rebuilt.contains_key(id)
    }

    /// What drops `id` without being asked: the nearest object that it dies with.
    fn dropped_by(&self, id: &ObjectId, explicit: &BTreeSet<ObjectId>) -> Option<&'a ObjectId> {
        if explicit.contains(id) {
            return None;
        }
        let entry = self.from.entry(id)?;
        let by_parent = id.parent().filter(|parent| entry.dies_with.contains(parent) && self.is_dropped(parent));
        by_parent
            .or_else(|| entry.dies_with.iter().find(|it| self.is_dropped(it)))
            .or_else(|| entry.implied_by.as_ref().filter(|by| !entry.object.is_own() && self.is_dropped(by)))
            .and_then(|it| self.from.key(it))
    }

    /// Adds an action for each object that nothing else takes along. Tells the others, each with what takes it.
    fn add_drops(&mut self, explicit: &BTreeSet<ObjectId>) -> BTreeMap<ObjectId, ObjectId> {
        let mut implicit = BTreeMap::new();
        let dropped: Vec<&ObjectId> = self.removed.iter().copied().chain(self.rebuilt.keys().copied()).collect();
        for id in dropped {
            let mut root = id;
            let mut seen = BTreeSet::new();
            while let Some(up) = self.dropped_by(root, explicit) {
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
            let mut actions = object.drop(id);
            if let Some(moved) = self.set_aside.get(id).filter(|_| self.rebuilt.contains_key(id))
                && let Some((rename, mut last)) = object.set_aside(id)
            {
                last.after = moved.iter().map(|it| (*it).clone()).collect();
                actions = vec![rename, last];
            }
            self.actions.extend(
                actions
                    .into_iter()
                    .map(|action| Action { because: action.because.clone().or_else(|| because.clone()), ..action }),
            );
        }
        implicit
    }

    fn add_alters(&mut self) {
        let altered = std::mem::take(&mut self.altered);
        for (id, actions) in &altered {
            if self.is_dropped(id) || self.follows_a_change(id, &altered) {
                continue;
            }
            self.actions.extend(actions.iter().cloned());
        }
        self.altered = altered;
    }

    /// Whether the change comes by itself with that of the object that implies this one.
    fn follows_a_change(&self, id: &ObjectId, altered: &BTreeMap<&ObjectId, Vec<Action>>) -> bool {
        let Some(by) = self.to.entry(id).and_then(|entry| entry.implied_by.as_ref()) else { return false };
        altered.contains_key(by) && self.follows(id, by)
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
                None => entry.object.create(id, self.target),
            };
            self.actions.extend(actions.into_iter().map(|action| Action { because: because.clone(), ..action }));
        }
    }

    fn is_created(&self, id: &ObjectId) -> bool {
        self.added.contains(id) || (self.rebuilt.contains_key(id) && self.to.contains(id))
    }

    /// Whether `id` comes into being by itself when `by`, which implies it, does, or the table that it is on.
    fn comes_with(&self, id: &ObjectId, by: &ObjectId) -> bool {
        let own = self.to.get(id).is_some_and(|object| object.is_own());
        let comes = match self.is_created(by) {
            true => self.to.get(by).is_some_and(|object| object.brings_along()),
            false => id.parent().is_some_and(|parent| self.is_created(parent)),
        };
        !own && id.kind == by.kind && comes
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
                Alter::Rebuild | Alter::Ignore(_) => Vec::new(),
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

    fn edges(&self, implicit: &BTreeMap<ObjectId, ObjectId>) -> Vec<Edge> {
        Edges::new(self, implicit).find()
    }
}

/// Finds what must come before what, by address.
struct Edges<'a, 'w> {
    work: &'w Work<'a>,
    implicit: &'w BTreeMap<ObjectId, ObjectId>,
    creates: HashMap<&'w ObjectId, usize>,
    alters: HashMap<&'w ObjectId, Vec<usize>>,
    drops: HashMap<&'w ObjectId, Vec<usize>>,
    found: HashSet<Edge>,
}

impl<'a, 'w> Edges<'a, 'w> {
    fn new(work: &'w Work<'a>, implicit: &'w BTreeMap<ObjectId, ObjectId>) -> Edges<'a, 'w> {
        let mut it = Edges {
            work,
            implicit,
            creates: HashMap::new(),
            alters: HashMap::new(),
            drops: HashMap::new(),
            found: HashSet::new(),
        };
        for (at, action) in work.actions.iter().enumerate() {
            match action.verb {
                Verb::Create => {
                    it.creates.entry(&action.subject).or_insert(at);
                }
                Verb::Alter => it.alters.entry(&action.subject).or_default().push(at),
                Verb::Drop => it.drops.entry(&action.subject).or_default().push(at),
            }
        }
        it
    }

    fn add(&mut self, before: usize, after: usize, soft: bool) {
        if before != after {
            self.found.insert(Edge { before, after, soft });
        }
    }

    /// The first action that takes `id` away: its own, or that of what it dies with.
    fn drop_of(&self, id: &ObjectId) -> Option<usize> {
        let root = self.implicit.get(id).unwrap_or(id);
        self.drops.get(root).and_then(|at| at.first()).copied()
    }
    /// The last one: where the name was set aside first, the drop itself.
    fn last_drop_of(&self, id: &ObjectId) -> Option<usize> {
        let root = self.implicit.get(id).unwrap_or(id);
        self.drops.get(root).and_then(|at| at.last()).copied()
    }

    /// The actions after which `id` is there: its own, or those of what it comes with.
    fn makers_of(&self, id: &ObjectId) -> Vec<usize> {
        if !self.work.is_created(id) {
            return Vec::new();
        }
        if let Some(&at) = self.creates.get(id) {
            return vec![at];
        }
        let by = self.work.to.entry(id).and_then(|entry| entry.implied_by.as_ref());
        by.into_iter().chain(id.parent()).flat_map(|with| self.makers_of(with)).collect()
    }

    fn find(mut self) -> Vec<Edge> {
        self.in_sequence();
        self.tear_down();
        self.build_up();
        self.join_parents();
        self.free_names();
        self.make_room();
        let mut edges: Vec<Edge> = self.found.into_iter().collect();
        edges.sort_by_key(|edge| (edge.before, edge.after, edge.soft));
        edges
    }

    /// The actions of one object in the order in which its kind gave them.
    fn in_sequence(&mut self) {
        let mut last: HashMap<(&ObjectId, bool), usize> = HashMap::new();
        for (at, action) in self.work.actions.iter().enumerate() {
            let side = action.verb == Verb::Drop;
            if let Some(before) = last.insert((&action.subject, side), at) {
                self.add(before, at, false);
            }
            for id in &action.after {
                for before in self.alters.get(id).cloned().unwrap_or_default() {
                    self.add(before, at, false);
                }
                if let Some(before) = self.creates.get(id).copied() {
                    self.add(before, at, false);
                }
            }
        }
    }

    /// What needs something goes before it, or lets go of it before.
    fn tear_down(&mut self) {
        let work = self.work;
        for (id, entry) in work.from.iter() {
            let own = work.is_dropped(id).then(|| self.drop_of(id)).flatten();
            // What it inherits may go once it is no longer inherited.
            let by = entry.implied_by.as_ref().filter(|by| !work.is_dropped(id) && work.is_dropped(by));
            if let (Some(drop), Some(parent)) = (by.and_then(|by| self.last_drop_of(by)), id.parent()) {
                for alter in self.alters.get(parent).cloned().unwrap_or_default() {
                    self.add(alter, drop, false);
                }
            }
            // What is set on an object that is made anew is set on the new one.
            let alters = if work.is_dropped(id) { None } else { self.alters.get(id).cloned() }.unwrap_or_default();
            if own.is_none() && alters.is_empty() {
                continue;
            }
            // What was inherited can go only once it is no longer inherited.
            if let (Some(own), Some(_), Some(parent)) = (own, &entry.implied_by, id.parent()) {
                for alter in self.alters.get(parent).cloned().unwrap_or_default() {
                    self.add(alter, own, false);
                }
            }
            for needed in id.parent().into_iter().chain(&entry.needs) {
                let drop = work.is_dropped(needed).then(|| self.last_drop_of(needed)).flatten();
                if let (Some(own), Some(drop)) = (own, drop) {
                    self.add(self.last_drop_of(id).unwrap_or(own), drop, false);
                    // What is not renamed itself goes by its name, which may hold the name of what it needs.
                    if let Some(rename) = self.drop_of(needed).filter(|_| !work.set_aside.contains_key(id)) {
                        self.add(own, rename, false);
                    }
                }
                for &alter in &alters {
                    if let Some(drop) = drop {
                        self.add(alter, drop, false);
                    }
                }
                if let Some(own) = own.filter(|_| id.parent() != Some(needed)) {
                    for alter in self.alters.get(needed).cloned().unwrap_or_default() {
                        self.add(own, alter, false);
                    }
                }
            }
        }
    }

    /// What is needed comes first.
    fn build_up(&mut self) {
        let work = self.work;
        let mut parts: HashMap<&ObjectId, Vec<usize>> = HashMap::new();
        for (at, action) in work.actions.iter().enumerate().filter(|(_, action)| action.verb == Verb::Create) {
            if let (Some(parent), Some(Inline::Item(_))) = (action.subject.parent(), &action.inline) {
                parts.entry(parent).or_default().push(at);
            }
        }
        for (at, action) in work.actions.iter().enumerate().filter(|(_, action)| action.verb != Verb::Drop) {
            let id = &action.subject;
            let Some(entry) = work.to.entry(id) else { continue };
            // The whole takes up a part of another kind when it is created, if the part is there.
            let taken_up = entry.implied_by.as_ref().filter(|by| by.kind != id.kind && action.verb == Verb::Create);
            for whole in taken_up.map(|by| self.makers_of(by)).unwrap_or_default() {
                self.add(at, whole, false);
            }
            let needs = id.parent().into_iter().chain(&entry.needs).chain(&entry.implied_by);
            let needs = needs.filter(|&id| taken_up != Some(id)).map(|id| (id, false));
            let mentions = entry.mentions.iter().map(|id| (id, true));
            for (needed, soft) in needs.chain(mentions) {
                for before in self.makers_of(needed) {
                    self.add(before, at, soft);
                }
                // A body that mentions a table may mean any of its columns.
                for &before in parts.get(needed).into_iter().flatten().filter(|_| soft) {
                    self.add(before, at, soft);
                }
                let contains = id.parent() == Some(needed);
                // What a definition contains need not wait for what is set afterwards.
                if !(contains && self.creates.contains_key(needed)) {
                    for before in self.alters.get(needed).cloned().unwrap_or_default() {
                        self.add(before, at, soft);
                    }
                }
            }
        }
    }

    /// What comes under another parent finds there what the two have in common, and nothing that is to go.
    fn join_parents(&mut self) {
        let work = self.work;
        let mut going: HashMap<&ObjectId, Vec<usize>> = HashMap::new();
        for (at, action) in work.actions.iter().enumerate().filter(|(_, action)| action.verb == Verb::Drop) {
            going.entry(action.subject.parent().unwrap_or(&action.subject)).or_default().push(at);
        }
        for (id, entry) in work.to.iter().filter(|(id, _)| !work.is_created(id)) {
            let as_before = work.from.entry(id).is_some_and(|old| old.implied_by == entry.implied_by);
            let Some(by) = entry.implied_by.as_ref().filter(|_| !as_before) else { continue };
            let joins = id.parent().and_then(|child| self.alters.get(child)).cloned().unwrap_or_default();
            let goes = by.parent().and_then(|parent| going.get(parent)).into_iter().flatten().copied();
            for before in goes.chain(self.makers_of(by)).collect::<Vec<_>>() {
                for &after in &joins {
                    self.add(before, after, true);
                }
            }
        }
    }

    /// A name is freed before it is taken.
    fn free_names(&mut self) {
        let work = self.work;
        let mut freed: HashMap<_, Vec<usize>> = HashMap::new();
        let mut heirs: HashMap<&ObjectId, Vec<usize>> = HashMap::new();
        for id in work.removed.iter().chain(work.rebuilt.keys()) {
            let Some(at) = self.drop_of(id) else { continue };
            for slot in id.slots() {
                freed.entry(slot).or_default().push(at);
            }
            for with in work.from.entry(id).into_iter().flat_map(|entry| &entry.dies_with) {
                heirs.entry(with).or_default().push(at);
            }
        }
        for (at, action) in work.actions.iter().enumerate().filter(|(_, action)| action.verb == Verb::Create) {
            let id = &action.subject;
            for before in id.slots().filter_map(|slot| freed.get(&slot).cloned()).flatten() {
                self.add(before, at, false);
            }
            if let Some(before) = self.drop_of(id).filter(|_| work.is_dropped(id)) {
                self.add(before, at, false);
            }
            for before in id.parent().and_then(|parent| heirs.get(parent).cloned()).unwrap_or_default() {
                self.add(before, at, true);
            }
        }
    }

    /// Room is made before it is taken.
    fn make_room(&mut self) {
        let actions = &self.work.actions;
        let mut freed: HashMap<&str, Vec<usize>> = HashMap::new();
        for (at, action) in actions.iter().enumerate() {
            if let Some(Room::Frees(of)) = &action.room {
                freed.entry(of).or_default().push(at);
            }
        }
        for (at, action) in actions.iter().enumerate() {
            if let Some(Room::Takes(of)) = &action.room {
                for &before in freed.get(of.as_str()).into_iter().flatten() {
                    self.add(before, at, true);
                }
            }
        }
    }
}
