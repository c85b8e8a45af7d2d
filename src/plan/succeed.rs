//! Parts that give way to a successor of another type, with all that stands on them. Names no kind.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    catalog::Catalog,
    ddl::{Action, Expansion, Following, Lock, Phase, Strategy, together},
    diff::Renames,
    model::ObjectId,
    plan::{
        edges::{Edge, Why},
        expand::{Expanded, Work},
    },
};

/// By the part that gives way.
pub type Successors = BTreeMap<ObjectId, Beside>;

/// What stands on a part, where that has the name of its successor.
#[derive(Clone, Debug)]
pub struct Beside {
    /// What is called otherwise there.
    pub names: Renames,
    /// As PostgreSQL prints it; or its own words, where it does not allow such names.
    pub read: Result<Catalog, String>,
}

/// All that needs a thing, directly or not.
pub fn standing_on<'a>(
    dependents: &BTreeMap<&'a ObjectId, Vec<&'a ObjectId>>,
    id: &ObjectId,
) -> BTreeSet<&'a ObjectId> {
    let direct = |id: &ObjectId| dependents.get(id).cloned().unwrap_or_default();
    let (mut found, mut pending) = (BTreeSet::new(), direct(id));
    while let Some(next) = pending.pop() {
        if next != id && found.insert(next) {
            pending.extend(direct(next));
        }
    }
    found
}

/// The gentler way of one part.
pub(super) struct Way {
    pub actions: Vec<Action>,
    pub contract: Action,
    /// What comes along, and is not changed by itself.
    standing: BTreeSet<ObjectId>,
}

/// The gentler ways that are taken, by the action in the place of which each is.
#[derive(Default)]
pub(super) struct Taken {
    pub ways: BTreeMap<usize, Way>,
    /// Actions that are done along with them.
    pub gone: BTreeSet<usize>,
}

impl Work<'_> {
    /// Finds the parts that can give way, and says of the others why they cannot.
    pub(super) fn give_way(&self, expanded: &mut Expanded) -> Taken {
        let dependents = self.to.dependents();
        let (mut ways, mut declined) = (BTreeMap::new(), BTreeMap::new());
        for (at, action) in expanded.actions.iter().enumerate() {
            let Some(expansion) = &action.expansion else { continue };
            if !self.wants(Strategy::ExpandContract, &action.subject) {
                continue;
            }
            let id = &action.subject;
            match expansion.as_ref().as_ref().map_err(Clone::clone).and_then(|it| self.way((id, id), it, &dependents)) {
                Ok(way) => drop(ways.insert(at, way)),
                Err(why) => drop(declined.insert(at, why)),
            }
        }
        while let Some((at, why)) = self.undone(&ways, expanded) {
            ways.remove(&at);
            declined.insert(at, why);
        }
        for (at, why) in declined {
            let action = &mut expanded.actions[at];
            action.not_online = Some(format!("{} is changed in place, since {why}", action.subject.path()));
        }
        let gone = ways.values().flat_map(|way| along(way, &expanded.actions)).collect();
        expanded.edges = joined(&ways, expanded);
        Taken { ways, gone }
    }

    /// The way from one part to its successor. Where that is to be called otherwise in the end, the old one stays in use
    /// until then.
    pub(super) fn way(
        &self,
        (was, id): (&ObjectId, &ObjectId),
        expansion: &Expansion,
        dependents: &BTreeMap<&ObjectId, Vec<&ObjectId>>,
    ) -> Result<Way, String> {
        if self.followers.contains_key(was) {
            return Err("others inherit it".to_owned());
        }
        let former = Renames { objects: [(id.clone(), was.clone())].into(), ..Renames::default() };
        let mut standing = standing_on(dependents, id);
        standing.retain(|it| self.from.contains(&former.carry(it)));
        let before: BTreeSet<ObjectId> = standing.iter().map(|it| former.carry(it)).collect();
        let stays = |it: &&&ObjectId| !before.contains(**it) && !self.is_dropped(it);
        if let Some(other) = standing_on(&self.dependents, was).iter().find(stays) {
            return Err(format!("{other} stands on it until then"));
        }
        let (mut all, mut last) = (Vec::new(), Vec::new());
        for it in self.in_order(&standing).into_iter().filter(|it| !expansion.brings.contains(it)) {
            let mut following = self.following((was, &former.carry(it)), it).map_err(|why| format!("{it} {why}"))?;
            if let Some(kept) = following.kept.take().filter(|_| was != id) {
                following.build.extend(kept.build);
                following.leave = kept.leave;
                following.lighter = kept.lighter;
                if kept.takes_last {
                    last.append(&mut following.take);
                }
            }
            all.push((it, following));
        }
        let mut actions = expansion.expand.clone();
        actions.extend(all.iter().flat_map(|(_, it)| &it.build).flat_map(|it| self.gentle(it)));
        actions.extend(expansion.ready.iter().cloned());
        let (own, others): (Vec<_>, Vec<_>) =
            all.iter().partition(|(it, following)| Work::whole(it) == Work::whole(id) || !following.by_itself);
        let mut of_others: BTreeMap<&ObjectId, Vec<_>> = BTreeMap::new();
        for other in others {
            of_others.entry(Work::whole(other.0)).or_default().push(other);
        }
        let exchanges = of_others.into_values().filter_map(|it| Some(exchange(it.first()?.0, &it, [&[], &[]])));
        actions.extend(exchanges);
        if !expansion.swap.is_empty() || own.iter().any(|(_, it)| it.moves()) {
            actions.push(exchange(id, &own, [&expansion.swap, &expansion.part]));
        }
        let standing = standing.into_iter().cloned().collect();
        let contract = together(id, "contract", &[], &[last, expansion.contract.clone()].concat());
        Ok(Way { actions, contract: contract.locks(Lock::AccessExclusive).phase(Phase::Contract), standing })
    }

    fn following(&self, (id, former): (&ObjectId, &ObjectId), it: &ObjectId) -> Result<Following, String> {
        let unknown = || "is not known to PostgreSQL under another name".to_owned();
        let (Some(old), Some(new)) = (self.from.entry(former), self.to.entry(it)) else { return Err(unknown()) };
        if old.implied_by.is_some() || new.implied_by.is_some() {
            return Err("belongs to what another table has".to_owned());
        }
        let Beside { names, read } = self.successors.get(id).ok_or_else(unknown)?;
        let read = read.as_ref().map_err(|error| format!("cannot be made beside it: {error}"))?;
        let beside = names.carry(former);
        let there = read.get(&beside).ok_or_else(unknown)?;
        Ok(old.object.follow(it, (&beside, there), &new.object, self.target)?)
    }

    /// Each behind what it needs.
    fn in_order<'x>(&self, standing: &BTreeSet<&'x ObjectId>) -> Vec<&'x ObjectId> {
        let mut sorted: Vec<&ObjectId> = Vec::new();
        let mut pending: Vec<&ObjectId> = standing.iter().copied().collect();
        while !pending.is_empty() {
            let waits =
                |it: &ObjectId| pending.iter().any(|other| *other != it && self.to.needs(it).any(|by| by == *other));
            // Where they need each other, any comes first.
            let free = pending.iter().position(|it| !waits(it)).unwrap_or(0);
            sorted.push(pending.remove(free));
        }
        sorted
    }

    /// One that cannot be had after all, and why.
    fn undone(&self, ways: &BTreeMap<usize, Way>, expanded: &Expanded) -> Option<(usize, String)> {
        let actions = &expanded.actions;
        let in_place: BTreeSet<&ObjectId> = actions
            .iter()
            .enumerate()
            .filter(|(at, action)| action.expansion.is_some() && !ways.contains_key(at))
            .map(|(_, action)| &action.subject)
            .collect();
        let held = |way: &Way| {
            let needs = |it| self.from.needs(it).chain(self.to.needs(it)).find(|by| in_place.contains(by));
            let (it, by) = way.standing.iter().find_map(|it| Some((it, needs(it)?)))?;
            Some(format!("{it} stands on {} too, which is changed in place", by.path()))
        };
        if let Some((at, why)) = ways.iter().find_map(|(at, way)| Some((*at, held(way)?))) {
            return Some((at, why));
        }
        let edges = joined(ways, expanded);
        let at = ways.keys().copied().find(|at| is_in_a_ring(*at, &edges))?;
        Some((at, "something else has to be done while that which stands on it is not there".to_owned()))
    }
}

