//! Fills the tables of a scratch database with rows that satisfy every constraint: typical ones, and those that a
//! migration trips over, such as NULL, the empty text, extremes, and the same row twice.
//!
//! PostgreSQL decides. What a check wants is found by putting candidates to it; what a key or a type refuses is left out.
//! The same schema gets the same rows: no clock, no chance.

mod base;
mod candidates;
mod choose;
mod dangling;
mod each;
mod facts;
mod fit;
mod mentions;
mod order;
mod parts;
mod pattern;
mod pool;
mod sample;
mod sequences;
mod session;
mod solve;
mod stock;
mod table;
mod types;

use std::collections::{BTreeMap, BTreeSet};

use crate::{catalog::Catalog, diff::Rename, shadow::Scratch};

use choose::{Held, Setting};
use each::{Session, each};
use facts::{Facts, Relation};
use order::{Turn, closure, turns};
use sample::Names;
use stock::Stock;
use table::Table;
use types::Pools;

pub use sample::{Sample, Unmasked};

/// Where rows come from.
#[derive(Clone, Copy)]
pub struct Supply<'a> {
    /// So many are made up for each table, where none come from a sample.
    pub per_table: u32,
    pub sample: Option<&'a Sample>,
}

impl Supply<'_> {
    /// So many for each table, all of them made up.
    pub fn made_up(per_table: u32) -> Supply<'static> {
        Supply { per_table, sample: None }
    }
}

/// What is known of the migration that the rows are for.
#[derive(Clone, Copy, Default)]
pub struct Occasion<'a> {
    /// The state that the rows are in, and the renames that lead there from the names that a sample has.
    pub catalog: Option<&'a Catalog>,
    pub renames: &'a [Rename],
    /// Its statements. What they spell out is not masked.
    pub statements: &'a [&'a str],
}

/// How many rows each table has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filling {
    /// By name.
    pub tables: Vec<Filled>,
    /// Where a sample was taken.
    pub origin: Option<Origin>,
}

/// The database that a sample was taken from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// In words without a password.
    pub database: String,
    /// So many rows were asked for of each table.
    pub size: u32,
    /// The columns that were not masked, as the user named them.
    pub unmasked: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filled {
    /// As SQL writes it, with its schema.
    pub table: String,
    pub rows: u32,
    /// Why there are not as many as were asked for.
    pub short: Option<String>,
    /// How many of them come from a sample, where one was asked for.
    pub sampled: Option<u32>,
    /// What of a sample could not be had or kept, and why.
    pub notes: Vec<String>,
}

/// Gives each table that is wanted, and those that they refer to, `per_table` rows. Partitions are tables; what is
/// partitioned has their rows. Foreign tables stay as they are.
///
/// No trigger and no rule fires. Afterwards the catalog is as before, and so are the sequences: integers begin at 1001,
/// so that what takes its number from a sequence meets none of these rows. What a default that asks for the time or for
/// chance would give is not taken, unless nothing else is known.
///
/// # Errors
/// When the session is lost, or its role may not switch triggers off.
pub fn fill(scratch: &mut Scratch, per_table: u32, wanted: &dyn Fn(&str) -> bool) -> Result<Filling, postgres::Error> {
    fill_from(scratch, Supply::made_up(per_table), Occasion::default(), wanted)
}

/// The same, with rows of a sample where there are some. Sequences stand behind these afterwards.
///
/// # Errors
/// As those of [`fill`]. What cannot be had of the sample is no error; it is told.
pub fn fill_from(
    scratch: &mut Scratch,
    supply: Supply<'_>,
    occasion: Occasion<'_>,
    wanted: &dyn Fn(&str) -> bool,
) -> Result<Filling, postgres::Error> {
    let catches_errors = scratch.catches_errors();
    let client = &mut scratch.client;
    let quiet = session::begin(client)?;
    let filling = fill_quietly(&mut Session { client, catches_errors }, supply, occasion, wanted);
    match filling {
        Ok(filling) => {
            quiet.end(client)?;
            let sampled = filling.tables.iter().filter(|it| it.sampled.is_some_and(|count| 0 < count));
            sequences::advance(client, &sampled.map(|it| it.table.as_str()).collect::<Vec<_>>())?;
            Ok(filling)
        }
        Err(error) => {
            client.batch_execute("ROLLBACK").ok();
            Err(error)
        }
    }
}

