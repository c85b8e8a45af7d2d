//! What a project asks of a schema beside that it is the declared one: rules, one file a rule, and queries of its own.
//!
//! Each is a query in a read-only transaction, of a live database or of the shadow that holds what is declared: PostgreSQL
//! says what breaks a rule, and what a rule reads is in its catalogs and not in any text. The query of a rule finds the
//! objects that it is about in `chosen`, its parameters in `given`, and answers with what breaks it.

mod assertion;
mod definer_search_path;
mod foreign_key_index;
mod naming;
mod not_owned_by;
mod primary_key;
mod required_column;
mod required_extension;
mod required_index;
mod required_table;
mod row_security;
mod vector_dimension;

use std::time::Duration;

use postgres::{Client, Transaction};
use serde_json::{Map, Value, json};

use crate::model::ObjectId;

pub use assertion::{Row, Rows, assert, line};

/// Something that can be asked of a schema.
pub struct Rule {
    /// Stable, since people's files and machines go by it.
    pub name: &'static str,
    /// What holds where it is not broken, for its reference.
    pub about: &'static str,
    /// What several that break it are, to be followed by their number.
    pub broken: &'static str,
    /// Whether it is about the objects that patterns choose, and not about the database.
    pub chooses: bool,
    pub parameters: &'static [Parameter],
    /// As it is written in `trueup.toml`, without its head.
    pub example: &'static str,
    /// What follows [`PRELUDE`]: the `at` of an object, or nothing where none is to blame, and what is to be said of it.
    query: &'static str,
}

/// What a rule has to be told.
pub struct Parameter {
    pub name: &'static str,
    pub takes: Takes,
    pub required: bool,
    pub about: &'static str,
}

/// What the value of a parameter is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    Text,
    Texts,
    Flag,
    /// From 1 on.
    Number,
    /// Words for kinds, as patterns have them; the rule is given [`crate::model::Kind::name`] of each.
    Kinds,
}

/// All of them: what protects rows, what must be there, what makes it fast, and how things are called.
pub const RULES: &[Rule] = &[
    row_security::RULE,
    definer_search_path::RULE,
    not_owned_by::RULE,
    required_table::RULE,
    required_column::RULE,
    required_index::RULE,
    required_extension::RULE,
    primary_key::RULE,
    foreign_key_index::RULE,
    vector_dimension::RULE,
    naming::RULE,
];

/// An object that a rule is asked about, with its `pg_depend` address.
#[derive(Clone, Debug)]
pub struct Subject<'a> {
    pub address: (u32, u32, i32),
    pub id: &'a ObjectId,
}

/// Something that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach<'a> {
    /// Nothing where it is the database, or what is not there.
    pub object: Option<&'a ObjectId>,
    /// One line: what is wrong, with the name of the object.
    pub text: String,
}

/// What a rule is asked of.
#[derive(Clone, Copy, Debug)]
pub struct Circumstances {
    /// Whether it is a shadow that holds what is declared, so that what its session does is nobody's decision.
    pub is_declared: bool,
    /// How long one query may take, on a server that can be told to stop.
    pub patience: Duration,
}

/// Asks one rule about these objects. `given` are its parameters by name.
///
/// # Errors
/// What the server says, such as that a regular expression is none, or that it takes too long.
pub fn check<'a>(
    client: &mut Client,
    rule: &Rule,
    given: &Map<String, Value>,
    subjects: &[Subject<'a>],
    circumstances: Circumstances,
) -> Result<Vec<Breach<'a>>, postgres::Error> {
    let mut transaction = begin(client, circumstances.patience)?;
    transaction.batch_execute("SET LOCAL search_path = pg_catalog")?;
    let each = |(at, it): (usize, &Subject<'_>)| {
        let (class, object, part) = it.address;
        let (kind, name) = (it.id.kind.name(), it.id.name.raw());
        json!({"at": at, "classid": class, "objid": object, "objsubid": part, "kind": kind, "name": name})
    };
    let chosen: Vec<Value> = subjects.iter().enumerate().map(each).collect();
    let (chosen, given) = (Value::from(chosen).to_string(), Value::from(given.clone()).to_string());
    let query = format!("{PRELUDE}{}", rule.query);
    let rows = transaction.query(&query, &[&chosen, &given, &circumstances.is_declared])?;
    let breach = |row: &postgres::Row| {
        let (at, says): (Option<i32>, String) = (row.try_get(0)?, row.try_get(1)?);
        let object = at.and_then(|at| subjects.get(usize::try_from(at).ok()?)).map(|it| it.id);
        let text = object.map_or_else(|| says.clone(), |id| format!("{id} {says}"));
        Ok(Breach { object, text })
    };
    let mut found: Vec<Breach<'a>> = rows.iter().map(breach).collect::<Result<_, postgres::Error>>()?;
    // What the catalogs come in the order of is nobody's business.
    found.sort_by_key(|it| it.object);
    Ok(found)
}

/// A transaction that cannot change anything.
fn begin(client: &mut Client, patience: Duration) -> Result<Transaction<'_>, postgres::Error> {
    let mut transaction = client.build_transaction().read_only(true).start()?;
    transaction.batch_execute(&format!("SET LOCAL statement_timeout = {}", patience.as_millis()))?;
    Ok(transaction)
}

/// What the queries of rules read: the objects, the parameters, and whether what is read is declared; and of the objects
/// the tables.
const PRELUDE: &str = "
    WITH chosen AS (
        SELECT * FROM jsonb_to_recordset($1::text::jsonb)
                      AS it(at int4, classid oid, objid oid, objsubid int4, kind text, name text)),
    given AS (SELECT $2::text::jsonb AS it, $3::boolean AS is_declared),
    tables AS (
        SELECT o.at, c.* FROM chosen o
        JOIN pg_class c ON o.classid = 'pg_class'::regclass AND c.oid = o.objid AND o.objsubid = 0
        WHERE c.relkind IN ('r', 'p'))";
