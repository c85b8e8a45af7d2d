//! Which statements of a migration go into one transaction.

use std::ops::Range;

use super::Layout;
use crate::{
    diagnostic::Diagnostic,
    sources::{Script, Statement},
};

/// Statements that take effect together, by their places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Together(Range<usize>),
    /// PostgreSQL refuses it in a transaction.
    Alone(usize),
}

impl Piece {
    pub(super) fn start(&self) -> usize {
        match self {
            Piece::Together(range) => range.start,
            Piece::Alone(at) => *at,
        }
    }
    pub(super) fn end(&self) -> usize {
        match self {
            Piece::Together(range) => range.end,
            Piece::Alone(at) => at + 1,
        }
    }
}

/// Everything together, unless the migration says something else: with `BEGIN` and `COMMIT` of its own, in a comment, or by
/// a statement that cannot be together with others. Then each statement outside of `BEGIN … COMMIT` is a piece.
///
/// # Errors
/// Diagnostics for what cannot be run as it is written.
pub(super) fn pieces(script: &Script, layout: &dyn Layout, text: &str) -> Result<Vec<Piece>, Vec<Diagnostic>> {
    let statements = &script.statements;
    let refused: Vec<Diagnostic> = statements.iter().filter_map(refusal).collect();
    if !refused.is_empty() {
        return Err(refused);
    }
    let fits = |it: &Statement| !it.begins_transaction() && !it.ends_transaction() && !it.runs_alone();
    if statements.iter().all(fits) && !is_in_parts(layout, text) {
        return Ok(vec![Piece::Together(0..statements.len())]);
    }
    in_parts(statements)
}

/// One piece for each statement, or for what stands between `BEGIN` and `COMMIT`.
///
/// # Errors
/// Diagnostics for a transaction that has no end.
pub(super) fn in_parts(statements: &[Statement]) -> Result<Vec<Piece>, Vec<Diagnostic>> {
    let (mut found, mut begun) = (Vec::new(), None);
    for (at, statement) in statements.iter().enumerate() {
        match begun {
            None if statement.begins_transaction() => begun = Some(at),
            Some(start) if statement.ends_transaction() => {
                found.push(Piece::Together(start..at + 1));
                begun = None;
            }
            None if statement.runs_alone() => found.push(Piece::Alone(at)),
            None => found.push(Piece::Together(at..at + 1)),
            Some(_) => (),
        }
    }
    match begun {
        Some(start) => Err(vec![
            Diagnostic::error("unfinished-transaction", "this transaction is never committed")
                .at(statements[start].span.clone(), "begun here")
                .with_help("end it with COMMIT, or leave BEGIN out"),
        ]),
        None => Ok(found),
    }
}

fn is_in_parts(layout: &dyn Layout, text: &str) -> bool {
    let says_so = |line: &str| line.trim() == DIRECTIVE || layout.says_no_transaction(line.trim());
    text.lines().any(says_so)
}

/// A comment that has each statement run in a transaction of its own.
pub const DIRECTIVE: &str = "-- trueup: no-transaction";

fn refusal(statement: &Statement) -> Option<Diagnostic> {
    if statement.rolls_back() {
        let found = Diagnostic::error("cannot-deploy", "ROLLBACK in a migration leaves open what is done");
        return Some(found.at(statement.span.clone(), "here").with_help("leave out what is not to take effect"));
    }
    statement.copies_through_client().then(|| {
        Diagnostic::error("cannot-deploy", "COPY from or to the program that sends it is for psql")
            .at(statement.span.clone(), "here")
            .with_help("write INSERT, or COPY from a file of the server")
    })
}
