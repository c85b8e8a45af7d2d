//! How much tables hold and take up: read from a live server, kept in a file, and read from there. Nothing of a row is in it.

mod read;
mod sizes;
mod take;

use serde::{Deserialize, Serialize};

pub use read::{Unreadable, read};
pub use sizes::{Size, Sizes};
pub use take::take;

/// The version of the format.
pub const VERSION: u32 = 1;

/// What a database holds and takes up, as it was at one time. The format is documented in `docs/reference/stats.md`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(expecting = "a snapshot")]
pub struct Statistics {
    pub version: u32,
    /// The program that read it.
    pub trueup: String,
    /// `server_version`
    pub server: String,
    /// `block_size`, in bytes.
    pub block_size: u32,
    /// When, by the server's clock, in UTC.
    pub taken: String,
    /// In the order of their names.
    #[serde(deserialize_with = "read::relations")]
    pub relations: Vec<Relation>,
}

/// A table, or whatever else keeps rows; a partitioned table is the sum of its partitions. Names are as PostgreSQL stores
/// them, without quotes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(expecting = "a relation")]
pub struct Relation {
    pub schema: String,
    pub name: String,
    pub kind: Keeps,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition_of: Option<Name>,
    /// As the planner estimates them; nothing where the table has never been analysed.
    #[serde(deserialize_with = "read::perhaps_number")]
    pub rows: Option<u64>,
    /// `pg_relation_size`: the rows, without values that are stored out of line.
    #[serde(deserialize_with = "read::number")]
    pub bytes: u64,
    /// Values that are stored out of line, with their index.
    #[serde(deserialize_with = "read::number")]
    pub toast_bytes: u64,
    /// `pg_total_relation_size`: with its indexes, and with what PostgreSQL keeps beside it.
    #[serde(deserialize_with = "read::number")]
    pub total_bytes: u64,
    /// When it was last analysed, by hand or by autovacuum, as far as the server knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub analyzed: Option<String>,
    pub indexes: Vec<Index>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(expecting = "an index")]
pub struct Index {
    pub name: String,
    #[serde(deserialize_with = "read::number")]
    pub bytes: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(expecting = "the name of a relation")]
pub struct Name {
    pub schema: String,
    pub name: String,
}

/// What rows are kept in, as PostgreSQL's manual calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Keeps {
    #[serde(rename = "table")]
    Table,
    #[serde(rename = "partitioned table")]
    PartitionedTable,
    #[serde(rename = "materialized view")]
    MaterializedView,
}

impl Statistics {
    /// As a file, with a line break at the end.
    pub fn render(&self) -> String {
        // There is no map with keys that are no texts, which is all that could fail.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }
}
