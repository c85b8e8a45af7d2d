//! What `pg_dump` says of two databases: an observer that shares no code with Trueup, where it is at hand and can connect.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::OnceLock,
};

use similar::TextDiff;

use crate::{
    catalog::Catalog,
    connect::Target as Place,
    ddl::Target,
    diagnostic::Diagnostic,
    diff::diff,
    model::{Version, parser},
    rehearse::converge::View,
    shadow::{Local, Scratch},
};

/// What came of asking it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Witness {
    Agrees,
    /// The lines that only one of the two has, as a text diff.
    Differs(String),
    /// Why it was not asked, in words.
    NotAsked(String),
}

impl Witness {
    fn not_asked(why: &str) -> Witness {
        Witness::NotAsked(why.to_owned())
    }
}

/// Compares the database that a plan was run in with one in which the target was made directly, both on a server of this
/// version. Where Trueup itself sees a
/// difference, since the target is to keep something of what was there before, there is nothing to ask.
///
/// # Errors
/// Diagnostics where the shadow is lost.
pub fn witness(
    reached: &mut Scratch,
    fresh: Option<&mut Scratch>,
    version: Version,
    view: &View<'_>,
) -> Result<Witness, Vec<Diagnostic>> {
    let Some(fresh) = fresh else { return Ok(Witness::not_asked("TO was not made from a script")) };
    let (Some(one), Some(other)) = (fresh.place.clone(), reached.place.clone()) else {
        return Ok(Witness::not_asked("the embedded PostgreSQL has one session only"));
    };
    // Both are read for this: not in vain.
    if let Err(why) = pg_dump(version) {
        return Ok(Witness::NotAsked(why));
    }
    let (now, goal) = (view.read_all(reached)?, view.read_all(fresh)?);
    // What the target does not say is no difference from here to there, and is one from there to here.
    let differ = |one: &Catalog, other: &Catalog| {
        let target = Target::new(other.version, &other.casts);
        !diff(one, other, target).is_empty()
    };
    // `pg_dump` prints the connection string of a subscription, which no copy of a live database has.
    let is_kept_back = |it: &Catalog| it.secrets.values().any(|secret| secret.digest.is_none());
    if is_kept_back(&now) || is_kept_back(&goal) {
        return Ok(Witness::not_asked("it prints secrets, which the shadow does not have"));
    }
    let beyond = goal.iter().any(|(id, entry)| now.get(id).is_some_and(|it| it.out_of_reach(&entry.object).is_some()));
    if beyond || now.unmanaged != goal.unmanaged || differ(&now, &goal) || differ(&goal, &now) {
        return Ok(Witness::not_asked("the result keeps what TO does not say"));
    }
    let dumps = std::thread::scope(|scope| {
        let fresh = scope.spawn(|| dump(&one, version));
        let reached = dump(&other, version);
        (fresh.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)), reached)
    });
    Ok(match dumps {
        (Ok(fresh), Ok(reached)) => compare(&fresh, &reached).map_or(Witness::Agrees, Witness::Differs),
        (Err(why), _) | (_, Err(why)) => Witness::NotAsked(why),
    })
}

/// The schema of a database, as `pg_dump` writes it.
///
/// # Errors
/// Why there is none, in words: there is no program that knows a server of this version, or it fails.
pub fn dump(place: &Place, version: Version) -> Result<String, String> {
    let mut command = Command::new(pg_dump(version)?);
    command.arg("--schema-only").envs(place.variables());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let started = {
        let _held = parser::undisturbed();
        command.spawn()
    };
    let output = started.and_then(std::process::Child::wait_with_output).map_err(|error| error.to_string())?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        false => Err(format!("pg_dump fails: {}", String::from_utf8_lossy(&output.stderr).trim())),
    }
}

/// The program that knows a server of this version; or that there is none, in words.
///
/// # Errors
/// That there is none.
pub fn pg_dump(version: Version) -> Result<&'static Path, String> {
    let known = programs().iter().find(|(major, _)| version.major_number() <= *major);
    let none = || format!("there is no pg_dump here that knows PostgreSQL {}", version.major_number());
    known.map(|(_, program)| program.as_path()).ok_or_else(none)
}

