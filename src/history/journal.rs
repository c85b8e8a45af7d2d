//! How far a migration has come that does not fit into one transaction: one row for each, written together with what it
//! tells of, and gone when the migration has ended.

use postgres::{Client, GenericClient};

use super::{Layout, Migration};
use crate::model::sha256;

/// Where a migration was left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// How many of its statements are done.
    pub done: usize,
    /// The one after them was begun outside of a transaction, and nobody has seen it end.
    pub is_open: bool,
    /// Of the statements that are done, and of the one that is open.
    digest: String,
}

impl Left {
    /// Whether these statements begin as those did that were run.
    pub fn fits(&self, statements: &[String]) -> bool {
        let known = self.done + usize::from(self.is_open);
        statements.get(..known).is_some_and(|begun| digest(begun) == self.digest)
    }
}

/// What is noted of a migration; nothing where it is not half done.
///
/// # Errors
/// Whatever the server says.
pub fn left(client: &mut Client, layout: &dyn Layout, it: &Migration) -> Result<Option<Left>, postgres::Error> {
    let is_there: bool = client.query_one(IS_THERE, &[])?.get(0);
    if !is_there {
        return Ok(None);
    }
    let select = format!("SELECT done, is_open, digest FROM trueup.journal WHERE history = {HISTORY} AND key = $2");
    let row = client.query_opt(&select, &[&layout.table(), &it.key])?;
    Ok(row.map(|row| {
        let done: i32 = row.get(0);
        Left { done: usize::try_from(done).unwrap_or(0), is_open: row.get(1), digest: row.get(2) }
    }))
}

/// Notes of a statement that nobody has seen end whether it has done its work.
///
/// # Errors
/// Whatever the server says.
pub fn close(
    client: &mut Client,
    layout: &dyn Layout,
    it: &Migration,
    left: &Left,
    statements: &[String],
    is_done: bool,
) -> Result<(), postgres::Error> {
    note(client, layout, it, statements, (left.done + usize::from(is_done), false))
}

/// Makes the table where there is none.
///
/// # Errors
/// Whatever the server says.
pub(super) fn create(client: &mut impl GenericClient) -> Result<(), postgres::Error> {
    client.batch_execute(
        "CREATE SCHEMA IF NOT EXISTS trueup;
         CREATE TABLE IF NOT EXISTS trueup.journal (
             history text NOT NULL,
             key text NOT NULL,
             done integer NOT NULL,
             is_open boolean NOT NULL,
             digest text NOT NULL,
             at timestamptz NOT NULL DEFAULT clock_timestamp(),
             PRIMARY KEY (history, key)
         )",
    )
}

/// Notes that of `statements` the first `done` are done, and whether the next one is about to run by itself.
pub(super) fn note(
    client: &mut impl GenericClient,
    layout: &dyn Layout,
    it: &Migration,
    statements: &[String],
    (done, is_open): (usize, bool),
) -> Result<(), postgres::Error> {
    let digest = digest(&statements[..done + usize::from(is_open)]);
    let insert = format!(
        "INSERT INTO trueup.journal (history, key, done, is_open, digest) VALUES ({HISTORY}, $2, $3, $4, $5)
         ON CONFLICT (history, key) DO UPDATE SET done = excluded.done, is_open = excluded.is_open,
             digest = excluded.digest, at = excluded.at"
    );
    let done = i32::try_from(done).unwrap_or(i32::MAX);
    client.execute(&insert, &[&layout.table(), &it.key, &done, &is_open, &digest]).map(drop)
}

/// Forgets a migration, where the table is there.
///
/// # Errors
/// Whatever the server says.
pub fn forget(client: &mut impl GenericClient, layout: &dyn Layout, it: &Migration) -> Result<(), postgres::Error> {
    let is_there: bool = client.query_one(IS_THERE, &[])?.get(0);
    if !is_there {
        return Ok(());
    }
    let delete = format!("DELETE FROM trueup.journal WHERE history = {HISTORY} AND key = $2");
    client.execute(&delete, &[&layout.table(), &it.key]).map(drop)
}

/// What a history is called: its table, with the schema where `search_path` finds it and that is not `public`. Each schema of
/// a database may hold a history of its own, as Prisma's `?schema=` has it.
const HISTORY: &str = "CASE WHEN strpos($1::text, '.') = 0 AND current_schema() <> 'public'
                            THEN current_schema() || '.' || $1::text ELSE $1::text END";

const IS_THERE: &str = "SELECT to_regclass('trueup.journal') IS NOT NULL";

fn digest(statements: &[String]) -> String {
    sha256(&statements.join(";\n"))
}
