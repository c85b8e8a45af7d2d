//! Tables, and partitions of them.

use super::{
    Item,
    dice::{Dice, Node},
    world::{Column, Key, Of, Relation, Shape, Type, World},
};

pub(super) const TABLE_PRIVILEGES: &[&str] =
    &["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER", "ALL"];

/// A column as it is written, and what has to be said once the table is there.
struct Written {
    column: Column,
    text: String,
    /// What follows `ALTER COLUMN name`.
    later: Vec<String>,
}

pub(super) fn table(world: &mut World, item: &Item) -> Option<()> {
    let dice = item.dice();
    let is_unlogged = dice.one_in("unlogged", 12);
    let unlogged = if is_unlogged { "UNLOGGED " } else { "" };
    if dice.one_in("typed", 12) && typed(world, item, is_unlogged).is_some() {
        return Some(());
    }
    let parents = parents(world, dice);
    let name = world.place(item);
    let written = columns(world, item, true);
    let texts: Vec<String> = written.iter().map(|it| it.text.clone()).collect();
    let inherits = match parents.iter().map(|it| it.name.as_str()).collect::<Vec<_>>().join(", ") {
        names if names.is_empty() => names,
        names => format!(" INHERITS ({names})"),
    };
    let method = match dice.pick("method", &world.access_methods) {
        Some(method) if dice.one_in("by method", 4) => format!(" USING {}", method.name),
        _ => String::new(),
    };
    let parameters = format!("{method}{}", parameters(dice));
    world.say(format!("CREATE {unlogged}TABLE {name} ({}){inherits}{parameters}", texts.join(", ")));
    let mut columns: Vec<Column> = written.iter().map(|it| it.column.clone()).collect();
    for inherited in parents.iter().flat_map(|it| &it.columns) {
        if columns.iter().all(|it| it.name != inherited.name) {
            columns.push(inherited.clone());
        }
    }
    let relation =
        Relation { is_unlogged, is_bound: !parents.is_empty(), ..of(world, item, &name, Shape::Table, columns) };
    finish(world, item, relation, &written);
    Some(())
}

/// The rest of the relation is as it is for most.
fn of(world: &World, item: &Item, name: &str, shape: Shape, columns: Vec<Column>) -> Relation {
    Relation {
        id: item.node.id,
        schema: world.schema(item),
        name: name.to_owned(),
        shape,
        columns,
        is_unlogged: false,
        is_bound: false,
        is_unreadable: false,
        partition_key: Vec::new(),
        strategy: "",
    }
}

/// What is said of every table after it is made.
fn finish(world: &mut World, item: &Item, relation: Relation, written: &[Written]) {
    let (name, dice) = (relation.name.clone(), item.dice());
    for column in written {
        for later in &column.later {
            world.say(format!("ALTER TABLE {name} ALTER COLUMN {} {later}", column.column.name));
        }
    }
    if dice.one_in("row security", 8) {
        let how = dice.of("how secure", &["ENABLE", "FORCE"]);
        world.say(format!("ALTER TABLE {name} {how} ROW LEVEL SECURITY"));
    }
    world.owned(item.node.id, "TABLE", &name, "TABLE", TABLE_PRIVILEGES);
    for column in written {
        world.address(column.column.id, format!("COLUMN {name}.{}", column.column.name));
    }
    let row = Type {
        id: item.node.id,
        sql: name.clone(),
        literal: format!("NULL::{name}"),
        is_ordered: false,
        is_text: false,
        sort: Of::Row,
    };
    world.types.push(row);
    world.relations.push(relation);
}

fn typed(world: &mut World, item: &Item, is_unlogged: bool) -> Option<()> {
    let composites = world.types.iter().filter(|it| it.sort == Of::Composite);
    let of_type = item.dice().pick("of", composites)?.clone();
    let name = world.place(item);
    let of_type = of_type.sql;
    let unlogged = if is_unlogged { "UNLOGGED " } else { "" };
    world.say(format!("CREATE {unlogged}TABLE {name} OF {of_type}"));
    let relation = Relation { is_unlogged, is_bound: true, ..of(world, item, &name, Shape::Table, Vec::new()) };
    finish(world, item, relation, &[]);
    Some(())
}

fn parents(world: &World, dice: Dice<'_>) -> Vec<Relation> {
    if !dice.one_in("inherits", 6) {
        return Vec::new();
    }
    let fits = |it: &&Relation| it.shape == Shape::Table && !it.columns.is_empty();
    dice.some("parents", 2, world.relations.iter().filter(fits).cloned().collect::<Vec<_>>().iter())
        .into_iter()
        .cloned()
        .collect()
}

