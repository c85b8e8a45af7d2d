//! Runs a script in an empty database, in batches, and says what PostgreSQL refused and where.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use pg_query::NodeEnum;
use postgres::Client;
use postgres::error::SqlState;

use super::class::{Class, Edge};
use super::defines::Defined;
use super::refusal::{self, Refusal};
use super::{Annotations, Script, Statement, annotation, written};
use crate::diagnostic::Diagnostic;
use crate::model::{Files, Ident, Span, parser};

/// One round trip each; larger batches hold many locks and are no faster (`shadow.md`, section 2).
const BATCH: usize = 200;

/// Where a user stops reading.
const ENOUGH_REFUSALS: usize = 50;

/// What came of a script that was loaded.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    /// Everything that a statement defined, in the order of the script, with the schema filled in.
    pub defined: Vec<(Defined, Span)>,
    /// Where each object was last defined, by kind, container and name. The container is `schema`, or
    /// `schema.table` for a column, constraint, trigger, rule or policy, or empty. An overloaded routine has one entry.
    pub written: BTreeMap<(String, String, String), Span>,
    /// What comments tell Trueup.
    pub annotations: Annotations,
    /// What was left out.
    pub notes: Vec<Diagnostic>,
}

/// Runs the statements of a script. The session's settings are afterwards what they were.
/// `adapt` is what the server's texts go through.
///
/// Statements run in batches; the statements of a batch that PostgreSQL refuses run again one by one. In an
/// unordered script a statement that misses something waits until the others have run. Roles are made without
/// attributes, and only if the server lacks them; what concerns the server as a whole is left out.
///
/// # Errors
/// What is wrong with the syntax, before anything runs. Else every statement that PostgreSQL refused, less those that only miss what a refused one would have defined.
/// The database is then half loaded.
pub fn load(
    script: &Script,
    files: &Files,
    client: &mut Client,
    adapt: &dyn for<'a> Fn(&'a str) -> Cow<'a, str>,
) -> Result<Loaded, Vec<Diagnostic>> {
    load_rest(script, 0, files, client, adapt)
}

/// As [`load`], in a database that holds what the first statements have made, as many as `done`.
///
/// # Errors
/// As [`load`].
pub fn load_rest(
    script: &Script,
    done: usize,
    files: &Files,
    client: &mut Client,
    adapt: &dyn for<'a> Fn(&'a str) -> Cow<'a, str>,
) -> Result<Loaded, Vec<Diagnostic>> {
    let wrong = syntax_errors(script, files, client);
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let mut run = Run {
        files,
        client,
        adapt,
        unordered: script.unordered,
        refusals: Vec::new(),
        waiting: Vec::new(),
        settings: Arc::from([]),
        transaction: None,
        lost: None,
    };
    let is_left_out = |statement: &&Statement| matches!(statement.class, Class::Server(_));
    let leave_out: Vec<&Statement> = script.statements.iter().filter(is_left_out).collect();
    let rest: Vec<&Statement> = script.statements[done..].iter().filter(|it| !is_left_out(it)).collect();
    run.all(&rest);
    run.those_that_wait(script.statements.iter().any(|statement| statement.tells_a_history));
    let mut problems = run.problems(script);
    problems.extend(run.clean_up());
    if !problems.is_empty() {
        return Err(problems);
    }
    let (defined, written) = written::written(script);
    let notes = left_out(&leave_out);
    let annotations = annotation::read(script, &defined, files);
    Ok(Loaded { defined, written, annotations, notes })
}

/// Of the statements that the parser refuses, those that the server does not know either: words that became keywords
/// are still names on an older one.
fn syntax_errors(script: &Script, files: &Files, client: &mut Client) -> Vec<Diagnostic> {
    let mut refused = |statement: &Statement| match client.prepare(&statement.sql(files)) {
        Ok(_) => None,
        Err(error) if error.code() == Some(&SqlState::SYNTAX_ERROR) => statement.doubt.as_deref().cloned(),
        // It is understood. What else is wrong with it shows when it runs.
        Err(_) => None,
    };
    script.statements.iter().filter(|statement| statement.doubt.is_some()).filter_map(&mut refused).collect()
}

