//! Renders a plan and what was found for people and machines. Decides nothing.

mod estimate;
pub mod check;
pub mod explain;
pub mod fleet;
mod hazard;
pub mod json;
pub mod lint;
pub mod observation;
pub mod preflight;
pub mod proof;
pub mod sql;
pub mod terminal;
pub mod verify;
