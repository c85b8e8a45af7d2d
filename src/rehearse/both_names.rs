//! Takes renames back that are to come by way of a successor, and asks PostgreSQL how what stands on it reads on both
//! sides of them. Names no kind.

use std::collections::BTreeSet;

use crate::{
    catalog::Catalog,
    ddl::{Online, Strategy, Target},
    diagnostic::Diagnostic,
    diff::{Change, Rename, Renames, diff},
    kinds::rename,
    model::{ObjectId, Pair},
    plan::{Beside, Step, TwoNamed, expansion, renaming, standing_on},
    rehearse::{
        beside::{names, read},
        converge::View,
        names::{Named, Room},
        run::attempt,
    },
    shadow::Scratch,
};

/// A part that has its new name in the shadow.
#[derive(Clone, Debug)]
struct Candidate {
    was: ObjectId,
    id: ObjectId,
    /// The step that gave it the name.
    step: usize,
}

/// Leaves to the plan what is to have both names for a time. The database in `room` has it under the old names again then.
/// What has to be renamed at once says why.
///
/// # Errors
/// Diagnostics where the shadow is lost.
pub fn keep_both(
    named: &mut Named,
    to: &Catalog,
    target: Target,
    view: &View<'_>,
    mut room: Room<'_>,
) -> Result<(), Vec<Diagnostic>> {
    let Some(online) = target.online else { return Ok(()) };
    let mut candidates = candidates(named, online, target);
    let changes = diff(&named.from, to, target);
    let mut declined: Vec<(Candidate, String)> = Vec::new();
    for it in std::mem::take(&mut candidates) {
        match unfit(&it, named, to, &changes, target) {
            Some(why) => declined.push((it, why)),
            None => candidates.push(it),
        }
    }
    while !candidates.is_empty() {
        let scratch = room.scratch(&named.from)?;
        match plan_all(scratch, &named.from, &candidates, target, view)? {
            Ok(found) => {
                named.both = Some(found);
                break;
            }
            Err((at, why)) => declined.push((candidates.remove(at), why)),
        }
    }
    for (it, why) in declined {
        named.steps[it.step].not_online.push(format!("{} is renamed at once, since {why}", it.was.path()));
    }
    let left: BTreeSet<usize> = candidates.iter().map(|it| it.step).collect();
    let steps = std::mem::take(&mut named.steps).into_iter().enumerate();
    named.steps = steps.filter(|(at, _)| !left.contains(at)).map(|(_, step)| step).collect();
    Ok(())
}

/// What got another name by one step, and is wanted under both.
fn candidates(named: &Named, online: &Online, target: Target) -> Vec<Candidate> {
    let candidate = |renamed: &Rename| {
        let Rename::Object { from, to: id } = renamed else { return None };
        let was = ObjectId { name: from.name.clone(), ..id.clone() };
        id.parent().filter(|whole| online.wants(Strategy::RenameColumn, whole))?;
        expansion(&named.from, (&was, id), target).is_some().then_some(())?;
        let [only] = &rename(&was, id)[..] else { return None };
        let text = only.sql.to_string();
        let step = named.steps.iter().position(|step| step.sql == text)?;
        Some(Candidate { was, id: id.clone(), step })
    };
    named.renames.iter().filter_map(candidate).collect()
}

/// Why a part cannot have both names, as far as it is known without a look.
fn unfit(it: &Candidate, named: &Named, to: &Catalog, changes: &[Change], target: Target) -> Option<String> {
    let Candidate { was, id, .. } = it;
    let is_within = |change: &&Change| change.id().upwards().any(|up| up == id);
    // What it is to be counts too: as part of a partition it could have no column beside it.
    let refused = |state: &Catalog| expansion(state, (was, id), target)?.err();
    if let Some(why) = refused(&named.from).or_else(|| refused(to)) {
        Some(why)
    } else if to.contains(was) || named.from.contains(was) {
        Some("something else takes its old name".to_owned())
    } else {
        changes.iter().find(is_within).map(|change| format!("{} changes otherwise too", change.id()))
    }
}

/// Both names for all of them, and the state with the old ones, in which the database is then. Or the first that cannot
/// have both, and why; then the database is as it was.
#[allow(clippy::type_complexity, reason = "two ways to end, either of which may fail")]
fn plan_all(
    scratch: &mut Scratch,
    from: &Catalog,
    candidates: &[Candidate],
    target: Target,
    view: &View<'_>,
) -> Result<Result<(Vec<TwoNamed>, Catalog), (usize, String)>, Vec<Diagnostic>> {
    let all = |is_back: bool| {
        let pair =
            |it: &Candidate| if is_back { (it.id.clone(), it.was.clone()) } else { (it.was.clone(), it.id.clone()) };
        Renames { objects: candidates.iter().map(pair).collect(), ..Renames::default() }
    };
    let back = all(true);
    carry_out(scratch, &renaming(back.ways(from, from, target)))?;
    let start = view.read(scratch)?.after(from, |id| back.carry(id));
    let (mut found, mut taken) = (Vec::new(), BTreeSet::new());
    let mut state = start.clone();
    for (at, Candidate { was, id, .. }) in candidates.iter().enumerate() {
        let dependents = state.dependents();
        let standing: BTreeSet<ObjectId> = standing_on(&dependents, was).into_iter().cloned().collect();
        let names = names(was, id.clone(), &standing);
        let read = read(scratch, &state, &names, target, view)?;
        let own = Renames { objects: [(was.clone(), id.clone())].into(), ..Renames::default() };
        carry_out(scratch, &renaming(own.ways(&state, &state, target)))?;
        let next = view.read(scratch)?.after(&state, |id| own.carry(id));
        let planned = match standing.intersection(&taken).next() {
            Some(shared) => Err(format!("{shared} stands on another one too that gets another name")),
            None => TwoNamed::plan(Pair::new(&state, &next), (was, id), Beside { names, read }, target),
        };
        match planned {
            Ok(planned) => found.push(planned),
            Err(why) => {
                let rest = Renames {
                    objects: candidates[at + 1..].iter().map(|it| (it.was.clone(), it.id.clone())).collect(),
                    ..Renames::default()
                };
                carry_out(scratch, &renaming(rest.ways(&next, &next, target)))?;
                return Ok(Err((at, why)));
            }
        }
        taken.extend(standing);
        state = next;
    }
    carry_out(scratch, &renaming(back.ways(&state, &state, target)))?;
    Ok(Ok((found, start)))
}

fn carry_out(scratch: &mut Scratch, steps: &[Step]) -> Result<(), Vec<Diagnostic>> {
    attempt(scratch, steps, true).map_err(|failure| {
        vec![Diagnostic::error("shadow-lost", format!("a rename fails in the shadow: {}", failure.message))]
    })
}
