//! `[[rule]]` in `trueup.toml`: what `trueup verify` holds a schema to.

use std::ops::Range;

use serde_json::{Map, Value};
use toml::{Spanned, de::DeString};

use super::{Fault, Given, listed};
use crate::{
    cli::pattern::{self, Pattern},
    diagnostic::Severity,
    model::{Kind, Span},
    policy::{Parameter, RULES, Rule, Takes},
    sources::nearest::nearest,
};

/// A rule as a project has it.
#[derive(Clone)]
pub(crate) struct Asked {
    pub what: What,
    /// What the project calls it.
    pub name: Option<String>,
    pub on: Vec<Pattern>,
    pub except: Vec<Pattern>,
    pub severity: Severity,
    pub help: Option<String>,
    /// Of the word that says which rule it is, or of the query.
    pub place: Span,
}

#[derive(Clone)]
pub(crate) enum What {
    /// With its parameters.
    Rule(&'static Rule, Map<String, Value>),
    /// A query that must return no rows.
    Assertion(String),
}

impl std::fmt::Debug for Asked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.code())
    }
}

impl Asked {
    /// What findings go by.
    pub(crate) fn code(&self) -> &'static str {
        match &self.what {
            What::Rule(rule, _) => rule.name,
            What::Assertion(_) => ASSERTION,
        }
    }
}

/// What findings of a query go by.
const ASSERTION: &str = "assertion";

/// The keys that rules have in common. `sql` rules have no objects to choose.
const COMMON: &[&str] = &["use", "sql", "name", "on", "except", "level", "help"];

/// Reads every rule.
///
/// # Errors
/// All that is wrong with any of them, each with its place.
pub(super) fn read(given: &Given<'_>) -> Result<Vec<Asked>, Vec<Fault>> {
    let Some(list) = given.value.get_ref().as_array() else {
        return Err(vec![given.fault("is a table of its own for each rule, with two brackets: `[[rule]]`")]);
    };
    let (mut rules, mut faults) = (Vec::new(), Vec::new());
    for value in list.iter() {
        match one(&Given { value, ..*given }) {
            Ok(rule) => rules.push(rule),
            Err(found) => faults.extend(found),
        }
    }
    if faults.is_empty() { Ok(rules) } else { Err(faults) }
}

/// A key of a rule and its value.
type Entry<'a> = (&'a Spanned<DeString<'a>>, Given<'a>);

fn one(given: &Given<'_>) -> Result<Asked, Vec<Fault>> {
    let Some(table) = given.value.get_ref().as_table() else {
        return Err(vec![given.fault("takes tables, one for each rule")]);
    };
    let mut entries: Vec<Entry<'_>> = table.iter().map(|(key, value)| (key, Given { value, ..*given })).collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    let find = |name: &str| entries.iter().find(|(key, _)| key.get_ref() == name);
    let (what, range) = match (find("use"), find("sql")) {
        (Some((_, named)), None) => (rule(named, &entries), named.value.span()),
        (None, Some((key, query))) => (assertion(query, &entries), key.span().start..query.value.span().end),
        (Some(_), Some((key, _))) => return Err(vec![fault(key.span(), "has both `use` and `sql`", "one of them")]),
        (None, None) => {
            let help = format!("say `use` and the name of a rule ({}), or `sql` and a query", listed(names()));
            let found = fault(given.value.span(), "is neither a rule nor a query", "");
            return Err(vec![Fault { help: vec![help], ..found }]);
        }
    };
    let mut faults = Vec::new();
    let what = what.map_err(|found| faults.extend(found));
    let mut keep = |found: Fault| faults.push(about(found));
    let text = |name: &str| find(name).map(|(_, it)| it.text().map(str::to_owned)).transpose();
    let patterns = |name: &str| find(name).map_or(Ok(Vec::new()), |(_, it)| it.patterns());
    let name = text("name").map_err(&mut keep);
    let help = text("help").map_err(&mut keep);
    let on = patterns("on").map_err(&mut keep);
    let except = patterns("except").map_err(&mut keep);
    let severity = find("level").map_or(Ok(Severity::Error), |(_, it)| level(it)).map_err(&mut keep);
    match (what, name, help, on, except, severity) {
        (Ok(what), Ok(name), Ok(help), Ok(on), Ok(except), Ok(severity)) => {
            Ok(Asked { what, name, on, except, severity, help, place: Span { file: given.file, range } })
        }
        _ => {
            faults.sort_by_key(|it| it.range.start);
            Err(faults)
        }
    }
}

fn level(given: &Given<'_>) -> Result<Severity, Fault> {
    match given.text()? {
        "error" => Ok(Severity::Error),
        "warning" => Ok(Severity::Warning),
        other => Err(given.fault(format!("has a `level`, which is `error` or `warning`, and not `{other}`"))),
    }
}

