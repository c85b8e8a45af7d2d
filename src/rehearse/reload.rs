//! Writes a catalog out as DDL and loads it in a shadow: the same schema, as that server sees it.

use crate::{
    catalog::Catalog,
    connect,
    ddl::Target,
    diagnostic::Diagnostic,
    diff::diff,
    model::Pair,
    plan::{Step, plan},
    rehearse::{
        converge::{PASSES, View, settle},
        names::{Room, Said, name},
        run::{Failure, run},
    },
    shadow::{Scratch, Shadow, Wanted},
};

/// A database that holds a catalog, and what it reads as there.
pub struct Reloaded {
    pub scratch: Scratch,
    pub catalog: Catalog,
}

/// Creates everything in `catalog` in a new database of `shadow`, which can offer what `also` asks for besides.
///
/// # Errors
/// Diagnostics that name what cannot be created there, with PostgreSQL's reason.
pub fn reload(
    shadow: &dyn Shadow,
    catalog: &Catalog,
    also: &Wanted,
    view: &View<'_>,
) -> Result<Reloaded, Vec<Diagnostic>> {
    let mut wanted = wanted(catalog);
    wanted.roles.extend(also.roles.iter().cloned());
    wanted.extensions.extend(also.extensions.iter().cloned());
    let mut scratch = shadow.scratch(&wanted).map_err(|error| vec![error.diagnostic()])?;
    let empty = view.read_all(&mut scratch)?;
    let target = Target::new(empty.version, &empty.casts);
    // Bodies may mention what is created later; they were accepted once already.
    scratch.client.batch_execute("SET check_function_bodies = off").map_err(|error| vec![lost(&error)])?;
    let mut seen = empty.clone();
    // Some consequences show only in the result: defaults that a partition has from its parent, and should not have.
    let all = View { owners: view.owners, filter: &|_| (), baseline: view.baseline };
    for _ in 0..PASSES {
        // Parts are numbered as they come, which may not be the order in which they came in the first place.
        let named = name(&seen, catalog, Said::default(), target, &all, Room::Here(&mut scratch))?;
        let plan = plan(&named.from, catalog, target)?;
        if plan.steps.is_empty() {
            break;
        }
        run(&mut scratch, &plan.steps).map_err(|failure| vec![cannot_reload(&failure)])?;
        seen = view.read_all(&mut scratch)?;
    }
    // The plan that is rehearsed here is to meet the session that it will meet.
    scratch.client.batch_execute("RESET check_function_bodies").map_err(|error| vec![lost(&error)])?;
    Ok(Reloaded { scratch, catalog: seen })
}

/// What the shadow makes of one state by what leads from it to another: it may be more than anybody said, as where an index of a
/// partitioned table makes one of each partition.
///
/// # Errors
/// Diagnostics for what cannot be made, or fails.
pub fn outcome(
    shadow: &dyn Shadow,
    sides: Pair<&Catalog>,
    target: Target,
    view: &View<'_>,
) -> Result<Catalog, Vec<Diagnostic>> {
    let mut scratch = reload(shadow, sides.from, &wanted(sides.to), view)?.scratch;
    let plan = plan(sides.from, sides.to, target)?;
    run(&mut scratch, &plan.steps).map_err(|failure| vec![cannot_reload(&failure)])?;
    view.read(&mut scratch)
}

/// What is left to do after statements that lead from one state in the direction of another, as the shadow sees it; nothing
/// where they do not run, or nothing leads on from there.
///
/// # Errors
/// Diagnostics where a state cannot be made in the shadow.
pub fn lead_on(
    shadow: &dyn Shadow,
    sides: Pair<&Catalog>,
    steps: &[Step],
    target: Target,
    view: &View<'_>,
) -> Result<Option<Vec<Step>>, Vec<Diagnostic>> {
    let mut scratch = reload(shadow, sides.from, &wanted(sides.to), view)?.scratch;
    if run(&mut scratch, steps).is_err() {
        return Ok(None);
    }
    let reached = view.read(&mut scratch)?;
    let goal = settle(shadow, &reached, sides.to, target, view)?;
    let Ok(rest) = plan(&reached, &goal, target) else { return Ok(None) };
    if rest.is_empty() {
        return Ok(Some(Vec::new()));
    }
    if run(&mut scratch, &rest.steps).is_err() {
        return Ok(None);
    }
    let reached = view.read(&mut scratch)?;
    let goal = settle(shadow, &reached, sides.to, target, view)?;
    Ok(diff(&reached, &goal, target).is_empty().then_some(rest.steps))
}

fn cannot_reload(failure: &Failure) -> Diagnostic {
    let title = format!("the schema cannot be created anew in the shadow: {}", failure.message);
    let mut diagnostic =
        Diagnostic::error("cannot-reload", title).with_note(format!("the statement was: {}", failure.sql));
    diagnostic.notes.extend(failure.detail.clone());
    diagnostic.help.extend(failure.hint.clone());
    diagnostic
}

/// The roles and extensions that the objects of a catalog name.
pub fn wanted(catalog: &Catalog) -> Wanted {
    let mut wanted = Wanted::default();
    for (id, entry) in catalog.iter() {
        let wants = entry.object.wants(id);
        // The empty name is PUBLIC.
        wanted.roles.extend(wants.roles.into_iter().filter(|role| !role.is_empty()));
        wanted.extensions.extend(wants.extension);
    }
    wanted
}

pub(super) fn lost(error: &postgres::Error) -> Diagnostic {
    // What the server itself says, where it still says something.
    let reason = connect::message(error);
    Diagnostic::error("shadow-lost", format!("the shadow went away: {reason}"))
        .with_help("run it again; if it happens again, use another shadow (`--shadow local`, `--shadow postgres://…`)")
}
