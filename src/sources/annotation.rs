//! Comments that tell Trueup something: `-- trueup: renamed from old_name`.

use super::defines::Defined;
use super::lexer::{Lexer, Token, TokenKind};
use super::{Loaded, Script, Statement, prisma};
use crate::catalog::{Catalog, Entry};
use crate::diagnostic::Diagnostic;
use crate::model::{Files, Ident, Kind, Literal, ObjectId, Span};

/// What the comments of a script say.
#[derive(Clone, Debug, Default)]
pub struct Annotations {
    renamed: Vec<Renamed>,
    pub mapped: Vec<Mapped>,
    /// Those that say nothing that can be followed.
    doubts: Vec<Diagnostic>,
}

/// `-- trueup: renamed from old_name`, beside a declaration or above it.
#[derive(Clone, Debug)]
struct Renamed {
    defined: Defined,
    /// Where that is defined.
    at: Span,
    /// The value of an enum that it is about.
    label: Option<String>,
    /// The old name as SQL writes it, or the old value as it is.
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
    /// The old name as SQL writes it, or the old value as it is.
    pub before: String,
    pub span: Span,
}

/// What the declarations of a script say of themselves, and which comments have no effect.
#[derive(Clone, Debug, Default)]
pub struct Told {
    pub declared: Vec<Declared>,
    pub doubts: Vec<Diagnostic>,
}

const MARK: &str = "trueup:";
/// What accepts a hazard of a migration; beside a declaration it has no effect, and needs none.
const IGNORE: &str = "ignore ";
const KNOWN: &str = "Trueup knows `renamed from old_name` and `enum type_name 'old' -> 'new'`";
const PLACES: &str = "write it behind what was renamed, on its line, or alone on a line right above it";
const OTHERWISE: &str = "to say it elsewhere: `--rename KIND:OLD=NEW`, or `KIND:OLD=NEW` on a line of `trueup.renames`";

pub(super) fn read(script: &Script, defined: &[(Defined, Span)], files: &Files) -> Annotations {
    let mut annotations = Annotations::default();
    for &file in &script.texts {
        let text = files.text(file);
        if !text.contains(MARK) {
            continue;
        }
        let is_prismas = files.name(file).ends_with(".prisma");
        let tokens: Vec<Token> = if is_prismas { prisma::comments(text) } else { Lexer::new(text).collect() };
        let values = script.prisma.iter().flat_map(|it| &it.enums).flat_map(|it| &it.values);
        let values: Vec<&(String, Span)> = values.filter(|(_, span)| is_prismas && span.file == file).collect();
        let here: Vec<&(Defined, Span)> = defined.iter().filter(|(_, span)| span.file == file).collect();
        for (at, token) in tokens.iter().enumerate().filter(|(_, token)| token.kind == TokenKind::Comment) {
            let comment = text[token.range.clone()].trim_start_matches(['-', '/', '*']).trim_end_matches(['*', '/']);
            let Some(said) = comment.trim().strip_prefix(MARK) else { continue };
            let page = Page { text, tokens: &tokens, here: &here, values: &values, is_prismas, at };
            let span = Span { file, range: token.range.clone() };
            if let Err((problem, help)) = page.understand(said.trim(), &span, &mut annotations) {
                annotations.doubts.push(doubt(problem, span).with_help(help));
            }
        }
    }
    annotations
}

/// The codes that comments between a statement and the one before it accept, or comments in it.
pub(super) fn accepted(statements: &[Statement], at: usize, files: &Files) -> Vec<String> {
    let Some(statement) = statements.get(at) else { return Vec::new() };
    let span = &statement.span;
    let before = at.checked_sub(1).and_then(|at| statements.get(at)).filter(|it| it.span.file == span.file);
    let text = &files.text(span.file)[before.map_or(0, |it| it.span.range.end)..span.range.end];
    let comments = Lexer::new(text).filter(|token| token.kind == TokenKind::Comment);
    comments.filter_map(|token| ignored(&text[token.range])).collect()
}

