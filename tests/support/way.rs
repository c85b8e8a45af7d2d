//! One way between two states: planned, run where the starting state is, and judged by Trueup's own catalogs.

use std::env;

use libtest_mimic::Failed;
use trueup::{
    catalog::Catalog,
    ddl::{Casts, Heard, Online, Target},
    diagnostic::Diagnostic,
    emit::{sql, terminal},
    hazards::{Seen, Sides, judge},
    model::{Files, Pair},
    plan::{Plan, replan},
    rehearse::{self, Convergence, Rehearsal, Room, Said, Stage, View, rows::Supply},
    shadow::{Scratch, Shadow},
    sources::introspect::Owners,
};

use crate::case_file::{self, Case};

/// What was in the way.
pub(crate) enum Trouble {
    /// There is no plan, and Trueup says why.
    Refused(Vec<Diagnostic>),
    /// The plan does not lead there; in words.
    Wrong(String),
}

impl From<Trouble> for Failed {
    fn from(trouble: Trouble) -> Failed {
        match trouble {
            Trouble::Refused(found) => terminal::render(&found, &Files::default(), false).into(),
            Trouble::Wrong(words) => words.into(),
        }
    }
}

/// What counts, and what a plan is run on.
#[derive(Clone, Copy)]
pub(crate) struct How<'a> {
    pub(crate) owners: Owners,
    /// In each table that the plan touches.
    pub(crate) rows: u32,
    pub(crate) online: Option<&'a Online>,
}

impl How<'_> {
    /// Every owner counts; tables stay empty.
    #[allow(dead_code, reason = "not every test target has use for it")]
    pub(crate) fn of_all() -> How<'static> {
        How { owners: Owners::All, rows: 0, online: None }
    }
}

fn text(plan: &Plan) -> String {
    sql::render(plan, sql::Style::default())
}

/// The text of the plan, as [`planned`].
///
/// # Errors
/// As [`planned`].
#[allow(dead_code, reason = "where hazards are looked at, the text is not")]
pub(crate) fn way(
    shadow: &dyn Shadow,
    sides: Pair<&Catalog>,
    said: Said<'_>,
    scratch: &mut Scratch,
    how: How<'_>,
) -> Result<String, Trouble> {
    planned(shadow, sides, said, scratch, how).map(|plan| text(&plan))
}

/// The plan with its hazards. `scratch` holds the starting state, and holds the other one afterwards.
///
/// # Errors
/// What is different still, what failed, what was not as it had been said to be, or which rows were lost; with the plan.
pub(crate) fn planned(
    shadow: &dyn Shadow,
    sides: Pair<&Catalog>,
    said: Said<'_>,
    scratch: &mut Scratch,
    how: How<'_>,
) -> Result<Plan, Trouble> {
    let Pair { from, to } = sides;
    let target = Target::new(from.version, &from.casts);
    let view = View { owners: how.owners, ..View::default() };
    let mut named = rehearse::name(from, to, said, target, &view, Room::Here(scratch)).map_err(Trouble::Refused)?;
    let casts = Casts { values: named.instead.clone(), ..from.casts.and(&to.casts) };
    let target = Target { casts: &casts, online: how.online, ..target };
    let goal = rehearse::settle(shadow, &named.from, to, target, &view).map_err(Trouble::Refused)?;
    rehearse::keep_both(&mut named, &goal, target, &view, Room::Here(scratch)).map_err(Trouble::Refused)?;
    let beside = rehearse::beside(shadow, &named.from, &goal, target, &view).map_err(Trouble::Refused)?;
    let made = |heard: &Heard| Ok(named.lead_to(replan(&named.from, &goal, target, heard, &beside)?, heard));
    let (plan, again) =
        (made(&Heard::new()).map_err(Trouble::Refused)?, made(&Heard::new()).map_err(Trouble::Refused)?);
    if text(&again) != text(&plan) {
        return Err(Trouble::Wrong(format!("two plans of one pair\n{}\n{}", text(&plan), text(&again))));
    }
    let copy = |from: &Catalog| Ok(rehearse::reload(shadow, from, &rehearse::wanted(&goal), &view)?.scratch);
    let stage = Stage {
        shadow,
        from: &named.from,
        start: named.start(),
        to: &goal,
        target,
        view: &view,
        rows: Supply::made_up(how.rows),
        copy: &copy,
    };
    let Rehearsal { mut plan, seen, observed, rows, disagreements, .. } =
        rehearse::rehearse(&stage, scratch, plan, &made).map_err(Trouble::Refused)?;
    let shown = Seen { observed: &observed, fates: &rows.fates, sizes: None };
    judge(&mut plan, &Sides::new(&named.from, &goal), &shown);
    let wrong: Vec<String> = disagreements.into_iter().chain(rows.unexpected).chain(rows.none).collect();
    if !wrong.is_empty() {
        return Err(Trouble::Wrong(format!("{}\n{}", wrong.join("\n"), text(&plan))));
    }
    if how.online.is_some() {
        plan.bound_waits("2s");
    }
    match seen {
        Convergence::Reached => Ok(plan),
        Convergence::Remainder(left) => Err(Trouble::Wrong(format!("still different: {left:#?}\n{}", text(&plan)))),
        Convergence::Failed(failure) => Err(Trouble::Wrong(format!("{failure:#?}\n{}", text(&plan)))),
    }
}

#[allow(dead_code, reason = "where hazards are looked at, there is one way")]
pub(crate) fn headed(way: &str, failed: impl Into<Failed>) -> Failed {
    let failed = failed.into();
    format!("{way}: {}", failed.message().unwrap_or("failed")).into()
}

/// Compares with the plan in the file, or writes it there where `UPDATE` is set.
///
/// # Errors
/// The difference.
#[allow(dead_code, reason = "the pages of hazards hold no plans")]
pub(crate) fn compare_plan(case: &Case, plan: &str) -> Result<(), Failed> {
    if env::var_os("UPDATE").is_some() && case.plan.as_deref() != Some(plan) {
        return case_file::update(case, plan).map_err(Failed::from);
    }
    // A plan stands in the file once somebody has read it.
    let Some(expected) = case.plan.as_deref().filter(|it| *it != plan) else { return Ok(()) };
    let diff = similar::TextDiff::from_lines(expected, plan);
    Err(format!("the plan reads otherwise\n{}", diff.unified_diff().header("expected", "actual")).into())
}
