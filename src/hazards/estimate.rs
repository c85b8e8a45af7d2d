//! What a piece of work comes to, by the size of the relation that it is on; and that in words.

use humansize::{FormatSizeOptions, WINDOWS, format_size};

use crate::{
    ddl::SMALL,
    diagnostic::{Estimate, Time},
    stats::Size,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Work<'a> {
    /// All is written anew, with every index.
    Rewrite,
    /// All rows are read.
    Scan,
    /// All rows are read, and an index is built by this method, if that is known.
    BuildIndex(Option<&'a str>),
    LoseRows,
    /// What one column takes up, nobody knows.
    LoseValues,
}

pub(super) fn estimate(size: &Size, work: Work<'_>) -> Estimate {
    let all = Estimate { rows: size.rows, bytes: Some(size.contents()), indexes: None, time: None };
    match work {
        Work::Rewrite => Estimate { indexes: Some((size.indexes, size.index_bytes)), ..all },
        Work::Scan => Estimate { bytes: Some(size.bytes), ..all },
        Work::BuildIndex(method) => {
            let time = method.and_then(|it| time(size, it));
            Estimate { bytes: Some(size.bytes), time, ..all }
        }
        Work::LoseRows => all,
        Work::LoseValues => Estimate { bytes: None, ..all },
    }
}

/// Whether it is over before anybody notices that they waited, as `--online auto` takes it.
pub(super) fn is_small(it: &Estimate) -> bool {
    let bytes = it.bytes.unwrap_or(u64::MAX).saturating_add(it.indexes.map_or(0, |(_, bytes)| bytes));
    bytes < SMALL && it.time.is_none_or(|time| time == Time::Moment)
}

/// What reading a byte takes where it is not in memory: 200 MB a second.
const NANOSECONDS_PER_BYTE: u64 = 5;

/// The least that a row takes up on a page (PostgreSQL manual, 73.6: a header of 24 bytes with its alignment, and a line
/// pointer of 4): no more rows than this are there.
const LEAST_ROW: u64 = 28;

/// How long it takes to build an index. What each method takes for a row was measured with PostgreSQL 15 and two million
/// rows of 170 bytes, but for vector indexes: a guess, from hours for some millions of rows.
fn time(size: &Size, method: &str) -> Option<Time> {
    let nanoseconds_per_row = match method {
        "brin" => 0,
        "btree" | "hash" => 2_000,
        "gin" | "gist" | "spgist" => 6_000,
        "hnsw" | "ivfflat" => 1_000_000,
        _ => return None,
    };
    let rows = size.rows.unwrap_or(size.bytes / LEAST_ROW);
    let sorting = rows.saturating_mul(nanoseconds_per_row);
    let seconds = size.bytes.saturating_mul(NANOSECONDS_PER_BYTE).saturating_add(sorting) / 1_000_000_000;
    Some(match seconds {
        0 => Time::Moment,
        1..60 => Time::Seconds,
        60..3600 => Time::Minutes,
        3600.. => Time::Hours,
    })
}

/// ` (about 1.2 million rows, 340 MB)`; nothing where nothing is known.
pub(super) fn told(estimate: Option<&Estimate>) -> String {
    let Some(Estimate { rows, bytes, indexes, time }) = estimate else { return String::new() };
    // Pages may be left of rows that are gone, and are read all the same.
    if (*rows, *bytes) == (Some(0), Some(0)) {
        return " (no rows)".to_owned();
    }
    let rows = rows.map(in_words);
    let unknown = rows.is_none().then(|| "nobody has counted its rows".to_owned());
    let indexes = indexes.filter(|(count, _)| 0 < *count).map(|(count, bytes)| match count {
        1 => format!("1 index of {}", size(bytes)),
        _ => format!("{count} indexes of {}", size(bytes)),
    });
    let time = time.map(|time| {
        let article = if time == Time::Moment { "a " } else { "" };
        let bound = if rows.is_some() { "" } else { "at most " };
        format!("takes {bound}{article}{}", time.word())
    });
    let parts: Vec<String> = [rows, bytes.map(size), indexes, time, unknown].into_iter().flatten().collect();
    format!(" ({})", parts.join(", "))
}

/// As `pg_size_pretty` has it: 1 kB is 1024 bytes.
fn size(bytes: u64) -> String {
    format_size(bytes, FormatSizeOptions::from(WINDOWS).decimal_places(1))
}

/// An estimate, with no more digits than it deserves.
fn in_words(rows: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1_000_000_000, "billion"), (1_000_000, "million"), (1_000, "thousand")];
    let unit = UNITS.iter().find(|(unit, _)| *unit <= rows);
    let number = match unit {
        // What would round up to a thousand of its unit reads as that: it is an estimate.
        Some((unit, word)) => {
            let tenths = rows / (unit / 10);
            match (tenths / 10, tenths % 10) {
                (whole @ 10.., _) | (whole, 0) => format!("{whole} {word}"),
                (whole, tenths) => format!("{whole}.{tenths} {word}"),
            }
        }
        None => rows.to_string(),
    };
    if rows == 1 { "about 1 row".to_owned() } else { format!("about {number} rows") }
}

