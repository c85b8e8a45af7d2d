//! Plans the way between random schemas, there and back: `tests/support/generator`.
//!
//! A way is right where Trueup's own reading and an observer that knows no kinds find no difference. What Trueup refuses
//! to plan, with a reason, is counted. Anything else is a fault; the pair is made small and written to a file.
//!
//! ```text
//! cargo test --release --test random                      the usual seeds
//! TRUEUP_PAIRS=1000 cargo test --release --test random    more of them
//! TRUEUP_SEED=17 cargo test --release --test random       one, or `TRUEUP_PAIRS` from there on
//! TRUEUP_SHADOW=embedded cargo test --release --test random    on another server than the local one
//! ```

#[path = "support/generator/mod.rs"]
mod generator;
#[path = "support/observe.rs"]
mod observe;
#[allow(dead_code, reason = "random pairs have no plans in files")]
#[path = "support/way.rs"]
mod way;
#[allow(dead_code, reason = "`way` names it")]
#[path = "support/case_file.rs"]
mod case_file;

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

use generator::Schema;
use libtest_mimic::{Arguments, Failed, Trial};
use observe::{Observation, Observer};
use trueup::{
    catalog::Catalog,
    diagnostic::Diagnostic,
    emit::terminal,
    model::{Files, Pair},
    rehearse::Said,
    shadow::{Choice, Scratch, Shadow, Wanted, open, set_executable},
    sources::{Source, introspect, introspect::Owners, load},
};
use way::{How, Trouble, way};

/// As many as take a minute.
const PAIRS: u64 = 40;
/// The generator writes what this version has.
const LEAST_VERSION: i32 = 15;
/// The roles that schemas name.
const ROLES: [&str; 3] = ["reader", "writer", "manager"];
/// Why there may honestly be no plan.
const REFUSALS: [&str; 3] = ["cannot-alter", "cannot-rebuild", "dependency-cycle"];
/// Of a hundred ways, so many may be refused.
const REFUSED_AT_MOST: usize = 10;
/// How often a smaller pair is tried, for each cause of failure, where `TRUEUP_SHRINK` does not say.
const PATIENCE: u32 = 400;

/// One in so many pairs is planned again from other databases.
const READ_TWICE: u64 = 10;

/// Seeds that are known to fail, each with the reason.
const KNOWN: &[(u64, &str)] = &[(
    778,
    "an index of a partitioned table takes up the index of a partition that is to stay by itself, and is the same",
)];

#[allow(clippy::print_stdout, reason = "what came of the pairs is the result")]
fn main() {
    set_executable(env!("CARGO_BIN_EXE_trueup"));
    let first = number("TRUEUP_SEED");
    let count = number("TRUEUP_PAIRS").unwrap_or(if first.is_some() { 1 } else { PAIRS });
    let first = first.unwrap_or(0);
    // Started when the first pair needs it, and not to list them.
    let lab: Arc<OnceLock<Lab>> = Arc::default();
    let trial = |seed: u64| {
        let lab = Arc::clone(&lab);
        Trial::test(format!("seed_{seed}"), move || run(seed, lab.get_or_init(Lab::open)))
    };
    let mut arguments = Arguments::from_args();
    arguments.test_threads = arguments.test_threads.or(Some(2));
    let conclusion = libtest_mimic::run(&arguments, (first..first + count).map(trial).collect());
    let told = lab.get().map(Lab::tell);
    drop(lab);
    trueup::shadow::clean_up();
    if let Some((words, is_refused_too_often)) = told {
        println!("{words}");
        assert!(!is_refused_too_often, "more than {REFUSED_AT_MOST} % of the ways are refused");
    }
    conclusion.exit();
}

fn number(name: &str) -> Option<u64> {
    env::var(name).ok()?.parse().ok()
}

