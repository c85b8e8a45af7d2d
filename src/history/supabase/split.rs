//! A text cut into statements as Supabase's command line cuts it (its `pkg/parser`): what stands in the table has to be
//! what that program would have written there, mistakes and all. Nothing here decides what PostgreSQL runs.

/// The statements, without their semicolons and the white space around them.
pub(super) fn statements(text: &str) -> Vec<String> {
    let mut splitter = Splitter { text, at: 0, start: 0, found: Vec::new() };
    while splitter.at < text.len() {
        if splitter.step() == Some(';') {
            splitter.emit();
        }
    }
    splitter.emit();
    splitter.found
}

struct Splitter<'a> {
    text: &'a str,
    at: usize,
    start: usize,
    found: Vec<String>,
}

impl<'a> Splitter<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn emit(&mut self) {
        let statement = self.text[self.start..self.at].trim_end().trim_end_matches(';').trim();
        if !statement.is_empty() {
            self.found.push(statement.to_owned());
        }
        self.start = self.at;
    }

    /// Passes over the next thing, and says which character it was if it was one.
    fn step(&mut self) -> Option<char> {
        let rest = self.rest();
        let first = rest.chars().next()?;
        let length = match first {
            '\'' | '"' => quoted(rest, first),
            '-' if rest.starts_with("--") => rest.find('\n').map_or(rest.len(), |end| end + 1),
            '/' if rest.starts_with("/*") => comment(rest),
            '$' => dollar(rest),
            '\\' => first.len_utf8() + rest.chars().nth(1).map_or(0, char::len_utf8),
            '(' => {
                self.at += 1;
                self.region();
                return None;
            }
            _ if self.is_atomic() => {
                self.at += "ATOMIC".len();
                self.body();
                return None;
            }
            _ => {
                self.at += first.len_utf8();
                return Some(first);
            }
        };
        self.at += length;
        None
    }

    /// Up to the parenthesis that ends what has begun.
    fn region(&mut self) {
        while self.at < self.text.len() && self.step() != Some(')') {}
    }

    /// Up to the first `END`.
    fn body(&mut self) {
        while self.at < self.text.len() {
            if self.is_word("END") {
                self.at += "END".len();
                return;
            }
            self.step();
        }
    }

    fn is_atomic(&self) -> bool {
        let before = self.text[self.start..self.at].trim_end();
        let begins = before.len().checked_sub("BEGIN".len()).and_then(|at| before.get(at..));
        let is_apart = before.len() < self.at - self.start;
        self.is_word("ATOMIC") && is_apart && begins.is_some_and(|word| word.eq_ignore_ascii_case("BEGIN"))
    }

    fn is_word(&self, word: &str) -> bool {
        let is_part = |c: char| c.is_alphanumeric() || c == '_';
        let here = self.rest().get(..word.len()).is_some_and(|it| it.eq_ignore_ascii_case(word));
        let goes_on = || self.rest()[word.len()..].starts_with(is_part);
        here && !goes_on() && !self.text[..self.at].ends_with(is_part)
    }
}

/// A quote that is written twice goes on.
fn quoted(text: &str, quote: char) -> usize {
    let mut at = 1;
    while let Some(end) = text[at..].find(quote) {
        at += end + 1;
        if !text[at..].starts_with(quote) {
            return at;
        }
        at += 1;
    }
    text.len()
}

fn comment(text: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < text.len() {
        let rest = &text[at..];
        let length = match () {
            () if rest.starts_with("/*") => {
                depth += 1;
                2
            }
            () if rest.starts_with("*/") => {
                depth -= 1;
                2
            }
            () => rest.chars().next().map_or(1, char::len_utf8),
        };
        at += length;
        if depth == 0 {
            return at;
        }
    }
    text.len()
}

/// A body between two tags, or only the sign.
fn dollar(text: &str) -> usize {
    let is_tag = |c: char| c.is_alphanumeric() || c == '_';
    let Some(end) = text[1..].find(|c| !is_tag(c)).map(|end| end + 1) else { return text.len() };
    if !text[end..].starts_with('$') {
        return end;
    }
    let tag = &text[..=end];
    text[tag.len()..].find(tag).map_or(text.len(), |body| tag.len() + body + tag.len())
}

#[cfg(test)]
mod tests {
    use super::statements;

    #[test]
    fn statements_are_cut_where_they_end() {
        let cases: [(&str, &[&str]); 9] = [
            ("a; b;;\n", &["a", "b"]),
            ("select ';'; select \"a;b\"", &["select ';'", "select \"a;b\""]),
            ("-- one; two\na;\n-- the end", &["-- one; two\na", "-- the end"]),
            ("/* a; /* b; */ c; */ d; e", &["/* a; /* b; */ c; */ d", "e"]),
            ("do $$ a; b $$; do $x$ $$ ; $x$;", &["do $$ a; b $$", "do $x$ $$ ; $x$"]),
            ("create rule r as do (a; b); c", &["create rule r as do (a; b)", "c"]),
            ("function f() begin atomic a; b; end; c", &["function f() begin atomic a; b; end", "c"]),
            ("select 'it''s;'; b", &["select 'it''s;'", "b"]),
            ("ä; ß", &["ä", "ß"]),
        ];
        for (text, expected) in cases {
            assert_eq!(statements(text), expected, "{text}");
        }
    }
}
