//! `CREATE PROCEDURE`

use crate::kinds::routine::routine;

routine!(Procedure, "PROCEDURE", "'p'");