fn parameters(dice: Dice<'_>) -> String {
    match dice.below("parameters", 6) {
        1 => format!(" WITH (fillfactor = {})", 50 + dice.below("fillfactor", 4)),
        2 => " WITH (autovacuum_enabled = false, toast.autovacuum_enabled = false)".to_owned(),
        _ => String::new(),
    }
}

fn columns(world: &mut World, item: &Item, is_plain: bool) -> Vec<Written> {
    let mut written: Vec<Written> = Vec::new();
    for part in &item.parts {
        let scope: Vec<Column> = written.iter().map(|it| it.column.clone()).filter(|it| !it.is_generated).collect();
        written.push(column(world, part, &scope, is_plain));
    }
    written
}

fn column(world: &World, part: &Node, scope: &[Column], is_plain: bool) -> Written {
    let (name, dice) = (part.name("c"), part.dice());
    let of = world.pick_type(dice, "type");
    let mut column = Column { id: part.id, name: name.clone(), of: of.clone(), is_generated: false };
    let mut text = format!("{name} {}", of.sql);
    if of.is_text && dice.one_in("collated", 4) {
        let collation = dice.pick("collation", &world.collations).map_or("\"C\"", |it| it.name.as_str());
        column.of.sql = format!("{} COLLATE {collation}", of.sql);
        text = format!("{name} {}", column.of.sql);
    }
    let is_whole = matches!(of.sql.as_str(), "integer" | "bigint" | "smallint");
    let is_identity = is_plain && is_whole && dice.one_in("identity", 6);
    let not_null = dice.one_in("not null", 4);
    if is_identity {
        let how = dice.of("always", &["ALWAYS", "BY DEFAULT"]);
        let options = dice.of("options", &["", " (START WITH 5)", " (INCREMENT BY 2 CYCLE)", " (CACHE 9)"]);
        text += &format!(" GENERATED {how} AS IDENTITY{options}");
    } else if is_plain && of.sql == "integer" && dice.one_in("serial", 7) {
        text = format!("{name} serial");
    } else if dice.one_in("generated", 9) && !scope.is_empty() {
        column.is_generated = true;
        text += &format!(" GENERATED ALWAYS AS ({}) STORED", world.value(dice, "expression", &of, scope, true));
    } else {
        text += &default(world, dice, &of, is_whole);
    }
    if not_null {
        text += " NOT NULL";
    }
    Written { column, text, later: later(dice, &of) }
}

fn default(world: &World, dice: Dice<'_>, of: &Type, is_whole: bool) -> String {
    match dice.below("default", 5) {
        1 => match dice.pick("sequence", &world.sequences) {
            Some(sequence) if is_whole => format!(" DEFAULT nextval('{}'::regclass)", sequence.name),
            _ => format!(" DEFAULT {}", of.literal),
        },
        2 | 3 => format!(" DEFAULT {}", world.value(dice, "default value", of, &[], false)),
        _ => String::new(),
    }
}

fn later(dice: Dice<'_>, of: &Type) -> Vec<String> {
    let mut found = Vec::new();
    if matches!(of.sql.as_str(), "text" | "jsonb" | "bytea") && dice.one_in("storage", 6) {
        found.push(format!("SET STORAGE {}", dice.of("how stored", &["EXTERNAL", "MAIN", "PLAIN"])));
    }
    if dice.one_in("statistics", 9) {
        found.push(format!("SET STATISTICS {}", 100 + dice.below("target", 3)));
    }
    if dice.one_in("distinct", 12) {
        found.push(format!("SET (n_distinct = {})", 1 + dice.below("how distinct", 3)));
    }
    found
}

/// The column by which a table is partitioned.
fn key_column(world: &World, item: &Item) -> Option<Column> {
    let types = ["integer", "text", "date"];
    let of = item.dice().of("key type", &types);
    let of = world.types.iter().find(|it| it.sql == of)?.clone();
    Some(Column { id: item.node.id, name: item.node.name("pk"), of, is_generated: false })
}

