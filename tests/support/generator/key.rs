//! Constraints and indexes.

use super::{
    Item,
    dice::Dice,
    world::{Column, Key, Relation, Shape, World},
};

fn table(world: &World, dice: Dice<'_>, fits: impl Fn(&Relation) -> bool) -> Option<Relation> {
    dice.pick("table", world.relations.iter().filter(|it| it.is_table() && fits(it))).cloned()
}

fn listed(columns: &[Column]) -> String {
    columns.iter().map(|it| it.name.as_str()).collect::<Vec<_>>().join(", ")
}

fn constraint(world: &mut World, item: &Item, table: &Relation, text: &str) {
    let name = item.name();
    world.say(format!("ALTER TABLE {} ADD CONSTRAINT {name} {text}", table.name));
    world.address(item.node.id, format!("CONSTRAINT {name} ON {}", table.name));
}

pub(super) fn primary(world: &mut World, item: &Item) -> Option<()> {
    let dice = item.dice();
    let table = table(world, dice, |it| it.shape != Shape::Partition && (!it.is_bound || it.strategy.is_empty()))?;
    let columns = world.key_columns(dice, &table)?;
    world.claim(format!("primary key of {}", table.name))?;
    let is_late = table.strategy.is_empty() && dice.one_in("late", 8);
    let late = if is_late { " DEFERRABLE INITIALLY DEFERRED" } else { "" };
    constraint(world, item, &table, &format!("PRIMARY KEY ({}){late}", listed(&columns)));
    if !is_late {
        let key = Key { id: item.node.id, table: table.name, name: item.name(), columns, is_primary: true };
        world.keys.push(key);
    }
    Some(())
}

pub(super) fn unique(world: &mut World, item: &Item) -> Option<()> {
    let dice = item.dice();
    let table = table(world, dice, |it| it.shape != Shape::Partition)?;
    let columns = world.key_columns(dice, &table)?;
    let nulls = if dice.one_in("nulls", 5) { " NULLS NOT DISTINCT" } else { "" };
    let include =
        match dice.pick("include", table.columns.iter().filter(|it| columns.iter().all(|key| key.name != it.name))) {
            Some(column) if dice.one_in("including", 5) => format!(" INCLUDE ({})", column.name),
            _ => String::new(),
        };
    constraint(world, item, &table, &format!("UNIQUE{nulls} ({}){include}", listed(&columns)));
    world.keys.push(Key { id: item.node.id, table: table.name, name: item.name(), columns, is_primary: false });
    Some(())
}

pub(super) fn check(world: &mut World, item: &Item) -> Option<()> {
    let dice = item.dice();
    let tables = |it: &&Relation| it.is_table() || it.shape == Shape::Foreign;
    let table = dice.pick("table", world.relations.iter().filter(tables))?.clone();
    let condition = world.condition(dice, "condition", &table.columns, false);
    let inherit = if table.shape == Shape::Table && dice.one_in("own", 7) { " NO INHERIT" } else { "" };
    let valid = if table.shape != Shape::Foreign && dice.one_in("not valid", 7) { " NOT VALID" } else { "" };
    constraint(world, item, &table, &format!("CHECK ({condition}){inherit}{valid}"));
    Some(())
}

