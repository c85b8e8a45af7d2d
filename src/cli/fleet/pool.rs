//! Work on many targets, some of them at a time.

use std::{
    collections::BTreeSet,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Instant,
};

use super::{Fleet, Target};
use crate::{
    cli::{
        exit::Error,
        ui::{Progress, Ui},
    },
    diagnostic::{Diagnostic, Severity},
    emit::fleet::Row,
};

/// What has become of a target.
pub(in crate::cli) struct Ran<T> {
    name: String,
    outcome: Outcome<T>,
    seconds: f64,
}

enum Outcome<T> {
    Ended(T),
    /// In one line; everything has been told.
    Failed(String),
    /// Others had failed before.
    NotBegun,
}

impl<T> Ran<T> {
    /// A line of the table; `ended` writes that of a target which did not fail.
    pub(in crate::cli) fn row(self, ended: impl FnOnce(&str, T) -> Row) -> Row {
        let Ran { name, outcome, seconds } = self;
        let row = match outcome {
            Outcome::Ended(it) => ended(&name, it),
            Outcome::Failed(message) => {
                Row { message: Some(message.clone()), ..Row::new(&name, "failed", format!("failed: {message}")) }
            }
            Outcome::NotBegun => Row::new(&name, "not-begun", "not begun"),
        };
        Row { seconds, ..row }
    }
}

/// What is to be done for one target.
type Work<'a, T> = &'a (dyn Fn(&Target, &Ui) -> Result<T, Error> + Sync);

/// What the threads share.
struct State<'a, T> {
    waiting: Vec<&'a Target>,
    /// Databases that somebody works in.
    busy: BTreeSet<&'a str>,
    failures: usize,
    ran: Vec<Ran<T>>,
}

impl Fleet {
    /// Does the work for each target; those that are canaries first, one after the other. What fails is told as it happens,
    /// with the name of the target.
    pub(in crate::cli) fn each<T: Send>(&self, ui: &Ui, work: Work<'_, T>) -> Vec<Ran<T>> {
        let (canaries, others): (Vec<&Target>, Vec<&Target>) = self.targets.iter().partition(|it| it.is_canary);
        let state = State { waiting: Vec::new(), busy: BTreeSet::new(), failures: 0, ran: Vec::new() };
        let mut pool = Pool {
            state: Mutex::new(state),
            changed: Condvar::new(),
            most: self.max_failures.map(|_| 1),
            all: self.targets.len(),
            progress: ui.progress("targets"),
        };
        pool.carry_out(canaries, 1, ui, work);
        if pool.lock().failures == 0 {
            pool.most = self.max_failures;
        }
        pool.carry_out(others, self.jobs, ui, work);
        let mut ran = pool.state.into_inner().unwrap_or_else(PoisonError::into_inner).ran;
        let place = |name: &str| self.targets.iter().position(|it| it.name == name);
        ran.sort_by_cached_key(|it| place(&it.name));
        ran
    }
}

struct Pool<'a, T> {
    state: Mutex<State<'a, T>>,
    changed: Condvar,
    /// How many may fail before nothing more is begun.
    most: Option<usize>,
    all: usize,
    progress: Progress,
}

impl<'a, T: Send> Pool<'a, T> {
    fn lock(&self) -> MutexGuard<'_, State<'a, T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn carry_out(&self, mut targets: Vec<&'a Target>, jobs: usize, ui: &Ui, work: Work<'_, T>) {
        // They are taken from the end.
        targets.reverse();
        let threads = jobs.min(targets.len());
        self.lock().waiting = targets;
        thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    while let Some(target) = self.next() {
                        self.run(target, ui, work);
                    }
                });
            }
        });
        let mut state = self.lock();
        let left = std::mem::take(&mut state.waiting);
        let not_begun = |it: &Target| Ran { name: it.name.clone(), outcome: Outcome::NotBegun, seconds: 0.0 };
        state.ran.extend(left.into_iter().rev().map(not_begun));
    }

    /// The next target whose database nobody works in. Waits where there is none yet.
    fn next(&self) -> Option<&'a Target> {
        let mut state = self.lock();
        loop {
            if self.most.is_some_and(|most| most <= state.failures) || state.waiting.is_empty() {
                return None;
            }
            if let Some(at) = state.waiting.iter().rposition(|it| !state.busy.contains(it.place.as_str())) {
                let target = state.waiting.remove(at);
                state.busy.insert(&target.place);
                return Some(target);
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn run(&self, target: &'a Target, ui: &Ui, work: Work<'_, T>) {
        let free = Free { pool: self, target };
        let own = ui.one_of_many(&target.name);
        let start = Instant::now();
        let outcome = match work(target, &own) {
            Ok(it) => Outcome::Ended(it),
            Err(error) => Outcome::Failed(told(error, &own)),
        };
        let mut state = self.lock();
        state.failures += usize::from(matches!(outcome, Outcome::Failed(_)));
        state.ran.push(Ran { name: target.name.clone(), outcome, seconds: start.elapsed().as_secs_f64() });
        self.progress.says(&format!("{} of {} targets", state.ran.len(), self.all));
        drop(state);
        drop(free);
    }
}

/// Somebody works in the database of a target, as long as this is there: a panic must not leave others waiting.
struct Free<'p, 'a, T> {
    pool: &'p Pool<'a, T>,
    target: &'a Target,
}

impl<T> Drop for Free<'_, '_, T> {
    fn drop(&mut self) {
        let mut state = self.pool.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.busy.remove(self.target.place.as_str());
        if thread::panicking() {
            state.waiting.clear();
        }
        drop(state);
        self.pool.changed.notify_all();
    }
}

/// Tells all of an error; returns its first line.
fn told(error: Error, ui: &Ui) -> String {
    let line = |it: &str| it.lines().map(str::trim).collect::<Vec<_>>().join(" ");
    match error {
        Error::Diagnostics(found, files) => {
            ui.diagnostics(&found, &files);
            let worst = found.iter().find(|it| it.severity == Severity::Error).or(found.first());
            worst.map_or_else(String::new, |it: &Diagnostic| line(&it.title))
        }
        Error::Usage(message) => {
            ui.error(&message);
            line(&message)
        }
        Error::Output(error) => {
            ui.error(&error.to_string());
            error.to_string()
        }
    }
}
