//! Says which action must come before which.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::{
    catalog::Entry,
    ddl::{Action, Descent, Inline, Room, Verb},
    model::ObjectId,
    plan::{expand::Work, knots::ring},
};

/// One action before another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Edge {
    pub before: usize,
    pub after: usize,
    /// A wish: it gives way where it cannot be had.
    pub soft: bool,
    pub why: Why,
}

/// Why one action stands before another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Why {
    /// They are parts of one change of one object.
    OneChange,
    /// The second could not be dropped, or changed, while the first is as it was.
    InTheWay,
    /// The second needs what the first makes, or mentions it.
    Needed,
    /// What comes under another parent finds there what the two have in common.
    Inherited,
    /// The first frees the name that the second takes.
    Name,
    /// The first makes room for the rows of the second.
    Room,
}

/// Every pair of actions of which one must come first. `implicit` says what is dropped with what.
pub(crate) fn find(work: &Work<'_>, implicit: &BTreeMap<ObjectId, ObjectId>) -> Vec<Edge> {
    Edges::new(work, implicit).find()
}

/// Finds what must come before what, by address.
struct Edges<'a, 'w> {
    work: &'w Work<'a>,
    implicit: &'w BTreeMap<ObjectId, ObjectId>,
    creates: HashMap<&'w ObjectId, usize>,
    alters: HashMap<&'w ObjectId, Vec<usize>>,
    drops: HashMap<&'w ObjectId, Vec<usize>>,
    /// What needs each other, by the member that something stands in for.
    sketched: HashMap<&'w ObjectId, BTreeSet<&'w ObjectId>>,
    emptied: HashMap<&'w ObjectId, BTreeSet<&'w ObjectId>>,
    /// What comes under another, with the actions by which it does.
    joins: BTreeMap<&'w ObjectId, Vec<usize>>,
    /// What leaves another, likewise.
    leaves: BTreeMap<&'w ObjectId, Vec<usize>>,
    found: HashSet<Edge>,
    /// Of the edges that are being looked for.
    why: Why,
}

impl<'a, 'w> Edges<'a, 'w> {
    fn new(work: &'w Work<'a>, implicit: &'w BTreeMap<ObjectId, ObjectId>) -> Edges<'a, 'w> {
        let mut it = Edges {
            work,
            implicit,
            creates: HashMap::new(),
            alters: HashMap::new(),
            drops: HashMap::new(),
            sketched: HashMap::new(),
            emptied: work.knots.emptied.iter().map(|id| (id, ring(work.from, id))).collect(),
            joins: BTreeMap::new(),
            leaves: BTreeMap::new(),
            found: HashSet::new(),
            why: Why::OneChange,
        };
        for (at, action) in work.actions.iter().enumerate() {
            if action.verb != Verb::Drop && work.is_sketched(&action.subject) {
                it.sketched.entry(&action.subject).or_insert_with_key(|id| ring(work.to, id));
            }
            match action.verb {
                Verb::Create => {
                    it.creates.entry(&action.subject).or_insert(at);
                }
                Verb::Alter => it.alters.entry(&action.subject).or_default().push(at),
                Verb::Drop => it.drops.entry(&action.subject).or_default().push(at),
            }
            let moves = match action.descent {
                Some(Descent::Joins | Descent::JoinsWhole) => &mut it.joins,
                Some(Descent::Leaves) => &mut it.leaves,
                None => continue,
            };
            moves.entry(&action.subject).or_default().push(at);
        }
        it
    }

