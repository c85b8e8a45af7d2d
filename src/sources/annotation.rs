//! Comments that tell Trueup something: `-- trueup: renamed from old_name`.

use std::collections::BTreeSet;

use super::Loaded;
use super::defines::Defined;
use super::lexer::{Lexer, Token, TokenKind};
use crate::catalog::Catalog;
use crate::diagnostic::Diagnostic;
use crate::model::{FileId, Files, ObjectId, Span};

/// What the comments of a script say.
#[derive(Clone, Debug, Default)]
pub struct Annotations {
    renamed: Vec<Renamed>,
    pub mapped: Vec<Mapped>,
}

/// `-- trueup: renamed from old_name`, beside a declaration or above it.
#[derive(Clone, Debug)]
struct Renamed {
    defined: Defined,
    /// Where that is defined.
    at: Span,
    /// The value of an enum that it is about.
    label: Option<String>,
    before: String,
    span: Span,
}

/// `-- trueup: enum order_status 'cancelled' -> 'void'`: rows that hold the one value are to hold the other.
#[derive(Clone, Debug)]
pub struct Mapped {
    /// The type, as written.
    pub of: String,
    pub from: String,
    pub to: String,
    pub span: Span,
}

/// What a declaration says of itself: it went by another name before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declared {
    pub id: ObjectId,
    /// One of the values that it lists, if it is not about itself.
    pub label: Option<String>,
    pub before: String,
    pub span: Span,
}

const MARK: &str = "trueup:";
const KNOWN: &str = "Trueup knows `renamed from old_name` and `enum type_name 'old' -> 'new'`";

pub(super) fn read(defined: &[(Defined, Span)], files: &Files, notes: &mut Vec<Diagnostic>) -> Annotations {
    let mut annotations = Annotations::default();
    let of_script: BTreeSet<FileId> = defined.iter().map(|(_, span)| span.file).collect();
    for file in of_script {
        let text = files.text(file);
        if !text.contains(MARK) {
            continue;
        }
        let tokens: Vec<Token> = Lexer::new(text).collect();
        let here: Vec<&(Defined, Span)> = defined.iter().filter(|(_, span)| span.file == file).collect();
        for (at, token) in tokens.iter().enumerate().filter(|(_, token)| token.kind == TokenKind::Comment) {
            let comment = text[token.range.clone()].trim_start_matches(['-', '/', '*']).trim_end_matches(['*', '/']);
            let Some(said) = comment.trim().strip_prefix(MARK) else { continue };
            let page = Page { text, tokens: &tokens, here: &here, at };
            let span = Span { file, range: token.range.clone() };
            if let Err(problem) = page.understand(said.trim(), &span, &mut annotations) {
                notes.push(Diagnostic::warning("annotation", problem).at(span, "said here").with_help(KNOWN));
            }
        }
    }
    annotations
}

/// A file, and the comment in it that is read.
struct Page<'a> {
    text: &'a str,
    tokens: &'a [Token],
    here: &'a [&'a (Defined, Span)],
    at: usize,
}

impl Page<'_> {
    fn understand(&self, said: &str, span: &Span, found: &mut Annotations) -> Result<(), &'static str> {
        if let Some(before) = said.strip_prefix("renamed from ") {
            let label = unquoted(before.trim());
            let about = self.about(label.is_some()).ok_or("nothing is declared beside this comment")?;
            let value = match &label {
                Some(_) => Some(self.label().ok_or("no value stands beside this comment")?),
                None => None,
            };
            found.renamed.push(Renamed {
                defined: about.0.clone(),
                at: about.1.clone(),
                label: value,
                before: label.map_or_else(|| before.trim().to_owned(), |label| format!("\"{label}\"")),
                span: span.clone(),
            });
            return Ok(());
        }
        let mapping = said.strip_prefix("enum ").and_then(|rest| {
            let (of, values) = rest.trim().split_once(' ')?;
            let (from, to) = values.split_once("->")?;
            Some((of.to_owned(), unquoted(from.trim())?, unquoted(to.trim())?))
        });
        let (of, from, to) = mapping.ok_or("this comment is not understood")?;
        found.mapped.push(Mapped { of, from, to, span: span.clone() });
        Ok(())
    }

    /// Whether something stands before the comment on its line.
    fn trails(&self) -> bool {
        let before = self.at.checked_sub(1).map(|at| &self.tokens[at]);
        let starts = self.tokens[self.at].range.start;
        starts != 0
            && !before.is_some_and(|it| it.kind == TokenKind::Space && self.text[it.range.clone()].contains('\n'))
    }

    /// What the comment is about: the first thing that is declared on its line, or else the next one. A value belongs to
    /// the type before it.
    fn about(&self, is_label: bool) -> Option<&(Defined, Span)> {
        let comment = &self.tokens[self.at].range;
        let line = self.text[..comment.start].rfind('\n').map_or(0, |at| at + 1);
        let earlier = || self.here.iter().filter(|(_, span)| span.range.start < comment.start);
        let found = if is_label {
            earlier().filter(|(defined, _)| defined.kind == "type").max_by_key(|(_, span)| span.range.start)
        } else if self.trails() {
            let on_line = earlier().filter(|(_, span)| line <= span.range.start);
            on_line.min_by_key(|(_, span)| span.range.start)
        } else {
            self.here
                .iter()
                .filter(|(_, span)| comment.end <= span.range.start)
                .min_by_key(|(_, span)| span.range.start)
        };
        found.copied()
    }

    /// The value before the comment on its line, or else the next one.
    fn label(&self) -> Option<String> {
        let is_string = |token: &&Token| token.kind == TokenKind::String;
        let token = match self.trails() {
            true => self.tokens[..self.at].iter().rev().find(is_string),
            false => self.tokens[self.at..].iter().find(is_string),
        };
        unquoted(&self.text[token?.range.clone()])
    }
}

/// The text of `'it''s'`.
fn unquoted(literal: &str) -> Option<String> {
    let inner = literal.strip_prefix('\'')?.strip_suffix('\'')?;
    Some(inner.replace("''", "'"))
}

impl Loaded {
    /// What the declarations say of their names before, by what a catalog calls them.
    pub fn declared(&self, catalog: &Catalog) -> Vec<Declared> {
        let declares = |renamed: &Renamed, id: &ObjectId| {
            let same = id.kind.label().eq_ignore_ascii_case(renamed.defined.kind);
            same && id.name.raw() == renamed.defined.name
        };
        let of = |renamed: &Renamed| {
            let found =
                catalog.iter().find(|(id, entry)| entry.written.as_ref() == Some(&renamed.at) && declares(renamed, id));
            Some(Declared {
                id: found?.0.clone(),
                label: renamed.label.clone(),
                before: renamed.before.clone(),
                span: renamed.span.clone(),
            })
        };
        self.annotations.renamed.iter().filter_map(of).collect()
    }
}
