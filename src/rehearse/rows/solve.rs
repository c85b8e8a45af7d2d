//! Lets PostgreSQL find values that go together: every combination of a few is put to all conditions at once.

use super::{
    each::{Session, each},
    facts::{Column, Condition},
};

/// One or more columns that get their values together.
pub(super) struct Source<'a> {
    pub(super) columns: Vec<&'a Column>,
    /// Expressions; nothing stands for NULL.
    pub(super) rows: Vec<Vec<Option<String>>>,
}

/// What is asked.
pub(super) struct Question<'a> {
    pub(super) sources: Vec<Source<'a>>,
    pub(super) generated: Vec<&'a Column>,
    pub(super) conditions: &'a [Condition],
}

pub(super) struct Answer {
    /// For each solution, which row of each source.
    pub(super) solutions: Vec<Vec<usize>>,
    /// Why there are none, if a condition could not even be tried.
    pub(super) error: Option<String>,
}

/// So many combinations are tried at most.
const MOST: usize = 20_000;
/// So many are tried one by one where all at once do not work.
const ONE_BY_ONE: usize = 300;

/// Which combinations are tried.
enum Among<'a> {
    All,
    /// For each, which row of each source.
    These(&'a [Vec<usize>]),
}

impl Among<'_> {
    /// The combinations, as something to join with.
    fn table(&self) -> Option<String> {
        let Among::These(all) = self else { return None };
        let row =
            |places: &Vec<usize>| format!("({})", places.iter().map(usize::to_string).collect::<Vec<_>>().join(", "));
        let names = (0..all.first()?.len()).map(|at| format!("trueup_among_{at}"));
        let (rows, names): (Vec<String>, Vec<String>) = (all.iter().map(row).collect(), names.collect());
        Some(format!("(VALUES {}) AS among ({})", rows.join(", "), names.join(", ")))
    }
}

