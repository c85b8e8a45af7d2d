//! One schema state: every object, what each needs, and where each was written.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    ddl::Casts,
    kinds::Object,
    model::{ObjectId, Span, Version},
};

/// One database schema state, as one server sees it.
#[derive(Clone, Debug)]
pub struct Catalog {
    /// The server that read it: texts of different major versions are not compared.
    pub version: Version,
    pub casts: Casts,
    /// What was met and is not managed, by name.
    pub unmanaged: BTreeSet<String>,
    /// What is there and whose value is never read, by name.
    pub secrets: BTreeMap<String, Secret>,
    /// Privileges on what is the server's own, where they are no longer those that it came with.
    pub server_privileges: BTreeSet<String>,
    objects: BTreeMap<ObjectId, Entry>,
}

/// A value that is never read.
#[derive(Clone, Debug)]
pub struct Secret {
    /// What tells it from another one; never shown. `None` where the server does not let us compare it.
    pub digest: Option<String>,
    pub is_database_setting: bool,
}

#[derive(Clone, Debug)]
pub struct Entry {
    pub object: Object,
    /// What must be there for it to be there, besides what contains it (`pg_depend`).
    pub needs: BTreeSet<ObjectId>,
    /// What its text mentions where PostgreSQL does not track it: wishes, which may be broken.
    pub mentions: BTreeSet<ObjectId>,
    /// What takes it along when it is dropped.
    pub dies_with: BTreeSet<ObjectId>,
    /// What it comes and goes with, as a partition's index does with its parent's.
    pub implied_by: Option<ObjectId>,
    /// Where it was declared.
    pub written: Option<Span>,
}

impl Catalog {
    pub fn new(version: Version) -> Catalog {
        Catalog {
            version,
            casts: Casts::default(),
            unmanaged: BTreeSet::new(),
            secrets: BTreeMap::new(),
            server_privileges: BTreeSet::new(),
            objects: BTreeMap::new(),
        }
    }
    pub fn insert(&mut self, id: ObjectId, object: Object, implied_by: Option<ObjectId>) {
        let (needs, mentions) = (BTreeSet::new(), BTreeSet::new());
        let dies_with = match id.parent() {
            Some(parent) if id.kind.dropped_with_parent() && parent.kind.takes_contents_along() => {
                BTreeSet::from([parent.clone()])
            }
            Some(_) | None => BTreeSet::new(),
        };
        self.objects.insert(id, Entry { object, needs, mentions, dies_with, implied_by, written: None });
    }
    /// Takes an object over from another state, with all that is known of it.
    pub fn adopt(&mut self, id: ObjectId, entry: Entry) {
        self.objects.insert(id, entry);
    }
    pub fn entry(&self, id: &ObjectId) -> Option<&Entry> {
        self.objects.get(id)
    }
    pub fn entry_mut(&mut self, id: &ObjectId) -> Option<&mut Entry> {
        self.objects.get_mut(id)
    }
    pub fn get(&self, id: &ObjectId) -> Option<&Object> {
        self.objects.get(id).map(|entry| &entry.object)
    }
    /// The catalog's own copy of an address.
    pub fn key(&self, id: &ObjectId) -> Option<&ObjectId> {
        self.objects.get_key_value(id).map(|(key, _)| key)
    }
    pub fn contains(&self, id: &ObjectId) -> bool {
        self.objects.contains_key(id)
    }
    /// What `id` needs directly: what contains it, and its dependencies.
    pub fn needs<'a>(&'a self, id: &'a ObjectId) -> impl Iterator<Item = &'a ObjectId> {
        let edges = self.objects.get(id).into_iter().flat_map(|entry| &entry.needs);
        id.parent().into_iter().chain(edges)
    }
    pub fn iter(&self) -> impl Iterator<Item = (&ObjectId, &Entry)> {
        self.objects.iter()
    }
    pub fn ids(&self) -> impl Iterator<Item = &ObjectId> {
        self.objects.keys()
    }
    pub fn len(&self) -> usize {
        self.objects.len()
    }
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }
    /// Keeps only what `keep` says, and drops every edge to what is gone.
    pub fn retain(&mut self, keep: impl Fn(&ObjectId) -> bool) {
        self.objects.retain(|id, _| keep(id));
        for entry in self.objects.values_mut() {
            for edges in [&mut entry.needs, &mut entry.mentions, &mut entry.dies_with] {
                edges.retain(|id| keep(id));
            }
        }
    }
    /// Takes over from an earlier state what is not said here and stays, such as owners.
    pub fn keep_unstated(&mut self, earlier: &Catalog) {
        for (id, entry) in earlier.iter().filter(|(id, _)| id.kind.may_be_unstated()) {
            let is_silent = self.get(id).is_none_or(|object| object.is_unstated());
            if is_silent && id.parent().is_none_or(|parent| self.contains(parent)) {
                self.objects.insert(id.clone(), entry.clone());
            }
        }
    }
    /// This reading with what only the one before knows: where things were written, and what is not managed. `carry`
    /// tells what an object of then is called now.
    pub fn after(mut self, before: &Catalog, carry: impl Fn(&ObjectId) -> ObjectId) -> Catalog {
        for (id, entry) in before.iter() {
            if let Some(now) = self.entry_mut(&carry(id)) {
                now.written.clone_from(&entry.written);
            }
        }
        self.casts.clone_from(&before.casts);
        self.unmanaged.clone_from(&before.unmanaged);
        self.secrets.clone_from(&before.secrets);
        self.server_privileges.clone_from(&before.server_privileges);
        Catalog { version: before.version, ..self }
    }
    /// Leaves out what a server of `version` does not know of.
    pub fn fit(&mut self, version: Version) {
        for entry in self.objects.values_mut() {
            entry.object.fit(version);
        }
    }
    /// Lets every text of every object be changed.
    pub fn replace_texts(&mut self, replace: &dyn Fn(&mut String)) {
        for entry in self.objects.values_mut() {
            entry.object.replace_texts(replace);
        }
    }
    /// Every object with those that need it directly.
    pub fn dependents(&self) -> BTreeMap<&ObjectId, Vec<&ObjectId>> {
        let mut dependents: BTreeMap<&ObjectId, Vec<&ObjectId>> = BTreeMap::new();
        for id in self.objects.keys() {
            for needed in self.needs(id) {
                dependents.entry(needed).or_default().push(id);
            }
        }
        dependents
    }
}
