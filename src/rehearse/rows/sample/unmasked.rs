//! Columns whose values the user wants as they are.

use std::str::FromStr;

use globset::{Glob, GlobMatcher};

/// `table.column`, or `schema.table.column`, each part with `*` and the like.
#[derive(Clone, Debug)]
pub struct Unmasked {
    /// As it was written.
    pub text: String,
    schema: Option<GlobMatcher>,
    table: GlobMatcher,
    column: GlobMatcher,
}

impl FromStr for Unmasked {
    type Err = String;
    fn from_str(text: &str) -> Result<Unmasked, String> {
        let parts: Result<Vec<GlobMatcher>, _> =
            text.split('.').map(|part| Glob::new(part).map(|glob| glob.compile_matcher())).collect();
        let mut parts = parts.map_err(|error| error.to_string())?.into_iter();
        let text = text.to_owned();
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(table), Some(column), None, _) => Ok(Unmasked { text, schema: None, table, column }),
            (Some(schema), Some(table), Some(column), None) => {
                Ok(Unmasked { text, schema: Some(schema), table, column })
            }
            _ => Err("write `table.column` or `schema.table.column`; `*` stands for anything".to_owned()),
        }
    }
}

impl Unmasked {
    pub(super) fn has(&self, schema: &str, table: &str, column: &str) -> bool {
        let is_in_schema = self.schema.as_ref().is_none_or(|it| it.is_match(schema));
        is_in_schema && self.table.is_match(table) && self.column.is_match(column)
    }
}

#[cfg(test)]
mod tests {
    use super::Unmasked;

    #[test]
    fn a_table_and_a_column_are_named() {
        let has = |pattern: &str| pattern.parse::<Unmasked>().map(|it| it.has("app", "users", "email"));
        assert_eq!(has("users.email"), Ok(true));
        assert_eq!(has("app.user*.*"), Ok(true));
        assert_eq!(has("public.users.email"), Ok(false));
        assert_eq!(has("users.name"), Ok(false));
        assert!(has("email").is_err() && has("a.b.c.d").is_err());
    }
}