fn ignored(comment: &str) -> Option<String> {
    let said = comment.trim_start_matches(['-', '/', '*']).trim().strip_prefix(MARK)?.trim().strip_prefix(IGNORE)?;
    said.split_whitespace().next().map(str::to_owned)
}

/// A comment that has no effect.
fn doubt(why: impl Into<String>, span: Span) -> Diagnostic {
    Diagnostic::warning("annotation", why).at(span, "has no effect")
}

/// Why a comment has no effect, and what to do.
type Doubt = (&'static str, &'static str);

/// A file, and the comment in it that is read.
struct Page<'a> {
    text: &'a str,
    tokens: &'a [Token],
    here: &'a [&'a (Defined, Span)],
    /// Of enums, where they are not texts of SQL.
    values: &'a [&'a (String, Span)],
    /// Whether it is a Prisma schema: a name is as it is there.
    is_prismas: bool,
    at: usize,
}

impl Page<'_> {
    fn understand(&self, said: &str, span: &Span, found: &mut Annotations) -> Result<(), Doubt> {
        if said.starts_with(IGNORE) {
            return Ok(());
        }
        if let Some(before) = said.strip_prefix("renamed from ") {
            let label = unquoted(before.trim());
            let about = self.about(label.is_some()).ok_or(("nothing is declared beside this comment", PLACES))?;
            let value = match &label {
                Some(_) => Some(self.label().ok_or(("no value stands beside this comment", PLACES))?),
                None => None,
            };
            found.renamed.push(Renamed {
                defined: about.0.clone(),
                at: about.1.clone(),
                label: value,
                before: label.unwrap_or_else(|| self.as_sql(before.trim())),
                span: span.clone(),
            });
            return Ok(());
        }
        let mapping = said.strip_prefix("enum ").and_then(|rest| {
            let (of, values) = rest.trim().split_once(' ')?;
            let (from, to) = values.split_once("->")?;
            Some((of.to_owned(), unquoted(from.trim())?, unquoted(to.trim())?))
        });
        let (of, from, to) = mapping.ok_or(("this comment is not understood", KNOWN))?;
        found.mapped.push(Mapped { of, from, to, span: span.clone() });
        Ok(())
    }

    /// Whether something stands before the comment on its line.
    fn trails(&self) -> bool {
        !self.text[self.line()..self.tokens[self.at].range.start].trim().is_empty()
    }

    /// Where the line of the comment begins.
    fn line(&self) -> usize {
        self.text[..self.tokens[self.at].range.start].rfind('\n').map_or(0, |at| at + 1)
    }

    /// A name as SQL writes it.
    fn as_sql(&self, name: &str) -> String {
        match self.is_prismas && !name.contains('"') {
            true => name.split('.').map(|part| Ident::new(part).to_string()).collect::<Vec<_>>().join("."),
            false => name.to_owned(),
        }
    }

    /// What the comment is about: the first thing that is declared on its line, or else the next one. A value belongs to
    /// the type before it.
    fn about(&self, is_label: bool) -> Option<&(Defined, Span)> {
        let (comment, line) = (&self.tokens[self.at].range, self.line());
        let earlier = || self.here.iter().filter(|(_, span)| span.range.start < comment.start);
        let found = if is_label {
            earlier().filter(|(defined, _)| defined.kind == "type").max_by_key(|(_, span)| span.range.start)
        } else if self.trails() {
            let on_line = earlier().filter(|(_, span)| line <= span.range.start);
            on_line.min_by_key(|(_, span)| span.range.start)
        } else {
            let later = self.here.iter().filter(|(_, span)| comment.end <= span.range.start);
            later.min_by_key(|(_, span)| span.range.start).filter(|(_, span)| !self.ends_before(span.range.start))
        };
        found.copied()
    }

    /// Whether the statement that the comment stands in, or above, ends before a place.
    fn ends_before(&self, place: usize) -> bool {
        let between = self.tokens[self.at..].iter().take_while(|token| token.range.start < place);
        between.into_iter().any(|token| token.kind == TokenKind::Semicolon)
    }

    /// The value before the comment on its line, or else the next one.
    fn label(&self) -> Option<String> {
        if self.is_prismas {
            let (line, comment) = (self.line(), &self.tokens[self.at].range);
            let mut starts = self.values.iter().map(|(value, span)| (span.range.start, value));
            let found = match self.trails() {
                true => starts.find(|(start, _)| (line..comment.start).contains(start)),
                false => starts.filter(|(start, _)| comment.end <= *start).min(),
            };
            return found.map(|(_, value)| value.clone());
        }
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
    /// What the declarations say of their names before, by what a catalog calls them, and which comments have no effect.
    pub fn declared(&self, catalog: &Catalog) -> Told {
        let mut told = Told { doubts: self.annotations.doubts.clone(), ..Told::default() };
        for renamed in &self.annotations.renamed {
            match renamed.find(catalog) {
                Ok(declared) => told.declared.push(declared),
                Err(doubt) => told.doubts.push(*doubt),
            }
        }
        told
    }
}

