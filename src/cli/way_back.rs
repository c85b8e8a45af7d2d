//! The way back: from what a plan leads to, to what was there before, planned and rehearsed in the same database.

use crate::{
    catalog::Catalog,
    ddl::{Casts, Heard, Loss, Target},
    diagnostic::Diagnostic,
    diff::{
        Rename,
        wish::{Wish, spell},
    },
    model::{ObjectId, Version},
    plan::{Plan, Successors, replan},
    rehearse::{Convergence, Room, Said, Stage, View, name, rehearse, rows::Supply, settle, wanted},
    shadow::{Scratch, Shadow},
};

use super::{findings, side};

/// A plan that takes back another one.
pub(crate) struct WayBack {
    pub plan: Plan,
    /// Why it does not lead back; nothing where it does.
    pub fault: Option<Diagnostic>,
    /// What the way there takes and no way back brings again, in words.
    pub lost: Vec<String>,
}

/// Plans the way from what `scratch` holds, which is `reached` by `forward`, back to `before`, and rehearses it there.
///
/// # Errors
/// Diagnostics where the shadow is lost.
pub(super) fn way_back(
    shadow: &dyn Shadow,
    (before, reached): (&Catalog, &Catalog),
    forward: &Plan,
    version: Version,
    view: &View<'_>,
    scratch: &mut Scratch,
) -> Result<WayBack, Vec<Diagnostic>> {
    let lost: Vec<String> = forward.steps.iter().flat_map(|step| &step.loses).map(lost).collect();
    let refused = |found: Vec<Diagnostic>| {
        let fault =
            found.into_iter().next().unwrap_or_else(|| Diagnostic::error("no-way-back", "there is no way back"));
        WayBack { plan: Plan::default(), fault: Some(fault), lost: lost.clone() }
    };
    let casts = reached.casts.and(&before.casts);
    let target = Target::new(version, &casts);
    let noted: Vec<Wish> = forward.renames.iter().filter_map(back).collect();
    let said = Said { noted: &noted, ..Said::default() };
    let named = match name(reached, before, said, target, view, Room::Here(scratch)) {
        Ok(named) => named,
        Err(found) => return Ok(refused(found)),
    };
    let casts = Casts { values: named.instead.clone(), ..casts };
    let target = Target::new(version, &casts);
    let goal = settle(shadow, &named.from, before, target, view)?;
    let planned = |heard: &Heard| {
        Ok::<_, Vec<Diagnostic>>(named.lead_to(replan(&named.from, &goal, target, heard, &Successors::new())?, heard))
    };
    let plan = match planned(&Heard::new()) {
        Ok(plan) => plan,
        Err(found) => return Ok(refused(found)),
    };
    let copy = |from: &Catalog| side::copy(shadow, from, &wanted(&goal), view);
    let (from, start, rows) = (&named.from, named.start(), Supply::made_up(0));
    let stage = Stage { shadow, from, start, to: &goal, target, view, rows, copy: &copy };
    let rehearsal = rehearse(&stage, scratch, plan, &planned)?;
    let fault = match &rehearsal.seen {
        Convergence::Reached => None,
        Convergence::Remainder(left) => Some(findings::remainder(left, &named.from, &goal)),
        Convergence::Failed(failure) => Some(findings::failed(failure, shadow)),
    };
    Ok(WayBack { plan: rehearsal.plan, fault: fault.map(softened), lost })
}

fn back(rename: &Rename) -> Option<Wish> {
    match rename {
        Rename::Object { from, to } => spell(to, from).parse().ok(),
        Rename::Label { of, from, to } => format!("value:{}.{}={}", of.path(), quoted(to), quoted(from)).parse().ok(),
    }
}

fn quoted(label: &str) -> String {
    format!("\"{}\"", label.replace('"', "\"\""))
}

/// The way there is not at fault.
fn softened(found: Diagnostic) -> Diagnostic {
    let title = format!("the way back does not lead back: {}", found.title);
    Diagnostic { labels: found.labels, notes: found.notes, ..Diagnostic::warning("no-way-back", title) }
}

pub(super) fn lost((id, loss): &(ObjectId, Loss)) -> String {
    let what = match loss {
        Loss::Rows => "its rows",
        Loss::Values => "its values",
        Loss::Precision => "what the conversion of its values cuts",
        Loss::Counter => "its last value",
    };
    format!("{id}: {what}")
}
