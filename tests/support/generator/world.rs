//! What has been written so far, and can be referred to.

use std::collections::BTreeSet;

use super::{
    Item,
    dice::{Dice, Identified},
};

macro_rules! identified {
    ($($Type:ident),*) => { $(impl Identified for $Type { fn id(&self) -> u32 { self.id } })* };
}
identified!(Named, Type, Column, Relation, Routine, Key, Sequence, Operator, Address);

/// What has no more to it than a name.
#[derive(Clone)]
pub(super) struct Named {
    pub(super) id: u32,
    pub(super) name: String,
}

#[derive(Clone)]
pub(super) struct Type {
    pub(super) id: u32,
    pub(super) sql: String,
    /// A constant of the type.
    pub(super) literal: String,
    /// Whether B-trees and comparisons take it.
    pub(super) is_ordered: bool,
    pub(super) is_text: bool,
    pub(super) sort: Of,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    BuiltIn,
    Enum,
    Composite,
    Range,
    Domain,
    Row,
    Base,
}

#[derive(Clone)]
pub(super) struct Column {
    pub(super) id: u32,
    /// As an expression of the scope; a bare name in a relation.
    pub(super) name: String,
    pub(super) of: Type,
    pub(super) is_generated: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Table,
    Partitioned,
    Partition,
    View,
    MaterializedView,
    Foreign,
}

#[derive(Clone)]
pub(super) struct Relation {
    pub(super) id: u32,
    pub(super) schema: String,
    pub(super) name: String,
    pub(super) shape: Shape,
    pub(super) columns: Vec<Column>,
    pub(super) is_unlogged: bool,
    /// Whether it has parents or is typed, so that not everything can be done with it.
    pub(super) is_bound: bool,
    /// Whether it cannot be read: a foreign table, or what is not populated.
    pub(super) is_unreadable: bool,
    pub(super) partition_key: Vec<Column>,
    /// `LIST`, `RANGE` or `HASH`.
    pub(super) strategy: &'static str,
}

impl Relation {
    pub(super) fn is_table(&self) -> bool {
        matches!(self.shape, Shape::Table | Shape::Partitioned | Shape::Partition)
    }

    /// Its columns as seen through an alias.
    pub(super) fn scope(&self, alias: &str) -> Vec<Column> {
        let through = |it: &Column| Column { name: format!("{alias}.{}", it.name), ..it.clone() };
        self.columns.iter().map(through).collect()
    }
}

#[derive(Clone)]
pub(super) struct Routine {
    pub(super) id: u32,
    pub(super) name: String,
    pub(super) arguments: Vec<Type>,
    pub(super) result: Type,
    pub(super) is_immutable: bool,
    pub(super) is_set: bool,
    /// Whether it may stand for a state's transition.
    pub(super) is_strict: bool,
}

impl Routine {
    pub(super) fn signature(&self) -> String {
        let types: Vec<&str> = self.arguments.iter().map(|it| it.sql.as_str()).collect();
        format!("{}({})", self.name, types.join(", "))
    }
}

#[derive(Clone)]
pub(super) struct Operator {
    pub(super) id: u32,
    pub(super) name: String,
    pub(super) left: Type,
    pub(super) right: Type,
    pub(super) result: Type,
    pub(super) is_immutable: bool,
}

#[derive(Clone)]
pub(super) struct Key {
    pub(super) id: u32,
    pub(super) table: String,
    pub(super) name: String,
    pub(super) columns: Vec<Column>,
    pub(super) is_primary: bool,
}

#[derive(Clone)]
pub(super) struct Sequence {
    pub(super) id: u32,
    pub(super) schema: String,
    pub(super) name: String,
}

/// What comments, privileges and owners are given to.
#[derive(Clone)]
pub(super) struct Address {
    pub(super) id: u32,
    /// As in `COMMENT ON`.
    pub(super) comment: String,
    /// As in `GRANT … ON`, and what can be granted.
    pub(super) grant: Option<(String, &'static [&'static str])>,
    /// Whether it can be given to somebody.
    pub(super) can_be_owned: bool,
}

