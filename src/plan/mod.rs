//! Turns changes into an ordered list of steps. Names no kind.
//!
//! changes → expand, online → order → fold → [`Plan`]

mod both_names;
mod descent;
mod edges;
mod expand;
mod explain;
mod fold;
mod knots;
mod online;
mod order;
mod phases;
mod rebuild;
mod succeed;
mod values;
mod words;

use std::collections::{BTreeSet, HashMap};

use crate::{
    catalog::Catalog,
    ddl::{Heard, Leaves, Lock, Loss, Obstacle, Online, Phase, Rewrite, Target, Verb, When},
    diagnostic::{Diagnostic, Hazard},
    diff::{Change, Rename, Way, diff},
    model::ObjectId,
    plan::{edges::Edge, fold::Folded, knots::Knots},
};

pub use both_names::{TwoNamed, expansion};
pub use edges::Why;
pub use explain::{Elsewhere, Explanation, Reason, Tie, explain};
pub use succeed::{Beside, Successors, standing_on};

/// What takes one catalog to another.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// What goes on under another name. The changes are told in the words of the state after that.
    pub renames: Vec<Rename>,
    pub changes: Vec<Change>,
    pub steps: Vec<Step>,
    /// So many of the steps have been run in the shadow already: those that `renames` are about.
    pub carried_out: usize,
    /// Renames that are not, and come by way of a successor: they are among `renames` too, with the names before all.
    pub to_come: Vec<Rename>,
    /// Which steps stand where they do because of which others.
    pub order: Vec<Order>,
}

/// One step before another, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Order {
    /// Places among the steps, from 0.
    pub before: usize,
    pub after: usize,
    pub why: Why,
    /// What the first is about, and what the second is about.
    pub first: ObjectId,
    pub second: ObjectId,
    /// Whether PostgreSQL would accept the other order too, for all that the catalogs tell.
    pub is_wish: bool,
}

/// One statement, with what is known of it before it runs.
#[derive(Clone, Debug)]
pub struct Step {
    /// Without its semicolon. Empty where there is only something left for a person to do.
    pub sql: String,
    /// What this is about, for people: `Table public.users: add column email`. Steps of one group share it.
    pub group: String,
    /// What it creates, changes or drops.
    pub subjects: Vec<ObjectId>,
    /// Which of these it does to each of them.
    pub verbs: Vec<Verb>,
    /// What made it necessary, where its subjects have not changed themselves.
    pub because: Vec<String>,
    pub lock: Lock,
    /// As above, where something uses its subjects in a way of which only PostgreSQL knows.
    pub lock_at_most: Lock,
    pub rewrites: Rewrite,
    /// What, and of which of its subjects.
    pub loses: Vec<(ObjectId, Loss)>,
    /// Rows that make it fail.
    pub fails_if: Vec<Obstacle>,
    pub leaves: Vec<Leaves>,
    /// Why it is done as it is, where others were not to have to wait.
    pub not_online: Vec<String>,
    pub when: When,
    pub phase: Phase,
    /// How long it may wait for its lock, so that nobody waits behind it for longer; see [`Plan::bound_waits`].
    pub lock_timeout: Option<String>,
    /// What its reader must know; once somebody has looked (`hazards`).
    pub hazards: Vec<Hazard>,
    /// How it is set among the others, where that is not as Trueup would set it.
    pub frame: Option<Frame>,
}

/// What stands around a statement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    /// The heading, where it has one of its own.
    pub title: Option<String>,
    /// Whole lines.
    pub before: String,
    pub after: String,
}

impl Plan {
    /// The same plan behind the steps that give objects their new names, which the shadow has behind it.
    pub fn after(mut self, steps: &[Step], renames: &[Rename]) -> Plan {
        let carried_out = steps.len();
        self.move_on(0, carried_out);
        Plan { steps: [steps, &self.steps].concat(), renames: renames.to_vec(), carried_out, ..self }
    }

    /// The renames that lie behind its own steps.
    pub fn renames_behind(&self) -> Vec<Rename> {
        let comes = |rename: &Rename| match rename {
            Rename::Object { to, .. } => {
                self.to_come.iter().any(|it| matches!(it, Rename::Object { to: other, .. } if other == to))
            }
            Rename::Label { .. } => false,
        };
        self.renames.iter().filter(|it| !comes(it)).cloned().collect()
    }

    /// Makes room for `count` steps at a place.
    fn move_on(&mut self, place: usize, count: usize) {
        for order in &mut self.order {
            for at in [&mut order.before, &mut order.after] {
                *at += if place <= *at { count } else { 0 };
            }
        }
    }

