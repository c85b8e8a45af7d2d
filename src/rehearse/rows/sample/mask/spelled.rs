//! What the schema and the migration spell out is no secret, and means something to them: `'open'` in a check, a value of
//! an enum that a text becomes. Such values stay as they are.

use std::collections::BTreeSet;

use crate::{model::parser, rehearse::rows::facts::Facts, rehearse::rows::mentions::Mentions};

/// Words without regard to case and to blanks around them, and whole numbers.
#[derive(Default)]
pub(in crate::rehearse::rows) struct Spelled {
    words: BTreeSet<String>,
    numbers: BTreeSet<String>,
}

impl Spelled {
    /// What the checks, bounds, defaults and types of the tables say, and the statements of a migration.
    pub(in crate::rehearse::rows) fn of(facts: &Facts, statements: &[&str]) -> Spelled {
        let mut found = Spelled::default();
        let relations = || facts.relations.iter();
        relations().flat_map(|it| &it.conditions).for_each(|it| found.add(&it.mentions.constants));
        let defaults = relations().flat_map(|it| &it.columns).filter_map(|it| it.default.as_deref());
        let checks = facts.types.values().flat_map(|it| &it.checks).map(|it| it.sql.as_str());
        defaults.chain(checks).for_each(|sql| found.add(&Mentions::of(sql).constants));
        found.words.extend(facts.labels.iter().map(|it| folded(it)));
        statements.iter().for_each(|sql| found.read(sql));
        found
    }

    fn add(&mut self, constants: &BTreeSet<String>) {
        for constant in constants {
            match constant.parse::<i128>() {
                Ok(number) => drop(self.numbers.insert(number.to_string())),
                Err(_) => drop(self.words.insert(folded(constant))),
            }
        }
    }

    /// Every string, and the numbers in checks: those elsewhere are lengths and the like.
    fn read(&mut self, sql: &str) {
        let mut depth = None;
        let mut sign = "";
        for token in parser::tokens(sql).into_iter().filter_map(|range| sql.get(range)) {
            match (token, &mut depth) {
                (word, None) if word.eq_ignore_ascii_case("check") => depth = Some(0),
                ("(", Some(depth)) => *depth += 1,
                (")", Some(1)) => depth = None,
                (")", Some(depth)) => *depth -= 1,
                (number, Some(_)) if number.starts_with(|c: char| c.is_ascii_digit()) => {
                    self.numbers.insert(format!("{sign}{number}"));
                }
                _ => (),
            }
            sign = if token == "-" { "-" } else { "" };
            // An escape means that it is not written as it reads; such a word is masked.
            let text = token.strip_prefix('\'').and_then(|it| it.strip_suffix('\''));
            self.words.extend(text.map(|it| folded(&it.replace("''", "'"))));
        }
    }

    pub(super) fn has(&self, word: &str) -> bool {
        self.words.contains(&folded(word))
    }

    /// A whole number, as PostgreSQL prints it.
    pub(super) fn has_number(&self, number: &str) -> bool {
        self.numbers.contains(number)
    }
}

fn folded(word: &str) -> String {
    word.trim().to_lowercase()
}

#[cfg(test)]
pub(super) fn of_test(sql: &str) -> Spelled {
    let mut found = Spelled::default();
    found.read(sql);
    found
}

#[cfg(test)]
mod tests {
    use super::of_test;

    #[test]
    fn strings_and_the_numbers_of_checks() {
        let found = of_test(
            "ALTER TABLE t ALTER a TYPE varchar(40), ADD CHECK (s IN ('Open', 'it''s') AND (n = 7 OR n = -3)), ADD b numeric(9)",
        );
        assert!(["open", " OPEN ", "it's"].iter().all(|it| found.has(it)) && !found.has("t"));
        assert!(["7", "-3"].iter().all(|it| found.has_number(it)));
        assert!(["40", "9", "3"].iter().all(|it| !found.has_number(it)));
    }
}
