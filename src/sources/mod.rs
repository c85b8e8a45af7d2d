//! Every way to name a schema state. Each ends in text (a [`Script`]) or in a live connection.

pub mod introspect;
mod mentions;

use crate::model::Span;

/// SQL text in the order in which it is to run.
#[derive(Clone, Debug, Default)]
pub struct Script {
    pub statements: Vec<Statement>,
}

/// One SQL statement, without its semicolon.
#[derive(Clone, Debug)]
pub struct Statement {
    pub span: Span,
}
