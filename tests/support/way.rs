//! One way between two states: planned, run where the starting state is, and judged by Trueup's own catalogs.

use std::env;

use libtest_mimic::Failed;
use trueup::{
    catalog::Catalog,
    ddl::{Casts, Target},
    emit::{sql, terminal},
    model::{Files, Pair},
    plan::{Plan, plan},
    rehearse::{self, Convergence, Room, Said, View},
    shadow::{Scratch, Shadow},
    sources::introspect::Owners,
};

use crate::case_file::{self, Case};

/// The text of the plan. `scratch` holds the starting state, and holds the other one afterwards.
///
/// # Errors
/// What is different still, or what failed, with the plan.
pub(crate) fn way(
    shadow: &dyn Shadow,
    sides: Pair<&Catalog>,
    said: Said<'_>,
    scratch: &mut Scratch,
    owners: Owners,
) -> Result<String, Failed> {
    let Pair { from, to } = sides;
    let target = Target { version: from.version, casts: &from.casts };
    let view = View { owners, ..View::default() };
    let shown = |found: Vec<_>| Failed::from(terminal::render(&found, &Files::default(), false));
    let named = rehearse::name(from, to, said, target, &view, Room::Here(scratch)).map_err(shown)?;
    let casts = Casts { values: named.instead, ..from.casts.clone() };
    let target = Target { casts: &casts, ..target };
    let goal = rehearse::settle(shadow, &named.from, to, target, &view).map_err(shown)?;
    let plan = plan(&named.from, &goal, target).map_err(shown)?;
    let mut plan = plan.after(&named.steps, &named.renames);
    let text = |plan: &Plan| sql::render(plan, sql::Style::default());
    match rehearse::rehearse(shadow, scratch, &mut plan, &goal, target, &view).map_err(shown)? {
        Convergence::Reached => Ok(text(&plan)),
        Convergence::Remainder(left) => Err(format!("still different: {left:#?}\n{}", text(&plan)).into()),
        Convergence::Failed(failure) => Err(format!("{failure:#?}\n{}", text(&plan)).into()),
    }
}

pub(crate) fn headed(way: &str, failed: Failed) -> Failed {
    format!("{way}: {}", failed.message().unwrap_or("failed")).into()
}

/// Compares with the plan in the file, or writes it there where `UPDATE` is set.
///
/// # Errors
/// The difference.
pub(crate) fn compare_plan(case: &Case, plan: &str) -> Result<(), Failed> {
    if env::var_os("UPDATE").is_some() && case.plan.as_deref() != Some(plan) {
        return case_file::update(case, plan).map_err(Failed::from);
    }
    // A plan stands in the file once somebody has read it.
    let Some(expected) = case.plan.as_deref().filter(|it| *it != plan) else { return Ok(()) };
    let diff = similar::TextDiff::from_lines(expected, plan);
    Err(format!("the plan reads otherwise\n{}", diff.unified_diff().header("expected", "actual")).into())
}
