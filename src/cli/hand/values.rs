//! Values of an enum that come, and those that go: the type is made anew then, and every column of it takes the new one.

use std::collections::BTreeSet;

use crate::{
    catalog::Entry,
    cli::hand::{
        Hand, column, name,
        order::Places,
        piece::{Piece, Rank, Sentence},
    },
    kinds::Object,
    model::{Kind, Literal, ObjectId},
    sources::prisma::{
        database::{Default as Initial, Enum},
        sql::{qualified, quoted},
    },
};

/// What Prisma says of several values at once.
const SEVERAL: &str = "\
-- This migration adds more than one value to an enum.
-- With PostgreSQL versions 11 and earlier, this is not possible
-- in a single migration. This can be worked around by creating
-- multiple migrations, each migration adding only one value to
-- the enum.


";

pub(super) fn piece(
    hand: &Hand<'_>,
    (id, declared): (&ObjectId, &Enum),
    (before, after): (&[String], &[String]),
    places: &Places,
) -> Option<Piece> {
    let place = [places.before(id), places.after(id), 0];
    let new: Vec<&str> = declared
        .values
        .iter()
        .map(|(value, _)| value.as_str())
        .filter(|it| !before.iter().any(|old| old == it))
        .collect();
    if before.iter().all(|it| after.contains(it)) {
        let add = |value: &&str| format!("ALTER TYPE {} ADD VALUE {}", declared.qualified(), Literal(value));
        let mut sentences: Vec<Sentence> = new.iter().map(add).map(Sentence::from).collect();
        if 1 < sentences.len() {
            sentences.first_mut()?.before = SEVERAL.to_owned();
        }
        return Some(Piece::of(Rank::AlterEnum, place, sentences, BTreeSet::from([id.clone()])));
    }
    anew(hand, (id, declared), places, place)
}

fn anew(hand: &Hand<'_>, (id, declared): (&ObjectId, &Enum), places: &Places, place: [usize; 3]) -> Option<Piece> {
    let (from, to) = (hand.catalogs.from, hand.catalogs.to);
    let schema = declared.schema.as_deref();
    let other = |suffix: &str| format!("{}{suffix}", declared.name);
    let new = qualified(schema, &other("_new"));
    let is_user = |(it, entry): &(&ObjectId, &Entry)| it.kind == Kind::Column && entry.needs.contains(id);
    let mut users: Vec<&ObjectId> = from.iter().filter(is_user).map(|(it, _)| it).collect();
    // Defaults go by the names of the columns.
    users.sort_by_key(|it| (it.parent().map(|table| places.before(table)), it.name.raw()));
    let default = |column: &ObjectId| column.child(Kind::Default, "");
    let (mut sentences, mut takes) = (Vec::new(), BTreeSet::from([id.clone()]));
    let alter = |column: &ObjectId, what: &str| {
        let table = column.parent().map(name).unwrap_or_default();
        format!("ALTER TABLE {table} ALTER COLUMN {} {what}", quoted(column.name.raw()))
    };
    sentences.push(declared.create_as(&other("_new")));
    sentences.extend(users.iter().filter(|it| from.contains(&default(it))).map(|it| alter(it, "DROP DEFAULT")));
    let staying: Vec<&ObjectId> =
        users.iter().copied().filter(|it| to.entry(it).is_some_and(|at| at.needs.contains(id))).collect();
    let mut by_next = staying.clone();
    by_next.sort_by_key(|it| (it.parent().map(|table| places.after(table)), places.part_before(it)));
    for column in &by_next {
        let is_list = matches!(from.get(column), Some(Object::Column(it)) if it.data_type.ends_with("[]"));
        let list = if is_list { "[]" } else { "" };
        let quoted = quoted(column.name.raw());
        sentences.push(alter(column, &format!("TYPE {new}{list} USING ({quoted}::text::{new}{list})")));
    }
    let main = sentences.len().saturating_sub(1);
    let (old, own) = (other("_old"), declared.qualified());
    sentences.push(format!("ALTER TYPE {own} RENAME TO {}", quoted(&old)));
    sentences.push(format!("ALTER TYPE {new} RENAME TO {}", quoted(&declared.name)));
    // Read from a database, the old type has its schema.
    let dropped = match (hand.before, id.parent()) {
        (None, Some(schema)) => format!("{}.{}", quoted(schema.name.raw()), quoted(&old)),
        _ => qualified(schema, &old),
    };
    sentences.push(format!("DROP TYPE {dropped}"));
    for of in &staying {
        takes.insert((*of).clone());
        takes.insert(default(of));
        let declared = of.parent().and_then(|table| column(hand.declared(table)?, of));
        if let Some(Initial::Sql(sql)) = declared.map(|it| &it.default)
            && from.contains(&default(of))
        {
            sentences.push(alter(of, &format!("SET DEFAULT {sql}")));
        }
    }
    let mut sentences: Vec<Sentence> = sentences.into_iter().map(Sentence::from).collect();
    sentences.first_mut()?.before = "BEGIN;\n".to_owned();
    sentences.last_mut()?.after = "COMMIT;\n".to_owned();
    Some(Piece { main, ..Piece::of(Rank::AlterEnum, place, sentences, takes) })
}
