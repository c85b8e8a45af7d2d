//! What any object may have: comments, owners, privileges.

use super::{
    Item,
    world::{Address, World},
};

const ROLES: &[&str] = &["reader", "writer", "PUBLIC", "manager"];

pub(super) fn comment(world: &mut World, item: &Item) -> Option<()> {
    let dice = item.dice();
    let on = dice.pick("on", &world.addresses)?.comment.clone();
    world.claim(format!("comment on {on}"))?;
    let text = dice.of("text", &["one", "two", "it''s", "of\ntwo lines", "ünïcode"]);
    world.say(format!("COMMENT ON {on} IS '{text}'"));
    Some(())
}

pub(super) fn owner(world: &mut World, item: &Item) -> Option<()> {
    let dice = item.dice();
    let of = dice.pick("of", world.addresses.iter().filter(|it| it.can_be_owned))?.comment.clone();
    let name = of.split_once(' ').map_or(of.as_str(), |(_, name)| name).to_owned();
    world.claim(format!("role of {name}"))?;
    world.say(format!("ALTER {of} OWNER TO {}", dice.of("to", &["manager", "writer"])));
    Some(())
}

pub(super) fn grant(world: &mut World, item: &Item) -> Option<()> {
    let dice = item.dice();
    let grantable = |it: &&Address| it.grant.is_some();
    let address = dice.pick("on", world.addresses.iter().filter(grantable))?;
    let (on, privileges) = address.grant.clone()?;
    let privilege = dice.of("privilege", privileges);
    let role = dice.of("role", ROLES);
    if dice.one_in("revoke", 5) {
        world.say(format!("REVOKE {privilege} ON {on} FROM PUBLIC"));
        return Some(());
    }
    let option = if role != "PUBLIC" && dice.one_in("option", 5) { " WITH GRANT OPTION" } else { "" };
    let relation = world.relations.iter().find(|it| on == format!("TABLE {}", it.name));
    let column = relation.and_then(|it| dice.pick("column", &it.columns));
    let can_be_of_column = matches!(privilege, "SELECT" | "INSERT" | "UPDATE" | "REFERENCES");
    let of = match column {
        Some(column) if can_be_of_column && dice.one_in("of column", 3) => format!(" ({})", column.name),
        _ => String::new(),
    };
    world.say(format!("GRANT {privilege}{of} ON {on} TO {role}{option}"));
    Some(())
}

pub(super) fn default_grant(world: &mut World, item: &Item) -> Option<()> {
    let dice = item.dice();
    let role = dice.of("of", &["", " FOR ROLE manager"]);
    let within =
        if dice.one_in("everywhere", 3) { String::new() } else { format!(" IN SCHEMA {}", world.schema(item)) };
    // Not on types: what a multirange gets so, no GRANT gives it, since it goes by the privileges of its range.
    let all = ["SELECT ON TABLES", "USAGE ON SEQUENCES", "EXECUTE ON FUNCTIONS", "ALL ON TABLES"];
    let what = dice.of("what", &all);
    world.say(format!(
        "ALTER DEFAULT PRIVILEGES{role}{within} GRANT {what} TO {}",
        dice.of("to", &["reader", "writer"])
    ));
    Some(())
}