/// Takes all off the one part and puts them on the other, in one transaction; `between` and `after` do the rest.
fn exchange(subject: &ObjectId, all: &[&(&ObjectId, Following)], [between, after]: [&[String]; 2]) -> Action {
    let leave = all.iter().rev().flat_map(|(_, it)| &it.leave);
    let take = all.iter().flat_map(|(_, it)| &it.take);
    let statements: Vec<String> = leave.chain(between).chain(take).chain(after).cloned().collect();
    let hands_on: Vec<&str> = all.iter().flat_map(|(_, it)| it.hands_on.iter().copied()).collect();
    let moves = all.iter().filter(|(_, it)| it.moves());
    let locks = moves.map(|(_, it)| it.lighter.unwrap_or(Lock::AccessExclusive));
    let of_own = if between.is_empty() { None } else { Some(Lock::AccessExclusive) };
    let lock = locks.chain(of_own).max().unwrap_or(Lock::AccessExclusive);
    together(subject, "swap", &hands_on, &statements).locks(lock)
}

/// Which actions are done along with a way.
fn along(way: &Way, actions: &[Action]) -> Vec<usize> {
    let comes = |(_, action): &(usize, &Action)| way.standing.contains(&action.subject);
    actions.iter().enumerate().filter(comes).map(|(at, _)| at).collect()
}

/// The edges where each way stands for all that is done along with it. What two of them take along they do in turn.
fn joined(ways: &BTreeMap<usize, Way>, expanded: &Expanded) -> Vec<Edge> {
    let mut places: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (at, way) in ways {
        for gone in along(way, &expanded.actions) {
            places.entry(gone).or_default().push(*at);
        }
    }
    let mut edges = BTreeSet::new();
    let mut found = Vec::new();
    let place = |at: usize| places.get(&at).cloned().unwrap_or_else(|| vec![at]);
    let mut add = |edge: Edge| {
        if edge.before != edge.after && edges.insert((edge.before, edge.after, edge.soft)) {
            found.push(edge);
        }
    };
    for edge in &expanded.edges {
        let (before, after) = (place(edge.before), place(edge.after));
        let is_shared = before.len() * after.len() != 1 && before.iter().any(|it| after.contains(it));
        for &before in before.iter().filter(|_| !is_shared) {
            after.iter().for_each(|&after| add(Edge { before, after, ..*edge }));
        }
    }
    for shared in places.values() {
        for pair in shared.windows(2) {
            add(Edge { before: pair[0], after: pair[1], soft: true, why: Why::OneChange });
        }
    }
    found
}

fn is_in_a_ring(at: usize, edges: &[Edge]) -> bool {
    let mut next: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    edges.iter().filter(|edge| !edge.soft).for_each(|edge| next.entry(edge.before).or_default().push(edge.after));
    let (mut seen, mut pending) = (BTreeSet::new(), next.get(&at).cloned().unwrap_or_default());
    while let Some(it) = pending.pop() {
        if it == at {
            return true;
        }
        if seen.insert(it) {
            pending.extend(next.get(&it).into_iter().flatten());
        }
    }
    false
}
