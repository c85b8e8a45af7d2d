//! Whether a plan leads where it should: run it, read the result, compare.

use std::collections::BTreeSet;

use crate::{
    catalog::Catalog,
    ddl::Target,
    diagnostic::Diagnostic,
    diff::{Change, diff},
    model::ObjectId,
    plan::{Plan, Step, plan},
    rehearse::{
        attempts::Stage,
        names::{Room, Said, name},
        reload::{lost, reload, wanted},
        run::Failure,
        trial::Trial,
    },
    shadow::{Scratch, Shadow, Wanted},
    sources::{
        Memory,
        introspect::{Owners, introspect_again, introspect_scratch},
    },
};

/// How often what is left over is planned for before it is called left over.
pub(super) const PASSES: usize = 3;

/// What a rehearsal saw.
pub enum Convergence {
    /// The database that the plan was run in equals the target.
    Reached,
    /// These differences are left.
    Remainder(Vec<Change>),
    /// A statement failed.
    Failed(Box<Failure>),
}

/// Runs a plan in `scratch`, which holds its starting state, and compares the result with the target, object by object.
///
/// Some consequences only PostgreSQL knows: privileges that new objects get by default, what a partition inherits.
/// They show in the result; the statements that put them right are appended to the plan, and run too.
///
/// # Errors
/// Diagnostics where the shadow is lost.
pub(super) fn converge(
    stage: &Stage<'_>,
    scratch: &mut Scratch,
    plan_: &mut Plan,
    trial: &mut Trial<'_>,
) -> Result<Convergence, Vec<Diagnostic>> {
    let Stage { shadow, to, target, view, .. } = *stage;
    // What only the target names is not there yet.
    scratch.provide_roles(&wanted(to)).map_err(|error| vec![error.diagnostic()])?;
    for pass in 0..PASSES {
        while let Some(step) = plan_.steps.get(trial.done()) {
            if let Err(failure) = trial.step(scratch, step) {
                return Ok(Convergence::Failed(Box::new(Failure { step: trial.done(), ..*failure })));
            }
        }
        let reached = view.read(scratch)?;
        let (goal, left) = remainder(shadow, &reached, to, target, view)?;
        if left.is_empty() {
            return Ok(Convergence::Reached);
        }
        if pass + 1 == PASSES {
            return Ok(Convergence::Remainder(left));
        }
        let named = name(&reached, &goal, Said::default(), target, view, Room::Here(scratch))?;
        let Ok(more) = plan(&named.from, &goal, target) else { return Ok(Convergence::Remainder(left)) };
        if named.steps.is_empty() && more.steps.is_empty() {
            return Ok(Convergence::Remainder(left));
        }
        trial.pass_over(scratch, named.steps.len())?;
        let follow_up = |step: Step| Step { group: format!("{} (follow-up)", step.group), ..step };
        plan_.steps.extend(named.steps.into_iter().chain(more.steps).map(follow_up));
    }
    Ok(Convergence::Reached)
}

/// How catalogs are read for this run: whose owners count, and what is left out.
pub struct View<'a> {
    pub owners: Owners,
    pub filter: &'a (dyn Fn(&mut Catalog) + Sync),
    /// Leaves out what is in every database of the shadow from the start, and is not to be touched.
    pub baseline: &'a (dyn Fn(&mut Catalog) + Sync),
}

impl Default for View<'_> {
    /// Everything but unstated owners.
    fn default() -> Self {
        View { owners: Owners::Stated, filter: &|_| (), baseline: &|_| () }
    }
}

impl View<'_> {
    pub fn read(&self, scratch: &mut Scratch) -> Result<Catalog, Vec<Diagnostic>> {
        let mut catalog = self.read_all(scratch)?;
        (self.filter)(&mut catalog);
        Ok(catalog)
    }
    /// What is there now, where `memory` is of the readings before in the same session.
    pub(super) fn read_again(&self, scratch: &mut Scratch, memory: &mut Memory) -> Result<Catalog, Vec<Diagnostic>> {
        let mut catalog = introspect_again(scratch, self.owners, memory).map_err(|error| vec![lost(&error)])?;
        (self.baseline)(&mut catalog);
        (self.filter)(&mut catalog);
        Ok(catalog)
    }
    /// What is left out by the user's wish too.
    pub(super) fn read_all(&self, scratch: &mut Scratch) -> Result<Catalog, Vec<Diagnostic>> {
        let mut catalog = introspect_scratch(scratch, self.owners).map_err(|error| vec![lost(&error)])?;
        (self.baseline)(&mut catalog);
        Ok(catalog)
    }
}

/// `to` as the diff should see it. What it does not say stays as it is in `from`. And where two texts differ and
/// PostgreSQL, having read its own output again, says the same of both, the text of `from` stands. Nothing else tells
/// a real difference from a way of printing.
///
/// # Errors
/// Diagnostics where a side cannot be created anew in the shadow.
pub fn settle(
    shadow: &dyn Shadow,
    from: &Catalog,
    to: &Catalog,
    target: Target,
    view: &View<'_>,
) -> Result<Catalog, Vec<Diagnostic>> {
    let mut to = to.clone();
    to.keep_unstated(from);
    Ok(remainder(shadow, from, &to, target, view)?.0)
}

/// The target with its texts as `from` has them where they mean the same, and what differs still.
fn remainder(
    shadow: &dyn Shadow,
    from: &Catalog,
    to: &Catalog,
    target: Target,
    view: &View<'_>,
) -> Result<(Catalog, Vec<Change>), Vec<Diagnostic>> {
    let mut goal = to.clone();
    let mut left = diff(from, &goal, target);
    if altered(&left).is_empty() {
        return Ok((goal, left));
    }
    let again = |catalog: &Catalog| {
        let mut reloaded = reload(shadow, catalog, &Wanted::default(), view)?;
        (view.filter)(&mut reloaded.catalog);
        Ok::<_, Vec<Diagnostic>>(reloaded.catalog)
    };
    // A side that cannot be created anew settles nothing; the difference stands as it is.
    let Ok(to_again) = again(to) else { return Ok((goal, left)) };
    take_over(from, &mut goal, &left, &diff(from, &to_again, target));
    left = diff(from, &goal, target);
    if altered(&left).is_empty() {
        return Ok((goal, left));
    }
    let Ok(from_again) = again(from) else { return Ok((goal, left)) };
    for other in [to, &to_again] {
        take_over(from, &mut goal, &left, &diff(&from_again, other, target));
    }
    left = diff(from, &goal, target);
    Ok((goal, left))
}

fn altered(changes: &[Change]) -> BTreeSet<&ObjectId> {
    changes
        .iter()
        .filter_map(|change| match change {
            Change::Alter(id, _) => Some(id),
            Change::Add(_) | Change::Remove(_) => None,
        })
        .collect()
}

/// Where `left` has an alteration that `better` has not, and only print-outs differ, the two states are one: `goal`
/// takes `from`'s. Any other attribute counts as it is: a way through the shadow might lose it.
fn take_over(from: &Catalog, goal: &mut Catalog, left: &[Change], better: &[Change]) {
    let real: BTreeSet<&ObjectId> = better.iter().map(Change::id).collect();
    for change in left {
        let Change::Alter(id, attributes) = change else { continue };
        let printed = attributes.iter().all(|attribute| id.kind.printed().contains(attribute));
        if !printed || real.contains(id) {
            continue;
        }
        if let (Some(object), Some(entry)) = (from.get(id), goal.entry_mut(id)) {
            entry.object = object.clone();
        }
    }
}
