//! What PostgreSQL refused, as diagnostics: its own words, at the place in the file, and what may help.
//! PostgreSQL manual, 55.8 "Error and Notice Message Fields" and appendix A "Error Codes".

use std::ops::Range;

use postgres::error::{DbError, ErrorPosition};

use super::defines::{is_name, name_range};
use super::lexer::{TokenKind, words};
use super::{Defined, Script, Statement, nearest};
use crate::diagnostic::Diagnostic;
use crate::model::{Files, Span};

/// A statement and PostgreSQL's answer.
pub(super) struct Refusal<'a> {
    pub(super) statement: &'a Statement,
    pub(super) error: postgres::Error,
}

/// What PostgreSQL said to a statement, where that stands in the file. Of a session that broke, what is known of it.
pub fn refused(statement: &Statement, error: &postgres::Error, script: &Script, files: &Files) -> Diagnostic {
    match error.as_db_error() {
        Some(said) => diagnostic(statement, said, script, files),
        None => broken(statement, error, files),
    }
}

impl Refusal<'_> {
    /// Whether the statement misses something that another statement may define.
    pub(super) fn may_pass_later(&self) -> bool {
        // What a body means can change with a function that is still to come, which fits better than the one it found.
        let has_body = |it: &Defined| matches!(it.kind, "function" | "procedure");
        if self.statement.defines.iter().any(has_body) {
            return true;
        }
        // 42809 and 55000: a partition or an inheriting table whose parent is not yet what it will be.
        // 42830: a foreign key whose unique constraint is still to come.
        self.error.code().is_some_and(|code| {
            matches!(
                code.code(),
                "42P01" | "42704" | "42883" | "3F000" | "42703" | "42P02" | "42830" | "42809" | "55000" | "0A000"
            )
        })
    }
}

/// The session ended while a statement ran, or never answered.
pub(super) fn session_lost(refusal: &Refusal<'_>, files: &Files) -> Diagnostic {
    broken(refusal.statement, &refusal.error, files)
}

fn broken(statement: &Statement, error: &postgres::Error, files: &Files) -> Diagnostic {
    let head = head(&statement.sql(files));
    Diagnostic::error("connection-lost", "the connection to PostgreSQL broke")
        .at(statement.place(&head), "while this ran, or a statement soon after it")
        .with_note(error.to_string())
}