fn rule(named: &Given<'_>, entries: &[Entry<'_>]) -> Result<What, Vec<Fault>> {
    let name = named.text().map_err(about)?;
    let Some(rule) = RULES.iter().find(|it| it.name == name) else {
        let help = match nearest(name, names()).as_slice() {
            [] => format!("the rules are {}", listed(names())),
            near => format!("did you mean `{}`?", near.join("` or `")),
        };
        return Err(vec![Fault {
            help: vec![help],
            ..fault(named.value.span(), format!("names no rule: `{name}`"), "")
        }]);
    };
    let mut faults = Vec::new();
    let mut parameters = Map::new();
    for (key, given) in entries.iter().filter(|(key, _)| !is_common(key.get_ref(), rule.chooses)) {
        match rule.parameters.iter().find(|it| it.name == key.get_ref()) {
            Some(parameter) => match value(parameter, given) {
                Ok(value) => drop(parameters.insert(parameter.name.to_owned(), value)),
                Err(fault) => faults.push(about(fault)),
            },
            None => faults.push(unknown(key, rule)),
        }
    }
    let is_lacking = |it: &&Parameter| it.required && !entries.iter().any(|(key, _)| key.get_ref() == it.name);
    faults.extend(
        rule.parameters
            .iter()
            .filter(is_lacking)
            .map(|it| fault(named.value.span(), format!("for `{}` needs `{}`: {}", rule.name, it.name, it.about), "")),
    );
    if faults.is_empty() { Ok(What::Rule(rule, parameters)) } else { Err(faults) }
}

fn assertion(query: &Given<'_>, entries: &[Entry<'_>]) -> Result<What, Vec<Fault>> {
    let sql = query.text().map_err(about)?;
    let strange = entries.iter().filter(|(key, _)| !is_common(key.get_ref(), false));
    let faults: Vec<Fault> = strange
        .map(|(key, _)| {
            fault(key.span(), format!("has no `{}` beside `sql`", key.get_ref()), "the query says what it is about")
        })
        .collect();
    if faults.is_empty() { Ok(What::Assertion(sql.to_owned())) } else { Err(faults) }
}

/// Whether every rule has the key; some are not about objects that could be chosen.
fn is_common(key: &str, chooses: bool) -> bool {
    COMMON.contains(&key) && (chooses || !matches!(key, "on" | "except"))
}

fn value(parameter: &Parameter, given: &Given<'_>) -> Result<Value, Fault> {
    let name = parameter.name;
    let wrong = |fault: Fault| Fault { says: format!("has a `{name}`, which {}", fault.says), ..fault };
    let texts = || {
        let one = |it: &Given<'_>| it.text().map(str::to_owned);
        let list = given.each("strings", one)?;
        if list.is_empty() { Err(given.fault("takes at least one")) } else { Ok(list) }
    };
    match parameter.takes {
        Takes::Text => given.text().map(Value::from).map_err(wrong),
        Takes::Flag => given.flag().map(Value::from).map_err(wrong),
        Takes::Texts => texts().map(Value::from).map_err(wrong),
        Takes::Number => {
            let number = given.value.get_ref().as_integer();
            let number = number.and_then(|it| i32::from_str_radix(it.as_str(), it.radix()).ok()).filter(|it| 0 < *it);
            number.map(Value::from).ok_or_else(|| wrong(given.fault("takes a whole number from 1 on")))
        }
        Takes::Kinds => {
            let one = |it: &Given<'_>| {
                let word = it.text()?;
                let kinds: Option<Vec<Kind>> = pattern::kinds(word);
                kinds.ok_or_else(|| {
                    let told = pattern::unknown("kind", word, &[]);
                    let mut lines = told.lines().map(str::to_owned);
                    let says = format!("has a kind that is none: {}", lines.next().unwrap_or_default());
                    Fault { help: lines.collect(), ..it.fault(says) }
                })
            };
            let kinds = given.each("kinds", one).map_err(wrong)?;
            Ok(kinds.iter().flatten().map(|kind| kind.name()).collect::<Vec<_>>().into())
        }
    }
}

fn unknown(key: &Spanned<DeString<'_>>, rule: &Rule) -> Fault {
    let own = || rule.parameters.iter().map(|it| it.name);
    let common = || COMMON.iter().copied().filter(|it| *it != "sql" && is_common(it, rule.chooses));
    let help = match nearest(key.get_ref(), own().chain(common())).as_slice() {
        [] => format!("it has {}", listed(own().chain(common()))),
        near => format!("did you mean `{}`?", near.join("` or `")),
    };
    let says = format!("for `{}` has no `{}`", rule.name, key.get_ref());
    Fault { help: vec![help], ..fault(key.span(), says, "") }
}

fn names() -> impl Iterator<Item = &'static str> {
    RULES.iter().map(|it| it.name)
}

fn fault(range: Range<usize>, says: impl Into<String>, label: &str) -> Fault {
    Fault { range, says: says.into(), help: Vec::new(), label: Some(label.to_owned()) }
}

/// A fault of a rule, of which the example of the key `rule` says nothing.
fn about(fault: Fault) -> Fault {
    Fault { label: Some(fault.label.unwrap_or_default()), ..fault }
}
