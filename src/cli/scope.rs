//! What of a comparison is the user's to change: `--include`, `--exclude`, `--drop`, and what tools made for themselves.
//!
//! What is not to be changed is *kept*: TO gets it as FROM has it. To leave it out of both sides would hide it from the
//! plan, which could not make it anew where it stands in the way, and from the rehearsal, which would not fail on it.

use std::collections::{BTreeMap, BTreeSet};

use clap::ValueEnum;

use crate::{
    catalog::{Catalog, Entry},
    cli::{filter::Filter, pattern::Pattern, side::Side, tools, ui::Ui},
    ddl::Target,
    diagnostic::Diagnostic,
    diff::{Change, diff},
    kinds::Object,
    model::{Kind, ObjectId, Pair},
    rehearse::{View, reload},
    shadow::{Shadow, Wanted},
};

/// What may be dropped of what only FROM has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Drop {
    /// Everything but what tools made for themselves, such as tables of migrations
    #[default]
    Managed,
    /// Everything; what tools made is compared like anything else
    All,
    /// Nothing; what stands in the way may be made anew
    Never,
}

#[derive(Debug)]
pub(crate) struct Scope<'a> {
    pub include: &'a [Pattern],
    pub exclude: &'a [Pattern],
    pub drop: Drop,
}

/// Which objects were not chosen, on either side.
#[derive(Debug, Default)]
pub(crate) struct Unchosen(BTreeSet<ObjectId>);

impl Scope<'_> {
    /// Asks the patterns about every object of both sides, once: what is chosen on one side is chosen on the other.
    pub(crate) fn unchosen(&self, sides: &Pair<Side>) -> Unchosen {
        if self.include.is_empty() && self.exclude.is_empty() {
            return Unchosen::default();
        }
        let owners = |id: &ObjectId| [&sides.from, &sides.to].into_iter().filter_map(|side| owner(side, id)).collect();
        let excluded = |id: &ObjectId| self.exclude.iter().any(|it| it.matches(id, &owners));
        let included = |id: &ObjectId| {
            self.include.is_empty() || self.include.iter().any(|it| it.matches(id, &owners) || it.may_hold(id))
        };
        let ids = || sides.from.catalog.ids().chain(sides.to.catalog.ids());
        let chosen: BTreeSet<&ObjectId> = ids().filter(|id| included(id) && !excluded(id)).collect();
        // A schema comes along for what is chosen in it.
        let holds: BTreeSet<&ObjectId> =
            chosen.iter().flat_map(|id| id.ancestors()).filter(|id| !excluded(id)).collect();
        let comes_along = |id: &ObjectId| !id.kind.takes_contents_along() && holds.contains(id);
        Unchosen(ids().filter(|id| !chosen.contains(id) && !comes_along(id)).cloned().collect())
    }

    /// Gives TO what is kept of FROM, and takes from it what is not to be created. Tells what the user should know.
    ///
    /// # Errors
    /// Diagnostics for what cannot be kept, or cannot be left out.
    pub(crate) fn apply(
        &self,
        unchosen: &Unchosen,
        sides: &mut Pair<Side>,
        filter: &Filter,
        (shadow, view): (&dyn Shadow, &View<'_>),
        ui: &Ui,
    ) -> Result<Vec<Diagnostic>, Vec<Diagnostic>> {
        let mut notes = Vec::new();
        let of_tools = match self.drop {
            Drop::All => Pair::default(),
            Drop::Managed | Drop::Never => {
                Pair::new(made_by_tools(&mut sides.from, &sides.to), made_by_tools(&mut sides.to, &sides.from))
            }
        };
        let (from, to) = (&mut sides.from.catalog, &mut sides.to.catalog);
        let left_alone = leave_out_unneeded(from, to, of_tools.to);
        leave_out(from, to, &unchosen.0)?;

        let mut kept = Kept::default();
        let unchosen: BTreeSet<ObjectId> = unchosen.0.iter().filter(|id| from.contains(id)).cloned().collect();
        kept.keep(from, to, &unchosen)?;
        let made = with_contents(from, &of_tools.from);
        kept.keep(from, to, &made)?;
        notes.extend(kept.needed(from, &(&unchosen | &made)));
        notes.extend(
            tell("left-alone", "what tools made for themselves is left alone", of_tools.from.union(&left_alone), ui)
                .map(|it| it.with_help("`-v` lists them; `--drop all` compares them like everything else")),
        );
        if !unchosen.is_empty() {
            filter.pass_over(unrelated(from, to, &unchosen));
            filter.apply(from);
            filter.apply(to);
        }
        kept.follow(from, to, shadow, view);
        Ok(notes)
    }

    /// With `--drop never`, gives TO what only FROM has, once the objects of FROM have their new names.
    ///
    /// # Errors
    /// Diagnostics for what cannot be kept.
    pub(crate) fn keep_the_rest(
        &self,
        from: &Catalog,
        to: &mut Catalog,
        (shadow, view): (&dyn Shadow, &View<'_>),
        ui: &Ui,
    ) -> Result<Option<Diagnostic>, Vec<Diagnostic>> {
        if self.drop != Drop::Never {
            return Ok(None);
        }
        let mut kept = Kept::default();
        let dropped = dropped(from, to);
        kept.keep(from, to, &with_contents(from, &dropped))?;
        kept.follow(from, to, shadow, view);
        let whole = dropped.iter().filter(|id| !id.ancestors().any(|it| dropped.contains(it)));
        Ok(tell("kept", "what only FROM has is kept", whole, ui).map(|it| it.with_help("`-v` lists them")))
    }
}

/// The roles that own an object. That of the session counts only where the session is the user's.
fn owner<'a>(side: &'a Side, id: &ObjectId) -> Option<&'a str> {
    let is_users = side.live.is_some() && side.scratch.is_none();
    match side.catalog.get(&id.child(Kind::Owner, "")) {
        Some(Object::Owner(owner)) if is_users || !owner.is_session => Some(&owner.role),
        _ => None,
    }
}