pub(super) struct World {
    statements: Vec<String>,
    pub(super) schemas: Vec<Named>,
    pub(super) collations: Vec<Named>,
    pub(super) types: Vec<Type>,
    pub(super) relations: Vec<Relation>,
    pub(super) routines: Vec<Routine>,
    pub(super) trigger_functions: Vec<Named>,
    pub(super) event_functions: Vec<Named>,
    pub(super) operators: Vec<Operator>,
    pub(super) families: Vec<Named>,
    pub(super) classes: Vec<Named>,
    pub(super) dictionaries: Vec<Named>,
    pub(super) configurations: Vec<Named>,
    pub(super) templates: Vec<Named>,
    pub(super) parsers: Vec<Named>,
    pub(super) languages: Vec<Named>,
    pub(super) access_methods: Vec<Named>,
    pub(super) wrappers: Vec<Named>,
    pub(super) servers: Vec<Named>,
    pub(super) publications: Vec<Named>,
    pub(super) sequences: Vec<Sequence>,
    pub(super) keys: Vec<Key>,
    pub(super) addresses: Vec<Address>,
    taken: BTreeSet<String>,
}

impl World {
    pub(super) fn new() -> World {
        World {
            statements: Vec::new(),
            schemas: vec![Named { id: 1, name: "public".to_owned() }],
            collations: vec![Named { id: 1, name: "\"C\"".to_owned() }, Named { id: 2, name: "\"POSIX\"".to_owned() }],
            types: super::types::built_in(),
            relations: Vec::new(),
            routines: Vec::new(),
            trigger_functions: Vec::new(),
            event_functions: Vec::new(),
            operators: Vec::new(),
            families: Vec::new(),
            classes: Vec::new(),
            dictionaries: Vec::new(),
            configurations: Vec::new(),
            templates: Vec::new(),
            parsers: Vec::new(),
            languages: Vec::new(),
            access_methods: Vec::new(),
            wrappers: Vec::new(),
            servers: Vec::new(),
            publications: Vec::new(),
            sequences: Vec::new(),
            keys: Vec::new(),
            addresses: Vec::new(),
            taken: BTreeSet::new(),
        }
    }

    pub(super) fn say(&mut self, statement: impl Into<String>) {
        self.statements.push(statement.into());
    }

    pub(super) fn sql(&self) -> String {
        self.statements.iter().map(|it| format!("{it};\n")).collect()
    }

    /// Nothing where it was claimed before: of some things there can be only one.
    pub(super) fn claim(&mut self, what: impl Into<String>) -> Option<()> {
        self.taken.insert(what.into()).then_some(())
    }

    pub(super) fn schema(&self, item: &Item) -> String {
        let found = item.dice().pick("schema", &self.schemas);
        found.map_or_else(|| "public".to_owned(), |it| it.name.clone())
    }

    /// Its name with a schema.
    pub(super) fn place(&self, item: &Item) -> String {
        format!("{}.{}", self.schema(item), item.name())
    }

    pub(super) fn address(&mut self, id: u32, comment: impl Into<String>) {
        self.addresses.push(Address { id, comment: comment.into(), grant: None, can_be_owned: false });
    }

    /// As above, for what has an owner and privileges.
    pub(super) fn owned(&mut self, id: u32, of: &str, name: &str, granted: &str, privileges: &'static [&'static str]) {
        let grant = (!privileges.is_empty()).then(|| (format!("{granted} {name}"), privileges));
        self.addresses.push(Address { id, comment: format!("{of} {name}"), grant, can_be_owned: true });
    }

    pub(super) fn relation(&self, name: &str) -> Option<&Relation> {
        self.relations.iter().find(|it| it.name == name)
    }

    /// Half of the choices fall on a type that the schema makes itself, where it does.
    pub(super) fn pick_type(&self, dice: Dice<'_>, label: &str) -> Type {
        let of_user = |it: &&Type| it.sort != Of::BuiltIn && it.sort != Of::Row;
        let own = self.types.iter().filter(of_user);
        let built_in = self.types.iter().filter(|it| it.sort == Of::BuiltIn);
        let way = dice.below(&format!("{label} way"), 6);
        let own = if 3 < way { dice.pick(label, own) } else { None };
        let found = own.or_else(|| if way < 2 { None } else { dice.pick(label, built_in) });
        found.or_else(|| self.types.first()).expect("a built-in type").clone()
    }
}
