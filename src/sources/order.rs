//! Puts the statements of a folder in an order in which PostgreSQL can run them. The files come sorted by path; that
//! order is kept, and only what needs something that is defined later moves behind it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::sync::Arc;

use super::class::{Class, Edge};
use super::lexer::words;
use super::uses::{Sort, uses};
use super::{Script, Statement};
use crate::model::Files;

/// Joins scripts whose files may come in any order.
///
/// The settings of a file hold for that file only, and travel with its statements. Transaction blocks are opened up,
/// since the statements of one may have to wait for those of another.
pub(super) fn order(scripts: Vec<Script>, files: &Files) -> Script {
    let mut given = Vec::new();
    let (mut texts, mut notes) = (Vec::new(), Vec::new());
    for script in scripts {
        given.extend(with_settings(script.statements, files));
        texts.extend(script.texts);
        notes.extend(script.notes);
    }
    // A history is in order as it is, or no order by names will mend it; loading still lets what misses something wait.
    let history = given.iter().any(|statement| statement.tells_a_history);
    let needs = needs(&given, files, history);
    let mut slots: Vec<Option<Statement>> = given.into_iter().map(Some).collect();
    let statements = sequence(&needs).into_iter().filter_map(|index| slots[index].take()).collect();
    Script { statements, texts, notes, unordered: true, ..Script::default() }
}

/// The statements of a file without those that set something, each with the settings that are in force where it stands.
fn with_settings(statements: Vec<Statement>, files: &Files) -> Vec<Statement> {
    let mut kept: Vec<Statement> = Vec::new();
    let mut block_start = None;
    let mut in_force: Vec<(String, bool)> = Vec::new();
    let mut settings: Arc<[String]> = Arc::from([]);
    let mut creates_in = None;
    for mut statement in statements {
        match &statement.class {
            Class::Setting { creates_in: now, .. } => {
                let (text, local) = without_local(&statement, files);
                in_force.push((text, local));
                creates_in = now.clone().or(creates_in);
            }
            Class::Transaction(Edge::Begin) => block_start = Some(kept.len()),
            Class::Transaction(edge) => {
                if *edge == Edge::Rollback {
                    kept.truncate(block_start.unwrap_or(kept.len()));
                }
                in_force.retain(|(_, local)| !local);
            }
            _ => {
                statement.settings = settings.clone();
                statement.creates_in.clone_from(&creates_in);
                kept.push(statement);
                continue;
            }
        }
        settings = in_force.iter().map(|(text, _)| text.clone()).collect();
    }
    kept
}

/// A setting that travels with its statements holds without the block that `LOCAL` refers to.
fn without_local(statement: &Statement, files: &Files) -> (String, bool) {
    let sql = statement.sql(files);
    let second = words(&sql).nth(1).map(|token| token.range);
    match second.filter(|word| sql[word.clone()].eq_ignore_ascii_case("local")) {
        Some(local) => (format!("{}{}", &sql[..local.start], &sql[local.end..]), true),
        None => (sql.into_owned(), false),
    }
}

/// For each statement, the statements that must come before it; in a history only what PostgreSQL would not miss
/// aloud: the schema that unqualified names go to, for want of which it takes the next in `search_path`.
fn needs(statements: &[Statement], files: &Files, history: bool) -> Vec<Vec<usize>> {
    let definers = Definers::new(statements);
    // Where files come in no order, what is to hold for all that comes to be holds for what any of them creates.
    let those = |is_meant: fn(&Statement) -> bool| {
        let found = statements.iter().enumerate().filter(|(_, it)| !history && is_meant(it));
        found.map(|(index, _)| index).collect::<Vec<_>>()
    };
    let defaults = those(|it| it.sets_default_privileges);
    let extensions = those(|it| it.defines.first().is_some_and(|defined| defined.kind == "extension"));
    statements
        .iter()
        .enumerate()
        .map(|(index, statement)| {
            let home = statement.creates_in.as_deref().unwrap_or("public");
            let named = if history { Vec::new() } else { uses(&statement.sql(files)) };
            let mut needs: Vec<usize> = named
                .iter()
                .filter_map(|used| definers.first(used.sort, used.schema.as_deref(), &used.name, home))
                .chain(definers.first(Sort::Schema, None, home, home).filter(|_| !stands_outside(statement)))
                .filter(|definer| *definer != index)
                .collect();
            if statement.sets_default_privileges {
                needs.extend(&extensions);
            } else if !stands_outside(statement) {
                needs.extend(&defaults);
            }
            needs.sort_unstable();
            needs.dedup();
            needs
        })
        .collect()
}

