//! Runs a migration in a database, so that at any moment the database can tell what of it is done: all that takes effect
//! is noted in the same transaction.

use std::{ops::Range, time::Duration};

use postgres::{Client, Transaction, error::SqlState};

use super::{
    Layout, Migration, journal,
    journal::Left,
    lock,
    pieces::{self, Piece},
    recover::{State, clear, recover},
};
use crate::{
    connect,
    diagnostic::Diagnostic,
    model::Files,
    sources::{self, Script},
};

/// A migration, and its statements as PostgreSQL gets them.
pub struct Work<'a> {
    pub migration: &'a Migration,
    pub script: &'a Script,
    pub files: &'a Files,
    sql: Vec<String>,
    pieces: Vec<Piece>,
    ends: Ends,
}

/// What is noted at the end.
enum Ends {
    Applied,
    /// Nothing is there of it any more; which is the one before it.
    RolledBack(Option<Migration>),
}

/// What one session is to have, and how often to try.
pub struct Terms<'a> {
    /// What puts the session where it was at the beginning.
    pub session: &'a [String],
    /// How long to wait before each new attempt at what somebody else's lock has kept from happening.
    pub pauses: &'a dyn Fn() -> Box<dyn Iterator<Item = Duration>>,
    /// Whether anything more may begin; what there is to be said where it may not.
    pub allows: &'a dyn Fn(&mut Client) -> Result<(), Diagnostic>,
}

/// What goes on.
#[derive(Debug)]
pub enum Event {
    /// This statement runs, of so many.
    Runs { at: usize, of: usize },
    /// PostgreSQL said this; it is tried again after a pause.
    Pauses { why: String, pause: Duration },
}

/// Why a migration has not been carried out.
enum Stop {
    Server(postgres::Error, usize),
    Told(Diagnostic),
}

impl<'a> Work<'a> {
    /// Divides a migration.
    ///
    /// # Errors
    /// Diagnostics for what cannot be run as it is written.
    pub fn new(
        migration: &'a Migration,
        layout: &dyn Layout,
        script: &'a Script,
        files: &'a Files,
    ) -> Result<Work<'a>, Vec<Diagnostic>> {
        let pieces = pieces::pieces(script, layout, &migration.text)?;
        Ok(Work::of(migration, pieces, (script, files), Ends::Applied))
    }

    fn of(
        migration: &'a Migration,
        pieces: Vec<Piece>,
        (script, files): (&'a Script, &'a Files),
        ends: Ends,
    ) -> Work<'a> {
        let sql = script.statements.iter().map(|it| it.sql(files).into_owned()).collect();
        Work { migration, script, files, sql, pieces, ends }
    }

    /// What leads back from it, by the words of `text`, to the one before.
    ///
    /// # Errors
    /// Diagnostics for what cannot be run as it is written, and for what would not be over in one transaction.
    pub fn back(
        (migration, text): (&'a Migration, &str),
        before: Option<&Migration>,
        layout: &dyn Layout,
        script: &'a Script,
        files: &'a Files,
    ) -> Result<Work<'a>, Vec<Diagnostic>> {
        let pieces = pieces::pieces(script, layout, text)?;
        let work = Work::of(migration, pieces, (script, files), Ends::RolledBack(before.cloned()));
        if !work.is_whole() {
            let title = format!("what leads back from {} does not go into one transaction", migration.name);
            return Err(vec![
                Diagnostic::error("cannot-roll-back", title)
                    .with_help("run its statements by hand, and note that with `trueup resolve --rolled-back`"),
            ]);
        }
        Ok(work)
    }

    fn note(&self, transaction: &mut Transaction<'_>, layout: &dyn Layout) -> Result<(), postgres::Error> {
        match &self.ends {
            Ends::Applied => layout.note_finished(transaction, self.migration),
            Ends::RolledBack(before) => layout.note_rolled_back(transaction, self.migration, before.as_ref()),
        }
    }

    pub fn statements(&self) -> &[String] {
        &self.sql
    }

    /// Whether all of it takes effect at once, or nothing.
    pub fn is_whole(&self) -> bool {
        matches!(self.pieces.as_slice(), [] | [Piece::Together(_)])
    }
}

