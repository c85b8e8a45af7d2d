//! Where each object of a loaded script was written.

use std::collections::BTreeMap;

use super::class::Class;
use super::defines::Defined;
use super::{Loaded, Script, Statement};
use crate::catalog::Catalog;
use crate::model::{Kind, ObjectId, Span};

type Written = BTreeMap<(String, String, String), Span>;

/// Follows `search_path` through the script to tell which schema an unqualified name went to.
pub(super) fn written(script: &Script) -> (Vec<(Defined, Span)>, Written) {
    let mut creates_in = "public".to_owned();
    let mut all = Vec::new();
    let mut written = Written::new();
    for statement in &script.statements {
        if let Class::Setting { creates_in: Some(schema), .. } = &statement.class {
            creates_in.clone_from(schema);
        }
        let here = statement.creates_in.as_deref().unwrap_or(&creates_in);
        for defined in &statement.defines {
            let (defined, span) = placed(statement, defined, here);
            let key = (defined.kind.to_owned(), container(&defined), defined.name.clone());
            written.insert(key, span.clone());
            all.push((defined, span));
        }
    }
    (all, written)
}

impl Loaded {
    /// Notes in a catalog of what was loaded where each object was declared. What has no definition of its own, such as
    /// a default or a comment, was declared with what it belongs to.
    pub fn note_places(&self, catalog: &mut Catalog) {
        let place = |id: &ObjectId| {
            let belongs_to = id.ancestors().filter(|up| up.kind != Kind::Schema);
            std::iter::once(id).chain(belongs_to).find_map(|id| self.place(id)).cloned()
        };
        let places: Vec<(ObjectId, Option<Span>)> = catalog.ids().map(|id| (id.clone(), place(id))).collect();
        for (id, place) in places {
            if let Some(entry) = catalog.entry_mut(&id) {
                entry.written = place;
            }
        }
    }

    fn place(&self, id: &ObjectId) -> Option<&Span> {
        let kind = id.kind.label().to_lowercase();
        let mut path: Vec<&str> = id.ancestors().map(|up| up.name.raw()).collect();
        path.reverse();
        // An index is a table's, but its name is its schema's.
        (0..=path.len())
            .rev()
            .find_map(|depth| self.written.get(&(kind.clone(), path[..depth].join("."), id.name.raw().to_owned())))
    }
}

fn placed(statement: &Statement, defined: &Defined, creates_in: &str) -> (Defined, Span) {
    let span = statement.place(&defined.range);
    let schema = defined.schema.clone().or_else(|| is_in_a_schema(defined.kind).then(|| creates_in.to_owned()));
    (Defined { schema, ..defined.clone() }, span)
}

fn container(defined: &Defined) -> String {
    match (&defined.schema, &defined.table) {
        (Some(schema), Some(table)) => format!("{schema}.{table}"),
        (Some(schema), None) => schema.clone(),
        (None, _) => String::new(),
    }
}

fn is_in_a_schema(kind: &str) -> bool {
    !matches!(
        kind,
        "schema"
            | "extension"
            | "server"
            | "foreign data wrapper"
            | "language"
            | "access method"
            | "event trigger"
            | "publication"
            | "role"
    )
}
