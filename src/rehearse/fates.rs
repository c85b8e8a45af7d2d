//! The rows that a rehearsal begins with, and what becomes of them. Tables go by `oid` and columns by number, so that
//! renames lose sight of nothing.

use std::collections::{BTreeMap, BTreeSet};

use postgres::{Client, SimpleQueryMessage};

use crate::{
    diff::Rename,
    model::{Ident, Literal},
    rehearse::rows::{self, Filling, Occasion, Supply},
    shadow::Scratch,
};

/// What became of the rows of one table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fate {
    /// As SQL writes it, with its schema, before the migration.
    pub table: String,
    pub before: usize,
    /// Nothing where the table is gone.
    pub after: Option<usize>,
    /// Columns that are gone.
    pub lost: Vec<String>,
    /// Columns that read otherwise in rows that are still there.
    pub changed: Vec<Changed>,
}

/// A column with other values than before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    pub column: String,
    /// In so many rows.
    pub rows: usize,
    /// One of the values before and after, as text; nothing for NULL.
    pub example: (Option<String>, Option<String>),
}

impl Fate {
    pub fn is_unharmed(&self) -> bool {
        self.after == Some(self.before) && self.lost.is_empty() && self.changed.is_empty()
    }
}

/// The rows of a scratch database that a migration may touch.
#[derive(Debug, Default)]
pub(super) struct Population {
    pub(super) filling: Filling,
    before: BTreeMap<u32, Contents>,
    /// Tables that were emptied, since a statement fails on their rows.
    pub(super) emptied: BTreeSet<String>,
    /// Columns that go on under another name: the table, and the name before.
    renamed: BTreeMap<(String, String), String>,
}

#[derive(Debug, Default)]
struct Contents {
    table: String,
    columns: BTreeMap<i16, String>,
    /// The columns of the primary key.
    key: Vec<i16>,
    rows: Vec<Row>,
}

/// Values as text, but for those that are computed, by the number of the column.
type Row = BTreeMap<i16, Option<String>>;

impl Population {
    /// Fills the tables whose names are `wanted`, and those that they refer to.
    ///
    /// # Errors
    /// When the session is lost, or its role may not switch triggers off.
    pub(super) fn settle(
        scratch: &mut Scratch,
        supply: Supply<'_>,
        occasion: Occasion<'_>,
        wanted: &dyn Fn(&str) -> bool,
    ) -> Result<Population, postgres::Error> {
        let filling = rows::fill_from(scratch, supply, occasion, wanted)?;
        let names: Vec<&str> = filling.tables.iter().filter(|it| 0 < it.rows).map(|it| it.table.as_str()).collect();
        let before = read(&mut scratch.client, &format!("c.oid = ANY ({}::regclass[])", array(&names)))?;
        Ok(Population { filling, before, emptied: BTreeSet::new(), renamed: BTreeMap::new() })
    }

    pub(super) fn expect(&mut self, renames: &[Rename]) {
        let name = |rename: &Rename| match rename {
            Rename::Object { from, to } => {
                Some(((to.parent()?.qualified(), from.name.raw().to_owned()), to.name.raw().to_owned()))
            }
            Rename::Label { .. } => None,
        };
        self.renamed.extend(renames.iter().filter_map(name));
    }

    /// Whether no row was made up.
    pub(super) fn is_empty(&self) -> bool {
        self.before.is_empty()
    }

    /// Deletes the rows of the tables that are `chosen`, and of those that refer to them.
    ///
    /// # Errors
    /// Whatever PostgreSQL says.
    pub(super) fn empty(
        &mut self,
        scratch: &mut Scratch,
        chosen: &dyn Fn(&str) -> bool,
    ) -> Result<(), postgres::Error> {
        // Rows that an earlier step has lost are not deleted on purpose.
        let mut filled = self.now(&mut scratch.client)?;
        filled.retain(|_, it| !it.rows.is_empty());
        let there = "SELECT c.oid::regclass::text FROM pg_class c WHERE c.oid = $1";
        for (oid, contents) in &self.before {
            if self.emptied.contains(&contents.table) || !chosen(&contents.table) {
                continue;
            }
            if let Some(row) = scratch.client.query_opt(there, &[oid])? {
                let name: String = row.get(0);
                truncate(&mut scratch.client, &name)?;
            }
        }
        refresh(&mut scratch.client)?;
        // What refers to an emptied table is empty too.
        let now = self.now(&mut scratch.client)?;
        let is_emptied = |(oid, _): &(&u32, &Contents)| {
            filled.contains_key(oid) && now.get(oid).is_some_and(|it| it.rows.is_empty())
        };
        self.emptied.extend(self.before.iter().filter(is_emptied).map(|(_, it)| it.table.clone()));
        Ok(())
    }

