//! What a statement comes to, for machines: in `diff --format json` and in `lint --format json`.

use serde::Serialize;

use crate::diagnostic;

#[derive(Debug, Serialize)]
pub(super) struct Estimate {
    /// null where nobody has counted them.
    rows: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    indexes: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    index_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<&'static str>,
}

impl From<&diagnostic::Estimate> for Estimate {
    fn from(it: &diagnostic::Estimate) -> Estimate {
        let (indexes, index_bytes) = it.indexes.unzip();
        Estimate { rows: it.rows, bytes: it.bytes, indexes, index_bytes, time: it.time.map(diagnostic::Time::word) }
    }
}
