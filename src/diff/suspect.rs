//! What looks as if it went on under another name, while the plan would drop it with its data. Never acted on alone.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    catalog::Catalog,
    ddl::{Loss, Target},
    diff::rename::{is_same, likeness, loss, unmatched},
    model::ObjectId,
};

/// A likely rename, with the evidence for it.
#[derive(Clone, Debug)]
pub struct Suspect {
    pub old: ObjectId,
    pub new: ObjectId,
    /// In words, the strongest first.
    pub evidence: Vec<String>,
    score: f32,
}

/// Somebody who saw how one object, which is gone, and another, which is new, came to be so; in words.
pub type Witness<'a> = dyn Fn(&ObjectId, &ObjectId) -> Option<String> + 'a;

/// Names that have this much in common are taken for one another.
const ALIKE: f32 = 0.6;
/// The share of their parts that two containers have in common, to be taken for one another.
const SAME_SHAPE: f32 = 0.6;

/// No pair looks more alike than this.
const MOST: f32 = 5.0;

/// For each object that would be dropped with its data: the added object that it most likely is. The likeliest pairs
/// are made first, and no object stands in two. The witness may know of a new object that it was made of a gone one.
pub fn suspects(from: &Catalog, to: &Catalog, target: Target, witness: &Witness<'_>) -> Vec<Suspect> {
    let gone = unmatched(from, to);
    let new = unmatched(to, from);
    if gone.is_empty() || new.is_empty() {
        return Vec::new();
    }
    let (from, to) = (Side::new(from), Side::new(to));
    let judge = Judge { from: &from, to: &to, target, witness };
    let gone = gone.into_iter().filter(|id| from.holds_data(id));
    let mut pairs: Vec<Suspect> = gone.flat_map(|old| new.iter().filter_map(|new| judge.pair(old, new))).collect();
    pairs.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| (&a.old, &a.new).cmp(&(&b.old, &b.new))));
    let mut used = BTreeSet::new();
    pairs.retain(|pair| {
        let is_free = !used.contains(&pair.old) && !used.contains(&pair.new);
        if is_free {
            used.extend([pair.old.clone(), pair.new.clone()]);
        }
        is_free
    });
    let olds: BTreeSet<ObjectId> = pairs.iter().map(|pair| pair.old.clone()).collect();
    pairs.retain(|pair| pair.old.ancestors().all(|up| !olds.contains(up)));
    pairs.sort_by(|a, b| a.old.cmp(&b.old));
    pairs
}

struct Side<'a> {
    catalog: &'a Catalog,
    /// What each object contains, at whatever depth, that holds data.
    parts: BTreeMap<&'a ObjectId, Vec<&'a ObjectId>>,
    dependents: BTreeMap<&'a ObjectId, Vec<&'a ObjectId>>,
}

impl<'a> Side<'a> {
    fn new(catalog: &'a Catalog) -> Side<'a> {
        let mut parts: BTreeMap<&ObjectId, Vec<&ObjectId>> = BTreeMap::new();
        for (id, _) in catalog.iter().filter(|(id, entry)| is_data(loss(id, entry))) {
            for container in id.ancestors() {
                parts.entry(container).or_default().push(id);
            }
        }
        Side { catalog, parts, dependents: catalog.dependents() }
    }

    /// Whether rows or values go with it, or with something in it.
    fn holds_data(&self, id: &ObjectId) -> bool {
        self.parts.contains_key(id) || self.catalog.entry(id).is_some_and(|entry| is_data(loss(id, entry)))
    }

    fn parts(&self, id: &ObjectId) -> &[&'a ObjectId] {
        self.parts.get(id).map_or(&[], Vec::as_slice)
    }

    fn dependents(&self, id: &ObjectId) -> &[&'a ObjectId] {
        self.dependents.get(id).map_or(&[], Vec::as_slice)
    }
}

fn is_data(loss: Option<Loss>) -> bool {
    matches!(loss, Some(Loss::Rows | Loss::Values))
}

struct Judge<'a> {
    from: &'a Side<'a>,
    to: &'a Side<'a>,
    target: Target<'a>,
    witness: &'a Witness<'a>,
}

