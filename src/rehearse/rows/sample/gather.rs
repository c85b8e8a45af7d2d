//! Which rows are taken: the first and the last of each table by its primary key, and all rows that they refer to, and
//! those that these refer to, and so on. No table is read from end to end.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    live::{Column, Live, Refusal, Table},
    names::Names,
    shape::Shape,
    unmasked::Unmasked,
};
use crate::{
    model::{Ident, Literal},
    rehearse::rows::{
        facts::{Facts, Reference, Relation},
        order::holds,
    },
};

/// A row by column, as SQL writes it; nothing stands for NULL. What could not be taken is not in it.
pub(in crate::rehearse::rows) type Row = BTreeMap<String, Option<String>>;

/// What was taken of one table.
#[derive(Clone, Default)]
pub(in crate::rehearse::rows) struct Taken {
    pub(in crate::rehearse::rows) rows: Vec<Row>,
    /// Why nothing could be taken.
    pub(in crate::rehearse::rows) refused: Option<Refusal>,
    /// What else the user should know.
    pub(in crate::rehearse::rows) notes: Vec<String>,
    /// Columns that are not to be masked.
    pub(in crate::rehearse::rows) plain: BTreeSet<String>,
}

/// Tables without a primary key that have more pages than this are not read from their beginning, which may be empty.
const FEW_PAGES: i64 = 1000;
/// So often what is referred to is asked for what it refers to.
const HOPS: usize = 50;
/// So many rows are asked for by one statement.
const AT_ONCE: usize = 500;

/// The relation that is referred to, and by which columns.
type Target = (u32, Vec<String>);
/// Their values.
type Tuples = BTreeSet<Vec<String>>;

/// By the place of the relation.
pub(super) type Found = BTreeMap<usize, Taken>;

pub(super) struct Gatherer<'a, 'c> {
    pub(super) live: &'a mut Live<'c>,
    pub(super) facts: &'a Facts,
    pub(super) names: &'a Names,
    pub(super) unmasked: &'a [Unmasked],
    pub(super) size: usize,
    pub(super) tables: BTreeMap<(String, String), Table>,
    pub(super) found: Found,
}

