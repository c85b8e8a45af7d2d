//! The values of a type: of what it is made of, down to the types that PostgreSQL has, and kept only where the server
//! takes them.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    base::{self, quoted},
    candidates,
    each::{Session, each},
    facts::{Facts, Type},
    mentions::Mentions,
    pool::Pool,
};

/// Pools that were made already, by type and modifier.
pub(super) struct Pools {
    known: BTreeMap<(u32, i32), Pool>,
    /// So many plain values of each type.
    count: usize,
}

/// A type within a type within a type, and so on: deeper than anybody writes.
const DEPTH: usize = 6;

impl Pools {
    pub(super) fn new(count: usize) -> Pools {
        Pools { known: BTreeMap::new(), count }
    }

    pub(super) fn get(
        &mut self,
        client: &mut Session<'_>,
        facts: &Facts,
        type_: u32,
        modifier: i32,
    ) -> Result<Pool, postgres::Error> {
        self.at_depth(client, facts, type_, modifier, 0)
    }

    fn at_depth(
        &mut self,
        client: &mut Session<'_>,
        facts: &Facts,
        oid: u32,
        modifier: i32,
        depth: usize,
    ) -> Result<Pool, postgres::Error> {
        if let Some(known) = self.known.get(&(oid, modifier)) {
            return Ok(known.clone());
        }
        let Some(type_) = facts.types.get(&oid).filter(|_| depth < DEPTH) else { return Ok(Pool::default()) };
        // Of a text there is nothing that is not one.
        let mut pool = self.make(client, facts, type_, modifier, depth)?;
        if !candidates::is_text(facts, oid) {
            retain_taken(client, &type_.sql, &mut pool)?;
        }
        self.known.insert((oid, modifier), pool.clone());
        Ok(pool)
    }

    fn make(
        &mut self,
        client: &mut Session<'_>,
        facts: &Facts,
        type_: &Type,
        modifier: i32,
        depth: usize,
    ) -> Result<Pool, postgres::Error> {
        let mut part = |of: u32, modifier: i32| self.at_depth(client, facts, of, modifier, depth + 1);
        match type_.sort {
            'd' => {
                let pool = part(type_.base, type_.base_modifier)?;
                domain(client, facts, type_, pool, self.count)
            }
            'e' => Ok(labels(type_)),
            'c' => {
                let fields = type_.fields.iter().map(|field| part(field.type_, field.modifier));
                Ok(composite(&fields.collect::<Result<Vec<_>, _>>()?))
            }
            'r' => Ok(range(type_, &part(type_.subtype, -1)?)),
            'm' => Ok(multirange(type_, &part(type_.range, -1)?)),
            _ if type_.element != 0 => {
                let element = part(type_.element, modifier)?;
                let sql = facts.types.get(&type_.element).map_or("text", |it| it.sql.as_str());
                Ok(array(&element, sql))
            }
            _ if !type_.is_safe => Ok(Pool::default()),
            _ => match base::pool(&type_.name, modifier, self.count) {
                Some(pool) => Ok(pool),
                None => unknown(client, type_, modifier, self.count),
            },
        }
    }
}

/// What its checks mention is likely to be what they want.
fn domain(
    client: &mut Session<'_>,
    facts: &Facts,
    type_: &Type,
    mut pool: Pool,
    count: usize,
) -> Result<Pool, postgres::Error> {
    if type_.checks.is_empty() {
        return Ok(pool);
    }
    let base = type_.base_sql.as_deref().unwrap_or("text");
    let mut mentions = Mentions::default();
    type_.checks.iter().for_each(|check| mentions.extend(Mentions::of(&check.sql)));
    let more = candidates::for_type(facts, type_.oid, &mentions, &pool, count);
    let taken = takes(client, base, &more)?;
    pool.plain.extend(more.into_iter().filter(|it| taken.contains(it)));
    // In a domain's check, VALUE is as good as the name of a column.
    let checks: Vec<String> = type_.checks.iter().map(|check| format!("({}) IS NOT FALSE", check.sql)).collect();
    let all: Vec<String> = pool.all().cloned().collect();
    let rows: Vec<String> = all.iter().enumerate().map(|(at, it)| format!("({at}, CAST({it} AS {base}))")).collect();
    let query =
        format!("SELECT json_agg(i) FROM (VALUES {}) AS t (i, value) WHERE {}", rows.join(", "), checks.join(" AND "));
    let outcome = each(client, &[query])?.pop().unwrap_or_default();
    if outcome.error.is_none() {
        let passing: BTreeSet<usize> =
            serde_json::from_str(outcome.found.as_deref().unwrap_or("[]")).unwrap_or_default();
        let passing: BTreeSet<&String> = passing.into_iter().filter_map(|at| all.get(at)).collect();
        pool.retain(&|value| passing.contains(value));
    }
    Ok(pool)
}

fn labels(type_: &Type) -> Pool {
    let mut labels = type_.labels.iter().map(|label| quoted(label));
    let least = labels.next();
    let greatest = labels.next_back();
    Pool { plain: least.iter().cloned().chain(labels).collect(), least, greatest, odd: Vec::new() }
}