pub(super) fn partitioned(world: &mut World, item: &Item) -> Option<()> {
    let (name, dice) = (world.place(item), item.dice());
    let key = key_column(world, item)?;
    let strategy = dice.of("strategy", &["LIST", "RANGE", "HASH"]);
    let written = columns(world, item, false);
    let mut texts = vec![format!("{} {} NOT NULL", key.name, key.of.sql)];
    texts.extend(written.iter().map(|it| it.text.clone()));
    world.say(format!("CREATE TABLE {name} ({}) PARTITION BY {strategy} ({})", texts.join(", "), key.name));
    let mut columns = vec![key.clone()];
    columns.extend(written.iter().map(|it| it.column.clone()));
    let relation =
        Relation { partition_key: vec![key], strategy, ..of(world, item, &name, Shape::Partitioned, columns) };
    finish(world, item, relation, &written);
    Some(())
}

pub(super) fn partition(world: &mut World, item: &Item) -> Option<()> {
    let dice = item.dice();
    let parents: Vec<Relation> =
        world.relations.iter().filter(|it| !it.partition_key.is_empty() && !it.strategy.is_empty()).cloned().collect();
    let parent = dice.pick("parent", &parents)?;
    let bound = bound(world, item, parent)?;
    let name = world.place(item);
    // A partition may have partitions of its own; by the same column, since every key has to hold it.
    let own_key = parent.partition_key.last().filter(|_| dice.one_in("partitioned", 5));
    let strategy = dice.of("strategy", &["LIST", "RANGE", "HASH"]);
    let by = own_key.map_or_else(String::new, |key| format!(" PARTITION BY {strategy} ({})", key.name));
    let parameters = if own_key.is_some() { String::new() } else { parameters(dice) };
    world.say(format!("CREATE TABLE {name} PARTITION OF {} {bound}{by}{parameters}", parent.name));
    let shape = if own_key.is_some() { Shape::Partitioned } else { Shape::Partition };
    let mut relation = Relation { is_bound: true, ..of(world, item, &name, shape, parent.columns.clone()) };
    if own_key.is_some() {
        relation.partition_key.clone_from(&parent.partition_key);
        relation.strategy = strategy;
    }
    finish(world, item, relation, &[]);
    if dice.one_in("own default", 5) {
        let column = dice.pick("defaulted", parent.columns.iter().filter(|it| !it.is_generated))?;
        world.say(format!("ALTER TABLE {name} ALTER COLUMN {} SET DEFAULT {}", column.name, column.of.literal));
    }
    Some(())
}

fn bound(world: &mut World, item: &Item, parent: &Relation) -> Option<String> {
    let (dice, id) = (item.dice(), item.node.id);
    if parent.strategy == "HASH" {
        let remainder = id % 8;
        world.claim(format!("remainder {remainder} of {}", parent.name))?;
        return Some(format!("FOR VALUES WITH (MODULUS 8, REMAINDER {remainder})"));
    }
    if dice.one_in("default", 5) && world.claim(format!("default of {}", parent.name)).is_some() {
        return Some("DEFAULT".to_owned());
    }
    let of = &parent.partition_key.last()?.of;
    let value = |n: u32| match of.sql.as_str() {
        "date" => format!("'{}-01-01'", 2000 + n),
        "text" => format!("'v{n:05}'"),
        _ => n.to_string(),
    };
    let size = 1 + dice.below("size", 4) as u32;
    if parent.strategy == "LIST" {
        let values: Vec<String> = (0..size).map(|n| value(id * 5 + n)).collect();
        return Some(format!("FOR VALUES IN ({})", values.join(", ")));
    }
    Some(format!("FOR VALUES FROM ({}) TO ({})", value(id * 5), value(id * 5 + size)))
}

impl World {
    /// Which columns can be a key of the table, which has to hold those that it is partitioned by.
    pub(super) fn key_columns(&self, dice: Dice<'_>, table: &Relation) -> Option<Vec<Column>> {
        let fits = |it: &&Column| it.of.is_ordered && !table.partition_key.iter().any(|key| key.name == it.name);
        let mut columns = table.partition_key.clone();
        let others = table.columns.iter().filter(fits);
        columns.extend(dice.some("columns", 2, others).into_iter().cloned());
        // Of two keys of the same columns, a foreign key stands on the one that is older.
        let taken = |key: &&Key| key.table == table.name && key.columns.len() == columns.len();
        let same = |key: &Key| key.columns.iter().all(|it| columns.iter().any(|column| column.name == it.name));
        let is_new = !self.keys.iter().filter(taken).any(same);
        (!columns.is_empty() && is_new).then_some(columns)
    }

    pub(super) fn primary_key(&self, table: &Relation) -> Option<&Key> {
        self.keys.iter().find(|it| it.is_primary && it.table == table.name)
    }
}
