//! The schema language of Prisma, up to version 7, for PostgreSQL (Prisma documentation, "Prisma schema API").

pub mod ast;
mod parse;
mod token;

pub use parse::parse;
