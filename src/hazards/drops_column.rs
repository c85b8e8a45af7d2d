//! # What it warns about
//!
//! A column, or an attribute of a composite type, is dropped. All of its values are lost.
//!
//! # Why
//!
//! No statement brings them back: a column that is added under the same name later is empty. Programs that still name
//! the column fail.
//!
//! # Instead
//!
//! Take the column out of the programs first, and drop it in a later migration. Where it only gets another name, say
//! so ([renames](../../guide/renames.md)); where its values move to another column, copy them by an `UPDATE` before.

use crate::{
    ddl::Loss,
    diagnostic::Severity,
    hazards::{
        Event, Found, Rule,
        estimate::{Work, told},
        event::whole,
        words::path,
    },
    model::ObjectId,
};

pub(super) const RULE: Rule = Rule {
    code: "drops-column",
    severity: Severity::Error,
    instead: "drop it once no release names it; a rename can be said with `--rename`",
    find,
};

fn find(event: &Event<'_>) -> Vec<Found> {
    let lost = event.losses.iter().filter(|(_, loss)| *loss == Loss::Values);
    let each = |id: &ObjectId| {
        let size = event.estimate(&whole(id).qualified(), Work::LoseValues);
        let text = format!("the values of {} are lost{}", path(id), told(size.as_ref()));
        let found = Found::of(event, id, text).estimated(size);
        // Only a plan can be told that it is a rename.
        if event.session.is_some() { found.instead("drop it once no release names it") } else { found }
    };
    lost.map(|(id, _)| each(id)).collect()
}
