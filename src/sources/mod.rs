//! Every way to name a schema state. Each ends in text (a [`Script`]) or in a live connection.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "parse trees have hundreds of nodes; a reader says which it is about, and means that by `_`"
)]

mod annotation;
mod class;
mod defines;
mod demands;
mod exec;
mod file;
mod finish;
mod git;
mod interrupted;
pub mod introspect;
mod lexer;
mod load;
mod memory;
mod mentions;
mod meta;
mod migrations;
mod named;
pub(crate) mod nearest;
mod order;
mod past;
mod placeholder;
pub mod prisma;
mod psql;
mod refusal;
mod shelf;
mod source;
mod split;
mod stdin;
mod text;
mod uses;
mod wanted;
mod written;

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

pub(crate) use class::runs_alone;
use class::{
    Class, Edge, class, makes_a_name, serves_later, sets_default_privileges, takes_rows_along, tells_a_history,
};
use defines::defines;
use pg_query::NodeEnum;

pub use annotation::{Annotations, Declared, Mapped, Told};
pub use defines::Defined;
pub use demands::{Demand, Named, Need, demands};
pub use git::{files_at, is_committed, merge_base, text_at};
pub use interrupted::{Interrupted, interrupted};
pub use load::{Loaded, load, load_rest};
pub use memory::Memory;
pub use migrations::{Migration, forward, migrations, programs, replay, script};
pub use named::{is_rename, named};
pub use past::Past;
pub use placeholder::placeholder;
pub use refusal::refused;
pub use source::Source;
pub use wanted::wanted;

use crate::diagnostic::Diagnostic;
use crate::model::{FileId, Files, Span};

/// SQL text in the order in which it is to run.
#[derive(Clone, Debug, Default)]
pub struct Script {
    pub statements: Vec<Statement>,
    /// Every text that it was read from, whether it has a statement or not.
    pub texts: Vec<FileId>,
    /// What the user should know about the reading: data that was left out, commands that were ignored.
    pub notes: Vec<Diagnostic>,
    /// Where each migration of a history ends among the statements, and a digest of all texts up to there.
    pub ends: Vec<(usize, String)>,
    /// Whether the files of the script may come in any order, so that a statement which needs another may wait for it.
    pub unordered: bool,
    /// What it leaves to others, where it cannot speak of everything; nothing where it can.
    pub silence: Option<prisma::Silence>,
    /// What a Prisma schema among its texts declares.
    pub prisma: Option<Arc<prisma::database::Database>>,
}

impl Script {
    /// The codes that comments above a statement accept: `-- trueup: ignore CODE the reason`.
    pub fn accepted(&self, at: usize, files: &Files) -> Vec<String> {
        annotation::accepted(&self.statements, at, files)
    }
}

/// What a statement does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Does {
    /// It can be told by the state that it leads to.
    Schema,
    /// It sets how the session goes on.
    Setting,
    /// It writes rows, or may.
    Rows,
    /// It is about the server, which no schema shows.
    Server,
    /// It begins or ends a transaction.
    Transaction,
}

/// One SQL statement, without its semicolon.
#[derive(Clone, Debug)]
pub struct Statement {
    pub span: Span,
    /// What it defines, by its parse tree.
    pub defines: Vec<Defined>,
    /// Whether PostgreSQL refuses it in a transaction block, and so in a batch.
    pub(crate) alone: bool,
    pub(crate) class: Class,
    /// Whether it takes back or renames what is there.
    pub(crate) tells_a_history: bool,
    /// Whether what it creates is nothing but a name.
    pub(crate) makes_a_name: bool,
    /// Whether what it makes cannot be used before it is committed.
    pub(crate) serves_later: bool,
    /// Whether what it creates has rows from the beginning.
    pub(crate) takes_rows_along: bool,
    /// Whether it says who may do what with all that comes to be after it.
    pub(crate) sets_default_privileges: bool,
    /// The session settings of its file that are in force where it stands; only in an unordered script.
    pub(crate) settings: Arc<[String]>,
    /// The schema that these settings make unqualified names go to, if they say.
    pub(crate) creates_in: Option<String>,
    /// Which of the databases of a dump it is for.
    database: usize,
    /// Where the text that runs differs from the text that was read.
    edits: Vec<Edit>,
    /// What the parser has against it. The parser is of one version of PostgreSQL; the server has the last word.
    pub(crate) doubt: Option<Box<Diagnostic>>,
}

/// A piece of a file that runs as other text: a psql variable, a meta-command within a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Edit {
    /// In the file.
    range: Range<usize>,
    text: String,
}

impl Statement {
    pub(crate) fn new(span: Span) -> Statement {
        Statement {
            span,
            defines: Vec::new(),
            alone: false,
            class: Class::Rows,
            tells_a_history: false,
            makes_a_name: false,
            serves_later: false,
            takes_rows_along: false,
            sets_default_privileges: false,
            settings: Arc::from([]),
            creates_in: None,
            database: 0,
            edits: Vec::new(),
            doubt: None,
        }
    }

