//! What a schema in Prisma's language cannot speak of: it stays as FROM has it. `prisma migrate` does not look at it either; a
//! side-car of SQL files is how a project speaks of everything.

#![allow(clippy::wildcard_enum_match_arm, reason = "of all kinds, Prisma's language knows a few")]

mod counters;
mod decided;
mod merge;
mod parts;
mod shape;

use std::collections::{BTreeMap, BTreeSet};

pub(super) use counters::keep as count_alike;

use crate::{
    catalog::Catalog,
    cli::{
        scope::{Kept, tell, with_what_dies},
        side::Opening,
        ui::Ui,
    },
    ddl::Target,
    diagnostic::Diagnostic,
    kinds::Object,
    model::{Files, Kind, ObjectId, Pair},
    rehearse::View,
    shadow::Shadow,
    sources::{
        self,
        prisma::{Silence, needs, sql::quoted},
    },
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

/// Where both sides are Prisma schemas that speak of themselves only, what they need is taken to be there. Says what that is.
///
/// # Errors
/// None that is known of: the text is Trueup's own.
pub(super) fn assume(sides: &mut Pair<Opening>, files: &mut Files) -> Result<Option<Diagnostic>, Vec<Diagnostic>> {
    let (Opening::Text(from), Opening::Text(to)) = (&mut sides.from, &mut sides.to) else { return Ok(None) };
    if from.silence.is_none() || to.silence.is_none() {
        return Ok(None);
    }
    let needs: BTreeSet<&str> = [&from.prisma, &to.prisma].into_iter().flatten().flat_map(|it| needs(it)).collect();
    if needs.is_empty() {
        return Ok(None);
    }
    let create = |name: &&str| format!("CREATE EXTENSION IF NOT EXISTS {};\n", quoted(name));
    let text: String = needs.iter().map(create).collect();
    let before = sources::script("what the schemas need", &text, files)?.statements;
    for script in [from, to] {
        script.statements.splice(0..0, before.clone());
    }
    let names = needs.into_iter().collect::<Vec<_>>().join("`, `");
    let found =
        Diagnostic::note("assumed", format!("`{names}` is taken to be there: the schemas need it, and do not say so"));
    Ok(Some(found.with_help(
        "list it among the `extensions` of the datasource, or create it in a `.sql` file beside the schema",
    )))
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

/// Lets what Prisma takes for one be as FROM has it: types and defaults of columns that say the same in other words.
pub(super) fn same_in_other_words(from: &Catalog, to: &mut Catalog) {
    let ids: Vec<ObjectId> = to.ids().filter(|id| matches!(id.kind, Kind::Column | Kind::Default)).cloned().collect();
    for id in ids {
        let (Some(before), Some(entry)) = (from.get(&id), to.entry_mut(&id)) else { continue };
        match (before, &mut entry.object) {
            (Object::Column(before), Object::Column(after))
                if shape::is_same_type(&before.data_type, &after.data_type) =>
            {
                after.data_type.clone_from(&before.data_type);
            }
            (Object::Default(before), Object::Default(after))
                if shape::is_same_default(&before.expression, &after.expression) =>
            {
                after.expression.clone_from(&before.expression);
            }
            _ => (),
        }
    }
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
