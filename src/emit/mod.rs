//! What was found, in words: for the terminal, and later for machines. Decides nothing.

pub mod terminal;
