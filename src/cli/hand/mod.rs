//! `--style prisma`: the plan in the hand of `prisma migrate`, so that a team sees no change of hand.
//!
//! Prisma has an order of its own for what it does, and a text for each. A plan is written so where all that it changes can be,
//! and where PostgreSQL, asked before, comes to the same state that way. Otherwise its statements stand as they are, under
//! Prisma's headings.

#![allow(clippy::wildcard_enum_match_arm, reason = "of all kinds, Prisma's language knows a few")]

mod order;
mod piece;
mod renamed;
mod table;
mod values;

use std::collections::{BTreeMap, BTreeSet};

use clap::ValueEnum;
use serde::Deserialize;

use crate::{
    catalog::Catalog,
    cli::hand::{
        order::Places,
        piece::{Piece, Rank},
        table::Altered,
    },
    ddl::{Target, When},
    diagnostic::Diagnostic,
    diff::Change,
    kinds::Object,
    model::{Ident, Kind, ObjectId, Pair},
    plan::{Plan, Step},
    rehearse::{View, lead_on},
    shadow::Shadow,
    sources::prisma::{
        database::{Column, Database, Enum, ForeignKey, Index, Table},
        sql::{DEFAULT_SCHEMA, qualified, quoted},
    },
};

/// What a plan is written from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hand<'a> {
    /// The objects of FROM have the names that they have in TO.
    pub catalogs: Pair<&'a Catalog>,
    /// What a Prisma schema says of FROM, where it is one.
    pub before: Option<&'a Database>,
    pub after: &'a Database,
    /// Whether FROM is nothing at all, which Prisma takes for a database without a default schema.
    pub from_nothing: bool,
}

/// What the pieces are made of.
#[derive(Default)]
struct Draft<'a> {
    pieces: Vec<Piece>,
    /// What changes in tables that stay.
    tables: BTreeMap<ObjectId, Altered<'a>>,
    /// Columns that have another type from now on.
    retyped: BTreeSet<ObjectId>,
}

/// How the plan is to be written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Manner {
    /// As Trueup does: with comments that say what is done, and what its reader must know
    #[default]
    Plain,
    /// As `prisma migrate` does, where TO is a Prisma schema
    Prisma,
}

