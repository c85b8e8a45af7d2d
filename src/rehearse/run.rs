//! Runs the statements of a plan one by one, as `psql` would.

use crate::{ddl::Leaves, plan::Step, shadow::Scratch};

/// A statement that the server refused.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Its place in the plan, from 0.
    pub step: usize,
    pub sql: String,
    pub group: String,
    /// Its SQLSTATE; empty where the session broke.
    pub code: String,
    /// PostgreSQL's own words.
    pub message: String,
    pub detail: Option<String>,
    pub hint: Option<String>,
}

/// Runs each step in a transaction of its own.
///
/// # Errors
/// The first statement that fails; those before it have been carried out.
pub fn run(scratch: &mut Scratch, steps: &[Step]) -> Result<(), Box<Failure>> {
    for (at, step) in steps.iter().enumerate() {
        // What a person is to set is made up here, so that the state that is declared can be reached.
        let made_up = step.leaves.iter().filter_map(|left| match left {
            Leaves::Secret { stand_in, .. } => Some(stand_in.as_str()),
            Leaves::Elsewhere(_) => None,
        });
        let statements = std::iter::once(step.sql.as_str()).chain(made_up);
        let sql = statements.map(|sql| (scratch.adapt)(sql)).collect::<Vec<_>>().join(";\n");
        scratch.client.batch_execute(&sql).map_err(|error| Failure::new(at, step, &error))?;
    }
    Ok(())
}

/// Runs steps in one transaction, which is kept only if all of them succeed and `keep` says so.
///
/// # Errors
/// The first statement that fails; nothing stays of the others.
pub(super) fn attempt(scratch: &mut Scratch, steps: &[Step], keep: bool) -> Result<(), Box<Failure>> {
    let order = |scratch: &mut Scratch, word: &str| {
        scratch.client.batch_execute(word).map_err(|error| Failure::new(0, &Step::new(word), &error))
    };
    order(scratch, "BEGIN")?;
    let result = run(scratch, steps);
    let ended = order(scratch, if keep && result.is_ok() { "COMMIT" } else { "ROLLBACK" });
    result.and(ended)
}

impl Failure {
    pub(super) fn new(at: usize, step: &Step, error: &postgres::Error) -> Box<Failure> {
        let server = error.as_db_error();
        Box::new(Failure {
            step: at,
            sql: step.sql.clone(),
            group: step.group.clone(),
            code: error.code().map(|it| it.code().to_owned()).unwrap_or_default(),
            message: server.map_or_else(|| error.to_string(), |it| it.message().to_owned()),
            detail: server.and_then(|it| it.detail().map(str::to_owned)),
            hint: server.and_then(|it| it.hint().map(str::to_owned)),
        })
    }
}
