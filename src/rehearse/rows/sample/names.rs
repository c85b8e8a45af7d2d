//! What the tables and columns of the rehearsal are called in the database that a sample is taken from: there nothing has
//! been renamed yet.

use std::collections::BTreeMap;

use crate::{
    catalog::Catalog,
    diff::{Rename, before},
    kinds::Namespace,
};

/// Names that differ. All others are the same in both.
#[derive(Default)]
pub(in crate::rehearse::rows) struct Names {
    /// By the qualified name; with the schema.
    tables: BTreeMap<String, (String, String)>,
    /// By the qualified name of the table and the bare one of the column.
    columns: BTreeMap<(String, String), String>,
    /// Values of enums, before and after.
    pub(in crate::rehearse::rows) labels: Vec<(String, String)>,
}

impl Names {
    /// `catalog` is the state after the renames.
    pub(in crate::rehearse::rows) fn of(catalog: &Catalog, renames: &[Rename]) -> Names {
        let mut names = Names::default();
        if renames.is_empty() {
            return names;
        }
        for id in catalog.ids() {
            let old = before(renames, id);
            if old == *id {
                continue;
            }
            let is_relation = id.slots().any(|(space, _)| space == Namespace::Relation);
            match (id.parent(), old.parent()) {
                (_, Some(schema)) if is_relation => {
                    let name = (schema.name.raw().to_owned(), old.name.raw().to_owned());
                    names.tables.insert(id.qualified(), name);
                }
                (Some(of), Some(_)) => {
                    let key = (of.qualified(), id.name.raw().to_owned());
                    names.columns.insert(key, old.name.raw().to_owned());
                }
                _ => (),
            }
        }
        names.labels.extend(renames.iter().filter_map(|rename| match rename {
            Rename::Label { from, to, .. } => Some((from.clone(), to.clone())),
            Rename::Object { .. } => None,
        }));
        names
    }

    /// The schema and the name of a table, by its qualified name.
    pub(super) fn table(&self, qualified: &str) -> (String, String) {
        self.tables.get(qualified).cloned().unwrap_or_else(|| {
            let mut parts = parts(qualified).into_iter();
            (parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
        })
    }

    /// The bare name of a column, by the name that SQL has for it.
    pub(super) fn column(&self, table: &str, column: &str) -> String {
        let bare = parts(column).into_iter().next().unwrap_or_default();
        let key = (table.to_owned(), bare);
        self.columns.get(&key).cloned().unwrap_or(key.1)
    }
}

/// The names in a qualified name that PostgreSQL has quoted where it had to.
pub(super) fn parts(qualified: &str) -> Vec<String> {
    let (mut found, mut part) = (Vec::new(), String::new());
    let mut signs = qualified.chars().peekable();
    let mut within = false;
    while let Some(sign) = signs.next() {
        match sign {
            '"' if within && signs.next_if_eq(&'"').is_some() => part.push('"'),
            '"' => within = !within,
            '.' if !within => found.push(std::mem::take(&mut part)),
            other => part.push(other),
        }
    }
    found.push(part);
    found
}

#[cfg(test)]
mod tests {
    use super::parts;

    #[test]
    fn names_are_read_as_they_are_quoted() {
        assert_eq!(parts("public.users"), ["public", "users"]);
        assert_eq!(parts("\"a.b\".\"vi\"\"ew\""), ["a.b", "vi\"ew"]);
        assert_eq!(parts("\"From\""), ["From"]);
    }
}
