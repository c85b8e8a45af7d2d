//! Rows for one table: put together so that no key meets the same values twice, and inserted.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    choose::{Choices, Chooser, Setting, Tuples},
    each::{Session, each, until},
    facts::{Column, Key, Relation},
    parts::{Part, parts},
    solve::cast,
    types::Pools,
};

/// A row, by column. Nothing stands for NULL.
type Row = BTreeMap<String, Option<String>>;

/// A table on its way.
#[derive(Default)]
pub(super) struct Table {
    pub(super) rows: usize,
    pub(super) short: Option<String>,
    /// How many of its rows come from a sample, where one was asked for.
    pub(super) sampled: Option<usize>,
    /// How many rows it is to have, where a sample says so.
    pub(super) goal: Option<usize>,
    /// What else there is to say of them.
    pub(super) notes: Vec<String>,
    seen: Seen,
}

/// What each key has met.
#[derive(Clone, Default)]
struct Seen(BTreeMap<String, BTreeSet<Vec<Option<String>>>>);

impl Seen {
    fn is_new(&self, keys: &[&Key], row: &Row) -> bool {
        let is_known = |key: &Key, values| self.0.get(&key.name).is_some_and(|seen| seen.contains(&values));
        keys.iter().all(|key| values(key, row).is_none_or(|values| !is_known(key, values)))
    }
    fn add(&mut self, keys: &[&Key], row: &Row) {
        for key in keys {
            self.0.entry(key.name.clone()).or_default().extend(values(key, row));
        }
    }
}

/// So often what is missing is tried again with other combinations.
const ROUNDS: usize = 4;
/// What PostgreSQL says where a key has left out a row.
const CONFLICT: &str = "division by zero";
/// So often another combination is tried for a row that a key refuses.
const TRIES: usize = 700;

impl Table {
    /// Adds rows until there are `goal`; gives the values in `returning` of those that were added.
    pub(super) fn fill(
        &mut self,
        client: &mut Session<'_>,
        pools: &mut Pools,
        setting: &Setting<'_>,
        relation: &Relation,
        goal: usize,
        returning: &BTreeSet<String>,
    ) -> Result<Vec<Row>, postgres::Error> {
        let parts = parts(relation);
        let mut choices = Vec::new();
        for part in &parts {
            let mut chooser = Chooser { client, pools, setting, relation };
            choices.push(chooser.choose(part)?);
        }
        if let Some(reason) = choices.iter().filter(|it| it.tuples.is_empty()).find_map(|it| it.reason.clone()) {
            self.short = Some(reason);
            return Ok(Vec::new());
        }
        let mut added = Vec::new();
        if goal <= self.rows {
            return Ok(added);
        }
        for round in 0..ROUNDS {
            let rows = self.assemble(relation, &parts, &choices, goal, 7 * round);
            let more = self.insert(client, relation, &rows, goal, returning)?;
            let is_over = more.is_empty();
            self.rows += more.len();
            added.extend(more);
            if is_over || goal <= self.rows {
                break;
            }
        }
        if self.rows < goal {
            // What could not be solved says more than what came of it.
            let unsolved = choices.into_iter().find_map(|it| it.reason);
            self.short = unsolved.or(self.short.take()).or(Some("its keys leave no room for more".to_owned()));
        }
        Ok(added)
    }

    /// More rows than are wanted, since not each may be accepted.
    fn assemble(
        &mut self,
        relation: &Relation,
        parts: &[Part],
        choices: &[Choices],
        goal: usize,
        further: usize,
    ) -> Vec<Row> {
        let keys = telling(relation);
        let is_keyed = |part: &Part| {
            part.columns.iter().any(|&at| keys.iter().any(|key| key.columns.contains(&relation.columns[at].name)))
        };
        let keyed: Vec<bool> = parts.iter().map(is_keyed).collect();
        let mut rows = Vec::new();
        let mut seen = self.seen.clone();
        for at in (self.rows + further..).take(3 * goal) {
            let row = (0..TRIES).find_map(|attempt| {
                let row = row(relation, parts, choices, &steps(at, attempt, &keyed, choices, goal));
                seen.is_new(&keys, &row).then_some(row)
            });
            let Some(row) = row else { break };
            seen.add(&keys, &row);
            rows.push(row);
        }
        rows
    }

    /// Adds these rows until there are `goal`; gives the values in `returning` of those that were added.
    pub(super) fn insert(
        &mut self,
        client: &mut Session<'_>,
        relation: &Relation,
        rows: &[Row],
        goal: usize,
        returning: &BTreeSet<String>,
    ) -> Result<Vec<Row>, postgres::Error> {
        let wanted = goal.saturating_sub(self.rows);
        let first = &rows[..wanted.min(rows.len())];
        if first.is_empty() {
            return Ok(Vec::new());
        }
        let keys = telling(relation);
        let outcome = each(client, &[insert(relation, first, returning)])?.pop().unwrap_or_default();
        if outcome.error.is_none() {
            first.iter().for_each(|row| self.seen.add(&keys, row));
            return Ok(read(outcome.found.as_deref(), returning));
        }
        let one = |row: &Row| insert(relation, std::slice::from_ref(row), returning);
        let queries: Vec<String> = rows.iter().map(one).collect();
        let outcomes = until(client, &queries, u32::try_from(wanted).unwrap_or(u32::MAX))?;
        let accepted = rows.iter().zip(&outcomes).filter(|(_, outcome)| outcome.found.is_some());
        accepted.for_each(|(row, _)| self.seen.add(&keys, row));
        let added: Vec<Row> = outcomes.iter().flat_map(|it| read(it.found.as_deref(), returning)).collect();
        if added.len() < wanted {
            self.short = outcomes.into_iter().filter_map(|it| it.error).find(|error| error != CONFLICT);
        }
        Ok(added)
    }
}

