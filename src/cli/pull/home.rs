//! Which file declares what.

#![allow(clippy::wildcard_enum_match_arm, reason = "few kinds have a home with another")]

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use crate::{
    catalog::Catalog,
    kinds::Object,
    model::{Kind, ObjectId},
};

/// What has no file of its own, by what it belongs to: a partition, and a sequence that one table counts by.
#[derive(Debug, Default)]
pub(super) struct Homes {
    owners: BTreeMap<ObjectId, ObjectId>,
    /// The paths of files, by how a system writes them that knows no capitals.
    paths: BTreeMap<String, PathBuf>,
}

impl Homes {
    pub(super) fn of(catalog: &Catalog) -> Homes {
        let dependents = catalog.dependents();
        let owner = |id: &ObjectId| match id.kind {
            Kind::Sequence => {
                let whole = |table: &'_ ObjectId| root(catalog, table);
                let users: BTreeSet<ObjectId> =
                    dependents.get(id)?.iter().filter_map(|it| table_of(it)).map(whole).collect();
                let ownership = id.child(Kind::SequenceOwner, "");
                let owners = catalog.needs(&ownership).filter_map(table_of);
                owners.cloned().chain(users.iter().filter(|_| users.len() == 1).cloned()).next()
            }
            Kind::Table | Kind::ForeignTable => partitioned(catalog, id).cloned(),
            _ => None,
        };
        let owners = catalog.ids().filter_map(|id| Some((id.clone(), owner(id)?))).collect();
        let mut homes = Homes { owners, paths: BTreeMap::new() };
        // Names that only capitals tell apart share a file.
        for id in catalog.ids() {
            let path = homes.plain(id);
            homes.paths.entry(path.to_string_lossy().to_lowercase()).or_insert(path);
        }
        homes
    }

    /// The path of the file for an object: `public/tables/users.sql`.
    pub(super) fn path(&self, id: &ObjectId) -> PathBuf {
        let plain = self.plain(id);
        self.paths.get(&plain.to_string_lossy().to_lowercase()).cloned().unwrap_or(plain)
    }

    /// What the file is about that has an object in it.
    pub(super) fn thing<'a>(&'a self, id: &'a ObjectId) -> &'a ObjectId {
        let mut thing = thing(id);
        while let Some(owner) = self.owners.get(thing) {
            thing = owner;
        }
        thing
    }

    fn plain(&self, id: &ObjectId) -> PathBuf {
        let thing = self.thing(id);
        let name = file_name(thing.name.raw());
        match thing.parent().filter(|it| it.kind == Kind::Schema) {
            Some(schema) => [file_name(schema.name.raw()), folder(thing.kind), format!("{name}.sql")].iter().collect(),
            None if thing.kind == Kind::Schema => [name, "schema.sql".to_owned()].iter().collect(),
            None => PathBuf::from(format!("{}.sql", folder(thing.kind))),
        }
    }
}

/// The table that a table is a partition of.
fn partitioned<'a>(catalog: &'a Catalog, id: &'a ObjectId) -> Option<&'a ObjectId> {
    let is_meant = catalog.get(id).is_some_and(is_partition);
    catalog.needs(id).filter(|_| is_meant).find(|it| catalog.get(it).is_some_and(Object::is_partitioned))
}

/// The table that a partition, or a partition of a partition, is a part of.
fn root(catalog: &Catalog, table: &ObjectId) -> ObjectId {
    partitioned(catalog, table).map_or_else(|| table.clone(), |above| root(catalog, above))
}

fn is_partition(object: &Object) -> bool {
    match object {
        Object::Table(table) => table.partition_of.is_some(),
        Object::ForeignTable(table) => table.partition_of.is_some(),
        _ => false,
    }
}

/// The table of a column or a default.
fn table_of(id: &ObjectId) -> Option<&ObjectId> {
    id.upwards().find(|it| matches!(it.kind, Kind::Table | Kind::ForeignTable))
}

/// What stands in a schema, or in none, and has the object in it.
fn thing(id: &ObjectId) -> &ObjectId {
    let mut path: Vec<&ObjectId> = id.upwards().collect();
    if path.last().is_some_and(|it| it.kind == Kind::Schema) && 1 < path.len() {
        path.pop();
    }
    let top = path.last().copied().unwrap_or(id);
    // What only says something of a schema is in the file of the schema.
    let is_remark = top.kind.is_property() || top.kind.is_deviation();
    if is_remark { id.ancestors().last().unwrap_or(id) } else { top }
}

/// `materialized_views`, for a kind
fn folder(kind: Kind) -> String {
    let word = kind.label().to_ascii_lowercase().replace(' ', "_");
    match word.strip_suffix('y') {
        _ if matches!(word.as_str(), "default_privileges" | "statistics") => word,
        Some(stem) => format!("{stem}ies"),
        None if word.ends_with("class") => format!("{word}es"),
        None => format!("{word}s"),
    }
}

/// A name of a file on any system; names that differ only in what cannot be in one share it.
fn file_name(name: &str) -> String {
    let safe = |it: char| if it.is_alphanumeric() || "_-.$".contains(it) { it } else { '_' };
    let found: String = name.chars().map(safe).take(100).collect();
    match found.trim_start_matches('.') {
        "" => "_".to_owned(),
        found => found.to_owned(),
    }
}
