//! Says in words what each group of statements is about.

use crate::{
    catalog::Catalog,
    ddl::{Action, Verb},
    diff::{Change, Rename, Way},
    model::{Literal, ObjectId},
    plan::{Step, fold::Folded},
};

/// Steps, with one line for those that follow each other and are about one object; and are of one phase, where that matters.
pub(crate) fn group(folded: Vec<Folded>, changes: &[Change], from: &Catalog, in_phases: bool) -> Vec<Step> {
    let mut groups: Vec<(ObjectId, Vec<Folded>)> = Vec::new();
    for next in folded {
        let Some(top) = next.actions.first().map(|action| top(&action.subject)) else { continue };
        let is_apart = |members: &[Folded]| in_phases && members.iter().any(|it| it.phase() != next.phase());
        match groups.last_mut() {
            Some((last, members)) if *last == top && !is_apart(members) => members.push(next),
            Some(_) | None => groups.push((top, vec![next])),
        }
    }
    groups.into_iter().flat_map(|(top, members)| steps(&top, members, changes, from)).collect()
}

/// What a rename is about.
pub(crate) fn renaming(way: &Way) -> String {
    match &way.rename {
        None => way.actions.first().map(preparing).unwrap_or_default(),
        Some(Rename::Label { of, from, to }) => {
            format!("Rename the value {} of {} to {}", Literal(from), lower(&of.to_string()), Literal(to))
        }
        Some(Rename::Object { from, to }) if from.name == to.name => {
            format!("Move {} to {}", lower(&from.to_string()), lower(&to.container().to_string()))
        }
        Some(Rename::Object { from, to }) => format!("Rename {} to {}", lower(&from.to_string()), to.name),
    }
}

fn preparing(action: &Action) -> String {
    let name = lower(&action.subject.to_string());
    match action.verb {
        Verb::Create => format!("Create {name}"),
        Verb::Alter | Verb::Drop => format!("Move {name} with all its members"),
    }
}

fn steps(top: &ObjectId, members: Vec<Folded>, changes: &[Change], from: &Catalog) -> Vec<Step> {
    let actions: Vec<&Action> = members.iter().flat_map(|folded| &folded.actions).collect();
    let group = describe(top, &actions, changes);
    members
        .into_iter()
        .map(|folded| Step {
            sql: folded.sql.to_string(),
            group: group.clone(),
            subjects: folded.subjects(),
            verbs: folded.actions.iter().map(|action| action.verb).collect(),
            because: folded.because(),
            lock: folded.lock(),
            lock_at_most: folded.lock_at_most(),
            rewrites: folded.rewrites(),
            loses: folded.loses(),
            fails_if: folded.fails_if(from),
            leaves: folded.leaves(),
            not_online: folded.actions.iter().filter_map(|action| action.not_online.clone()).collect(),
            when: folded.when(),
            phase: folded.phase(),
            lock_timeout: None,
            hazards: Vec::new(),
            frame: None,
        })
        .collect()
}

/// What a reader thinks of as the thing: the table, not its column; the schema, not its owner.
fn top(id: &ObjectId) -> ObjectId {
    let mut top = id;
    for up in id.ancestors() {
        if !up.kind.takes_contents_along() && !top.kind.is_property() {
            break;
        }
        top = up;
    }
    top.clone()
}

/// The statements tell the rest.
const MOST: usize = 5;

fn describe(top: &ObjectId, actions: &[&Action], changes: &[Change]) -> String {
    let name = lower(&top.to_string());
    // That a thing is rebuilt because it is rebuilt says nothing.
    let reasons = actions.iter().filter_map(|action| action.because.as_deref()).map(lower);
    let because =
        reasons.filter(|reason| !reason.starts_with(&name)).map(|reason| format!(", because {reason}")).next();
    let because = because.unwrap_or_default();
    let does = |verb| actions.iter().any(|action| action.subject == *top && action.verb == verb);
    match (does(Verb::Drop), does(Verb::Create)) {
        _ if top.kind.is_deviation() => format!("Change {name}{because}"),
        (true, true) => format!("Rebuild {name}{because}"),
        (true, false) => format!("Drop {name}{because}"),
        (false, true) => format!("Create {name}{because}"),
        (false, false) => format!("{}: {}{because}", capital(&name), parts(top, actions, changes).join(", ")),
    }
}

/// What is done to the parts of a thing, each said once.
fn parts(top: &ObjectId, actions: &[&Action], changes: &[Change]) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for action in actions.iter().filter(|action| !goes_without_saying(action, actions)) {
        let verb = match action.verb {
            Verb::Alter => "change",
            _ if action.subject.kind.is_deviation() => "change",
            Verb::Drop => "drop",
            Verb::Create => "add",
        };
        let part = match action.subject == *top {
            true => format!("change {}", attributes(top, changes).unwrap_or_else(|| unnamed(action))),
            false => format!("{verb} {}", brief(&action.subject, top)),
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
    parts
}

/// A new column comes with its default.
fn goes_without_saying(action: &Action, actions: &[&Action]) -> bool {
    action.subject.kind.is_property()
        && actions.iter().any(|other| Some(&other.subject) == action.subject.parent() && other.verb == action.verb)
}

/// The attributes of a thing that change: `row security`.
fn attributes(id: &ObjectId, changes: &[Change]) -> Option<String> {
    let changed = changes.iter().find_map(|change| match change {
        Change::Alter(of, attributes) if of == id => Some(attributes),
        Change::Alter(..) | Change::Add(_) | Change::Remove(_) => None,
    });
    let names = changed.into_iter().flatten().map(|attribute| attribute.replace('_', " ")).collect::<Vec<_>>();
    (!names.is_empty()).then(|| names.join(" and "))
}

/// What changes of a thing that has only just been created.
fn unnamed(action: &Action) -> String {
    if action.because.is_some() { "its definition".to_owned() } else { "its settings".to_owned() }
}

/// `column email`, `comment of column email`, `privileges of reporter`
fn brief(id: &ObjectId, top: &ObjectId) -> String {
    let Some(parent) = id.parent().filter(|_| id.kind.is_property()) else {
        let label = id.kind.label().to_lowercase();
        return if id.name.raw().is_empty() { label } else { format!("{label} {}", id.name) };
    };
    let full = id.to_string();
    let container = parent.to_string();
    let words = [" OF ", " ON "].into_iter();
    let split = words.filter_map(|word| Some((full.strip_suffix(&format!("{word}{container}"))?, word))).next();
    match split {
        None => lower(&full),
        Some((own, _)) if parent == top => lower(own),
        Some((own, word)) => lower(own) + &lower(word) + &brief(parent, top),
    }
}

/// `TABLE public.users` as it reads in a sentence: `table public.users`.
fn lower(text: &str) -> String {
    let mut quotes = 0;
    let mut is_argument = false;
    let lowered = text.split(' ').map(|word| {
        let keyword =
            quotes % 2 == 0 && word != "PUBLIC" && word.chars().all(|c| c.is_ascii_uppercase()) && !is_argument;
        quotes += word.matches('"').count();
        // Behind a name the parenthesis holds its arguments.
        is_argument |= word.find('(').is_some_and(|at| 0 < at);
        is_argument &= !word.ends_with(')');
        if keyword { word.to_lowercase() } else { word.to_owned() }
    });
    lowered.collect::<Vec<_>>().join(" ")
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
