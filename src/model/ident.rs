//! A name as PostgreSQL stores it. It is quoted where it is written, and nowhere else.

use std::{fmt, sync::Arc};

use crate::model::parser;

/// An identifier as PostgreSQL stores it. `Display` quotes it when SQL needs quotes
/// (PostgreSQL manual, 4.1.1 "Identifiers and Key Words").
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ident(Arc<str>);

impl Ident {
    pub fn new(raw: impl AsRef<str>) -> Ident {
        Ident(raw.as_ref().into())
    }
    pub fn raw(&self) -> &str {
        &self.0
    }
    fn is_plain(&self) -> bool {
        let mut chars = self.0.chars();
        chars.next().is_some_and(|c| c.is_ascii_lowercase() || c == '_')
            && chars.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
            && !parser::is_keyword(&self.0)
    }
}

impl fmt::Display for Ident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_plain() { f.write_str(&self.0) } else { write!(f, "\"{}\"", self.0.replace('"', "\"\"")) }
    }
}

#[cfg(test)]
mod tests {
    use super::Ident;

    #[test]
    fn quotes_only_what_needs_quotes() {
        let cases = [
            ("users", "users"),
            ("Users", "\"Users\""),
            ("order", "\"order\""),
            ("name", "name"),
            ("a b", "\"a b\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("1st", "\"1st\""),
            ("naïve", "\"naïve\""),
            ("", "\"\""),
            ("between", "\"between\""),
            ("json", "\"json\""),
        ];
        for (raw, sql) in cases {
            assert_eq!(Ident::new(raw).to_string(), sql);
        }
    }
}
