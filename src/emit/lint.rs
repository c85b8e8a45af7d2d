//! Migrations that were followed: as diagnostics, and as JSON. The schema is documented in `docs/reference/json.md`.

use serde::Serialize;

use crate::{
    diagnostic::{Diagnostic, Hazard, Severity},
    diff::Change,
    emit::{
        hazard::HazardJson,
        json::{self, RowsFrom, TableJson},
        observation::Observation,
    },
    model::{Files, Span},
    rehearse::{Failure, Observed, Rows, Seen},
    sources::{Migration, Script},
};

/// One migration, with what was seen of it. `rows` are for the caller to set.
pub struct Linted {
    pub name: String,
    pub file: String,
    pub statements: Vec<Statement>,
    pub failure: Option<(Span, Box<Failure>)>,
    /// The rows that it was run on.
    pub rows: Rows,
    /// What may help where it fails.
    pub advice: Vec<String>,
}

/// One statement that was run.
pub struct Statement {
    pub span: Span,
    pub sql: String,
    /// In what the schema is another one afterwards.
    pub changes: Vec<Change>,
    /// Nothing for what could not be watched.
    pub observed: Option<Observed>,
    /// Without those that a comment accepts.
    pub hazards: Vec<Hazard>,
}

impl Linted {
    /// `hazards` has those of each statement that was run.
    pub fn new(
        migration: &Migration,
        script: &Script,
        seen: Vec<Seen>,
        hazards: Vec<Vec<Hazard>>,
        failure: Option<Box<Failure>>,
        files: &Files,
    ) -> Linted {
        let span = |at: usize| script.statements[at].span.clone();
        let statements = seen.into_iter().zip(hazards).map(|(seen, hazards)| {
            let accepted = script.accepted(seen.at, files);
            let kept = hazards.into_iter().filter(|it| !accepted.iter().any(|code| code == it.code));
            let Seen { at, sql, plan, observed, .. } = seen;
            Statement { span: span(at), sql, changes: plan.changes, observed, hazards: kept.collect() }
        });
        Linted {
            name: migration.name.clone(),
            file: migration.path.display().to_string(),
            statements: statements.collect(),
            failure: failure.map(|it| (span(it.step), it)),
            rows: Rows::default(),
            advice: Vec::new(),
        }
    }

    /// What a reader is to see of it, in the order of its statements. What is only good to know is for machines.
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        let hazards = self.statements.iter().flat_map(|it| it.hazards.iter().map(|hazard| told(hazard, &it.span)));
        let told = hazards.filter(|it| Severity::Note < it.severity);
        told.chain(self.failure.iter().map(|(span, failure)| failed(failure, &self.advice, span))).collect()
    }
}

fn told(hazard: &Hazard, span: &Span) -> Diagnostic {
    let found = Diagnostic { severity: hazard.severity, ..Diagnostic::warning(hazard.code, hazard.text.as_str()) };
    found.at(span.clone(), "here").with_help(hazard.instead.as_str())
}

fn failed(failure: &Failure, advice: &[String], span: &Span) -> Diagnostic {
    let found = Diagnostic::error("migration-fails", failure.message.as_str()).at(span.clone(), "this statement fails");
    let found = failure.detail.iter().fold(found, |found, it| found.with_note(it.as_str()));
    failure.hint.iter().chain(advice).fold(found, |found, it| found.with_help(it.as_str()))
}

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    shadow: &'a str,
    migrations: Vec<MigrationJson<'a>>,
}

#[derive(Serialize)]
struct MigrationJson<'a> {
    name: &'a str,
    file: &'a str,
    statements: Vec<StatementJson<'a>>,
    /// Those that had rows, or were to have some.
    tables: Vec<TableJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rows_from: Option<RowsFrom<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<FailureJson<'a>>,
}

#[derive(Serialize)]
struct StatementJson<'a> {
    line: usize,
    sql: &'a str,
    /// What it was about, as far as the schema is another one afterwards.
    changes: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    observed: Option<Observation>,
    hazards: Vec<HazardJson<'a>>,
}

#[derive(Serialize)]
struct FailureJson<'a> {
    line: usize,
    message: &'a str,
}

/// Renders what was found, with a line break at the end.
pub fn render(linted: &[Linted], shadow: &str, files: &Files) -> String {
    let document = Document { version: 1, shadow, migrations: linted.iter().map(|it| migration(it, files)).collect() };
    let mut text =
        serde_json::to_string_pretty(&document).unwrap_or_else(|error| format!("{{\"error\": \"{error}\"}}"));
    text.push('\n');
    text
}

fn migration<'a>(it: &'a Linted, files: &'a Files) -> MigrationJson<'a> {
    let line = |span: &Span| files.line_column(span).0;
    MigrationJson {
        name: &it.name,
        file: &it.file,
        statements: it.statements.iter().map(|statement| one(statement, files)).collect(),
        tables: json::tables(&it.rows),
        rows_from: json::rows_from(&it.rows),
        failure: it.failure.as_ref().map(|(span, it)| FailureJson { line: line(span), message: &it.message }),
    }
}

fn one<'a>(it: &'a Statement, files: &'a Files) -> StatementJson<'a> {
    StatementJson {
        line: files.line_column(&it.span).0,
        sql: &it.sql,
        changes: it.changes.iter().map(|change| change.id().to_string()).collect(),
        observed: it.observed.as_ref().map(Observation::from),
        hazards: it.hazards.iter().map(|it| HazardJson::of(it, files)).collect(),
    }
}