fn fill_quietly(
    client: &mut Session<'_>,
    supply: Supply<'_>,
    occasion: Occasion<'_>,
    wanted: &dyn Fn(&str) -> bool,
) -> Result<Filling, postgres::Error> {
    let facts = Facts::read(client.client)?;
    session::use_path(client.client)?;
    let count = usize::try_from(supply.per_table).unwrap_or(usize::MAX);
    let chosen = closure(&facts.relations, wanted);
    let turns = turns(&facts.relations, &chosen);
    let mut work =
        Work { facts: &facts, count, pools: Pools::new(3 * count + 10), held: Held::new(), tables: BTreeMap::new() };
    work.look(client, &chosen)?;
    let mut stock = match supply.sample {
        Some(sample) => {
            let names = occasion.catalog.map(|it| Names::of(it, occasion.renames)).unwrap_or_default();
            let of = (sample, &names, occasion.statements);
            Some(Stock::take(client, &mut work.pools, &facts, &chosen, of)?)
        }
        None => None,
    };
    for turn in &turns {
        match &mut stock {
            Some(stock) if stock.has(&facts.relations[turn.relation]) => work.put(client, turn, stock)?,
            Some(stock) => work.decline(turn.relation, stock),
            None => (),
        }
        let goal = if turn.pending.is_empty() { count } else { count.div_ceil(2) };
        work.fill(client, turn, work.goal(turn.relation).min(goal))?;
    }
    // What was to come later is there now, and the other half can refer to it; and so on around the ring.
    let mut before = 0;
    while work.rows() != before && turns.iter().any(|turn| !turn.pending.is_empty()) {
        before = work.rows();
        for turn in turns.iter().filter(|turn| !work.is_full(turn)).collect::<Vec<_>>() {
            let goal = work.goal(turn.relation);
            work.fill(client, &Turn { relation: turn.relation, pending: Vec::new() }, goal)?;
        }
    }
    // A value that was made shorter, or one that another table was to have, may be in none.
    for (at, gone) in dangling::delete(client, &facts.relations, &chosen)? {
        work.lose(at, gone);
    }
    let origin = supply.sample.map(Sample::told);
    Ok(Filling { origin, ..work.done() })
}

/// What is there so far.
struct Work<'a> {
    facts: &'a Facts,
    count: usize,
    pools: Pools,
    held: Held,
    /// By the place of the relation.
    tables: BTreeMap<usize, Table>,
}

impl Work<'_> {
    fn fill(&mut self, client: &mut Session<'_>, turn: &Turn, goal: usize) -> Result<(), postgres::Error> {
        let relation = &self.facts.relations[turn.relation];
        let table = self.tables.entry(turn.relation).or_default();
        if table.goal.is_some_and(|goal| goal <= table.rows) {
            return Ok(());
        }
        table.short = None;
        if relation.is_foreign {
            table.short = Some("it is a foreign table: its rows are elsewhere".to_owned());
            return Ok(());
        }
        let returning = self.facts.referred(relation);
        let setting = Setting { facts: self.facts, held: &self.held, pending: &turn.pending, rows: self.count };
        let added = table.fill(client, &mut self.pools, &setting, relation, goal, &returning)?;
        if !returning.is_empty() {
            self.hold(relation, &added);
        }
        Ok(())
    }

    /// Rows that are there already, as a script may have put them there.
    fn look(&mut self, client: &mut Session<'_>, chosen: &BTreeSet<usize>) -> Result<(), postgres::Error> {
        let places: Vec<usize> = chosen.iter().copied().filter(|&at| !self.facts.relations[at].is_foreign).collect();
        let names: Vec<BTreeSet<String>> =
            places.iter().map(|&at| self.facts.referred(&self.facts.relations[at])).collect();
        let queries = places.iter().zip(&names).map(|(&at, names)| table::present(&self.facts.relations[at], names));
        let outcomes = each(client, &queries.collect::<Vec<_>>())?;
        for ((at, names), outcome) in places.into_iter().zip(names).zip(outcomes) {
            let rows = table::read(outcome.found.as_deref(), &names);
            self.tables.entry(at).or_default().rows = rows.len();
            self.hold(&self.facts.relations[at], &rows);
        }
        Ok(())
    }

    fn hold(&mut self, relation: &Relation, rows: &[BTreeMap<String, Option<String>>]) {
        for oid in relation.ancestors.iter().chain([&relation.oid]) {
            self.held.entry(*oid).or_default().extend(rows.iter().cloned());
        }
    }

    fn rows(&self) -> usize {
        self.tables.values().map(|table| table.rows).sum()
    }

    fn is_full(&self, turn: &Turn) -> bool {
        self.tables.get(&turn.relation).is_some_and(|table| self.goal(turn.relation) <= table.rows)
    }

    /// How many rows a table is to have.
    fn goal(&self, at: usize) -> usize {
        self.tables.get(&at).and_then(|table| table.goal).unwrap_or(self.count)
    }

    fn lose(&mut self, at: usize, gone: usize) {
        let Some(table) = self.tables.get_mut(&at) else { return };
        table.rows = table.rows.saturating_sub(gone);
        table.short = Some(format!("{gone} rows referred to rows that could not be made"));
    }

    fn done(self) -> Filling {
        let filled = |(at, table): (usize, Table)| Filled {
            table: self.facts.relations[at].name.clone(),
            rows: u32::try_from(table.rows).unwrap_or(u32::MAX),
            short: table.short.filter(|_| table.rows < self.count),
            sampled: table.sampled.map(|count| u32::try_from(count).unwrap_or(u32::MAX)),
            notes: table.notes,
        };
        Filling { tables: self.tables.into_iter().map(filled).collect(), origin: None }
    }
}
