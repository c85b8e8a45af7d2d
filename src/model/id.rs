//! The address of an object: what kind it is of, what contains it, its name.

use std::sync::Arc;

use crate::model::{Ident, Kind};

/// The name-based address of one object. Containment is part of the address:
/// `schema public` > `table users` > `column email` > `comment`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId {
    pub parent: Option<Arc<ObjectId>>,
    pub kind: Kind,
    pub name: Ident,
    /// What tells objects of one name apart, as SQL writes it: a routine's `(integer, text)`.
    pub signature: Arc<str>,
}

impl ObjectId {
    pub fn root(kind: Kind, name: impl AsRef<str>) -> ObjectId {
        ObjectId { kind, parent: None, name: Ident::new(name), signature: "".into() }
    }
    pub fn child(&self, kind: Kind, name: impl AsRef<str>) -> ObjectId {
        ObjectId { kind, parent: Some(Arc::new(self.clone())), name: Ident::new(name), signature: "".into() }
    }
    pub fn signed(self, signature: impl AsRef<str>) -> ObjectId {
        ObjectId { signature: signature.as_ref().into(), ..self }
    }
    pub fn parent(&self) -> Option<&ObjectId> {
        self.parent.as_deref()
    }
    pub fn ancestors(&self) -> impl Iterator<Item = &ObjectId> {
        std::iter::successors(self.parent(), |id| id.parent())
    }
    /// The object itself, and what contains it, from the inside out.
    pub fn upwards(&self) -> impl Iterator<Item = &ObjectId> {
        std::iter::successors(Some(self), |id| id.parent())
    }
    /// The dotted path to the object, quoted as SQL needs it: `public.users.email`.
    pub fn path(&self) -> String {
        let own = format!("{}{}", self.name, self.signature);
        match self.parent() {
            Some(parent) => format!("{}.{own}", parent.path()),
            None => own,
        }
    }
}
