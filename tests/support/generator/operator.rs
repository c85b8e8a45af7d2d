//! What stands on functions: aggregates, operators, casts.

use super::{
    Item,
    world::{Named, Of, Operator, Routine, World},
};

pub(super) fn aggregate(world: &mut World, item: &Item) -> Option<()> {
    let (name, dice) = (world.place(item), item.dice());
    let moves = |it: &&Routine| {
        let starts = it.arguments.first().is_some_and(|first| first.sql == it.result.sql && first.sort != Of::Row);
        starts && it.arguments.len() == 2 && !it.is_set && !it.is_strict
    };
    let found = dice.pick("function", world.routines.iter().filter(moves)).filter(|_| !dice.one_in("built in", 4));
    let (function, state, taken, start) = match found {
        Some(it) => {
            let taken = it.arguments.last()?.sql.clone();
            (it.name.clone(), it.result.sql.clone(), taken, String::new())
        }
        None => {
            let start = format!(", INITCOND = '{}'", dice.below("start", 3));
            ("pg_catalog.int4pl".to_owned(), "integer".to_owned(), "integer".to_owned(), start)
        }
    };
    let finishes =
        |it: &&Routine| matches!(it.arguments.as_slice(), [only] if only.sql == state) && !it.is_set && !it.is_strict;
    let last = match dice.pick("final", world.routines.iter().filter(finishes)) {
        Some(it) if dice.one_in("finished", 2) => format!(", FINALFUNC = {}", it.name),
        _ => String::new(),
    };
    let parallel = dice.of("parallel", &["", ", PARALLEL = SAFE"]);
    world.say(format!("CREATE AGGREGATE {name}({taken}) (SFUNC = {function}, STYPE = {state}{last}{start}{parallel})"));
    world.owned(item.node.id, "AGGREGATE", &format!("{name}({taken})"), "FUNCTION", &["EXECUTE"]);
    Some(())
}

pub(super) fn operator(world: &mut World, item: &Item) -> Option<()> {
    let dice = item.dice();
    let fits =
        |it: &&Routine| it.arguments.len() == 2 && !it.is_set && it.arguments.iter().all(|of| of.sort != Of::Row);
    let function = dice.pick("function", world.routines.iter().filter(fits))?.clone();
    let (left, right) = (function.arguments.first()?.clone(), function.arguments.last()?.clone());
    let schema = world.schema(item);
    let signs: String = item
        .node
        .id
        .to_string()
        .bytes()
        .filter_map(|it| b"#%&|@^!<>~".get(usize::from(it - b'0')))
        .map(|it| char::from(*it))
        .collect();
    let name = format!("{schema}.@{signs}@");
    let estimate = if function.result.sql == "boolean" {
        dice.of("estimate", &["", ", RESTRICT = eqsel, JOIN = eqjoinsel"])
    } else {
        ""
    };
    world.say(format!(
        "CREATE OPERATOR {name} (FUNCTION = {}, LEFTARG = {}, RIGHTARG = {}{estimate})",
        function.name, left.sql, right.sql
    ));
    world.owned(item.node.id, "OPERATOR", &format!("{name} ({}, {})", left.sql, right.sql), "", &[]);
    let name = format!("OPERATOR({name})");
    let (result, is_immutable) = (function.result, function.is_immutable);
    world.operators.push(Operator { id: item.node.id, name, left, right, result, is_immutable });
    Some(())
}

pub(super) fn family(world: &mut World, item: &Item) -> Option<()> {
    let name = world.place(item);
    world.say(format!("CREATE OPERATOR FAMILY {name} USING btree"));
    if item.dice().one_in("items", 2) {
        world.say(format!(
            "ALTER OPERATOR FAMILY {name} USING btree ADD OPERATOR 1 < (integer, bigint), OPERATOR 3 = (integer, bigint)"
        ));
    }
    world.owned(item.node.id, "OPERATOR FAMILY", &format!("{name} USING btree"), "", &[]);
    world.families.push(Named { id: item.node.id, name });
    Some(())
}

pub(super) fn class(world: &mut World, item: &Item) -> Option<()> {
    let (name, dice) = (world.place(item), item.dice());
    let family = match dice.pick("family", &world.families).cloned() {
        Some(family) if dice.one_in("in family", 2) => {
            world.claim(format!("integer in {}", family.name))?;
            format!(" FAMILY {}", family.name)
        }
        _ => String::new(),
    };
    let (less, more) = if dice.one_in("backwards", 2) {
        ("> , OPERATOR 2 >=", "<= , OPERATOR 5 <")
    } else {
        ("< , OPERATOR 2 <=", ">= , OPERATOR 5 >")
    };
    world.say(format!(
        "CREATE OPERATOR CLASS {name} FOR TYPE integer USING btree{family} AS OPERATOR 1 {less}, OPERATOR 3 =, \
         OPERATOR 4 {more}, FUNCTION 1 btint4cmp(integer, integer)"
    ));
    world.owned(item.node.id, "OPERATOR CLASS", &format!("{name} USING btree"), "", &[]);
    world.classes.push(Named { id: item.node.id, name });
    Some(())
}

/// Only casts that are asked for: others would change what expressions mean.
pub(super) fn cast(world: &mut World, item: &Item) -> Option<()> {
    let dice = item.dice();
    let fits = |it: &&Routine| {
        let Some(first) = it.arguments.first().filter(|_| it.arguments.len() == 1 && !it.is_set) else { return false };
        // There are casts among the others already.
        let own = |of: Of| matches!(of, Of::Enum | Of::Composite);
        first.sql != it.result.sql
            && first.sort != Of::Row
            && first.sort != Of::Domain
            && it.result.sort != Of::Domain
            && (own(first.sort) || own(it.result.sort))
    };
    let function = dice.pick("function", world.routines.iter().filter(fits))?.clone();
    let (from, to) = (function.arguments.first()?.sql.clone(), function.result.sql.clone());
    let bare = |name: &str| name.split('(').next().unwrap_or_default().to_owned();
    world.claim(format!("cast from {} to {}", bare(&from), bare(&to)))?;
    let how = dice.of("how", &["", " AS ASSIGNMENT"]);
    world.say(format!("CREATE CAST ({from} AS {to}) WITH FUNCTION {}{how}", function.signature()));
    world.address(item.node.id, format!("CAST ({from} AS {to})"));
    Some(())
}
