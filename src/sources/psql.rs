//! A script as psql would read it: statements, the meta-commands between them, and the data of `COPY … FROM stdin`.
//! Follows psql's scanner (`psqlscan.l`, `psqlscanslash.l`) and `command.c`.
//! PostgreSQL manual, reference page of psql, "Meta-Commands" and "Variables".

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::class::{Class, class};
use super::lexer::{Lexer, Token, TokenKind};
use super::meta;
use super::shelf::Shelf;
use super::split::{is_unfinished, syntax_error};
use super::{Edit, Statement, file, text};
use crate::diagnostic::Diagnostic;
use crate::model::parser;
use crate::model::{FileId, Files, Span};

/// One reading of a script and of everything it includes.
pub(super) struct Reading<'a> {
    pub(super) files: &'a mut Files,
    pub(super) shelf: &'a dyn Shelf,
    pub(super) variables: BTreeMap<String, String>,
    /// The databases that `\connect` named, and where. The first is the one that the script starts in.
    pub(super) databases: Vec<(String, Option<Span>)>,
    pub(super) database: usize,
    /// The files that are being read, each included by the one before it.
    pub(super) open: Vec<PathBuf>,
    /// Every file that was included.
    pub(super) included: Vec<PathBuf>,
    /// Every text that was read.
    pub(super) texts: Vec<FileId>,
    pub(super) statements: Vec<Statement>,
    pub(super) problems: Vec<Diagnostic>,
    pub(super) notes: Vec<Diagnostic>,
    /// Where `COPY` data was left out.
    data: Vec<Span>,
}

/// What goes on after a meta-command.
pub(super) enum After {
    /// Reading goes on at this byte.
    Resume(usize),
    /// The statement so far is complete (`\g`); reading goes on at this byte.
    Send(usize),
    /// The statement so far is not one of the schema's; reading goes on at this byte.
    Forget(usize),
    /// Nothing more of this file is read (`\q`).
    Stop,
}

impl<'a> Reading<'a> {
    pub(super) fn new(files: &'a mut Files, shelf: &'a dyn Shelf) -> Reading<'a> {
        Reading {
            files,
            shelf,
            // What psql sets by itself, as it is in a shadow.
            variables: [("USER", "postgres"), ("DBNAME", "postgres"), ("ENCODING", "UTF8")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
            databases: vec![(String::new(), None)],
            database: 0,
            open: Vec::new(),
            included: Vec::new(),
            texts: Vec::new(),
            statements: Vec::new(),
            problems: Vec::new(),
            notes: Vec::new(),
            data: Vec::new(),
        }
    }

    /// Reads a file that is at hand. `path` is where it stands, if it stands anywhere.
    pub(super) fn text(&mut self, file: FileId, path: Option<&Path>) {
        self.texts.push(file);
        self.open.extend(path.map(Path::to_path_buf));
        let text = self.files.text(file).to_owned();
        self.statements_of(file, &text);
        if path.is_some() {
            self.open.pop();
        }
    }

    fn statements_of(&mut self, file: FileId, text: &str) {
        let mut lexer = Lexer::new(text);
        let mut pending = Pending::default();
        loop {
            let Some(token) = lexer.next() else {
                self.finish(file, text, std::mem::take(&mut pending), &mut lexer, text.len());
                // A statement that was wrong may have given back what it had swallowed.
                if lexer.is_at_end() {
                    return;
                }
                continue;
            };
            match token.kind {
                TokenKind::Space | TokenKind::Comment if token.closed => (),
                TokenKind::Backslash if matches!(text.as_bytes().get(token.range.end), Some(b';' | b':')) => {
                    pending.edits.push(Edit { range: token.range, text: " ".into() });
                }
                TokenKind::Backslash => match meta::run(self, file, text, token.range.start, pending.start.is_some()) {
                    After::Resume(at) => {
                        pending.edits.push(Edit { range: token.range.start..at, text: " ".into() });
                        lexer.jump(at);
                    }
                    After::Send(at) => {
                        lexer.jump(at);
                        self.finish(file, text, std::mem::take(&mut pending), &mut lexer, at);
                    }
                    After::Forget(at) => {
                        lexer.jump(at);
                        pending = Pending::default();
                    }
                    After::Stop => lexer.jump(text.len()),
                },
                TokenKind::Semicolon if pending.is_outermost() => {
                    self.finish(file, text, std::mem::take(&mut pending), &mut lexer, token.range.end);
                }
                TokenKind::Colon => self.variable(text, &token, &mut pending, &mut lexer),
                _ => pending.take(text, &token),
            }
        }
    }

    /// `:name`, `:'name'`, `:"name"` of a variable that is set; anything else is left to PostgreSQL.
    fn variable(&mut self, text: &str, colon: &Token, pending: &mut Pending, lexer: &mut Lexer<'_>) {
        let name = Lexer::new(&text[colon.range.end..]).next();
        let value = name.as_ref().and_then(|name| {
            let written = &text[colon.range.end..][name.range.clone()];
            let value = self.variables.get(written.trim_matches(['\'', '"']))?;
            match name.kind {
                TokenKind::Word => Some(value.clone()),
                TokenKind::String if written.starts_with('\'') => Some(crate::model::Literal(value).to_string()),
                TokenKind::Quoted if written.starts_with('"') => Some(format!("\"{}\"", value.replace('"', "\"\""))),
                _ => None,
            }
        });
        pending.take(text, colon);
        if let (Some(value), Some(name)) = (value, name) {
            let end = colon.range.end + name.range.end;
            pending.edits.push(Edit { range: colon.range.start..end, text: value });
            pending.end = end;
            lexer.jump(end);
        }
    }

