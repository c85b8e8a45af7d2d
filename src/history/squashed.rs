//! A migration that stands for others: which, as a comment at its beginning says, by the keys under which the table of a
//! database knows them.

use std::fmt::Write as _;

use super::Migration;

/// Before the keys, one line a migration that is replaced.
const MARK: &str = "-- trueup: replaces ";

/// The comment that has a migration stand for these.
pub fn mark(replaced: &[Migration]) -> String {
    replaced.iter().fold(String::new(), |mut text, it| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{MARK}{}", it.key);
        text
    })
}

/// The keys of the migrations that a text stands for; none for most.
pub fn replaced(text: &str) -> Vec<&str> {
    let comments = text.lines().take_while(|line| line.starts_with("--") || line.trim().is_empty());
    comments.filter_map(|line| line.strip_prefix(MARK)).map(str::trim).collect()
}

#[cfg(test)]
mod tests {
    use super::replaced;

    #[test]
    fn only_comments_at_the_beginning_count() {
        let text = "-- everything\n-- trueup: replaces 1\n\n-- trueup: replaces 2\nSELECT 1;\n-- trueup: replaces 3\n";
        assert_eq!(replaced(text), ["1", "2"]);
    }
}