struct Run<'a> {
    files: &'a Files,
    client: &'a mut Client,
    adapt: &'a dyn for<'t> Fn(&'t str) -> Cow<'t, str>,
    unordered: bool,
    refusals: Vec<Refusal<'a>>,
    /// Refused in an unordered script, but perhaps only for now.
    waiting: Vec<Refusal<'a>>,
    /// The settings of an unordered script that are in force in the session.
    settings: Arc<[String]>,
    /// The `BEGIN` that is in force.
    transaction: Option<&'a Statement>,
    /// The session broke.
    lost: Option<Refusal<'a>>,
}

impl<'a> Run<'a> {
    fn all(&mut self, statements: &[&'a Statement]) {
        // What a batch rolls back and what a script does are hard to tell apart when the script has its own blocks.
        let own_blocks = statements.iter().any(|statement| matches!(statement.class, Class::Transaction(_)));
        let limit = if own_blocks { 1 } else { BATCH };
        let mut rest = statements;
        while !rest.is_empty() && self.may_go_on() {
            let (batch, after) = rest.split_at(batch_length(rest, limit));
            self.batch(batch);
            rest = after;
        }
    }

    fn may_go_on(&self) -> bool {
        let block_failed = self.transaction.is_some() && !self.refusals.is_empty() && !self.unordered;
        self.lost.is_none() && !block_failed && self.refusals.len() < ENOUGH_REFUSALS
    }

    fn batch(&mut self, batch: &[&'a Statement]) {
        if let [only] = batch {
            return self.single(only);
        }
        self.apply_settings(batch[0]);
        let texts: Vec<_> = batch.iter().map(|statement| self.text(statement)).collect();
        if let Err(error) = self.client.batch_execute(&texts.join(";\n")) {
            if error.as_db_error().is_none() {
                self.lost = Some(Refusal { statement: batch[0], error });
                return;
            }
            for statement in batch {
                if self.may_go_on() {
                    self.single(statement);
                }
            }
        }
    }

    fn single(&mut self, statement: &'a Statement) {
        if let Some(refusal) = self.attempt(statement) {
            if refusal.error.as_db_error().is_none() {
                self.lost = Some(refusal);
            } else if self.unordered && refusal.may_pass_later() {
                self.waiting.push(refusal);
            } else {
                self.refusals.push(refusal);
            }
        }
    }

    fn attempt(&mut self, statement: &'a Statement) -> Option<Refusal<'a>> {
        self.apply_settings(statement);
        let guarded = self.unordered && self.transaction.is_some();
        let text = self.text(statement);
        let result = match &statement.class {
            Class::Role(name) => self.role(name),
            Class::Transaction(_) => self.client.batch_execute(&text),
            _ if guarded => self.guarded(&text),
            _ => self.client.batch_execute(&text),
        };
        match (&statement.class, &result) {
            (Class::Transaction(Edge::Begin), Ok(())) => self.transaction = Some(statement),
            (Class::Transaction(Edge::Commit | Edge::Rollback), _) => self.transaction = None,
            _ => (),
        }
        result.err().map(|error| Refusal { statement, error })
    }

    fn text(&mut self, statement: &'a Statement) -> Cow<'a, str> {
        let sql = statement.sql(self.files);
        if let Some(here) = (statement.class == Class::DatabaseSetting).then(|| self.of_this_database(&sql)).flatten() {
            return Cow::Owned(here);
        }
        match (self.adapt)(&sql) {
            Cow::Owned(adapted) => Cow::Owned(adapted),
            Cow::Borrowed(_) => sql,
        }
    }

    /// The same setting, for the database that stands for the one that the script names.
    fn of_this_database(&mut self, sql: &str) -> Option<String> {
        let name: String = self.client.query_one("SELECT current_database()::text", &[]).ok()?.try_get(0).ok()?;
        let mut parsed = parser::parse_whole(sql).ok()?;
        let statement = parsed.protobuf.stmts.first_mut()?.stmt.as_mut()?.node.as_mut()?;
        if let NodeEnum::AlterDatabaseSetStmt(set) = statement {
            set.dbname = name;
        } else if let NodeEnum::AlterRoleSetStmt(set) = statement {
            set.database = name;
        }
        parsed.deparse(pg_query::DeparseOptions::default()).ok()
    }

    /// So that a refused statement does not spoil the block that it stands in.
    fn guarded(&mut self, sql: &str) -> Result<(), postgres::Error> {
        self.client.batch_execute("SAVEPOINT trueup_statement")?;
        let result = self.client.batch_execute(sql);
        let end = if result.is_ok() { "RELEASE trueup_statement" } else { "ROLLBACK TO trueup_statement" };
        self.client.batch_execute(end)?;
        result
    }

    /// Roles belong to the server: the other side may have made this one already, or be making it right now.
    fn role(&mut self, name: &str) -> Result<(), postgres::Error> {
        let known = self.client.query("SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = $1", &[&name])?;
        if !known.is_empty() {
            return Ok(());
        }
        match self.client.batch_execute(&format!("CREATE ROLE {}", Ident::new(name))) {
            Err(error) if is_duplicate(&error) => Ok(()),
            result => result,
        }
    }

    fn apply_settings(&mut self, statement: &Statement) {
        if Arc::ptr_eq(&self.settings, &statement.settings) || self.settings == statement.settings {
            return;
        }
        self.settings = statement.settings.clone();
        // A setting that is refused shows in the statements that need it.
        let _ = self.client.batch_execute("RESET ALL; RESET SESSION AUTHORIZATION");
        for setting in statement.settings.iter() {
            let _ = self.client.batch_execute(setting);
        }
    }

    /// Rounds of attempts, until all have passed or none does. In a history a late attempt meets another state than
    /// the one it was written for, so there the first refusal is the one to report.
    fn those_that_wait(&mut self, first_counts: bool) {
        while !self.waiting.is_empty() && self.lost.is_none() {
            let round = std::mem::take(&mut self.waiting);
            let before = round.len();
            for first in round {
                if self.lost.is_some() {
                    return;
                }
                match self.attempt(first.statement) {
                    None => (),
                    Some(last) if last.error.as_db_error().is_none() => self.lost = Some(last),
                    Some(_) if first_counts => self.waiting.push(first),
                    Some(last) => self.waiting.push(last),
                }
            }
            if self.waiting.len() == before {
                break;
            }
        }
    }

    fn problems(&mut self, script: &Script) -> Vec<Diagnostic> {
        let mut refusals = std::mem::take(&mut self.refusals);
        refusals.append(&mut self.waiting);
        if let Some(lost) = self.lost.take() {
            return vec![refusal::session_lost(&lost, self.files)];
        }
        let place = |statement: &Statement| script.statements.iter().position(|other| std::ptr::eq(other, statement));
        refusals.sort_by_key(|refusal| place(refusal.statement));
        let mut problems = refusal::describe(&refusals, script, self.files);
        if let Some(begin) = self.transaction.filter(|_| problems.is_empty()) {
            problems.push(
                Diagnostic::error("unfinished-transaction", "this transaction is never committed")
                    .at(begin.span.clone(), "begun here")
                    .with_help("end it with COMMIT, or leave BEGIN out"),
            );
        }
        problems
    }

    fn clean_up(&mut self) -> Option<Diagnostic> {
        if self.transaction.is_some() {
            let _ = self.client.batch_execute("ROLLBACK");
        }
        // RESET ALL leaves the role and the session's user alone.
        let reset = "RESET SESSION AUTHORIZATION; RESET ROLE; RESET ALL";
        let error = self.client.batch_execute(reset).err()?;
        error.as_db_error().map(|db| Diagnostic::error("load-error", db.message()))
    }
}

/// How many statements may go together: none that must be alone, none under other settings.
fn batch_length(statements: &[&Statement], limit: usize) -> usize {
    let settings = &statements[0].settings;
    let joins = |statement: &&Statement| {
        !statement.alone && !matches!(statement.class, Class::Role(_)) && Arc::ptr_eq(&statement.settings, settings)
    };
    statements.iter().take(limit).take_while(|statement| joins(statement)).count().max(1)
}

fn is_duplicate(error: &postgres::Error) -> bool {
    matches!(error.code(), Some(code) if *code == SqlState::DUPLICATE_OBJECT || *code == SqlState::UNIQUE_VIOLATION)
}

/// One note for each sort of statement that was left out.
fn left_out(statements: &[&Statement]) -> Vec<Diagnostic> {
    let mut by_what: BTreeMap<&str, Vec<&Statement>> = BTreeMap::new();
    for statement in statements {
        if let Class::Server(what) = statement.class
            && what != "SET client_encoding"
        {
            by_what.entry(what).or_default().push(statement);
        }
    }
    by_what
        .into_iter()
        .map(|(what, statements)| {
            let label = if statements.len() == 1 { "left out" } else { "left out, and others like it" };
            Diagnostic::note("left-out", format!("{what} is about the server, not the schema"))
                .at(statements[0].span.clone(), label)
        })
        .collect()
}
