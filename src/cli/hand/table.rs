//! `ALTER TABLE` as Prisma writes it: one for each table, its clauses in an order of their own.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    cli::hand::{
        name,
        order::Places,
        piece::{Piece, Rank},
    },
    model::ObjectId,
    sources::prisma::{
        database::{Column, Default as Initial, PrimaryKey, Table},
        sql::{list, quoted},
    },
};

/// What changes in a table that stays.
#[derive(Debug, Default)]
pub(super) struct Altered<'a> {
    pub(super) drop_key: Option<String>,
    pub(super) drops: BTreeSet<String>,
    pub(super) adds: BTreeMap<String, &'a Column>,
    columns: BTreeMap<[usize; 2], Change>,
    pub(super) add_key: Option<&'a PrimaryKey>,
    pub(super) takes: BTreeSet<ObjectId>,
}

/// What changes in a column that stays.
#[derive(Debug, Default)]
pub(super) struct Change {
    name: String,
    pub(super) not_null: Option<bool>,
    /// The new one, if there is to be one.
    default: Option<Option<String>>,
    pub(super) data_type: Option<String>,
}

impl Altered<'_> {
    pub(super) fn column(&mut self, id: &ObjectId, place: [usize; 2]) -> &mut Change {
        let change = self.columns.entry(place).or_default();
        change.name = id.name.raw().to_owned();
        change
    }

    pub(super) fn drops_default(&mut self, id: &ObjectId, place: [usize; 2]) {
        self.column(id, place).default = Some(None);
    }

    pub(super) fn sets_default(&mut self, column: &Column, place: [usize; 2]) -> Option<()> {
        let Initial::Sql(sql) = &column.default else { return None };
        let change = self.columns.entry(place).or_default();
        change.name.clone_from(&column.name);
        change.default = Some(Some(sql.clone()));
        Some(())
    }

    /// The statement; none where nothing is left to do, and nothing at all where Prisma has no words for it.
    pub(super) fn piece(self, declared: Option<&Table>, id: &ObjectId, places: &Places) -> Option<Option<Piece>> {
        let mut clauses: Vec<String> = Vec::new();
        clauses.extend(self.drop_key.iter().map(|key| format!("DROP CONSTRAINT {}", quoted(key))));
        clauses.extend(self.drops.iter().map(|column| format!("DROP COLUMN {}", quoted(column))));
        clauses.extend(self.adds.values().map(|column| format!("ADD COLUMN     {}", column.definition())));
        clauses.extend(self.columns.values().flat_map(Change::clauses));
        clauses.extend(
            self.add_key
                .iter()
                .map(|key| format!("ADD CONSTRAINT {} PRIMARY KEY ({})", quoted(&key.name), list(&key.columns, ", "))),
        );
        if clauses.is_empty() {
            return Some(None);
        }
        let table = declared.map_or_else(|| name(id), Table::qualified);
        let sql = format!("ALTER TABLE {table} {}", clauses.join(",\n"));
        let mut takes = self.takes;
        takes.insert(id.clone());
        Some(Some(Piece::new(Rank::AlterTable, [places.before(id), places.after(id), 0], sql, takes)))
    }
}

impl Change {
    fn clauses(&self) -> Vec<String> {
        let column = quoted(&self.name);
        let not_null = self.not_null.map(|is| if is { "SET NOT NULL".to_owned() } else { "DROP NOT NULL".to_owned() });
        let default = self.default.as_ref().map(|it| match it {
            Some(sql) => format!("SET DEFAULT {sql}"),
            None => "DROP DEFAULT".to_owned(),
        });
        let data_type = self.data_type.as_ref().map(|it| format!("SET DATA TYPE {it}"));
        let clauses = [not_null, default, data_type].into_iter().flatten();
        clauses.map(|clause| format!("ALTER COLUMN {column} {clause}")).collect()
    }
}
