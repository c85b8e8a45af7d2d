//! What the columns of a part may hold, row by row: by their types, their checks, and the rows that they refer to.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    base::quoted,
    candidates,
    each::Session,
    facts::{Column, Facts, Reference, Relation},
    mentions::Mentions,
    parts::Part,
    solve::{Question, Source},
    types::{Pools, takes},
};

/// Values for the columns of a part, in the order of the rows. Nothing stands for NULL.
pub(super) type Tuples = Vec<Vec<Option<String>>>;

/// The values of columns that something refers to, of the rows that are there: by relation, then by column.
pub(super) type Held = BTreeMap<u32, Vec<BTreeMap<String, Option<String>>>>;

/// What is known when a table is filled.
pub(super) struct Setting<'a> {
    pub(super) facts: &'a Facts,
    pub(super) held: &'a Held,
    /// Foreign keys, by their places, to tables that are to be filled after this one.
    pub(super) pending: &'a [usize],
    pub(super) rows: usize,
}

/// What came of it.
pub(super) struct Choices {
    pub(super) tuples: Tuples,
    /// Why there are none.
    pub(super) reason: Option<String>,
}

impl Choices {
    fn none(reason: String) -> Choices {
        Choices { tuples: Vec::new(), reason: Some(reason) }
    }
}

pub(super) struct Chooser<'a, 's, 'c> {
    pub(super) client: &'s mut Session<'c>,
    pub(super) pools: &'s mut Pools,
    pub(super) setting: &'a Setting<'a>,
    pub(super) relation: &'a Relation,
}

/// Which foreign keys hold and which are switched off by NULL.
struct Scenario {
    on: Vec<usize>,
    nulls: Vec<usize>,
}

impl<'a> Chooser<'a, '_, '_> {
    pub(super) fn choose(&mut self, part: &Part) -> Result<Choices, postgres::Error> {
        let (mut off, mut on) = (Vec::new(), Vec::new());
        for &at in &part.references {
            let reference = &self.relation.references[at];
            let is_pending = self.setting.pending.contains(&at);
            let is_empty = self.targets(reference).is_empty();
            match (is_pending || is_empty, self.nulls_for(reference)) {
                (false, _) => on.push(at),
                (true, Some(nulls)) => off.extend(nulls),
                // It takes values as the other table will: of the same type, in the same order.
                (true, None) if is_pending => (),
                (true, None) => {
                    return Ok(Choices::none(format!("it refers to `{}`, which has no rows", reference.to_name)));
                }
            }
        }
        let mut scenarios = self.scenarios(on.clone(), off.clone());
        if !off.is_empty() {
            // A check may forbid what the columns would allow.
            scenarios.push(Scenario { on, nulls: Vec::new() });
        }
        let mut solved: Vec<Tuples> = Vec::new();
        let mut unsolved = None;
        for (at, scenario) in scenarios.iter().enumerate() {
            if 0 < at && !off.is_empty() && !solved.is_empty() {
                break;
            }
            let found = self.solve(part, scenario)?;
            match found.reason {
                None => solved.push(found.tuples),
                Some(_) => unsolved = unsolved.or(Some(found)),
            }
        }
        match unsolved {
            Some(unsolved) if solved.is_empty() => Ok(unsolved),
            Some(_) | None => Ok(Choices { tuples: in_turn(solved), reason: None }),
        }
    }

    /// Whether all columns of a foreign key may be NULL, and matter to no other.
    fn may_be_nothing(&self, reference: &Reference) -> bool {
        let mut others = self.relation.references.iter().filter(|it| it.name != reference.name);
        let shared = others.any(|it| it.columns.iter().any(|name| reference.columns.contains(name)));
        let columns = self.relation.columns.iter().filter(|column| reference.columns.contains(&column.name));
        !shared && columns.into_iter().all(|column| self.is_nullable(column))
    }

