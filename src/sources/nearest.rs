//! Names that the user may have meant.

/// The names that are at most a few slips of the pen away, the nearest first; three at most.
pub(crate) fn nearest<'a>(wrong: &str, names: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let wrong = wrong.to_lowercase();
    let allowed = (wrong.chars().count() / 3).clamp(1, 4);
    let mut near: Vec<(usize, &str)> = names
        .into_iter()
        .map(|name| (distance(&wrong, &name.to_lowercase()), name))
        .filter(|(distance, _)| *distance <= allowed)
        .collect();
    near.sort_unstable();
    near.dedup();
    near.into_iter().take(3).map(|(_, name)| name).collect()
}

/// Levenshtein's distance; two neighbours that changed places count as one slip.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    let mut previous = None;
    for (row, x) in a.chars().enumerate() {
        let mut current = vec![row + 1];
        for (column, &y) in b.iter().enumerate() {
            let mut best = (last[column] + usize::from(x != y)).min(last[column + 1] + 1).min(current[column] + 1);
            if column > 0 && previous == Some(y) && x == b[column - 1] {
                best = best.min(before_last[column - 1] + 1);
            }
            current.push(best);
        }
        before_last = std::mem::replace(&mut last, current);
        previous = Some(x);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::{distance, nearest};

    #[test]
    fn counts_slips() {
        assert_eq!(distance("customers", "customer"), 1);
        assert_eq!(distance("teh", "the"), 1);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(nearest("customesr", ["orders", "customers", "Customer"]), ["Customer", "customers"]);
        assert!(nearest("x", ["orders"]).is_empty());
    }
}
