//! PostgreSQL's parser, one call at a time. `pg_query` points the whole process's standard error at a pipe while
//! it works; two calls at once would leave it there, so every call of the crate goes through this lock.

#![allow(clippy::wildcard_enum_match_arm, reason = "errors of pg_query, of which one is of interest")]

use std::{
    collections::HashMap,
    ops::Range,
    sync::{Mutex, MutexGuard, PoisonError},
};

use pg_query::protobuf::ParseResult;

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn lock() -> MutexGuard<'static, ()> {
    ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Held while a process is started beside a parser: it would inherit the parser's pipe as its standard error. Nothing
/// may be parsed, and no name quoted, while it is held.
pub(crate) fn undisturbed() -> MutexGuard<'static, ()> {
    lock()
}

/// The parse tree, or the parser's message. The message has no position; see `sources::split`.
pub(crate) fn parse(sql: &str) -> Result<ParseResult, String> {
    let _held = lock();
    pg_query::parse(sql, 0).map(|result| result.protobuf).map_err(message)
}

/// The bodies of the PL/pgSQL functions in a statement, as libpg_query's JSON.
pub(crate) fn parse_plpgsql(sql: &str) -> Result<serde_json::Value, String> {
    let _held = lock();
    pg_query::parse_plpgsql(sql).map_err(message)
}

/// The same with its conveniences: the tables and functions that it names, and the way back to text.
pub(crate) fn parse_whole(sql: &str) -> Result<pg_query::ParseResult, String> {
    let _held = lock();
    pg_query::parse(sql, pg_query::ParserOptions::DEFAULT).map_err(message)
}

/// Where each token is; comments are left out. Empty for what the scanner refuses.
pub(crate) fn tokens(sql: &str) -> Vec<Range<usize>> {
    use pg_query::protobuf::Token;
    let _held = lock();
    let tokens = pg_query::scan(sql).map(|scan| scan.tokens).unwrap_or_default();
    let meant = tokens.iter().filter(|token| !matches!(token.token(), Token::SqlComment | Token::CComment));
    let place = |at: i32| usize::try_from(at).unwrap_or_default();
    meant.map(|token| place(token.start)..place(token.end)).collect()
}

/// The statements of a script that is known to be right, without their semicolons.
pub(crate) fn statements(sql: &str) -> Vec<&str> {
    let _held = lock();
    pg_query::split_with_parser(sql).unwrap_or_default()
}

/// Whether the parser takes a word for more than a name, as `quote_ident` decides it: any keyword that is not in
/// the unreserved category.
pub(crate) fn is_keyword(word: &str) -> bool {
    use pg_query::protobuf::KeywordKind;
    static KNOWN: Mutex<Option<HashMap<String, bool>>> = Mutex::new(None);
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let known = known.get_or_insert_default();
    if let Some(&answer) = known.get(word) {
        return answer;
    }
    let _held = lock();
    let answer = pg_query::scan(word).is_ok_and(|scan| {
        scan.tokens.first().is_some_and(|token| {
            !matches!(token.keyword_kind(), KeywordKind::NoKeyword | KeywordKind::UnreservedKeyword)
        })
    });
    known.insert(word.to_owned(), answer);
    answer
}

fn message(error: pg_query::Error) -> String {
    use pg_query::Error::Parse;
    match error {
        Parse(text) => text,
        other => other.to_string(),
    }
}
