//! Which columns of a table are read, and how.

use std::collections::BTreeSet;

use super::{
    gather::Row,
    live::{Column, Table, Values},
    names::Names,
};
use crate::{model::Ident, rehearse::rows::facts::Relation};

/// Longer values are not read, in bytes as they are stored.
const LONGEST: usize = 256 * 1024;

/// Which columns are read, and what the others lack.
pub(super) struct Shape<'a> {
    /// What it is called here, and what there.
    columns: Vec<(&'a str, &'a Column)>,
    pub(super) unknown: Vec<&'a str>,
    pub(super) closed: Vec<&'a str>,
}

impl<'a> Shape<'a> {
    pub(super) fn of(relation: &'a Relation, table: &'a Table, names: &Names) -> Shape<'a> {
        let mut shape = Shape { columns: Vec::new(), unknown: Vec::new(), closed: Vec::new() };
        for column in relation.columns.iter().filter(|it| !it.is_generated) {
            let bare = names.column(&relation.name, &column.name);
            match table.columns.iter().find(|it| it.name == bare) {
                None => shape.unknown.push(&column.name),
                Some(it) if !it.may_read => shape.closed.push(&column.name),
                Some(it) => shape.columns.push((&column.name, it)),
            }
        }
        shape
    }

    /// What stands after `SELECT`; of what may be long, whether it is too long comes after it.
    pub(super) fn list(&self) -> String {
        let one = |(_, column): &(&str, &Column)| {
            let name = format!("t.{}", Ident::new(&column.name));
            let size = format!("pg_column_size({name})");
            match column.is_long {
                true => format!("CASE WHEN {size} <= {LONGEST} THEN {name} END, {LONGEST} < {size}"),
                false => name,
            }
        };
        let list: Vec<String> = self.columns.iter().map(one).collect();
        if list.is_empty() { "NULL".to_owned() } else { list.join(", ") }
    }

    /// The rows, and the columns of which some values are too long.
    pub(super) fn read(&self, found: Vec<Values>) -> (Vec<Row>, BTreeSet<String>) {
        let mut large = BTreeSet::new();
        let mut one = |values: Values| {
            let mut values = values.into_iter();
            let mut row = Row::new();
            for (name, column) in &self.columns {
                let value = values.next().flatten();
                if column.is_long && values.next().flatten().as_deref() == Some("t") {
                    large.insert((*name).to_owned());
                } else {
                    row.insert((*name).to_owned(), value);
                }
            }
            row
        };
        let rows = found.into_iter().map(&mut one).collect();
        (rows, large)
    }
}
