//! What goes on under another name.

use crate::{
    cli::hand::{
        beside, name,
        order::Places,
        piece::{Piece, Rank},
    },
    diff::Rename,
    model::{Kind, ObjectId},
    plan::{Plan, Step},
    sources::prisma::sql::quoted,
};

/// Whether all that is renamed is what Prisma renames too, which it does after all else. Anything else comes first.
pub(super) fn is_prismas(plan: &Plan) -> bool {
    plan.renames.iter().all(|rename| match rename {
        Rename::Object { from, to } => {
            let stays = from.parent() == to.parent() && from.parent().is_some_and(|it| it.kind == Kind::Table);
            stays && matches!(from.kind, Kind::Index | Kind::Unique | Kind::ForeignKey | Kind::PrimaryKey)
        }
        Rename::Label { .. } => false,
    })
}

/// A step that gives something another name.
pub(super) fn piece(step: &Step, at: usize, plan: &Plan, places: &Places) -> Piece {
    let id = step.subjects.first();
    let renamed = |rename: &Rename| match rename {
        Rename::Object { from, to } if Some(from) == id => Some((from.clone(), to.clone())),
        Rename::Object { .. } | Rename::Label { .. } => None,
    };
    let written = plan.renames.iter().find_map(renamed).filter(|_| is_prismas(plan));
    written.and_then(|(from, to)| prismas(&from, &to, places)).unwrap_or_else(|| {
        let title = format!("Rename{}", id.map_or("Object", |it| it.kind.name()));
        Piece { title, ..Piece::new(Rank::Renamed, [at, 0, 0], step.sql.clone(), id.cloned()) }
    })
}

fn prismas(from: &ObjectId, to: &ObjectId, places: &Places) -> Option<Piece> {
    let table = to.parent()?;
    let (old, new) = (quoted(from.name.raw()), quoted(to.name.raw()));
    let place = [places.before(table), places.part_before(from).min(places.part_before(to)), 0];
    let of_table = format!("ALTER TABLE {} RENAME CONSTRAINT {old} TO {new}", name(table));
    let (rank, sql) = match from.kind {
        Kind::Index | Kind::Unique => {
            (Rank::RenameIndex, format!("ALTER INDEX {} RENAME TO {new}", beside(table, from.name.raw())))
        }
        Kind::ForeignKey => (Rank::RenameForeignKey, of_table),
        _ => (Rank::AlterTable, of_table),
    };
    Some(Piece::new(rank, place, sql, [from.clone()]))
}