impl Renamed {
    fn find(&self, catalog: &Catalog) -> Result<Declared, Box<Diagnostic>> {
        let mut here = catalog.iter().filter(|(_, entry)| entry.written.as_ref() == Some(&self.at));
        let Some((id, entry)) = here.find(|(id, _)| self.defined.is_of(id)) else {
            return Err(Box::new(self.lost(catalog)));
        };
        if let Some(found) = self.label.as_ref().and_then(|label| self.no_value(id, entry, label)) {
            return Err(Box::new(found));
        }
        let (label, before) = (self.label.clone(), self.before.clone());
        Ok(Declared { id: id.clone(), label, before, span: self.span.clone() })
    }

    /// Why the catalog has nothing that was declared where the comment stands.
    fn lost(&self, catalog: &Catalog) -> Diagnostic {
        let Defined { kind, name, .. } = &self.defined;
        let found = |why: String| doubt(why, self.span.clone()).at(self.at.clone(), "what it is about");
        if !Kind::ALL.iter().any(|known| self.defined.is_a(*known)) {
            return found(format!("Trueup does not rename a {kind}")).with_help("rename it by hand");
        }
        let namesakes: Vec<&Entry> =
            catalog.iter().filter(|(id, _)| self.defined.is_of(id)).map(|(_, it)| it).collect();
        let found = match namesakes.as_slice() {
            [again] => {
                let found = found(format!("{kind} `{name}` is declared again, and the last declaration counts"));
                let found = again.written.iter().fold(found, |it, place| it.at(place.clone(), "declared again here"));
                found.with_help("write the comment beside the last declaration")
            }
            // Only the last place of a name is known, whichever of several routines bears it.
            [_, ..] => found(format!("there is more than one {kind} `{name}`"))
                .with_note("a comment is heard only beside the last of them"),
            [] => found(format!("{kind} `{name}` is not in the schema that the script leads to"))
                .with_note("a later statement drops it, moves it, or gives it another name")
                .with_help("write the comment beside the statement that gives it its last name"),
        };
        found.with_help(OTHERWISE)
    }

    /// Why it says nothing of a value of what it is about.
    fn no_value(&self, id: &ObjectId, entry: &Entry, label: &str) -> Option<Diagnostic> {
        let lists = |label: &str| entry.object.labels().iter().any(|it| it == label);
        if !lists(label) {
            let why = format!("{} beside this comment is no value of {id}", Literal(label));
            return Some(doubt(why, self.span.clone()).with_help(PLACES));
        }
        let why = format!("{} cannot have been renamed: it is still a value of {id}", Literal(&self.before));
        lists(&self.before).then(|| doubt(why, self.span.clone()).with_help("remove the comment, or the old value"))
    }
}
