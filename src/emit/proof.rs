//! The certificate of a rehearsal, `proof.json`: what was run, from which state to which, on which PostgreSQL, and what
//! was seen. The schema is documented in `docs/reference/proof.md`.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    catalog::Catalog,
    emit::observation::Observation,
    plan::Plan,
    rehearse::{Fate, Observed, Rows},
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
    pub way_back: Option<WayBack>,
}

impl Proof {
    pub fn of(evidence: Evidence<'_>) -> Proof {
        let Evidence { sql, engine, from, to, plan, observed, rows, way_back } = evidence;
        let seen = observed.iter().map(Option::as_ref).chain(std::iter::repeat(None));
        let statement = |(step, seen): (&crate::plan::Step, Option<&Observed>)| Statement {
            sql: step.sql.clone(),
            observed: seen.map(Observation::from),
        };
        Proof {
            version: VERSION,
            trueup: env!("CARGO_PKG_VERSION").to_owned(),
            engine: engine.to_owned(),
            sql: hash(sql),
            from: digest(from),
            to: digest(to),
            statements: plan.steps.iter().zip(seen).map(statement).collect(),
            tables: rows.fates.iter().map(table).collect(),
            way_back,
            not_covered: not_covered(plan, observed, rows),
        }
    }
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

fn not_covered(plan: &Plan, observed: &[Option<Observed>], rows: &Rows) -> Vec<String> {
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
    let emptied = rows.emptied.iter().map(|table| format!("{table} was emptied, since a statement fails on its rows"));
    unseen.chain(short).chain(emptied).chain(rows.none.iter().map(|why| format!("no table had rows: {why}"))).collect()
}

/// SHA-256 of a text, in hexadecimal digits.
pub fn hash(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
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
    hash(&text)
}