/// Carries out a migration, from where it was left on.
///
/// # Errors
/// A diagnostic with the place in the file, and what is done so far.
pub fn apply(
    client: &mut Client,
    layout: &dyn Layout,
    work: &Work<'_>,
    left: Option<&Left>,
    terms: &Terms<'_>,
    on: &mut dyn FnMut(Event),
) -> Result<(), Diagnostic> {
    let mut run = Run { client, layout, work, terms, on, path: String::new() };
    let ended = match left {
        None if work.is_whole() => run.whole(),
        _ => run.parts(left),
    };
    match ended {
        Ok(()) => Ok(()),
        Err(Stop::Told(found)) => Err(found),
        Err(Stop::Server(error, at)) => Err(run.failed(&error, at)),
    }
}

struct Run<'r, 'w> {
    client: &'r mut Client,
    layout: &'r dyn Layout,
    work: &'r Work<'w>,
    terms: &'r Terms<'r>,
    on: &'r mut dyn FnMut(Event),
    /// Where names are looked for before the migration sets anything.
    path: String,
}

impl Run<'_, '_> {
    /// Everything in one transaction. Where PostgreSQL says that a statement does not go into one, nothing has happened yet,
    /// and it goes on in parts.
    fn whole(&mut self) -> Result<(), Stop> {
        self.begin_session()?;
        self.is_allowed()?;
        let all = 0..self.work.sql.len();
        match self.tried(|run| run.together(all.clone(), true, false)) {
            Err(Stop::Server(error, _)) if goes_alone(&error) && matches!(self.work.ends, Ends::Applied) => {
                self.parts(None)
            }
            ended => ended,
        }
    }

    fn parts(&mut self, left: Option<&Left>) -> Result<(), Stop> {
        let pieces = match self.work.is_whole() {
            true => pieces::in_parts(&self.work.script.statements).map_err(first)?,
            false => self.work.pieces.clone(),
        };
        self.begin_session()?;
        if left.is_none() {
            self.begin()?;
        }
        let done = left.map_or(0, |left| left.done);
        // What was set for the session went with it.
        let settings = self.work.script.statements[..done].iter().zip(&self.work.sql);
        for (_, sql) in settings.filter(|(it, _)| it.is_setting() && !it.is_local_setting()) {
            self.client.batch_execute(sql).map_err(|error| Stop::Server(error, 0))?;
        }
        let mut is_open = left.is_some_and(|left| left.is_open);
        let last = pieces.len().saturating_sub(1);
        for (at, piece) in pieces.iter().enumerate().filter(|(_, piece)| done < piece.end()) {
            self.is_allowed()?;
            let is_last = at == last;
            let was_open = std::mem::take(&mut is_open);
            let ended = match piece {
                _ if piece.start() < done => Err(Stop::Told(edited(self.work.migration))),
                Piece::Together(range) if !was_open => self.tried(|run| run.together(range.clone(), is_last, true)),
                Piece::Together(_) | Piece::Alone(_) => self.alone(piece.start(), was_open, is_last),
            };
            match ended {
                // Which statements these are, PostgreSQL knows best.
                Err(Stop::Server(error, _)) if goes_alone(&error) && piece.end() == piece.start() + 1 => {
                    self.alone(piece.start(), false, is_last)?;
                }
                ended => ended?,
            }
        }
        Ok(())
    }

    fn is_allowed(&mut self) -> Result<(), Stop> {
        (self.terms.allows)(self.client).map_err(Stop::Told)
    }

    fn begin_session(&mut self) -> Result<(), Stop> {
        for setting in self.terms.session {
            self.client.batch_execute(setting).map_err(|error| Stop::Server(error, 0))?;
        }
        let path = self.client.query_one("SELECT current_setting('search_path')", &[]);
        self.path = path.map_err(|error| Stop::Server(error, 0))?.get(0);
        Ok(())
    }

    /// Writes something down in a transaction of its own.
    fn note(
        &mut self,
        what: impl FnOnce(&mut Transaction<'_>, &Work<'_>, &dyn Layout) -> Result<(), postgres::Error>,
    ) -> Result<(), Stop> {
        let write = |client: &mut Client| {
            let mut transaction = client.transaction()?;
            go_home(&mut transaction, &self.path)?;
            what(&mut transaction, self.work, self.layout)?;
            transaction.commit()
        };
        write(self.client).map_err(|error| Stop::Told(not_noted(&error)))
    }

    fn begin(&mut self) -> Result<(), Stop> {
        self.note(|transaction, work, layout| {
            journal::create(transaction)?;
            layout.note_begun(transaction, work.migration)?;
            journal::note(transaction, layout, work.migration, &work.sql, (0, false))
        })
    }

