//! Trueup: schema diff and rehearsed migrations for PostgreSQL.
//!
//! The modules are listed in dependency order: each may use those above it.

pub mod diagnostic;
pub mod emit;
pub mod model;
pub mod shadow;
pub mod sources;
