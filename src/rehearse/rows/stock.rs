//! A sample on its way into the tables: masked, each row in the partition that takes it, with made-up values where masked
//! ones break a check or none were to be had.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Work,
    base::quoted,
    choose::{Chooser, Setting},
    each::{Session, each},
    facts::{Column, Facts, Relation},
    fit::complete,
    mentions::Mentions,
    order::Turn,
    parts::parts,
    sample::{Names, Row, Sample, Spelled, Taken},
    solve::cast,
    types::Pools,
};

/// What was taken and not put into a table yet, by the name of the relation. The values are expressions of SQL.
pub(super) struct Stock {
    taken: BTreeMap<String, Taken>,
}

/// Masks a sample.
struct Masking<'a> {
    sample: &'a Sample,
    spelled: Spelled,
    facts: &'a Facts,
    labels: &'a [(String, String)],
    /// Made-up values that stand for others, by type; the same for the same value.
    instead: BTreeMap<u32, BTreeMap<String, usize>>,
}

impl Stock {
    /// Takes a sample of these relations and masks it. From here on there is no value of the database left in it, but for
    /// the columns that are to be kept.
    pub(super) fn take(
        client: &mut Session<'_>,
        pools: &mut Pools,
        facts: &Facts,
        chosen: &BTreeSet<usize>,
        (sample, names, statements): (&Sample, &Names, &[&str]),
    ) -> Result<Stock, postgres::Error> {
        let spelled = Spelled::of(facts, statements);
        let mut masking = Masking { sample, spelled, facts, labels: &names.labels, instead: BTreeMap::new() };
        let mut taken = sample.take(facts, chosen, names);
        for relation in chosen.iter().map(|&at| &facts.relations[at]) {
            if let Some(taken) = taken.get_mut(&relation.name) {
                taken.rows = masking.rows(client, pools, relation, taken)?;
            }
        }
        let mut stock = Stock { taken };
        stock.part(client, facts, chosen)?;
        Ok(stock)
    }

    /// Puts the rows of partitioned tables where they belong now.
    fn part(
        &mut self,
        client: &mut Session<'_>,
        facts: &Facts,
        chosen: &BTreeSet<usize>,
    ) -> Result<(), postgres::Error> {
        let mut wholes: BTreeMap<&str, Vec<&Relation>> = BTreeMap::new();
        for relation in chosen.iter().map(|&at| &facts.relations[at]) {
            if let Some(top) = relation.top.as_deref().filter(|_| self.has(relation)) {
                wholes.entry(top).or_default().push(relation);
            }
        }
        for parts in wholes.values() {
            let all = parts.iter().flat_map(|it| self.taken.get_mut(&it.name).map(|it| std::mem::take(&mut it.rows)));
            let rows: Vec<Row> = all.flatten().collect();
            let places = places(client, parts, &rows)?;
            for (row, place) in rows.into_iter().zip(places) {
                let part = place.and_then(|at| parts.get(at)).or(parts.first());
                let taken = part.and_then(|it| self.taken.get_mut(&it.name));
                taken.into_iter().for_each(|it| it.rows.push(row.clone()));
            }
        }
        Ok(())
    }

    /// Whether rows of a relation come from the sample, even if there are none.
    pub(super) fn has(&self, relation: &Relation) -> bool {
        self.taken.get(&relation.name).is_some_and(|it| it.refused.is_none())
    }
}

/// Which of the partitions each row belongs to; nothing where that cannot be told.
fn places(client: &mut Session<'_>, parts: &[&Relation], rows: &[Row]) -> Result<Vec<Option<usize>>, postgres::Error> {
    let bounds: Vec<&str> = parts.iter().map(|it| it.bound.as_deref().unwrap_or("true")).collect();
    let mentioned: BTreeSet<String> = bounds.iter().flat_map(|sql| Mentions::of(sql).columns).collect();
    let columns: Vec<&Column> = parts[0].columns.iter().filter(|it| mentioned.contains(&it.name)).collect();
    let mut places = vec![None; rows.len()];
    let known = |row: &Row| columns.iter().all(|column| row.contains_key(&column.name));
    let value = |row: &Row, column: &&Column| cast(row.get(&column.name).and_then(Option::as_deref), column);
    let values = rows.iter().enumerate().filter(|(_, row)| known(row)).map(|(at, row)| {
        let list: Vec<String> = columns.iter().map(|column| value(row, column)).collect();
        format!("({at}, {})", list.join(", "))
    });
    let values: Vec<String> = values.collect();
    if columns.is_empty() || values.is_empty() {
        return Ok(places);
    }
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    let cases: String = bounds.iter().enumerate().map(|(at, sql)| format!(" WHEN {sql} THEN {at}")).collect();
    let query = format!(
        "SELECT json_agg(json_build_array(trueup_at, CASE{cases} END)) FROM (VALUES {}) AS v (trueup_at, {})",
        values.join(", "),
        names.join(", ")
    );
    let found = each(client, &[query])?.pop().and_then(|outcome| outcome.found).unwrap_or_default();
    let pairs: Vec<(usize, Option<usize>)> = serde_json::from_str(&found).unwrap_or_default();
    for (at, place) in pairs {
        places[at] = place;
    }
    Ok(places)
}

