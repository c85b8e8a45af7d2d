//! Rows of a live FROM that make a migration fail.

use std::time::Duration;

use crate::{
    cli::side::Live,
    ddl::Obstacle,
    diff::{Rename, before},
    model::{Kind, ObjectId},
};

/// How long a look at the rows of a live table may take.
const PATIENCE: Duration = Duration::from_secs(2);

impl Live {
    /// Whether rows are in the way of a migration by this obstacle, and how many, if they can be counted in a moment.
    /// What cannot be told at all, as of columns that are yet to come, is left to the hazard's comment. `renames` lead
    /// from what the server knows.
    pub(crate) fn met(&mut self, obstacle: &Obstacle, renames: &[Rename]) -> Option<Option<i64>> {
        let bound = format!("SET statement_timeout = {}; SET default_transaction_read_only = on", PATIENCE.as_millis());
        if self.client.batch_execute(&bound).is_err() {
            return None;
        }
        let (rows, condition) = (rows(&obstacle.column, renames), &obstacle.condition);
        let mut asked = |query: &str| self.client.query_one(query, &[]).and_then(|row| row.try_get::<_, i64>(0)).ok();
        if !obstacle.agree_in.is_empty() {
            let keys: Vec<String> = obstacle.agree_in.iter().map(|key| format!("({key})")).collect();
            let groups = format!("SELECT count(*) AS rows FROM {rows} WHERE {condition} GROUP BY {}", keys.join(", "));
            let found = asked(&format!("SELECT sum(rows)::int8 FROM ({groups} HAVING 1 < count(*)) AS twins"));
            return found.map(Some);
        }
        match asked(&format!("SELECT count(*) FROM {rows} WHERE {condition}")) {
            Some(0) => None,
            Some(count) => Some(Some(count)),
            None => {
                let any = format!("SELECT count(*) FROM (SELECT FROM {rows} WHERE {condition} LIMIT 1) AS any_row");
                (asked(&any) == Some(1)).then_some(None)
            }
        }
    }
}

/// The rows of the table that `of` is, or is on, with its columns under the names that they are to have.
fn rows(of: &ObjectId, renames: &[Rename]) -> String {
    let table = if of.kind == Kind::Table { of } else { of.container() };
    let named = |rename: &Rename| match rename {
        Rename::Object { from, to } if to.kind == Kind::Column && to.parent() == Some(table) => {
            Some(format!("{} AS {}", from.name, to.name))
        }
        Rename::Object { .. } | Rename::Label { .. } => None,
    };
    // Under an old name another column may go now: what is about one column looks at no other.
    let (all, named): (&str, Vec<String>) = if of.kind == Kind::Column {
        let old = before(renames, of);
        ("", (old.name != of.name).then(|| format!("{} AS {}", old.name, of.name)).into_iter().collect())
    } else {
        ("*, ", renames.iter().filter_map(named).collect())
    };
    let table = before(renames, table).qualified();
    match named.is_empty() {
        true => table,
        false => format!("(SELECT {all}{} FROM {table}) AS renamed", named.join(", ")),
    }
}
