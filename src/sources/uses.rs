//! What a statement names, by its parse tree.
