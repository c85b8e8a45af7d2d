//! What is asked of statistics: how large one relation is.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    model::Ident,
    stats::{Relation, Statistics},
};

/// How large relations are, by their qualified names as SQL has them, as far as somebody knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sizes(BTreeMap<String, Size>);

/// How large a table is, or whatever else keeps rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// Nothing where PostgreSQL has never counted them.
    pub rows: Option<u64>,
    /// The rows themselves: what reading all of them reads.
    pub bytes: u64,
    /// Values that are stored out of line.
    pub toast_bytes: u64,
    pub indexes: usize,
    pub index_bytes: u64,
}

impl Size {
    /// What would have to be written anew, indexes left out.
    pub fn contents(&self) -> u64 {
        self.bytes.saturating_add(self.toast_bytes)
    }
}

impl Sizes {
    pub fn of(statistics: &Statistics) -> Sizes {
        let each = |it: &Relation| {
            let name = format!("{}.{}", Ident::new(&it.schema), Ident::new(&it.name));
            let size = Size {
                rows: it.rows,
                bytes: it.bytes,
                toast_bytes: it.toast_bytes,
                indexes: it.indexes.len(),
                index_bytes: it.indexes.iter().fold(0, |sum: u64, index| sum.saturating_add(index.bytes)),
            };
            (name, size)
        };
        Sizes(statistics.relations.iter().map(each).collect())
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn get(&self, relation: &str) -> Option<&Size> {
        self.0.get(relation)
    }

    /// The same by other names: each that there is now, with the one that these know it by.
    pub fn under(&self, names: impl Iterator<Item = (String, String)>) -> Sizes {
        Sizes(names.filter_map(|(now, known)| Some((now, *self.get(&known)?))).collect())
    }

    /// Keeps up with a statement: some have other names after it, and some are gone, so that what comes in their place later
    /// is something else.
    pub fn follow(&mut self, renamed: &BTreeMap<String, String>, gone: &BTreeSet<String>) {
        let moved: Vec<(&String, Size)> =
            renamed.iter().filter_map(|(before, now)| Some((now, self.0.remove(before)?))).collect();
        self.0.extend(moved.into_iter().map(|(now, size)| (now.clone(), size)));
        self.0.retain(|name, _| !gone.contains(name));
    }
}

#[cfg(test)]
mod tests {
    use super::{Size, Sizes};

    fn sizes(known: &[(&str, u64)]) -> Sizes {
        let size = |rows| Size { rows: Some(rows), ..Size::default() };
        Sizes(known.iter().map(|(name, rows)| ((*name).to_owned(), size(*rows))).collect())
    }

    #[test]
    fn two_that_change_places_keep_their_sizes() {
        let mut known = sizes(&[("public.a", 1), ("public.b", 2), ("public.c", 3)]);
        let names = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        let renamed = [names("public.a", "public.b"), names("public.b", "public.a")].into();
        known.follow(&renamed, &["public.c".to_owned()].into());
        assert_eq!(known, sizes(&[("public.b", 1), ("public.a", 2)]));
    }

    #[test]
    fn what_nobody_knows_has_no_size_under_any_name() {
        let names = [("public.b", "public.a"), ("public.a", "public.z")].map(|(a, b)| (a.to_owned(), b.to_owned()));
        assert_eq!(sizes(&[("public.a", 1)]).under(names.into_iter()), sizes(&[("public.b", 1)]));
    }
}
