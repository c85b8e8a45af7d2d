//! What was seen of one statement, for machines: in `diff --format json`, in `lint --format json`, and in a proof.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::rehearse::{Observed, Tuples};

/// How long it took is left out: the same input is to give the same bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observation {
    /// The strongest lock on each relation that was there before, as PostgreSQL's manual names it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub locks: BTreeMap<String, String>,
    /// Tables and materialized views that were written anew.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub rewritten: BTreeSet<String>,
    /// Indexes that were built on relations that were there before.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub built: BTreeSet<String>,
    /// Relations that were read.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub scanned: BTreeSet<String>,
    /// Rows that came, changed and went.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rows: BTreeMap<String, Rows>,
    /// Tables that are no more.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub gone: BTreeSet<String>,
    /// What PostgreSQL said while it ran.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<String>,
    /// PostgreSQL's message when there were rows, where it ran only without them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_on_rows: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rows {
    pub inserted: i64,
    pub updated: i64,
    pub deleted: i64,
}

impl From<&Observed> for Observation {
    fn from(seen: &Observed) -> Observation {
        let locks = seen.locks.iter().map(|(name, lock)| (name.clone(), lock.name().to_owned()));
        let rows = |tuples: &Tuples| {
            let Tuples { inserted, updated, deleted } = *tuples;
            Rows { inserted, updated, deleted }
        };
        Observation {
            locks: locks.collect(),
            rewritten: seen.rewritten.clone(),
            built: seen.built.clone(),
            scanned: seen.scanned.clone(),
            rows: seen.tuples.iter().map(|(name, tuples)| (name.clone(), rows(tuples))).collect(),
            gone: seen.gone.clone(),
            notices: seen.notices.clone(),
            failed_on_rows: seen.stumbled.clone(),
        }
    }
}
