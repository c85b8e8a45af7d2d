//! `trueup verify [SOURCE]`

use std::{path::Path, time::Duration};

use clap::{Args, ValueEnum};

use crate::{
    cli::{
        compare::choice,
        config::{Asked, Config, What},
        exit::{Ended, Error},
        products::redacted,
        profile::Profile,
        state::{Known, State},
        status::counted,
        ui::{self, Ui},
    },
    connect,
    diagnostic::{Diagnostic, Severity},
    emit::verify::{Finding, Judged, Verdict, render},
    model::ObjectId,
    policy::{self, Breach, Circumstances, Row, Rows, Subject},
};

/// Hold a schema to the rules of trueup.toml
///
/// SOURCE is a live database, or declared: a .sql file, a folder, or whatever else `diff` takes. What is declared is loaded
/// into a shadow PostgreSQL. The rules are the `[[rule]]` tables of trueup.toml: those that Trueup knows, with the objects that they
/// are about, and queries that must return no rows. They are asked in read-only transactions.
/// Exit codes: 0 all rules hold; 1 a rule of level error is broken, or could not be evaluated; 64 the command line is wrong.
#[derive(Clone, Debug, Args)]
pub(crate) struct Arguments {
    /// The schema; not needed where trueup.toml says `to`
    source: Option<String>,
    /// The PostgreSQL to load what is declared on: auto, embedded, local, local:MAJOR, or postgres://… [default: auto]
    #[arg(long, value_name = "SHADOW")]
    shadow: Option<String>,
    /// Have the schemas, roles and extensions of a platform in the shadow, and ask nothing about them
    #[arg(long, value_enum, value_name = "PLATFORM")]
    profile: Option<Profile>,
    /// How to write what was found
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Findings with their places
    Text,
    /// Every rule and what it found, for machines
    Json,
}

/// How long one rule may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// How many of the objects that break a rule are named at its own place.
const NAMED: usize = 20;

pub(crate) fn run(arguments: &Arguments, config: Option<&Path>, ui: &Ui) -> Result<Ended, Error> {
    let config = Config::load(config)?;
    ui.diagnostics(&config.warnings, &config.files);
    let Some(word) = config.or_said(arguments.source.clone(), &config.to)? else {
        return Err(Error::Usage("the schema is not named: say SOURCE, or put `to` in `trueup.toml`".to_owned()));
    };
    let choice = choice(config.or_said(arguments.shadow.clone(), &config.shadow)?.as_deref())?;
    if config.rules.is_empty() {
        ui.say(NO_RULES);
    }
    let mut files = config.files.clone();
    let (mut judged, mut notes) = (Vec::new(), Vec::new());
    if !config.rules.is_empty() {
        let profile = arguments.profile.or(config.profile);
        let mut state = State::read(&word, &choice, profile, &mut files, ui)
            .map_err(|found| Error::Diagnostics(found, files.clone()))?;
        notes.append(&mut state.notes);
        let _progress = ui.progress("asking");
        for rule in &config.rules {
            let (one, idle) = judge(rule, &mut state)?;
            notes.extend(idle);
            judged.push(one);
        }
    }
    let source = redacted(&word);
    if arguments.format == Format::Json {
        ui::print(&render(&source, &judged, &files)).map_err(Error::Output)?;
    }
    let found: Vec<Diagnostic> = config.rules.iter().zip(&judged).flat_map(|(rule, it)| told(rule, it)).collect();
    let is_broken = found.iter().any(|it| it.severity == Severity::Error);
    ui.diagnostics(&[notes, found].concat(), &files);
    sum_up(&judged, &source, ui);
    Ok(if is_broken { Ended::WithFault } else { Ended::Well })
}

const NO_RULES: &str = "there are no rules in `trueup.toml`; one is written as

[[rule]]
use = \"primary-key\"
on = [\"schema:public\"]";

/// The objects that a rule is about.
fn chosen<'a>(rule: &Asked, known: &'a Known) -> Vec<Subject<'a>> {
    let owners = |id: &ObjectId| known.owner(id).into_iter().collect();
    let is_chosen = |id: &ObjectId| {
        (rule.on.is_empty() || rule.on.iter().any(|it| it.matches(id, &owners)))
            && !rule.except.iter().any(|it| it.matches(id, &owners))
    };
    let objects = known.objects.iter().filter(|(_, id)| is_chosen(id));
    objects.map(|(address, id)| Subject { address: *address, id }).collect()
}

/// A rule about nothing holds, which may be a slip of the pen.
fn idle(rule: &Asked) -> Diagnostic {
    Diagnostic::warning("idle-rule", format!("`on` chooses nothing for `{}`", rule.code()))
        .at(rule.place.clone(), "holds, since there is nothing that could break it")
}

