//! What a schema in Prisma's language cannot speak of: it stays as FROM has it. `prisma migrate` does not look at it either; a
//! side-car of SQL files is how a project speaks of everything.

#![allow(clippy::wildcard_enum_match_arm, reason = "of all kinds, Prisma's language knows a few")]

mod counters;
mod decided;
mod merge;
mod parts;
mod shape;

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    catalog::Catalog,
    cli::{
        scope::{Kept, tell, with_what_dies},
        ui::Ui,
    },
    ddl::Target,
    diagnostic::Diagnostic,
    model::{Kind, ObjectId},
    rehearse::View,
    shadow::Shadow,
    sources::prisma::Silence,
};

/// What of FROM a default, a type or an operator class of the schema may need, although the schema cannot declare it: all that
/// stands on neither a table nor an enum. Nothing where there is none.
pub(super) fn ground(from: &Catalog) -> Option<Catalog> {
    let is_declared_apart = |id: &ObjectId| match id.kind {
        Kind::Enum | Kind::Table | Kind::ForeignTable | Kind::View | Kind::MaterializedView => true,
        // One that belongs to a column comes with it.
        Kind::Sequence => from.contains(&id.child(Kind::SequenceOwner, "")),
        Kind::Publication | Kind::Subscription | Kind::EventTrigger | Kind::DefaultGrant => true,
        Kind::ForeignDataWrapper | Kind::ForeignServer | Kind::UserMapping | Kind::DatabaseSetting => true,
        _ => false,
    };
    let mut found: BTreeSet<&ObjectId> = from.ids().filter(|id| !is_declared_apart(id)).collect();
    loop {
        let lacks = |id: &&ObjectId| from.needs(id).any(|it| from.contains(it) && !found.contains(it));
        let lacking: Vec<&ObjectId> = found.iter().copied().filter(lacks).collect();
        if lacking.is_empty() {
            break;
        }
        lacking.into_iter().for_each(|id| {
            found.remove(id);
        });
    }
    let is_more = |id: &&ObjectId| id.kind != Kind::Schema && id.parent().is_none_or(|it| it.kind == Kind::Schema);
    if !found.iter().copied().any(|id| is_more(&id)) {
        return None;
    }
    let found: BTreeSet<ObjectId> = found.into_iter().cloned().collect();
    let mut ground = from.clone();
    ground.retain(|id| found.contains(id));
    Some(ground)
}

/// Gives TO what it cannot speak of as FROM has it, once the objects of FROM have their new names. Says what that was.
///
/// # Errors
/// Diagnostics for what cannot be kept.
pub(super) fn keep(
    from: &Catalog,
    to: &mut Catalog,
    silence: &Silence,
    target: Target,
    (shadow, view): (&dyn Shadow, &View<'_>),
    ui: &Ui,
) -> Result<Vec<Diagnostic>, Vec<Diagnostic>> {
    let mut kept = Kept::default();
    let mut told: BTreeSet<ObjectId> = shape::constraints(from, to);
    told.extend(counters::keep(from, to));
    told.extend(merge::merge(from, to, silence));

    let removed: BTreeSet<ObjectId> =
        from.ids().filter(|id| !to.contains(id) && !id.kind.may_be_unstated()).cloned().collect();
    let decided = removed.iter().filter(|id| decided::is_declarable(from, to, silence, id)).cloned().collect();
    let gone = with_what_dies(from, &decided);
    let roots: BTreeSet<ObjectId> = removed.difference(&gone).cloned().collect();
    kept.keep(from, to, &roots)?;
    parts::follow(from, to, target, (shadow, view));
    kept.follow(from, to, shadow, view);
    let notes = kept.needed(from, &roots);
    told.extend(roots);

    let whole = told.iter().filter(|id| !id.ancestors().any(|it| told.contains(it)));
    let found = tell("undeclared", "what the Prisma schema cannot declare is kept as FROM has it", whole, ui);
    let help = "`-v` lists it; to manage it too, put it in `.sql` files beside the schema, and name the folder";
    Ok(notes.into_iter().chain(found.map(|it| it.with_help(help))).collect())
}

/// Lets what needs one object need another instead, and takes the first away.
fn replace(to: &mut Catalog, instead: &BTreeMap<ObjectId, ObjectId>) {
    let ids: Vec<ObjectId> = to.ids().cloned().collect();
    for id in ids {
        let Some(entry) = to.entry_mut(&id) else { continue };
        for edges in [&mut entry.needs, &mut entry.mentions, &mut entry.dies_with] {
            let moved: Vec<(&ObjectId, &ObjectId)> = instead.iter().filter(|(old, _)| edges.contains(*old)).collect();
            for (old, new) in moved {
                edges.remove(old);
                edges.insert(new.clone());
            }
        }
    }
    to.retain(|id| !id.upwards().any(|it| instead.contains_key(it)));
}
