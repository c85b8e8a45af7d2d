//! The outer shape of SQL text, by psql's own rules (`psqlscan.l`): what is quoted, what is a comment, where a
//! backslash or a semicolon counts. Never fails: what is not closed ends with the text.
//! PostgreSQL manual, 4.1 "Lexical Structure".

use std::ops::Range;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    Space,
    Comment,
    /// A keyword or a plain name.
    Word,
    /// `"name"`
    Quoted,
    /// `'text'`, with any prefix; `$tag$text$tag$`.
    String,
    Number,
    Open,
    Close,
    Comma,
    Semicolon,
    Colon,
    Backslash,
    Other,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) range: Range<usize>,
    /// Whether a quote or a comment was closed before the text ended.
    pub(crate) closed: bool,
}

/// The tokens of `text` from a byte position on. They cover the text without gaps.
pub(crate) struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    pub(crate) fn new(text: &'a str) -> Lexer<'a> {
        Lexer { text, at: 0 }
    }
    /// Goes on at another place, such as behind a meta-command.
    pub(crate) fn jump(&mut self, at: usize) {
        self.at = at;
    }
    pub(crate) fn is_at_end(&self) -> bool {
        self.at >= self.text.len()
    }
    fn rest(&self) -> &'a [u8] {
        &self.text.as_bytes()[self.at..]
    }
}

impl Iterator for Lexer<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        let rest = self.rest();
        let first = *rest.first()?;
        let (kind, length, closed) = token(rest, first);
        let start = self.at;
        self.at += length;
        Some(Token { kind, range: start..self.at, closed })
    }
}

/// The tokens that mean something: neither space nor comment.
pub(crate) fn words(text: &str) -> impl Iterator<Item = Token> {
    Lexer::new(text).filter(|token| !matches!(token.kind, TokenKind::Space | TokenKind::Comment))
}

fn token(rest: &[u8], first: u8) -> (TokenKind, usize, bool) {
    let open = |(length, closed): (usize, bool), kind| (kind, length, closed);
    match first {
        b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c => (TokenKind::Space, run(rest, is_space), true),
        b'-' if rest.starts_with(b"--") => (TokenKind::Comment, run(rest, |b| b != b'\n'), true),
        b'/' if rest.starts_with(b"/*") => open(block_comment(rest), TokenKind::Comment),
        b'\'' => open(quoted(rest, 1, b'\'', false), TokenKind::String),
        b'"' => open(quoted(rest, 1, b'"', false), TokenKind::Quoted),
        b'e' | b'E' if rest.get(1) == Some(&b'\'') => open(quoted(rest, 2, b'\'', true), TokenKind::String),
        b'b' | b'B' | b'x' | b'X' | b'n' | b'N' if rest.get(1) == Some(&b'\'') => {
            open(quoted(rest, 2, b'\'', false), TokenKind::String)
        }
        b'u' | b'U' if rest.get(1) == Some(&b'&') && rest.get(2) == Some(&b'\'') => {
            open(quoted(rest, 3, b'\'', false), TokenKind::String)
        }
        b'u' | b'U' if rest.get(1) == Some(&b'&') && rest.get(2) == Some(&b'"') => {
            open(quoted(rest, 3, b'"', false), TokenKind::Quoted)
        }
        b'$' => match dollar_tag(rest) {
            Some(tag) => open(dollar_quoted(rest, tag), TokenKind::String),
            None => (TokenKind::Other, 1 + run(&rest[1..], |b| b.is_ascii_digit()), true),
        },
        b'(' => (TokenKind::Open, 1, true),
        b')' => (TokenKind::Close, 1, true),
        b',' => (TokenKind::Comma, 1, true),
        b';' => (TokenKind::Semicolon, 1, true),
        b'\\' => (TokenKind::Backslash, 1, true),
        b':' if matches!(rest.get(1), Some(b':' | b'=')) => (TokenKind::Other, 2, true),
        b':' => (TokenKind::Colon, 1, true),
        b'0'..=b'9' => (TokenKind::Number, run(rest, |b| b == b'.' || is_word_part(b)), true),
        _ if is_word_start(first) => (TokenKind::Word, run(rest, is_word_part), true),
        _ => (TokenKind::Other, 1, true),
    }
}