    /// Tries again what has left nothing behind, where it was only somebody else's lock that kept it from happening.
    fn tried(&mut self, once: impl Fn(&mut Self) -> Result<(), Stop>) -> Result<(), Stop> {
        let mut pauses = (self.terms.pauses)();
        loop {
            match once(self) {
                Err(Stop::Server(error, at)) if may_pass(&error) => match pauses.next() {
                    Some(pause) => self.pause(&error, pause),
                    None => return Err(Stop::Server(error, at)),
                },
                ended => return ended,
            }
        }
    }

    fn pause(&mut self, error: &postgres::Error, pause: Duration) {
        (self.on)(Event::Pauses { why: connect::message(error), pause });
        std::thread::sleep(pause);
    }

    /// Runs statements in one transaction, with the note of them.
    fn together(&mut self, range: Range<usize>, is_last: bool, has_journal: bool) -> Result<(), Stop> {
        let (layout, work) = (self.layout, self.work);
        let server = |at: usize| move |error: postgres::Error| Stop::Server(error, at);
        let mut transaction = self.client.transaction().map_err(server(range.start))?;
        holds(&mut transaction, layout)?;
        for at in range.clone() {
            let statement = &work.script.statements[at];
            if statement.begins_transaction() || statement.ends_transaction() {
                continue;
            }
            (self.on)(Event::Runs { at, of: work.sql.len() });
            transaction.batch_execute(&work.sql[at]).map_err(server(at))?;
        }
        let mut note = || {
            go_home(&mut transaction, &self.path)?;
            match is_last {
                true => work.note(&mut transaction, layout)?,
                false => journal::note(&mut transaction, layout, work.migration, &work.sql, (range.end, false))?,
            }
            if is_last && has_journal { journal::forget(&mut transaction, layout, work.migration) } else { Ok(()) }
        };
        note().map_err(|error| Stop::Told(not_noted(&error)))?;
        let at = range.end.saturating_sub(1);
        transaction.commit().map_err(server(at))
    }

    /// Runs a statement outside of any transaction, and notes that.
    fn alone(&mut self, at: usize, was_open: bool, is_last: bool) -> Result<(), Stop> {
        self.by_itself(at, was_open)?;
        self.note_done(at + 1, is_last)
    }

    /// It is noted as open before. That it has failed is known then, where that was seen: only what nobody has seen end is
    /// told by what is there.
    fn by_itself(&mut self, at: usize, was_open: bool) -> Result<(), Stop> {
        let server = |error: postgres::Error| Stop::Server(error, at);
        let sql = &self.work.sql[at];
        if was_open {
            match recover(self.client, sql).map_err(server)? {
                State::Done => return Ok(()),
                State::NotDone => (),
                State::Unknown => return Err(Stop::Told(self.open(at))),
            }
        }
        let mut pauses = (self.terms.pauses)();
        loop {
            let mut is_held = false;
            self.note(|transaction, work, layout| {
                is_held = lock::is_held(transaction, layout)?;
                journal::note(transaction, layout, work.migration, &work.sql, (at, true))
            })?;
            if !is_held {
                return Err(Stop::Told(lock::passed_on()));
            }
            (self.on)(Event::Runs { at, of: self.work.sql.len() });
            let Err(error) = self.client.batch_execute(sql) else { return Ok(()) };
            if has_broken(&error) {
                return Err(server(error));
            }
            match clear(self.client, sql, &error).map_err(server)? {
                State::Done => return Ok(()),
                State::NotDone => (),
                State::Unknown => return Err(server(error)),
            }
            match pauses.next().filter(|_| may_pass(&error)) {
                Some(pause) => self.pause(&error, pause),
                None => {
                    self.note(|transaction, work, layout| {
                        journal::note(transaction, layout, work.migration, &work.sql, (at, false))
                    })?;
                    return Err(server(error));
                }
            }
        }
    }

    fn note_done(&mut self, done: usize, is_last: bool) -> Result<(), Stop> {
        self.note(|transaction, work, layout| match is_last {
            true => {
                work.note(transaction, layout)?;
                journal::forget(transaction, layout, work.migration)
            }
            false => journal::note(transaction, layout, work.migration, &work.sql, (done, false)),
        })
    }