/// What tools made on a side that is live, and the other side does not speak of; where that is live too, only what is our
/// own. A history that notes nothing is nobody's; and who declares one of the extensions that watch a server decides on all
/// of them.
fn made_by_tools(one: &mut Side, other: &Side) -> BTreeSet<ObjectId> {
    let Some(live) = &mut one.live else { return BTreeSet::new() };
    let counts = |id: &ObjectId| tools::made(id) && (other.live.is_none() || tools::is_own(id));
    let decides = other.catalog.ids().any(|id| id.kind == Kind::Extension && tools::made(id));
    let is_mentioned = |id: &ObjectId| {
        let slots: Vec<_> = id.slots().collect();
        other.catalog.ids().any(|it| it == id || it.slots().any(|slot| slots.contains(&slot)))
    };
    let found: Vec<&ObjectId> = one.catalog.ids().filter(|id| counts(id) && !is_mentioned(id)).collect();
    let mut is_used = |id: &ObjectId| match id.kind == Kind::Extension {
        true => !decides,
        false if tools::is_own(id) => true,
        false => {
            let is_in = |it: &&ObjectId| it.kind == Kind::Table && (*it == id || it.parent() == Some(id));
            one.catalog.ids().filter(is_in).any(|table| live.has_rows(table))
        }
    };
    let made: BTreeSet<&ObjectId> = found.into_iter().filter(|id| is_used(id)).collect();
    let is_whole = |id: &&ObjectId| !id.ancestors().any(|it| made.contains(it));
    made.iter().copied().filter(is_whole).cloned().collect()
}

/// These, and all that stands in them.
pub(super) fn with_contents(catalog: &Catalog, tops: &BTreeSet<ObjectId>) -> BTreeSet<ObjectId> {
    if tops.is_empty() {
        return BTreeSet::new();
    }
    let is_in = |id: &&ObjectId| id.upwards().any(|it| tops.contains(it));
    catalog.ids().filter(is_in).cloned().collect()
}

/// These, and all that is never there without them.
pub(super) fn with_what_dies(catalog: &Catalog, tops: &BTreeSet<ObjectId>) -> BTreeSet<ObjectId> {
    let mut gone = with_contents(catalog, tops);
    while !gone.is_empty() {
        let dies = |(_, entry): &(&ObjectId, &Entry)| entry.dies_with.iter().any(|it| gone.contains(it));
        let more = catalog.iter().filter(dies).map(|(id, _)| id.clone()).collect();
        let more = &with_contents(catalog, &more) - &gone;
        if more.is_empty() {
            break;
        }
        gone.extend(more);
    }
    gone
}

/// Does not create what tools made, unless something else needs it. Tells which are left out.
fn leave_out_unneeded(from: &Catalog, to: &mut Catalog, tops: BTreeSet<ObjectId>) -> BTreeSet<ObjectId> {
    let is_unneeded = |to: &Catalog, top: &ObjectId| {
        let gone = with_what_dies(to, &BTreeSet::from([top.clone()]));
        let needs = |id: &ObjectId| !gone.contains(id) && to.needs(id).any(|it| gone.contains(it));
        !to.ids().any(needs)
    };
    let tops: BTreeSet<ObjectId> = tops.into_iter().filter(|top| is_unneeded(to, top)).collect();
    let gone = with_what_dies(to, &tops);
    if !gone.is_empty() {
        to.retain(|id| from.contains(id) || !gone.contains(id));
    }
    tops
}

