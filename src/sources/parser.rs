//! PostgreSQL's parser, one call at a time. `pg_query` points the whole process's standard error at a pipe while
//! it works; two calls at once would leave it there, so every call in this layer goes through this lock.

use std::sync::{Mutex, MutexGuard, PoisonError};

use pg_query::protobuf::ParseResult;

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn lock() -> MutexGuard<'static, ()> {
    ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The parse tree, or the parser's message. The message has no position; see [`super::split::place_of_error`].
pub(crate) fn parse(sql: &str) -> Result<ParseResult, String> {
    let _held = lock();
    pg_query::parse(sql, 0).map(|result| result.protobuf).map_err(message)
}

/// The bodies of the PL/pgSQL functions in a statement, as libpg_query's JSON.
pub(crate) fn parse_plpgsql(sql: &str) -> Result<serde_json::Value, String> {
    let _held = lock();
    pg_query::parse_plpgsql(sql).map_err(message)
}

fn message(error: pg_query::Error) -> String {
    use pg_query::Error::Parse;
    match error {
        Parse(text) => text,
        other => other.to_string(),
    }
}