    /// Deletes every row, of tables that came later too: what a migration makes of made-up rows is made up.
    ///
    /// # Errors
    /// Whatever PostgreSQL says.
    pub(super) fn empty_all(&mut self, scratch: &mut Scratch) -> Result<(), postgres::Error> {
        let tables: Vec<String> = scratch.client.query(ALL, &[])?.iter().map(|row| row.get(0)).collect();
        if !tables.is_empty() {
            truncate(&mut scratch.client, &tables.join(", "))?;
        }
        refresh(&mut scratch.client)?;
        self.emptied.extend(self.before.values().map(|it| it.table.clone()));
        Ok(())
    }

    fn now(&self, client: &mut Client) -> Result<BTreeMap<u32, Contents>, postgres::Error> {
        let oids: Vec<String> = self.before.keys().map(u32::to_string).collect();
        read(client, &format!("c.oid = ANY ('{{{}}}'::oid[])", oids.join(",")))
    }

    /// What became of all rows but those that were deleted on purpose.
    ///
    /// # Errors
    /// Whatever PostgreSQL says.
    pub(super) fn fates(&self, client: &mut Client) -> Result<Vec<Fate>, postgres::Error> {
        let now = self.now(client)?;
        let kept = self.before.iter().filter(|(_, before)| !self.emptied.contains(&before.table));
        Ok(kept.map(|(oid, before)| before.fate(now.get(oid), &self.renamed)).collect())
    }
}

impl Contents {
    fn fate(&self, now: Option<&Contents>, renamed: &BTreeMap<(String, String), String>) -> Fate {
        let Some(now) = now else {
            let (table, before) = (self.table.clone(), self.rows.len());
            return Fate { table, before, after: None, lost: Vec::new(), changed: Vec::new() };
        };
        // A column that took another one's place under its name, or the one that it was to get, has its values.
        let successor = |number: &i16, name: &String| match now.columns.contains_key(number) {
            true => Some(*number),
            false => {
                let then = renamed.get(&(self.table.clone(), name.clone())).unwrap_or(name);
                now.columns.iter().find(|(_, it)| *it == then).map(|(number, _)| *number)
            }
        };
        let mut lost = Vec::new();
        let mut changed = Vec::new();
        for (number, name) in &self.columns {
            match successor(number, name) {
                None => lost.push(name.clone()),
                Some(then) => changed.extend(self.changed(now, (*number, then), name)),
            }
        }
        Fate { table: self.table.clone(), before: self.rows.len(), after: Some(now.rows.len()), lost, changed }
    }

    /// `numbers` are those of the column before and after.
    fn changed(&self, now: &Contents, numbers: (i16, i16), column: &str) -> Option<Changed> {
        let pairs = match self.by_key(now) {
            Some(pairs) => pairs.into_iter().map(|(old, new)| (value(old, numbers.0), value(new, numbers.1))).collect(),
            None => self.by_value(now, numbers),
        };
        let mut differ = pairs.into_iter().filter(|(old, new)| old != new);
        let example = differ.next()?;
        Some(Changed { column: column.to_owned(), rows: 1 + differ.count(), example })
    }

    /// Each row with itself as it is now, where the primary key still tells them apart.
    fn by_key<'a>(&'a self, now: &'a Contents) -> Option<Vec<(&'a Row, &'a Row)>> {
        if self.key.is_empty() || !self.key.iter().all(|number| now.columns.contains_key(number)) {
            return None;
        }
        let key = |row: &Row| self.key.iter().map(|number| value(row, *number)).collect::<Vec<_>>();
        let found: BTreeMap<_, &Row> = now.rows.iter().map(|row| (key(row), row)).collect();
        let pairs: Vec<_> = self.rows.iter().filter_map(|old| Some((old, *found.get(&key(old))?))).collect();
        // A key that itself reads otherwise identifies nothing.
        (pairs.len() == self.rows.len().min(now.rows.len())).then_some(pairs)
    }

    /// The values that one side has more often than the other, in order.
    fn by_value(&self, now: &Contents, numbers: (i16, i16)) -> Vec<(Option<String>, Option<String>)> {
        let mut counts: BTreeMap<Option<String>, i64> = BTreeMap::new();
        self.rows.iter().for_each(|row| *counts.entry(value(row, numbers.0)).or_default() += 1);
        now.rows.iter().for_each(|row| *counts.entry(value(row, numbers.1)).or_default() -= 1);
        let surplus = |sign: i64| {
            let times = move |count: i64| usize::try_from(sign * count).unwrap_or(0);
            counts.iter().flat_map(move |(value, &count)| std::iter::repeat_n(value.clone(), times(count)))
        };
        surplus(1).zip(surplus(-1)).collect()
    }
}

/// Materialized views hold rows of tables that have none now. One that stands on another comes after it.
/// Deletes the rows of tables, without their triggers.
fn truncate(client: &mut Client, tables: &str) -> Result<(), postgres::Error> {
    client.batch_execute(&format!(
        "BEGIN; SET LOCAL session_replication_role = replica; TRUNCATE {tables} CASCADE; COMMIT"
    ))
}

