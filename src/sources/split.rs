//! Syntax errors without a server: where in a statement PostgreSQL's parser gives up.

use std::ops::Range;

use super::lexer::{TokenKind, words};
use crate::diagnostic::Diagnostic;
use crate::model::Span;
use crate::model::parser;

/// Where the parser gives up on a statement that it refuses, in bytes.
///
/// `pg_query` gives a message without a place. But the parser reads from left to right and stops at the first token
/// that cannot follow, so the shortest run of tokens that is wrong for another reason than being unfinished ends
/// with that token.
pub(crate) fn place_of_error(sql: &str) -> Range<usize> {
    let tokens: Vec<Range<usize>> = words(sql).map(|token| token.range).collect();
    let refused = |at: usize| parser::parse(&sql[..tokens[at].end]).is_err_and(|message| !unfinished(&message));
    let (mut low, mut high) = (0, tokens.len());
    while low < high {
        let middle = low.midpoint(high);
        if refused(middle) { high = middle } else { low = middle + 1 }
    }
    match tokens.get(low) {
        Some(range) => range.clone(),
        None => tokens.last().map_or(0..0, |last| last.end..last.end),
    }
}

/// Whether a statement is wrong on any server: it ends too early, or in the middle of a string.
pub(crate) fn is_unfinished(sql: &str, message: &str) -> bool {
    unfinished(message) || words(sql).any(|token| !token.closed)
}

fn unfinished(message: &str) -> bool {
    message.ends_with("at end of input")
}

/// Describes a statement that the parser refuses. `to_span` maps a place in `sql` to one in the file.
pub(crate) fn syntax_error(sql: &str, message: &str, to_span: impl Fn(Range<usize>) -> Span) -> Diagnostic {
    if let Some(open) = words(sql).find(|token| !token.closed) {
        let what = match open.kind {
            TokenKind::Quoted => "quoted name",
            TokenKind::Comment => "comment",
            _ => "quoted string",
        };
        let quote = open.range.start..open.range.start + quote_length(&sql[open.range.start..]);
        return Diagnostic::error("syntax-error", format!("this {what} is never closed"))
            .at(to_span(quote), "opened here");
    }
    let place = place_of_error(sql);
    let label = if unfinished(message) { "the statement ends here, unfinished" } else { "not expected here" };
    let diagnostic = Diagnostic::error("syntax-error", message).at(to_span(place.clone()), label);
    with_advice(diagnostic, sql, &place)
}

fn quote_length(opening: &str) -> usize {
    match opening.as_bytes() {
        [b'$', rest @ ..] => rest.iter().position(|&byte| byte == b'$').map_or(1, |at| at + 2),
        [b'/', b'*', ..] | [b'e' | b'E' | b'b' | b'B' | b'x' | b'X' | b'n' | b'N', b'\'', ..] => 2,
        [b'u' | b'U', b'&', ..] => 3,
        _ => 1,
    }
}

fn with_advice(diagnostic: Diagnostic, sql: &str, place: &Range<usize>) -> Diagnostic {
    let token = &sql[place.clone()];
    let before = words(&sql[..place.start]).last();
    let starts_line = sql[..place.start].rfind('\n').is_some_and(|at| sql[at..place.start].trim().is_empty());
    if starts_line && starts_statement(token) {
        return diagnostic.with_help("is a semicolon missing before it?");
    }
    match before.map(|token| token.kind) {
        _ if token == ";" => diagnostic.with_help("is a closing parenthesis missing before it?"),
        Some(TokenKind::Comma) if token == ")" => diagnostic.with_help("remove the comma before it"),
        Some(TokenKind::Colon) => diagnostic.with_help(format!(
            "if `:{token}` is a psql variable, set it: `\\set {} …`",
            token.trim_matches(['\'', '"'])
        )),
        _ if token == ":" => {
            let name = words(&sql[place.end..]).next().map_or("", |next| &sql[place.end..][next.range]);
            let name = name.trim_matches(['\'', '"']);
            diagnostic.with_help(format!("if `:{name}` is a psql variable, set it first: `\\set {name} …`"))
        }
        _ => diagnostic,
    }
}

fn starts_statement(token: &str) -> bool {
    ["create", "alter", "drop", "comment", "grant", "insert", "select", "set", "begin", "commit"]
        .contains(&token.to_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::place_of_error;

    fn place(sql: &str) -> &str {
        &sql[place_of_error(sql)]
    }

    #[test]
    fn finds_the_token_that_cannot_follow() {
        assert_eq!(place("CREATE TABLE t (a int, b text,, c int)"), ",");
        assert_eq!(place_of_error("CREATE TABLE t (a int, b text,, c int)"), 30..31);
        assert_eq!(place("CREATE TABEL t (a int)"), "TABEL");
        assert_eq!(place("CREATE TABLE é (ü int, ß txt NUL NULL)"), "NUL");
        assert_eq!(place_of_error("SELECT a FROM b WHERE a = = 3 AND c = = 4"), 26..27);
        assert_eq!(place_of_error("CREATE TABLE t (a int"), 21..21);
        assert_eq!(place("CREATE TABLE t (a int) CREATE TABLE u (a int)"), "CREATE");
    }
}
