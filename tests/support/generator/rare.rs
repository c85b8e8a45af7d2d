//! What few schemas have.

use super::{
    Item,
    world::{Named, Of, Type, World},
};

pub(super) fn shell_type(world: &mut World, item: &Item) -> Option<()> {
    let name = world.place(item);
    world.say(format!("CREATE TYPE {name}"));
    Some(())
}

pub(super) fn base_type(world: &mut World, item: &Item) -> Option<()> {
    let (name, dice) = (world.place(item), item.dice());
    let schema = world.schema(item);
    let (input, output) = (format!("{schema}.{}", item.node.name("in")), format!("{schema}.{}", item.node.name("out")));
    let storage = dice.of("storage", &["", ", STORAGE = extended", ", STORAGE = main"]);
    world.say(format!("CREATE TYPE {name}"));
    world
        .say(format!("CREATE FUNCTION {input}(cstring) RETURNS {name} LANGUAGE internal IMMUTABLE STRICT AS 'textin'"));
    world.say(format!(
        "CREATE FUNCTION {output}({name}) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'textout'"
    ));
    world.say(format!("CREATE TYPE {name} (INPUT = {input}, OUTPUT = {output}, INTERNALLENGTH = VARIABLE{storage})"));
    world.owned(item.node.id, "TYPE", &name, "TYPE", &["USAGE"]);
    let literal = format!("'a'::{name}");
    let sort = Of::Base;
    world.types.push(Type { id: item.node.id, sql: name, literal, is_ordered: false, is_text: false, sort });
    Some(())
}

pub(super) fn language(world: &mut World, item: &Item) -> Option<()> {
    let (name, dice) = (item.name(), item.dice());
    let handler = format!("{}.{}", world.schema(item), item.node.name("lh"));
    world.say(format!(
        "CREATE FUNCTION {handler}() RETURNS language_handler LANGUAGE c AS '$libdir/plpgsql', 'plpgsql_call_handler'"
    ));
    let trusted = dice.of("trusted", &["", "TRUSTED "]);
    world.say(format!("CREATE {trusted}LANGUAGE {name} HANDLER {handler}"));
    world.address(item.node.id, format!("LANGUAGE {name}"));
    world.languages.push(Named { id: item.node.id, name });
    Some(())
}

pub(super) fn access_method(world: &mut World, item: &Item) -> Option<()> {
    let name = item.name();
    world.say(format!("CREATE ACCESS METHOD {name} TYPE TABLE HANDLER heap_tableam_handler"));
    world.address(item.node.id, format!("ACCESS METHOD {name}"));
    world.access_methods.push(Named { id: item.node.id, name });
    Some(())
}

pub(super) fn transform(world: &mut World, item: &Item) -> Option<()> {
    let dice = item.dice();
    let of =
        dice.pick("type", world.types.iter().filter(|it| matches!(it.sort, Of::Enum | Of::Composite)))?.sql.clone();
    let language = dice.pick("language", &world.languages).map_or_else(|| "plpgsql".to_owned(), |it| it.name.clone());
    world.claim(format!("transform of {of} for {language}"))?;
    let schema = world.schema(item);
    let (from, to) = (format!("{schema}.{}", item.node.name("tf")), format!("{schema}.{}", item.node.name("tt")));
    world.say(format!("CREATE FUNCTION {from}(internal) RETURNS internal LANGUAGE internal IMMUTABLE AS 'now'"));
    world.say(format!("CREATE FUNCTION {to}(internal) RETURNS {of} LANGUAGE internal IMMUTABLE AS 'now'"));
    world.say(format!(
        "CREATE TRANSFORM FOR {of} LANGUAGE {language} (FROM SQL WITH FUNCTION {from}(internal), \
         TO SQL WITH FUNCTION {to}(internal))"
    ));
    Some(())
}

pub(super) fn parser(world: &mut World, item: &Item) -> Option<()> {
    let name = world.place(item);
    let headline = item.dice().of("headline", &["", ", HEADLINE = prsd_headline"]);
    world.say(format!(
        "CREATE TEXT SEARCH PARSER {name} (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, \
         LEXTYPES = prsd_lextype{headline})"
    ));
    world.address(item.node.id, format!("TEXT SEARCH PARSER {name}"));
    world.parsers.push(Named { id: item.node.id, name });
    Some(())
}

pub(super) fn template(world: &mut World, item: &Item) -> Option<()> {
    let name = world.place(item);
    world.say(format!("CREATE TEXT SEARCH TEMPLATE {name} (INIT = dsimple_init, LEXIZE = dsimple_lexize)"));
    world.address(item.node.id, format!("TEXT SEARCH TEMPLATE {name}"));
    world.templates.push(Named { id: item.node.id, name });
    Some(())
}
