//! What belongs to one table or view, besides its keys.

use super::{
    Item,
    world::{Column, Key, Of, Relation, Shape, World},
};

pub(super) fn statistics(world: &mut World, item: &Item) -> Option<()> {
    let dice = item.dice();
    let ordered = |it: &Relation| it.columns.iter().filter(|it| it.of.is_ordered).count();
    let fits = |it: &&Relation| (it.is_table() || it.shape == Shape::MaterializedView) && 2 <= ordered(it);
    let table = dice.pick("table", world.relations.iter().filter(fits))?;
    let mut terms: Vec<String> = Vec::new();
    let mut columns: Vec<&Column> = table.columns.iter().filter(|it| it.of.is_ordered && !it.is_generated).collect();
    columns.sort_by_key(|it| dice.number(&it.id.to_string()));
    terms.extend(columns.iter().take(2).map(|it| it.name.clone()));
    if terms.len() < 2 {
        terms.push(format!("({} IS NULL)", columns.first()?.name));
    }
    if let Some(column) = columns.iter().find(|it| it.of.sql == "integer").filter(|_| dice.one_in("expression", 3)) {
        terms.push(format!("({} + 1)", column.name));
    }
    let kinds = dice.of("kinds", &["", " (ndistinct)", " (dependencies, mcv)"]);
    let (name, table) = (world.place(item), table.name.clone());
    world.say(format!("CREATE STATISTICS {name}{kinds} ON {} FROM {table}", terms.join(", ")));
    if dice.one_in("target", 4) {
        world.say(format!("ALTER STATISTICS {name} SET STATISTICS 200"));
    }
    world.owned(item.node.id, "STATISTICS", &name, "", &[]);
    Some(())
}

pub(super) fn sequence_owner(world: &mut World, item: &Item) -> Option<()> {
    let dice = item.dice();
    let sequence = dice.pick("sequence", &world.sequences)?.clone();
    let fits = |it: &&Relation| it.shape == Shape::Table && it.schema == sequence.schema && !it.columns.is_empty();
    let table = dice.pick("table", world.relations.iter().filter(fits))?.clone();
    let column = dice.pick("column", &table.columns)?;
    world.claim(format!("owner of {}", sequence.name))?;
    // Both have to have one owner.
    world.claim(format!("role of {}", table.name))?;

    world.say(format!("ALTER SEQUENCE {} OWNED BY {}.{}", sequence.name, table.name, column.name));
    Some(())
}

pub(super) fn replica_identity(world: &mut World, item: &Item) -> Option<()> {
    let dice = item.dice();
    let key = dice.pick("key", world.keys.iter().filter(|it: &&Key| it.is_primary));
    let (table, how) = match key.filter(|_| dice.one_in("by key", 2)) {
        Some(key) => (key.table.clone(), format!("USING INDEX {}", key.name)),
        None => {
            let table = dice.pick("table", world.relations.iter().filter(|it| it.is_table()))?;
            (table.name.clone(), dice.of("how", &["FULL", "NOTHING"]).to_owned())
        }
    };
    world.claim(format!("replica identity of {table}"))?;
    world.say(format!("ALTER TABLE {table} REPLICA IDENTITY {how}"));
    Some(())
}

pub(super) fn rule(world: &mut World, item: &Item) -> Option<()> {
    let (name, dice) = (item.name(), item.dice());
    let fits = |it: &&Relation| (it.is_table() || it.shape == Shape::View) && !it.columns.is_empty();
    let table = dice.pick("table", world.relations.iter().filter(fits))?.clone();
    let event = dice.of("event", &["INSERT", "UPDATE", "DELETE"]);
    let row = if event == "DELETE" { "OLD" } else { "NEW" };
    let action = match dice.below("action", 3) {
        // It cannot depend on a condition.
        1 if !dice.one_in("where", 3) => format!("NOTIFY n{}", dice.below("channel", 3)),
        0 | 1 => "NOTHING".to_owned(),
        _ => {
            let tables = world
                .relations
                .iter()
                .filter(|it| it.shape == Shape::Table && !it.columns.is_empty() && it.name != table.name);
            let into = dice.pick("into", tables)?;
            let column = dice.pick("column", into.columns.iter().filter(|it| !it.is_generated))?;
            let value = world.value(dice, "value", &column.of, &table.scope(row), false);
            // A value may be given to an identity column only so.
            format!("INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE VALUES ({value})", into.name, column.name)
        }
    };
    let instead = dice.of("instead", &["ALSO", "INSTEAD"]);
    let only = if dice.one_in("where", 3) {
        format!(" WHERE {}", world.condition(dice, "condition", &table.scope(row), false))
    } else {
        String::new()
    };
    world.say(format!("CREATE RULE {name} AS ON {event} TO {}{only} DO {instead} {action}", table.name));
    if table.is_table() && dice.one_in("disabled", 5) {
        world.say(format!("ALTER TABLE {} DISABLE RULE {name}", table.name));
    }
    world.address(item.node.id, format!("RULE {name} ON {}", table.name));
    Some(())
}