    /// What PostgreSQL said, where that is in the file, and what is done.
    fn failed(&mut self, error: &postgres::Error, at: usize) -> Diagnostic {
        let (work, name) = (self.work, &self.work.migration.name);
        let Some(statement) = work.script.statements.get(at) else {
            return Diagnostic::error("migration-failed", format!("{name}: {}", connect::message(error)));
        };
        let found = sources::refused(statement, error, work.script, work.files);
        let found = Diagnostic { title: format!("{name}: {}", found.title), code: "migration-failed", ..found };
        if has_broken(error) {
            return found.with_help(DEPLOY_AGAIN);
        }
        let left = match self.left() {
            Ok(Some(left)) => left,
            Ok(None) => return found.with_note("nothing of this migration has taken effect"),
            Err(error) => {
                return found.with_note(format!("how far it has come cannot be read: {}", connect::message(&error)));
            }
        };
        let log = found.title.clone();
        let noted = self.note(|transaction, work, layout| layout.note_failed(transaction, work.migration, &log));
        let found = match noted {
            Err(Stop::Told(why)) => found.with_note(why.title),
            Ok(()) | Err(Stop::Server(..)) => found,
        };
        let done = match left.done {
            0 => "none of its statements is done".to_owned(),
            1 => "its first statement is done".to_owned(),
            done => format!("its first {done} statements are done"),
        };
        found.with_note(done).with_help(
            "mend what is in the way, or the statements that are not done, and `trueup deploy` goes on after those that are",
        )
    }

    /// How far it has come; asked as whoever has begun it, wherever the migration has gone since.
    fn left(&mut self) -> Result<Option<Left>, postgres::Error> {
        self.client.batch_execute("RESET SESSION AUTHORIZATION; RESET ROLE")?;
        self.client.execute("SELECT set_config('search_path', $1, false)", &[&self.path])?;
        journal::left(self.client, self.layout, self.work.migration)
    }

    /// Nobody knows what became of a statement.
    fn open(&self, at: usize) -> Diagnostic {
        let (work, name) = (self.work, &self.work.migration.name);
        Diagnostic::error("open-statement", format!("{name}: nobody has seen statement {} end", at + 1))
            .at(work.script.statements[at].span.clone(), "it runs outside of a transaction, and was interrupted")
            .with_help(format!(
                "look whether it has done its work; then `trueup resolve --done {name}` goes on after it, and `trueup resolve \
                 --not-done {name}` runs it again"
            ))
    }
}

/// Whoever the migration has become, and wherever it has gone: what is noted is written as at the beginning.
fn go_home(transaction: &mut Transaction<'_>, path: &str) -> Result<(), postgres::Error> {
    transaction.batch_execute("SET LOCAL SESSION AUTHORIZATION DEFAULT; SET LOCAL ROLE NONE")?;
    transaction.execute("SELECT set_config('search_path', $1, true)", &[&path]).map(drop)
}

fn not_noted(error: &postgres::Error) -> Diagnostic {
    let title = format!("what has run cannot be noted: {}", connect::message(error));
    let help = if has_broken(error) { DEPLOY_AGAIN } else { "the role needs to write the table of the history" };
    Diagnostic::error("history-unreadable", title).with_help(help)
}

const DEPLOY_AGAIN: &str =
    "the connection broke; `trueup deploy` again: it finds out what is done, and goes on after that";

/// Nothing more is heard, not even what has become of the statement.
fn has_broken(error: &postgres::Error) -> bool {
    error.is_closed() || error.as_db_error().is_none()
}

fn holds(transaction: &mut Transaction<'_>, layout: &dyn Layout) -> Result<(), Stop> {
    match lock::is_held(transaction, layout) {
        Ok(true) => Ok(()),
        Ok(false) => Err(Stop::Told(lock::passed_on())),
        Err(error) => Err(Stop::Server(error, 0)),
    }
}

fn first(found: Vec<Diagnostic>) -> Stop {
    let none = || Diagnostic::error("cannot-deploy", "the migration cannot be divided");
    Stop::Told(found.into_iter().next().unwrap_or_else(none))
}

/// A text that is not the one which was begun.
pub fn edited(it: &Migration) -> Diagnostic {
    let title = format!("{} was changed in statements that have taken effect", it.name);
    Diagnostic::error("edited-migration", title)
        .with_help("take the change back; what comes after these statements may be changed")
}

/// It "cannot run inside a transaction block".
fn goes_alone(error: &postgres::Error) -> bool {
    error.code() == Some(&SqlState::ACTIVE_SQL_TRANSACTION)
}

/// Somebody else's lock was in the way, which need not be there the next time (PostgreSQL manual, appendix A, classes 40
/// and 55).
fn may_pass(error: &postgres::Error) -> bool {
    let passing = [SqlState::LOCK_NOT_AVAILABLE, SqlState::T_R_DEADLOCK_DETECTED, SqlState::T_R_SERIALIZATION_FAILURE];
    error.code().is_some_and(|code| passing.contains(code))
}
