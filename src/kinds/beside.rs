//! What kinds have in common when they follow a column to its successor.

use crate::{
    ddl::{Action, Following, Kept},
    kinds::{name_aside, rename},
    model::ObjectId,
};

/// Statements, as they are written.
pub(crate) fn texts(actions: impl IntoIterator<Item = Action>) -> Vec<String> {
    actions.into_iter().map(|action| action.sql.to_string()).collect()
}

/// Built under the name `beside`; it takes the name of the one that `drop` takes away.
pub(crate) fn replaced(id: &ObjectId, drop: Vec<Action>, beside: &ObjectId, build: Vec<Action>) -> Following {
    let build = build.into_iter().map(|it| it.about(id)).collect();
    Following { build, leave: texts(drop), take: texts(rename(beside, id)), ..Following::default() }
}

/// The same, where what serves the old part can do so under another name.
pub(crate) fn replaced_or_kept(id: &ObjectId, drop: Vec<Action>, beside: &ObjectId, build: Vec<Action>) -> Following {
    let aside = ObjectId { name: name_aside(&id.name), ..id.clone() };
    let renamed = rename(id, &aside);
    let lighter = renamed.iter().map(|it| it.lock).max();
    let kept = Kept { leave: texts(renamed), lighter, ..Kept::default() };
    Following { kept: Some(kept), ..replaced(id, drop, beside, build) }
}

/// Set on the successor from the start, where it is said of the column itself; otherwise when that is in its place.
pub(crate) fn said(id: &ObjectId, is_of_column: bool, beside: Vec<Action>, to: Vec<Action>) -> Following {
    match is_of_column {
        true => Following { build: beside.into_iter().map(|it| it.about(id)).collect(), ..Following::default() },
        false => {
            let lighter = to.iter().map(|it| it.lock).max();
            Following { take: texts(to), by_itself: true, lighter, ..Following::default() }
        }
    }
}