impl<'a> Masking<'a> {
    fn rows(
        &mut self,
        client: &mut Session<'_>,
        pools: &mut Pools,
        relation: &Relation,
        taken: &Taken,
    ) -> Result<Vec<Row>, postgres::Error> {
        let mut masked = Vec::new();
        for row in &taken.rows {
            let mut other = Row::new();
            for column in &relation.columns {
                let Some(value) = row.get(&column.name) else { continue };
                let is_plain = taken.plain.contains(&column.name);
                let mask = match value {
                    None => None,
                    Some(text) => match self.value(client, pools, column, text, is_plain)? {
                        Some(mask) => Some(mask),
                        None => continue,
                    },
                };
                other.insert(column.name.clone(), mask);
            }
            masked.push(other);
        }
        Ok(masked)
    }

    /// An expression; nothing where no value can stand for this one.
    fn value(
        &mut self,
        client: &mut Session<'_>,
        pools: &mut Pools,
        column: &Column,
        text: &str,
        is_plain: bool,
    ) -> Result<Option<String>, postgres::Error> {
        let text = self.renamed(column, text);
        if is_plain {
            return Ok(Some(quoted(text)));
        }
        if let Some(masked) = self.sample.masked(self.facts, &self.spelled, column.type_, text) {
            return Ok(Some(quoted(&masked)));
        }
        let pool = pools.get(client, self.facts, column.type_, column.modifier)?;
        let known = self.instead.entry(column.type_).or_default();
        let next = known.len();
        let at = *known.entry(text.to_owned()).or_insert(next);
        Ok(pool.plain.get(at % pool.plain.len().max(1)).cloned())
    }

    /// What a value of an enum is called after the renames that the migration begins with.
    fn renamed<'t>(&self, column: &Column, text: &'t str) -> &'t str
    where
        'a: 't,
    {
        let facts = self.facts;
        let labels = facts.types.get(&column.type_).map(|it| it.labels.as_slice()).unwrap_or_default();
        let has = |label: &str| labels.iter().any(|it| it == label);
        let new = self.labels.iter().find(|(old, new)| old == text && !has(old) && has(new));
        new.map_or(text, |(_, new)| new.as_str())
    }
}

impl Work<'_> {
    /// Puts the sample of a table into it. Where a row is refused, a made-up one is to stand for it.
    pub(super) fn put(
        &mut self,
        client: &mut Session<'_>,
        turn: &Turn,
        stock: &mut Stock,
    ) -> Result<(), postgres::Error> {
        let relation = &self.facts.relations[turn.relation];
        let Some(taken) = stock.taken.remove(&relation.name) else { return Ok(()) };
        let returning = self.facts.referred(relation);
        let mut notes = taken.notes;
        let mut rows = taken.rows;
        let count = rows.len();
        if relation.columns.iter().all(|column| column.is_generated) {
            // One row is like another.
            let table = self.tables.entry(turn.relation).or_default();
            (table.sampled, table.goal) = (Some(0), Some(count));
            return Ok(());
        }
        let setting = Setting { facts: self.facts, held: &self.held, pending: &turn.pending, rows: self.count };
        let mut chooser = Chooser { client, pools: &mut self.pools, setting: &setting, relation };
        for part in parts(relation) {
            complete(&mut chooser, &part, &mut rows, &mut notes)?;
        }
        let table = self.tables.entry(turn.relation).or_default();
        // Rows of another migration may be there, and these among them.
        let (before, goal) = (table.rows, table.rows + rows.len());
        let added = table.insert(client, relation, &rows, goal, &returning)?;
        table.rows += added.len();
        table.sampled = Some(added.len());
        let refused = count - added.len();
        table.goal = Some(if before == 0 { count } else { table.rows });
        if 0 < refused && before == 0 {
            let why = table.short.take().unwrap_or_else(|| "its keys have met the same values twice".to_owned());
            notes.push(format!("{refused} of {count} rows are made up: PostgreSQL refuses the masked ones, {why}"));
        }
        if count < self.count {
            table.short = Some("there are no more in the sample".to_owned());
        }
        table.notes = notes;
        if !returning.is_empty() {
            self.hold(relation, &added);
        }
        Ok(())
    }

    /// Says why a table has no rows of the sample.
    pub(super) fn decline(&mut self, at: usize, stock: &Stock) {
        let why = stock.taken.get(&self.facts.relations[at].name).and_then(|it| it.refused.clone());
        let table = self.tables.entry(at).or_default();
        table.sampled = Some(0);
        table.notes.extend(why.map(|why| format!("its rows are made up: {why}")));
    }
}