/// Asks a rule, and says of what there was nothing to ask.
///
/// # Errors
/// A diagnostic where the shadow does not answer any more. What the server says of the rule is its verdict.
fn judge(rule: &Asked, state: &mut State) -> Result<(Judged, Option<Diagnostic>), Error> {
    let State { session, known, .. } = state;
    session.limit(PATIENCE)?;
    let circumstances = Circumstances { is_declared: session.is_declared(), patience: PATIENCE };
    let (verdict, is_idle) = match &rule.what {
        What::Rule(asked, given) => {
            let chosen = chosen(rule, known);
            let found = policy::check(session.client(), asked, given, &chosen, circumstances);
            let verdict = match found.map_err(|error| failed(&error, None)) {
                Ok(found) if found.is_empty() => Verdict::Holds,
                Ok(found) => Verdict::Broken(found.iter().map(|it| finding(it, known)).collect()),
                Err(verdict) => verdict,
            };
            (verdict, !rule.on.is_empty() && chosen.is_empty())
        }
        What::Assertion(sql) => {
            let sql = session.adapted(sql);
            let verdict = match policy::assert(session.client(), &sql, circumstances) {
                Ok(None) => Verdict::Holds,
                Ok(Some(rows)) => Verdict::Returned(rows),
                Err(error) => failed(&error, policy::line(&sql, &error)),
            };
            (verdict, false)
        }
    };
    let Asked { name, severity, place, .. } = rule.clone();
    Ok((Judged { rule: rule.code(), name, severity, place, verdict }, is_idle.then(|| idle(rule))))
}

fn failed(error: &postgres::Error, line: Option<usize>) -> Verdict {
    Verdict::Failed { message: connect::message(error), line }
}

fn finding(it: &Breach<'_>, known: &Known) -> Finding {
    let place = it.object.and_then(|id| known.place(id)).cloned();
    Finding { object: it.object.map(ObjectId::to_string), text: it.text.clone(), place }
}

fn sum_up(judged: &[Judged], source: &str, ui: &Ui) {
    let count = |is_it: fn(&Verdict) -> bool| judged.iter().filter(|it| is_it(&it.verdict)).count();
    let holding = count(|it| matches!(it, Verdict::Holds));
    let failed = count(|it| matches!(it, Verdict::Failed { .. }));
    let not_asked = if failed == 0 { String::new() } else { format!(", {failed} could not be evaluated") };
    if !judged.is_empty() {
        let rules = counted(judged.len(), "rule");
        ui.say(&format!("{rules} on {source}: {holding} hold, {} broken{not_asked}", judged.len() - holding - failed));
    }
}

/// What is to be said of a rule. What is declared is told where it is; of what is not, all is told where the rule is.
fn told(rule: &Asked, judged: &Judged) -> Vec<Diagnostic> {
    let new = |code, title: String| {
        let found = Diagnostic { severity: rule.severity, ..Diagnostic::error(code, title) };
        let found = rule.name.iter().fold(found, |found, name| found.with_note(format!("rule: {name}")));
        rule.help.iter().fold(found, |found, help| found.with_help(help.as_str()))
    };
    let here = |found: Diagnostic| found.at(rule.place.clone(), "");
    match &judged.verdict {
        Verdict::Holds => Vec::new(),
        Verdict::Broken(findings) => {
            let (placed, rest): (Vec<&Finding>, Vec<&Finding>) = findings.iter().partition(|it| it.place.is_some());
            let declared = |it: &Finding| {
                let found = new(rule.code(), it.text.clone());
                it.place.iter().fold(found, |found, place| found.at(place.clone(), "declared here"))
            };
            let placed = placed.into_iter().map(declared);
            placed.chain(together(rule, &rest, &new).map(here)).collect()
        }
        Verdict::Returned(rows) => vec![here(returned(rule, rows, &new))],
        Verdict::Failed { message, line } => {
            let what = match &rule.what {
                What::Rule(asked, _) => format!("`{}`", asked.name),
                What::Assertion(_) => "the query".to_owned(),
            };
            let found = new("rule-failed", format!("{what} could not be evaluated: {message}"));
            let found = line.iter().fold(found, |found, line| found.with_note(format!("line {line} of the query")));
            vec![here(found)]
        }
    }
}

/// All that breaks a rule and is declared nowhere.
fn together(
    rule: &Asked,
    findings: &[&Finding],
    new: &dyn Fn(&'static str, String) -> Diagnostic,
) -> Option<Diagnostic> {
    let broken = match &rule.what {
        What::Rule(asked, _) => asked.broken,
        What::Assertion(_) => return None,
    };
    match findings {
        [] => None,
        [one] => Some(new(rule.code(), one.text.clone())),
        all => {
            let found = new(rule.code(), format!("{broken}: {}", all.len()));
            let found = all.iter().take(NAMED).fold(found, |found, it| found.with_note(it.text.as_str()));
            let more = all.len().saturating_sub(NAMED);
            Some(if 0 < more { found.with_note(format!("and {more} more")) } else { found })
        }
    }
}

fn returned(rule: &Asked, rows: &Rows, new: &dyn Fn(&'static str, String) -> Diagnostic) -> Diagnostic {
    let found = new(rule.code(), format!("the query returns {}, and is to return none", counted_rows(rows.count)));
    let found = rows.first.iter().fold(found, |found, row| found.with_note(shown(row)));
    match rows.count.saturating_sub(rows.first.len() as u64) {
        0 => found,
        more => found.with_note(format!("and {more} more")),
    }
}

fn counted_rows(count: u64) -> String {
    if count == 1 { "1 row".to_owned() } else { format!("{count} rows") }
}

fn shown(row: &Row) -> String {
    let each = row.iter().map(|(name, value)| format!("{name}: {}", value.as_deref().unwrap_or("null")));
    each.collect::<Vec<_>>().join(", ")
}
