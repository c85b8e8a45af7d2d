//! A run as JSON, for machines. The schema is documented in `docs/reference/json.md`; `version` changes with it.

use serde::Serialize;

use crate::{
    ddl::{Leaves, Loss, Phase, When},
    diagnostic::Diagnostic,
    diff::{Change, Rename},
    emit::{
        hazard::{HazardJson, Place},
        observation::Observation,
    },
    model::{Files, ObjectId},
    plan::{Explanation, Plan, Step},
    rehearse::{Changed, Observed, Rows, Witness, rows::Filled},
};

/// The version of the format.
pub const VERSION: u32 = 2;

/// What one run has to say.
pub struct Report<'a> {
    pub from: &'a str,
    pub to: &'a str,
    /// The shadow that judged, in words.
    pub shadow: &'a str,
    pub plan: &'a Plan,
    /// One for each statement from the first on.
    pub explanations: &'a [Explanation],
    pub verdict: Verdict,
    /// What was seen of each statement, as far as it was watched.
    pub observed: &'a [Option<Observed>],
    pub rows: &'a Rows,
    pub witness: Option<&'a Witness>,
    pub remainder: &'a [Change],
    pub unmanaged: &'a [String],
    pub diagnostics: &'a [Diagnostic],
    pub files: &'a Files,
}

/// What the rehearsal saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    Converged,
    Remainder,
    Failed,
    NotRehearsed,
}

/// Renders a report, with a line break at the end.
pub fn render(report: &Report<'_>) -> String {
    let document = Document {
        version: VERSION,
        from: report.from,
        to: report.to,
        shadow: report.shadow,
        rehearsal: Rehearsal {
            verdict: report.verdict,
            remainder: report.remainder.iter().map(change).collect(),
            tables: tables(report.rows),
            rows_from: rows_from(report.rows),
            pg_dump: report.witness.map(pg_dump),
        },
        changes: report.plan.changes.iter().map(change).collect(),
        renames: report.plan.renames.iter().map(rename).collect(),
        statements: statements(report),
        unmanaged: report.unmanaged,
        diagnostics: report.diagnostics.iter().map(|it| finding(it, report.files)).collect(),
    };
    let mut text =
        serde_json::to_string_pretty(&document).unwrap_or_else(|error| format!("{{\"error\": \"{error}\"}}"));
    text.push('\n');
    text
}

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    from: &'a str,
    to: &'a str,
    shadow: &'a str,
    rehearsal: Rehearsal<'a>,
    changes: Vec<ChangeJson>,
    renames: Vec<RenameJson<'a>>,
    statements: Vec<Statement<'a>>,
    unmanaged: &'a [String],
    diagnostics: Vec<Finding<'a>>,
}

#[derive(Serialize)]
struct Rehearsal<'a> {
    verdict: Verdict,
    remainder: Vec<ChangeJson>,
    /// Those that had rows, or were to have some.
    tables: Vec<TableJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rows_from: Option<RowsFrom<'a>>,
    /// What `pg_dump` says of the result.
    #[serde(skip_serializing_if = "Option::is_none")]
    pg_dump: Option<PgDump<'a>>,
}

#[derive(Serialize)]
struct PgDump<'a> {
    verdict: &'static str,
    /// The difference, or why it was not asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
}

fn pg_dump(witness: &Witness) -> PgDump<'_> {
    match witness {
        Witness::Agrees => PgDump { verdict: "agrees", text: None },
        Witness::Differs(how) => PgDump { verdict: "differs", text: Some(how) },
        Witness::NotAsked(why) => PgDump { verdict: "not-asked", text: Some(why) },
    }
}

/// The database that a sample was taken from.
#[derive(Serialize)]
pub(super) struct RowsFrom<'a> {
    database: &'a str,
    sample: u32,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    unmasked: &'a [String],
}

#[derive(Serialize)]
pub(super) struct TableJson<'a> {
    table: &'a str,
    rows: u32,
    /// How many of them come from a sample.
    #[serde(skip_serializing_if = "Option::is_none")]
    sampled: Option<u32>,
    /// What of the sample could not be had or kept.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    notes: &'a [String],
    /// Why there are not as many as were wanted.
    #[serde(skip_serializing_if = "Option::is_none")]
    short: Option<&'a str>,
    /// How many are left; null where the table is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    left: Option<Option<usize>>,
    /// Set where they were deleted in the course of the rehearsal, since a statement fails on them.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    emptied: bool,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    columns_gone: &'a [String],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    columns_changed: Vec<ColumnJson<'a>>,
}

#[derive(Serialize)]
struct ColumnJson<'a> {
    column: &'a str,
    rows: usize,
    from: Option<&'a str>,
    to: Option<&'a str>,
}

#[derive(Serialize)]
struct ChangeJson {
    change: &'static str,
    kind: &'static str,
    object: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attributes: Vec<&'static str>,
}

