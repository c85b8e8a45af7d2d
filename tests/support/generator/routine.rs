//! Functions and procedures.

use super::{
    Item,
    dice::Dice,
    world::{Column, Named, Of, Relation, Routine, Shape, Type, World},
};

const EXECUTE: &[&str] = &["EXECUTE"];

struct Argument {
    column: Column,
    text: String,
}

/// Arguments with names, the last ones perhaps with defaults.
fn arguments(world: &World, item: &Item, may_have_defaults: bool) -> Vec<Argument> {
    let dice = item.dice();
    let count = dice.below("arguments", 4) as usize;
    let mut has_default = false;
    let mut found = Vec::new();
    for part in item.parts.iter().take(count) {
        let (name, dice) = (part.name("p"), part.dice());
        let rows = world.types.iter().filter(|it| it.sort == Of::Row);
        let row = dice.pick("row", rows).filter(|_| dice.one_in("of row", 5));
        let of = row.cloned().unwrap_or_else(|| world.pick_type(dice, "type"));
        has_default |= may_have_defaults && dice.one_in("default", 4);
        let default = if has_default { format!(" DEFAULT {}", of.literal) } else { String::new() };
        let text = format!("{name} {}{default}", of.sql);
        found.push(Argument { column: Column { id: part.id, name, of, is_generated: false }, text });
    }
    found
}

fn texts(arguments: &[Argument]) -> String {
    arguments.iter().map(|it| it.text.as_str()).collect::<Vec<_>>().join(", ")
}

/// What the function says of itself, besides whether it is immutable.
fn attributes(dice: Dice<'_>, is_set: bool) -> String {
    let mut text = dice.of("parallel", &["", "", " PARALLEL SAFE"]).to_owned();
    text += dice.of("security", &["", "", "", " SECURITY DEFINER"]);
    text += dice.of("cost", &["", "", "", " COST 7"]);
    if is_set {
        text += dice.of("rows", &["", " ROWS 5"]);
    }
    text + dice.of("set", &["", "", "", "", " SET work_mem = '4MB'"])
}

pub(super) fn function(world: &mut World, item: &Item) -> Option<()> {
    let (name, dice) = (world.place(item), item.dice());
    let is_set = dice.one_in("set of", 6);
    let arguments = arguments(world, item, !is_set);
    let from = source(world, dice);
    let is_immutable = from.is_none() && !is_set && !dice.one_in("volatile", 3);
    let result = match &from {
        Some((column, _)) => column.of.clone(),
        None => world.pick_type(dice, "result"),
    };
    let scope: Vec<Column> = arguments.iter().map(|it| it.column.clone()).collect();
    let value = match &from {
        Some((column, relation)) => format!("(SELECT a.{} FROM {relation} a LIMIT 1)", column.name),
        None => world.value(dice, "body", &result, &scope, is_immutable),
    };
    let volatility = if is_immutable { " IMMUTABLE" } else { dice.of("volatility", &["", " STABLE"]) };
    let set = if is_set { "SETOF " } else { "" };
    let head = format!(
        "CREATE FUNCTION {name}({}) RETURNS {set}{}{volatility}{}",
        texts(&arguments),
        result.sql,
        attributes(dice, is_set)
    );
    let returned = if is_set { format!("RETURN NEXT {value}; RETURN") } else { format!("RETURN {value}") };
    world.say(match dice.below("language", 5) {
        1 => format!("{head} LANGUAGE plpgsql AS $$BEGIN {returned}; END$$"),
        2 if !is_set => format!("{head} LANGUAGE sql RETURN {value}"),
        3 => format!("{head} LANGUAGE sql BEGIN ATOMIC SELECT {value}; END"),
        _ => format!("{head} LANGUAGE sql AS $$SELECT {value}$$"),
    });
    let arguments = scope.into_iter().map(|it| it.of).collect();
    remember(world, item, name, Routine { arguments, is_immutable, is_set, ..of(item, result) });
    Some(())
}

fn of(item: &Item, result: Type) -> Routine {
    let (id, name) = (item.node.id, String::new());
    Routine { id, name, arguments: Vec::new(), result, is_immutable: false, is_set: false, is_strict: false }
}

fn remember(world: &mut World, item: &Item, name: String, routine: Routine) {
    let routine = Routine { name, ..routine };
    world.owned(item.node.id, "FUNCTION", &routine.signature(), "FUNCTION", EXECUTE);
    world.routines.push(routine);
}

