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
        reload::lost,
        rows::Supply,
        run::Failure,
        touched::Touched,
        trial::{Rows, Trial},
    },
    shadow::Scratch,
    sources::{self, Memory, Script, Statement, is_rename, named},
};

/// A migration, as it was seen to run.
pub struct Followed {
    /// One for each statement that was run, in order.
    pub statements: Vec<Seen>,
    pub rows: Rows,
    /// What PostgreSQL refused; nothing was run after it.
    pub failure: Option<Box<Failure>>,
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

/// A database in which migrations run one after the other.
pub struct History<'a> {
    scratch: Scratch,
    view: &'a View<'a>,
    /// The rows of the tables that a migration names.
    rows: Supply<'a>,
    /// What is there now.
    now: Arc<Catalog>,
    memory: Memory,
    /// Whether a setting may be in force that the next migration is not to meet.
    is_set: bool,
}

impl<'a> History<'a> {
    /// Begins with what `scratch` holds. The tables that a migration names get rows, if they can.
    ///
    /// # Errors
    /// Diagnostics where the shadow is lost.
    pub fn begin(mut scratch: Scratch, view: &'a View<'a>, rows: Supply<'a>) -> Result<History<'a>, Vec<Diagnostic>> {
        let mut memory = Memory::default();
        let now = Arc::new(view.read_again(&mut scratch, &mut memory)?);
        Ok(History { scratch, view, rows, now, memory, is_set: false })
    }

    /// What is there now.
    pub fn now(&self) -> &Arc<Catalog> {
        &self.now
    }

    /// Whether a block of PL/pgSQL can catch an error there.
    pub fn catches_errors(&self) -> bool {
        self.scratch.catches_errors()
    }

    /// What is there now, read from the beginning: what [`History::now`] has to be.
    ///
    /// # Errors
    /// Diagnostics where the shadow is lost.
    pub fn read_anew(&mut self) -> Result<Catalog, Vec<Diagnostic>> {
        self.view.read(&mut self.scratch)
    }

    /// Runs scripts that nobody looks at.
    ///
    /// # Errors
    /// Diagnostics for what PostgreSQL refuses, and where the shadow is lost.
    pub fn load<'s>(
        &mut self,
        scripts: impl Iterator<Item = &'s Script>,
        files: &Files,
    ) -> Result<(), Vec<Diagnostic>> {
        for script in scripts {
            sources::load(script, files, &mut self.scratch.client, &*self.scratch.adapt)?;
            self.memory.forget();
        }
        self.now = Arc::new(self.view.read_again(&mut self.scratch, &mut self.memory)?);
        Ok(())
    }

    /// Runs a migration in a session of its own, statement by statement.
    ///
    /// Each statement has a transaction of its own; `BEGIN` and `COMMIT` of the script are passed over. What is set for a
    /// transaction is set for each statement up to its end: the `COMMIT`, or that of the script.
    ///
    /// # Errors
    /// Diagnostics where the shadow is lost.
    pub fn follow(&mut self, script: &Script, files: &Files) -> Result<Followed, Vec<Diagnostic>> {
        self.begin_session(script).map_err(|error| vec![lost(&error)])?;
        let before = self.now.clone();
        let steps: Vec<Step> = script.statements.iter().map(|statement| step(statement, files, &before)).collect();
        let touched = Touched::by_steps(&steps, &before);
        let trial = Trial::begin(&mut self.scratch, &touched, (&steps, 0, &[]), &before, self.rows)?;
        let mut trial = trial.with_catalogs(&mut self.scratch)?;
        let (mut statements, mut failure, mut local) = (Vec::new(), None, Vec::new());
        for (at, (statement, step)) in script.statements.iter().zip(steps).enumerate() {
            if statement.ends_transaction() {
                local.clear();
                trial.govern(&local);
            }
            if statement.is_beside_the_schema() {
                continue;
            }
            if let Err(found) = trial.step(&mut self.scratch, &step) {
                failure = Some(Box::new(Failure { step: at, ..*found }));
                break;
            }
            if statement.is_local_setting() {
                local.push(step.sql.clone());
                trial.govern(&local);
            }
            let before = self.now.clone();
            self.look(statement, trial.last())?;
            statements.push(seen(at, step, before, self.now.clone(), trial.last().cloned()));
        }
        let rows = match trial.end(&mut self.scratch) {
            Ok((_, rows)) => rows,
            // What has failed has taken the session along: that is said of the statement.
            Err(_) if failure.is_some() => Rows::default(),
            Err(found) => return Err(found),
        };
        Ok(Followed { statements, rows, failure })
    }

    /// Takes back what the migration before has set. The script's own surroundings count from here on.
    fn begin_session(&mut self, script: &Script) -> Result<(), postgres::Error> {
        let surroundings = script.statements.first().map(|it| it.settings.clone()).unwrap_or_default();
        if self.is_set || !surroundings.is_empty() {
            // RESET ALL leaves the role and the session's user alone.
            self.scratch.client.batch_execute("RESET SESSION AUTHORIZATION; RESET ROLE; RESET ALL")?;
            for setting in surroundings.iter() {
                self.scratch.client.batch_execute(setting)?;
            }
            self.is_set = !surroundings.is_empty();
        }
        Ok(())
    }

    /// Reads what is there after a statement, as far as it can have changed.
    fn look(&mut self, statement: &Statement, observed: Option<&Observed>) -> Result<(), Vec<Diagnostic>> {
        if statement.is_setting() {
            // What is read may depend on who reads it.
            self.memory.forget();
            self.is_set = true;
            return Ok(());
        }
        match observed {
            Some(observed) if observed.catalogs.is_empty() => return Ok(()),
            Some(observed) => self.memory.changed(&observed.catalogs),
            None => self.memory.forget(),
        }
        self.now = Arc::new(self.view.read_again(&mut self.scratch, &mut self.memory)?);
        Ok(())
    }
}

fn step(statement: &Statement, files: &Files, before: &Catalog) -> Step {
    let sql = statement.sql(files);
    let when = if statement.alone { When::OutsideTransaction } else { When::InTransaction };
    Step { subjects: named(&sql, before), when, ..Step::new(&sql) }
}

fn seen(at: usize, step: Step, before: Arc<Catalog>, after: Arc<Catalog>, observed: Option<Observed>) -> Seen {
    if Arc::ptr_eq(&before, &after) {
        return Seen { at, sql: step.sql, plan: Plan::default(), before, after, observed };
    }
    let casts = before.casts.and(&after.casts);
    let target = Target::new(after.version, &casts);
    let changes = diff(&before, &after, target);
    let plan = match changes.is_empty() || is_rename(&step.sql) {
        true => Plan::default(),
        // Where there is no way for Trueup, there are the differences.
        false => plan(&before, &after, target).unwrap_or(Plan { changes, ..Plan::default() }),
    };
    Seen { at, sql: step.sql, plan, before, after, observed }
}
