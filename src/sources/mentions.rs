//! What the body of a function mentions. PostgreSQL does not track it where the body is a string,
//! and still wants it to be there when the function is created.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    catalog::Catalog,
    model::{Kind, ObjectId, parser},
};

/// Adds to each object that has such a body the objects of the catalog that the body names.
pub(crate) fn link(catalog: &mut Catalog) {
    let mut by_name: BTreeMap<String, Vec<ObjectId>> = BTreeMap::new();
    for id in catalog.ids().filter(|id| id.kind.can_be_mentioned()) {
        by_name.entry(id.name.raw().to_owned()).or_default().push(id.clone());
    }
    let extensions: BTreeSet<ObjectId> = catalog.ids().filter(|id| id.kind == Kind::Extension).cloned().collect();
    let found: Vec<(ObjectId, BTreeSet<ObjectId>)> = catalog
        .iter()
        .filter_map(|(id, entry)| {
            let (language, body) = entry.object.opaque_body()?;
            let names = if language == "sql" { names(body) } else { BTreeSet::new() };
            let mut mentioned = BTreeSet::new();
            for name in &names {
                let before = mentioned.len();
                mentioned.extend(resolve(name, &by_name).filter(|other| other != id));
                // What is not the user's own is PostgreSQL's, or comes with some extension.
                if mentioned.len() == before {
                    mentioned.extend(extensions.iter().cloned());
                }
            }
            Some((id.clone(), mentioned))
        })
        .collect();
    for (id, mentioned) in found {
        if let Some(entry) = catalog.entry_mut(&id) {
            entry.mentions = mentioned.into_iter().filter(|other| !entry.needs.contains(other)).collect();
        }
    }
}

/// Relations, functions and types that a text of SQL names, as written: `schema.name` or `name`.
fn names(body: &str) -> BTreeSet<String> {
    let Ok(parsed) = parser::parse_whole(body) else { return BTreeSet::new() };
    let mut names: BTreeSet<String> = parsed.tables().into_iter().chain(parsed.functions()).collect();
    for (node, ..) in parsed.protobuf.nodes() {
        if let pg_query::NodeRef::TypeName(it) = node {
            let parts = it.names.iter().filter_map(|part| match &part.node {
                Some(pg_query::NodeEnum::String(text)) => Some(text.sval.clone()),
                _ => None,
            });
            names.insert(parts.collect::<Vec<_>>().join("."));
        }
    }
    names
}

fn resolve<'a>(name: &str, by_name: &'a BTreeMap<String, Vec<ObjectId>>) -> impl Iterator<Item = ObjectId> + 'a {
    let (schema, name) = match name.rsplit_once('.') {
        Some((schema, name)) => (Some(schema.to_owned()), name),
        None => (None, name),
    };
    let candidates = by_name.get(name).map(Vec::as_slice).unwrap_or_default();
    candidates
        .iter()
        .filter(move |id| schema.as_deref().is_none_or(|schema| id.container().name.raw() == schema))
        .cloned()
}
