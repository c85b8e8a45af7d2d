//! The last look at a script that was read: which database of a dump it is about, and what was left out.

use super::class::Class;
use super::psql::Reading;
use super::{Script, Statement};
use crate::diagnostic::Diagnostic;

pub(super) fn script(mut reading: Reading<'_>) -> Result<Script, Vec<Diagnostic>> {
    one_database(&mut reading);
    left_out(&mut reading);
    if reading.problems.is_empty() {
        Ok(Script { statements: reading.statements, texts: reading.texts, notes: reading.notes, ..Script::default() })
    } else {
        let doubts = reading.statements.iter().filter_map(|statement| statement.doubt.as_deref().cloned());
        let mut problems: Vec<Diagnostic> = reading.problems.into_iter().chain(doubts).collect();
        problems.sort_by_key(|found| found.labels.first().map(|label| (label.span.file, label.span.range.start)));
        Err(problems)
    }
}

/// A dump of a whole server may go through several databases; a schema is in one of them.
fn one_database(reading: &mut Reading<'_>) {
    let mut with_schema: Vec<usize> = reading
        .statements
        .iter()
        .filter(|statement| statement.class == Class::Schema)
        .map(|statement| statement.database)
        .collect();
    with_schema.sort_unstable();
    with_schema.dedup();
    if with_schema.len() > 1 {
        let mut diagnostic =
            Diagnostic::error("several-databases", "the script defines objects in more than one database");
        for &index in &with_schema {
            let (name, place) = &reading.databases[index];
            let first = reading.statements.iter().find(|found| found.database == index && found.class == Class::Schema);
            diagnostic = match (place, first) {
                (Some(place), _) => diagnostic.at(place.clone(), format!("objects of `{name}` follow")),
                (None, Some(first)) => diagnostic.at(first.span.clone(), "defined before any database is named"),
                (None, None) => diagnostic,
            };
        }
        reading.problems.push(diagnostic.with_help("dump one database: `pg_dump --schema-only NAME`"));
        return;
    }
    if let [only] = with_schema.as_slice() {
        let about_it = |statement: &Statement| statement.database == *only || matches!(statement.class, Class::Role(_));
        reading.statements.retain(about_it);
        if let (name, Some(place)) = &reading.databases[*only] {
            reading.notes.push(
                Diagnostic::note("connect-ignored", format!("read as the schema of one database: `{name}`"))
                    .at(place.clone(), "not connected to"),
            );
        }
    }
}

fn left_out(reading: &mut Reading<'_>) {
    if let [first, ..] = reading.left_out() {
        let count = reading.left_out().len();
        let title = if count == 1 {
            "the data of 1 COPY was left out".to_owned()
        } else {
            format!("the data of {count} COPY statements was left out")
        };
        let note = Diagnostic::note("data-left-out", title).at(first.clone(), "the first one");
        reading.notes.push(note);
    }
}
