//! Takes the gentler form that a kind offers, where the user wants it and others would wait. Names no kind.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    catalog::{Catalog, Entry},
    ddl::{Action, Gentler, Phase, Strategy, Succession, Verb},
    kinds::Object,
    model::{Ident, ObjectId},
    plan::{
        edges::{Edge, Why},
        expand::{Expanded, Work},
        succeed::Taken,
    },
};

/// The columns by which the rows of each thing can be gone through in order, before and after.
pub(crate) fn keys(from: &Catalog, to: &Catalog) -> BTreeMap<ObjectId, Vec<Ident>> {
    let stays = |id: &ObjectId, key: &Vec<Ident>| to.get(id).and_then(|it| it.row_key()).as_ref() == Some(key);
    let keyed = from.iter().filter_map(|(id, entry)| Some((id, entry.object.row_key()?)));
    keyed.filter(|(id, key)| stays(id, key)).filter_map(|(id, key)| Some((id.parent()?.clone(), key))).collect()
}

impl Work<'_> {
    /// Whether the gentler form is to be taken for something on a thing that is there, and is not made anew.
    pub(super) fn wants(&self, strategy: Strategy, subject: &ObjectId) -> bool {
        let whole = Work::whole(subject);
        let stays = self.from.contains(whole) && !self.is_created(whole);
        stays && self.target.online.is_some_and(|online| online.wants(strategy, whole))
    }

    /// What is made in the place of something whose parts are to be made by themselves.
    pub(super) fn in_parts(&self, id: &ObjectId) -> Option<Object> {
        let (_, bare) = self.to.get(id)?.without_parts().filter(|(strategy, _)| self.wants(*strategy, id))?;
        let entry = self.to.entry(id)?;
        let is_part_of_new = entry.implied_by.as_ref().is_some_and(|by| self.comes_with(id, by));
        // Those of a thing that is new come with it, under names that PostgreSQL chooses.
        let is_new = |it: &ObjectId| !self.from.contains(Work::whole(it)) || self.is_dropped(Work::whole(it));
        let is_part = |it: &Entry| it.implied_by.as_ref() == Some(id);
        let mut parts = self.to.iter().filter(|(_, it)| is_part(it));
        let mut needy =
            self.to.iter().filter(|(other, it)| other.parent() != Some(id) && it.needs.contains(id) && !is_part(it));
        let is_simple = !parts.any(|(part, _)| is_new(part)) && !needy.any(|(other, _)| self.is_created(other));
        (!is_part_of_new && is_simple).then_some(bare)
    }

    fn gentler<'x>(&self, action: &'x Action) -> Option<&'x Gentler> {
        action.gentler.as_ref().filter(|it| self.wants(it.strategy, &action.subject))
    }

    pub(super) fn gentle(&self, action: &Action) -> Vec<Action> {
        self.gentler(action).map_or_else(|| vec![action.clone()], |it| it.actions.clone())
    }

    /// The same with gentler forms in the place of some actions.
    pub(super) fn choose(&self, mut expanded: Expanded) -> Expanded {
        if self.target.online.is_none() {
            return expanded;
        }
        let Taken { ways, gone } = self.give_way(&mut expanded);
        let ways = ways.into_iter().map(|(at, way)| (at, (way.actions, vec![way.contract])));
        let mut instead: BTreeMap<usize, (Vec<Action>, Vec<Action>)> = ways.collect();
        for (drop, create) in rebuilds(&expanded.actions).into_iter().filter(|(drop, _)| !gone.contains(drop)) {
            let id = &expanded.actions[drop].subject;
            let succeed = || self.from.get(id)?.succeed(id, self.to.get(id)?, self.target);
            let wanted = succeed().filter(|it| self.wants(it.strategy, id));
            let Some(Succession { build, swap, .. }) = wanted else { continue };
            if let Some(edges) = beside(&expanded.edges, drop, create) {
                expanded.edges = edges;
                instead.extend([(drop, (vec![build], Vec::new())), (create, (swap, Vec::new()))]);
            }
        }
        for (at, action) in expanded.actions.iter().enumerate() {
            if let Some(gentler) = self.gentler(action).filter(|_| !gone.contains(&at)) {
                let finally = gentler.finally.iter().flat_map(|it| self.gentle(it));
                instead.entry(at).or_insert_with(|| (gentler.actions.clone(), finally.collect()));
            }
        }
        put(expanded, instead, &gone)
    }
}

fn subjects(actions: &[Action], verb: Verb) -> impl Iterator<Item = (&ObjectId, usize)> {
    let of_verb = actions.iter().enumerate().filter(move |(_, action)| action.verb == verb);
    of_verb.map(|(at, action)| (&action.subject, at))
}

