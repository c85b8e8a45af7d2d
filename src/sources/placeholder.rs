//! Text that another program fills in before PostgreSQL gets it.

use super::lexer::{Lexer, Token, TokenKind};

/// The first placeholder of a template in a statement: `{{ … }}`, `${…}`, `:name` or `@name@`, outside of strings and comments.
/// Only a hint, where PostgreSQL has refused the statement: some of these are SQL elsewhere.
pub fn placeholder(sql: &str) -> Option<&str> {
    let tokens: Vec<Token> = Lexer::new(sql).collect();
    let text = |at: usize| tokens.get(at).map_or("", |it| &sql[it.range.clone()]);
    let begins = |at: usize, opening: &str| sql[tokens[at].range.start..].starts_with(opening);
    let up_to = |at: usize, closing: &str| {
        let rest = &sql[tokens[at].range.start..];
        rest.find(closing).map(|end| &rest[..end + closing.len()])
    };
    let is_plain = |at: usize| !matches!(tokens[at].kind, TokenKind::Comment | TokenKind::String | TokenKind::Quoted);
    (0..tokens.len()).filter(|at| is_plain(*at)).find_map(|at| {
        let is_word = tokens.get(at + 1).is_some_and(|next| next.kind == TokenKind::Word);
        if begins(at, "{{") {
            up_to(at, "}}")
        } else if begins(at, "${") {
            up_to(at, "}")
        } else if text(at) == ":" && is_word && (at == 0 || text(at - 1) != ":") {
            Some(&sql[tokens[at].range.start..tokens[at + 1].range.end])
        } else if text(at) == "@" && is_word && text(at + 2) == "@" {
            Some(&sql[tokens[at].range.start..tokens[at + 2].range.end])
        } else {
            None
        }
    })
}

#[cfg(test)]
mod tests {
    use super::placeholder;

    #[test]
    fn a_template_is_told_from_sql() {
        let found = [
            ("create table {{ index .Options \"Namespace\" }}.users (id int)", "{{ index .Options \"Namespace\" }}"),
            ("create table ${schema}.users ()", "${schema}"),
            ("create table :GRAPHILE_WORKER_SCHEMA.jobs ()", ":GRAPHILE_WORKER_SCHEMA"),
            ("create schema @extschema@", "@extschema@"),
        ];
        for (sql, expected) in found {
            assert_eq!(placeholder(sql), Some(expected), "{sql}");
        }
        for sql in ["select 'a :b {{c}}' -- ${d}", "select a::text", "select a[1:2]", "select @ 5"] {
            assert_eq!(placeholder(sql), None, "{sql}");
        }
    }
}
