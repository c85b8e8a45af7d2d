//! What has become of many targets: a table for people, and JSON. The members are told in `docs/reference/targets.md`.

use serde::Serialize;
use serde_json::Value;

/// What one target has come to.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    pub name: String,
    /// `applied`, `nothing-pending`, `would-apply`, `in-order`, `pending`, `not-in-order`, `failed` or `not-begun`.
    pub outcome: &'static str,
    /// As people read it.
    #[serde(skip)]
    pub shown: String,
    /// How many migrations: that were run by this, or that the database has run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub applied: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pending: Option<usize>,
    /// How many objects are not as the history makes them; nothing where that was not looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub differs: Option<usize>,
    /// What it failed with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    pub seconds: f64,
}

/// Every outcome, and how a sentence has it.
const OUTCOMES: [(&str, &str); 8] = [
    ("applied", "applied"),
    ("nothing-pending", "with nothing pending"),
    ("would-apply", "would be changed"),
    ("in-order", "in order"),
    ("pending", "behind"),
    ("not-in-order", "not in order"),
    ("failed", "failed"),
    ("not-begun", "not begun"),
];

impl Row {
    pub fn new(name: &str, outcome: &'static str, shown: impl Into<String>) -> Row {
        let shown = shown.into();
        Row {
            name: name.to_owned(),
            outcome,
            shown,
            applied: None,
            pending: None,
            differs: None,
            message: None,
            seconds: 0.0,
        }
    }
    pub fn is_bad(&self) -> bool {
        matches!(self.outcome, "not-in-order" | "failed" | "not-begun")
    }
    pub fn is_behind(&self) -> bool {
        self.pending.is_some_and(|count| 0 < count)
    }
}

/// How many have come to what, without what none has come to.
pub fn words(rows: &[Row]) -> Vec<(&'static str, usize)> {
    let count = |outcome: &str| rows.iter().filter(|row| row.outcome == outcome).count();
    OUTCOMES.into_iter().map(|(outcome, word)| (word, count(outcome))).filter(|(_, count)| 0 < *count).collect()
}

/// One line for each target, in their order.
pub fn table(rows: &[Row]) -> String {
    let line = |row: &Row| {
        let seconds = if row.outcome == "not-begun" { String::new() } else { format!("{:.1}", row.seconds) };
        [row.name.clone(), row.shown.clone(), seconds]
    };
    let head = ["target", "outcome", "seconds"].map(str::to_owned);
    let lines: Vec<[String; 3]> = std::iter::once(head).chain(rows.iter().map(line)).collect();
    let width = |at: usize| lines.iter().map(|line| line[at].chars().count()).max().unwrap_or_default();
    // One long message must not push the seconds of all others out of sight.
    let (first, second, third) = (width(0), width(1).min(60), width(2));
    let padded = |[name, outcome, seconds]: &[String; 3]| {
        let line = format!("{name:first$}  {outcome:second$}  {seconds:>third$}");
        line.trim_end().to_owned() + "\n"
    };
    lines.iter().map(padded).collect()
}

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    targets: &'a [Row],
    #[serde(skip_serializing_if = "Option::is_none")]
    check: Option<Value>,
}

/// `check` is what was found that is about no target.
pub fn json(rows: &[Row], check: Option<Value>) -> String {
    let document = Document { version: 1, targets: rows, check };
    serde_json::to_string_pretty(&document).unwrap_or_default() + "\n"
}
