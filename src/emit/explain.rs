//! Why the statements of a plan are there, as text for a terminal.

use similar::TextDiff;

use crate::plan::Explanation;

/// A statement as it is explained, whether it was just planned or read from a report.
#[derive(Clone, Debug)]
pub struct Explained<'a> {
    /// From 1.
    pub number: usize,
    pub sql: &'a str,
    pub group: &'a str,
    /// As PostgreSQL's manual names it.
    pub lock: &'a str,
    /// `never`, `perhaps`, or `always`.
    pub rewrites: &'a str,
    /// `drops-column: the values of public.t.a are lost`
    pub hazards: Vec<String>,
    pub explanation: &'a Explanation,
}

/// More reasons than this are counted, not told.
const MOST: usize = 12;

pub fn render(statements: &[Explained<'_>]) -> String {
    statements.iter().map(one).collect::<Vec<_>>().join("\n")
}

fn one(it: &Explained<'_>) -> String {
    let mut out = format!("{}. {}\n", it.number, it.group);
    out.push_str(&indented(&format!("{};", it.sql), "   "));
    let mut say = |head: &str, lines: Vec<String>| {
        if lines.is_empty() {
            return;
        }
        out.push_str(&format!("   {head}\n"));
        let more = lines.len().saturating_sub(MOST);
        for line in lines.iter().take(MOST) {
            out.push_str(&indented(line, "     "));
        }
        if 0 < more {
            out.push_str(&format!("     and {more} more\n"));
        }
    };
    let because = it.explanation.reasons.iter().map(|reason| {
        let object = if reason.object.is_empty() { String::new() } else { format!("{}: ", reason.object) };
        match &reason.values {
            None => format!("{object}{}", reason.what),
            Some((before, after)) => format!("{object}{}{}", reason.what, change(before, after)),
        }
    });
    say("because", because.collect());
    let ties = |ties: &[crate::plan::Tie]| ties.iter().map(|it| format!("{}: {}", it.statement, it.why)).collect();
    say("it comes after", ties(&it.explanation.comes_after));
    if let Some(elsewhere) = &it.explanation.elsewhere {
        let before = format!("before statement {}", elsewhere.before);
        say(
            "elsewhere",
            vec![match &elsewhere.error {
                Some(error) => format!("{before} PostgreSQL says: {error}"),
                None => format!("{before} PostgreSQL would accept it too"),
            }],
        );
    }
    say("it comes before", ties(&it.explanation.comes_before));
    let rewrite = match it.rewrites {
        "always" => "; it rewrites the table",
        "perhaps" => "; it may rewrite the table",
        _ => "",
    };
    say("hazards", it.hazards.clone());
    say("lock", vec![format!("{}{rewrite}", lock(it.lock))]);
    out
}

/// What a lock keeps others from (PostgreSQL manual, 13.3.1).
fn lock(name: &str) -> String {
    let meaning = match name {
        "ACCESS EXCLUSIVE" => "nobody else reads or writes the relation meanwhile",
        "SHARE ROW EXCLUSIVE" | "SHARE" => "others read, and nobody writes, meanwhile",
        "SHARE UPDATE EXCLUSIVE" => "others read and write; only other changes of the schema wait",
        _ => return "none on a relation that is there already".to_owned(),
    };
    format!("{name}: {meaning}")
}

/// Short values side by side, long ones line by line.
fn change(before: &str, after: &str) -> String {
    if !before.contains('\n') && !after.contains('\n') && before.len() + after.len() < 100 {
        return format!(": {before} → {after}");
    }
    let diff = TextDiff::from_lines(before, after);
    let lines = diff.iter_all_changes().map(|line| {
        let sign = match line.tag() {
            similar::ChangeTag::Equal => ' ',
            similar::ChangeTag::Delete => '-',
            similar::ChangeTag::Insert => '+',
        };
        format!("\n{sign} {}", line.value().trim_end_matches('\n'))
    });
    lines.collect()
}

fn indented(text: &str, by: &str) -> String {
    text.lines().map(|line| format!("{by}{line}\n")).collect()
}