fn refresh(client: &mut Client) -> Result<(), postgres::Error> {
    let views = client
        .query("SELECT oid::regclass::text FROM pg_class WHERE relkind = 'm' AND relispopulated ORDER BY oid", &[])?;
    for view in views {
        let name: String = view.get(0);
        // One that cannot be read at all is none of the rows' doing.
        client.batch_execute(&format!("REFRESH MATERIALIZED VIEW {name}")).ok();
    }
    Ok(())
}

fn value(row: &Row, number: i16) -> Option<String> {
    row.get(&number).cloned().flatten()
}

/// The tables that meet a condition on `pg_class c`, with their own rows and not those of tables under them.
fn read(client: &mut Client, condition: &str) -> Result<BTreeMap<u32, Contents>, postgres::Error> {
    let mut found: BTreeMap<u32, Contents> = BTreeMap::new();
    for row in client.query(&format!("{TABLES} WHERE {condition} AND c.relkind = 'r'"), &[])? {
        let numbers: Vec<i16> = row.get("numbers");
        let names: Vec<String> = row.get("names");
        let contents = Contents {
            table: row.get("name"),
            columns: numbers.into_iter().zip(names).collect(),
            key: row.get("key"),
            rows: Vec::new(),
        };
        found.insert(row.get("oid"), contents);
    }
    let select = |it: &Contents| {
        let columns: Vec<String> = it.columns.values().map(|name| Ident::new(name).to_string()).collect();
        format!("SELECT {} FROM ONLY {}", columns.join(", "), it.table)
    };
    let selects: Vec<String> = found.values().map(select).collect();
    let mut tables = found.values_mut();
    let mut rows = Vec::new();
    for message in client.simple_query(&selects.join("; "))? {
        if let SimpleQueryMessage::Row(row) = &message {
            rows.push((0..row.len()).map(|at| row.get(at).map(str::to_owned)).collect::<Vec<_>>());
        }
        if matches!(message, SimpleQueryMessage::CommandComplete(_))
            && let Some(table) = tables.next()
        {
            let numbers: Vec<i16> = table.columns.keys().copied().collect();
            let numbered = |row: Vec<Option<String>>| numbers.iter().copied().zip(row).collect();
            table.rows = std::mem::take(&mut rows).into_iter().map(numbered).collect();
        }
    }
    Ok(found)
}

fn array(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| Literal(name).to_string()).collect();
    format!("ARRAY[{}]", quoted.join(", "))
}

/// Tables of the user.
const ALL: &str = "
    SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')";

const TABLES: &str = "
    SELECT c.oid, format('%I.%I', n.nspname, c.relname) AS name, a.numbers, a.names,
           coalesce((SELECT i.indkey::int2[] FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary), '{}') AS key
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN LATERAL (SELECT coalesce(array_agg(a.attnum ORDER BY a.attnum), '{}') AS numbers,
                         coalesce(array_agg(a.attname::text ORDER BY a.attnum), '{}') AS names
                  FROM pg_attribute a WHERE a.attrelid = c.oid AND 0 < a.attnum AND NOT a.attisdropped
                    AND a.attgenerated = '') a ON true";

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Changed, Contents};

    /// A table of two columns, of which the first may be its key.
    fn table(key: &[i16], rows: &[(&str, &str)]) -> Contents {
        let row =
            |(id, value): &(&str, &str)| BTreeMap::from([(1, Some((*id).to_owned())), (2, Some((*value).to_owned()))]);
        Contents {
            table: "public.t".to_owned(),
            columns: BTreeMap::from([(1, "id".to_owned()), (2, "value".to_owned())]),
            key: key.to_vec(),
            rows: rows.iter().map(row).collect(),
        }
    }

    fn changed(before: &Contents, after: &Contents) -> Vec<Changed> {
        before.fate(Some(after), &BTreeMap::new()).changed
    }

    #[test]
    fn rows_that_change_places_are_the_same() {
        let (before, after) = (table(&[1], &[("1", "a"), ("2", "b")]), table(&[1], &[("2", "b"), ("1", "a")]));
        assert!(before.fate(Some(&after), &BTreeMap::new()).is_unharmed());
    }

    #[test]
    fn values_that_change_places_are_seen_by_the_key_and_only_by_it() {
        let (rows, swapped) = ([("1", "a"), ("2", "b")], [("1", "b"), ("2", "a")]);
        assert_eq!(changed(&table(&[1], &rows), &table(&[1], &swapped))[0].rows, 2);
        assert!(changed(&table(&[], &rows), &table(&[], &swapped)).is_empty());
    }

    #[test]
    fn without_a_key_values_are_counted() {
        let (before, after) = (table(&[], &[("1", "a"), ("1", "a")]), table(&[], &[("1", "a"), ("1", "c")]));
        let example = (Some("a".to_owned()), Some("c".to_owned()));
        assert_eq!(changed(&before, &after), [Changed { column: "value".to_owned(), rows: 1, example }]);
    }

    #[test]
    fn a_table_that_is_gone_has_no_rows_left() {
        assert_eq!(table(&[1], &[("1", "a")]).fate(None, &BTreeMap::new()).after, None);
    }
}
