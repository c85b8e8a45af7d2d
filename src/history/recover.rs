//! Whether a statement that ran outside of a transaction has done its work, by what is in the database.

use postgres::{Client, error::SqlState};

use crate::sources::{Interrupted, interrupted};

/// How it stands with a statement that nobody has seen end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Done,
    /// Nothing is left of it that would be in the way of another attempt.
    NotDone,
    Unknown,
}

/// Looks, and clears away what an attempt has left behind that did not end.
///
/// # Errors
/// Whatever the server says.
pub(super) fn recover(client: &mut Client, sql: &str) -> Result<State, postgres::Error> {
    match interrupted(sql) {
        Interrupted::MayRunAgain => Ok(State::NotDone),
        Interrupted::IsWhole | Interrupted::Unknown => Ok(State::Unknown),
        Interrupted::Builds { index, on } => built(client, &index, &on),
        Interrupted::Drops(indexes) => {
            for index in &indexes {
                if client.query_one("SELECT to_regclass($1) IS NOT NULL", &[index])?.get(0) {
                    // With several only the first ones may be gone; a name that is gone would make the statement fail.
                    return Ok(if indexes.len() == 1 { State::NotDone } else { State::Unknown });
                }
            }
            Ok(State::Done)
        }
        Interrupted::Detaches { partition, from } => detached(client, &partition, &from),
    }
}

/// Clears away what a statement has left behind that PostgreSQL has refused: what is there now was there before it, or is a
/// part of its work.
///
/// # Errors
/// Whatever the server says.
pub(super) fn clear(client: &mut Client, sql: &str, refusal: &postgres::Error) -> Result<State, postgres::Error> {
    // It has not begun, and what has the name is somebody else's.
    if refusal.code() == Some(&SqlState::DUPLICATE_TABLE) {
        return Ok(State::NotDone);
    }
    match interrupted(sql) {
        Interrupted::Builds { index, on } => built(client, &index, &on).map(|_| State::NotDone),
        Interrupted::Detaches { partition, from } => match is_detaching(client, &partition, &from)? {
            Some(true) => detached(client, &partition, &from),
            Some(false) | None => Ok(State::NotDone),
        },
        Interrupted::Drops(_) | Interrupted::MayRunAgain | Interrupted::IsWhole => Ok(State::NotDone),
        Interrupted::Unknown => Ok(State::Unknown),
    }
}

fn built(client: &mut Client, index: &str, on: &str) -> Result<State, postgres::Error> {
    let select = "SELECT i.indexrelid::regclass::text, i.indisvalid FROM pg_index i
                  JOIN pg_class c ON c.oid = i.indexrelid
                  WHERE i.indrelid = to_regclass($1) AND quote_ident(c.relname) = $2";
    let Some(row) = client.query_opt(select, &[&on, &index])? else { return Ok(State::NotDone) };
    let (name, is_valid): (String, bool) = (row.get(0), row.get(1));
    if is_valid {
        return Ok(State::Done);
    }
    client.batch_execute(&format!("DROP INDEX CONCURRENTLY {name}"))?;
    Ok(State::NotDone)
}

fn detached(client: &mut Client, partition: &str, from: &str) -> Result<State, postgres::Error> {
    match is_detaching(client, partition, from)? {
        None => Ok(State::Done),
        Some(true) => {
            client.batch_execute(&format!("ALTER TABLE {from} DETACH PARTITION {partition} FINALIZE"))?;
            Ok(State::Done)
        }
        Some(false) => Ok(State::NotDone),
    }
}

/// Whether a partition is on its way; nothing where it is none of this table.
fn is_detaching(client: &mut Client, partition: &str, from: &str) -> Result<Option<bool>, postgres::Error> {
    // The column is new in version 14, and so is the statement.
    let select = "SELECT inhdetachpending FROM pg_inherits
                  WHERE inhrelid = to_regclass($1) AND inhparent = to_regclass($2)";
    Ok(client.query_opt(select, &[&partition, &from])?.map(|row| row.get(0)))
}
