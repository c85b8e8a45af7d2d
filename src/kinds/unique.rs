//! `UNIQUE`, as a constraint. A unique index is an index.

use crate::kinds::constraint::index_constraint;

index_constraint!(Unique, "u");
