//! Asks PostgreSQL how what stands on a part reads where the part has another name. Names no kind.

use std::collections::BTreeMap;

use crate::{
    catalog::Catalog,
    ddl::{Alter, Strategy, Target},
    diagnostic::Diagnostic,
    diff::{Change, Renames, diff},
    kinds::{Renamed, name_beside},
    model::ObjectId,
    plan::{Beside, Successors, renaming, standing_on},
    rehearse::{converge::View, reload::reload, run::attempt},
    shadow::{Scratch, Shadow, Wanted},
};

/// What stands on the parts that may give way to a successor, as it reads there. `to` is created in the shadow for it, if
/// there is any such part.
///
/// # Errors
/// Diagnostics where the shadow is lost.
pub fn beside(
    shadow: &dyn Shadow,
    from: &Catalog,
    to: &Catalog,
    target: Target,
    view: &View<'_>,
) -> Result<Successors, Vec<Diagnostic>> {
    let mut found = Successors::new();
    let Some(online) = target.online else { return Ok(found) };
    let dependents = to.dependents();
    let mut scratch: Option<Result<Scratch, Vec<Diagnostic>>> = None;
    for (id, successor) in diff(from, to, target).iter().filter_map(|change| successor(change, from, to, target)) {
        let whole = id.parent().unwrap_or(&id);
        let mut standing = standing_on(&dependents, &id);
        standing.retain(|it| from.contains(it));
        if standing.is_empty() || !online.wants(Strategy::ExpandContract, whole) {
            continue;
        }
        let names = names(&id, successor, standing);
        if scratch.is_none() {
            scratch = Some(reload(shadow, to, &Wanted::default(), view).map(|it| it.scratch));
        }
        let read = match &mut scratch {
            Some(Ok(scratch)) => read(scratch, to, &names, target, view)?,
            Some(Err(found)) => Err(found.first().map_or_else(String::new, |it| it.title.clone())),
            None => continue,
        };
        found.insert(id, Beside { names, read });
    }
    Ok(found)
}

/// What may give way, and what its successor is called meanwhile.
pub(super) fn successor(change: &Change, from: &Catalog, to: &Catalog, target: Target) -> Option<(ObjectId, ObjectId)> {
    let Change::Alter(id, _) = change else { return None };
    let alters = from.get(id)?.alter(id, to.get(id)?, target);
    let actions = alters.into_iter().flat_map(|(_, alter)| match alter {
        Alter::Do(actions) | Alter::Displace { actions, .. } => actions,
        Alter::Replace { .. } | Alter::Rebuild | Alter::Refuse { .. } | Alter::Ignore(_) => Vec::new(),
    });
    let expansion = actions.filter_map(|action| action.expansion).find_map(|it| it.ok())?;
    Some((id.clone(), expansion.beside))
}

/// What a part and all that stands on it are called beside them.
pub(super) fn names<'a>(
    id: &ObjectId,
    successor: ObjectId,
    standing: impl IntoIterator<Item = &'a ObjectId>,
) -> Renames {
    let mut named: Vec<&ObjectId> = standing.into_iter().filter(|it| it.kind.renamed() != Renamed::No).collect();
    named.sort_by_key(|it| it.ancestors().count());
    let mut names = Renames::default();
    names.objects.insert(id.clone(), successor);
    for it in named {
        let beside = ObjectId { name: name_beside(&it.name), ..names.carry(it) };
        names.objects.insert(it.clone(), beside);
    }
    names
}

/// Reads what has those names for a moment; nothing of it stays.
pub(super) fn read(
    scratch: &mut Scratch,
    to: &Catalog,
    names: &Renames,
    target: Target,
    view: &View<'_>,
) -> Result<Result<Catalog, String>, Vec<Diagnostic>> {
    let back = Renames {
        objects: names.objects.iter().map(|(name, beside)| (beside.clone(), name.clone())).collect::<BTreeMap<_, _>>(),
        ..Renames::default()
    };
    if let Err(failure) = attempt(scratch, &renaming(names.ways(to, to, target)), true) {
        return Ok(Err(failure.message));
    }
    let read = view.read(scratch)?;
    let undo = renaming(back.ways(&read, to, target));
    attempt(scratch, &undo, true).map_err(|failure| {
        vec![Diagnostic::error("shadow-lost", format!("what was renamed in the shadow stays so: {}", failure.message))]
    })?;
    Ok(Ok(read))
}
