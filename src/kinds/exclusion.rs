//! `EXCLUDE USING …`

use crate::kinds::constraint::index_constraint;

index_constraint!(Exclusion, "x");