struct Lab {
    shadow: Box<dyn Shadow>,
    observer: Observer,
    /// How often a smaller pair may be tried.
    patience: u32,
    /// Whether it is a fault that there is no plan; to see what is refused.
    is_strict: bool,
    /// How many ways ended how.
    tally: Mutex<BTreeMap<String, usize>>,
    /// Causes of which there is a small pair already.
    seen: Mutex<BTreeSet<String>>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Lab {
    fn open() -> Lab {
        let opened = |choice: &str| open(&Choice::parse(choice).expect("a choice"), None).ok().map(|it| it.shadow);
        let chosen = env::var("TRUEUP_SHADOW").ok();
        let usual = || opened("local").filter(|it| LEAST_VERSION <= it.version().major_number());
        let found = chosen.map_or_else(|| usual().or_else(|| opened("embedded")), |choice| opened(&choice));
        let shadow = found.expect("a server");
        let mut scratch = shadow.scratch(&Wanted::default()).expect("a database");
        let observer = Observer::new(&mut scratch.client).expect("the catalogs");
        let patience = number("TRUEUP_SHRINK").and_then(|it| u32::try_from(it).ok()).unwrap_or(PATIENCE);
        Lab {
            shadow,
            observer,
            patience,
            is_strict: env::var_os("TRUEUP_STRICT").is_some(),
            tally: Mutex::default(),
            seen: Mutex::default(),
        }
    }

    fn count(&self, what: &str) {
        *locked(&self.tally).entry(what.to_owned()).or_default() += 1;
    }

    /// What came of all ways, and whether too many of them are refused.
    fn tell(&self) -> (String, bool) {
        let tally = locked(&self.tally);
        let ways: usize = tally.values().sum();
        let refused: usize = tally.iter().filter(|(what, _)| what.starts_with("refused")).map(|(_, count)| count).sum();
        let lines: Vec<String> = tally.iter().map(|(what, count)| format!("{count:6}  {what}")).collect();
        let words = format!("{ways} ways\n{}", lines.join("\n"));
        // Of a few pairs, all may be unlucky.
        (words, 50 < ways && ways * REFUSED_AT_MOST < refused * 100)
    }
}

/// What is wrong: a short name for it, and all there is to say.
struct Fault {
    cause: String,
    words: String,
}

impl Fault {
    fn new(cause: &str, words: impl Into<String>) -> Fault {
        Fault { cause: cause.to_owned(), words: words.into() }
    }
}

fn run(seed: u64, lab: &Lab) -> Result<(), Failed> {
    let pair = generator::pair(seed);
    let known = KNOWN.iter().find(|(it, _)| *it == seed);
    let fault = match (prove(seed, &pair, lab), known) {
        (Ok(()), None) | (Err(_), Some(_)) => return Ok(()),
        (Ok(()), Some((_, reason))) => return Err(format!("it works now; it was known to fail: {reason}").into()),
        (Err(fault), None) => fault,
    };
    lab.count(&format!("failed: {}", fault.cause));
    let is_new = locked(&lab.seen).insert(fault.cause.clone());
    let (small, fault) = if is_new { smaller(&pair, fault, lab) } else { (pair, fault) };
    let file = write(seed, &small, &fault);
    Err(format!("{}\n{}\nwritten to {}", fault.cause, brief(&fault.words), file.display()).into())
}

fn prove(seed: u64, pair: &Pair<Schema>, lab: &Lab) -> Result<(), Fault> {
    let ends = judge(pair, lab)?;
    for end in [&ends.from, &ends.to] {
        lab.count(&end.what);
    }
    // Other databases have other OIDs, and no order may depend on them.
    if seed.is_multiple_of(READ_TWICE) {
        let again = judge(pair, lab)?;
        if [&again.from.plan, &again.to.plan] != [&ends.from.plan, &ends.to.plan] {
            return Err(Fault::new("two plans of one pair", format!("{ends:#?}\n{again:#?}")));
        }
    }
    Ok(())
}

fn brief(words: &str) -> String {
    words.lines().take(30).collect::<Vec<_>>().join("\n")
}

/// The pair without what the fault does not need.
fn smaller(pair: &Pair<Schema>, fault: Fault, lab: &Lab) -> (Pair<Schema>, Fault) {
    let cause = fault.cause.clone();
    let mut last = fault;
    let small = generator::shrink(pair, lab.patience, &mut |candidate| match judge(candidate, lab) {
        Err(fault) if fault.cause == cause => {
            last = fault;
            true
        }
        Err(_) | Ok(_) => false,
    });
    (small, last)
}

/// As a case is written, so that it can become one.
fn write(seed: u64, pair: &Pair<Schema>, fault: &Fault) -> PathBuf {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("random-{seed}.md"));
    let (from, to) = (pair.from.sql(), pair.to.sql());
    let text = format!(
        "## Seed {seed}: {}\n\n```sql from\n{from}```\n\n```sql to\n{to}```\n\n```text\n{}\n```\n",
        fault.cause, fault.words
    );
    fs::write(&file, text).expect("the report");
    file
}

/// One of the two states, as it was made.
struct Side {
    scratch: Scratch,
    catalog: Catalog,
    observed: Observation,
}

