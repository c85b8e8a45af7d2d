//! Trueup: schema diff and rehearsed migrations for PostgreSQL.
//!
//! The modules are listed in dependency order: each may use those above it.

pub mod model;
pub mod diagnostic;
pub mod ddl;
pub mod kinds;
pub mod catalog;
pub mod connect;
pub mod stats;
pub mod shadow;
pub mod sources;
pub mod diff;
pub mod plan;
pub mod rehearse;
pub mod hazards;
pub mod stubs;
pub mod policy;
pub mod history;
pub mod emit;
pub mod cli;