pub(super) fn foreign_key(world: &mut World, item: &Item) -> Option<()> {
    let dice = item.dice();
    let from = table(world, dice, |it| !it.is_unlogged)?;
    let matching = |key: &Key| -> Option<Vec<Column>> {
        let found = key.columns.iter().enumerate().map(|(n, to)| {
            let fits = |it: &&Column| it.of.sql == to.of.sql && !it.is_generated;
            dice.pick(&format!("column {n}"), from.columns.iter().filter(fits)).cloned()
        });
        let found: Vec<Column> = found.collect::<Option<_>>()?;
        let mut names: Vec<&str> = found.iter().map(|it| it.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        (names.len() == found.len()).then_some(found)
    };
    // PostgreSQL gets into its own way where a partitioned table refers to itself.
    let is_plain = from.shape == Shape::Table;
    let fits = |it: &Relation| !it.is_unlogged && (is_plain || it.shape == Shape::Table);
    let is_logged = |key: &&Key| world.relation(&key.table).is_some_and(fits);
    let key = dice.pick("key", world.keys.iter().filter(|it| is_logged(it) && matching(it).is_some()))?;
    let columns = matching(key)?;
    let mut text = format!("FOREIGN KEY ({}) REFERENCES {} ({})", listed(&columns), key.table, listed(&key.columns));
    text += dice.of("match", &["", "", " MATCH FULL"]);
    text += dice.of("delete", &["", " ON DELETE CASCADE", " ON DELETE SET NULL", " ON DELETE RESTRICT"]);
    text += dice.of("update", &["", "", " ON UPDATE CASCADE", " ON UPDATE SET DEFAULT"]);
    text += dice.of("late", &["", "", " DEFERRABLE", " DEFERRABLE INITIALLY DEFERRED"]);
    if from.strategy.is_empty() && dice.one_in("not valid", 8) {
        text += " NOT VALID";
    }
    constraint(world, item, &from, &text);
    Some(())
}

pub(super) fn exclusion(world: &mut World, item: &Item) -> Option<()> {
    let dice = item.dice();
    let table = table(world, dice, |it| it.strategy.is_empty())?;
    let fits = |it: &&Column| matches!(it.of.sql.as_str(), "int4range" | "integer" | "date");
    let column = dice.pick("column", table.columns.iter().filter(fits))?;
    let (method, sign) = if column.of.sql == "int4range" { ("gist", "&&") } else { ("btree", "=") };
    let mut text = format!("EXCLUDE USING {method} ({} WITH {sign})", column.name);
    if dice.one_in("partial", 3) {
        text += &format!(" WHERE ({})", world.condition(dice, "where", &table.columns, true));
    }
    text += dice.of("late", &["", "", " DEFERRABLE"]);
    constraint(world, item, &table, &text);
    Some(())
}

pub(super) fn index(world: &mut World, item: &Item) -> Option<()> {
    let (dice, name) = (item.dice(), item.name());
    let fits = |it: &&Relation| it.is_table() || it.shape == Shape::MaterializedView;
    let table = dice.pick("table", world.relations.iter().filter(fits))?.clone();
    let is_partitioned = !table.strategy.is_empty();
    let may_have_rows = table.shape == Shape::MaterializedView && !table.is_unreadable;
    let unique = if !is_partitioned && !may_have_rows && dice.one_in("unique", 5) { "UNIQUE " } else { "" };
    let (method, terms) = terms(world, dice, &table, unique.is_empty())?;
    let unique = if method == "btree" { unique } else { "" };
    let mut text = format!("CREATE {unique}INDEX {name} ON {} USING {method} ({terms})", table.name);
    let included = dice.pick("included", table.columns.iter());
    if let Some(column) = included.filter(|_| method == "btree" && dice.one_in("include", 6)) {
        text += &format!(" INCLUDE ({})", column.name);
    }
    if !unique.is_empty() && dice.one_in("nulls", 4) {
        text += " NULLS NOT DISTINCT";
    }
    if method == "btree" {
        text += dice.of("parameters", &["", "", "", " WITH (fillfactor = 70)", " WITH (deduplicate_items = off)"]);
    }
    // A foreign key may stand on any unique index of all rows, whichever is older.
    let is_partial = !unique.is_empty() || dice.one_in("partial", 4);
    if is_partial {
        // What is always true is no condition to PostgreSQL.
        let condition = world.condition(dice, "where", &table.columns, true);
        text += &format!(" WHERE {}", if condition == "true" { "false" } else { &condition });
    }
    world.say(text);
    let name = format!("{}.{name}", table.schema);
    world.address(item.node.id, format!("INDEX {name}"));
    if !is_partitioned && method == "btree" && !is_partial && dice.one_in("cluster", 8) {
        world.claim(format!("cluster of {}", table.name))?;
        let of = if table.shape == Shape::MaterializedView { "MATERIALIZED VIEW" } else { "TABLE" };
        world.say(format!("ALTER {of} {} CLUSTER ON {}", table.name, item.name()));
    }
    Some(())
}

/// The method, and what is indexed.
fn terms(world: &World, dice: Dice<'_>, table: &Relation, may_be_expression: bool) -> Option<(&'static str, String)> {
    let of = |types: &[&str]| -> Vec<&Column> {
        table.columns.iter().filter(|it| types.contains(&it.of.sql.as_str())).collect()
    };
    let method = dice.below("method", 8);
    let other = match method {
        4 => dice.pick("brin", of(&["integer", "date", "timestamptz", "bigint"])).map(|it| ("brin", it.name.clone())),
        5 => dice.pick("hash", of(&["integer", "text", "uuid"])).map(|it| ("hash", it.name.clone())),
        6 => dice.pick("gin", of(&["jsonb", "integer[]", "text[]"])).map(|it| ("gin", it.name.clone())),
        7 => dice.pick("gist", of(&["int4range", "point"])).map(|it| ("gist", it.name.clone())),
        _ => None,
    };
    if other.is_some() {
        return other;
    }
    let columns = dice.some("columns", 3, table.columns.iter().filter(|it| it.of.is_ordered));
    let mut terms: Vec<String> = columns.iter().map(|it| term(world, dice, it)).collect();
    if may_be_expression && dice.one_in("expression", 3) {
        let column = dice.pick("in expression", table.columns.iter().filter(|it| it.of.is_ordered))?;
        terms.push(expression(world, dice, column, table));
    }
    (!terms.is_empty()).then(|| ("btree", terms.join(", ")))
}

fn term(world: &World, dice: Dice<'_>, column: &Column) -> String {
    let label = format!("class {}", column.id);
    let class = match (column.of.sql.as_str(), dice.below(&label, 4)) {
        ("integer", 2) => dice.pick(&label, &world.classes).map(|it| format!(" {}", it.name)),
        ("text", 2) => Some(" text_pattern_ops".to_owned()),
        ("text", 3) => dice.pick(&label, &world.collations).map(|it| format!(" COLLATE {}", it.name)),
        _ => None,
    };
    let order = dice.of(&format!("order {}", column.id), &["", "", " DESC", " NULLS FIRST"]);
    format!("{}{}{order}", column.name, class.unwrap_or_default())
}

fn expression(world: &World, dice: Dice<'_>, column: &Column, table: &Relation) -> String {
    if let Some(search) = dice.pick("search", &world.configurations).filter(|_| column.of.is_text) {
        return format!("to_tsvector('{}'::regconfig, {})", search.name, column.name);
    }
    format!("({})", world.value(dice, "expression", &column.of, &table.columns, true))
}
