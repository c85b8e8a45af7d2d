//! `trueup explain FROM TO`, `trueup explain PLAN`

use std::path::Path;

use clap::Args;
use serde::Deserialize;

use crate::{
    cli::{
        compare::{Comparison, Depth, compare},
        config::Config,
        exit::{Ended, Error},
        ui::{self, Ui},
    },
    diagnostic::{Diagnostic, Severity},
    emit::explain::{Explained, render},
    plan::Explanation,
    sources::Source,
};

/// Say of each statement which difference asked for it, what put it where it stands, and which lock it takes
///
/// FROM and TO are as for `diff`; each statement is then also tried where it does not stand, and PostgreSQL's answer is
/// shown. PLAN is what `diff --format json` wrote; in its place TO may be left out. So may states that trueup.toml names: a
/// last word that is a number, or names no file, is then STATEMENT.
#[derive(Clone, Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    comparison: Comparison,
    /// Only this statement, by its number, or those about an object, by a part of its name
    statement: Option<String>,
}

/// What is read of a report; see `docs/reference/json.md`.
#[derive(Debug, Deserialize)]
struct Plan {
    statements: Vec<Statement>,
}

#[derive(Debug, Deserialize)]
struct Statement {
    sql: String,
    group: String,
    lock: String,
    rewrites: String,
    #[serde(default)]
    hazards: Vec<Hazard>,
    #[serde(default)]
    explanation: Explanation,
}

#[derive(Debug, Deserialize)]
struct Hazard {
    code: String,
    severity: String,
    text: String,
}

/// Notes are of locks, which are shown anyway.
fn line(severity: &str, code: &str, text: &str) -> Option<String> {
    (severity != Severity::Note.word()).then(|| format!("{severity}[{code}]: {text}"))
}

pub(crate) fn run(arguments: &Arguments, config: Option<&Path>, ui: &Ui) -> Result<Ended, Error> {
    let arguments = &arguments.sorted(config);
    let Arguments { comparison, statement } = arguments;
    if let Some(path) = comparison.from.as_deref().filter(|word| is_report(word)) {
        let plan = read(path)?;
        let statements = plan.statements.iter().enumerate().map(|(at, it)| Explained {
            number: at + 1,
            sql: &it.sql,
            group: &it.group,
            lock: &it.lock,
            rewrites: &it.rewrites,
            hazards: it.hazards.iter().filter_map(|it| line(&it.severity, &it.code, &it.text)).collect(),
            explanation: &it.explanation,
        });
        show(statements.collect(), comparison.to.as_deref().or(statement.as_deref()))?;
        return Ok(Ended::Well);
    }
    let mut comparison = comparison.clone();
    comparison.depth = Depth::Elsewhere;
    let (findings, files) = compare(&comparison, config, ui)?;
    let none = Explanation::default();
    let statements = findings.plan.steps.iter().enumerate().map(|(at, step)| Explained {
        number: at + 1,
        sql: &step.sql,
        group: &step.group,
        lock: step.lock.name(),
        rewrites: step.rewrites.word(),
        hazards: step.hazards.iter().filter_map(|it| line(it.severity.word(), it.code, &it.text)).collect(),
        explanation: findings.explanations.get(at).unwrap_or(&none),
    });
    show(statements.collect(), statement.as_deref())?;
    ui.diagnostics(&findings.diagnostics, &files);
    if findings.plan.steps.is_empty() {
        ui.say("no difference");
    }
    Ok(if findings.is_faulty() { Ended::WithFault } else { Ended::Well })
}

impl Arguments {
    /// With the last word as the statement where it names no state, and the project's file names those that are then left.
    fn sorted(&self, config: Option<&Path>) -> Arguments {
        let mut it = self.clone();
        // What is wrong with the file is told by who reads it for good.
        let Ok(config) = Config::load(config) else { return it };
        let Comparison { from, to, .. } = &mut it.comparison;
        let named = [&config.from, &config.to].into_iter().flatten().count();
        let given = [&*from, &*to].into_iter().flatten().count();
        let last = if to.is_some() { to } else { from };
        if it.statement.is_none() && 2 < given + named && last.as_deref().is_some_and(is_choice) {
            it.statement = last.take();
        }
        it
    }
}

/// Whether a word chooses statements rather than names a schema state.
fn is_choice(word: &str) -> bool {
    word.parse::<usize>().is_ok() || Source::parse(word).is_err_and(|found| found.code == "missing-file")
}

/// A schema state is never a `.json` file.
fn is_report(word: &str) -> bool {
    Path::new(word).extension().is_some_and(|it| it.eq_ignore_ascii_case("json"))
}

fn read(path: &str) -> Result<Plan, Error> {
    let fault = |title: String| {
        Diagnostic::error("bad-plan", title)
            .with_help("write one with `trueup diff FROM TO --format json -o plan.json`")
    };
    let text = std::fs::read_to_string(path).map_err(|error| fault(format!("cannot read `{path}`: {error}")))?;
    let plan = serde_json::from_str(&text);
    Ok(plan.map_err(|error| fault(format!("`{path}` is no plan as `diff --format json` writes it: {error}")))?)
}

fn show(mut statements: Vec<Explained<'_>>, wanted: Option<&str>) -> Result<(), Error> {
    let count = statements.len();
    if let Some(wanted) = wanted {
        let number: Option<usize> = wanted.parse().ok();
        statements.retain(|it| match number {
            Some(number) => it.number == number,
            None => it.group.contains(wanted) || it.sql.contains(wanted),
        });
        if statements.is_empty() {
            let missing = if is_choice(wanted) && number.is_none() { "; there is no such file either" } else { "" };
            let title = format!("none of the {count} statements is `{wanted}`, or about it{missing}");
            return Err(Error::Usage(title));
        }
    }
    ui::print(&render(&statements)).map_err(Error::Output)
}
