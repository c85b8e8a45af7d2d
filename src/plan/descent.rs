//! What comes under another as a whole, or leaves it: a child, a partition, a table of a type. Names no kind.

use std::borrow::Cow;

use crate::{ddl::Alter, diff::Change, kinds::Object, model::ObjectId, plan::expand::Work};

impl<'a> Work<'a> {
    /// What is altered so that it comes under another or leaves one.
    pub(super) fn mover(&self, change: &Change) -> Option<&'a ObjectId> {
        let Change::Alter(id, _) = change else { return None };
        let moves = |(_, alter): (&str, Alter)| match alter {
            Alter::Do(actions) => actions.iter().any(|action| action.descent.is_some()),
            Alter::Displace { .. } | Alter::Replace { .. } | Alter::Rebuild => false,
            Alter::Refuse { .. } | Alter::Ignore(_) => false,
        };
        let mut alters = self.from.get(id)?.alter(id, self.to.get(id)?, self.target).into_iter();
        alters.any(moves).then(|| self.from.key(id)).flatten()
    }

    /// What stands under another as a whole: the outermost thing around `id` that is no mere container of names.
    pub(super) fn whole(id: &ObjectId) -> &ObjectId {
        id.upwards().filter(|it| it.kind.takes_contents_along()).last().unwrap_or(id)
    }

    pub(super) fn moves(&self, id: &ObjectId) -> bool {
        let whole = Self::whole(id);
        self.moving.contains(whole) && !self.is_dropped(whole)
    }

    /// Whether `id` is on something that is there and comes under what `by` is on.
    pub(super) fn joins(&self, id: &ObjectId, by: &ObjectId) -> bool {
        self.moves(id) && !self.from.needs(Self::whole(id)).any(|it| it == Self::whole(by))
    }

    /// Whether `id` comes from a parent that stays one, though the first of its parents is new.
    pub(super) fn comes_from_another(&self, id: &ObjectId) -> bool {
        let stays = |parent: &&ObjectId| id.parent().is_some_and(|it| self.from.needs(it).any(|old| old == *parent));
        let mut parents = id.parent().into_iter().flat_map(|it| self.to.needs(it)).filter(stays);
        parents.any(|parent| self.is_created(&parent.child(id.kind, id.name.raw())))
    }

    /// Whether `id` is on something that stays and is no longer to be under what `by` is on.
    pub(super) fn leaves(&self, id: &ObjectId, by: &ObjectId) -> bool {
        self.moves(id) && !self.to.needs(Self::whole(id)).any(|it| it == Self::whole(by))
    }

    /// A thing as it is while what it is on stands by itself, where that comes under another or leaves one.
    pub(super) fn as_there<'o>(&self, id: &ObjectId, object: &'o Object) -> Cow<'o, Object> {
        if self.moves(id) { Cow::Owned(object.apart()) } else { Cow::Borrowed(object) }
    }
}
