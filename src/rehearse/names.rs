//! Gives objects their new names in the shadow, and reads the result: what follows of a rename, only PostgreSQL knows.

use std::collections::BTreeMap;

use crate::{
    catalog::{Catalog, Entry},
    ddl::{Action, Heard, Target},
    diagnostic::Diagnostic,
    diff::{
        Rename, Renames, Way, implied,
        wish::{Wish, resolve},
    },
    model::ObjectId,
    plan::{Plan, Step, TwoNamed, renaming},
    rehearse::{
        converge::{PASSES, View},
        reload::wanted,
        run::{Failure, attempt},
    },
    shadow::Scratch,
    sources::Declared,
};

/// What has been said about names.
#[derive(Clone, Copy, Debug, Default)]
pub struct Said<'a> {
    /// By the user, now: what cannot be done is an error.
    pub asked: &'a [Wish],
    /// Some time before: what is done already, or can no longer be done, is left out.
    pub noted: &'a [Wish],
    pub declared: &'a [Declared],
}

/// The starting state with its objects under their new names.
pub struct Named {
    pub from: Catalog,
    pub steps: Vec<Step>,
    pub renames: Vec<Rename>,
    /// Which values of enums rows are to hold instead of others.
    pub instead: BTreeMap<ObjectId, Vec<(String, String)>>,
    /// What the plan itself is to give its new name (`both_names`), and the state that the database is in until then.
    pub both: Option<(Vec<TwoNamed>, Catalog)>,
}

impl Named {
    pub fn new(from: &Catalog) -> Named {
        Named { from: from.clone(), steps: Vec::new(), renames: Vec::new(), instead: BTreeMap::new(), both: None }
    }

    /// The state that the database is in before the plan's own steps.
    pub fn start(&self) -> &Catalog {
        self.both.as_ref().map_or(&self.from, |(_, start)| start)
    }

    /// A plan from the new names on, with all that leads to them.
    pub fn lead_to(&self, plan: Plan, heard: &Heard) -> Plan {
        let plan = plan.after(&self.steps, &self.renames);
        match &self.both {
            Some((parts, _)) => plan.with_both_names(parts, heard),
            None => plan,
        }
    }
}

/// Where a starting state is.
pub enum Room<'a> {
    Here(&'a mut Scratch),
    /// In the first, or to be made by the second where a database is needed at all.
    Perhaps(&'a mut Option<Scratch>, &'a Copier<'a>),
}

/// Makes a database that holds a catalog.
pub type Copier<'a> = dyn Fn(&Catalog) -> Result<Scratch, Vec<Diagnostic>> + 'a;

impl Room<'_> {
    pub(super) fn scratch(&mut self, from: &Catalog) -> Result<&mut Scratch, Vec<Diagnostic>> {
        match self {
            Room::Here(scratch) => Ok(scratch),
            Room::Perhaps(Some(scratch), _) => Ok(scratch),
            Room::Perhaps(none, copy) => Ok(none.insert(copy(from)?)),
        }
    }
}

/// Renames what is said to be renamed, and what follows: objects without data that are the same but for their names.
///
/// The database in `room` holds the result afterwards.
///
/// # Errors
/// Diagnostics for what is said and cannot be done, and for statements that PostgreSQL refuses.
pub fn name(
    from: &Catalog,
    to: &Catalog,
    said: Said<'_>,
    target: Target,
    view: &View<'_>,
    mut room: Room<'_>,
) -> Result<Named, Vec<Diagnostic>> {
    let mut named = Named::new(from);
    let mut next = resolve(said.asked, said.noted, said.declared, from, to)?;
    named.instead = std::mem::take(&mut next.instead);
    if !next.is_empty() {
        carry_out(&mut named, &next, to, target, view, room.scratch(from)?, false)?;
    }
    let movers = movers(&named.from, to);
    if !movers.is_empty() {
        move_members(&mut named, movers, to, target, view, room.scratch(from)?)?;
    }
    for _ in 0..PASSES {
        let follows = implied(&named.from, to, target);
        if follows.is_empty() || !carry_out(&mut named, &follows, to, target, view, room.scratch(from)?, true)? {
            break;
        }
    }
    Ok(named)
}

/// What takes its members to another schema.
fn movers(from: &Catalog, to: &Catalog) -> Vec<Action> {
    let moves = |(id, entry): (&ObjectId, &Entry)| from.get(id)?.moves_members(id, &entry.object);
    to.iter().filter_map(moves).collect()
}

/// What moves is called otherwise wherever it is mentioned: the state is read again. What PostgreSQL refuses is left to
/// the plan.
fn move_members(
    named: &mut Named,
    movers: Vec<Action>,
    to: &Catalog,
    target: Target,
    view: &View<'_>,
    scratch: &mut Scratch,
) -> Result<(), Vec<Diagnostic>> {
    scratch.provide_roles(&wanted(to)).map_err(|error| vec![error.diagnostic()])?;
    for action in movers {
        let missing = to.needs(&action.subject).filter(|id| id.parent().is_none() && !named.from.contains(id));
        let created = missing.filter_map(|id| Way::creating(id, to, target));
        let moved = Way { actions: vec![action.clone()], rename: None };
        let steps = renaming(created.chain([moved]).collect());
        if attempt(scratch, &steps, true).is_ok() {
            named.steps.extend(steps);
            named.from = view.read(scratch)?.after(&named.from, ObjectId::clone);
        }
    }
    Ok(())
}

/// Whether anything was renamed. Where PostgreSQL refuses what only follows, as for the columns of a typed table, that is
/// not renamed.
fn carry_out(
    named: &mut Named,
    renames: &Renames,
    to: &Catalog,
    target: Target,
    view: &View<'_>,
    scratch: &mut Scratch,
    may_be_refused: bool,
) -> Result<bool, Vec<Diagnostic>> {
    scratch.provide_roles(&wanted(to)).map_err(|error| vec![error.diagnostic()])?;
    let mut done = Renames::default();
    for way in renames.ways(&named.from, to, target) {
        let rename = way.rename.clone();
        let steps = renaming(vec![way]);
        match attempt(scratch, &steps, true) {
            Ok(()) => named.steps.extend(steps),
            Err(_) if may_be_refused => continue,
            Err(failure) => return Err(vec![refused(&failure)]),
        }
        if let Some(Rename::Object { from, to }) = rename.filter(|_| may_be_refused) {
            done.objects.insert(from, to);
        }
    }
    let renames = if may_be_refused { &done } else { renames };
    if renames.is_empty() {
        return Ok(false);
    }
    let read = view.read(scratch)?;
    named.from = read.after(&named.from, |id| renames.carry(id));
    named.renames.extend(renames.list());
    Ok(true)
}

fn refused(failure: &Failure) -> Diagnostic {
    let title = format!("a rename fails in the shadow: {}", failure.message);
    let found = Diagnostic::error("bad-rename", title).with_note(format!("the statement was: {}", failure.sql));
    failure.hint.iter().chain(&failure.detail).fold(found, |found, it| found.with_note(it.as_str()))
}
