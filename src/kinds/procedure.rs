//! `CREATE PROCEDURE`

use crate::kinds::routine::routine;

// `p(integer)` may mean `p(OUT integer)` too; with a mode the name has one meaning (PostgreSQL manual, DROP PROCEDURE).
routine!(Procedure, "PROCEDURE", "'p'", "'IN '");
