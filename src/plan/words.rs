//! Says in words what each group of statements is about.

use crate::{
    ddl::{Action, Verb},
    model::ObjectId,
    plan::{Step, fold::Folded},
};

/// Steps, with one line for those that follow each other and are about one object.
pub(crate) fn group(folded: Vec<Folded>) -> Vec<Step> {
    let mut groups: Vec<(ObjectId, Vec<Folded>)> = Vec::new();
    for next in folded {
        let Some(top) = next.actions.first().map(|action| top(&action.subject)) else { continue };
        match groups.last_mut() {
            Some((last, members)) if *last == top => members.push(next),
            Some(_) | None => groups.push((top, vec![next])),
        }
    }
    groups.into_iter().flat_map(|(top, members)| steps(&top, members)).collect()
}

fn steps(top: &ObjectId, members: Vec<Folded>) -> Vec<Step> {
    let group = describe(top, &members);
    members
        .into_iter()
        .map(|folded| Step {
            sql: folded.sql.to_string(),
            group: group.clone(),
            subjects: folded.subjects(),
            lock: folded.lock(),
            rewrites: folded.rewrites(),
            loses: folded.loses(),
            leaves: folded.leaves(),
            when: folded.when(),
        })
        .collect()
}

/// What a reader thinks of as the thing: the table, not its column.
fn top(id: &ObjectId) -> ObjectId {
    let mut top = id;
    for up in id.ancestors().filter(|up| up.kind.takes_contents_along()) {
        top = up;
    }
    top.clone()
}

/// The statements tell the rest.
const MOST: usize = 5;

fn describe(top: &ObjectId, members: &[Folded]) -> String {
    let actions: Vec<&Action> = members.iter().flat_map(|folded| &folded.actions).collect();
    let because = actions.iter().find_map(|action| action.because.clone());
    let because = because.map(|reason| format!(", because {}", lower_label(&reason))).unwrap_or_default();
    let own = actions.iter().find(|action| action.subject == *top && action.verb != Verb::Alter);
    let name = lower_label(&top.to_string());
    match own.map(|action| action.verb) {
        Some(Verb::Create) => format!("Create {name}{because}"),
        Some(Verb::Drop) => format!("Drop {name}{because}"),
        Some(Verb::Alter) | None if actions.iter().all(|action| action.subject == *top) => {
            format!("Change {name}{because}")
        }
        Some(Verb::Alter) | None => {
            let mut parts: Vec<String> = Vec::new();
            for action in &actions {
                let verb = match action.verb {
                    Verb::Drop => "drop",
                    Verb::Alter => "change",
                    Verb::Create => "add",
                };
                let part = match action.subject == *top {
                    true => "change its settings".to_owned(),
                    false => format!("{verb} {}", brief(&action.subject)),
                };
                if !parts.contains(&part) {
                    parts.push(part);
                }
            }
            if MOST < parts.len() {
                let more = parts.len() - (MOST - 1);
                parts.truncate(MOST - 1);
                parts.push(format!("{more} more"));
            }
            format!("{}: {}{because}", capital(&name), parts.join(", "))
        }
    }
}

/// `column email`, `comment on column email`
fn brief(id: &ObjectId) -> String {
    let label = id.kind.label().to_lowercase();
    match (id.name.raw(), id.parent()) {
        ("", Some(parent)) if label.ends_with(&parent.kind.label().to_lowercase()) => {
            format!("{label} {}", parent.name)
        }
        ("", Some(parent)) => format!("{label} of {}", brief(parent)),
        ("", None) => label,
        _ => format!("{label} {}", id.name),
    }
}

/// `TABLE public.users` as it reads in a sentence: `table public.users`.
fn lower_label(text: &str) -> String {
    let words: Vec<&str> = text.split(' ').collect();
    let upper = words.iter().take_while(|word| word.chars().all(|c| c.is_ascii_uppercase())).count();
    words
        .iter()
        .enumerate()
        .map(|(at, word)| if at < upper { word.to_lowercase() } else { (*word).to_owned() })
        .collect::<Vec<_>>()
        .join(" ")
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
