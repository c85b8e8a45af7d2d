//! What rules have found, as JSON. The schema is documented in `docs/reference/json.md`.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::{
    diagnostic::Severity,
    emit::hazard::Place,
    model::{Files, Span},
    policy::Rows,
};

/// A rule, and what it found.
pub struct Judged {
    /// Its name, or `assertion`.
    pub rule: &'static str,
    /// What the project calls it.
    pub name: Option<String>,
    pub severity: Severity,
    /// Where the project says it.
    pub place: Span,
    pub verdict: Verdict,
}

pub enum Verdict {
    Holds,
    Broken(Vec<Finding>),
    /// A query returned rows.
    Returned(Rows),
    /// It could not be evaluated: what the server said.
    Failed {
        message: String,
        /// Of the query, from 1.
        line: Option<usize>,
    },
}

/// Something that breaks a rule.
pub struct Finding {
    pub object: Option<String>,
    pub text: String,
    /// Where it is declared.
    pub place: Option<Span>,
}

/// Renders rules in the order in which they were asked, with a line break at the end. `source` shows no password.
pub fn render(source: &str, rules: &[Judged], files: &Files) -> String {
    let rules = rules.iter().map(|it| rule(it, files)).collect();
    serde_json::to_string_pretty(&Document { version: 1, source, rules }).unwrap_or_default() + "\n"
}

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    source: &'a str,
    rules: Vec<RuleJson<'a>>,
}

#[derive(Serialize)]
struct RuleJson<'a> {
    rule: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    level: &'static str,
    place: Place<'a>,
    verdict: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    findings: Vec<FindingJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rows: Option<RowsJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<&'a str>,
}

#[derive(Serialize)]
struct FindingJson<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    object: Option<&'a str>,
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<Place<'a>>,
}

#[derive(Serialize)]
struct RowsJson {
    count: u64,
    first: Vec<Map<String, Value>>,
}

fn rule<'a>(it: &'a Judged, files: &'a Files) -> RuleJson<'a> {
    let (verdict, findings, rows, failure) = match &it.verdict {
        Verdict::Holds => ("holds", &[][..], None, None),
        Verdict::Broken(findings) => ("broken", findings.as_slice(), None, None),
        Verdict::Returned(found) => ("broken", &[][..], Some(rows(found)), None),
        Verdict::Failed { message, .. } => ("failed", &[][..], None, Some(message.as_str())),
    };
    let finding = |it: &'a Finding| FindingJson {
        object: it.object.as_deref(),
        text: &it.text,
        place: it.place.as_ref().map(|span| Place::of(span, files)),
    };
    RuleJson {
        rule: it.rule,
        name: it.name.as_deref(),
        level: it.severity.word(),
        place: Place::of(&it.place, files),
        verdict,
        findings: findings.iter().map(finding).collect(),
        rows,
        failure,
    }
}

fn rows(found: &Rows) -> RowsJson {
    let row = |it: &crate::policy::Row| {
        it.iter().map(|(name, value)| (name.clone(), value.clone().map_or(Value::Null, Value::String))).collect()
    };
    RowsJson { count: found.count, first: found.first.iter().map(row).collect() }
}