    /// Ends a statement. A wrong one may have swallowed its neighbours through a parenthesis that is never closed:
    /// then reading goes on behind its first semicolon.
    fn finish(&mut self, file: FileId, text: &str, pending: Pending, lexer: &mut Lexer<'_>, after: usize) {
        let Some(start) = pending.start else { return };
        let span = Span { file, range: start..pending.end };
        let statement = Statement { edits: pending.edits, ..Statement::new(span) };
        let sql = statement.sql(self.files).into_owned();
        match parser::parse(&sql) {
            Ok(tree) => {
                for node in tree.stmts.into_iter().filter_map(|raw| raw.stmt?.node) {
                    if let Class::CopyThroughClient { from } = class(&node) {
                        lexer.jump(if from { self.skip_data(&statement.span, text, after) } else { after });
                        continue;
                    }
                    self.statements.push(Statement { database: self.database, ..statement.clone() }.told(&node, &sql));
                }
            }
            Err(message) => match pending.inner_semicolon {
                Some(semicolon) => {
                    let span = Span { file, range: start..semicolon + 1 };
                    let cut = Statement::new(span);
                    let sql = cut.sql(self.files).into_owned();
                    let message = parser::parse(&sql).err().unwrap_or(message);
                    self.problems.push(syntax_error(&sql, &message, |range| cut.place(&range)));
                    lexer.jump(semicolon + 1);
                }
                None if is_unfinished(&sql, &message) => {
                    self.problems.push(syntax_error(&sql, &message, |range| statement.place(&range)));
                }
                None => {
                    let doubt = syntax_error(&sql, &message, |range| statement.place(&range));
                    self.statements.push(Statement {
                        class: Class::Schema,
                        database: self.database,
                        doubt: Some(Box::new(doubt)),
                        ..statement
                    });
                }
            },
        }
    }

    /// Where reading goes on behind the data of a `COPY … FROM stdin`.
    fn skip_data(&mut self, copy: &Span, text: &str, after: usize) -> usize {
        let first_line = text[after..].find('\n').map_or(text.len(), |at| after + at + 1);
        let mut at = first_line;
        for line in text[first_line..].split_inclusive('\n') {
            at += line.len();
            if line.trim_end_matches(['\r', '\n']) == "\\." {
                self.data.push(copy.clone());
                return at;
            }
        }
        self.problems.push(
            Diagnostic::error("unfinished-copy", "the data of this COPY never ends")
                .at(copy.clone(), "data follows this statement")
                .with_help("end it with a line that holds only `\\.`"),
        );
        text.len()
    }

    /// Reads a file named in `\i` or `\ir`, in place.
    pub(super) fn include(&mut self, at: Span, path: &Path) {
        if self.open.iter().any(|open| open == path) {
            self.problems.push(
                Diagnostic::error("include-cycle", format!("`{}` includes itself", self.shelf.label(path)))
                    .at(at, "included again here"),
            );
            return;
        }
        let name = self.shelf.label(path);
        match self.shelf.read(path) {
            Err(error) => self
                .problems
                .push(Diagnostic::error("missing-file", file::unreadable(&name, &error).title).at(at, "included here")),
            Ok(bytes) => match text::keep(self.files, &name, bytes) {
                Err(diagnostic) => self.problems.push(diagnostic),
                Ok(file) => {
                    self.included.push(path.to_path_buf());
                    self.text(file, Some(path));
                }
            },
        }
    }

    /// Where each `COPY` was whose data was left out.
    pub(super) fn left_out(&self) -> &[Span] {
        &self.data
    }
}

/// The statement that is being read.
#[derive(Default)]
struct Pending {
    start: Option<usize>,
    end: usize,
    edits: Vec<Edit>,
    parentheses: usize,
    /// `BEGIN` and `CASE` that wait for their `END` in the body of a routine.
    begins: usize,
    /// The first words, by which psql tells `CREATE [OR REPLACE] FUNCTION` from everything else.
    first_words: Vec<u8>,
    inner_semicolon: Option<usize>,
}

impl Pending {
    fn is_outermost(&self) -> bool {
        self.parentheses == 0 && self.begins == 0
    }

    fn take(&mut self, text: &str, token: &Token) {
        let Range { start, end } = token.range;
        self.start.get_or_insert(start);
        self.end = end;
        match token.kind {
            TokenKind::Open => self.parentheses += 1,
            TokenKind::Close => self.parentheses = self.parentheses.saturating_sub(1),
            TokenKind::Semicolon => {
                self.inner_semicolon.get_or_insert(start);
            }
            TokenKind::Word => self.word(&text[start..end]),
            _ => (),
        }
    }

    fn word(&mut self, word: &str) {
        let is = |keyword: &str| word.eq_ignore_ascii_case(keyword);
        if self.first_words.len() < 4 {
            let telling = ["create", "function", "procedure", "or", "replace"].into_iter().find(|keyword| is(keyword));
            self.first_words.push(telling.map_or(b' ', |keyword| keyword.as_bytes()[0]));
        }
        let in_routine =
            matches!(self.first_words.as_slice(), [b'c', b'f' | b'p', ..] | [b'c', b'o', b'r', b'f' | b'p']);
        if !in_routine || self.parentheses > 0 {
            return;
        }
        if is("begin") || (is("case") && self.begins > 0) {
            self.begins += 1;
        } else if is("end") {
            self.begins = self.begins.saturating_sub(1);
        }
    }
}
