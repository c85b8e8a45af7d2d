//! Renders a plan and what was found for people and machines. Decides nothing.

pub mod explain;
pub mod json;
pub mod lint;
pub mod observation;
pub mod proof;
pub mod sql;
pub mod terminal;
