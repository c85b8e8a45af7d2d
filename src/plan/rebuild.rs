//! What has to be dropped and created again, with everything that stands on it. Names no kind.

use crate::{
    catalog::Entry,
    ddl::{Retype, Survival},
    diagnostic::Diagnostic,
    model::ObjectId,
    plan::expand::Work,
};

impl<'a> Work<'a> {
    /// What takes up a part that stands by itself, or loses one: that happens only when the whole is created.
    pub(super) fn those_that_take_up_more(&self) -> Vec<&'a ObjectId> {
        let takes = |(id, entry): (&'a ObjectId, &'a Entry)| {
            let by = entry.implied_by.as_ref().filter(|by| self.is_taken_up(id, by))?;
            let as_before = self.from.entry(id).is_some_and(|old| old.implied_by.as_ref() == Some(by));
            let taken = !as_before && !self.joins(id, by) && self.from.get(by)?.brings_along();
            taken.then(|| self.from.key(by)).flatten()
        };
        let loses = |id: &&'a ObjectId| {
            let entry = self.from.entry(id)?;
            let by = entry.implied_by.as_ref().filter(|by| entry.object.is_part() && !self.leaves(id, by))?;
            let stays = self.to.contains(by) && id.parent().is_some_and(|it| self.to.contains(it));
            stays.then(|| self.from.key(by)).flatten()
        };
        self.to.iter().filter_map(takes).chain(self.removed.iter().filter_map(loses)).collect()
    }

    /// Drops and creates `id`, and all that stands on it.
    pub(super) fn rebuild(&mut self, id: &'a ObjectId, because: Option<String>) {
        if self.removed.contains(id) || self.rebuilt.contains_key(id) {
            return;
        }
        if let Some(origin) = self.origin(id) {
            return self.rebuild(origin, because);
        }
        if let Some(whole) = self.rebuilt_in(id) {
            return self.rebuild(whole, because);
        }
        self.rebuilt.insert(id, because.clone());
        // A definition does not come off what it completes.
        if id.kind.completes_parent()
            && let Some(parent) = id.parent().and_then(|parent| self.from.key(parent))
        {
            self.rebuild(parent, because.clone());
        }
        for follower in self.followers.get(id).cloned().unwrap_or_default() {
            if self.from.get(follower).is_some_and(|object| !object.is_own()) && !self.leaves(follower, id) {
                self.rebuild(follower, because.clone());
            }
        }
        self.rebuild_dependents(id);
    }

    /// What has to be made anew for a part of it to be, until that is under way.
    fn rebuilt_in(&self, id: &ObjectId) -> Option<&'a ObjectId> {
        let is_part_of_whole = self.from.get(id).is_some_and(|object| object.is_rebuilt_whole());
        let whole = id.parent().filter(|_| is_part_of_whole).and_then(|parent| self.from.key(parent))?;
        (self.to.contains(whole) && !self.is_dropped(whole)).then_some(whole)
    }

    /// What has to be made anew for `id` to be: an inherited object comes and goes with what it is inherited from.
    fn origin(&self, id: &ObjectId) -> Option<&'a ObjectId> {
        let (old, new) = (self.from.entry(id)?, self.to.entry(id)?);
        let by = old.implied_by.as_ref().filter(|by| !old.object.is_own() && new.implied_by.as_ref() == Some(by))?;
        let (origin, entry) = (self.from.key(by)?, self.from.entry(by)?);
        let goes = !self.is_dropped(by) && entry.object.drop(by).iter().all(|action| action.loses.is_none());
        (self.to.contains(by) && goes).then_some(origin)
    }

    pub(super) fn rebuild_dependents(&mut self, id: &'a ObjectId) {
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
            if self.outlives(dependent, id) {
                continue;
            }
            // It changes in such a way that it needs this no longer.
            let lets_go = self.removed.contains(id) || !self.to.needs(dependent).any(|it| it == id);
            let in_place = lets_go && self.altered.contains_key(dependent);
            if in_place && !self.needs_successor(dependent, id) {
                continue;
            }
            match old.survive(dependent, new, &self.rebuilding(id)) {
                Survival::Whole => {
                    if let Some(whole) = dependent.parent().and_then(|parent| self.from.key(parent)) {
                        self.rebuild(whole, because);
                        // The old whole stays until no row holds it, and so does what it is made of.
                        if self.set_aside.contains_key(whole) {
                            self.set_aside.entry(id).or_default().push(whole);
                        }
                    }
                }
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

    /// Whether `id` stays behind when what it is on leaves what `by` is on.
    pub(super) fn outlives(&self, id: &ObjectId, by: &ObjectId) -> bool {
        let is_implied = self.from.entry(id).is_some_and(|entry| entry.implied_by.as_ref() == Some(by));
        is_implied && !id.kind.comes_by_attaching() && self.leaves(id, by)
    }

    /// Whether `dependent` is to need what takes the name of `gone`: that is there only once both are out of the way.
    fn needs_successor(&self, dependent: &ObjectId, gone: &ObjectId) -> bool {
        let takes_its_name = |id: &ObjectId| id.slots().any(|slot| gone.slots().any(|freed| freed == slot));
        let mut needs = self.to.needs(dependent).flat_map(ObjectId::upwards);
        needs.any(takes_its_name)
    }

    /// Clears the way for a change of type.
    pub(super) fn displace(&mut self, id: &'a ObjectId, change: Retype) {
        for dependent in self.dependents.get(id).cloned().unwrap_or_default() {
            let blocks = dependent.kind.blocks().is_some_and(|least| least <= change);
            if blocks {
                self.rebuild(dependent, Some(format!("{id} changes its type")));
            }
        }
        for follower in self.followers.get(id).cloned().unwrap_or_default() {
            if self.leaves(follower, id) {
                continue;
            }
            self.displace(follower, change);
        }
    }

    /// What is set aside still needs what it is made of: that has to make room in the same way.
    pub(super) fn set_aside_what_is_under(&mut self) {
        let mut above: Vec<&ObjectId> =
            self.set_aside.keys().copied().filter(|id| self.rebuilt.contains_key(id)).collect();
        while let Some(id) = above.pop() {
            let parts = self.dependents.get(id).into_iter().flatten().copied().filter(|part| part.parent() == Some(id));
            let of = |id: &'a ObjectId| self.from.entry(id).into_iter().flat_map(|entry| &entry.needs);
            let needed: Vec<&ObjectId> = std::iter::once(id).chain(parts).flat_map(of).collect();
            let moved = self.set_aside[id].clone();
            let can_be = |id: &&ObjectId| {
                self.rebuilt.contains_key(id) && self.from.get(id).is_some_and(|it| it.set_aside(id).is_some())
            };
            for under in needed.into_iter().filter(can_be) {
                let known = self.set_aside.entry(under).or_default();
                let more: Vec<&ObjectId> = moved.iter().copied().filter(|it| !known.contains(it)).collect();
                if !more.is_empty() {
                    known.extend(more);
                    above.push(under);
                }
            }
        }
    }
}
