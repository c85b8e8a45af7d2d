//! A stretch of a history, statement by statement: run on a shadow whether the ones before succeed or not. What fails there,
//! or finds its object in place already, is a conflict, and is left out.

use crate::{
    diagnostic::Diagnostic,
    history::Migration,
    model::Files,
    shadow::Scratch,
    sources::{self, Does, Script},
};

/// One statement that has an effect.
#[derive(Clone, Debug)]
pub(super) struct Step {
    /// The place of its migration in the stretch.
    pub of: usize,
    pub sql: String,
    pub does: Does,
    /// Whether what it makes cannot be used before it is committed.
    pub serves_later: bool,
    /// The parameter that it sets.
    pub parameter: Option<String>,
}

/// What has become of the stretch.
#[derive(Debug, Default)]
pub(super) struct Run {
    pub steps: Vec<Step>,
    pub conflicts: Vec<Diagnostic>,
}

impl Run {
    /// Runs one migration.
    ///
    /// # Errors
    /// What the server says where the session cannot go on.
    pub(super) fn follow(
        &mut self,
        of: usize,
        script: &Script,
        files: &Files,
        scratch: &mut Scratch,
    ) -> Result<(), postgres::Error> {
        scratch.client.batch_execute("RESET ALL")?;
        for statement in &script.statements {
            let does = statement.does();
            let parameter = statement.parameter().map(str::to_owned);
            let sql = statement.sql(files);
            let serves_later = statement.serves_later();
            let step = Step { of, serves_later, sql: sql.clone().into_owned(), does, parameter };
            match does {
                Does::Transaction => continue,
                Does::Server => self.steps.push(step),
                Does::Schema | Does::Setting | Does::Rows => {
                    let adapted = (scratch.adapt)(&sql).into_owned();
                    scratch.notices();
                    match scratch.client.batch_execute(&adapted) {
                        Ok(()) => {
                            let skipped =
                                scratch.notices().into_iter().find(|it| it.contains("already exists, skipping"));
                            match skipped {
                                Some(_) if statement.makes_a_name() => (),
                                Some(said) => self.conflicts.push(is_there(statement, &said)),
                                None => self.steps.push(step),
                            }
                        }
                        Err(error) if error.is_closed() => return Err(error),
                        Err(error) => self.conflicts.push(sources::refused(statement, &error, script, files)),
                    }
                }
            }
        }
        Ok(())
    }
}

fn is_there(statement: &sources::Statement, said: &str) -> Diagnostic {
    let said = said.split_once(": ").map_or(said, |(_, said)| said).trim_end_matches(", skipping");
    Diagnostic::warning("conflict", said)
        .at(statement.span.clone(), "this had no effect")
        .with_note("an earlier migration has made one of this name, which need not be the same")
}

/// These statements as migrations: what each has of them.
pub(super) fn migrations(stretch: &[Migration], steps: &[Step]) -> Vec<Migration> {
    let text = |at: usize| steps.iter().filter(|it| it.of == at).map(|it| format!("{};\n", it.sql)).collect();
    let has_some = |at: &usize| steps.iter().any(|it| it.of == *at);
    let with_text = |at: usize| Migration { text: text(at), ..stretch[at].clone() };
    (0..stretch.len()).filter(has_some).map(with_text).collect()
}
