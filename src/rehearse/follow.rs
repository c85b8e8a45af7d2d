//! Runs a migration that somebody wrote, statement by statement, and looks at what each does to schema and rows.

use std::sync::Arc;

use crate::{
    catalog::Catalog,
    ddl::{Target, When},
    diagnostic::Diagnostic,
    diff::diff,
    model::Files,
    plan::{Plan, Step, plan},
    rehearse::{
        converge::View,
        observe::Observed,
        run::Failure,
        touched::Touched,
        trial::{Rows, Trial},
    },
    shadow::Scratch,
    sources::{Script, Statement, is_rename, named},
};

/// A migration, as it was seen to run.
pub struct Followed {
    /// One for each statement that was run, in order.
    pub statements: Vec<Seen>,
    pub rows: Rows,
    /// What PostgreSQL refused; nothing was run after it.
    pub failure: Option<Box<Failure>>,
    /// What is there now.
    pub after: Arc<Catalog>,
}

/// One statement of a migration.
pub struct Seen {
    /// Its place among the statements of the script, from 0.
    pub at: usize,
    pub sql: String,
    /// What Trueup would do between the states before and after it; empty where it only gives something another name.
    pub plan: Plan,
    pub before: Arc<Catalog>,
    pub after: Arc<Catalog>,
    /// Nothing for what could not be watched.
    pub observed: Option<Observed>,
}

/// Runs a script in `scratch`, which holds `before`. The tables that it names have `rows` rows each, if they can.
///
/// Each statement has a transaction of its own; `BEGIN` and `COMMIT` of the script are passed over.
///
/// # Errors
/// Diagnostics where the shadow is lost.
pub fn follow(
    script: &Script,
    files: &Files,
    scratch: &mut Scratch,
    before: &Arc<Catalog>,
    view: &View<'_>,
    rows: u32,
) -> Result<Followed, Vec<Diagnostic>> {
    let steps: Vec<Step> = script.statements.iter().map(|statement| step(statement, files, before)).collect();
    let mut trial = Trial::begin(scratch, &Touched::by_steps(&steps, before), 0, before, rows)?;
    let (mut statements, mut failure, mut now) = (Vec::new(), None, before.clone());
    for (at, (statement, step)) in script.statements.iter().zip(steps).enumerate() {
        if statement.is_beside_the_schema() {
            continue;
        }
        if let Err(found) = trial.step(scratch, &step) {
            failure = Some(Box::new(Failure { step: at, ..*found }));
            break;
        }
        let after = if statement.is_setting() { now.clone() } else { Arc::new(view.read(scratch)?) };
        statements.push(seen(at, step, now, after.clone(), trial.last().cloned()));
        now = after;
    }
    let (_, rows) = trial.end(scratch)?;
    Ok(Followed { statements, rows, failure, after: now })
}

fn step(statement: &Statement, files: &Files, before: &Catalog) -> Step {
    let sql = statement.sql(files);
    let when = if statement.alone { When::OutsideTransaction } else { When::InTransaction };
    Step { subjects: named(&sql, before), when, ..Step::new(&sql) }
}

fn seen(at: usize, step: Step, before: Arc<Catalog>, after: Arc<Catalog>, observed: Option<Observed>) -> Seen {
    let casts = before.casts.and(&after.casts);
    let target = Target { version: after.version, casts: &casts, online: None };
    let changes = diff(&before, &after, target);
    let plan = match changes.is_empty() || is_rename(&step.sql) {
        true => Plan::default(),
        // Where there is no way for Trueup, there are the differences.
        false => plan(&before, &after, target).unwrap_or(Plan { changes, ..Plan::default() }),
    };
    Seen { at, sql: step.sql, plan, before, after, observed }
}