/// One diagnostic for each refusal that is not merely a consequence of another, and one for many of the same words.
pub(super) fn describe(refusals: &[Refusal<'_>], script: &Script, files: &Files) -> Vec<Diagnostic> {
    let own: Vec<&Refusal<'_>> = refusals.iter().filter(|refusal| !is_consequence(refusal, refusals)).collect();
    if own.is_empty() {
        return grouped(&refusals.iter().collect::<Vec<_>>(), script, files)
            .into_iter()
            .map(|diagnostic| {
                diagnostic
                    .with_note("what it needs was refused too: the statements need one another")
                    .with_help("if it is a foreign key, add it behind both tables: `ALTER TABLE … ADD FOREIGN KEY`")
            })
            .collect();
    }
    let mut diagnostics = grouped(&own, script, files);
    let consequences = refusals.len() - own.len();
    if consequences > 0
        && let Some(last) = diagnostics.last_mut()
    {
        let count = if consequences == 1 {
            "1 more statement was".into()
        } else {
            format!("{consequences} more statements were")
        };
        last.notes.push(format!("{count} refused as a consequence of these errors"));
    }
    diagnostics
}

fn grouped(refusals: &[&Refusal<'_>], script: &Script, files: &Files) -> Vec<Diagnostic> {
    let mut found: Vec<(Diagnostic, Vec<Span>)> = Vec::new();
    for refusal in refusals {
        let Some(error) = refusal.error.as_db_error() else { continue };
        let new = diagnostic(refusal.statement, error, script, files);
        match found.iter_mut().find(|(known, _)| known.title == new.title && known.code.starts_with("unknown-")) {
            Some((_, also)) => also.extend(new.labels.into_iter().map(|label| label.span).next()),
            None => found.push((new, Vec::new())),
        }
    }
    let told = |(diagnostic, also): (Diagnostic, Vec<Span>)| {
        let diagnostic = match also.len() {
            0 => diagnostic,
            1 => diagnostic.with_note("1 more statement was refused for the same reason"),
            more => diagnostic.with_note(format!("{more} more statements were refused for the same reason")),
        };
        also.into_iter().fold(diagnostic, |diagnostic, span| diagnostic.at(span, ""))
    };
    found.into_iter().map(told).collect()
}

/// Whether a statement only misses what a refused one would have defined, or what a missing extension would have
/// brought along.
fn is_consequence(refusal: &Refusal<'_>, refusals: &[Refusal<'_>]) -> bool {
    let Some((error, code)) = refusal.error.as_db_error().map(|error| (error, code(error))) else { return false };
    if !code.starts_with("unknown-") || code == "unknown-extension" {
        return false;
    }
    let Some(name) = subject(error.message()) else { return false };
    refusals.iter().filter(|other| !std::ptr::eq(*other, refusal)).any(|other| {
        let defines = other.statement.defines.iter().any(|defined| defined.name == last_part(&name));
        let extension = other.error.as_db_error().is_some_and(|error| self::code(error) == "unknown-extension");
        defines || (extension && matches!(code, "unknown-type" | "unknown-function" | "unknown-object"))
    })
}

fn diagnostic(statement: &Statement, error: &DbError, script: &Script, files: &Files) -> Diagnostic {
    let sql = statement.sql(files);
    let code = code(error);
    let place = place(error, &sql);
    let mut diagnostic = Diagnostic::error(code, error.message()).at(statement.place(&place), label(code));
    if let Some(ErrorPosition::Internal { query, .. }) = error.position()
        && !sql.contains(query.as_str())
    {
        diagnostic = diagnostic.with_note(format!("in this query: {}", query.trim()));
    }
    if let Some(detail) = error.detail().filter(|_| code != "unknown-extension") {
        diagnostic = diagnostic.with_note(detail);
    }
    // The context of a function body that is merely checked says no more than the place does.
    if let Some(context) = error.where_().filter(|context| !context.starts_with("SQL function")) {
        diagnostic = diagnostic.with_note(context.lines().next().unwrap_or(context));
    }
    if let Some(hint) = error.hint() {
        diagnostic = diagnostic.with_help(lower_first(hint.trim_end_matches('.')));
    }
    advice(diagnostic, statement, error, script, files)
}

/// What PostgreSQL's error is called here.
fn code(error: &DbError) -> &'static str {
    let message = error.message();
    match error.code().code() {
        "42601" => "syntax-error",
        "42P01" => "unknown-table",
        "42703" => "unknown-column",
        "42883" => "unknown-function",
        "3F000" => "unknown-schema",
        "42704" if message.starts_with("type ") => "unknown-type",
        "42704" if message.starts_with("role ") => "unknown-role",
        "42704" => "unknown-object",
        "42P07" | "42710" | "42723" | "42P06" | "42701" | "42P16" if message.ends_with("already exists") => {
            "already-exists"
        }
        "42701" => "already-exists",
        "0A000" if message.starts_with("extension ") => "unknown-extension",
        "58P01" if message.contains("extension control file") => "unknown-extension",
        "0A000" => "not-supported",
        "42830" => "invalid-foreign-key",
        "42P17" | "42P16" | "42611" => "invalid-definition",
        "42804" => "type-mismatch",
        "42501" => "not-permitted",
        "25001" => "in-transaction",
        "55P04" => "enum-value-too-new",
        _ => "load-error",
    }
}

fn label(code: &str) -> &'static str {
    match code {
        "syntax-error" => "not expected here",
        "already-exists" => "defined again here",
        _ if code.starts_with("unknown-") => "referenced here",
        _ => "refused here",
    }
}

