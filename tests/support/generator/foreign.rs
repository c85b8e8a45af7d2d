//! Foreign data. The wrappers have no handlers: nothing is ever read.

use super::{
    Item,
    relation::TABLE_PRIVILEGES,
    world::{Column, Named, Relation, Shape, World},
};

fn options(item: &Item) -> String {
    let chosen = item.parts.iter().filter(|it| it.dice().one_in("option", 3));
    let names: Vec<String> = chosen.map(|it| format!("o{} '{}'", it.id, it.dice().below("value", 5))).collect();
    if names.is_empty() { String::new() } else { format!(" OPTIONS ({})", names.join(", ")) }
}

pub(super) fn wrapper(world: &mut World, item: &Item) -> Option<()> {
    let name = item.name();
    world.say(format!("CREATE FOREIGN DATA WRAPPER {name}{}", options(item)));
    let grant = Some((format!("FOREIGN DATA WRAPPER {name}"), &["USAGE"] as &'static [&'static str]));
    // Only a superuser can own one.
    let comment = format!("FOREIGN DATA WRAPPER {name}");
    world.addresses.push(super::world::Address { id: item.node.id, comment, grant, can_be_owned: false });
    world.wrappers.push(Named { id: item.node.id, name });
    Some(())
}

pub(super) fn server(world: &mut World, item: &Item) -> Option<()> {
    let (name, dice) = (item.name(), item.dice());
    let wrapper = dice.pick("wrapper", &world.wrappers)?.name.clone();
    let version = dice.of("version", &["", " VERSION '1'", " VERSION '2'"]);
    let of = dice.of("type", &["", " TYPE 'oracle'"]);
    world.say(format!("CREATE SERVER {name}{of}{version} FOREIGN DATA WRAPPER {wrapper}{}", options(item)));
    world.owned(item.node.id, "SERVER", &name, "FOREIGN SERVER", &["USAGE"]);
    world.servers.push(Named { id: item.node.id, name });
    Some(())
}

pub(super) fn user_mapping(world: &mut World, item: &Item) -> Option<()> {
    let dice = item.dice();
    let server = dice.pick("server", &world.servers)?.name.clone();
    let user = dice.of("user", &["PUBLIC", "reader", "writer"]);
    world.claim(format!("{user} at {server}"))?;
    world.say(format!("CREATE USER MAPPING FOR {user} SERVER {server}{}", options(item)));
    Some(())
}

pub(super) fn table(world: &mut World, item: &Item) -> Option<()> {
    let (name, dice) = (world.place(item), item.dice());
    let server = dice.pick("server", &world.servers)?.name.clone();
    let mut columns = Vec::new();
    let mut texts = Vec::new();
    for part in &item.parts {
        let (name, dice) = (part.name("c"), part.dice());
        let of = world.pick_type(dice, "type");
        let mut text = format!("{name} {}", of.sql);
        if dice.one_in("option", 4) {
            text += &format!(" OPTIONS (column_name 'x{}')", dice.below("value", 3));
        }
        if dice.one_in("default", 4) {
            text += &format!(" DEFAULT {}", world.value(dice, "default value", &of, &[], false));
        }
        if dice.one_in("not null", 4) {
            text += " NOT NULL";
        }
        texts.push(text);
        columns.push(Column { id: part.id, name, of, is_generated: false });
    }
    world.say(format!("CREATE FOREIGN TABLE {name} ({}) SERVER {server}{}", texts.join(", "), options(item)));
    world.owned(item.node.id, "FOREIGN TABLE", &name, "TABLE", TABLE_PRIVILEGES);
    let relation = Relation {
        id: item.node.id,
        schema: world.schema(item),
        name,
        shape: Shape::Foreign,
        columns,
        is_unlogged: false,
        is_bound: false,
        is_unreadable: true,
        partition_key: Vec::new(),
        strategy: "",
    };
    world.relations.push(relation);
    Some(())
}
