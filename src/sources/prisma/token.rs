//! The words and signs of a Prisma schema. The language goes by lines, so that the end of one is a sign too.

use std::ops::Range;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// A name or a keyword.
    Word,
    Number,
    /// With its quotes.
    Text,
    /// A text that has no end on its line.
    OpenText,
    /// One of `{ } ( ) [ ] @ : , . = ? !`, or a sign that means nothing.
    Sign(char),
    NewLine,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub kind: TokenKind,
    /// In bytes.
    pub range: Range<usize>,
}

/// All tokens of a text, without blanks and comments.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    scan(text).0
}

/// Where the comments of a text are.
pub(super) fn comments(text: &str) -> Vec<Range<usize>> {
    scan(text).1
}

fn scan(text: &str) -> (Vec<Token>, Vec<Range<usize>>) {
    let (mut found, mut comments) = (Vec::new(), Vec::new());
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        let start = at;
        let kind = if rest.starts_with("//") {
            at += rest.find(['\n', '\r']).unwrap_or(rest.len());
            comments.push(start..at);
            continue;
        } else if rest.starts_with("/*") {
            at += rest.find("*/").map_or(rest.len(), |end| end + 2);
            comments.push(start..at);
            // A comment over several lines ends the line that it begins on.
            if text[start..at].contains('\n') {
                found.push(Token { kind: TokenKind::NewLine, range: at..at });
            }
            continue;
        } else if first == '\n' || first == '\r' {
            at += if rest.starts_with("\r\n") { 2 } else { 1 };
            TokenKind::NewLine
        } else if first.is_whitespace() || first == '\u{feff}' {
            at += first.len_utf8();
            continue;
        } else if first == '"' {
            let (end, is_whole) = text_end(rest);
            at += end;
            if is_whole { TokenKind::Text } else { TokenKind::OpenText }
        } else if let Some(length) = number(rest) {
            at += length;
            TokenKind::Number
        } else if first.is_alphanumeric() {
            let is_inside = |it: char| it.is_alphanumeric() || it == '_' || it == '-';
            at += rest.find(|it| !is_inside(it)).unwrap_or(rest.len());
            TokenKind::Word
        } else {
            at += first.len_utf8();
            TokenKind::Sign(first)
        };
        found.push(Token { kind, range: start..at });
    }
    (found, comments)
}

/// The length of a text with its quotes, and whether it has an end before that of the line.
fn text_end(rest: &str) -> (usize, bool) {
    let mut is_escaped = false;
    for (at, it) in rest.char_indices().skip(1) {
        match it {
            '\n' | '\r' => return (at, false),
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return (at + 1, true),
            _ => (),
        }
    }
    (rest.len(), false)
}

/// The length of a number; nothing where the digits begin a name (`1c`).
fn number(rest: &str) -> Option<usize> {
    let digits = |text: &str| text.len() - text.trim_start_matches(|it: char| it.is_ascii_digit()).len();
    let sign = usize::from(rest.starts_with('-'));
    let whole = digits(&rest[sign..]);
    if whole == 0 {
        return None;
    }
    let mut end = sign + whole;
    if let Some(fraction) = rest[end..].strip_prefix('.').map(digits).filter(|it| 0 < *it) {
        end += 1 + fraction;
    }
    let begins_name = sign == 0 && rest[end..].starts_with(|it: char| it.is_alphabetic() || it == '_' || it == '-');
    (!begins_name).then_some(end)
}

#[cfg(test)]
mod tests {
    use super::{TokenKind, tokens};

    #[test]
    fn words_and_signs_are_told_apart() {
        let text = "model A { // one\n id-2 Int? @default(-1.50) \"a\\\"b\" 1c\n/* two\nlines */ _ \"open\n}";
        let found = tokens(text);
        let shown: Vec<String> = found
            .iter()
            .map(|it| match it.kind {
                TokenKind::NewLine => "|".to_owned(),
                TokenKind::Number => format!("#{}", &text[it.range.clone()]),
                TokenKind::OpenText => format!("!{}", &text[it.range.clone()]),
                TokenKind::Word | TokenKind::Text | TokenKind::Sign(_) => text[it.range.clone()].to_owned(),
            })
            .collect();
        let expected = "model A { | id-2 Int ? @ default ( #-1.50 ) \"a\\\"b\" 1c | | _ !\"open | }";
        assert_eq!(shown.join(" "), expected);
        // Nothing is lost but blanks and comments.
        assert!(found.windows(2).all(|pair| pair[0].range.end <= pair[1].range.start));
    }
}