/// The bytes of the statement that an error is about.
fn place(error: &DbError, sql: &str) -> Range<usize> {
    match error.position() {
        Some(ErrorPosition::Original(position)) => name_at(sql, byte_offset(sql, *position)),
        Some(ErrorPosition::Internal { position, query }) => match sql.find(query.as_str()) {
            Some(start) => {
                let within = name_at(query, byte_offset(query, *position));
                start + within.start..start + within.end
            }
            None => line_in_body(error, sql).unwrap_or_else(|| head(sql)),
        },
        None => line_in_body(error, sql).unwrap_or_else(|| mentioned(error, sql)),
    }
}

/// PostgreSQL counts characters from 1; we count bytes from 0.
fn byte_offset(text: &str, position: u32) -> usize {
    let index = usize::try_from(position).unwrap_or(1).saturating_sub(1);
    text.char_indices().nth(index).map_or(text.len(), |(at, _)| at)
}

/// The name at a place, with its schema; or the token there.
fn name_at(sql: &str, at: usize) -> Range<usize> {
    let mut found: Option<Range<usize>> = None;
    let mut expects_name = true;
    for token in words(sql).skip_while(|token| token.range.end <= at) {
        let is_name = matches!(token.kind, TokenKind::Word | TokenKind::Quoted);
        match &mut found {
            None if token.range.start > at => break,
            // A body: the place is a name or a token within the string.
            None if token.kind == TokenKind::String && at > token.range.start => {
                let inner = name_at(&sql[at..token.range.end], 0);
                return at + inner.start..at + inner.end;
            }
            None if !is_name => return token.range,
            None => (found, expects_name) = (Some(token.range), false),
            Some(range) if is_name && expects_name => (range.end, expects_name) = (token.range.end, false),
            Some(_) if &sql[token.range.clone()] == "." && !expects_name => expects_name = true,
            Some(_) => break,
        }
    }
    found.unwrap_or(at..at)
}

/// Where the statement names what the message is about.
fn mentioned(error: &DbError, sql: &str) -> Range<usize> {
    if let Some(table) = subject(error.message()).filter(|_| code(error) == "unknown-table")
        && let Some(range) = referenced(last_part(&table), sql)
    {
        return range;
    }
    let names = [error.constraint().map(str::to_owned), error.column().map(str::to_owned), subject(error.message())];
    let head = head(sql);
    names
        .into_iter()
        .flatten()
        .map(|name| name_range(sql, last_part(&name)))
        .find(|range| range.start > head.start)
        .unwrap_or(head)
}

/// The table behind `REFERENCES`, for whose absence PostgreSQL gives no place.
fn referenced(table: &str, sql: &str) -> Option<Range<usize>> {
    let references = words(sql).filter(|token| sql[token.range.clone()].eq_ignore_ascii_case("references"));
    references
        .filter_map(|token| words(&sql[token.range.end..]).next().map(|next| token.range.end + next.range.start))
        .map(|at| name_at(sql, at))
        .find(|range| {
            words(&sql[range.clone()])
                .last()
                .is_some_and(|last| is_name(&sql[range.clone()][last.range], last.kind, table))
        })
}

/// The line of a DO block that PostgreSQL's context names: `PL/pgSQL function inline_code_block line 3 at RAISE`.
fn line_in_body(error: &DbError, sql: &str) -> Option<Range<usize>> {
    let context = error.where_()?.lines().last()?;
    let number = context.strip_prefix("PL/pgSQL function inline_code_block line ")?.split(' ').next()?;
    let number: usize = number.parse().ok()?;
    let body = words(sql).find(|token| token.kind == TokenKind::String)?.range;
    let mut start = body.start;
    for line in sql[body.clone()].split_inclusive('\n').take(number).collect::<Vec<_>>().iter().take(number - 1) {
        start += line.len();
    }
    let line = sql[start..body.end].lines().next()?;
    let indent = line.len() - line.trim_start().len();
    Some(start + indent..start + line.trim_end().len())
}