fn telling(relation: &Relation) -> Vec<&Key> {
    relation.keys.iter().filter(|key| can_tell(key, relation)).collect()
}

/// Whether the values of its columns alone tell what a key will say.
fn can_tell(key: &Key, relation: &Relation) -> bool {
    let generated = relation.columns.iter().any(|column| column.is_generated && key.columns.contains(&column.name));
    !key.is_soft && !generated
}

/// What a key sees of a row; nothing where it lets NULL pass.
fn values(key: &Key, row: &Row) -> Option<Vec<Option<String>>> {
    let values: Vec<Option<String>> = key.columns.iter().map(|name| row.get(name).cloned().flatten()).collect();
    (!key.nulls_distinct || values.iter().all(Option::is_some)).then_some(values)
}

/// Which of its choices each part takes: all those of the same row at first; then those of keys move on, together and
/// then one faster than the other, until every combination has come.
fn steps(row: usize, attempt: usize, keyed: &[bool], choices: &[Choices], goal: usize) -> Vec<usize> {
    // Further on there is nothing new for so few rows.
    let most = 3 * goal + 5;
    let mut rest = attempt.checked_sub(most);
    let step = |(choices, is_keyed): (&Choices, &bool)| {
        let size = choices.tuples.len().max(1);
        let moved = match &mut rest {
            _ if !is_keyed => 0,
            None => attempt,
            Some(rest) => {
                let moved = *rest % size.min(most);
                *rest /= size.min(most);
                moved
            }
        };
        (row + moved) % size
    };
    choices.iter().zip(keyed).map(step).collect()
}

fn row(relation: &Relation, parts: &[Part], choices: &[Choices], steps: &[usize]) -> Row {
    let mut row = Row::new();
    for ((part, choices), &step) in parts.iter().zip(choices).zip(steps) {
        let none = Vec::new();
        let tuple = choices.tuples.get(step).unwrap_or(&none);
        for (&at, value) in part.columns.iter().zip(tuple) {
            row.insert(relation.columns[at].name.clone(), value.clone());
        }
    }
    row
}

/// A query, so that what was added comes back with it. All rows or none: which of them a key has left out, it would not
/// say.
fn insert(relation: &Relation, rows: &[Row], returning: &BTreeSet<String>) -> String {
    let columns: Vec<&Column> = relation.columns.iter().filter(|column| !column.is_generated).collect();
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    let one = |row: &Row| {
        let value = |column: &&Column| cast(row.get(&column.name).and_then(Option::as_deref), column);
        format!("({})", columns.iter().map(value).collect::<Vec<_>>().join(", "))
    };
    let what = match columns.as_slice() {
        [] => "DEFAULT VALUES".to_owned(),
        _ => {
            let rows: Vec<String> = rows.iter().map(one).collect();
            format!("({}) OVERRIDING SYSTEM VALUE VALUES {}", names.join(", "), rows.join(", "))
        }
    };
    // PostgreSQL cannot look ahead in a key that it checks at the end, and does not where there are rules.
    let conflict = match relation.has_rules || relation.keys.iter().any(|key| key.is_deferrable) {
        true => "",
        false => "ON CONFLICT DO NOTHING",
    };
    let kept: Vec<String> = returning.iter().map(|name| format!("{name}::text")).collect();
    format!(
        "WITH made (kept) AS (INSERT INTO {} {what} {conflict} RETURNING ARRAY[{}]::text[])
         SELECT CASE count(*) WHEN {} THEN json_agg(kept)::text ELSE (1 / (count(*) - count(*)))::text END FROM made",
        relation.name,
        kept.join(", "),
        rows.len().min(if columns.is_empty() { 1 } else { usize::MAX })
    )
}

/// What is there already, as far as something refers to it.
pub(super) fn present(relation: &Relation, returning: &BTreeSet<String>) -> String {
    let kept: Vec<String> = returning.iter().map(|name| format!("{name}::text")).collect();
    format!("SELECT json_agg(ARRAY[{}]::text[])::text FROM ONLY {}", kept.join(", "), relation.name)
}

pub(super) fn read(found: Option<&str>, returning: &BTreeSet<String>) -> Vec<Row> {
    let rows: Tuples = found.and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default();
    rows.into_iter().map(|row| returning.iter().cloned().zip(row).collect()).collect()
}
