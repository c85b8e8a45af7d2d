//! Views and what they select.

use super::{
    Item,
    dice::Dice,
    relation::TABLE_PRIVILEGES,
    world::{Column, Of, Relation, Routine, Shape, Type, World},
};

struct Query {
    sql: String,
    columns: Vec<Column>,
    is_unreadable: bool,
    /// Whether PostgreSQL can write through it.
    is_simple: bool,
}

pub(super) fn view(world: &mut World, item: &Item) -> Option<()> {
    let (name, dice) = (world.place(item), item.dice());
    let query = query(world, item, true)?;
    let options =
        dice.of("options", &["", "", "", " WITH (security_barrier = true)", " WITH (security_invoker = true)"]);
    let check = match dice.below("check", 5) {
        1 if query.is_simple => " WITH LOCAL CHECK OPTION",
        2 if query.is_simple => " WITH CASCADED CHECK OPTION",
        _ => "",
    };
    world.say(format!("CREATE VIEW {name}{options} AS {}{check}", query.sql));
    remember(world, item, "VIEW", &name, Shape::View, query);
    Some(())
}

pub(super) fn materialized_view(world: &mut World, item: &Item) -> Option<()> {
    let (name, dice) = (world.place(item), item.dice());
    let mut query = query(world, item, false)?;
    let options = dice.of("options", &["", "", "", " WITH (fillfactor = 60)"]);
    let is_empty = dice.one_in("empty", 5);
    let empty = if is_empty { " WITH NO DATA" } else { "" };
    query.is_unreadable = is_empty;
    world.say(format!("CREATE MATERIALIZED VIEW {name}{options} AS {}{empty}", query.sql));
    remember(world, item, "MATERIALIZED VIEW", &name, Shape::MaterializedView, query);
    Some(())
}

fn remember(world: &mut World, item: &Item, of: &str, name: &str, shape: Shape, query: Query) {
    world.owned(item.node.id, of, name, "TABLE", TABLE_PRIVILEGES);
    for column in &query.columns {
        world.address(column.id, format!("COLUMN {name}.{}", column.name));
    }
    let relation = Relation {
        id: item.node.id,
        schema: world.schema(item),
        name: name.to_owned(),
        shape,
        columns: query.columns,
        is_unlogged: false,
        is_bound: false,
        is_unreadable: query.is_unreadable,
        partition_key: Vec::new(),
        strategy: "",
    };
    world.relations.push(relation);
}

fn query(world: &World, item: &Item, may_be_unreadable: bool) -> Option<Query> {
    let dice = item.dice();
    let readable: Vec<&Relation> = world
        .relations
        .iter()
        .filter(|it| !it.columns.is_empty() && (may_be_unreadable || !it.is_unreadable))
        .collect();
    let first = dice.pick("from", readable.iter().copied());
    let second = dice.pick("join", readable.iter().copied()).filter(|_| dice.one_in("joined", 3));
    let mut scope = first.map(|it| it.scope("a")).unwrap_or_default();
    let mut from = first.map_or_else(String::new, |it| format!(" FROM {} a", it.name));
    if let Some(second) = second {
        scope.extend(second.scope("b"));
        let on = world.condition(dice, "on", &scope, false);
        // A full join takes few conditions.
        let way = dice.of("way", &["LEFT", "INNER", "RIGHT"]);
        from += &format!(" {way} JOIN {} b ON {on}", second.name);
    } else if let Some(rows) = rows(world, dice, first.is_some()) {
        scope.push(rows.0);
        from += &rows.1;
    }
    let key = first.filter(|_| second.is_none() && dice.one_in("by key", 6)).and_then(|it| world.primary_key(it));
    if let (Some(key), Some(first)) = (key, first) {
        return Some(by_key(item, first, &key.columns));
    }
    let (texts, columns): (Vec<String>, Vec<Column>) =
        item.parts.iter().map(|part| output(world, part.dice(), &part.name("v"), part.id, &scope)).unzip();
    let mut sql = format!("SELECT {}{from}", texts.join(", "));
    if dice.one_in("where", 3) && first.is_some() {
        sql += &format!(" WHERE {}", world.condition(dice, "condition", &scope, false));
    }
    let has_rest = match dice.below("rest", 9) {
        1 => {
            sql += " LIMIT 10";
            true
        }
        2 => {
            let same: Vec<String> = columns.iter().map(|it| it.of.literal.clone()).collect();
            sql += &format!(" UNION ALL SELECT {}", same.join(", "));
            true
        }
        3 => {
            sql = format!("WITH w AS ({sql}) SELECT w.* FROM w");
            true
        }
        _ => false,
    };
    let is_simple = !has_rest
        && second.is_none()
        && scope.iter().all(|it| it.name.starts_with("a."))
        && first.is_some_and(|it| it.shape == Shape::Table)
        && texts.iter().any(|it| it.starts_with("a.") && it.matches(' ').count() == 2);
    let is_unreadable = [first, second].into_iter().flatten().any(|it| it.is_unreadable);
    Some(Query { sql, columns, is_unreadable, is_simple })
}

/// A function that returns rows, as a table.
fn rows(world: &World, dice: Dice<'_>, is_second: bool) -> Option<(Column, String)> {
    // The rows of a composite type are its attributes.
    let sets = world.routines.iter().filter(|it| it.is_set && it.result.sort != Of::Composite);
    let found: &Routine = dice.pick("rows", sets).filter(|_| dice.one_in("from rows", 3))?;
    let arguments: Vec<String> = found.arguments.iter().map(|it| it.literal.clone()).collect();
    let column = Column { id: found.id, name: "r.x".to_owned(), of: found.result.clone(), is_generated: false };
    let start = if is_second { " CROSS JOIN " } else { " FROM " };
    Some((column, format!("{start}{}({}) AS r(x)", found.name, arguments.join(", "))))
}

/// Stands on the primary key, since the other columns are not grouped by.
fn by_key(item: &Item, first: &Relation, key: &[Column]) -> Query {
    let keys: Vec<String> = key.iter().map(|it| format!("a.{}", it.name)).collect();
    let chosen = item.dice().some("columns", 3, first.columns.iter());
    let texts: Vec<String> = chosen.iter().map(|it| format!("a.{}", it.name)).collect();
    let sql = format!("SELECT {}, count(*) AS n FROM {} a GROUP BY {}", texts.join(", "), first.name, keys.join(", "));
    let columns = chosen.into_iter().cloned().collect();
    Query { sql, columns, is_unreadable: first.is_unreadable, is_simple: false }
}

fn output(world: &World, dice: Dice<'_>, name: &str, id: u32, scope: &[Column]) -> (String, Column) {
    let column = dice.pick("column", scope);
    let (text, of): (String, Type) = match (column, dice.below("output", 5)) {
        (Some(column), 0 | 1) => (column.name.clone(), column.of.clone()),
        (Some(column), 2) => (world.value(dice, "value", &column.of, scope, false), column.of.clone()),
        _ => {
            let of = world.pick_type(dice, "type");
            (world.value(dice, "value", &of, scope, false), of)
        }
    };
    debug_assert!(of.sort != Of::Row, "rows are no columns");
    (format!("{text} AS {name}"), Column { id, name: name.to_owned(), of, is_generated: false })
}
