//! `CREATE FUNCTION`, window functions included

use crate::kinds::routine::routine;

routine!(Function, "FUNCTION", "'f', 'w'", "''");
