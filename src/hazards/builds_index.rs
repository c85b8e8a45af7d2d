//! # What it warns about
//!
//! An index is built on a table that is there: by `CREATE INDEX`, by a key, or anew for a changed type.
//!
//! # Why
//!
//! Nobody writes the table until the index is there, and where a key builds it nobody reads it either. How long that
//! is depends on the rows and on the method: `brin` takes one look, `btree` and `hash` sort, `gin`, `gist` and
//! `spgist` take several times as long, `hnsw` and `ivfflat` hours for some millions of rows.
//!
//! # Instead
//!
//! `CREATE INDEX CONCURRENTLY`, outside of a transaction, blocks nobody. A key takes the index over by `USING INDEX`.
//! If it fails it leaves an index that is not valid, which has to be dropped.

use crate::{
    ddl::Risk,
    diagnostic::Severity,
    hazards::{Event, Found, Rule, Work, event::whole, words::meanwhile},
    model::ObjectId,
};

pub(super) const RULE: Rule = Rule {
    code: "builds-index",
    severity: Severity::Warning,
    instead: "CREATE INDEX CONCURRENTLY outside of a transaction; a key then takes it over by USING INDEX",
    find,
};

fn find(event: &Event<'_>) -> Vec<Found> {
    let rewritten = event.rewritten();
    let built: Vec<String> = match event.observed {
        Some(observed) => observed.built.iter().cloned().collect(),
        None => {
            let built = event.risks.iter().filter(|(_, risk)| matches!(risk, Risk::IndexBuilt(_)));
            built.map(|(id, _)| id.qualified()).collect()
        }
    };
    let each = |index: String| {
        let Some(id) = event.relation(&index) else {
            return Some(Found::about(index.clone(), format!("builds {index}")));
        };
        let table = whole(id).qualified();
        // To write a table anew is to build all of its indexes.
        if rewritten.contains_key(&table) {
            return None;
        }
        let wait = meanwhile(event, &table);
        if wait.is_empty() {
            return None;
        }
        let size = event.estimate(&table, Work::BuildIndex);
        Some(Found::of(event, id, format!("builds {} on {table}{}{size}{wait}", id.name, class(event, id))))
    };
    built.into_iter().filter_map(each).collect()
}

/// How long it takes, beside the sort of all rows that is usual.
fn class(event: &Event<'_>, index: &ObjectId) -> &'static str {
    let mut methods = event.risks.iter().filter_map(|(id, risk)| match risk {
        Risk::IndexBuilt(method) if *id == index => Some(method.as_str()),
        _ => None,
    });
    match methods.next_back() {
        Some("gin" | "gist" | "spgist") => ", which takes several times as long as a btree",
        Some("hnsw" | "ivfflat") => ", which takes hours for some millions of rows",
        _ => "",
    }
}