    fn add(&mut self, before: usize, after: usize, soft: bool) {
        if before != after {
            self.found.insert(Edge { before, after, soft, why: self.why });
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

    /// The action after which the name is free.
    fn freeing(&self, id: &ObjectId) -> Option<usize> {
        let root = self.implicit.get(id).unwrap_or(id);
        if self.emptied.contains_key(root) { self.last_drop_of(id) } else { self.drop_of(id) }
    }

    /// The action after which `id` no longer needs `needed`.
    fn letting_go(&self, id: &ObjectId, needed: &ObjectId) -> Option<usize> {
        let is_emptied = self.emptied.get(id).is_some_and(|ring| ring.contains(needed));
        if is_emptied { self.drop_of(id) } else { self.last_drop_of(id) }
    }

    /// Whether this action only makes what stands in for an object, which does without `needed`.
    fn does_without(&self, at: usize, needed: &ObjectId) -> bool {
        let id = &self.work.actions[at].subject;
        self.sketched.get(id).is_some_and(|ring| ring.contains(needed)) && self.sketch_of(id) == Some(at)
    }

    fn sketch_of(&self, id: &ObjectId) -> Option<usize> {
        self.creates.get(id).or_else(|| self.alters.get(id)?.first()).copied()
    }

    /// The changes of `needed` that `id` waits for.
    fn changes_for(&self, id: &ObjectId, needed: &ObjectId) -> Vec<usize> {
        // What no statement adds comes with a change of the whole.
        let comes_along = || self.work.is_created(needed) && self.makers_of(needed).is_empty();
        let is_part = |whole: &&ObjectId| self.sketched.contains_key(whole) || comes_along();
        let changed = needed.parent().filter(is_part).unwrap_or(needed);
        let mut changes = self.alters.get(changed).cloned().unwrap_or_default();
        if self.sketched.get(changed).is_some_and(|ring| ring.contains(id)) {
            changes.retain(|&at| self.sketch_of(changed) == Some(at));
        }
        changes
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
        type Search<'a, 'w> = fn(&mut Edges<'a, 'w>);
        let searches: [(Why, Search<'a, 'w>); 7] = [
            (Why::OneChange, Self::in_sequence),
            (Why::InTheWay, Self::tear_down),
            (Why::InTheWay, Self::leave_parents),
            (Why::Needed, Self::build_up),
            (Why::Inherited, Self::join_parents),
            (Why::Name, Self::free_names),
            (Why::Room, Self::make_room),
        ];
        for (why, search) in searches {
            self.why = why;
            search(&mut self);
        }
        let mut edges: Vec<Edge> = self.found.into_iter().collect();
        edges.sort_by_key(|edge| (edge.before, edge.after, edge.soft, edge.why));
        edges
    }

    /// The actions of one object in the order in which its kind gave them.
    fn in_sequence(&mut self) {
        let actions = &self.work.actions;
        let mut last: HashMap<(&ObjectId, bool, bool), usize> = HashMap::new();
        for (at, action) in actions.iter().enumerate() {
            // Other changes have nothing to do with what it stands under.
            let side = (&action.subject, action.verb == Verb::Drop, action.descent.is_some());
            if let Some(before) = last.insert(side, at) {
                // Where the new one cannot be joined before, the old one is left first.
                let leaves = action.descent == Some(Descent::Leaves);
                self.add(before, at, leaves && actions[before].descent != Some(Descent::Leaves));
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
        // What a column contains and would not let it change, as its default does not.
        let blocks = |id: &ObjectId| {
            let is_of_part = id.container().parent().is_some_and(|whole| whole.kind.takes_contents_along());
            is_of_part && id.kind.blocks().is_some()
        };
        for (id, entry) in work.from.iter() {
            let own = work.is_dropped(id).then(|| self.drop_of(id)).flatten();
            // A column that is inherited goes with its parent's: what is to drop it by itself leaves before.
            let gone = entry.implied_by.as_ref().filter(|by| work.is_dropped(by) && work.leaves(id, by));
            if let Some(drop) = gone.and_then(|by| self.drop_of(by)) {
                for leaves in self.leaves_of(id) {
                    self.add(leaves, drop, false);
                }
            }
            // What it inherits may go once it is no longer inherited.
            let by = entry.implied_by.as_ref().filter(|by| !work.is_dropped(id) && work.is_dropped(by));
            if let (Some(drop), Some(parent)) = (by.and_then(|by| self.last_drop_of(by)), id.parent()) {
                for alter in self.lets_go(parent) {
                    self.add(alter, drop, false);
                }
            }
            // What is set on an object that is made anew is set on the new one.
            let alters = if work.is_dropped(id) { None } else { self.alters.get(id).cloned() }.unwrap_or_default();
            if own.is_none() && alters.is_empty() {
                continue;
            }
            // What was inherited can change or go only once it is no longer inherited.
            for leaves in self.partings(id, entry) {
                for after in own.into_iter().chain(alters.iter().copied()) {
                    self.add(leaves, after, false);
                }
            }
            for needed in id.parent().into_iter().chain(&entry.needs) {
                let drop = work.is_dropped(needed).then(|| self.last_drop_of(needed)).flatten();
                if let (Some(own), Some(drop)) = (own, drop) {
                    self.add(self.letting_go(id, needed).unwrap_or(own), drop, false);
                    // What is not renamed itself goes by its name, which may hold the name of what it needs.
                    if let Some(rename) = self.freeing(needed).filter(|_| !work.set_aside.contains_key(id)) {
                        self.add(own, rename, false);
                    }
                }
                if let Some(drop) = drop.filter(|_| !alters.is_empty()) {
                    for alter in self.lets_go(id) {
                        self.add(alter, drop, false);
                    }
                }
                if let Some(own) = own.filter(|_| id.parent() != Some(needed) || blocks(id)) {
                    for alter in self.alters_of(needed) {
                        self.add(own, alter, false);
                    }
                }
            }
        }
    }

    /// The changes of `id`, with those that it has from what it is inherited from.
    fn alters_of(&self, id: &ObjectId) -> Vec<usize> {
        let by = self.work.from.entry(id).and_then(|entry| entry.implied_by.as_ref());
        let inherited = by.filter(|by| !self.work.leaves(id, by)).map(|by| self.alters_of(by));
        self.alters.get(id).into_iter().flatten().copied().chain(inherited.into_iter().flatten()).collect()
    }

    /// The changes of `id` by which it may let go of what it needed: by coming under another it lets go of nothing.
    fn lets_go(&self, id: &ObjectId) -> Vec<usize> {
        let joins = self.joins.get(id);
        let all = self.alters.get(id).into_iter().flatten();
        all.copied().filter(|at| joins.is_none_or(|joins| !joins.contains(at))).collect()
    }

    /// The actions after which `id` is no longer what it was by something else.
    fn partings(&self, id: &ObjectId, entry: &Entry) -> Vec<usize> {
        let apart = entry.implied_by.as_ref().is_none_or(|by| self.work.leaves(id, by));
        if apart { self.leaves_of(id) } else { Vec::new() }
    }

    /// The actions by which what `id` is on leaves others.
    fn leaves_of(&self, id: &ObjectId) -> Vec<usize> {
        id.parent().and_then(|parent| self.leaves.get(parent)).cloned().unwrap_or_default()
    }

    /// What leaves another has left before that one changes: the change would reach it still.
    fn leave_parents(&mut self) {
        let work = self.work;
        for (child, leaves) in self.leaves.clone() {
            let needs = work.from.entry(child).into_iter().flat_map(|entry| &entry.needs);
            let left: Vec<&ObjectId> = needs.filter(|it| work.leaves(child, it)).collect();
            for (after, action) in work.actions.iter().enumerate().filter(|(_, action)| action.verb != Verb::Drop) {
                let joins = matches!(action.descent, Some(Descent::Joins | Descent::JoinsWhole));
                let within = |parent: &&ObjectId| action.subject.ancestors().any(|it| it == *parent);
                let reaches = |parent: &&ObjectId| (joins && action.subject == **parent) || within(parent);
                if left.iter().any(reaches) {
                    for &before in &leaves {
                        self.add(before, after, false);
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
        // PostgreSQL changes no field of a type that a column holds by then.
        let is_field = |id: &ObjectId| {
            let of_value = id.parent().is_some_and(|whole| whole.kind.takes_contents_along());
            of_value && work.to.get(id).is_some_and(|object| object.data_type().is_some())
        };
        let mut fields: HashMap<&ObjectId, Vec<usize>> = HashMap::new();
        for (id, alters) in self.alters.iter().filter(|(id, _)| is_field(id)) {
            fields.entry(id.container()).or_default().extend(alters);
        }
        // What leaves something needs nothing of what is to come.
        let needy = |action: &Action| action.verb != Verb::Drop && action.descent != Some(Descent::Leaves);
        for (at, action) in work.actions.iter().enumerate().filter(|(_, action)| needy(action)) {
            let id = &action.subject;
            let Some(entry) = work.to.entry(id) else { continue };
            // The whole takes up such a part when it is created, if the part is there.
            let taken_up = entry.implied_by.as_ref();
            let taken_up = taken_up.filter(|by| action.verb == Verb::Create && work.is_taken_up(id, by));
            for whole in taken_up.map(|by| self.makers_of(by)).unwrap_or_default() {
                self.add(at, whole, false);
            }
            let needs = id.parent().into_iter().chain(&entry.needs).chain(&entry.implied_by);
            let needs = needs.filter(|&id| taken_up != Some(id)).map(|id| (id, false));
            let mentions = entry.mentions.iter().map(|id| (id, true));
            for (needed, soft) in
                needs.chain(mentions).filter(|(needed, _)| !self.does_without(at, needed)).collect::<Vec<_>>()
            {
                for before in self.makers_of(needed) {
                    self.add(before, at, soft);
                }
                // A body that mentions a table may mean any of its columns.
                for &before in parts.get(needed).into_iter().flatten().filter(|_| soft) {
                    self.add(before, at, soft);
                }
                let contains = id.parent() == Some(needed);
                for &before in fields.get(needed).into_iter().flatten().filter(|_| !contains) {
                    self.add(before, at, true);
                }
                // What a definition contains need not wait for what is set afterwards.
                if !(contains && self.creates.contains_key(needed)) {
                    for before in self.changes_for(id, needed) {
                        let is_found_there = contains && self.joins.get(needed).is_some_and(|it| it.contains(&before));
                        if !(is_found_there && self.precedes_joining(id, entry, before)) {
                            self.add(before, at, soft);
                        }
                    }
                }
            }
        }
    }

    /// Whether a part has to be there, and as it is to be, before what it is on comes under another.
    fn precedes_joining(&self, id: &ObjectId, entry: &Entry, join: usize) -> bool {
        let whole = self.work.actions[join].descent == Some(Descent::JoinsWhole);
        let common = entry.implied_by.is_some() && !id.kind.comes_by_attaching();
        common || (whole && id.kind.precedes_attaching())
    }

    /// What comes under another has by then what the two have in common, and the other has nothing that is to go.
    fn join_parents(&mut self) {
        let work = self.work;
        let mut parts: HashMap<&ObjectId, Vec<usize>> = HashMap::new();
        for (at, action) in work.actions.iter().enumerate() {
            parts.entry(action.subject.parent().unwrap_or(&action.subject)).or_default().push(at);
        }
        for (child, joins) in self.joins.clone() {
            let Some(entry) = work.to.entry(child) else { continue };
            let others = entry.needs.iter().filter_map(|it| parts.get(it)).flatten().copied();
            let others: Vec<usize> = others.filter(|&at| self.settles(at)).collect();
            for &join in &joins {
                let own = parts.get(child).into_iter().flatten().copied();
                for before in own.filter(|&at| self.readies(at, join)).collect::<Vec<_>>() {
                    self.add(before, join, false);
                }
                for &before in &others {
                    self.add(before, join, true);
                }
            }
        }
    }

    /// Whether an action on a part of what is joined makes it what the two are to have in common.
    fn settles(&self, at: usize) -> bool {
        let action = &self.work.actions[at];
        action.verb == Verb::Drop || action.subject.kind.precedes_attaching()
    }

    /// Whether an action on a part of what joins another makes it fit to.
    fn readies(&self, at: usize, join: usize) -> bool {
        let action = &self.work.actions[at];
        if action.verb == Verb::Drop {
            return self.work.actions[join].descent == Some(Descent::JoinsWhole);
        }
        self.work.to.entry(&action.subject).is_some_and(|entry| self.precedes_joining(&action.subject, entry, join))
    }

    /// A name is freed before it is taken.
    fn free_names(&mut self) {
        let work = self.work;
        let mut freed: HashMap<_, Vec<usize>> = HashMap::new();
        let mut heirs: HashMap<&ObjectId, Vec<usize>> = HashMap::new();
        for id in work.removed.iter().chain(work.rebuilt.keys()) {
            let Some(at) = self.freeing(id) else { continue };
            for slot in id.slots() {
                freed.entry(slot).or_default().push(at);
            }
            for with in work.from.entry(id).into_iter().flat_map(|entry| &entry.dies_with) {
                heirs.entry(with).or_default().push(at);
            }
        }
        for &id in work.added.iter().chain(work.rebuilt.keys()) {
            let itself = self.freeing(id).filter(|_| work.is_dropped(id));
            let others = id.slots().filter_map(|slot| freed.get(&slot)).flatten().copied();
            for before in others.chain(itself).collect::<Vec<_>>() {
                for at in self.makers_of(id) {
                    self.add(before, at, false);
                }
            }
        }
        for (at, action) in work.actions.iter().enumerate().filter(|(_, action)| action.verb == Verb::Create) {
            for before in action.subject.parent().and_then(|it| heirs.get(it).cloned()).unwrap_or_default() {
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