pub(super) fn trigger(world: &mut World, item: &Item) -> Option<()> {
    let (name, dice) = (item.name(), item.dice());
    let function = dice.pick("function", &world.trigger_functions)?.name.clone();
    let fits = |it: &&Relation| it.is_table() || it.shape == Shape::View;
    let table = dice.pick("table", world.relations.iter().filter(fits))?.clone();
    let event = dice.of("event", &["INSERT", "UPDATE", "DELETE", "INSERT OR UPDATE"]);
    let when = match event {
        "INSERT OR UPDATE" | "INSERT" | "UPDATE" if dice.one_in("when", 3) => {
            let settled: Vec<Column> = table.scope("NEW").into_iter().filter(|it| !it.is_generated).collect();
            format!(" WHEN ({})", world.condition(dice, "condition", &settled, false))
        }
        _ => String::new(),
    };
    let columns = match dice.pick("column", table.columns.iter().filter(|it| !it.is_generated)) {
        Some(column) if event == "UPDATE" && dice.one_in("of", 2) && table.shape != Shape::View => {
            format!(" OF {}", column.name)
        }
        _ => String::new(),
    };
    let arguments = dice.of("arguments", &["", "", "'a'", "'a', 'b'"]);
    let run = format!("EXECUTE FUNCTION {function}({arguments})");
    let on = format!("{event}{columns} ON {}", table.name);
    world.say(match dice.below("shape", 4) {
        _ if table.shape == Shape::View => format!("CREATE TRIGGER {name} INSTEAD OF {on} FOR EACH ROW {run}"),
        1 => format!("CREATE TRIGGER {name} AFTER {on} FOR EACH STATEMENT {run}"),
        2 if table.strategy.is_empty() => {
            format!(
                "CREATE CONSTRAINT TRIGGER {name} AFTER {on} DEFERRABLE INITIALLY DEFERRED FOR EACH ROW{when} {run}"
            )
        }
        3 => format!("CREATE TRIGGER {name} BEFORE {on} FOR EACH ROW{when} {run}"),
        _ => format!("CREATE TRIGGER {name} AFTER {on} FOR EACH ROW{when} {run}"),
    });
    let state = dice.of("state", &["", "", "", "DISABLE", "ENABLE REPLICA"]);
    if table.is_table() && !state.is_empty() {
        world.say(format!("ALTER TABLE {} {state} TRIGGER {name}", table.name));
    }
    world.address(item.node.id, format!("TRIGGER {name} ON {}", table.name));
    Some(())
}

pub(super) fn policy(world: &mut World, item: &Item) -> Option<()> {
    let (name, dice) = (item.name(), item.dice());
    let table = dice.pick("table", world.relations.iter().filter(|it| it.is_table()))?.clone();
    let command = dice.of("command", &["ALL", "SELECT", "INSERT", "UPDATE"]);
    let mut text = format!("CREATE POLICY {name} ON {}", table.name);
    text += dice.of("restrictive", &["", "", " AS RESTRICTIVE"]);
    text += &format!(" FOR {command} TO {}", dice.of("to", &["PUBLIC", "reader", "reader, writer"]));
    if command != "INSERT" {
        text += &format!(" USING ({})", world.condition(dice, "using", &table.columns, false));
    }
    if command != "SELECT" && dice.one_in("check", 2) {
        text += &format!(" WITH CHECK ({})", world.condition(dice, "check", &table.columns, false));
    }
    world.say(text);
    world.address(item.node.id, format!("POLICY {name} ON {}", table.name));
    Some(())
}

pub(super) fn view_default(world: &mut World, item: &Item) -> Option<()> {
    let dice = item.dice();
    let view = dice.pick("view", world.relations.iter().filter(|it| it.shape == Shape::View))?.clone();
    let column = dice.pick("column", view.columns.iter().filter(|it| it.of.sort != Of::Row))?;
    world.claim(format!("default of {}.{}", view.name, column.name))?;
    let value = world.value(dice, "value", &column.of, &[], false);
    world.say(format!("ALTER VIEW {} ALTER COLUMN {} SET DEFAULT {value}", view.name, column.name));
    Some(())
}
