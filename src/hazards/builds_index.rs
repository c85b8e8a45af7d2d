//! # What it warns about
//!
//! An index is built on a table that is there: by `CREATE INDEX`, by a key, or anew for a changed type. It is a note
//! where that is known to take a moment: less than a second, on a table under 8 MB ([how sizes are known](../stats.md)).
//!
//! # Why
//!
//! Nobody writes the table until the index is there, and where a key builds it nobody reads it either. How long that
//! is depends on the rows and on the method: `brin` takes one look, `btree` and `hash` sort, `gin`, `gist` and
//! `spgist` take several times as long, `hnsw` and `ivfflat` hours for some millions of rows.
//!
//! Where the size is known, it says how long: a moment, seconds, minutes or hours. That is no more than an order of
//! magnitude. It is counted from 200 MB that are read in a second, and by the row: 2 µs for `btree` and `hash`, 6 µs for
//! `gin`, `gist` and `spgist`, 1 ms for `hnsw` and `ivfflat`. Much memory makes it faster, and load slower.
//!
//! # Instead
//!
//! `CREATE INDEX CONCURRENTLY`, outside of a transaction, blocks nobody. A key takes the index over by `USING INDEX`.
//! If it fails it leaves an index that is not valid, which has to be dropped.

use crate::{
    ddl::Risk,
    diagnostic::{Estimate, Severity},
    hazards::{
        Event, Found, Rule,
        estimate::{Work, told},
        event::whole,
        words::meanwhile,
    },
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
        let method = method(event, id);
        let size = event.estimate(&table, Work::BuildIndex(method));
        let text =
            format!("builds {} on {table}{}{}{wait}", id.name, told(size.as_ref()), class(method, size.as_ref()));
        Some(Found::of(event, id, text).estimated(size).a_note_where_small())
    };
    built.into_iter().filter_map(each).collect()
}

/// By which method it is built; nothing where it is built anew as it was.
fn method<'e>(event: &'e Event<'_>, index: &ObjectId) -> Option<&'e str> {
    let mut methods = event.risks.iter().filter_map(|(id, risk)| match risk {
        Risk::IndexBuilt(method) if *id == index => Some(method.as_str()),
        _ => None,
    });
    methods.next_back()
}

/// How long it takes, beside the sort of all rows that is usual, where the size does not tell.
fn class(method: Option<&str>, size: Option<&Estimate>) -> &'static str {
    if size.is_some_and(|it| it.time.is_some()) {
        return "";
    }
    match method {
        Some("gin" | "gist" | "spgist") => ", which takes several times as long as a btree",
        Some("hnsw" | "ivfflat") => ", which takes hours for some millions of rows",
        _ => "",
    }
}