/// What a function reads, if anything.
fn source(world: &World, dice: Dice<'_>) -> Option<(Column, String)> {
    let fits = |it: &&Relation| !it.is_unreadable && it.shape != Shape::Foreign && !it.columns.is_empty();
    let relation = dice.pick("from", world.relations.iter().filter(fits)).filter(|_| dice.one_in("reads", 3))?;
    let columns = relation.columns.iter().filter(|it| !it.of.sql.contains(" COLLATE "));
    let column = dice.pick("column", columns)?;
    Some((column.clone(), relation.name.clone()))
}

/// A function for aggregates, operators and casts: it takes one or two of its kind.
pub(super) fn state_function(world: &mut World, item: &Item) -> Option<()> {
    let (name, dice) = (world.place(item), item.dice());
    let own = world.types.iter().filter(|it| matches!(it.sort, Of::Enum | Of::Composite));
    let own = dice.pick("own", own).filter(|_| dice.one_in("of own", 2)).cloned();
    let (state, other) = (world.pick_type(dice, "state"), own.unwrap_or_else(|| world.pick_type(dice, "other")));
    let strict = if dice.one_in("strict", 3) { " STRICT" } else { "" };
    let (arguments, body) = match dice.below("shape", 3) {
        0 => (vec![state.clone(), other], "$1".to_owned()),
        1 => (vec![other], state.literal.clone()),
        _ => (vec![state.clone(), state.clone()], "COALESCE($1, $2)".to_owned()),
    };
    let routine = Routine { arguments, is_immutable: true, is_strict: !strict.is_empty(), ..of(item, state.clone()) };
    let types: Vec<&str> = routine.arguments.iter().map(|it| it.sql.as_str()).collect();
    let types = types.join(", ");
    world.say(format!(
        "CREATE FUNCTION {name}({types}) RETURNS {} IMMUTABLE{strict} LANGUAGE sql AS $$SELECT {body}$$",
        state.sql
    ));
    remember(world, item, name, routine);
    Some(())
}

pub(super) fn trigger_function(world: &mut World, item: &Item) -> Option<()> {
    let (name, dice) = (world.place(item), item.dice());
    let tables = world.relations.iter().filter(|it| it.is_table());
    let statement = match dice.pick("into", tables) {
        Some(table) if dice.one_in("writes", 2) => format!("DELETE FROM {} WHERE false; ", table.name),
        _ => String::new(),
    };
    let body = format!("BEGIN {statement}RETURN {}; END", dice.of("returned", &["NEW", "NULL", "OLD"]));
    world.say(format!(
        "CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql{} AS $${body}$$",
        attributes(dice, false)
    ));
    world.owned(item.node.id, "FUNCTION", &format!("{name}()"), "FUNCTION", EXECUTE);
    world.trigger_functions.push(Named { id: item.node.id, name });
    Some(())
}

pub(super) fn event_function(world: &mut World, item: &Item) -> Option<()> {
    let name = world.place(item);
    let body = item.dice().of("body", &["BEGIN END", "BEGIN NULL; END"]);
    world.say(format!("CREATE FUNCTION {name}() RETURNS event_trigger LANGUAGE plpgsql AS $${body}$$"));
    world.owned(item.node.id, "FUNCTION", &format!("{name}()"), "FUNCTION", EXECUTE);
    world.event_functions.push(Named { id: item.node.id, name });
    Some(())
}

pub(super) fn procedure(world: &mut World, item: &Item) -> Option<()> {
    let (name, dice) = (world.place(item), item.dice());
    let arguments = arguments(world, item, true);
    let called = dice.pick("calls", world.routines.iter().filter(|it| !it.is_set));
    let body = called.map_or_else(
        || "SELECT 1".to_owned(),
        |it| {
            let literals: Vec<&str> = it.arguments.iter().map(|of| of.literal.as_str()).collect();
            format!("SELECT {}({})", it.name, literals.join(", "))
        },
    );
    let head = format!("CREATE PROCEDURE {name}({})", texts(&arguments));
    world.say(match dice.below("language", 3) {
        0 => format!("{head} LANGUAGE sql AS $${body}$$"),
        1 => format!("{head} LANGUAGE sql BEGIN ATOMIC {body}; END"),
        _ => format!("{head} LANGUAGE plpgsql AS $$BEGIN PERFORM {}; END$$", body.trim_start_matches("SELECT ")),
    });
    let types: Vec<&str> = arguments.iter().map(|it| it.column.of.sql.as_str()).collect();
    world.owned(item.node.id, "PROCEDURE", &format!("{name}({})", types.join(", ")), "PROCEDURE", EXECUTE);
    Some(())
}