    /// All foreign keys hold; then, in turn, one that can be switched off only in part does not.
    fn scenarios(&self, on: Vec<usize>, nulls: Vec<usize>) -> Vec<Scenario> {
        let without = |at: &usize| {
            let reference = &self.relation.references[*at];
            let more = self.nulls_for(reference).filter(|_| !self.may_be_nothing(reference))?;
            let on = on.iter().copied().filter(|other| other != at).collect();
            Some(Scenario { on, nulls: nulls.iter().copied().chain(more).collect() })
        };
        let others: Vec<Scenario> = on.iter().filter_map(without).take(4).collect();
        std::iter::once(Scenario { on, nulls }).chain(others).collect()
    }

    /// The columns that have to be NULL for a foreign key not to hold; nothing where they cannot be.
    fn nulls_for(&self, reference: &Reference) -> Option<Vec<usize>> {
        let nullable = |name: &String| {
            let at = self.place(name)?;
            self.is_nullable(&self.relation.columns[at]).then_some(at)
        };
        if reference.is_full {
            return reference.columns.iter().map(nullable).collect();
        }
        let others = self.relation.references.iter().filter(|it| it.name != reference.name);
        let shared: Vec<&String> = others.flat_map(|it| &it.columns).collect();
        let own = reference.columns.iter().filter(|name| !shared.contains(name)).find_map(nullable);
        own.or_else(|| reference.columns.iter().find_map(nullable)).map(|at| vec![at])
    }

    fn place(&self, name: &str) -> Option<usize> {
        self.relation.columns.iter().position(|column| column.name == name)
    }

    fn is_nullable(&self, column: &Column) -> bool {
        let mut type_ = self.setting.facts.types.get(&column.type_);
        while let Some(domain) = type_.filter(|it| it.sort == 'd') {
            if domain.not_null {
                return false;
            }
            type_ = self.setting.facts.types.get(&domain.base);
        }
        !column.not_null
    }

    fn is_keyed(&self, column: &Column) -> bool {
        self.relation.keys.iter().any(|key| key.columns.contains(&column.name))
    }

    /// The rows that a foreign key may refer to.
    fn targets(&self, reference: &Reference) -> Tuples {
        let rows = self.setting.held.get(&reference.to).map(Vec::as_slice).unwrap_or_default();
        let row = |row: &BTreeMap<String, Option<String>>| -> Option<Vec<Option<String>>> {
            reference.to_columns.iter().map(|name| row.get(name).cloned().flatten().map(Some)).collect()
        };
        rows.iter().filter_map(row).collect()
    }

    fn solve(&mut self, part: &Part, scenario: &Scenario) -> Result<Choices, postgres::Error> {
        let sources = self.sources(part, scenario)?;
        if let Some(empty) = sources.iter().find(|source| source.rows.is_empty()) {
            let column = &empty.columns[0];
            return Ok(Choices::none(format!(
                "no value of the type `{}` is known, for {}",
                column.sql_type, column.name
            )));
        }
        let order: Vec<&str> = part.columns.iter().map(|&at| self.relation.columns[at].name.as_str()).collect();
        if let ([source], true) = (sources.as_slice(), part.checks.is_empty())
            && source.columns.iter().map(|it| it.name.as_str()).eq(order.iter().copied())
        {
            return Ok(Choices { tuples: source.rows.clone(), reason: None });
        }
        let generated = part.generated.iter().map(|&at| &self.relation.columns[at]).collect();
        let question = Question { sources, generated, conditions: &part.checks };
        let answer = question.ask(self.client, 500.max(2 * self.setting.rows))?;
        if answer.solutions.is_empty() {
            let reason = match answer.error {
                Some(error) => error,
                None => words(&question.unsolved(self.client)?, part),
            };
            // Defaults may know what nothing else tells.
            let default = |&at: &usize| self.relation.columns[at].default.as_ref().map(|sql| format!("({sql})"));
            return Ok(Choices { tuples: vec![part.columns.iter().map(default).collect()], reason: Some(reason) });
        }
        let solutions = self.widened(&question, in_row_order(answer.solutions))?;
        let tuple = |places: &Vec<usize>| {
            let value = |name: &&str| {
                let within = |source: &Source<'_>| source.columns.iter().position(|column| column.name == *name);
                let (at, source) = question.sources.iter().enumerate().find(|(_, it)| within(it).is_some())?;
                source.rows[places[at]][within(source)?].clone()
            };
            order.iter().map(value).collect()
        };
        Ok(Choices { tuples: solutions.iter().map(tuple).collect(), reason: None })
    }