impl<'a> Gatherer<'a, '_> {
    /// Takes rows of these relations.
    pub(super) fn gather(&mut self, chosen: &BTreeSet<usize>) {
        let relations = || chosen.iter().map(|&at| &self.facts.relations[at]);
        let referred = relations().flat_map(|it| &it.references).map(|it| &it.to_name);
        let all = relations().map(|it| &it.name).chain(relations().filter_map(|it| it.top.as_ref())).chain(referred);
        let names: BTreeSet<(String, String)> = all.map(|name| self.names.table(name)).collect();
        match self.live.tables(&names.into_iter().collect::<Vec<_>>()) {
            Ok(tables) => {
                let named = |it: Table| ((it.schema.clone(), it.name.clone()), it);
                self.tables = tables.into_iter().map(named).collect();
                chosen.iter().for_each(|&at| self.seed(at));
                self.complete();
            }
            Err(why) => {
                let refused = |&at: &usize| (at, Taken { refused: Some(why.clone()), ..Taken::default() });
                self.found = chosen.iter().map(refused).collect();
            }
        }
    }

    /// The table that a relation's rows are in, there. Where the partitions are others, that is the partitioned one for the
    /// first partition that asks, and nothing for the others.
    fn table_of(&self, relation: &Relation) -> Result<Option<&Table>, Refusal> {
        let own = self.tables.get(&self.names.table(&relation.name));
        let whole = relation.top.as_ref().and_then(|top| self.tables.get(&self.names.table(top)));
        let shared = |at: &usize| {
            let other = &self.facts.relations[*at];
            other.top == relation.top && !self.tables.contains_key(&self.names.table(&other.name))
        };
        let table = match (own, whole) {
            (Some(table), _) => table,
            (None, Some(_)) if self.found.keys().any(shared) => return Ok(None),
            (None, Some(whole)) => whole,
            (None, None) => return Err("there is no such table".to_owned()),
        };
        match table.kind {
            'v' => Err("there it is a view".to_owned()),
            'f' => Err("there it is a foreign table: its rows are elsewhere".to_owned()),
            _ if table.may_enter && (table.columns.is_empty() || table.columns.iter().any(|it| it.may_read)) => {
                Ok(Some(table))
            }
            _ => Err("the role may not read it".to_owned()),
        }
    }

    fn seed(&mut self, at: usize) {
        let relation = &self.facts.relations[at];
        if relation.is_foreign {
            return;
        }
        let taken = self.table_of(relation).map(|table| table.cloned()).and_then(|table| {
            let Some(table) = table else { return Ok(Taken::default()) };
            let (rows, large) = self.first_rows(at, &table)?;
            let notes = self.notes(relation, &table, &large);
            Ok(Taken { rows, notes, ..Taken::default() })
        });
        let refused = |why| Taken { refused: Some(why), ..Taken::default() };
        self.found.insert(at, taken.unwrap_or_else(refused));
    }

    /// The rows, and the columns of which some values are too long.
    fn first_rows(&mut self, at: usize, table: &Table) -> Result<(Vec<Row>, BTreeSet<String>), Refusal> {
        let shape = Shape::of(&self.facts.relations[at], table, self.names);
        let (list, from, size) = (shape.list(), from(table), self.size);
        let key: Vec<String> = table.key.iter().map(|name| Ident::new(name).to_string()).collect();
        let may_order = table.key.iter().all(|name| table.columns.iter().any(|it| it.name == *name && it.may_read));
        let first = format!("SELECT {list} FROM {from} LIMIT {size}");
        let query = match (key.is_empty() || !may_order, table.pages) {
            (false, _) => {
                let half = |order: &str, count: usize| {
                    let order: Vec<String> = key.iter().map(|name| format!("t.{name}{order}")).collect();
                    format!("(SELECT {list} FROM {from} ORDER BY {} LIMIT {count})", order.join(", "))
                };
                format!("{} UNION ALL {}", half("", size.div_ceil(2)), half(" DESC", size / 2))
            }
            (true, pages) if FEW_PAGES < pages && table.kind != 'p' => {
                let percent = 200.0 * f64::from(u32::try_from(size).unwrap_or(u32::MAX)) / pages as f64;
                let sample = format!("TABLESAMPLE SYSTEM ({:.6}) REPEATABLE (1)", percent.clamp(0.000_001, 100.0));
                format!("SELECT {list} FROM {from} {sample} LIMIT {size}")
            }
            (true, _) => first.clone(),
        };
        let mut rows = self.live.rows(&query)?;
        if rows.is_empty() && query != first {
            rows = self.live.rows(&first)?;
        }
        let (mut rows, large) = shape.read(rows);
        if !key.is_empty() {
            // Where there are few, the first and the last are the same.
            let mut seen = BTreeSet::new();
            rows.retain(|row| seen.insert(row.clone()));
        }
        Ok((rows, large))
    }

    fn notes(&self, relation: &Relation, table: &Table, large: &BTreeSet<String>) -> Vec<String> {
        let shape = Shape::of(relation, table, self.names);
        let told = |names: Vec<&str>, why: &str| {
            let verb = if names.len() == 1 { "is" } else { "are" };
            (!names.is_empty()).then(|| format!("{} {verb} made up: {why}", names.join(", ")))
        };
        let hidden = table.is_filtered.then(|| "row security shows the role only some of its rows".to_owned());
        let long = large.iter().map(String::as_str).collect();
        let all = [
            hidden,
            told(shape.unknown, "there is no such column"),
            told(shape.closed, "the role may not read it"),
            told(long, "some values are longer than 256 kB"),
        ];
        all.into_iter().flatten().collect()
    }

    /// Takes the rows that others refer to.
    fn complete(&mut self) {
        let mut asked: BTreeSet<(u32, Vec<String>, Vec<String>)> = BTreeSet::new();
        for _ in 0..HOPS {
            let mut wanted: BTreeMap<Target, (&'a Reference, Tuples)> = BTreeMap::new();
            for (&at, taken) in &self.found {
                for reference in &self.facts.relations[at].references {
                    let there = self.tuples(reference.to, &reference.to_columns);
                    let tuples = taken.rows.iter().filter_map(|row| tuple(row, &reference.columns));
                    let is_new = |it: &Vec<String>| {
                        !there.contains(it)
                            && !asked.contains(&(reference.to, reference.to_columns.clone(), it.clone()))
                    };
                    let missing: Tuples = tuples.filter(is_new).collect();
                    if !missing.is_empty() {
                        let key = (reference.to, reference.to_columns.clone());
                        wanted.entry(key).or_insert((reference, BTreeSet::new())).1.extend(missing);
                    }
                }
            }
            if wanted.is_empty() {
                return;
            }
            for ((to, columns), (reference, tuples)) in wanted {
                let room = self.room(to);
                let tuples: Vec<Vec<String>> = tuples.into_iter().collect();
                asked.extend(tuples.iter().map(|it| (to, columns.clone(), it.clone())));
                for some in tuples[..tuples.len().min(room)].chunks(AT_ONCE) {
                    self.take(reference, some);
                }
            }
        }
    }

    /// How many more rows may be taken: a chain of rows may be as long as its table.
    fn room(&self, to: u32) -> usize {
        let there = self.found.iter().filter(|(at, _)| holds(&self.facts.relations[**at], to));
        (20 * self.size + 100).saturating_sub(there.map(|(_, taken)| taken.rows.len()).sum())
    }

    /// The values that the rows taken so far have in these columns.
    pub(super) fn tuples(&self, of: u32, columns: &[String]) -> Tuples {
        let there = self.found.iter().filter(|(at, _)| holds(&self.facts.relations[**at], of));
        there.flat_map(|(_, taken)| &taken.rows).filter_map(|row| tuple(row, columns)).collect()
    }

    /// Takes the rows with these values in the columns that are referred to. What is refused stays away, and who refers to
    /// it is mended.
    fn take(&mut self, reference: &Reference, tuples: &[Vec<String>]) {
        let holders: Vec<usize> =
            self.found.keys().copied().filter(|&at| holds(&self.facts.relations[at], reference.to)).collect();
        let Some(first) = holders.iter().copied().find(|at| self.found[at].refused.is_none()) else { return };
        let Some(table) = self.tables.get(&self.names.table(&reference.to_name)).cloned() else { return };
        let shape = Shape::of(&self.facts.relations[first], &table, self.names);
        let bare = |name: &String| self.names.column(&reference.to_name, name);
        let columns = reference.to_columns.iter().map(|name| table.columns.iter().find(|it| it.name == bare(name)));
        let Some(columns) = columns.collect::<Option<Vec<&Column>>>() else { return };
        let value = |(text, column): (&String, &&Column)| format!("CAST({} AS {})", Literal(text), column.sql_type);
        let list = |tuple: &Vec<String>| tuple.iter().zip(&columns).map(value).collect::<Vec<_>>().join(", ");
        let values: Vec<String> = tuples.iter().map(|it| format!("({})", list(it))).collect();
        let names: Vec<String> = (0..columns.len()).map(|at| format!("v{at}")).collect();
        let equal = |(column, name): (&&Column, &String)| {
            format!("t.{} {} v.{name}", Ident::new(&column.name), column.equals.as_deref().unwrap_or("="))
        };
        let query = format!(
            "SELECT {}, t.tableoid::int8 FROM {} JOIN (VALUES {}) AS v ({}) ON {} LIMIT {}",
            shape.list(),
            from(&table),
            values.join(", "),
            names.join(", "),
            columns.iter().zip(&names).map(equal).collect::<Vec<_>>().join(" AND "),
            tuples.len()
        );
        let Ok(rows) = self.live.rows(&query) else { return };
        let places: Vec<usize> = rows.iter().map(|row| self.place(row.last(), &holders).unwrap_or(first)).collect();
        let (rows, _) = shape.read(rows);
        for (row, at) in rows.into_iter().zip(places) {
            let taken = self.found.entry(at).or_default();
            if !taken.rows.contains(&row) {
                taken.rows.push(row);
            }
        }
    }

    /// The relation that holds a row of that table.
    fn place(&self, oid: Option<&Option<String>>, holders: &[usize]) -> Option<usize> {
        let oid: u32 = oid?.as_ref()?.parse().ok()?;
        let (name, _) = self.tables.iter().find(|(_, table)| table.oid == oid)?;
        holders.iter().copied().find(|&at| self.names.table(&self.facts.relations[at].name) == *name)
    }
}

/// The values of a row in some columns; nothing where one of them is NULL or was not taken.
pub(super) fn tuple(row: &Row, columns: &[String]) -> Option<Vec<String>> {
    columns.iter().map(|name| row.get(name).cloned().flatten()).collect()
}

fn from(table: &Table) -> String {
    // The rows of an heir are its own; those of a partition are those of the whole.
    let only = if table.kind == 'r' { "ONLY " } else { "" };
    format!("{only}{}.{} AS t", Ident::new(&table.schema), Ident::new(&table.name))
}
