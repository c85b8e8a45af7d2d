//! Rehearses a plan; where PostgreSQL refuses, or accepts, what the plan did not expect, a better one.

use crate::{
    catalog::Catalog,
    ddl::{Alter, Heard, Target},
    diagnostic::Diagnostic,
    diff::{Change, Rename},
    model::ObjectId,
    plan::{Plan, Step, standing_on},
    rehearse::{
        beside::successor,
        converge::{Convergence, View, converge},
        names::Copier,
        observe::Observed,
        rows::Supply,
        run::attempt,
        touched::{Touched, unexpected},
        trial::{Rows, Trial},
    },
    shadow::{Scratch, Shadow},
};

/// Where a rehearsal takes place, and what is to come of it.
pub struct Stage<'a> {
    pub shadow: &'a dyn Shadow,
    /// The starting state, with the renames that the plan begins with.
    pub from: &'a Catalog,
    /// The same as the database holds it: without the renames that are still to come.
    pub start: &'a Catalog,
    pub to: &'a Catalog,
    pub target: Target<'a>,
    pub view: &'a View<'a>,
    /// The rows in each table that the plan touches.
    pub rows: Supply<'a>,
    /// Makes a database that holds `start`.
    pub copy: &'a Copier<'a>,
}

/// Plans, by what PostgreSQL has said of changes in place.
pub type Planner<'a> = dyn Fn(&Heard) -> Result<Plan, Vec<Diagnostic>> + 'a;

/// What came of it.
pub struct Rehearsal {
    pub plan: Plan,
    /// So many steps at the end put right what only the rehearsal showed.
    pub follow_ups: usize,
    pub seen: Convergence,
    /// For each step of the plan, as far as it came; nothing for what could not be watched.
    pub observed: Vec<Option<Observed>>,
    pub rows: Rows,
    /// Where a step did something else than had been said of it, in words.
    pub disagreements: Vec<String>,
}

/// Runs `plan`, made without asking PostgreSQL, in `scratch` and compares the result with the target.
///
/// Whether an object can be replaced in place, PostgreSQL decides: what the plan would make anew is tried in place first,
/// and what is refused in place is made anew if that loses nothing. Bodies that PostgreSQL would not accept now, as a
/// dump may hold them, are created unchecked.
///
/// # Errors
/// Diagnostics where no plan can be made, or the shadow is lost.
pub fn rehearse(
    stage: &Stage<'_>,
    scratch: &mut Scratch,
    mut plan: Plan,
    planned: &Planner<'_>,
) -> Result<Rehearsal, Vec<Diagnostic>> {
    let mut heard = Heard::new();
    let accepted = accepted(stage, scratch, &plan);
    if !accepted.is_empty() {
        heard.extend(accepted.into_iter().map(|id| (id, true)));
        plan = planned(&heard)?;
    }
    let mut is_unchecked = false;
    loop {
        let rehearsal = run_through(stage, scratch, plan)?;
        let Convergence::Failed(failure) = &rehearsal.seen else { return Ok(rehearsal) };
        let Some(step) = rehearsal.plan.steps.get(failure.step) else { return Ok(rehearsal) };
        if !is_unchecked && has_body(step, stage.to) && passes(scratch, step) {
            is_unchecked = true;
        } else {
            let mut refused = rebuildable(stage, &rehearsal.plan, step, &heard);
            refused.extend(giving_way(stage, &rehearsal.plan, step, &heard));
            if refused.is_empty() {
                return Ok(rehearsal);
            }
            heard.extend(refused.into_iter().map(|id| (id, false)));
        }
        // Where there is no other plan, this one fails.
        let Ok(next) = planned(&heard) else { return Ok(rehearsal) };
        plan = if is_unchecked { next.without_body_checks() } else { next };
        *scratch = (stage.copy)(stage.start)?;
    }
}

fn run_through(stage: &Stage<'_>, scratch: &mut Scratch, mut plan: Plan) -> Result<Rehearsal, Vec<Diagnostic>> {
    let planned = plan.steps.len();
    let touched = Touched::by(&plan, stage.from);
    // The renames that a plan begins with have been carried out already.
    let renames = plan.renames_behind();
    let steps = (&plan.steps[..], plan.carried_out, &renames[..]);
    let mut trial = Trial::begin(scratch, &touched, steps, stage.start, stage.rows)?;
    trial.expect(&plan.to_come);
    let seen = converge(stage, scratch, &mut plan, &mut trial)?;
    let (observed, mut rows) = trial.end(scratch)?;
    rows.unexpected = unexpected(&rows.fates, &plan, stage.from);
    let disagreements = settle_facts(&mut plan, &observed, planned);
    Ok(Rehearsal { follow_ups: plan.steps.len() - planned, plan, seen, observed, rows, disagreements })
}