pub(crate) fn is_word_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

pub(crate) fn is_word_part(byte: u8) -> bool {
    is_word_start(byte) || byte.is_ascii_digit() || byte == b'$'
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c)
}

fn run(rest: &[u8], belongs: impl Fn(u8) -> bool) -> usize {
    rest.iter().position(|&byte| !belongs(byte)).unwrap_or(rest.len())
}

/// A doubled quote does not close; with `escapes`, neither does one behind a backslash.
fn quoted(rest: &[u8], from: usize, quote: u8, escapes: bool) -> (usize, bool) {
    let mut at = from;
    while at < rest.len() {
        match rest[at] {
            b'\\' if escapes => at += 2,
            byte if byte == quote && rest.get(at + 1) == Some(&quote) => at += 2,
            byte if byte == quote => return (at + 1, true),
            _ => at += 1,
        }
    }
    (rest.len(), false)
}

fn block_comment(rest: &[u8]) -> (usize, bool) {
    let mut depth = 0;
    let mut at = 0;
    while at < rest.len() {
        if rest[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return (at, true);
            }
        } else {
            at += 1;
        }
    }
    (rest.len(), false)
}

/// `$$` or `$tag$` at the start of the text.
fn dollar_tag(rest: &[u8]) -> Option<&[u8]> {
    let name = run(&rest[1..], |b| is_word_part(b) && b != b'$');
    let starts_well = name == 0 || is_word_start(rest[1]);
    (starts_well && rest.get(name + 1) == Some(&b'$')).then(|| &rest[..name + 2])
}

fn dollar_quoted(rest: &[u8], tag: &[u8]) -> (usize, bool) {
    let mut at = tag.len();
    while at < rest.len() {
        match rest[at..].iter().position(|&byte| byte == b'$') {
            None => break,
            Some(skip) if rest[at + skip..].starts_with(tag) => return (at + skip + tag.len(), true),
            Some(skip) => at += skip + 1,
        }
    }
    (rest.len(), false)
}

#[cfg(test)]
mod tests {
    use super::{Lexer, TokenKind, words};

    fn kinds(text: &str) -> Vec<(TokenKind, &str)> {
        words(text).map(|token| (token.kind, &text[token.range])).collect()
    }

    #[test]
    fn quotes_hide_what_is_in_them() {
        use TokenKind::{Backslash, Other, Quoted, Semicolon, String, Word};
        assert_eq!(kinds(r"'a;''\' ;"), [(String, r"'a;''\'"), (Semicolon, ";")]);
        assert_eq!(kinds(r"E'a\';' ;"), [(String, r"E'a\';'"), (Semicolon, ";")]);
        assert_eq!(kinds(r#"U&"a;"";" \x"#), [(Quoted, r#"U&"a;"";""#), (Backslash, "\\"), (Word, "x")]);
        assert_eq!(kinds("$a$ $$ ; $b$ $a$;"), [(String, "$a$ $$ ; $b$ $a$"), (Semicolon, ";")]);
        assert_eq!(kinds("a$b$ ; $1"), [(Word, "a$b$"), (Semicolon, ";"), (Other, "$1")]);
    }

    #[test]
    fn comments_nest() {
        assert_eq!(kinds("a /* ; /* ; */ ; */ b -- ;\nc").len(), 3);
    }

    #[test]
    fn covers_any_text_without_gaps() {
        for text in ["'open", "/* open", "$x$ open", "\"open", "E'\\", "é\\ü 'ß' $", "1e5x ::int :x :=", "a--b"] {
            let mut at = 0;
            for token in Lexer::new(text) {
                assert_eq!(token.range.start, at);
                at = token.range.end;
                assert!(text.is_char_boundary(at.min(text.len())));
            }
            assert_eq!(at, text.len());
        }
    }
}
