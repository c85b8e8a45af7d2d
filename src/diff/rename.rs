//! Objects that go on under another name: which, by whose word, and in what order. Names no kind.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crate::{
    catalog::{Catalog, Entry},
    ddl::{Action, Alter, Loss, Target, Verb},
    kinds::{self, Renamed},
    model::{Ident, ObjectId},
};

/// An object, or a value that it lists, that has another name from now on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rename {
    Object { from: ObjectId, to: ObjectId },
    Label { of: ObjectId, from: String, to: String },
}

/// Some renames, each in the words of the state before all of them and of the state after.
#[derive(Clone, Debug, Default)]
pub struct Renames {
    pub objects: BTreeMap<ObjectId, ObjectId>,
    /// By the address before.
    pub labels: Vec<(ObjectId, String, String)>,
    /// Values that go, and those that rows are to hold instead; by the address afterwards.
    pub instead: BTreeMap<ObjectId, Vec<(String, String)>>,
}

impl Renames {
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty() && self.labels.is_empty()
    }

    /// What an object of the state before is called afterwards.
    pub fn carry(&self, id: &ObjectId) -> ObjectId {
        match self.objects.get(id) {
            Some(to) => to.clone(),
            None => ObjectId { parent: self.carried_parent(id), ..id.clone() },
        }
    }

    fn carried_parent(&self, id: &ObjectId) -> Option<Arc<ObjectId>> {
        id.parent().map(|parent| self.carry(parent).into())
    }

    /// Everything that was renamed, in the order of the addresses.
    pub fn list(&self) -> Vec<Rename> {
        let objects = self.objects.iter().map(|(from, to)| Rename::Object { from: from.clone(), to: to.clone() });
        let labels = self.labels.iter().map(|(of, from, to)| Rename::Label {
            of: of.clone(),
            from: from.clone(),
            to: to.clone(),
        });
        objects.chain(labels).collect()
    }

    /// The ways to the new names: what contains others before them, and no name before it is free. Objects that change
    /// places go by way of a third name. A schema that something moves to is created first.
    pub fn ways(&self, from: &Catalog, to: &Catalog, target: Target) -> Vec<Way> {
        let there: BTreeSet<ObjectId> = from.ids().map(|id| self.carry(id)).collect();
        let missing = self.objects.values().filter_map(ObjectId::parent).filter(|it| !there.contains(it));
        let missing: BTreeSet<&ObjectId> = missing.filter(|it| it.parent().is_none()).collect();
        let mut ways: Vec<Way> = missing.into_iter().filter_map(|id| Way::creating(id, to, target)).collect();
        ways.extend(
            self.moves().into_iter().map(|(from, to)| Way {
                actions: kinds::rename(&from, &to),
                rename: Some(Rename::Object { from, to }),
            }),
        );
        ways.extend(self.labels.iter().map(|(of, from, to)| {
            let of = self.carry(of);
            let actions = vec![kinds::rename_label(&of, from, to)];
            Way { actions, rename: Some(Rename::Label { of, from: from.clone(), to: to.clone() }) }
        }));
        ways
    }

    /// One after the other, each in the words of the state that those before it leave.
    fn moves(&self) -> Vec<(ObjectId, ObjectId)> {
        let here = |id: &ObjectId| ObjectId { parent: self.carried_parent(id), ..id.clone() };
        let mut pending: Vec<(ObjectId, ObjectId)> =
            self.objects.iter().map(|(from, to)| (here(from), to.clone())).collect();
        pending.sort_by_key(|(from, _)| from.ancestors().count());
        let mut moves = Vec::new();
        while !pending.is_empty() {
            let taken: BTreeSet<ObjectId> = pending.iter().map(|(here, _)| here.clone()).collect();
            let free = pending.iter().position(|(here, to)| here == to || !taken.contains(to));
            let (here, to) = pending.remove(free.unwrap_or(0));
            match free {
                Some(_) => moves.push((here, to)),
                None => {
                    let next = ObjectId { name: aside(&here.name), ..here.clone() };
                    moves.push((here, next.clone()));
                    pending.push((next, to));
                }
            }
        }
        moves
    }
}

/// What an object was called before some renames, which are told one after the other.
pub fn before(renames: &[Rename], id: &ObjectId) -> ObjectId {
    let own = renames.iter().find_map(|rename| match rename {
        Rename::Object { from, to } if to == id => Some(from.clone()),
        Rename::Object { .. } | Rename::Label { .. } => None,
    });
    own.unwrap_or_else(|| ObjectId { parent: id.parent().map(|up| before(renames, up).into()), ..id.clone() })
}

/// The statements of one rename; of none where they only prepare for others.
#[derive(Clone, Debug)]
pub struct Way {
    pub actions: Vec<Action>,
    pub rename: Option<Rename>,
}

impl Way {
    /// Makes something that others move to.
    pub fn creating(id: &ObjectId, to: &Catalog, target: Target) -> Option<Way> {
        Some(Way { actions: to.get(id)?.create(id, target), rename: None })
    }
}

/// A name for the time while two objects change places.
fn aside(name: &Ident) -> Ident {
    let short: String = name.raw().chars().take(50).collect();
    Ident::new(short + "__swap")
}

