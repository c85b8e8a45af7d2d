//! Where each object of a loaded script was written.

use std::collections::BTreeMap;

use super::class::Class;
use super::defines::Defined;
use super::{Script, Statement};
use crate::model::Span;

type Written = BTreeMap<(String, String, String), Span>;

/// Follows `search_path` through the script to tell which schema an unqualified name went to.
pub(super) fn written(script: &Script) -> (Vec<(Defined, Span)>, Written) {
    let mut creates_in = "public".to_owned();
    let mut all = Vec::new();
    let mut written = Written::new();
    for statement in &script.statements {
        if let Class::Setting { creates_in: Some(schema) } = &statement.class {
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
            | "foreign-data wrapper"
            | "language"
            | "access method"
            | "event trigger"
            | "publication"
            | "role"
    )
}