/// The drop and the creation of what is made anew, where it takes one statement each.
fn rebuilds(actions: &[Action]) -> Vec<(usize, usize)> {
    let mut drops: BTreeMap<&ObjectId, Vec<usize>> = BTreeMap::new();
    for (id, at) in subjects(actions, Verb::Drop) {
        drops.entry(id).or_default().push(at);
    }
    let mut seen = BTreeSet::new();
    let creations = subjects(actions, Verb::Create).filter(|(id, _)| seen.insert(*id));
    let both = |(id, create): (&ObjectId, usize)| match drops.get(id)?.as_slice() {
        [drop] => Some((*drop, create)),
        _ => None,
    };
    creations.filter_map(both).collect()
}

/// The edges where the successor is built in the place of the drop, and put in its place where it was created. Nothing
/// where something has to happen between the two.
fn beside(edges: &[Edge], drop: usize, create: usize) -> Option<Vec<Edge>> {
    let hard = || edges.iter().filter(|edge| !edge.soft);
    let direct: Vec<Edge> = hard().filter(|edge| edge.after == create && edge.before != drop).copied().collect();
    let mut pending: Vec<usize> = direct.iter().map(|edge| edge.before).collect();
    let mut seen = BTreeSet::new();
    while let Some(at) = pending.pop() {
        if at == drop {
            return None;
        }
        if seen.insert(at) {
            pending.extend(hard().filter(|edge| edge.after == at).map(|edge| edge.before));
        }
    }
    // What had to be out of the way of the drop, or had it to wait for, has to do with the swap.
    let later = |at: usize| if at == drop { create } else { at };
    let moved = edges.iter().map(|edge| match (edge.before, edge.after) {
        (before, after) if before == drop && after == create => *edge,
        (before, after) => Edge { before: later(before), after: later(after), ..*edge },
    });
    Some(moved.chain(direct.into_iter().map(|edge| Edge { after: drop, ..edge })).collect())
}

/// Puts actions in the place of others: what came before one comes before the first, what came after it after the last.
/// Its properties come between those and what comes finally.
fn put(
    expanded: Expanded,
    mut instead: BTreeMap<usize, (Vec<Action>, Vec<Action>)>,
    gone: &BTreeSet<usize>,
) -> Expanded {
    let Expanded { actions, edges, implicit } = expanded;
    let is_property = |at: usize, of: usize| {
        let id = &actions[at].subject;
        id.kind.is_property() && id.parent() == Some(&actions[of].subject) && actions[at].verb == Verb::Create
    };
    let properties: BTreeSet<(usize, usize)> =
        edges.iter().filter(|it| is_property(it.after, it.before)).map(|it| (it.before, it.after)).collect();
    let mut all: Vec<Action> = Vec::new();
    let mut places: Vec<Place> = Vec::new();
    let mut chained = Vec::new();
    let parted: BTreeSet<usize> =
        properties.iter().filter(|(of, _)| instead.contains_key(of)).map(|(_, property)| *property).collect();
    for (at, action) in actions.iter().enumerate() {
        let (first, others) = (all.len(), instead.remove(&at));
        if gone.contains(&at) {
            places.push(Place { first, made: first, last: first });
            continue;
        }
        // What would be written inside the plain form comes after the gentler one.
        let inline = action.inline.clone().filter(|_| !parted.contains(&at));
        let action = &Action { inline, ..action.clone() };
        let (now, finally) = others.unwrap_or_else(|| (vec![action.clone()], Vec::new()));
        let because = |it: Action| Action { because: it.because.or_else(|| action.because.clone()), ..it };
        let count = now.len();
        all.extend(now.into_iter().chain(finally).map(because));
        // What can be left for later is nothing that others wait for.
        let last =
            all.iter().rposition(|it| it.phase != Phase::Contract).filter(|it| first <= *it).unwrap_or(all.len() - 1);
        places.push(Place { first, made: first + count - 1, last });
        chained.extend((first + 1..all.len()).map(|after| one_change(after - 1, after)));
    }
    for (of, property) in &properties {
        let (of, property) = (&places[*of], &places[*property]);
        if of.made < of.last {
            chained.push(one_change(property.last, of.made + 1));
        }
    }
    let moved = edges.into_iter().map(|it| {
        let before = &places[it.before];
        let before = if properties.contains(&(it.before, it.after)) { before.made } else { before.last };
        Edge { before, after: places[it.after].first, ..it }
    });
    let mut edges: Vec<Edge> = moved.chain(chained).collect();
    let (last, others): (Vec<usize>, Vec<usize>) = (0..all.len()).partition(|&at| all[at].phase == Phase::Contract);
    let behind = |&at: &usize| others.iter().map(move |&before| Edge { soft: true, ..one_change(before, at) });
    edges.extend(last.iter().flat_map(behind));
    Expanded { actions: all, edges, implicit }
}

/// Where the actions stand that have taken the place of one.
struct Place {
    first: usize,
    /// The last one before properties are set.
    made: usize,
    last: usize,
}

fn one_change(before: usize, after: usize) -> Edge {
    Edge { before, after, soft: false, why: Why::OneChange }
}
