//! Schemas, sequences, text search, publications, event triggers.

use super::{
    Item,
    world::{Named, Relation, Sequence, Shape, World},
};

pub(super) fn schema(world: &mut World, item: &Item) -> Option<()> {
    let name = item.name();
    let owner = item.dice().of("owner", &["", "", "", " AUTHORIZATION manager"]);
    world.say(format!("CREATE SCHEMA {name}{owner}"));
    world.owned(item.node.id, "SCHEMA", &name, "SCHEMA", &["USAGE", "CREATE", "ALL"]);
    world.schemas.push(Named { id: item.node.id, name });
    Some(())
}

pub(super) fn sequence(world: &mut World, item: &Item) -> Option<()> {
    let (name, dice) = (world.place(item), item.dice());
    let mut text = format!("CREATE SEQUENCE {name}");
    text += dice.of("type", &["", "", " AS integer", " AS smallint"]);
    text += dice.of("increment", &["", "", " INCREMENT BY 3", " INCREMENT BY 10"]);
    text += dice.of("least", &["", "", " MINVALUE 1 START WITH 50", " MINVALUE 10"]);
    text += dice.of("most", &["", "", " MAXVALUE 1000", " MAXVALUE 20000"]);
    text += dice.of("cache", &["", "", " CACHE 5"]);
    text += dice.of("cycle", &["", " CYCLE"]);
    world.say(text);
    world.addresses.push(super::world::Address {
        id: item.node.id,
        comment: format!("SEQUENCE {name}"),
        grant: Some((format!("SEQUENCE {name}"), &["USAGE", "SELECT", "UPDATE", "ALL"])),
        // One that belongs to a column has the owner of the table.
        can_be_owned: false,
    });
    let schema = world.schema(item);
    world.sequences.push(Sequence { id: item.node.id, schema, name });
    Some(())
}

pub(super) fn dictionary(world: &mut World, item: &Item) -> Option<()> {
    let (name, dice) = (world.place(item), item.dice());
    let own = dice.pick("template", &world.templates).filter(|_| dice.one_in("own", 2));
    let template = match own {
        Some(template) => format!("{}, Accept = {}", template.name, dice.of("accept", &["false", "true"])),
        None => dice.of("built in", &["simple, Accept = false", "simple"]).to_owned(),
    };
    world.say(format!("CREATE TEXT SEARCH DICTIONARY {name} (TEMPLATE = {template})"));
    world.owned(item.node.id, "TEXT SEARCH DICTIONARY", &name, "", &[]);
    world.dictionaries.push(Named { id: item.node.id, name });
    Some(())
}

pub(super) fn configuration(world: &mut World, item: &Item) -> Option<()> {
    let (name, dice) = (world.place(item), item.dice());
    let own = dice.pick("parser", &world.parsers).filter(|_| dice.one_in("own", 2));
    let parser = own.map_or("default", |it| it.name.as_str());
    world.say(format!("CREATE TEXT SEARCH CONFIGURATION {name} (PARSER = {parser})"));
    for part in item.parts.iter().take(2) {
        let dice = part.dice();
        let tokens = dice.of("tokens", &["asciiword", "word", "email", "int, uint"]);
        let mut dictionaries: Vec<String> = Vec::new();
        if let Some(own) = dice.pick("dictionary", &world.dictionaries).filter(|_| !dice.one_in("plain", 3)) {
            dictionaries.push(own.name.clone());
        }
        dictionaries.push("simple".to_owned());
        if world.claim(format!("{tokens} of {name}")).is_some() {
            world.say(format!(
                "ALTER TEXT SEARCH CONFIGURATION {name} ADD MAPPING FOR {tokens} WITH {}",
                dictionaries.join(", ")
            ));
        }
    }
    world.owned(item.node.id, "TEXT SEARCH CONFIGURATION", &name, "", &[]);
    world.configurations.push(Named { id: item.node.id, name });
    Some(())
}

pub(super) fn publication(world: &mut World, item: &Item) -> Option<()> {
    let (name, dice) = (item.name(), item.dice());
    let fits = |it: &&Relation| it.shape == Shape::Table && !it.is_unlogged && !it.columns.is_empty();
    let tables = dice.some("tables", 3, world.relations.iter().filter(fits));
    let shown: Vec<String> = tables.iter().map(|it| published(item, it, tables.len() == 1)).collect();
    let what = match dice.below("what", 5) {
        0 => String::new(),
        1 => " FOR ALL TABLES".to_owned(),
        2 => format!(" FOR TABLES IN SCHEMA {}", world.schema(item)),
        _ if shown.is_empty() => String::new(),
        _ => format!(" FOR TABLE {}", shown.join(", ")),
    };
    let with = dice.of("with", &["", "", " WITH (publish = 'insert')", " WITH (publish_via_partition_root = true)"]);
    world.say(format!("CREATE PUBLICATION {name}{what}{with}"));
    // Whoever owns one for all tables has to be a superuser.
    world.address(item.node.id, format!("PUBLICATION {name}"));
    world.publications.push(Named { id: item.node.id, name });
    Some(())
}

fn published(item: &Item, table: &Relation, is_alone: bool) -> String {
    let dice = item.dice();
    // Its children may be what cannot be published.
    let mut text = format!("ONLY {}", table.name);
    let columns = table.columns.iter().filter(|it| !it.is_generated);
    let chosen = dice.some(&format!("columns {}", table.id), 3, columns);
    // What parents publish, their children do too.
    if dice.one_in("columns", 4) && is_alone && !chosen.is_empty() {
        let names: Vec<&str> = chosen.iter().map(|it| it.name.as_str()).collect();
        text += &format!(" ({})", names.join(", "));
    }
    let number = table.columns.iter().find(|it| it.of.sql == "integer" && !it.is_generated);
    match number {
        Some(column) if is_alone && dice.one_in("where", 4) => {
            format!("{text} WHERE ({} > {})", column.name, dice.below("limit", 5))
        }
        _ => text,
    }
}

pub(super) fn event_trigger(world: &mut World, item: &Item) -> Option<()> {
    let (name, dice) = (item.name(), item.dice());
    let function = dice.pick("function", &world.event_functions)?.name.clone();
    let event = dice.of("event", &["ddl_command_end", "ddl_command_start", "sql_drop"]);
    let when = dice.of("tags", &["", " WHEN TAG IN ('DROP TABLE', 'DROP VIEW')"]);
    world.say(format!("CREATE EVENT TRIGGER {name} ON {event}{when} EXECUTE FUNCTION {function}()"));
    let state = dice.of("state", &["", "", "DISABLE", "ENABLE ALWAYS"]);
    if !state.is_empty() {
        world.say(format!("ALTER EVENT TRIGGER {name} {state}"));
    }
    world.address(item.node.id, format!("EVENT TRIGGER {name}"));
    Some(())
}