/// The plan as Prisma would write it; the same plan under Prisma's headings, where it would not come to TO.
///
/// # Errors
/// Diagnostics where FROM, as it was before it got its new names, cannot be made in the shadow.
pub(super) fn written(
    plan: Plan,
    hand: Option<&Hand<'_>>,
    sides: Pair<&Catalog>,
    (shadow, view): (&dyn Shadow, &View<'_>),
    target: Target,
) -> Result<Plan, Vec<Diagnostic>> {
    for arranged in hand.map(|it| it.arrangements(&plan)).unwrap_or_default() {
        if arranged.steps.is_empty() {
            return Ok(arranged);
        }
        if let Some(rest) = lead_on(shadow, sides, &arranged.steps, target, view)? {
            let steps = arranged.steps.iter().cloned().chain(rest.into_iter().map(piece::framed)).collect();
            return Ok(Plan { steps, ..arranged });
        }
    }
    Ok(plan)
}

/// Puts the steps that have none yet under headings.
pub(super) fn under_headings(plan: &mut Plan) {
    for step in plan.steps.iter_mut().filter(|it| it.frame.is_none()) {
        *step = piece::framed(step.clone());
    }
}

impl<'a> Hand<'a> {
    /// The same plan as Prisma would write it, in one or two arrangements with what it has no words for; none where it could not.
    fn arrangements(&self, plan: &Plan) -> Vec<Plan> {
        let is_plain = |step: &Step| step.when != When::OutsideTransaction && step.leaves.is_empty();
        if !plan.steps.iter().all(is_plain) || !plan.to_come.is_empty() {
            return Vec::new();
        }
        let Some(pieces) = self.pieces(plan) else { return Vec::new() };
        piece::arrange(plan, pieces)
    }

    fn pieces(&self, plan: &Plan) -> Option<Vec<Piece>> {
        let places = Places::of(self);
        let mut draft = Draft::default();
        for (step, id) in plan.steps[..plan.carried_out].iter().zip(0..) {
            draft.pieces.push(renamed::piece(step, id, plan, &places));
        }
        if self.from_nothing {
            let sql = format!("CREATE SCHEMA IF NOT EXISTS {}", quoted(DEFAULT_SCHEMA));
            draft.pieces.push(Piece::new(Rank::CreateSchema, [0; 3], sql, []));
        }
        for change in &plan.changes {
            match change {
                Change::Add(id) => self.added(id, &places, &mut draft)?,
                Change::Remove(id) => self.removed(id, &places, &mut draft)?,
                Change::Alter(id, attributes) => self.altered((id, attributes), &places, &mut draft)?,
            }
        }
        self.keys_of_retyped(plan, &places, &mut draft)?;
        let Draft { mut pieces, tables, .. } = draft;
        let late = self.late_indexes(&pieces, &tables);
        for (id, altered) in tables {
            pieces.extend(altered.piece(self.declared(&id), &id, &places)?);
        }
        pieces.sort_by_key(|piece| (piece.rank, piece.place));
        for (index, table) in late {
            let of = |rank: Rank, id: &ObjectId| pieces.iter().position(|it| it.rank == rank && it.takes.contains(id));
            if let (Some(drop), Some(alter)) = (of(Rank::DropIndex, &index), of(Rank::AlterTable, &table)) {
                pieces[drop..=alter].rotate_left(1);
            }
        }
        Some(pieces)
    }

    /// Unique indexes that tell rows apart until their columns are the first primary key of the table, with that.
    fn late_indexes(&self, pieces: &[Piece], tables: &BTreeMap<ObjectId, Altered<'_>>) -> Vec<(ObjectId, ObjectId)> {
        let dropped = pieces.iter().filter(|it| it.rank == Rank::DropIndex).flat_map(|it| &it.takes);
        let late = |index: &ObjectId| {
            let table = index.parent()?;
            let key = tables.get(table).filter(|it| it.drop_key.is_none())?.add_key?;
            let Some(Object::Index(it)) = self.catalogs.from.get(index) else { return None };
            let columns = key.columns.iter().map(|column| Ident::new(column).to_string());
            columns.eq(it.unique_in.iter().cloned()).then(|| (index.clone(), table.clone()))
        };
        dropped.filter_map(late).collect()
    }

    /// Keys that stay, and whose columns have other types: Prisma makes them anew.
    fn keys_of_retyped(&self, plan: &Plan, places: &Places, draft: &mut Draft<'a>) -> Option<()> {
        let changed: BTreeSet<&ObjectId> = plan.changes.iter().map(Change::id).collect();
        let stays = |id: &ObjectId| !changed.contains(id) && self.catalogs.to.contains(id);
        for (id, entry) in self.catalogs.from.iter() {
            let is_key = matches!(id.kind, Kind::ForeignKey | Kind::PrimaryKey) && stays(id);
            let is_own = |column: &&ObjectId| column.parent() == id.parent() && draft.retyped.contains(*column);
            if is_key && entry.needs.iter().any(|it| is_own(&it)) {
                self.removed(id, places, draft)?;
                self.added(id, places, draft)?;
            }
        }
        Some(())
    }

    fn added(&self, id: &ObjectId, places: &Places, draft: &mut Draft<'a>) -> Option<()> {
        let table = id.upwards().find(|it| it.kind == Kind::Table);
        let is_new = table.is_some_and(|it| !self.catalogs.from.contains(it));
        match (id.kind, table) {
            (Kind::Schema, _) => {
                let sql = format!("CREATE SCHEMA IF NOT EXISTS {}", quoted(id.name.raw()));
                let place = self.after.schemas.iter().position(|(name, _)| name == id.name.raw())?;
                draft.pieces.push(Piece::new(Rank::CreateSchema, [place + 1, 0, 0], sql, [id.clone()]));
            }
            (Kind::Extension, _) => {
                let declared = self.after.extensions.iter().enumerate().find(|(_, it)| it.name == id.name.raw());
                draft.pieces.extend(
                    declared.map(|(at, it)| Piece::new(Rank::CreateExtension, [at, 0, 0], it.create(), [id.clone()])),
                );
            }
            (Kind::Enum, _) => {
                let place = [places.after(id), 0, 0];
                draft.pieces.extend(
                    self.declared_enum(id)
                        .map(|it| Piece::new(Rank::CreateEnum, place, it.create_as(&it.name), [id.clone()])),
                );
            }
            (_, Some(table)) => {
                if let Some(declared) = self.declared(table) {
                    self.added_to(declared, (id, table, is_new), places, draft)?;
                }
            }
            (Kind::Sequence | Kind::SequenceOwner, None) => {
                let sequence = id.upwards().find(|it| it.kind == Kind::Sequence)?;
                let column = self.counts_for(self.catalogs.to, sequence);
                match column.filter(|it| !self.catalogs.from.contains(it)) {
                    Some(column) => {
                        let table = column.parent()?;
                        if self.catalogs.from.contains(table) {
                            draft.tables.entry(table.clone()).or_default().takes.insert(id.clone());
                        } else {
                            draft.pieces.push(Piece::silent([id.clone(), table.clone()]));
                        }
                    }
                    // A column that is to count from now on.
                    None => return None,
                }
            }
            _ => (),
        }
        Some(())
    }

    fn added_to(
        &self,
        declared: &'a Table,
        (id, table, is_new): (&ObjectId, &ObjectId, bool),
        places: &Places,
        draft: &mut Draft<'a>,
    ) -> Option<()> {
        let at = places.after(table);
        match id.kind {
            Kind::Table => {
                draft.pieces.push(Piece::new(Rank::CreateTable, [at, 0, 0], declared.create(), [id.clone()]));
            }
            Kind::Index => draft.pieces.extend(self.create_index(declared, id, places)),
            Kind::ForeignKey => {
                let (of, key) = foreign_key(declared, id)?;
                let sql = declared.add_foreign_key(key);
                draft.pieces.push(Piece::new(Rank::AddForeignKey, [at, of, 0], sql, [id.clone()]));
            }
            Kind::Column | Kind::Default | Kind::PrimaryKey | Kind::NotNull if is_new => {
                draft.pieces.push(Piece::silent([id.clone(), table.clone()]));
            }
            Kind::Column => {
                let column = column(declared, id)?;
                let altered = draft.tables.entry(table.clone()).or_default();
                altered.adds.insert(column.name.clone(), column);
                altered.takes.insert(id.clone());
            }
            Kind::PrimaryKey => {
                let altered = draft.tables.entry(table.clone()).or_default();
                altered.add_key = declared.primary_key.as_ref();
                altered.takes.insert(id.clone());
            }
            Kind::Default => {
                let of = id.parent()?;
                let altered = draft.tables.entry(table.clone()).or_default();
                altered.takes.insert(id.clone());
                if self.catalogs.from.contains(of) {
                    altered.sets_default(column(declared, of)?, places.column(of, table))?;
                }
            }
            Kind::NotNull => _ = draft.tables.entry(table.clone()).or_default().takes.insert(id.clone()),
            _ => (),
        }
        Some(())
    }

    fn create_index(&self, declared: &Table, id: &ObjectId, places: &Places) -> Option<Piece> {
        let table = id.parent()?;
        let (at, index) = index(declared, id)?;
        // Those of new tables come first.
        let before = if self.catalogs.from.contains(table) { 1 + places.before(table) } else { 0 };
        let place = [before, places.after(table), at];
        Some(Piece::new(Rank::CreateIndex, place, declared.create_index(index), [id.clone()]))
    }

    fn removed(&self, id: &ObjectId, places: &Places, draft: &mut Draft<'a>) -> Option<()> {
        let table = id.upwards().find(|it| it.kind == Kind::Table);
        let goes = table.is_some_and(|it| !self.catalogs.to.contains(it));
        match (id.kind, table) {
            (Kind::Enum, _) => {
                let sql = format!("DROP TYPE {}", name(id));
                draft.pieces.push(Piece::new(Rank::DropEnum, [places.before(id), 0, 0], sql, [id.clone()]));
            }
            (Kind::Table, _) => {
                let sql = format!("DROP TABLE {}", name(id));
                draft.pieces.push(Piece::new(Rank::DropTable, [places.before(id), 0, 0], sql, [id.clone()]));
            }
            (Kind::ForeignKey, Some(table)) => {
                let sql = format!("ALTER TABLE {} DROP CONSTRAINT {}", name(table), quoted(id.name.raw()));
                let place = [places.before(table), places.part_before(id), 0];
                draft.pieces.push(Piece::new(Rank::DropForeignKey, place, sql, [id.clone()]));
            }
            (_, Some(table)) if goes => draft.pieces.push(Piece::silent([id.clone(), table.clone()])),
            (Kind::Index, Some(table)) => draft.pieces.push(drop_index(id, table, places)),
            (Kind::PrimaryKey, Some(table)) => {
                let altered = draft.tables.entry(table.clone()).or_default();
                altered.drop_key = Some(id.name.raw().to_owned());
                altered.takes.insert(id.clone());
            }
            (Kind::Column, Some(table)) => {
                let altered = draft.tables.entry(table.clone()).or_default();
                altered.drops.insert(id.name.raw().to_owned());
                altered.takes.insert(id.clone());
            }
            (Kind::Default, Some(table)) => {
                let of = id.parent()?;
                let altered = draft.tables.entry(table.clone()).or_default();
                altered.takes.insert(id.clone());
                if self.catalogs.to.contains(of) {
                    altered.drops_default(of, places.column(of, table));
                }
            }
            (Kind::NotNull, Some(table)) => _ = draft.tables.entry(table.clone()).or_default().takes.insert(id.clone()),
            (Kind::Sequence | Kind::SequenceOwner, _) => {
                let sequence = id.upwards().find(|it| it.kind == Kind::Sequence)?;
                let column =
                    self.counts_for(self.catalogs.from, sequence).filter(|it| !self.catalogs.to.contains(it))?;
                let table = column.parent()?;
                match self.catalogs.to.contains(table) {
                    true => _ = draft.tables.entry(table.clone()).or_default().takes.insert(id.clone()),
                    false => draft.pieces.push(Piece::silent([id.clone(), table.clone()])),
                }
            }
            _ => (),
        }
        Some(())
    }

    fn altered(
        &self,
        (id, attributes): (&ObjectId, &[&'static str]),
        places: &Places,
        draft: &mut Draft<'a>,
    ) -> Option<()> {
        let Pair { from, to } = self.catalogs.map(|it| it.get(id));
        let table = id.upwards().find(|it| it.kind == Kind::Table);
        match (from?, to?, table) {
            (Object::Enum(before), Object::Enum(after), _) => {
                let declared = self.declared_enum(id)?;
                draft.pieces.push(values::piece(self, (id, declared), (&before.labels, &after.labels), places)?);
            }
            (Object::Index(_), Object::Index(_), Some(table)) => {
                if let Some(create) = self.declared(table).and_then(|it| self.create_index(it, id, places)) {
                    draft.pieces.extend([drop_index(id, table, places), create]);
                }
            }
            (Object::ForeignKey(_), Object::ForeignKey(_), Some(_)) => {
                self.removed(id, places, draft)?;
                self.added(id, places, draft)?;
            }
            (Object::PrimaryKey(_), Object::PrimaryKey(_), Some(_)) => {
                self.removed(id, places, draft)?;
                self.added(id, places, draft)?;
            }
            (Object::Default(_), Object::Default(_), Some(table)) => {
                let of = id.parent()?;
                let altered = draft.tables.entry(table.clone()).or_default();
                altered.takes.insert(id.clone());
                altered.sets_default(column(self.declared(table)?, of)?, places.column(of, table))?;
            }
            (Object::Column(_), Object::Column(after), Some(table)) => {
                if !attributes.iter().all(|it| matches!(*it, "data_type" | "not_null" | "type_storage" | "storage")) {
                    return None;
                }
                let declared = column(self.declared(table)?, id)?;
                let altered = draft.tables.entry(table.clone()).or_default();
                altered.takes.extend([id.clone(), id.child(Kind::Default, "")]);
                let change = altered.column(id, places.column(id, table));
                if attributes.contains(&"not_null") {
                    change.not_null = Some(after.not_null);
                }
                if attributes.contains(&"data_type") {
                    if declared.sql_type.to_ascii_uppercase().contains("SERIAL") {
                        return None;
                    }
                    change.data_type = Some(declared.written_type().to_owned());
                    draft.retyped.insert(id.clone());
                }
            }
            // Prisma has no words for the rest: it stays as it is.
            _ => (),
        }
        Some(())
    }

    fn declared(&self, table: &ObjectId) -> Option<&'a Table> {
        self.after.tables.iter().find(|it| is_called(table, it.schema.as_deref(), &it.name))
    }

    fn declared_enum(&self, id: &ObjectId) -> Option<&'a Enum> {
        self.after.enums.iter().find(|it| is_called(id, it.schema.as_deref(), &it.name))
    }

    /// The column that a sequence belongs to.
    fn counts_for(&self, catalog: &'a Catalog, sequence: &ObjectId) -> Option<&'a ObjectId> {
        let owner = catalog.entry(&sequence.child(Kind::SequenceOwner, ""))?;
        owner.needs.iter().find(|it| it.kind == Kind::Column)
    }
}

fn drop_index(id: &ObjectId, table: &ObjectId, places: &Places) -> Piece {
    let place = [places.before(table), places.part_before(id), 0];
    Piece::new(Rank::DropIndex, place, format!("DROP INDEX {}", beside(table, id.name.raw())), [id.clone()])
}

fn is_called(id: &ObjectId, schema: Option<&str>, name: &str) -> bool {
    id.name.raw() == name && id.parent().is_some_and(|it| it.name.raw() == schema.unwrap_or(DEFAULT_SCHEMA))
}

fn index<'a>(table: &'a Table, id: &ObjectId) -> Option<(usize, &'a Index)> {
    table.indexes.iter().enumerate().find(|(_, it)| it.name == id.name.raw())
}

fn foreign_key<'a>(table: &'a Table, id: &ObjectId) -> Option<(usize, &'a ForeignKey)> {
    table.foreign_keys.iter().enumerate().find(|(_, it)| it.name == id.name.raw())
}

fn column<'a>(table: &'a Table, id: &ObjectId) -> Option<&'a Column> {
    table.columns.iter().find(|it| it.name == id.name.raw())
}

/// As Prisma names what stands in a schema.
fn name(id: &ObjectId) -> String {
    qualified(id.parent().map(|it| it.name.raw()), id.name.raw())
}

/// As Prisma names what is in the schema of a table.
fn beside(table: &ObjectId, name: &str) -> String {
    qualified(table.parent().map(|it| it.name.raw()), name)
}
