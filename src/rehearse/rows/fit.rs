//! Makes rows of a sample fit: what they lack is made up, and what breaks a check too.

use std::collections::BTreeSet;

use super::{
    choose::Chooser,
    facts::Column,
    parts::Part,
    sample::Row,
    solve::{Question, Source},
};

/// Gives rows what they lack of a part, and other values where those that they have break its checks. A row that cannot be
/// completed goes.
pub(super) fn complete(
    chooser: &mut Chooser<'_, '_, '_>,
    part: &Part,
    rows: &mut Vec<Row>,
    notes: &mut Vec<String>,
) -> Result<(), postgres::Error> {
    let columns: Vec<&Column> = part.columns.iter().map(|&at| &chooser.relation.columns[at]).collect();
    let lacks = |row: &Row, column: &Column| match row.get(&column.name) {
        None => true,
        Some(value) => value.is_none() && column.not_null,
    };
    let is_open = |row: &Row| columns.iter().any(|column| lacks(row, column));
    let mut made = Made::default();
    for row in rows.iter_mut().filter(|row| is_open(row)) {
        if let Some(tuple) = made.next(chooser, part)? {
            let open = columns.iter().zip(tuple).filter(|(column, _)| lacks(row, column)).collect::<Vec<_>>();
            row.extend(open.into_iter().map(|(column, value)| (column.name.clone(), value)));
        }
    }
    let passing = passing(chooser, part, &columns, rows)?;
    let mut broken = 0;
    for (_, row) in rows.iter_mut().enumerate().filter(|(at, _)| !passing.contains(at)) {
        broken += 1;
        let tuple = made.next(chooser, part)?.unwrap_or_default();
        row.extend(columns.iter().map(|column| column.name.clone()).zip(tuple));
    }
    if 0 < broken {
        let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        let checks: Vec<&str> = part.checks.iter().map(|check| check.name.as_str()).collect();
        let why = if checks.is_empty() { "the type".to_owned() } else { checks.join(", ") };
        notes.push(format!(
            "{broken} of {} rows have made-up {}: masked values break {why}",
            rows.len(),
            names.join(", ")
        ));
    }
    let whole = rows.len();
    rows.retain(|row| columns.iter().all(|column| row.contains_key(&column.name)));
    if let Some(why) = made.reason.filter(|_| rows.len() < whole) {
        notes.push(format!("{} of {whole} rows were left out: {why}", whole - rows.len()));
    }
    Ok(())
}

/// Made-up values for a part, chosen when the first is wanted.
#[derive(Default)]
struct Made {
    tuples: Option<Vec<Vec<Option<String>>>>,
    used: usize,
    reason: Option<String>,
}

impl Made {
    fn next(
        &mut self,
        chooser: &mut Chooser<'_, '_, '_>,
        part: &Part,
    ) -> Result<Option<Vec<Option<String>>>, postgres::Error> {
        if self.tuples.is_none() {
            let choices = chooser.choose(part)?;
            (self.tuples, self.reason) = (Some(choices.tuples), choices.reason);
        }
        let tuples = self.tuples.as_deref().unwrap_or_default();
        let tuple = tuples.get(self.used % tuples.len().max(1)).cloned();
        self.used += 1;
        Ok(tuple)
    }
}

/// So many rows are put to the checks at once.
const AT_ONCE: usize = 200;

/// Which rows have values that the types of a part's columns and its checks take.
fn passing(
    chooser: &mut Chooser<'_, '_, '_>,
    part: &Part,
    columns: &[&Column],
    rows: &[Row],
) -> Result<BTreeSet<usize>, postgres::Error> {
    let types = &chooser.setting.facts.types;
    // What is made like this the mask has kept like this.
    let is_plain = |column: &&Column| types.get(&column.type_).is_some_and(|it| it.sort == 'b' && it.element == 0);
    let whole = |(_, row): &(usize, &Row)| columns.iter().all(|column| row.contains_key(&column.name));
    let places: Vec<usize> = rows.iter().enumerate().filter(whole).map(|(at, _)| at).collect();
    if part.checks.is_empty() && columns.iter().all(is_plain) {
        return Ok(places.into_iter().collect());
    }
    let mut found = BTreeSet::new();
    for some in places.chunks(AT_ONCE) {
        let tuple = |at: &usize| columns.iter().map(|it| rows[*at].get(&it.name).cloned().flatten()).collect();
        let source = Source { columns: columns.to_vec(), rows: some.iter().map(tuple).collect() };
        let generated = part.generated.iter().map(|&at| &chooser.relation.columns[at]).collect();
        let question = Question { sources: vec![source], generated, conditions: &part.checks };
        let answer = question.ask(chooser.client, some.len())?;
        found.extend(answer.solutions.iter().filter_map(|places| some.get(*places.first()?)));
    }
    Ok(found)
}