    /// With more solutions, where few values of a key are in those that were found: the same, with other values of keys.
    fn widened(
        &mut self,
        question: &Question<'_>,
        mut found: Vec<Vec<usize>>,
    ) -> Result<Vec<Vec<usize>>, postgres::Error> {
        let wanted = 2 * self.setting.rows;
        let is_poor = |at: &usize| {
            let source = &question.sources[*at];
            let used: BTreeSet<usize> = found.iter().map(|places| places[*at]).collect();
            used.len() < wanted.min(source.rows.len()) && source.columns.iter().any(|column| self.is_keyed(column))
        };
        let poor: Vec<usize> = (0..question.sources.len()).filter(is_poor).collect();
        let longest = poor.iter().map(|&at| question.sources[at].rows.len()).max().unwrap_or(0);
        let templates: Vec<Vec<usize>> = found.iter().take(if poor.is_empty() { 0 } else { 5 }).cloned().collect();
        let other = |(nth, template): (usize, &Vec<usize>)| {
            let mut places = template.clone();
            poor.iter().for_each(|&at| places[at] = nth % question.sources[at].rows.len());
            places
        };
        let tried = (0..longest.min(2000)).flat_map(|nth| templates.iter().map(move |template| (nth, template)));
        found.extend(question.among(self.client, &tried.map(other).collect::<Vec<_>>())?);
        let mut seen = BTreeSet::new();
        found.retain(|places| seen.insert(places.clone()));
        // Those with new values come first.
        let mut used: BTreeSet<(usize, usize)> = BTreeSet::new();
        let mut is_new =
            |places: &Vec<usize>| poor.iter().filter(|&&at| used.insert((at, places[at]))).count() == poor.len();
        let (mut first, rest): (Vec<_>, Vec<_>) = found.into_iter().partition(|places| is_new(places));
        first.extend(rest);
        Ok(first)
    }

