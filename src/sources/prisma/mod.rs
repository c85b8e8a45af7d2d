//! The schema language of Prisma, up to version 7, for PostgreSQL (Prisma documentation, "Prisma schema API").

pub mod ast;
pub mod database;
mod meaning;
pub mod names;
mod needs;
mod parse;
pub(super) mod read;
pub mod sql;
mod token;
mod write;

use crate::sources::lexer;
pub use meaning::{meaning, operator_class_word};
pub use needs::needs;
pub use parse::parse;
pub use read::Silence;

/// The comments of a schema, as those of SQL are read.
pub(super) fn comments(text: &str) -> Vec<lexer::Token> {
    let comment = |range| lexer::Token { kind: lexer::TokenKind::Comment, range, closed: true };
    token::comments(text).into_iter().map(comment).collect()
}
