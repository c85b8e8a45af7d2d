//! The pages of `docs/reference/hazards`: each says what the doc comment of its file in `src/hazards` says, shows two
//! changes, and is held to it: the first raises the hazard, as the page shows, and the second does not.
//!
//! ```text
//! cargo test --release --test hazards             every page, on the embedded PostgreSQL
//! UPDATE=1 cargo test --release --test hazards    writes what the pages have from the program
//! ```

#[allow(dead_code, reason = "a page is no file of cases")]
#[path = "support/case_file.rs"]
mod case_file;
#[path = "support/declared.rs"]
mod declared;
#[path = "support/way.rs"]
mod way;

use std::{collections::BTreeSet, env, fmt::Write, fs, path::Path, sync::Arc};

use declared::load_side;
use libtest_mimic::{Arguments, Failed, Trial};
use trueup::{
    catalog::Catalog,
    diagnostic::{Hazard, Severity},
    hazards::{Event, RULES, Rule, Session, Sides, find},
    model::{Files, Pair, Version},
    plan::Plan,
    shadow::{Choice, Shadow, Wanted, open, set_executable},
    sources::{Source, introspect::Owners},
};
use way::{How, planned};

const FOLDER: &str = "docs/reference/hazards";
/// In each table that a change touches.
const ROWS: u32 = 5;
/// The roles that pages may name.
const ROLES: [&str; 3] = ["reporter", "writer", "anon"];

fn main() {
    set_executable(env!("CARGO_BIN_EXE_trueup"));
    let choice = Choice::parse("embedded").expect("a choice");
    let shadow: Arc<dyn Shadow> = Arc::from(open(&choice, None).expect("the embedded PostgreSQL").shadow);
    let mut trials: Vec<Trial> = RULES
        .iter()
        .map(|rule| {
            let shadow = Arc::clone(&shadow);
            Trial::test(rule.code, move || page(rule, shadow.as_ref()))
        })
        .collect();
    trials.push(Trial::test("every_page_is_of_a_hazard_and_in_the_list", list));
    let mut arguments = Arguments::from_args();
    arguments.test_threads = arguments.test_threads.or(Some(2));
    let conclusion = libtest_mimic::run(&arguments, trials);
    drop(shadow);
    trueup::shadow::clean_up();
    conclusion.exit();
}

/// A change that a page shows.
#[derive(Debug, Default)]
struct Shown {
    from: String,
    to: String,
    /// In the place of both: a migration, of which only the text is read.
    migration: Option<String>,
}

fn page(rule: &Rule, shadow: &dyn Shadow) -> Result<(), Failed> {
    let path = Path::new(FOLDER).join(format!("{}.md", rule.code));
    let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let (_, shown) = text.split_once("\n## Raises it\n").ok_or("the page shows no change that raises it")?;
    let (raises, does_not) = shown.split_once("\n## Does not\n").ok_or("the page shows no change that does not")?;
    let of_rule = |shown: &str| -> Result<Vec<Hazard>, Failed> {
        let found = hazards(&read(shown)?, shadow)?;
        Ok(found.into_iter().filter(|it| it.code == rule.code).collect())
    };
    let (raised, not) = (of_rule(raises)?, of_rule(does_not)?);
    if raised.is_empty() {
        return Err("the first change does not raise it".into());
    }
    if let Some(hazard) = not.first() {
        return Err(format!("the second change raises it: {hazard:#?}").into());
    }
    if let Some(higher) = raised.iter().find(|it| rule.severity < it.severity) {
        return Err(format!("it is said to be no more than a {}: {higher:#?}", rule.severity.word()).into());
    }
    let expected = format!("{}{}\n## Does not\n{does_not}", head(rule)?, with_hazards(raises, &raised));
    settle(&path, &text, &expected)
}

/// The first part of a page, from the file of the hazard.
fn head(rule: &Rule) -> Result<String, Failed> {
    let file = format!("src/hazards/{}.rs", rule.code.replace('-', "_"));
    let source = fs::read_to_string(&file).map_err(|error| format!("{file}: {error}"))?;
    let mut text = format!("# `{}`\n\n{}.\n\n", rule.code, capital(article(rule.severity)));
    for line in source.lines().map_while(|line| line.strip_prefix("//!")) {
        let line = line.strip_prefix(' ').unwrap_or(line);
        let mark = if line.starts_with("# ") { "#" } else { "" };
        writeln!(text, "{mark}{line}")?;
    }
    text.push_str("\n## Raises it\n");
    Ok(text)
}

fn article(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "an error",
        Severity::Warning => "a warning",
        Severity::Note => "a note",
    }
}

fn capital(text: &str) -> String {
    text[..1].to_uppercase() + &text[1..]
}

/// The part of a page with its hazards as the program finds them, at the end.
fn with_hazards(shown: &str, hazards: &[Hazard]) -> String {
    let before = shown.split("```text hazard\n").next().unwrap_or_default().trim_end();
    let lines = hazards.iter().map(|it| {
        let on = if it.object.is_empty() { String::new() } else { format!(" {}", it.object) };
        format!("{}[{}]{on}: {}\n", it.severity.word(), it.code, it.text)
    });
    format!("{before}\n\n```text hazard\n{}```\n", lines.collect::<String>())
}

