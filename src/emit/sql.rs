//! A plan as SQL that a careful person could have written.

use crate::{
    ddl::{Phase, When},
    diagnostic::{Hazard, Severity},
    model::Literal,
    plan::Plan,
};

/// How the text is to be laid out.
#[derive(Clone, Copy, Debug, Default)]
pub struct Style {
    /// `BEGIN` and `COMMIT` around what may run in a transaction.
    pub transaction: bool,
    /// What stands before and after a statement that has semicolons in it, for tools that take every one for its end.
    pub fences: Option<(&'static str, &'static str)>,
}

/// What `prisma migrate` writes where there is nothing to do.
pub const EMPTY: &str = "-- This is an empty migration.\n";

/// The statements as they are framed, and nothing else.
fn framed(plan: &Plan) -> String {
    let mut out = String::new();
    for step in &plan.steps {
        let frame = step.frame.clone().unwrap_or_default();
        if let Some(title) = &frame.title {
            let gap = if out.is_empty() { "" } else { "\n" };
            out.push_str(&format!("{gap}-- {}\n", comment(title)));
        }
        for left in &step.leaves {
            out.push_str(&format!("-- by hand: {}\n", comment(left.text())));
        }
        out.push_str(&frame.before);
        if !step.sql.is_empty() {
            out.push_str(&format!("{};\n", step.sql));
        }
        out.push_str(&frame.after);
    }
    out
}

/// The statements in order, a comment line above each group, and beside each statement its hazards, notes left out. Those of a
/// plan in another hand are only framed, as that has it.
pub fn render(plan: &Plan, style: Style) -> String {
    if plan.steps.iter().any(|step| step.frame.is_some()) {
        return framed(plan);
    }
    let mut out = String::new();
    let mut group = "";
    let mut open = false;
    let mut timeout: Option<&str> = None;
    for step in &plan.steps {
        let inside = style.transaction && step.when == When::InTransaction;
        if open && !inside {
            out.push_str("COMMIT;\n\n");
        }
        if inside && !open {
            out.push_str("BEGIN;\n\n");
        }
        open = inside;
        if step.lock_timeout.as_deref() != timeout {
            timeout = step.lock_timeout.as_deref();
            out.push_str(&lock_timeout(timeout));
        }
        if step.group != group {
            group = &step.group;
            out.push_str(&format!("-- {}\n", comment(group)));
        }
        if step.phase == Phase::Contract {
            out.push_str("-- phase: contract; to be run once nobody needs what was there before\n");
        }
        for Hazard { code, text, .. } in step.hazards.iter().filter(|it| Severity::Note < it.severity) {
            out.push_str(&format!("-- hazard[{code}]: {}\n", comment(text)));
        }
        for why in &step.not_online {
            out.push_str(&format!("-- not online: {}\n", comment(why)));
        }
        for left in &step.leaves {
            out.push_str(&format!("-- by hand: {}\n", comment(left.text())));
        }
        match step.sql.as_str() {
            "" => out.push('\n'),
            sql => match style.fences.filter(|_| sql.contains(';')) {
                Some((before, after)) => out.push_str(&format!("{before}\n{sql};\n{after}\n\n")),
                None => out.push_str(&format!("{sql};\n\n")),
            },
        }
    }
    if open {
        out.push_str("COMMIT;\n\n");
    }
    if timeout.is_some() {
        out.push_str(&lock_timeout(None));
    }
    out.truncate(out.trim_end().len());
    if !out.is_empty() {
        out.push('\n');
    }
    out
}

fn lock_timeout(timeout: Option<&str>) -> String {
    timeout.map_or("RESET lock_timeout;\n\n".to_owned(), |it| format!("SET lock_timeout = {};\n\n", Literal(it)))
}

/// A name may hold a line break; a comment may not.
fn comment(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}
