//! Something to tell the user about their schema, as plain data. Rendering is `emit`'s job.

use crate::model::Span;

/// One finding. Many may come of one run; none is ever thrown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Stable and kebab-case, for people and machines: `syntax-error`.
    pub code: &'static str,
    pub severity: Severity,
    /// One line without a full stop; names in backticks.
    pub title: String,
    /// Where; the first is the primary place. Others without words are where the same is wrong too, and are not shown.
    pub labels: Vec<Label>,
    /// Facts that explain the title, such as PostgreSQL's own detail.
    pub notes: Vec<String>,
    /// What to do next.
    pub help: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    Note,
    Warning,
    Error,
}

impl Severity {
    pub const fn word(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        }
    }
}

/// What one statement does that its reader must know before it runs. The pages of `docs/reference/hazards` say more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hazard {
    /// Stable and kebab-case: `drops-column`.
    pub code: &'static str,
    /// An error where data is lost or the statement fails on rows; a warning where others have to wait, programs may break,
    /// or somebody may do more than before; a note where it is good to know.
    pub severity: Severity,
    /// What it is about, as `COMMENT ON` names it.
    pub object: String,
    /// One line: what will happen.
    pub text: String,
    /// One line: the way round.
    pub instead: String,
    /// Where the object is declared.
    pub written: Option<Span>,
    /// How much there is to do or to lose, where sizes are known.
    pub estimate: Option<Estimate>,
}

/// How much work a statement has with a relation, or how much it takes away, by what is known of its size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// Nothing where PostgreSQL has never counted them.
    pub rows: Option<u64>,
    /// What is read, written anew or lost, without indexes; nothing where that cannot be told apart from the rest.
    pub bytes: Option<u64>,
    /// Indexes that are built anew along with it, how many and how large.
    pub indexes: Option<(usize, u64)>,
    /// About how long it takes; where nobody has counted the rows, at most.
    pub time: Option<Time>,
}

/// How long something takes, to an order of magnitude: on which machine, nobody knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Time {
    /// Less than a second.
    Moment,
    Seconds,
    Minutes,
    Hours,
}

impl Time {
    pub const fn word(self) -> &'static str {
        match self {
            Time::Moment => "moment",
            Time::Seconds => "seconds",
            Time::Minutes => "minutes",
            Time::Hours => "hours",
        }
    }
}

/// A place and what is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    pub span: Span,
    pub text: String,
}

impl Diagnostic {
    pub fn error(code: &'static str, title: impl Into<String>) -> Diagnostic {
        Diagnostic::new(Severity::Error, code, title)
    }
    pub fn warning(code: &'static str, title: impl Into<String>) -> Diagnostic {
        Diagnostic::new(Severity::Warning, code, title)
    }
    pub fn note(code: &'static str, title: impl Into<String>) -> Diagnostic {
        Diagnostic::new(Severity::Note, code, title)
    }
    fn new(severity: Severity, code: &'static str, title: impl Into<String>) -> Diagnostic {
        Diagnostic { code, severity, title: title.into(), labels: Vec::new(), notes: Vec::new(), help: Vec::new() }
    }
    pub fn at(mut self, span: Span, text: impl Into<String>) -> Diagnostic {
        self.labels.push(Label { span, text: text.into() });
        self
    }
    pub fn with_note(mut self, note: impl Into<String>) -> Diagnostic {
        self.notes.push(note.into());
        self
    }
    pub fn with_help(mut self, help: impl Into<String>) -> Diagnostic {
        self.help.push(help.into());
        self
    }
}