/// What was seen counts from now on. Tells where something else had been said before, of the steps that were planned: those
/// that were appended are about what is new, which is not theirs to know.
fn settle_facts(plan: &mut Plan, observed: &[Option<Observed>], planned: usize) -> Vec<String> {
    let mut disagreements = Vec::new();
    for (at, (step, seen)) in plan.steps.iter_mut().zip(observed).enumerate() {
        let Some(seen) = seen else { continue };
        let disagreement = seen.disagreement(step).filter(|_| at < planned);
        disagreements.extend(disagreement.map(|how| format!("{how}: {}", step.sql)));
        step.lock = seen.lock();
        step.lock_at_most = step.lock;
        step.rewrites = seen.rewrites();
    }
    disagreements
}

/// What the plan makes anew by a rule, and PostgreSQL would replace in place.
fn accepted(stage: &Stage<'_>, scratch: &mut Scratch, plan: &Plan) -> Vec<ObjectId> {
    let unlikely = |change: &Change| {
        let Change::Alter(id, _) = change else { return None };
        let alters = stage.from.get(id)?.alter(id, stage.to.get(id)?, stage.target).into_iter();
        let replaces = alters.filter_map(|(_, alter)| match alter {
            Alter::Replace { action, likely: false } => Some((id.clone(), action.sql.to_string())),
            Alter::Replace { .. } | Alter::Do(_) | Alter::Displace { .. } | Alter::Rebuild => None,
            Alter::Refuse { .. } | Alter::Ignore(_) => None,
        });
        replaces.last()
    };
    let unlikely = plan.changes.iter().filter_map(unlikely);
    unlikely.filter(|(_, sql)| passes(scratch, &Step::new(sql))).map(|(id, _)| id).collect()
}

/// Whether PostgreSQL accepts a statement here and now, if it does not look at what is in a body.
fn passes(scratch: &mut Scratch, step: &Step) -> bool {
    let steps = [Step::new("SET LOCAL check_function_bodies = off"), step.clone()];
    attempt(scratch, &steps, false).is_ok()
}

/// What a refused statement was to change in place, and can be had by making it anew.
fn rebuildable(stage: &Stage<'_>, plan: &Plan, step: &Step, heard: &Heard) -> Vec<ObjectId> {
    let changes = |id: &ObjectId| plan.changes.iter().any(|it| matches!(it, Change::Alter(of, _) if of == id));
    let keeps_all = |id: &ObjectId| {
        let drops = stage.from.get(id).map(|object| object.drop(id)).unwrap_or_default();
        !drops.is_empty() && drops.iter().all(|action| action.loses.is_none())
    };
    let subjects = step.subjects.iter().filter(|id| heard.get(id) != Some(&false) && changes(id) && keeps_all(id));
    subjects.cloned().collect()
}

/// What was to give way to a successor, where that is what a refused statement was for: it can be changed in place.
fn giving_way(stage: &Stage<'_>, plan: &Plan, step: &Step, heard: &Heard) -> Vec<ObjectId> {
    if stage.target.online.is_none() {
        return Vec::new();
    }
    let dependents = stage.to.dependents();
    let parts = plan.changes.iter().filter_map(|change| successor(change, stage.from, stage.to, stage.target));
    let to_come = plan.to_come.iter().filter_map(|rename| match rename {
        Rename::Object { to, .. } => Some(to.clone()),
        Rename::Label { .. } => None,
    });
    let parts = parts.map(|(id, _)| id).chain(to_come).filter(|id| heard.get(id) != Some(&false));
    let concerns = |id: &ObjectId| {
        let standing = standing_on(&dependents, id);
        step.subjects.iter().any(|it| it == id || standing.contains(it))
    };
    parts.filter(|id| concerns(id)).collect()
}

/// Whether a statement creates or replaces a body that PostgreSQL checks.
fn has_body(step: &Step, to: &Catalog) -> bool {
    step.subjects.iter().any(|id| to.get(id).is_some_and(|object| object.opaque_body().is_some()))
}
