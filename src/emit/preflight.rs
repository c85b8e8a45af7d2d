//! What is in the way of a deploy: a table of sizes for people, and everything as JSON. The schema is documented in
//! `docs/reference/json.md`.

use humansize::{FormatSizeOptions, WINDOWS, format_size};
use serde::Serialize;

use crate::{
    diagnostic::Diagnostic,
    emit::json::{Finding, finding},
    model::Files,
};

/// A table that pending migrations name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Table {
    /// As SQL writes it.
    pub table: String,
    /// Nothing where PostgreSQL has never counted them.
    pub rows: Option<u64>,
    /// The rows, with values that are stored out of line.
    pub bytes: u64,
    /// With indexes.
    pub total_bytes: u64,
    /// Those that name it.
    pub migrations: Vec<String>,
}

/// A server that follows. What the role is not shown is not known.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Replica {
    pub name: String,
    pub state: String,
    /// In seconds.
    pub write_lag: Option<f64>,
    pub flush_lag: Option<f64>,
    pub replay_lag: Option<f64>,
    /// Of WAL that it has not replayed.
    pub bytes: Option<u64>,
}

/// What was looked at, and what was found.
pub struct Report<'a> {
    pub pending: &'a [String],
    pub tables: &'a [Table],
    pub replicas: &'a [Replica],
    /// Bytes that are left on the disk; nothing where nobody knows.
    pub room: Option<u64>,
    pub diagnostics: &'a [Diagnostic],
    pub files: &'a Files,
}

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    pending: &'a [String],
    tables: &'a [Table],
    replicas: &'a [Replica],
    room: Option<u64>,
    diagnostics: Vec<Finding<'a>>,
}

/// Everything, for machines, with a line break at the end.
pub fn json(report: &Report<'_>) -> String {
    let Report { pending, tables, replicas, room, diagnostics, files } = report;
    let diagnostics = diagnostics.iter().map(|it| finding(it, files)).collect();
    let document = Document { version: 1, pending, tables, replicas, room: *room, diagnostics };
    serde_json::to_string_pretty(&document).unwrap_or_default() + "\n"
}

/// One line a table under a head; nothing where there is none.
pub fn table(tables: &[Table]) -> String {
    let row = |it: &Table| {
        let rows = it.rows.map_or_else(|| "unknown".to_owned(), |rows| rows.to_string());
        [it.table.clone(), rows, size(it.bytes), size(it.total_bytes), it.migrations.join(", ")]
    };
    let head = ["table", "rows", "size", "with indexes", "migrations"].map(str::to_owned);
    let lines: Vec<[String; 5]> = std::iter::once(head).chain(tables.iter().map(row)).collect();
    if tables.is_empty() {
        return String::new();
    }
    let width = |at: usize| lines.iter().map(|line| line[at].chars().count()).max().unwrap_or_default();
    let [first, second, third, fourth] = [0, 1, 2, 3].map(width);
    let shown = |[table, rows, bytes, total, by]: &[String; 5]| {
        format!("{table:<first$}  {rows:>second$}  {bytes:>third$}  {total:>fourth$}  {by}\n")
    };
    lines.iter().map(shown).collect()
}

/// As `pg_size_pretty` has it: 1 kB is 1024 bytes.
pub fn size(bytes: u64) -> String {
    format_size(bytes, FormatSizeOptions::from(WINDOWS).decimal_places(1))
}

#[cfg(test)]
mod tests {
    use super::{Table, table};

    #[test]
    fn columns_are_as_wide_as_what_is_in_them() {
        let one = |name: &str, rows, bytes| Table {
            table: name.to_owned(),
            rows,
            bytes,
            total_bytes: 2 * bytes,
            migrations: vec!["1_a".to_owned(), "2_b".to_owned()],
        };
        let tables = [one("public.größen", Some(1_234_567), 300 << 20), one("a.b", None, 0)];
        let expected = "table             rows    size  with indexes  migrations\n\
                        public.größen  1234567  300 MB        600 MB  1_a, 2_b\n\
                        a.b            unknown     0 B           0 B  1_a, 2_b\n";
        assert_eq!(table(&tables), expected);
        assert_eq!(table(&[]), "");
    }
}