/// Does not create what was not chosen and only TO has.
fn leave_out(from: &Catalog, to: &mut Catalog, unchosen: &BTreeSet<ObjectId>) -> Result<(), Vec<Diagnostic>> {
    let tops = unchosen.iter().filter(|id| !from.contains(id)).cloned().collect();
    let mut gone = with_what_dies(to, &tops);
    gone.retain(|id| !from.contains(id));
    if gone.is_empty() {
        return Ok(());
    }
    let stays = |id: &&ObjectId| !gone.contains(*id) && !unchosen.contains(*id);
    let lacking: Vec<Diagnostic> = to
        .ids()
        .filter(stays)
        .filter_map(|id| {
            let needed = to.needs(id).find(|it| gone.contains(*it))?;
            let title = format!("{id} needs {needed}, which is left out and is not in FROM");
            let found = Diagnostic::error("left-out", title);
            let found = to.entry(id)?.written.iter().fold(found, |it, span| it.at(span.clone(), "declared here"));
            Some(found.with_help("choose both or neither with `--include` and `--exclude`"))
        })
        .collect();
    if !lacking.is_empty() {
        return Err(lacking);
    }
    to.retain(|id| !gone.contains(id));
    Ok(())
}

/// What was not chosen, and nothing that was has to do with: no chosen object needs it, nor does it need one. The shadow
/// need not be able to make it.
fn unrelated(from: &Catalog, to: &Catalog, unchosen: &BTreeSet<ObjectId>) -> BTreeSet<ObjectId> {
    let ids = || from.ids().chain(to.ids());
    // Some have to do with whatever is done: they fire on it, or say what may be done with what is new.
    let is_everywhere = |id: &ObjectId| id.kind.fires_on_ddl() || id.kind == Kind::DefaultGrant;
    let mut related: BTreeSet<&ObjectId> = ids().filter(|id| !unchosen.contains(id) || is_everywhere(id)).collect();
    let dependents = Pair::new(from.dependents(), to.dependents());
    let mut todo: Vec<&ObjectId> = related.iter().copied().collect();
    while let Some(id) = todo.pop() {
        // To stand in the same schema is no relation.
        let is_contained = |it: &ObjectId| !id.kind.takes_contents_along() && it.parent() == Some(id);
        let standing_on = [&dependents.from, &dependents.to].into_iter().filter_map(|it| it.get(id)).flatten();
        todo.extend(standing_on.copied().filter(|it| !is_contained(it) && related.insert(it)));
    }
    let mut todo: Vec<&ObjectId> = related.iter().copied().collect();
    while let Some(id) = todo.pop() {
        let is_content = |it: &&ObjectId| id.kind.takes_contents_along() && it.parent() == Some(id);
        let contents = [&dependents.from, &dependents.to].into_iter().filter_map(|it| it.get(id)).flatten();
        let contents = contents.copied().filter(is_content);
        todo.extend(contents.chain(from.needs(id)).chain(to.needs(id)).filter(|it| related.insert(it)));
    }
    unchosen.iter().filter(|id| !related.contains(id)).cloned().collect()
}

/// What `--drop never` keeps: the things that the plan would drop, and not their properties.
fn dropped(from: &Catalog, to: &Catalog) -> BTreeSet<ObjectId> {
    let target = Target::new(from.version, &from.casts);
    let is_thing = |id: &ObjectId| {
        let is_property = id.kind.is_property() || id.kind.is_deviation();
        !is_property && !matches!(id.kind, Kind::NotNull | Kind::DatabaseSetting)
    };
    // A column of a view goes and comes with the query.
    let is_derived = |id: &ObjectId| {
        let is_in_to = id.parent().is_some_and(|parent| to.contains(parent));
        is_in_to && from.get(id).is_some_and(|object| object.drop(id).is_empty())
    };
    // A table has only one.
    let is_succeeded = |id: &ObjectId| {
        id.kind == Kind::PrimaryKey && to.ids().any(|it| it.kind == id.kind && it.parent() == id.parent())
    };
    let removed = |change| match change {
        Change::Remove(id) if is_thing(&id) && !is_derived(&id) && !is_succeeded(&id) => Some(id),
        Change::Remove(_) | Change::Add(_) | Change::Alter(..) => None,
    };
    diff(from, to, target).into_iter().filter_map(removed).collect()
}

/// Says how many there are, and under `-v` which.
pub(super) fn tell<'a>(
    code: &'static str,
    what: &str,
    ids: impl Iterator<Item = &'a ObjectId>,
    ui: &Ui,
) -> Option<Diagnostic> {
    let shown: Vec<String> = ids.map(|id| format!("{code}: {id}")).collect();
    shown.iter().for_each(|line| ui.detail(line));
    let count = match shown.len() {
        0 => return None,
        1 => "1 object".to_owned(),
        count => format!("{count} objects"),
    };
    Some(Diagnostic::note(code, format!("{what}: {count}")))
}

