//! All that is printed, is printed here: the result on standard output, everything else on standard error.

use std::{
    io::{self, IsTerminal, Write},
    sync::mpsc,
    thread,
    time::Duration,
};

use anstream::AutoStream;
use clap::ColorChoice;
use dialoguer::console::Term;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::{
    diagnostic::{Diagnostic, Severity},
    emit::terminal,
    model::Files,
    shadow::Pending,
};

/// Work that takes longer shows a spinner.
const PATIENCE: Duration = Duration::from_millis(500);

/// Cleaning up after a signal takes less.
const CLEANING: Duration = Duration::from_secs(20);

#[derive(Debug)]
pub(crate) struct Ui {
    quiet: bool,
    verbose: bool,
    color: bool,
    /// What each line begins with, where several runs print at once.
    prefix: String,
}

impl Ui {
    pub(crate) fn new(quiet: bool, verbose: bool, choice: ColorChoice) -> Ui {
        let color = match choice {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => AutoStream::choice(&io::stderr()) != anstream::ColorChoice::Never,
        };
        Ui { quiet, verbose, color, prefix: String::new() }
    }

    /// For one of many that run at the same time: each line begins with its name. What is not wrong is told with `--verbose`
    /// only, and no progress is shown.
    pub(crate) fn one_of_many(&self, name: &str) -> Ui {
        Ui { quiet: !self.verbose, verbose: self.verbose, color: self.color, prefix: format!("{name}: ") }
    }

    /// A line, or several at once.
    fn log(&self, text: &str) {
        let lines: Vec<String> =
            text.lines().map(|line| format!("{}{line}", self.prefix).trim_end().to_owned()).collect();
        log(&lines.join("\n"));
    }

    /// What the user should know; with `--quiet`, only what is wrong.
    pub(crate) fn diagnostics(&self, diagnostics: &[Diagnostic], files: &Files) {
        let least = if self.quiet { Severity::Error } else { Severity::Note };
        let shown: Vec<Diagnostic> = diagnostics.iter().filter(|it| least <= it.severity).cloned().collect();
        if !shown.is_empty() {
            self.log(terminal::render(&shown, files, self.color).trim_end());
        }
    }

    /// One line that says how it went.
    pub(crate) fn say(&self, line: &str) {
        if !self.quiet {
            self.log(line);
        }
    }

    /// Whether somebody is there to answer: never in CI.
    pub(crate) fn may_ask(&self) -> bool {
        let is_ci = std::env::var_os("CI").is_some_and(|it| !it.is_empty() && it != "false");
        !self.quiet && self.prefix.is_empty() && !is_ci && io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// Which of the answers is chosen; nothing where none is. Ctrl-C ends the process, as it does elsewhere.
    pub(crate) fn ask(&self, question: &str, answers: &[String]) -> Option<usize> {
        let select = dialoguer::Select::new().with_prompt(question).items(answers).default(0);
        let terminal = Term::stderr();
        // The cursor is hidden while somebody chooses, and must not stay so where a signal ends that.
        let shown = terminal.clone();
        let _shown = Pending::new(move || drop(shown.show_cursor()));
        let chosen = select.interact_on_opt(&terminal);
        if let Err(dialoguer::Error::IO(error)) = &chosen
            && error.kind() == io::ErrorKind::Interrupted
        {
            // The signal is on its way to what cleans up, which ends the process.
            thread::sleep(CLEANING);
        }
        chosen.ok().flatten()
    }

    pub(crate) fn detail(&self, line: &str) {
        if self.verbose {
            self.log(line);
        }
    }

    pub(crate) fn error(&self, line: &str) {
        self.log(&format!("error: {line}"));
    }

    /// Shows that something goes on, if it goes on for long and somebody is looking. Ends when it is dropped.
    pub(crate) fn progress(&self, what: &str) -> Progress {
        if self.quiet || !self.prefix.is_empty() || !io::stderr().is_terminal() {
            return Progress { _end: None, thread: None, bar: ProgressBar::hidden() };
        }
        let (end, ended) = mpsc::channel::<()>();
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden()).with_message(what.to_owned());
        let shown = bar.clone();
        let thread = thread::spawn(move || {
            if ended.recv_timeout(PATIENCE) == Err(mpsc::RecvTimeoutError::Timeout) {
                shown.set_style(ProgressStyle::default_spinner());
                shown.set_draw_target(ProgressDrawTarget::stderr());
                shown.enable_steady_tick(Duration::from_millis(80));
                let _ = ended.recv();
                shown.finish_and_clear();
            }
        });
        Progress { _end: Some(end), thread: Some(thread), bar }
    }
}

pub(crate) struct Progress {
    _end: Option<mpsc::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
    bar: ProgressBar,
}

impl Progress {
    /// What goes on now.
    pub(crate) fn says(&self, what: &str) {
        self.bar.set_message(what.to_owned());
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self._end = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A line on standard error. That nobody reads it is no reason to stop.
pub(crate) fn log(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// The result, on standard output.
///
/// # Errors
/// A broken pipe, a full disk.
pub(crate) fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}
