//! # What it warns about
//!
//! The statement fails on rows that the table may hold: on a value that an enum lists no more, on a value that no
//! cast turns into the new type. Or it failed on the rows of the rehearsal, for a reason that nothing else tells.
//!
//! # Why
//!
//! What succeeds on an empty database fails where it counts, perhaps in the middle of a deployment.
//!
//! # Instead
//!
//! Look for such rows before, and change them by a statement of its own. Where FROM is a live database, Trueup looks
//! for them.

use crate::{
    ddl::{Meets, Obstacle, Risk},
    diagnostic::Severity,
    hazards::{Event, Found, Rule, words::brief},
};

pub(super) const RULE: Rule = Rule {
    code: "fails-on-rows",
    severity: Severity::Error,
    instead: "look for such rows first, and change them",
    find,
};

fn find(event: &Event<'_>) -> Vec<Found> {
    let met = event.obstacles.iter().filter(|it| it.meets == Meets::Value);
    let told =
        |it: &&Obstacle| Found::of(event, &it.column, format!("fails if {}", it.what)).instead(it.advice.as_str());
    met.map(told).chain(stumbled(event)).collect()
}

/// What PostgreSQL said to the rows of the rehearsal, where no other hazard speaks of that.
fn stumbled(event: &Event<'_>) -> Option<Found> {
    let message = event.observed?.stumbled.as_deref()?;
    let speaks = |risk: &Risk| {
        matches!(risk, Risk::Unique(_) | Risk::Validated(_) | Risk::TypeNarrowed(..) | Risk::TypeChanged(..))
    };
    let tells = |it: &&Obstacle| matches!(it.meets, Meets::Row | Meets::Null | Meets::Value);
    let is_told = event.obstacles.iter().any(tells) || !event.losses.is_empty();
    if is_told || event.risks.iter().any(|(_, risk)| speaks(risk)) {
        return None;
    }
    let text = format!("it failed on rows of the rehearsal: {}", brief(message));
    let found = match event.subjects.first() {
        Some(id) => Found::of(event, id, text),
        None => Found::about(String::new(), text),
    };
    Some(found.severity(Severity::Warning))
}