/// What TO has from FROM.
#[derive(Default)]
pub(super) struct Kept {
    ids: BTreeSet<ObjectId>,
    /// What is kept only since something else that is kept needs it.
    because: BTreeMap<ObjectId, ObjectId>,
}

impl Kept {
    /// Gives `to` these objects as they are in `from`, and what they need and it lacks.
    pub(super) fn keep(
        &mut self,
        from: &Catalog,
        to: &mut Catalog,
        roots: &BTreeSet<ObjectId>,
    ) -> Result<(), Vec<Diagnostic>> {
        let mut todo: Vec<ObjectId> = roots.iter().cloned().collect();
        let mut found = BTreeSet::new();
        while let Some(id) = todo.pop() {
            for needed in from.needs(&id).filter(|it| from.contains(it) && !to.contains(it) && !roots.contains(it)) {
                if self.because.contains_key(needed) {
                    continue;
                }
                self.because.insert(needed.clone(), id.clone());
                match needed.kind.takes_contents_along() {
                    true => todo.extend(with_contents(from, &BTreeSet::from([needed.clone()]))),
                    false => todo.push(needed.clone()),
                }
            }
            found.insert(id);
        }
        let taken: Vec<Diagnostic> = taken(to, &found);
        if !taken.is_empty() {
            return Err(taken);
        }
        for id in &found {
            if let Some(entry) = from.entry(id) {
                to.adopt(id.clone(), entry.clone());
            }
        }
        self.ids.extend(found);
        Ok(())
    }

    /// Names what TO does not have, and is kept for the sake of these.
    pub(super) fn needed(&self, from: &Catalog, roots: &BTreeSet<ObjectId>) -> Option<Diagnostic> {
        let title = "TO does not have these; they are kept, since something that stays as it is needs them";
        // A sequence that belongs to a column is a part of it.
        let is_part = |id: &ObjectId| from.entry(id).is_some_and(|it| it.dies_with.iter().any(|by| roots.contains(by)));
        let is_whole = |id: &ObjectId| !id.ancestors().any(|it| self.because.contains_key(it));
        let needed = self.because.iter().filter(|(id, _)| !roots.contains(id) && !is_part(id) && is_whole(id));
        let found = needed.fold(Diagnostic::note("kept", title), |found, (id, by)| {
            let first = std::iter::successors(Some(by), |it| self.because.get(it)).last().unwrap_or(by);
            found.with_note(format!("{id}: {first} needs it"))
        });
        (!found.notes.is_empty()).then_some(found)
    }

    /// What stands on something that changes follows it, as the types of a view's columns follow those of a table. Only
    /// PostgreSQL knows how. Where it cannot have it so, the rehearsal says why.
    pub(super) fn follow(&self, from: &Catalog, to: &mut Catalog, shadow: &dyn Shadow, view: &View<'_>) {
        if self.ids.is_empty() {
            return;
        }
        let dependents = from.dependents();
        let mut todo: Vec<&ObjectId> = from.ids().filter(|id| from.get(id) != to.get(id)).collect();
        let mut moved: BTreeSet<&ObjectId> = BTreeSet::new();
        while let Some(id) = todo.pop() {
            let more = dependents.get(id).into_iter().flatten().copied();
            todo.extend(more.filter(|it| self.ids.contains(*it) && moved.insert(it)));
        }
        if moved.is_empty() {
            return;
        }
        let Ok(reloaded) = reload(shadow, to, &Wanted::default(), view) else { return };
        for id in moved.into_iter().filter(|id| !id.kind.may_be_unstated()) {
            if let (Some(entry), Some(object)) = (to.entry_mut(id), reloaded.catalog.get(id)) {
                entry.object = object.clone();
            }
        }
    }
}

/// Names of objects to keep that others have in TO.
fn taken(to: &Catalog, kept: &BTreeSet<ObjectId>) -> Vec<Diagnostic> {
    let new: BTreeMap<_, &ObjectId> =
        kept.iter().filter(|id| !to.contains(id)).flat_map(|id| id.slots().map(move |slot| (slot, id))).collect();
    let taken = |id: &ObjectId| {
        let old = id.slots().find_map(|slot| new.get(&slot))?;
        let found = Diagnostic::error("cannot-keep", format!("{old} is to be kept, and {id} is to have its name"));
        let found = to.entry(id)?.written.iter().fold(found, |it, span| it.at(span.clone(), "declared here"));
        Some(found.with_help("give one of them another name, or let the old one be dropped"))
    };
    to.ids().filter(|id| !kept.contains(id)).filter_map(taken).collect()
}
