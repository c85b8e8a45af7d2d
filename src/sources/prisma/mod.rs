//! The schema language of Prisma, up to version 7, for PostgreSQL (Prisma documentation, "Prisma schema API").

pub mod ast;
pub mod database;
mod meaning;
mod names;
mod parse;
pub(super) mod read;
pub mod sql;
mod token;
mod write;

pub use meaning::meaning;
pub use parse::parse;
pub use read::Silence;
