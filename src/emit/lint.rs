//! Migrations that were followed: as diagnostics, and as JSON. The schema is documented in `docs/reference/json.md`.

use serde::Serialize;

use crate::{
    diagnostic::{Diagnostic, Severity},
    emit::observation::Observation,
    model::{Files, Span},
    rehearse::{Failure, Seen},
    sources::{Migration, Script},
};

/// One migration, with what was seen of it.
pub struct Linted {
    pub name: String,
    pub file: String,
    pub statements: Vec<Statement>,
    pub failure: Option<(Span, Box<Failure>)>,
}

/// One statement that was run.
pub struct Statement {
    pub span: Span,
    pub seen: Seen,
    pub hazards: Vec<Diagnostic>,
}

impl Linted {
    pub fn new(
        migration: &Migration,
        script: &Script,
        seen: Vec<Seen>,
        failure: Option<Box<Failure>>,
        files: &Files,
    ) -> Linted {
        let span = |at: usize| script.statements[at].span.clone();
        let statements = seen.into_iter().map(|seen| {
            let (span, accepted) = (span(seen.at), script.accepted(seen.at, files));
            let hazards = hazards(&seen, &span).into_iter().filter(|it| !accepted.iter().any(|code| code == it.code));
            Statement { hazards: hazards.collect(), span, seen }
        });
        Linted {
            name: migration.name.clone(),
            file: migration.path.display().to_string(),
            statements: statements.collect(),
            failure: failure.map(|it| (span(it.step), it)),
        }
    }

    /// All that is to be told of it, in the order of its statements.
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        let hazards = self.statements.iter().flat_map(|it| it.hazards.clone());
        hazards.chain(self.failure.iter().map(|(span, failure)| failed(failure, span))).collect()
    }
}

fn hazards(seen: &Seen, span: &Span) -> Vec<Diagnostic> {
    let stumbled = seen.observed.as_ref().and_then(|it| it.stumbled.as_deref());
    stumbled
        .map(|message| {
            Diagnostic::error("fails-on-rows", format!("this fails where the table has rows: {message}"))
                .at(span.clone(), "fails with the rows of the rehearsal, and runs without them")
        })
        .into_iter()
        .collect()
}

fn failed(failure: &Failure, span: &Span) -> Diagnostic {
    let found = Diagnostic::error("migration-fails", failure.message.as_str()).at(span.clone(), "this statement fails");
    let found = failure.detail.iter().fold(found, |found, it| found.with_note(it.as_str()));
    failure.hint.iter().fold(found, |found, it| found.with_help(it.as_str()))
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
    hazards: Vec<Hazard<'a>>,
}

#[derive(Serialize)]
struct Hazard<'a> {
    code: &'a str,
    severity: &'static str,
    text: &'a str,
    instead: &'a [String],
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

fn migration<'a>(it: &'a Linted, files: &Files) -> MigrationJson<'a> {
    let line = |span: &Span| files.line_column(span).0;
    MigrationJson {
        name: &it.name,
        file: &it.file,
        statements: it.statements.iter().map(|statement| one(statement, line(&statement.span))).collect(),
        failure: it.failure.as_ref().map(|(span, it)| FailureJson { line: line(span), message: &it.message }),
    }
}

fn one(it: &Statement, line: usize) -> StatementJson<'_> {
    StatementJson {
        line,
        sql: &it.seen.step.sql,
        changes: it.seen.changes.iter().map(|change| change.id().to_string()).collect(),
        observed: it.seen.observed.as_ref().map(Observation::from),
        hazards: it.hazards.iter().map(hazard).collect(),
    }
}

fn hazard(found: &Diagnostic) -> Hazard<'_> {
    let severity = match found.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    Hazard { code: found.code, severity, text: &found.title, instead: &found.help }
}
