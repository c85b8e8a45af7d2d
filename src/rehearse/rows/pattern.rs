//! Texts that a pattern may match. PostgreSQL decides whether they do, so what is not understood here is left out.

use std::iter::Peekable;
use std::str::Chars;

/// Texts for a pattern of `LIKE` (`~~`) or a regular expression (`~`); `nth` makes them differ.
pub(super) fn samples(operator: &str, pattern: &str, nth: usize) -> Vec<String> {
    if operator.starts_with("~~") {
        let text =
            |many: &str| pattern.replace("\\_", "\u{1}").replace('_', "a").replace('%', many).replace('\u{1}', "_");
        return vec![text(""), text(&format!("x{nth}"))];
    }
    // The first as short as the expression lets it be, the second with one more of everything that may repeat.
    let sample = |extra: usize| Sampler { rest: pattern.chars().peekable(), nth, extra, seed: nth }.alternatives();
    let mut found = vec![sample(0), sample(1), sample(4)];
    found.dedup();
    found
}

/// Reads a regular expression and writes a text at the same time.
struct Sampler<'a> {
    rest: Peekable<Chars<'a>>,
    nth: usize,
    extra: usize,
    seed: usize,
}

impl Sampler<'_> {
    /// `a|b|c`, up to a closing parenthesis: one of them.
    fn alternatives(&mut self) -> String {
        let mut found = vec![self.sequence()];
        while self.rest.next_if_eq(&'|').is_some() {
            found.push(self.sequence());
        }
        let which = self.nth % found.len();
        found.swap_remove(which)
    }

    fn sequence(&mut self) -> String {
        let mut text = String::new();
        while let Some(next) = self.rest.next_if(|c| !matches!(c, '|' | ')')) {
            let Some(choices) = self.atom(next) else { continue };
            let count = self.count();
            for _ in 0..count {
                text += &self.pick(&choices);
            }
        }
        text
    }

    /// What one piece can be; nothing for what matches no text, such as `^`.
    fn atom(&mut self, first: char) -> Option<Vec<String>> {
        match first {
            '^' | '$' => None,
            '(' => {
                self.skip("?:");
                let inner = self.alternatives();
                self.rest.next_if_eq(&')');
                Some(vec![inner])
            }
            '[' => Some(self.class()),
            '.' => Some(texts('a'..='z')),
            '\\' => self.escape(),
            plain => Some(vec![plain.to_string()]),
        }
    }

    fn skip(&mut self, prefix: &str) {
        for c in prefix.chars() {
            if self.rest.next_if_eq(&c).is_none() {
                return;
            }
        }
    }

    fn escape(&mut self) -> Option<Vec<String>> {
        match self.rest.next()? {
            'd' => Some(texts('0'..='9')),
            'w' => Some(texts('a'..='z')),
            's' => Some(vec![" ".to_owned()]),
            'm' | 'M' | 'y' | 'A' | 'Z' => None,
            'S' | 'D' | 'W' => Some(vec!["x".to_owned(), "-".to_owned()]),
            plain => Some(vec![plain.to_string()]),
        }
    }

    /// `[a-z_[:digit:]]`, after its bracket.
    fn class(&mut self) -> Vec<String> {
        let negated = self.rest.next_if_eq(&'^').is_some();
        let mut listed: Vec<char> = Vec::new();
        while let Some(c) = self.rest.next() {
            match c {
                ']' if !listed.is_empty() => break,
                '[' if self.rest.peek() == Some(&':') => listed.extend(self.named_class()),
                '-' if !listed.is_empty() && self.rest.peek().is_some_and(|c| *c != ']') => {
                    if let (Some(&from), Some(to)) = (listed.last(), self.rest.next()) {
                        listed.extend((from..=to).skip(1).take(128));
                    }
                }
                '\\' => listed.extend(self.escape().into_iter().flatten().filter_map(|it| it.chars().next())),
                c => listed.push(c),
            }
        }
        match negated {
            false => listed.into_iter().map(String::from).collect(),
            true => "azAZ09 -_.".chars().filter(|c| !listed.contains(c)).map(String::from).collect(),
        }
    }

    /// `[:alpha:]`, after its first bracket.
    fn named_class(&mut self) -> Vec<char> {
        let name: String = self.rest.by_ref().take_while(|c| *c != ']').collect();
        match name.trim_matches(':') {
            "digit" => ('0'..='9').collect(),
            "upper" => ('A'..='Z').collect(),
            "space" | "blank" => vec![' '],
            "punct" => vec!['.', '-', '!'],
            "xdigit" => ('0'..='9').chain('a'..='f').collect(),
            "alnum" => ('a'..='z').chain('0'..='9').collect(),
            _ => ('a'..='z').collect(),
        }
    }

    /// How often the piece before is to come.
    fn count(&mut self) -> usize {
        let extra = self.extra;
        let count = match self.rest.peek() {
            Some('*' | '?') => {
                let most = if self.rest.next() == Some('?') { 1 } else { usize::MAX };
                extra.min(most)
            }
            Some('+') => {
                self.rest.next();
                1 + extra
            }
            Some('{') => {
                let bounds: String = self.rest.by_ref().skip(1).take_while(|c| *c != '}').collect();
                let (least, most) = bounds.split_once(',').unwrap_or((&bounds, &bounds));
                let least = least.parse().unwrap_or(0_usize).min(1000);
                (least + extra).min(most.parse().unwrap_or(usize::MAX))
            }
            Some(_) | None => 1,
        };
        // `*?` and the like.
        self.rest.next_if_eq(&'?');
        count
    }

    fn pick(&mut self, choices: &[String]) -> String {
        let Some(count) = std::num::NonZeroUsize::new(choices.len()) else { return String::new() };
        let picked = choices[self.seed % count].clone();
        self.seed = self.seed / count + 7 * self.nth;
        picked
    }
}

fn texts(chars: impl Iterator<Item = char>) -> Vec<String> {
    chars.map(String::from).collect()
}

#[cfg(test)]
mod tests {
    use super::samples;

    #[test]
    fn texts_for_patterns() {
        assert_eq!(samples("~", "^[A-Z]{2}-\\d{3}$", 0)[0], "AA-000");
        assert_eq!(samples("~", "^(?:red|green)(@[a-z]+)?$", 1)[0], "green");
        assert_eq!(samples("~", "^[0-9a-f]{8}$", 0)[0].len(), 8);
        assert_eq!(samples("~~", "https://%", 0)[1], "https://x0");
        assert_ne!(samples("~", "^[a-z0-9]{3,}$", 5)[0], samples("~", "^[a-z0-9]{3,}$", 6)[0]);
        for odd in ["[", "(", "a{", "\\", "[a-", "*", "[[:", "a{9999999999}"] {
            samples("~", odd, 3);
        }
    }
}
