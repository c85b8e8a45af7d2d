//! `PRIMARY KEY`

use crate::kinds::constraint::index_constraint;

index_constraint!(PrimaryKey, "p");
