//! A query of the project's own, which must return no rows.

use postgres::{Client, SimpleQueryMessage, SimpleQueryRow};

use crate::policy::{Circumstances, begin};

/// How many of the rows are named, and how many columns of each.
const NAMED: usize = 5;
const COLUMNS: usize = 3;
/// The most of a value that is shown, in characters.
const LENGTH: usize = 60;

/// The rows that a query returned although it was to return none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rows {
    pub count: u64,
    /// The first of them.
    pub first: Vec<Row>,
}

/// The first columns of a row: names, and values as text.
pub type Row = Vec<(String, Option<String>)>;

/// Runs a query in a read-only transaction of a session that has nothing set; nothing where it returns no rows.
///
/// The query is that of a cursor: one statement, which reads and does nothing else.
///
/// # Errors
/// What the server says of the query, or that it takes too long.
pub fn assert(client: &mut Client, sql: &str, circumstances: Circumstances) -> Result<Option<Rows>, postgres::Error> {
    client.batch_execute("RESET SESSION AUTHORIZATION; RESET ROLE; RESET ALL")?;
    let mut transaction = begin(client, circumstances.patience)?;
    // What is prepared is one statement, so that no other can follow it.
    transaction.execute(&format!("{DECLARE}{sql}"), &[])?;
    let fetched = transaction.simple_query(&format!("FETCH {NAMED} FROM trueup_assertion"))?;
    let each = |it: &SimpleQueryMessage| if let SimpleQueryMessage::Row(found) = it { Some(row(found)) } else { None };
    let first: Vec<Row> = fetched.iter().filter_map(each).collect();
    if first.is_empty() {
        return Ok(None);
    }
    let more = transaction.execute("MOVE FORWARD ALL FROM trueup_assertion", &[])?;
    Ok(Some(Rows { count: first.len() as u64 + more, first }))
}

/// What stands before the query when PostgreSQL says where in it something is wrong.
const DECLARE: &str = "DECLARE trueup_assertion NO SCROLL CURSOR FOR ";

/// The line of the query, from 1, at which the server points with an error.
pub fn line(sql: &str, error: &postgres::Error) -> Option<usize> {
    let postgres::error::ErrorPosition::Original(position) = error.as_db_error()?.position()? else { return None };
    let at = usize::try_from(*position).ok()?.checked_sub(DECLARE.len() + 1)?;
    Some(sql.chars().take(at).filter(|it| *it == '\n').count() + 1)
}

fn row(found: &SimpleQueryRow) -> Row {
    let columns = found.columns().iter().enumerate().take(COLUMNS);
    columns.map(|(at, column)| (column.name().to_owned(), found.get(at).map(shortened))).collect()
}

fn shortened(value: &str) -> String {
    if value.chars().count() <= LENGTH {
        return value.to_owned();
    }
    value.chars().take(LENGTH).chain(std::iter::once('…')).collect()
}
