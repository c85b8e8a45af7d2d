//! Types and collations.

use super::{
    Item,
    dice::Node,
    world::{Named, Of, Type, World},
};

/// `integer` comes first: it is what is simplest.
pub(super) fn built_in() -> Vec<Type> {
    let types = [
        ("integer", "1"),
        ("text", "'a'::text"),
        ("bigint", "1::bigint"),
        ("boolean", "true"),
        ("numeric(10,2)", "1.5::numeric(10,2)"),
        ("varchar(20)", "'a'::varchar(20)"),
        ("date", "'2020-01-01'::date"),
        ("timestamptz", "'2020-01-01 00:00:00+00'::timestamptz"),
        ("jsonb", "'{}'::jsonb"),
        ("uuid", "'00000000-0000-0000-0000-000000000001'::uuid"),
        ("integer[]", "'{1}'::integer[]"),
        ("text[]", "'{a}'::text[]"),
        ("int4range", "'empty'::int4range"),
        ("double precision", "1.5::double precision"),
        ("smallint", "1::smallint"),
        ("interval", "'1 day'::interval"),
        ("bytea", "'\\x00'::bytea"),
        ("char(5)", "'a'::char(5)"),
        ("inet", "'10.0.0.1'::inet"),
        ("json", "'{}'::json"),
        ("point", "'(0,0)'::point"),
    ];
    let of = |(id, (sql, literal)): (u32, (&str, &str))| Type {
        id,
        sql: sql.to_owned(),
        literal: literal.to_owned(),
        is_ordered: !matches!(sql, "json" | "point"),
        is_text: matches!(sql, "text" | "varchar(20)"),
        sort: Of::BuiltIn,
    };
    (1..).zip(types).map(of).collect()
}

pub(super) fn collation(world: &mut World, item: &Item) -> Option<()> {
    let name = world.place(item);
    let locale =
        item.dice().of("locale", &["locale = 'C'", "locale = 'POSIX'", "lc_collate = 'C', lc_ctype = 'POSIX'"]);
    world.say(format!("CREATE COLLATION {name} ({locale})"));
    world.owned(item.node.id, "COLLATION", &name, "", &[]);
    world.collations.push(Named { id: item.node.id, name });
    Some(())
}

pub(super) fn enumeration(world: &mut World, item: &Item) -> Option<()> {
    let name = world.place(item);
    let labels: Vec<String> = item.parts.iter().map(|it| format!("'{}'", it.name("").replace('"', ""))).collect();
    world.say(format!("CREATE TYPE {name} AS ENUM ({})", labels.join(", ")));
    let least = item.parts.iter().zip(&labels).min_by_key(|(part, _)| part.id).map_or("NULL", |(_, label)| label);
    add(world, item, name.clone(), format!("{least}::{name}"), true, Of::Enum);
    Some(())
}

fn add(world: &mut World, item: &Item, name: String, literal: String, is_ordered: bool, sort: Of) {
    let of = if sort == Of::Domain { "DOMAIN" } else { "TYPE" };
    world.owned(item.node.id, of, &name, of, &["USAGE"]);
    world.types.push(Type { id: item.node.id, sql: name, literal, is_ordered, is_text: false, sort });
}

pub(super) fn composite(world: &mut World, item: &Item) -> Option<()> {
    let name = world.place(item);
    let attributes: Vec<(String, Type)> = item.parts.iter().map(|part| attribute(world, part)).collect();
    let shown: Vec<String> = attributes.iter().map(|(name, of)| format!("{name} {}", of.sql)).collect();
    world.say(format!("CREATE TYPE {name} AS ({})", shown.join(", ")));
    for (attribute, part) in attributes.iter().zip(&item.parts) {
        world.address(part.id, format!("COLUMN {name}.{}", attribute.0));
    }
    // `ROW(…)::type` would stand on each attribute, of which PostgreSQL does not know: a plan that changes an attribute
    // and such a value sets the value too early.
    add(world, item, name.clone(), format!("NULL::{name}"), false, Of::Composite);
    Some(())
}

fn attribute(world: &World, part: &Node) -> (String, Type) {
    let of = world.pick_type(part.dice(), "type");
    (part.name("a"), of)
}

pub(super) fn range(world: &mut World, item: &Item) -> Option<()> {
    let name = world.place(item);
    let of = world.pick_type(item.dice(), "subtype");
    let of = if of.is_ordered && of.sort != Of::Range { of } else { world.types.first()?.clone() };
    let collation = match item.dice().pick("collation", &world.collations) {
        Some(collation) if of.is_text && item.dice().one_in("collated", 2) => {
            format!(", collation = {}", collation.name)
        }
        _ => String::new(),
    };
    // PostgreSQL names the multirange by the range otherwise; where it is renamed, its functions keep their names.
    let multirange = format!("{}.{}", world.schema(item), item.node.name("m"));
    world.say(format!(
        "CREATE TYPE {name} AS RANGE (subtype = {}{collation}, multirange_type_name = {multirange})",
        of.sql
    ));
    add(world, item, name.clone(), format!("'empty'::{name}"), true, Of::Range);
    Some(())
}

pub(super) fn domain(world: &mut World, item: &Item) -> Option<()> {
    let (name, dice) = (world.place(item), item.dice());
    // A domain takes the default of the domain it is over; said again in words, it is the same but for an entry that
    // the observer sees. So there are no defaults in a chain of domains.
    let base = world.pick_type(dice, "base");
    let base = if base.sort == Of::Domain && base.id.is_multiple_of(2) { world.types.first()?.clone() } else { base };
    let may_have_default = base.sort != Of::Domain && item.node.id.is_multiple_of(2);
    let literal = format!("({})::{name}", base.literal);
    let mut clauses = String::new();
    if base.is_text && dice.one_in("collated", 3) {
        let collation = dice.pick("collation", &world.collations)?;
        clauses = format!(" COLLATE {}", collation.name);
    }
    if may_have_default && dice.one_in("default", 2) {
        clauses += &format!(" DEFAULT {}", world.value(dice, "value", &base, &[], true));
    }
    if dice.one_in("not null", 5) && base.sort != Of::Composite {
        clauses += " NOT NULL";
    }
    world.say(format!("CREATE DOMAIN {name} AS {}{clauses}", base.sql));
    for part in item.parts.iter().filter(|it| it.dice().one_in("checked", 4)) {
        let check = part.name("dc");
        let scope = super::world::Column { id: 1, name: "VALUE".to_owned(), of: base.clone(), is_generated: false };
        let condition = world.tautology(part.dice(), &scope);
        let valid = if part.dice().one_in("not valid", 4) { " NOT VALID" } else { "" };
        world.say(format!("ALTER DOMAIN {name} ADD CONSTRAINT {check} CHECK ({condition}){valid}"));
        world.address(part.id, format!("CONSTRAINT {check} ON DOMAIN {name}"));
    }
    // The comparisons of enums and ranges do not take domains over them.
    let is_ordered = base.is_ordered && !matches!(base.sort, Of::Enum | Of::Range);
    add(world, item, name, literal, is_ordered, Of::Domain);
    Some(())
}