/// The words that say what a statement does.
fn head(sql: &str) -> Range<usize> {
    let mut tokens = words(sql).take_while(|token| token.kind == TokenKind::Word).map(|token| token.range);
    let Some(first) = tokens.next() else { return 0..0 };
    let end = tokens.take(3).take_while(|range| !sql[first.start..range.end].contains('\n')).last();
    first.start..end.map_or(first.end, |range| range.end)
}

/// What a message is about: its first quoted name, or the routine or the type before a parenthesis.
fn subject(message: &str) -> Option<String> {
    if let Some((_, rest)) = message.split_once('"') {
        return rest.split('"').next().map(str::to_owned);
    }
    let rest = ["function ", "procedure ", "type "].into_iter().find_map(|kind| message.strip_prefix(kind))?;
    rest.split(['(', ' ']).next().map(str::to_owned)
}

fn last_part(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    let second_is_upper = text.chars().nth(1).is_some_and(char::is_uppercase);
    match chars.next() {
        Some(first) if !second_is_upper => first.to_lowercase().chain(chars).collect(),
        _ => text.to_owned(),
    }
}

/// What the script itself can tell about a name that was not found, or was found twice.
fn advice(
    diagnostic: Diagnostic,
    statement: &Statement,
    error: &DbError,
    script: &Script,
    files: &Files,
) -> Diagnostic {
    let Some(subject) = subject(error.message()) else { return diagnostic };
    let name = last_part(&subject);
    let others = || script.statements.iter().filter(|other| !std::ptr::eq(*other, statement));
    let definitions = |name: &str| {
        others()
            .flat_map(|other| other.defines.iter().map(move |defined| (other, defined)))
            .filter(|(_, defined)| defined.name == name && fits(diagnostic.code, defined.kind))
            .map(|(other, defined)| (defined.kind, defined.schema.clone(), other.place(&defined.range)))
            .collect::<Vec<_>>()
    };
    let at = |span: &Span| format!("{}:{}", files.name(span.file), files.line_column(span).0);
    match diagnostic.code {
        "already-exists" => match definitions(name).into_iter().next() {
            Some((_, _, span)) => diagnostic.at(span, "first defined here"),
            None => diagnostic,
        },
        code if code.starts_with("unknown-") => {
            if let Some((kind, schema, span)) = definitions(name).into_iter().next() {
                let full = schema.map_or(name.to_owned(), |schema| format!("{schema}.{name}"));
                return diagnostic.with_help(format!("{} `{full}` is defined in {}", article(kind), at(&span)));
            }
            if error.hint().is_some() {
                return diagnostic;
            }
            let known: Vec<&str> = others()
                .flat_map(|other| &other.defines)
                .filter(|defined| fits(code, defined.kind))
                .map(|defined| defined.name.as_str())
                .collect();
            let near: Vec<String> = nearest::nearest(name, known)
                .into_iter()
                .filter_map(|name| definitions(name).into_iter().next().map(|(kind, _, span)| (name, kind, span)))
                .map(|(name, kind, span)| format!("{} named `{name}` is defined in {}", article(kind), at(&span)))
                .collect();
            near.into_iter().fold(diagnostic, Diagnostic::with_help)
        }
        _ => diagnostic,
    }
}

/// Whether something of a kind can be what an error of a code misses.
fn fits(code: &str, kind: &str) -> bool {
    match code {
        "unknown-table" => {
            matches!(kind, "table" | "view" | "materialized view" | "foreign table" | "sequence" | "index")
        }
        "unknown-column" => kind == "column",
        "unknown-type" => matches!(kind, "type" | "domain" | "table" | "view"),
        "unknown-function" => matches!(kind, "function" | "procedure" | "aggregate"),
        "unknown-schema" => kind == "schema",
        "unknown-role" => kind == "role",
        "unknown-extension" => false,
        _ => true,
    }
}

fn article(kind: &str) -> String {
    let vowel = kind.starts_with(['a', 'e', 'i', 'o', 'u']);
    format!("{} {kind}", if vowel { "an" } else { "a" })
}
