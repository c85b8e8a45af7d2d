//! What `trueup check` has found, as JSON. The schema is documented in `docs/reference/json.md`.

use serde::Serialize;

use crate::{
    diagnostic::Diagnostic,
    emit::{
        hazard::Place,
        json::{Finding, finding},
    },
    model::{Files, Span},
};

/// All that is to be written down.
#[derive(Debug, Default)]
pub struct Check {
    pub moved: Vec<Mover>,
    /// Migrations that the database has not run; nothing where none was looked at.
    pub pending: Option<Vec<String>>,
    pub sql: Sql,
    /// With the texts that they point at.
    pub told: Vec<(Vec<Diagnostic>, Files)>,
}

/// An object that is not the same in all three states.
#[derive(Debug)]
pub struct Mover {
    pub object: String,
    /// Which state has moved: `declaration`, `database`, `ahead`, `both` or `apart`.
    pub who: &'static str,
    pub how: String,
    pub written: Option<(Span, Files)>,
}

/// The ways out; each is empty where it is not needed, or cannot be found.
#[derive(Debug, Default, Serialize)]
pub struct Sql {
    /// From what the migrations make to what is declared.
    pub migrate: String,
    /// From the database to what its migrations make.
    pub revert: String,
    /// From what its migrations make to the database.
    pub adopt: String,
}

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    moved: Vec<MoverJson<'a>>,
    pending: Option<&'a [String]>,
    sql: &'a Sql,
    diagnostics: Vec<Finding<'a>>,
}

#[derive(Serialize)]
struct MoverJson<'a> {
    object: &'a str,
    who: &'a str,
    how: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<Place<'a>>,
}

impl MoverJson<'_> {
    fn of(it: &Mover) -> MoverJson<'_> {
        let place = it.written.as_ref().map(|(span, files)| Place::of(span, files));
        MoverJson { object: &it.object, who: it.who, how: &it.how, place }
    }
}

pub fn render(check: &Check) -> String {
    serde_json::to_string_pretty(&document(check)).unwrap_or_default() + "\n"
}

/// As a part of another document.
pub fn value(check: &Check) -> serde_json::Value {
    serde_json::to_value(document(check)).unwrap_or_default()
}

fn document(check: &Check) -> Document<'_> {
    let told = check.told.iter().flat_map(|(found, files)| found.iter().map(|it| finding(it, files)));
    Document {
        version: 1,
        moved: check.moved.iter().map(MoverJson::of).collect(),
        pending: check.pending.as_deref(),
        sql: &check.sql,
        diagnostics: told.collect(),
    }
}