fn composite(fields: &[Pool]) -> Pool {
    let row = |pick: &dyn Fn(&Pool) -> Option<String>| {
        let values: Vec<String> = fields.iter().map(|pool| pick(pool).unwrap_or("NULL".to_owned())).collect();
        format!("ROW({})", values.join(", "))
    };
    let longest = fields.iter().map(|pool| pool.plain.len()).max().unwrap_or(1).max(1);
    let nth = |i: usize| row(&|pool: &Pool| pool.plain.get(i % pool.plain.len().max(1)).cloned());
    Pool {
        plain: (0..longest).map(nth).collect(),
        least: Some(row(&|pool| pool.least.clone())),
        greatest: Some(row(&|pool| pool.greatest.clone())),
        odd: vec![row(&|_| None)],
    }
}

fn array(element: &Pool, sql: &str) -> Pool {
    let of = |values: &[&String]| {
        let cast: Vec<String> = values.iter().map(|value| format!("CAST({value} AS {sql})")).collect();
        format!("ARRAY[{}]", cast.join(", "))
    };
    let plain = &element.plain;
    let pairs = plain.iter().zip(plain.iter().cycle().skip(1)).map(|(a, b)| of(&[a, b]));
    let extremes: Vec<&String> = element.all().take(10).collect();
    let mut odd = vec![format!("ARRAY[CAST(NULL AS {sql})]")];
    odd.extend(plain.first().map(|one| of(&[one])));
    odd.extend(plain.first().map(|one| format!("ARRAY[{0}, {0}]", of(&[one, one]))));
    Pool {
        plain: pairs.collect(),
        least: Some("'{}'".to_owned()),
        greatest: (!extremes.is_empty()).then(|| of(&extremes)),
        odd,
    }
}

/// Each from one plain value to the next, so that no two of them overlap.
fn range(type_: &Type, of: &Pool) -> Pool {
    let name = &type_.sql;
    let bounds = |pair: &[String]| Some(format!("{name}({}, {}, '[)')", pair.first()?, pair.get(1)?));
    let one = of.plain.last().map(|it| format!("{name}({it}, {it}, '[]')"));
    let open = of.plain.first().map(|it| format!("{name}({it}, NULL)"));
    Pool {
        plain: of.plain.chunks(2).filter_map(bounds).collect(),
        least: Some("'empty'".to_owned()),
        greatest: Some("'(,)'".to_owned()),
        odd: one.into_iter().chain(open).collect(),
    }
}

fn multirange(type_: &Type, range: &Pool) -> Pool {
    let name = &type_.sql;
    let mut pool = range.map(&|value| format!("{name}({value})"));
    pool.least = Some("'{}'".to_owned());
    pool
}

fn unknown(client: &mut Session<'_>, type_: &Type, modifier: i32, count: usize) -> Result<Pool, postgres::Error> {
    if type_.category == 'S' {
        return Ok(base::pool("text", -1, count).unwrap_or_default());
    }
    // What a type of an extension makes of its modifier, it says only here.
    let named = each(client, &[format!("SELECT format_type({}, {modifier})", type_.oid)])?.pop().unwrap_or_default();
    let sql = named.found.unwrap_or_else(|| type_.sql.clone());
    let forms = base::unknown(&type_.name, count);
    let first = |form: &Vec<String>| form.first().cloned();
    let taken = takes(client, &sql, &forms.iter().filter_map(first).collect::<Vec<_>>())?;
    let fits = |form: &&Vec<String>| form.first().is_some_and(|value| taken.contains(value));
    let mut fitting = forms.iter().filter(fits).cloned();
    let plain = fitting.next().unwrap_or_default();
    // Forms that the first value did not show to fit may have others that do.
    let odd = fitting.filter_map(|form| form.into_iter().next()).chain(forms.last().cloned().unwrap_or_default());
    let mut pool = Pool { plain, odd: odd.take(6).collect(), ..Pool::default() };
    retain_taken(client, &sql, &mut pool)?;
    Ok(pool)
}

fn retain_taken(client: &mut Session<'_>, sql: &str, pool: &mut Pool) -> Result<(), postgres::Error> {
    let all: Vec<String> = pool.all().cloned().collect();
    let taken = takes(client, sql, &all)?;
    pool.retain(&|value| taken.contains(value));
    Ok(())
}

/// Which of these the server can make a value of a type of.
pub(super) fn takes(
    client: &mut Session<'_>,
    sql: &str,
    values: &[String],
) -> Result<BTreeSet<String>, postgres::Error> {
    let cast = |value: &String| format!("CAST({value} AS {sql})");
    // Each in a row of its own: a row has room for some 1600 only.
    let all = values.iter().map(|value| format!("({})", cast(value))).collect::<Vec<_>>().join(", ");
    if values.is_empty() || each(client, &[format!("SELECT count(v) FROM (VALUES {all}) AS t (v)")])?[0].error.is_none()
    {
        return Ok(values.iter().cloned().collect());
    }
    let queries: Vec<String> = values.iter().map(|value| format!("SELECT count({})", cast(value))).collect();
    let outcomes = each(client, &queries)?;
    let taken = values.iter().zip(outcomes).filter(|(_, outcome)| outcome.found.is_some());
    Ok(taken.map(|(value, _)| value.clone()).collect())
}
