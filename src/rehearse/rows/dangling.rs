//! Rows that refer to nothing, which no trigger has kept out.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    each::{Session, each},
    facts::{Reference, Relation},
};

/// Deletes them, and what refers to nothing then; how many are gone, by the place of the relation.
pub(super) fn delete(
    client: &mut Session<'_>,
    relations: &[Relation],
    chosen: &BTreeSet<usize>,
) -> Result<BTreeMap<usize, usize>, postgres::Error> {
    let mut gone: BTreeMap<usize, usize> = BTreeMap::new();
    let references = chosen
        .iter()
        .filter(|&&at| !relations[at].is_foreign)
        .flat_map(|&at| relations[at].references.iter().map(move |reference| (at, reference)));
    let (places, queries): (Vec<usize>, Vec<String>) =
        references.map(|(at, reference)| (at, query(relations, &relations[at], reference))).unzip();
    loop {
        let outcomes = each(client, &queries)?;
        let counts = outcomes.iter().map(|it| it.found.as_deref().and_then(|text| text.parse().ok()).unwrap_or(0));
        let found: Vec<(usize, usize)> = places.iter().copied().zip(counts).filter(|(_, count)| 0 < *count).collect();
        if found.is_empty() {
            return Ok(gone);
        }
        for (at, count) in found {
            *gone.entry(at).or_default() += count;
        }
    }
}

fn query(relations: &[Relation], relation: &Relation, reference: &Reference) -> String {
    let pairs = || reference.columns.iter().zip(&reference.to_columns);
    let equal: Vec<String> = pairs().map(|(own, other)| format!("o.{other} = t.{own}")).collect();
    let there: Vec<String> = pairs().map(|(own, _)| format!("t.{own} IS NOT NULL")).collect();
    // The rows of a partitioned table are in its partitions, those of an heir are not those of its parent.
    let only = if relations.iter().any(|it| it.oid == reference.to) { "ONLY " } else { "" };
    format!(
        "WITH gone AS (DELETE FROM ONLY {} t WHERE {} AND NOT EXISTS (SELECT FROM {only}{} o WHERE {}) RETURNING 1)
         SELECT nullif(count(*), 0) FROM gone",
        relation.name,
        there.join(" AND "),
        reference.to_name,
        equal.join(" AND ")
    )
}