impl Judge<'_> {
    fn pair(&self, old: &ObjectId, new: &ObjectId) -> Option<Suspect> {
        let moved = old.parent() != new.parent();
        if old.kind != new.kind || (moved && !is_move(old, new)) {
            return None;
        }
        let (old_entry, new_entry) = (self.from.catalog.entry(old)?, self.to.catalog.entry(new)?);
        if old_entry.implied_by.is_some() || new_entry.implied_by.is_some() {
            return None;
        }
        let likeness = likeness(old.name.raw(), new.name.raw());
        let alike = ALIKE <= likeness;
        let has_parts = !self.from.parts(old).is_empty();
        let shared = self.shared_dependents(old, new);
        let in_place = !has_parts && self.rank(self.from, old) == self.rank(self.to, new);
        let (common, share) = self.common_parts(old, new);
        let is_same = !has_parts && is_same(old, old_entry, new, new_entry, self.target);
        let seen = if moved { None } else { (self.witness)(old, new) };
        let likely = match has_parts {
            _ if seen.is_some() => true,
            true => SAME_SHAPE <= share && (alike || 2 <= common),
            false => is_same && (alike || in_place || !shared.is_empty()),
        };
        let told = [
            (has_parts, format!("{:.0} % of what they hold is the same", share * 100.0)),
            (is_same, "they are the same but for their names".to_owned()),
            (moved, "they have one name".to_owned()),
            (alike && !moved, "their names are alike".to_owned()),
            (in_place, "they stand at one place".to_owned()),
        ];
        let on_both = shared.iter().map(|id| format!("{id} stands on either"));
        let told = told.into_iter().filter(|(is, _)| *is).map(|(_, what)| what);
        let count = |is: bool| if is { 1.0 } else { 0.0 };
        let looks = likeness + share + count(is_same) + count(in_place) + count(!shared.is_empty());
        // What was seen counts for more than all that it looks like.
        let score = looks + MOST * count(seen.is_some());
        let evidence = seen.into_iter().chain(told).chain(on_both).collect();
        likely.then(|| Suspect { old: old.clone(), new: new.clone(), evidence, score })
    }

    /// How many parts that hold data two containers have in common, and which share of those of the larger one that is.
    #[allow(clippy::cast_precision_loss, reason = "a share of a few thousand parts needs no more")]
    fn common_parts(&self, old: &ObjectId, new: &ObjectId) -> (usize, f32) {
        let is_common = |part: &&&ObjectId| {
            let twin = transplant(part, old, new);
            let pair = self.from.catalog.entry(part).zip(self.to.catalog.entry(&twin));
            pair.is_some_and(|(before, after)| is_same(part, before, &twin, after, self.target))
        };
        let common = self.from.parts(old).iter().filter(is_common).count();
        let most = self.from.parts(old).len().max(self.to.parts(new).len());
        (common, if most == 0 { 0.0 } else { common as f32 / most as f32 })
    }

    /// Which it is among its own kind in what contains it, by the order that its creation tells.
    fn rank(&self, side: &Side, id: &ObjectId) -> Option<usize> {
        let place = |id: &ObjectId| Some(side.catalog.get(id)?.create(id, self.target).first()?.position);
        let own = place(id)?;
        let siblings = side.parts(id.parent()?).iter().filter(|it| it.kind == id.kind && it.parent() == id.parent());
        Some(siblings.filter(|it| place(it).is_some_and(|at| at < own)).count())
    }

    /// What needs the one before and needs the other after.
    fn shared_dependents(&self, old: &ObjectId, new: &ObjectId) -> Vec<ObjectId> {
        let after = self.to.dependents(new);
        let of_both = self.from.dependents(old).iter().filter(|id| after.contains(id));
        of_both.map(|id| (*id).clone()).collect()
    }
}

/// From one schema to another, under its name.
fn is_move(old: &ObjectId, new: &ObjectId) -> bool {
    let stands_in_schema = |id: &ObjectId| id.parent().is_some_and(|schema| schema.parent().is_none());
    old.name == new.name && old.signature == new.signature && stands_in_schema(old) && stands_in_schema(new)
}

/// The address that a part of one object has in another.
fn transplant(part: &ObjectId, old: &ObjectId, new: &ObjectId) -> ObjectId {
    match part.parent() {
        Some(parent) if parent == old => ObjectId { parent: Some(new.clone().into()), ..part.clone() },
        Some(parent) => ObjectId { parent: Some(transplant(parent, old, new).into()), ..part.clone() },
        None => part.clone(),
    }
}