    /// With what its parse tree says of it.
    fn told(self, node: &NodeEnum, sql: &str) -> Statement {
        Statement {
            alone: runs_alone(node),
            tells_a_history: tells_a_history(node),
            sets_default_privileges: sets_default_privileges(node),
            makes_a_name: makes_a_name(node),
            serves_later: serves_later(node),
            takes_rows_along: takes_rows_along(node),
            defines: defines(node, sql),
            class: class(node),
            ..self
        }
    }

    /// Whether it is about the transaction or the server, and not about what is in the database.
    pub fn is_beside_the_schema(&self) -> bool {
        match &self.class {
            Class::Transaction(_) | Class::Role(_) | Class::Server(_) => true,
            Class::DatabaseSetting | Class::CopyThroughClient { .. } => true,
            Class::Schema | Class::Rows | Class::Setting { .. } => false,
        }
    }

    /// What it does, as far as that is to be told apart for a history.
    pub fn does(&self) -> Does {
        match &self.class {
            Class::Transaction(_) => Does::Transaction,
            Class::Setting { .. } => Does::Setting,
            Class::Rows | Class::CopyThroughClient { .. } => Does::Rows,
            Class::Role(_) | Class::Server(_) | Class::DatabaseSetting => Does::Server,
            Class::Schema if self.takes_rows_along => Does::Rows,
            Class::Schema => Does::Schema,
        }
    }

    /// Whether it sets how the session goes on, and does nothing else.
    pub fn is_setting(&self) -> bool {
        matches!(self.class, Class::Setting { .. })
    }

    /// Whether what it creates is nothing but a name: what has it already is the same.
    pub fn makes_a_name(&self) -> bool {
        self.makes_a_name
    }

    /// Whether what it makes cannot be used before it is committed.
    pub fn serves_later(&self) -> bool {
        self.serves_later
    }

    /// The parameter that it sets; nothing where it sets none, or all of them.
    pub fn parameter(&self) -> Option<&str> {
        match &self.class {
            Class::Setting { parameter, .. } => parameter.as_deref(),
            Class::Schema | Class::Rows | Class::Transaction(_) | Class::Role(_) => None,
            Class::DatabaseSetting | Class::Server(_) | Class::CopyThroughClient { .. } => None,
        }
    }

    /// Whether what it sets is in force only until the transaction ends (PostgreSQL manual, `SET`).
    pub fn is_local_setting(&self) -> bool {
        matches!(self.class, Class::Setting { is_local: true, .. })
    }

    /// Whether PostgreSQL refuses it in a transaction block, as far as its parse tree shows.
    pub fn runs_alone(&self) -> bool {
        self.alone
    }

    /// `COPY … FROM STDIN` and the like.
    pub fn copies_through_client(&self) -> bool {
        matches!(self.class, Class::CopyThroughClient { .. })
    }

    pub fn begins_transaction(&self) -> bool {
        matches!(self.class, Class::Transaction(Edge::Begin))
    }

    pub fn rolls_back(&self) -> bool {
        matches!(self.class, Class::Transaction(Edge::Rollback))
    }

    /// `COMMIT`, `ROLLBACK` and the like.
    pub fn ends_transaction(&self) -> bool {
        matches!(self.class, Class::Transaction(Edge::Commit | Edge::Rollback))
    }

    /// The text that PostgreSQL gets.
    pub fn sql<'a>(&self, files: &'a Files) -> Cow<'a, str> {
        let source = files.slice(&self.span);
        if self.edits.is_empty() {
            return Cow::Borrowed(source);
        }
        let mut text = String::with_capacity(source.len());
        let mut at = 0;
        for edit in self.inner_edits() {
            text.push_str(&source[at..edit.range.start - self.span.range.start]);
            text.push_str(&edit.text);
            at = edit.range.end - self.span.range.start;
        }
        text.push_str(&source[at..]);
        Cow::Owned(text)
    }

    /// Where a range of [`Statement::sql`] stands in the file. What an edit put there stands where the edit does.
    pub fn place(&self, range: &Range<usize>) -> Span {
        let start = self.to_file(range.start).unwrap_or_else(|edit| edit.range.start);
        let last = range.end.saturating_sub(1).max(range.start);
        let end = self.to_file(last).map_or_else(|edit| edit.range.end, |at| at + range.len().min(1));
        Span { file: self.span.file, range: start..end.clamp(start, self.span.range.end.max(start)) }
    }

    /// Where a byte stands in the file, or the edit that put it there.
    fn to_file(&self, at: usize) -> Result<usize, &Edit> {
        let mut file_at = self.span.range.start;
        let mut sql_at = 0;
        for edit in self.inner_edits() {
            let unchanged = edit.range.start - file_at;
            if at < sql_at + unchanged {
                break;
            }
            if at < sql_at + unchanged + edit.text.len() {
                return Err(edit);
            }
            sql_at += unchanged + edit.text.len();
            file_at = edit.range.end;
        }
        Ok((file_at + (at - sql_at)).min(self.span.range.end))
    }

    fn inner_edits(&self) -> impl Iterator<Item = &Edit> {
        let whole = &self.span.range;
        self.edits.iter().filter(move |edit| edit.range.start >= whole.start && edit.range.end <= whole.end)
    }
}