/// Those beside server programs, and the one on the path, with their major versions. Asked once: to start one takes longer
/// than most dumps.
fn programs() -> &'static [(i32, PathBuf)] {
    static PROGRAMS: OnceLock<Vec<(i32, PathBuf)>> = OnceLock::new();
    let ask = || {
        // A folder may hold links to server programs only.
        let real = |dir: &Path| Some(std::fs::canonicalize(dir.join("postgres")).ok()?.parent()?.to_path_buf());
        let beside = |dir: &Path| {
            let folders = [Some(dir.to_path_buf()), real(dir)];
            folders.into_iter().flatten().map(|dir| dir.join("pg_dump")).find(|program| program.is_file())
        };
        let all = Local::available().into_iter();
        let mut found: Vec<(i32, PathBuf)> =
            all.filter_map(|it| Some((it.version.major_number(), beside(&it.dir)?))).collect();
        let _held = parser::undisturbed();
        let said = Command::new("pg_dump").arg("--version").stderr(Stdio::null()).output().ok();
        let text = said.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
        let major = text.split_whitespace().find_map(|word| word.split('.').next()?.parse().ok());
        found.extend(major.map(|major| (major, PathBuf::from("pg_dump"))));
        found
    };
    PROGRAMS.get_or_init(ask)
}

/// The lines that only one of two dumps has; nothing where they say the same. The order of statements does not count, nor
/// that of the columns of a table, which cannot be moved.
pub fn compare(fresh: &str, reached: &str) -> Option<String> {
    let (fresh, reached) = (blocks(fresh), blocks(reached));
    let only = |one: &BTreeSet<String>, other: &BTreeSet<String>| {
        one.difference(other).map(|block| format!("{block}\n")).collect::<String>()
    };
    let (fresh, reached) = (only(&fresh, &reached), only(&reached, &fresh));
    let differ = fresh != reached;
    differ.then(|| {
        let diff = TextDiff::from_lines(&fresh, &reached);
        diff.unified_diff().header("TO", "the result").to_string()
    })
}

/// Statements with the lines of each table in one order.
fn blocks(dump: &str) -> BTreeSet<String> {
    let statements = dump.split("\n\n").map(|block| {
        let kept = block.lines().filter(|line| !line.starts_with("--") && !line.starts_with('\\') && !line.is_empty());
        let mut lines: Vec<&str> = kept.map(|line| line.trim_end_matches(',')).collect();
        let table = |line: &&str| line.starts_with("CREATE ") && line.contains("TABLE");
        let privileges = |line: &&str| line.starts_with("GRANT ") || line.starts_with("REVOKE ");
        if lines.first().is_some_and(|line| table(line) || privileges(line)) {
            lines.sort_unstable();
        }
        let lines: Vec<String> = lines.into_iter().map(in_order).collect();
        // PostgreSQL prints a list of values in two ways.
        lines.join("\n").replace("( VALUES", "(VALUES")
    });
    statements.filter(|block| !block.is_empty()).collect()
}

/// Options in one order: a line of their own in a definition, and a list after `WITH`. Published columns too, which stand
/// as in their table.
fn in_order(line: &str) -> String {
    let start = if line.starts_with("ALTER PUBLICATION ") { " (" } else { "WITH (" };
    let Some((head, rest)) = line.split_once(start) else { return line.to_owned() };
    let Some((list, tail)) = rest.split_once(')') else { return line.to_owned() };
    let mut options: Vec<&str> = list.split(", ").collect();
    options.sort_unstable();
    format!("{head}{start}{}){tail}", options.join(", "))
}

#[cfg(test)]
mod tests {
    use super::compare;

    #[test]
    fn the_order_does_not_count_and_everything_else_does() {
        let one = "-- PostgreSQL\n\nCREATE TABLE t (\n    a integer,\n    b text\n);\n\nCREATE VIEW v AS SELECT 1;\n";
        let other = "CREATE VIEW v AS SELECT 1;\n\nCREATE TABLE t (\n    b text,\n    a integer\n);\n\n-- Done";
        assert_eq!(compare(one, other), None);
        let found = compare(one, &other.replace("b text", "b text NOT NULL")).expect("a difference");
        assert!(found.contains("--- TO\n+++ the result") && found.contains("+    b text NOT NULL"), "{found}");
    }
}