fn side(schema: &Schema, lab: &Lab) -> Result<Side, Fault> {
    let text = schema.sql();
    let generator = |words: String| Fault::new("generator", words);
    let wanted = Wanted { roles: ROLES.map(str::to_owned).into(), ..Wanted::default() };
    let mut scratch = lab.shadow.scratch(&wanted).map_err(|error| generator(error.to_string()))?;
    let catalog = load_side(&text, &mut scratch).map_err(generator)?;
    let observed =
        lab.observer.look(&mut scratch.client).map_err(|error| generator(format!("{error:?}")))?.without_declarations();
    Ok(Side { scratch, catalog, observed })
}

fn load_side(text: &str, scratch: &mut Scratch) -> Result<Catalog, String> {
    let mut files = Files::default();
    let file = tempfile::Builder::new().suffix(".sql").tempfile().map_err(|error| error.to_string())?;
    fs::write(file.path(), text).map_err(|error| error.to_string())?;
    let shown = |found: Vec<_>, files: &Files| terminal::render(&found, files, false);
    let source = Source::parse(&file.path().to_string_lossy()).map_err(|found| shown(vec![found], &files))?;
    let script = source.read(&mut files).map_err(|found| shown(found, &files))?;
    load(&script, &files, &mut scratch.client, &*scratch.adapt).map_err(|found| shown(found, &files))?;
    introspect::introspect(&mut scratch.client, Owners::All).map_err(|error| format!("{error:?}"))
}

/// How a way ended that ended well.
#[derive(Debug)]
struct End {
    what: String,
    plan: String,
}

/// There and back.
fn judge(pair: &Pair<Schema>, lab: &Lab) -> Result<Pair<End>, Fault> {
    let (mut from, mut to) = (side(&pair.from, lab)?, side(&pair.to, lab)?);
    let there = travel(lab, &mut from.scratch, Pair::new(&from.catalog, &to.catalog), &to.observed)?;
    let back = travel(lab, &mut to.scratch, Pair::new(&to.catalog, &from.catalog), &from.observed)?;
    Ok(Pair::new(there, back))
}

fn travel(lab: &Lab, scratch: &mut Scratch, sides: Pair<&Catalog>, expected: &Observation) -> Result<End, Fault> {
    let plan = match way(&*lab.shadow, sides, Said::default(), scratch, How::of_all()) {
        Ok(plan) => plan,
        Err(Trouble::Refused(found)) => return refused(lab, &found),
        Err(Trouble::Wrong(words)) => return Err(Fault::new(&cause("wrong", &words), words)),
    };
    let observed =
        lab.observer.look(&mut scratch.client).map_err(|error| Fault::new("unreadable", format!("{error:?}")))?;
    let observed = observed.without_declarations();
    match observed.compare(expected) {
        Ok(()) => Ok(End { what: "converged".to_owned(), plan }),
        Err(words) => Err(Fault::new(&cause("observer", &words), format!("{words}\nthe plan:\n{plan}"))),
    }
}

fn refused(lab: &Lab, found: &[Diagnostic]) -> Result<End, Fault> {
    let words = terminal::render(found, &Files::default(), false);
    let codes: BTreeSet<&str> = found.iter().map(|it| it.code).collect();
    if lab.is_strict || codes.iter().any(|code| !REFUSALS.contains(code)) {
        return Err(Fault::new(&cause("refused", &words), words));
    }
    let codes: Vec<&str> = codes.into_iter().collect();
    Ok(End { what: format!("refused: {}", codes.join(", ")), plan: words })
}

/// A name for the fault that is the same for the same fault in other schemas: what says most of it, without names.
fn cause(sort: &str, words: &str) -> String {
    if words.starts_with("still different") {
        return format!("left: {}", left(words));
    }
    let mut telling = words.lines().filter(|line| {
        let line = line.trim();
        line.starts_with("message:")
            || line.starts_with("error")
            || line.contains("Alter(")
            || line.contains(": should")
            || line.contains(" is ")
    });
    let line = telling.next().or_else(|| words.lines().next()).unwrap_or_default();
    let plain = line.split(|it: char| !it.is_ascii_alphabetic()).filter(|it| 2 < it.len());
    format!("{sort}: {}", plain.take(12).collect::<Vec<_>>().join(" "))
}

/// The kinds and attributes of what is left.
fn left(words: &str) -> String {
    let mut found = BTreeSet::new();
    let mut before = "";
    for line in words.lines().map(str::trim).take_while(|line| !line.starts_with("--")) {
        let is_attribute = line.starts_with('"') && !before.ends_with("Ident(");
        let is_kind = line.starts_with("kind: ") && !line.contains("Schema");
        if is_attribute || is_kind {
            found.insert(line.trim_start_matches("kind: ").trim_matches([',', '"']));
        }
        before = line;
    }
    found.into_iter().collect::<Vec<_>>().join(" ")
}