/// What may come before the schema that its file works in: other schemas, extensions, roles.
fn stands_outside(statement: &Statement) -> bool {
    statement.defines.first().is_some_and(|defined| matches!(defined.kind, "schema" | "extension" | "role"))
}

/// Which statements define a name, by sort and name, with the schema.
struct Definers<'a> {
    by_name: BTreeMap<(Sort, &'a str), Vec<(&'a str, usize)>>,
}

impl<'a> Definers<'a> {
    fn new(statements: &'a [Statement]) -> Definers<'a> {
        let mut by_name: BTreeMap<(Sort, &str), Vec<(&str, usize)>> = BTreeMap::new();
        for (index, statement) in statements.iter().enumerate() {
            let home = statement.creates_in.as_deref().unwrap_or("public");
            for defined in &statement.defines {
                let schema = defined.schema.as_deref().unwrap_or(home);
                for sort in sorts(defined.kind) {
                    by_name.entry((*sort, &defined.name)).or_default().push((schema, index));
                }
            }
        }
        Definers { by_name }
    }

    /// The first definition in the given order. If that comes before the use, PostgreSQL accepts the order as it is.
    fn first(&self, sort: Sort, schema: Option<&str>, name: &str, home: &str) -> Option<usize> {
        let all = self.by_name.get(&(sort, name))?;
        if matches!(sort, Sort::Schema | Sort::Role) {
            return all.first().map(|(_, index)| *index);
        }
        let within = |wanted: &str| all.iter().find(|(schema, _)| *schema == wanted).map(|(_, index)| *index);
        match schema {
            Some(schema) => within(schema),
            None => within(home).or_else(|| within("public")).or_else(|| {
                let one_schema = all.iter().all(|(schema, _)| *schema == all[0].0);
                one_schema.then_some(all[0].1)
            }),
        }
    }
}

fn sorts(kind: &str) -> &'static [Sort] {
    match kind {
        "table" | "view" | "materialized view" | "foreign table" => &[Sort::Relation, Sort::Type, Sort::Any],
        "sequence" | "index" => &[Sort::Relation, Sort::Any],
        "type" | "domain" => &[Sort::Type, Sort::Relation, Sort::Any],
        "function" | "procedure" | "aggregate" => &[Sort::Routine, Sort::Any],
        "schema" => &[Sort::Schema],
        "role" => &[Sort::Role],
        "column" | "constraint" | "trigger" | "rule" | "policy" => &[],
        _ => &[Sort::Any],
    }
}

/// The order nearest to the given one that has every statement behind what it needs. In a circle the first in the
/// given order goes first: a need may be a mistaken one, and if it is not, loading tells.
fn sequence(needs: &[Vec<usize>]) -> Vec<usize> {
    let mut missing: Vec<usize> = needs.iter().map(Vec::len).collect();
    let mut needed_by: Vec<Vec<usize>> = vec![Vec::new(); needs.len()];
    for (index, needs) in needs.iter().enumerate() {
        for need in needs {
            needed_by[*need].push(index);
        }
    }
    let mut ready: BinaryHeap<Reverse<usize>> =
        missing.iter().enumerate().filter(|(_, count)| **count == 0).map(|(index, _)| Reverse(index)).collect();
    let mut done = vec![false; needs.len()];
    let mut result = Vec::with_capacity(needs.len());
    let mut oldest = 0;
    while result.len() < needs.len() {
        let next = match ready.pop() {
            Some(Reverse(index)) => index,
            None => {
                while done[oldest] {
                    oldest += 1;
                }
                oldest
            }
        };
        if std::mem::replace(&mut done[next], true) {
            continue;
        }
        result.push(next);
        for &user in &needed_by[next] {
            missing[user] = missing[user].saturating_sub(1);
            if missing[user] == 0 && !done[user] {
                ready.push(Reverse(user));
            }
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::sequence;

    #[test]
    fn moves_only_what_must_move() {
        assert_eq!(sequence(&[vec![], vec![], vec![0]]), [0, 1, 2]);
        assert_eq!(sequence(&[vec![2], vec![], vec![], vec![]]), [1, 2, 0, 3]);
        assert_eq!(sequence(&[vec![1], vec![2], vec![]]), [2, 1, 0]);
    }

    #[test]
    fn a_circle_is_opened_where_it_was_first_written() {
        assert_eq!(sequence(&[vec![1], vec![0], vec![]]), [2, 0, 1]);
    }
}
