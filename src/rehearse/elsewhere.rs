//! What PostgreSQL says to a statement that stands elsewhere: tried, not guessed.

use crate::{
    ddl::When,
    plan::{Elsewhere, Plan},
    rehearse::run::{attempt, run},
    shadow::Scratch,
};

/// For each step of a plan that has to come after another one: PostgreSQL's answer to it before that one. `scratch` holds
/// the starting state, with the renames that the plan begins with; afterwards it holds some state on the way.
pub fn elsewhere(scratch: &mut Scratch, plan: &Plan) -> Vec<Option<Elsewhere>> {
    let mut found: Vec<Option<Elsewhere>> = vec![None; plan.steps.len()];
    let nearest = |at: usize| plan.order.iter().filter(|it| it.after == at && !it.is_wish).map(|it| it.before).max();
    let moved: Vec<(usize, usize)> = (0..plan.steps.len()).filter_map(|at| Some((nearest(at)?, at))).collect();
    for (here, step) in plan.steps.iter().enumerate().skip(plan.carried_out) {
        for &(_, at) in moved.iter().filter(|(before, _)| *before == here) {
            let tried = &plan.steps[at];
            if tried.when == When::OutsideTransaction || tried.sql.is_empty() {
                continue;
            }
            let error = attempt(scratch, std::slice::from_ref(tried), false).err().map(|failure| failure.message);
            found[at] = Some(Elsewhere { before: here + 1, error });
        }
        if run(scratch, std::slice::from_ref(step)).is_err() {
            return found;
        }
    }
    found
}
