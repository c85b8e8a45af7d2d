//! Where Prisma puts things of one sort: in the order of the schema, or of the names where there is none.

use std::collections::BTreeMap;

use crate::{
    cli::hand::Hand,
    kinds::Object,
    model::{Kind, ObjectId},
    sources::prisma::{database::Database, sql::DEFAULT_SCHEMA},
};

/// Places among tables and enums, and of their parts.
#[derive(Debug, Default)]
pub(super) struct Places {
    before: BTreeMap<ObjectId, usize>,
    after: BTreeMap<ObjectId, usize>,
    /// Indexes, foreign keys and columns, within their tables.
    parts_before: BTreeMap<ObjectId, usize>,
}

const LAST: usize = usize::MAX >> 1;

impl Places {
    pub(super) fn of(hand: &Hand<'_>) -> Places {
        let mut places = Places::default();
        for (at, id) in hand.after.ids().enumerate() {
            places.after.insert(id, at);
        }
        // By name, as Prisma reads a database; columns by where they stand.
        let mut parts: BTreeMap<&ObjectId, usize> = BTreeMap::new();
        for (at, (id, entry)) in hand.catalogs.from.iter().enumerate() {
            match (id.kind, id.parent()) {
                (Kind::Table | Kind::Enum, _) => _ = places.before.insert(id.clone(), at),
                (Kind::Column, _) => {
                    let position = match &entry.object {
                        Object::Column(column) => usize::try_from(column.position).unwrap_or_default(),
                        _ => 0,
                    };
                    places.parts_before.insert(id.clone(), position);
                }
                (Kind::Index | Kind::ForeignKey, Some(table)) => {
                    let count = parts.entry(table).or_default();
                    places.parts_before.insert(id.clone(), *count);
                    *count += 1;
                }
                _ => (),
            }
        }
        if let Some(before) = hand.before {
            for (at, id) in before.ids().enumerate() {
                places.before.insert(id, at);
            }
            for (table, id) in before.tables.iter().zip(before.table_ids()) {
                let indexes = table.indexes.iter().map(|it| id.child(Kind::Index, &it.name)).enumerate();
                let keys = table.foreign_keys.iter().map(|it| id.child(Kind::ForeignKey, &it.name)).enumerate();
                let columns = table.columns.iter().map(|it| id.child(Kind::Column, &it.name)).enumerate();
                places.parts_before.extend(indexes.chain(keys).chain(columns).map(|(at, id)| (id, at)));
            }
        }
        places
    }

    pub(super) fn before(&self, id: &ObjectId) -> usize {
        self.before.get(id).copied().unwrap_or(LAST)
    }

    pub(super) fn after(&self, id: &ObjectId) -> usize {
        self.after.get(id).copied().unwrap_or(LAST)
    }

    pub(super) fn part_before(&self, id: &ObjectId) -> usize {
        self.parts_before.get(id).copied().unwrap_or(LAST)
    }

    pub(super) fn column(&self, id: &ObjectId, table: &ObjectId) -> [usize; 2] {
        [self.part_before(id), self.after(table)]
    }
}

impl Database {
    fn table_ids(&self) -> impl Iterator<Item = ObjectId> + '_ {
        self.tables.iter().map(|it| address(Kind::Table, it.schema.as_deref(), &it.name))
    }

    /// Of enums, then of tables, in the order of the schema.
    fn ids(&self) -> impl Iterator<Item = ObjectId> + '_ {
        let enums = self.enums.iter().map(|it| address(Kind::Enum, it.schema.as_deref(), &it.name));
        enums.chain(self.table_ids())
    }
}

fn address(kind: Kind, schema: Option<&str>, name: &str) -> ObjectId {
    ObjectId::root(Kind::Schema, schema.unwrap_or(DEFAULT_SCHEMA)).child(kind, name)
}