fn read(part: &str) -> Result<Shown, Failed> {
    let mut shown = Shown::default();
    let mut lines = part.lines();
    while let Some(line) = lines.next() {
        let Some(language) = line.strip_prefix("```") else { continue };
        let block: String = lines.by_ref().take_while(|line| *line != "```").map(|line| format!("{line}\n")).collect();
        match language {
            "sql from" => shown.from = block,
            "sql to" => shown.to = block,
            "sql migration" => shown.migration = Some(block),
            "text hazard" => (),
            other => return Err(format!("no such block: {other}").into()),
        }
    }
    Ok(shown)
}

fn hazards(shown: &Shown, shadow: &dyn Shadow) -> Result<Vec<Hazard>, Failed> {
    if let Some(migration) = &shown.migration {
        return of_text(migration);
    }
    let words = [&shown.from, &shown.to].into_iter().flat_map(|text| text.split("CREATE EXTENSION ").skip(1));
    let extensions = words.filter_map(|rest| rest.split([' ', ';']).next()).map(str::to_owned);
    let wanted = Wanted { roles: ROLES.map(str::to_owned).into(), extensions: extensions.collect(), like: None };
    let scratch = || shadow.scratch(&wanted).map_err(|error| error.to_string());
    let (mut before, mut after) = (scratch()?, scratch()?);
    let (from, to) = (load_side(&shown.from, &mut before)?, load_side(&shown.to, &mut after)?);
    let sides = Pair::new(&from.catalog, &to.catalog);
    let plan =
        planned(shadow, sides, to.said(), &mut before, How { owners: Owners::Stated, rows: ROWS, online: None })?;
    Ok(plan.steps.into_iter().flat_map(|step| step.hazards).collect())
}

/// What the text of a migration alone tells.
fn of_text(migration: &str) -> Result<Vec<Hazard>, Failed> {
    let file = tempfile::Builder::new().suffix(".sql").tempfile()?;
    fs::write(file.path(), migration)?;
    let mut files = Files::default();
    let script = Source::parse(&file.path().to_string_lossy())
        .map_err(|found| vec![found])
        .and_then(|source| source.read(&mut files))
        .map_err(|found| format!("{found:#?}"))?;
    let nothing = Catalog::new(Version::major(17));
    let (sides, plan) = (Sides::new(&nothing, &nothing), Plan::default());
    let mut session = Session::default();
    let mut hazards = Vec::new();
    for statement in &script.statements {
        let sql = statement.sql(&files);
        hazards.extend(find(&Event::written(&sides, &sql, &plan, None, session.clone())));
        session.hear(&sql);
    }
    Ok(hazards)
}

fn list() -> Result<(), Failed> {
    let codes: BTreeSet<String> = RULES.iter().map(|rule| rule.code.to_owned()).collect();
    let pages = fs::read_dir(FOLDER)?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let pages: BTreeSet<String> = pages.filter_map(|name| name.strip_suffix(".md").map(str::to_owned)).collect();
    let pages: BTreeSet<String> = pages.into_iter().filter(|name| name != "README").collect();
    if pages != codes {
        return Err(format!("pages and hazards differ: {:?}", pages.symmetric_difference(&codes)).into());
    }
    let mut text = String::from(
        "# Hazards\n\nWhat a reader must know before a statement runs. Written by `make docs` from `src/hazards`; each page shows a change \
         that raises the hazard and one that does not, and is its test.\n\nAn error loses data, or fails on rows. A warning keeps others \
         waiting, breaks programs that run meanwhile, or lets somebody do more than before. Notes are in JSON only.\n\n\
         | code | | |\n|---|---|---|\n",
    );
    for rule in RULES {
        let head = head(rule)?;
        let about = head.split("## What it warns about\n\n").nth(1).and_then(|rest| rest.split("\n\n").next());
        let about = about.unwrap_or_default().replace('\n', " ");
        let sentence = about.split_inclusive(". ").next().unwrap_or_default().trim_end();
        writeln!(text, "| [`{0}`]({0}.md) | {1} | {sentence} |", rule.code, rule.severity.word())?;
    }
    let path = Path::new(FOLDER).join("README.md");
    settle(&path, &fs::read_to_string(&path).unwrap_or_default(), &text)
}

/// Compares a page with what it must be, or writes it.
fn settle(path: &Path, found: &str, expected: &str) -> Result<(), Failed> {
    if found == expected {
        return Ok(());
    }
    if env::var_os("UPDATE").is_some() {
        return Ok(fs::write(path, expected)?);
    }
    let difference = similar::TextDiff::from_lines(found, expected);
    let difference = difference.unified_diff().header("the page", "the program").to_string();
    Err(format!("{}: `UPDATE=1` writes it anew\n{difference}", path.display()).into())
}