#[cfg(test)]
mod tests {
    use super::{Work, estimate, in_words, is_small, told};
    use crate::stats::Size;

    const LARGE: Size =
        Size { rows: Some(1_234_567), bytes: 340 << 20, toast_bytes: 1 << 30, indexes: 2, index_bytes: 120 << 20 };

    #[test]
    fn rows_have_no_more_digits_than_they_deserve() {
        let cases = [
            (1, "about 1 row"),
            (999, "about 999 rows"),
            (1_000, "about 1 thousand rows"),
            (9_999, "about 9.9 thousand rows"),
            (1_234_567, "about 1.2 million rows"),
            (12_900_000, "about 12 million rows"),
            (u64::MAX, "about 18446744073 billion rows"),
        ];
        for (rows, words) in cases {
            assert_eq!(in_words(rows), words);
        }
    }

    #[test]
    fn each_work_has_its_own_measure() {
        let words = |size: &Size, work| told(Some(&estimate(size, work)));
        assert_eq!(words(&LARGE, Work::Rewrite), " (about 1.2 million rows, 1.3 GB, 2 indexes of 120 MB)");
        assert_eq!(words(&LARGE, Work::Scan), " (about 1.2 million rows, 340 MB)");
        assert_eq!(words(&LARGE, Work::BuildIndex(Some("brin"))), " (about 1.2 million rows, 340 MB, takes seconds)");
        assert_eq!(words(&LARGE, Work::BuildIndex(Some("hnsw"))), " (about 1.2 million rows, 340 MB, takes minutes)");
        assert_eq!(words(&LARGE, Work::BuildIndex(None)), " (about 1.2 million rows, 340 MB)");
        assert_eq!(words(&LARGE, Work::LoseRows), " (about 1.2 million rows, 1.3 GB)");
        assert_eq!(words(&LARGE, Work::LoseValues), " (about 1.2 million rows)");
        let unknown = Size { rows: None, bytes: 8192, ..Size::default() };
        assert_eq!(words(&unknown, Work::Scan), " (8 kB, nobody has counted its rows)");
        let built = words(&unknown, Work::BuildIndex(Some("btree")));
        assert_eq!(built, " (8 kB, takes at most a moment, nobody has counted its rows)");
        assert_eq!(words(&Size { rows: Some(0), ..Size::default() }, Work::Rewrite), " (no rows)");
        let pages = Size { rows: Some(0), bytes: 1 << 30, ..Size::default() };
        assert_eq!(words(&pages, Work::Scan), " (about 0 rows, 1 GB)");
        assert_eq!(told(None), "");
    }

    #[test]
    fn small_is_what_is_over_in_a_moment() {
        let of = |rows, bytes, index_bytes| Size { rows, bytes, index_bytes, ..Size::default() };
        assert!(is_small(&estimate(&of(Some(9), 8192, 0), Work::Rewrite)));
        assert!(!is_small(&estimate(&of(Some(9), 8192, 8 << 20), Work::Rewrite)), "its index is large");
        assert!(is_small(&estimate(&of(Some(9), 8192, 8 << 20), Work::Scan)), "which reads no index");
        assert!(!is_small(&estimate(&of(Some(9), 8 << 20, 0), Work::Scan)));
        // As many rows as there can be.
        assert!(is_small(&estimate(&of(None, 7 << 20, 0), Work::BuildIndex(Some("btree")))));
        assert!(!is_small(&estimate(&of(None, 7 << 20, 0), Work::BuildIndex(Some("hnsw")))));
        let endless = of(Some(u64::MAX), u64::MAX, u64::MAX);
        assert!(!is_small(&estimate(&endless, Work::BuildIndex(Some("gin")))));
        assert!(!is_small(&estimate(&endless, Work::Rewrite)));
    }
}