    /// One for each foreign key that holds, and one for each column that has none.
    fn sources(&mut self, part: &Part, scenario: &Scenario) -> Result<Vec<Source<'a>>, postgres::Error> {
        let relation = self.relation;
        let mut sources = Vec::new();
        let mut covered: Vec<&str> = Vec::new();
        for reference in scenario.on.iter().map(|&at| &relation.references[at]) {
            let columns = reference.columns.iter().filter_map(|name| Some(&relation.columns[self.place(name)?]));
            let literal = |row: Vec<Option<String>>| row.into_iter().map(|value| value.map(|it| quoted(&it))).collect();
            let mut rows: Tuples = self.targets(reference).into_iter().map(literal).collect();
            if self.may_be_nothing(reference) {
                rows.insert(1, vec![None; reference.columns.len()]);
            }
            sources.push(Source { columns: columns.collect(), rows });
            covered.extend(reference.columns.iter().map(String::as_str));
        }
        for &at in &part.columns {
            let column = &relation.columns[at];
            if scenario.nulls.contains(&at) {
                sources.retain(|source| !source.columns.iter().any(|it| it.name == column.name));
                sources.push(Source { columns: vec![column], rows: vec![vec![None]] });
            } else if !covered.contains(&column.name.as_str()) {
                let rows = self.series(part, column)?.into_iter().map(|value| vec![value]).collect();
                sources.push(Source { columns: vec![column], rows });
            }
        }
        Ok(sources)
    }

    /// Those of which the server can make a value of a column; of texts it always can.
    fn taken(&mut self, column: &Column, values: &[String]) -> Result<BTreeSet<String>, postgres::Error> {
        match candidates::is_text(self.setting.facts, column.type_) {
            true => Ok(values.iter().cloned().collect()),
            false => takes(self.client, &column.sql_type, values),
        }
    }

    /// The values of one column, without regard to others.
    fn series(&mut self, part: &Part, column: &Column) -> Result<Vec<Option<String>>, postgres::Error> {
        let (facts, relation) = (self.setting.facts, self.relation);
        let mut pool = self.pools.get(self.client, facts, column.type_, column.modifier)?;
        let (is_nullable, is_keyed) = (self.is_nullable(column), self.is_keyed(column));
        let mut mentions = Mentions::default();
        // What is asked of a computed column is asked of all that it may be computed from.
        let computed: Vec<&String> = part.generated.iter().map(|&at| &relation.columns[at].name).collect();
        let is_about = |name: &String| *name == column.name || computed.contains(&name);
        let about = part.checks.iter().filter(|it| it.mentions.columns.iter().any(is_about));
        about.for_each(|check| mentions.extend(check.mentions.clone()));
        mentions.extend(facts.wished(relation, column));
        if !mentions.columns.is_empty() {
            let count = if is_keyed { 2 * self.setting.rows } else { 3 };
            let more = candidates::for_type(facts, column.type_, &mentions, &pool, count);
            let taken = self.taken(column, &more)?;
            pool.odd.splice(0..0, more.into_iter().filter(|value| taken.contains(value)));
        }
        let default = column.default.as_ref().map(|sql| (sql, Mentions::of(sql)));
        if let Some((sql, said)) = &default
            && !column.by_sequence
            && !said.asks_session
            && !said.functions.iter().any(|name| facts.fickle.contains(name))
        {
            pool.odd.insert(0, format!("({sql})"));
        }
        let mut series = pool.series(is_nullable, is_keyed);
        if let (true, Some((sql, _))) = (pool.is_empty(), &default) {
            // Each is another one, and is to look so.
            series = (0..self.setting.rows).map(|row| Some(format!("({sql} /* {row} */)"))).collect();
        }
        Ok(series)
    }
}

fn words(unsolved: &[String], part: &Part) -> String {
    match unsolved {
        [] => {
            let names: Vec<&str> = part.checks.iter().map(|check| check.name.as_str()).collect();
            match names.as_slice() {
                [] => "no rows of the tables that it refers to go together".to_owned(),
                names => format!("no values were found that satisfy {} together", names.join(" and ")),
            }
        }
        some => format!("no values were found that satisfy {}", some.join(" or ")),
    }
}

/// The first of each, the second of each, and so on.
fn in_turn(lists: Vec<Tuples>) -> Tuples {
    let mut lists: Vec<_> = lists.into_iter().map(Vec::into_iter).collect();
    let mut merged = Tuples::new();
    loop {
        let before = merged.len();
        merged.extend(lists.iter_mut().filter_map(Iterator::next));
        if merged.len() == before {
            return merged;
        }
    }
}

/// Those first that take from the first place, the second, and so on, as far as there are some: these places are what the
/// rows are to show.
fn in_row_order(mut solutions: Vec<Vec<usize>>) -> Vec<Vec<usize>> {
    let mut ordered = Vec::new();
    for row in 0..5 {
        let likeness = |places: &Vec<usize>| places.iter().filter(|&&place| place == row).count();
        let best = solutions.iter().enumerate().rev().max_by_key(|(_, places)| likeness(places));
        if let Some((at, _)) = best.filter(|(_, places)| 0 < likeness(places)) {
            ordered.push(solutions.remove(at));
        }
    }
    ordered.extend(solutions);
    ordered
}