    /// Bounds how long steps may wait for a lock that others would wait behind. What PostgreSQL does concurrently waits
    /// for others by design, and is not to be given up.
    pub fn bound_waits(&mut self, timeout: &str) {
        let mut last = None;
        for step in &mut self.steps {
            last = match step.when {
                When::OutsideTransaction => None,
                _ if Lock::ShareUpdateExclusive < step.lock => Some(timeout.to_owned()),
                // What nobody has to wait behind is done under the bound of what came before.
                When::InTransaction | When::BeforeCommit | When::OwnTransaction => last,
            };
            step.lock_timeout.clone_from(&last);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.steps.is_empty() && self.changes.is_empty()
    }

    /// The same plan with the check of function bodies switched off first, as `pg_dump` does
    /// (PostgreSQL manual, 20.11.1, `check_function_bodies`).
    pub fn without_body_checks(mut self) -> Plan {
        let group = "Some bodies mention what is not there: PostgreSQL is not to check them";
        let first = Step { group: group.to_owned(), ..Step::new("SET check_function_bodies = off") };
        self.move_on(self.carried_out, 1);
        self.steps.insert(self.carried_out, first);
        self
    }
}

impl Step {
    pub(crate) fn new(sql: &str) -> Step {
        Step {
            sql: sql.to_owned(),
            group: String::new(),
            subjects: Vec::new(),
            verbs: Vec::new(),
            because: Vec::new(),
            lock: Lock::None,
            lock_at_most: Lock::None,
            rewrites: Rewrite::Never,
            loses: Vec::new(),
            fails_if: Vec::new(),
            leaves: Vec::new(),
            not_online: Vec::new(),
            when: When::InTransaction,
            phase: Phase::Expand,
            lock_timeout: None,
            hazards: Vec::new(),
            frame: None,
        }
    }
}

/// Plans the way from one catalog to another.
///
/// # Errors
/// A diagnostic for each object that cannot be had by any order of statements, or cannot be rebuilt without loss.
pub fn plan(from: &Catalog, to: &Catalog, target: Target) -> Result<Plan, Vec<Diagnostic>> {
    replan(from, to, target, &Heard::new(), &Successors::new())
}

/// The same, knowing what PostgreSQL has said of some changes in place, and of what stands on what gives way.
///
/// # Errors
/// As [`plan`].
pub fn replan(
    from: &Catalog,
    to: &Catalog,
    target: Target,
    heard: &Heard,
    successors: &Successors,
) -> Result<Plan, Vec<Diagnostic>> {
    let changes = diff(from, to, target);
    let online = target.online.map(|it| Online { keys: online::keys(from, to), ..it.clone() });
    let target = Target { online: online.as_ref(), ..target };
    let mut knots = Knots::default();
    loop {
        let expanded = expand::expand((from, to), &changes, target, heard, &knots, successors)?;
        let expanded = if target.in_phases { phases::apart(expanded) } else { expanded };
        let subjects: Vec<ObjectId> = expanded.actions.iter().map(|action| action.subject.clone()).collect();
        match order::order(expanded.actions, &expanded.edges) {
            Ok(ordered) => {
                let folded = fold::fold(ordered);
                let order = reasons(&folded, &expanded.edges, &subjects);
                let steps = words::group(folded, &changes, from, target.in_phases);
                return Ok(Plan { steps, changes, order, ..Plan::default() });
            }
            Err(cycle) if knots.untie(from, to, &expanded.implicit, &cycle) => (),
            Err(cycle) => return Err(vec![knots::diagnostic(&cycle)]),
        }
    }
}

/// The edges between actions, as edges between the steps that they became.
fn reasons(folded: &[Folded], edges: &[Edge], subjects: &[ObjectId]) -> Vec<Order> {
    let place = |(at, step): (usize, &Folded)| step.places.iter().map(move |&action| (action, at)).collect::<Vec<_>>();
    let places: HashMap<usize, usize> = folded.iter().enumerate().flat_map(place).collect();
    let order = |edge: &Edge| {
        let (before, after) = (*places.get(&edge.before)?, *places.get(&edge.after)?);
        let (first, second) = (subjects[edge.before].clone(), subjects[edge.after].clone());
        // Where a wish was given up, they stand the other way round.
        (before < after).then_some(Order { before, after, why: edge.why, first, second, is_wish: edge.soft })
    };
    let found: BTreeSet<Order> = edges.iter().filter_map(order).collect();
    found.into_iter().collect()
}

/// The steps that give objects their new names.
pub fn renaming(ways: Vec<Way>) -> Vec<Step> {
    let steps = |way: Way| {
        let group = words::renaming(&way);
        way.actions.into_iter().map(move |action| Step {
            group: group.clone(),
            verbs: vec![action.verb],
            subjects: vec![action.subject],
            lock: action.lock,
            lock_at_most: action.lock,
            ..Step::new(&action.sql.to_string())
        })
    };
    ways.into_iter().flat_map(steps).collect()
}
