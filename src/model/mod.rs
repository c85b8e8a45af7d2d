//! Names, addresses and places. Depends on nothing else in the crate, and does no IO.

mod digest;
mod id;
mod ident;
mod kind;
mod pair;
pub(crate) mod parser;
mod span;
mod sql;
mod version;

pub use digest::{hexadecimal, sha256};
pub use id::ObjectId;
pub use ident::Ident;
pub use kind::Kind;
pub(crate) use kind::for_each_kind;
pub use pair::Pair;
pub use span::{FileId, Files, Span};
pub use sql::{Literal, Parens, Sql};
pub use version::Version;
