//! The certificate of a rehearsal, `proof.json`: what was run, from which state to which, on which PostgreSQL, and what
//! was seen. The schema is documented in `docs/reference/proof.md`.

use serde::{Deserialize, Serialize};

use crate::{
    catalog::Catalog,
    emit::observation::Observation,
    model::sha256,
    plan::Plan,
    rehearse::{Fate, Observed, Rows, Witness, rows::Origin},
};

/// The version of the format.
pub const VERSION: u32 = 1;

/// What a rehearsal has shown of a migration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    pub version: u32,
    /// The program that rehearsed it.
    pub trueup: String,
    /// The PostgreSQL that it was rehearsed on, in words.
    pub engine: String,
    /// SHA-256 of the text of the migration, in hexadecimal digits.
    pub sql: String,
    /// SHA-256 of the schema before and after, as [`digest`] has it.
    pub from: String,
    pub to: String,
    pub statements: Vec<Statement>,
    pub tables: Vec<Table>,
    /// Where rows were not made up, but taken from a database.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows_from: Option<RowsFrom>,
    /// Whether the way back was rehearsed too, and led back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub way_back: Option<WayBack>,
    /// What the rehearsal did not show, in words.
    pub not_covered: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    pub sql: String,
    /// Nothing for what cannot run in a transaction: it was run, and not watched.
    pub observed: Option<Observation>,
}

/// What became of the rows of one table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    pub table: String,
    pub before: usize,
    /// Nothing where the table is gone.
    pub after: Option<usize>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns_gone: Vec<String>,
    /// Columns that read otherwise, and in how many rows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns_changed: Vec<(String, usize)>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowsFrom {
    /// Without a password.
    pub database: String,
    /// How many rows were asked for of each table.
    pub sample: u32,
    /// How many rows were taken in all.
    pub rows: u32,
    /// The columns that were not masked, as they were named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unmasked: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WayBack {
    pub leads_back: bool,
    /// What no way back brings again.
    pub lost: Vec<String>,
}

/// What a proof is made of.
pub struct Evidence<'a> {
    pub sql: &'a str,
    pub engine: &'a str,
    pub from: &'a Catalog,
    pub to: &'a Catalog,
    pub plan: &'a Plan,
    pub observed: &'a [Option<Observed>],
    pub rows: &'a Rows,
    pub witness: Option<&'a Witness>,
    pub way_back: Option<WayBack>,
}

impl Proof {
    pub fn of(evidence: Evidence<'_>) -> Proof {
        let Evidence { sql, engine, from, to, plan, observed, rows, witness, way_back } = evidence;
        let seen = observed.iter().map(Option::as_ref).chain(std::iter::repeat(None));
        let statement = |(step, seen): (&crate::plan::Step, Option<&Observed>)| Statement {
            sql: step.sql.clone(),
            observed: seen.map(Observation::from),
        };
        Proof {
            version: VERSION,
            trueup: env!("CARGO_PKG_VERSION").to_owned(),
            engine: engine.to_owned(),
            sql: sha256(sql),
            from: digest(from),
            to: digest(to),
            statements: plan.steps.iter().zip(seen).map(statement).collect(),
            tables: rows.fates.iter().map(table).collect(),
            rows_from: rows_from(rows),
            way_back,
            not_covered: not_covered(plan, observed, rows).chain(unseen_by(witness)).collect(),
        }
    }
}

fn rows_from(rows: &Rows) -> Option<RowsFrom> {
    let Origin { database, size, unmasked } = rows.filling.origin.clone()?;
    let taken = rows.filling.tables.iter().filter_map(|it| it.sampled).sum();
    Some(RowsFrom { database, sample: size, rows: taken, unmasked })
}

fn table(fate: &Fate) -> Table {
    Table {
        table: fate.table.clone(),
        before: fate.before,
        after: fate.after,
        columns_gone: fate.lost.clone(),
        columns_changed: fate.changed.iter().map(|it| (it.column.clone(), it.rows)).collect(),
    }
}

/// Why `pg_dump` has not looked; nothing where it has.
fn unseen_by(witness: Option<&Witness>) -> Option<String> {
    match witness {
        Some(Witness::Agrees | Witness::Differs(_)) => None,
        Some(Witness::NotAsked(why)) => Some(format!("pg_dump did not look at the result: {why}")),
        None => Some("pg_dump did not look at the result, which a person has to complete".to_owned()),
    }
}

fn not_covered<'a>(
    plan: &'a Plan,
    observed: &'a [Option<Observed>],
    rows: &'a Rows,
) -> impl Iterator<Item = String> + 'a {
    let seen = observed.iter().chain(std::iter::repeat(&None)).enumerate();
    let unseen = plan.steps.iter().zip(seen).filter(|(_, (_, seen))| seen.is_none());
    let unseen = unseen.map(|(_, (at, _))| match at < plan.carried_out {
        true => format!("statement {}, a rename, was run by itself, and not watched", at + 1),
        false => format!("statement {} cannot run in a transaction, and was not watched", at + 1),
    });
    let short = rows
        .filling
        .tables
        .iter()
        .filter_map(|it| Some(format!("{} has {} rows: {}", it.table, it.rows, it.short.as_ref()?)));
    let tables = rows.filling.tables.iter();
    let lacking = tables.flat_map(|it| it.notes.iter().map(|note| format!("{}: {note}", it.table)));
    let emptied = rows.emptied.iter().map(|table| format!("{table} was emptied, since a statement fails on its rows"));
    unseen
        .chain(short)
        .chain(lacking)
        .chain(emptied)
        .chain(rows.none.iter().map(|why| format!("no table had rows: {why}")))
}

/// SHA-256 of every object of a schema with its attributes, in the order of their addresses. Owners and the like that
/// nobody has decided on do not count: they are those of whoever made the database.
pub fn digest(catalog: &Catalog) -> String {
    let mut text = String::new();
    for (id, entry) in catalog.iter().filter(|(_, entry)| !entry.object.is_unstated()) {
        text.push_str(&format!("{id}\n"));
        for (name, value) in entry.object.attributes() {
            text.push_str(&format!("  {name} = {value}\n"));
        }
    }
    sha256(&text)
}