impl Question<'_> {
    /// At most `limit` solutions, those first that take their values from like places of all sources.
    pub(super) fn ask(&self, client: &mut Session<'_>, limit: usize) -> Result<Answer, postgres::Error> {
        if MOST < 1 << self.sources.len().min(20) {
            return self.one_by_one(client, "too many columns depend on each other".to_owned());
        }
        let outcome = each(client, &[self.sql(self.conditions, &Among::All, limit)])?.pop().unwrap_or_default();
        match outcome.error {
            None => Ok(Answer { solutions: read(outcome.found.as_deref()), error: None }),
            Some(error) => self.one_by_one(client, error),
        }
    }

    /// The conditions that nothing satisfies, each for itself.
    pub(super) fn unsolved(&self, client: &mut Session<'_>) -> Result<Vec<String>, postgres::Error> {
        let one = |condition| self.sql(std::slice::from_ref(condition), &Among::All, 1);
        let outcomes = each(client, &self.conditions.iter().map(one).collect::<Vec<_>>())?;
        let failed = self.conditions.iter().zip(outcomes).filter(|(_, outcome)| outcome.found.is_none());
        Ok(failed.map(|(condition, _)| condition.name.clone()).collect())
    }

    /// Which of these are solutions; none where a condition cannot be tried on one of them.
    pub(super) fn among(
        &self,
        client: &mut Session<'_>,
        tried: &[Vec<usize>],
    ) -> Result<Vec<Vec<usize>>, postgres::Error> {
        if tried.is_empty() {
            return Ok(Vec::new());
        }
        let query = self.sql(self.conditions, &Among::These(tried), tried.len());
        let outcome = each(client, &[query])?.pop().unwrap_or_default();
        Ok(read(outcome.found.as_deref()))
    }

    /// A check may fail for some values, by dividing by zero or reading a text as a number.
    fn one_by_one(&self, client: &mut Session<'_>, error: String) -> Result<Answer, postgres::Error> {
        let tried = self.samples();
        let queries: Vec<String> =
            tried.iter().map(|at| self.sql(self.conditions, &Among::These(std::slice::from_ref(at)), 1)).collect();
        let outcomes = each(client, &queries)?;
        let passed = tried.into_iter().zip(outcomes).filter(|(_, outcome)| outcome.found.is_some());
        let solutions: Vec<Vec<usize>> = passed.map(|(at, _)| at).collect();
        let error = solutions.is_empty().then_some(error);
        Ok(Answer { solutions, error })
    }

    /// The first of each, the second of each, and so on; then others, in an order without a pattern.
    fn samples(&self) -> Vec<Vec<usize>> {
        let sizes: Vec<usize> = self.sources.iter().map(|source| source.rows.len()).collect();
        if sizes.contains(&0) {
            return Vec::new();
        }
        let longest = sizes.iter().copied().max().unwrap_or_default();
        let diagonal = (0..longest).map(|at| sizes.iter().map(|size| at % size).collect());
        let mut seed = 1_usize;
        let mut scattered = || -> Vec<usize> {
            let next = |size: &usize| {
                seed = (seed * 75 + 74) % 65_537;
                seed % size
            };
            sizes.iter().map(next).collect()
        };
        let more = if 1 < sizes.len() { ONE_BY_ONE } else { 0 };
        let mut all: Vec<Vec<usize>> = diagonal.take(ONE_BY_ONE).collect();
        all.extend((0..more).map(|_| scattered()));
        all
    }

    fn sql(&self, conditions: &[Condition], among: &Among<'_>, limit: usize) -> String {
        let most = most_of_each(self.sources.len());
        let mut outer: Vec<String> = Vec::new();
        let mut seen: Vec<&str> = Vec::new();
        let mut from: Vec<String> = among.table().into_iter().collect();
        if !from.is_empty() {
            outer.extend((0..self.sources.len()).map(|at| format!("trueup_{at} = trueup_among_{at}")));
        }
        for (at, source) in self.sources.iter().enumerate() {
            let fresh: Vec<&str> =
                source.columns.iter().map(|it| it.name.as_str()).filter(|name| !seen.contains(name)).collect();
            let names = source.columns.iter().map(|column| match fresh.contains(&column.name.as_str()) {
                true => column.name.clone(),
                // A column that two foreign keys have is the same in both.
                false => {
                    let other = format!("trueup_{at}_{}", column.name.trim_matches('"').replace('"', ""));
                    outer.push(format!("{} = \"{other}\"", column.name));
                    format!("\"{other}\"")
                }
            });
            let names: Vec<String> = names.collect();
            let own = conditions.iter().filter(|it| {
                !it.mentions.columns.is_empty() && it.mentions.columns.iter().all(|name| fresh.contains(&name.as_str()))
            });
            let own: Vec<String> = own.map(not_false).chain(["true".to_owned()]).collect();
            from.push(format!(
                "(SELECT * FROM (VALUES {}) AS v (trueup_{at}, {}) WHERE {}{}) AS s{at}",
                values(source, at, among),
                names.join(", "),
                own.join(" AND "),
                if matches!(among, Among::All) { format!(" LIMIT {most}") } else { String::new() }
            ));
            seen.extend(fresh);
        }
        for (at, column) in self.generated.iter().enumerate() {
            let expression = column.default.as_deref().unwrap_or("NULL");
            from.push(format!(
                "LATERAL (SELECT CAST({expression} AS {}) AS {}) AS g{at}",
                column.sql_type, column.name
            ));
        }
        outer.extend(conditions.iter().map(not_false));
        let places: Vec<String> = (0..self.sources.len()).map(|at| format!("trueup_{at}")).collect();
        let list = places.join(", ");
        format!(
            "SELECT json_agg(place) FROM (
                 SELECT ARRAY[{list}] AS place FROM {} WHERE {}
                 ORDER BY greatest({list}) - least({list}), {list} LIMIT {limit}) AS q",
            from.join(" CROSS JOIN "),
            if outer.is_empty() { "true".to_owned() } else { outer.join(" AND ") }
        )
    }
}

/// So many rows of each source that there are not too many combinations.
fn most_of_each(sources: usize) -> usize {
    let count = u32::try_from(sources).unwrap_or(u32::MAX);
    let fits = |n: &usize| n.checked_pow(count).is_some_and(|all| all <= MOST);
    (2..=MOST).take_while(fits).last().unwrap_or(2)
}

/// A check that gives NULL passes.
fn not_false(condition: &Condition) -> String {
    format!("({}) IS NOT FALSE", condition.sql)
}

fn values(source: &Source<'_>, which: usize, among: &Among<'_>) -> String {
    let is_used = |at: usize| match among {
        Among::All => true,
        Among::These(all) => all.iter().any(|places| places[which] == at),
    };
    let chosen = source.rows.iter().enumerate().filter(|(at, _)| is_used(*at));
    let row = |(at, row): (usize, &Vec<Option<String>>)| {
        let cast = row.iter().zip(&source.columns).map(|(value, column)| cast(value.as_deref(), column));
        format!("({at}, {})", cast.collect::<Vec<_>>().join(", "))
    };
    chosen.map(row).collect::<Vec<_>>().join(", ")
}

/// A value of a column.
pub(super) fn cast(value: Option<&str>, column: &Column) -> String {
    format!("CAST({} AS {})", value.unwrap_or("NULL"), column.sql_type)
}

fn read(found: Option<&str>) -> Vec<Vec<usize>> {
    found.and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default()
}