#[derive(Serialize)]
struct Statement<'a> {
    sql: &'a str,
    group: &'a str,
    objects: Vec<String>,
    lock: &'static str,
    rewrites: &'static str,
    loses: Vec<&'static str>,
    fails_if: Vec<&'a str>,
    hazards: Vec<HazardJson<'a>>,
    /// What a person has to do beside it.
    by_hand: Vec<&'a str>,
    transaction: &'static str,
    /// Set where it is best left for a later migration.
    #[serde(skip_serializing_if = "Option::is_none")]
    phase: Option<&'static str>,
    /// How long it may wait for its lock, where that is bounded.
    #[serde(skip_serializing_if = "Option::is_none")]
    lock_timeout: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    observed: Option<Observation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation: Option<&'a Explanation>,
}

#[derive(Serialize)]
struct RenameJson<'a> {
    object: String,
    /// Set where one of its values is renamed.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'a str>,
    to: String,
}

#[derive(Serialize)]
pub(super) struct Finding<'a> {
    code: &'a str,
    severity: &'static str,
    title: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<Place<'a>>,
    notes: &'a [String],
    help: &'a [String],
}

fn change(change: &Change) -> ChangeJson {
    let (word, attributes) = match change {
        Change::Add(_) => ("add", Vec::new()),
        Change::Remove(_) => ("remove", Vec::new()),
        Change::Alter(_, attributes) => ("alter", attributes.clone()),
    };
    ChangeJson { change: word, kind: change.id().kind.name(), object: change.id().to_string(), attributes }
}

fn rename(rename: &Rename) -> RenameJson<'_> {
    match rename {
        Rename::Object { from, to } => RenameJson { object: from.to_string(), value: None, to: to.to_string() },
        Rename::Label { of, from, to } => {
            RenameJson { object: of.to_string(), value: Some(from.as_str()), to: to.clone() }
        }
    }
}

fn statements<'a>(report: &Report<'a>) -> Vec<Statement<'a>> {
    let explanations = report.explanations.iter().map(Some).chain(std::iter::repeat(None));
    let observed = report.observed.iter().map(Option::as_ref).chain(std::iter::repeat(None));
    let steps = report.plan.steps.iter().zip(explanations).zip(observed);
    steps.map(|((step, why), seen)| statement(step, why, seen, report.files)).collect()
}

fn statement<'a>(
    step: &'a Step,
    explanation: Option<&'a Explanation>,
    observed: Option<&Observed>,
    files: &'a Files,
) -> Statement<'a> {
    let mut objects: Vec<String> = step.subjects.iter().map(ObjectId::to_string).collect();
    objects.dedup();
    Statement {
        sql: &step.sql,
        group: &step.group,
        objects,
        lock: step.lock.name(),
        rewrites: step.rewrites.word(),
        loses: step
            .loses
            .iter()
            .map(|(_, loss)| match loss {
                Loss::Rows => "rows",
                Loss::Values => "values",
                Loss::Counter => "counter",
                Loss::Precision => "precision",
            })
            .collect(),
        fails_if: step.fails_if.iter().map(|obstacle| obstacle.what.as_str()).collect(),
        hazards: step.hazards.iter().map(|it| HazardJson::of(it, files)).collect(),
        by_hand: step.leaves.iter().map(Leaves::text).collect(),
        transaction: match step.when {
            When::InTransaction => "inside",
            When::BeforeCommit => "committed-before-use",
            When::OwnTransaction => "by-itself",
            When::OutsideTransaction => "outside",
        },
        observed: observed.map(Observation::from),
        phase: match step.phase {
            Phase::Expand => None,
            Phase::Backfill => Some("backfill"),
            Phase::Contract => Some("contract"),
        },
        lock_timeout: step.lock_timeout.as_deref(),
        explanation,
    }
}

pub(super) fn rows_from(rows: &Rows) -> Option<RowsFrom<'_>> {
    let origin = rows.filling.origin.as_ref()?;
    Some(RowsFrom { database: &origin.database, sample: origin.size, unmasked: &origin.unmasked })
}

pub(super) fn tables(rows: &Rows) -> Vec<TableJson<'_>> {
    rows.filling.tables.iter().map(|filled| one_table(filled, rows)).collect()
}

fn one_table<'a>(filled: &'a Filled, rows: &'a Rows) -> TableJson<'a> {
    let fate = rows.fates.iter().find(|fate| fate.table == filled.table);
    let column = |it: &'a Changed| ColumnJson {
        column: &it.column,
        rows: it.rows,
        from: it.example.0.as_deref(),
        to: it.example.1.as_deref(),
    };
    TableJson {
        table: &filled.table,
        rows: filled.rows,
        sampled: filled.sampled,
        notes: &filled.notes,
        short: filled.short.as_deref(),
        left: fate.map(|fate| fate.after),
        emptied: rows.emptied.contains(&filled.table),
        columns_gone: fate.map(|fate| fate.lost.as_slice()).unwrap_or_default(),
        columns_changed: fate.iter().flat_map(|fate| &fate.changed).map(column).collect(),
    }
}

pub(super) fn finding<'a>(diagnostic: &'a Diagnostic, files: &'a Files) -> Finding<'a> {
    Finding {
        code: diagnostic.code,
        severity: diagnostic.severity.word(),
        title: &diagnostic.title,
        place: diagnostic.labels.first().map(|label| Place::of(&label.span, files)),
        notes: &diagnostic.notes,
        help: &diagnostic.help,
    }
}
