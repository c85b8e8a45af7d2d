//! Words that several hazards share.

use crate::{hazards::Event, model::ObjectId, rehearse::Changed};

/// `public.users.email`. What is a property has no name of its own.
pub(super) fn path(id: &ObjectId) -> String {
    match id.parent() {
        Some(parent) if id.name.raw().is_empty() => path(parent),
        Some(parent) if parent.parent().is_some() => format!("{}.{}", path(parent), id.name),
        Some(_) | None => id.qualified(),
    }
}

/// `, while reads and writes wait`; nothing where nobody waits.
pub(super) fn meanwhile(event: &Event<'_>, relation: &str) -> String {
    event.keeps_waiting(relation).map(|who| format!(", while {who} wait")).unwrap_or_default()
}

/// What the rehearsal has shown of the values of a column.
pub(super) fn example(event: &Event<'_>, column: &ObjectId) -> String {
    let table = column.parent().map(ObjectId::qualified).unwrap_or_default();
    let fate = event.fates.iter().find(|fate| fate.table == table);
    let changed = fate.and_then(|fate| fate.changed.iter().find(|it| it.column == column.name.raw()));
    let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "NULL".to_owned());
    let words = |it: &Changed| format!("; in the rehearsal {} became {}", shown(&it.example.0), shown(&it.example.1));
    changed.map(words).unwrap_or_default()
}

/// A definition in one line, and not too long a one.
pub(super) fn brief(definition: &str) -> String {
    const MOST: usize = 60;
    let line = definition.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// `a, b and c`
pub(super) fn list(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [only] => only.clone(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}