/// Objects that are the same but for their names and hold nothing of their own: to rename them is to keep them. Such are
/// the indexes and constraints that PostgreSQL has named after a table that was renamed.
pub fn implied(from: &Catalog, to: &Catalog, target: Target) -> Renames {
    let mut renames = Renames { objects: parts_of_another(from, to, target), ..Renames::default() };
    let mut free = unmatched(to, from);
    let mut gone = unmatched(from, to);
    if free.is_empty() || gone.is_empty() {
        return renames;
    }
    let holders: BTreeSet<&ObjectId> =
        from.iter().filter(|(id, entry)| loss(id, entry).is_some()).flat_map(|(id, _)| id.ancestors()).collect();
    gone.retain(|id| !holders.contains(id));
    for old in gone {
        let Some(entry) = from.entry(old) else { continue };
        let same = |new: &&&ObjectId| {
            let twin = to.entry(new);
            twin.is_some_and(|twin| is_twin((old, entry), (new, twin), target)) && is_known((old, from), (new, to))
        };
        let closest = free.iter().filter(same).max_by(|a, b| {
            let near = |new: &ObjectId| likeness(old.name.raw(), new.name.raw());
            near(a).total_cmp(&near(b)).then_with(|| b.cmp(a))
        });
        if let Some(&new) = closest {
            free.remove(new);
            renames.objects.insert(old.clone(), new.clone());
        }
    }
    renames
}

/// Parts whose names go to parts of another whole. PostgreSQL numbers them as they come, so that the same part has one
/// number here and another there.
fn parts_of_another(from: &Catalog, to: &Catalog, target: Target) -> BTreeMap<ObjectId, ObjectId> {
    let other = |(old, before): (&ObjectId, &Entry)| {
        let by = before.implied_by.as_ref().filter(|_| before.object.is_part())?;
        to.entry(old)?.implied_by.as_ref().filter(|other| *other != by)?;
        let is_twin = |(new, after): &(&ObjectId, &Entry)| {
            let beside = new.kind == old.kind && new.parent() == old.parent() && after.implied_by.as_ref() == Some(by);
            beside && is_same(old, before, new, after, target)
        };
        let (new, _) = to.iter().find(is_twin)?;
        Some((old.clone(), new.clone()))
    };
    from.iter().filter_map(other).collect()
}

/// What one catalog has and the other has not, though it has what contains it, if it can have another name at all. What
/// stands in a schema can leave it.
pub(super) fn unmatched<'a>(own: &'a Catalog, other: &Catalog) -> BTreeSet<&'a ObjectId> {
    let is_there = |parent: &ObjectId| other.contains(parent) || parent.parent().is_none();
    let is_alone = |id: &&ObjectId| !other.contains(id) && id.parent().is_none_or(is_there);
    own.ids().filter(|id| may_be_renamed(id)).filter(is_alone).collect()
}

pub(super) fn may_be_renamed(id: &ObjectId) -> bool {
    id.kind.renamed() != Renamed::No
}

fn is_twin(old: (&ObjectId, &Entry), new: (&ObjectId, &Entry), target: Target) -> bool {
    let (old, old_entry) = old;
    let (new, new_entry) = new;
    let beside = old.kind == new.kind && old.parent() == new.parent() && old.signature == new.signature;
    // The parts of a whole get their names from PostgreSQL.
    let is_whole = old_entry.implied_by.is_none() && new_entry.implied_by.is_none();
    beside && is_whole && is_safe(old, old_entry, new_entry) && is_same(old, old_entry, new, new_entry, target)
}

/// What only holds others together is known by them: what they are called in it, and what needs it. One that is empty is
/// no other one, and to create it loses nothing.
fn is_known((old, from): (&ObjectId, &Catalog), (new, to): (&ObjectId, &Catalog)) -> bool {
    let is_in_both = |part: &ObjectId| {
        let is_thing = part.parent() == Some(old) && !part.kind.is_property();
        is_thing && to.contains(&ObjectId { parent: Some(new.clone().into()), ..part.clone() })
    };
    let needs_both = |(id, entry): (&ObjectId, &Entry)| {
        entry.needs.contains(old) && to.entry(id).is_some_and(|after| after.needs.contains(new))
    };
    old.kind.takes_contents_along() || from.ids().any(is_in_both) || from.iter().any(needs_both)
}

/// Whether to rename it can surprise nobody: it holds nothing, or it belongs to the same thing as before.
fn is_safe(old: &ObjectId, old_entry: &Entry, new_entry: &Entry) -> bool {
    let owners = |entry: &Entry| entry.dies_with.iter().filter(|it| old.parent() != Some(it)).cloned().collect();
    let (before, after): (Vec<ObjectId>, Vec<ObjectId>) = (owners(old_entry), owners(new_entry));
    loss(old, old_entry).is_none() || (!before.is_empty() && before == after)
}

/// What is lost with an object when it is dropped.
pub(super) fn loss(id: &ObjectId, entry: &Entry) -> Option<Loss> {
    entry.object.drop(id).into_iter().filter(|action| action.verb == Verb::Drop).find_map(|action| action.loses)
}

/// Whether two objects differ in nothing but their names. What PostgreSQL prints of them holds the name.
pub(super) fn is_same(old: &ObjectId, old_entry: &Entry, new: &ObjectId, new_entry: &Entry, target: Target) -> bool {
    let (before, after) = (old.name.to_string(), new.name.to_string());
    let mut called_alike = old_entry.object.clone();
    called_alike.replace_texts(&|text| *text = text.replacen(&before, &after, 1));
    let equals = |object: &kinds::Object| {
        let differences = object.alter(new, &new_entry.object, target);
        differences.iter().all(|(_, alter)| matches!(alter, Alter::Ignore(_)))
    };
    equals(&old_entry.object) || equals(&called_alike)
}

/// How much two names have in common, from 0 to 1.
pub(super) fn likeness(one: &str, other: &str) -> f32 {
    similar::TextDiff::from_chars(one, other).ratio()
}
