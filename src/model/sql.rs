//! A piece of SQL, before pieces on one object are joined.

use std::fmt;

/// One piece of DDL, before it is joined with its neighbours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sql {
    /// A whole statement, without its semicolon.
    Statement(String),
    /// A statement that its contents may join: `CREATE TABLE t (…) tail`.
    Definition { head: String, items: Vec<String>, tail: String, parens: Parens },
    /// A clause that may share a statement with clauses of the same head: `ALTER TABLE t`.
    Clause { head: String, clauses: Vec<String>, separator: &'static str },
    /// A statement whose list may take up that of another one: `GRANT SELECT (a, b) ON TABLE t TO r`.
    List { head: String, items: Vec<String>, tail: String },
}

impl Sql {
    /// Takes up what `next` does, where the two can be one statement.
    pub fn join(&mut self, next: &Sql) -> bool {
        let (list, more) = match (self, next) {
            (Sql::Clause { head, clauses, .. }, Sql::Clause { head: next, clauses: more, .. }) if head == next => {
                (clauses, more)
            }
            (Sql::List { head, items, tail }, Sql::List { head: next, items: more, tail: end })
                if head == next && tail == end =>
            {
                (items, more)
            }
            _ => return false,
        };
        for item in more {
            if !list.contains(item) {
                list.push(item.clone());
            }
        }
        true
    }
}

/// Whether a definition without contents still has its parentheses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parens {
    Always,
    WhenNotEmpty,
}

impl fmt::Display for Sql {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Sql::Statement(text) => f.write_str(text),
            Sql::Definition { head, items, tail, parens } => {
                f.write_str(head)?;
                match (items.is_empty(), parens) {
                    (true, Parens::Always) => f.write_str(" ()")?,
                    (true, Parens::WhenNotEmpty) => (),
                    (false, _) => write!(f, " (\n    {}\n)", items.join(",\n    "))?,
                }
                f.write_str(tail)
            }
            Sql::Clause { head, clauses, .. } if clauses.len() == 1 => write!(f, "{head} {}", clauses[0]),
            Sql::List { head, items, tail } => write!(f, "{head} ({}) {tail}", items.join(", ")),
            Sql::Clause { head, clauses, separator } => {
                write!(f, "{head}\n    {}", clauses.join(&format!("{separator}\n    ")))
            }
        }
    }
}

/// A string literal, quoted for SQL whatever `standard_conforming_strings` says
/// (PostgreSQL manual, 4.1.2.1 and 4.1.2.2). A carriage return is written as an escape: as itself it would not outlive
/// editors and Git, which may change how lines end.
pub struct Literal<'a>(pub &'a str);

impl fmt::Display for Literal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted = self.0.replace('\'', "''");
        if quoted.contains(['\\', '\r']) {
            write!(f, "E'{}'", quoted.replace('\\', "\\\\").replace('\r', "\\r"))
        } else {
            write!(f, "'{quoted}'")
        }
    }
}
