//! Gentler ways to do what would keep others waiting. Each has a name, by which it can be switched off, and a page.

use std::collections::{BTreeMap, BTreeSet};

use crate::{ddl::Action, model::ObjectId};

/// Declares the strategies. A doc comment is the page of its strategy in `docs/reference/strategies.md`.
macro_rules! strategies {
    ($($(#[doc = $page:literal])* $Strategy:ident = $name:literal,)*) => {
        /// A gentler way to do an action, which a kind offers and the planner takes where it is wanted.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Strategy {
            $($(#[doc = $page])* $Strategy,)*
        }

        impl Strategy {
            pub const ALL: &'static [Strategy] = &[$(Strategy::$Strategy,)*];

            /// What users call it.
            pub const fn name(self) -> &'static str {
                match self { $(Strategy::$Strategy => $name,)* }
            }
            /// What it does, what it costs, and when it cannot be used; line by line.
            pub const fn page(self) -> &'static [&'static str] {
                match self { $(Strategy::$Strategy => &[$($page,)*],)* }
            }
        }
    };
}

strategies! {
    /// Indexes are created and dropped with `CONCURRENTLY`: the table can be read and written all the while.
    ///
    /// **Cost.** The table is read twice, and each of the two waits for the transactions that are open. A creation that
    /// fails, as a unique index does over duplicates, leaves an index that is not valid and has to be dropped.
    ///
    /// **Not used** for an index of a partitioned table (see `partitioned-index`), for one with a tablespace of its own,
    /// and for a drop of what is part of another index.
    IndexConcurrently = "index-concurrently",
    /// An index that has to be made anew is built under another name first, with `CONCURRENTLY`. The old one is dropped
    /// when the new one serves, and the new one takes over its name: no query is without an index.
    ///
    /// **Cost.** As `index-concurrently`; and for a time there are two indexes to be kept up, and to store.
    ///
    /// **Not used** where what is in the index changes too: when a column gets another type, its indexes go before.
    IndexReplacement = "index-replacement",
    /// A foreign key or a check is added as `NOT VALID`, which looks at no row and counts for every row from then on. In
    /// a transaction of its own, `VALIDATE CONSTRAINT` looks at the rows that are there, under a lock that lets others
    /// read and write.
    ///
    /// **Cost.** Between the two, rows that were there before may break the constraint. Where the validation fails, the
    /// constraint stays as it is, not valid.
    ///
    /// **Not used** for a foreign key of a partitioned table before PostgreSQL 18, which has no such key there.
    NotValid = "not-valid",
    /// Before a column becomes `NOT NULL`, a check says the same, as `NOT VALID`, and is validated in a transaction of its
    /// own. PostgreSQL then takes its word, and reads no row under the lock of `SET NOT NULL`. The check is dropped at the
    /// end. From version 18 on the constraint behind `NOT NULL` can be `NOT VALID` itself, and no check is needed.
    ///
    /// **Cost.** Three short locks in the place of a long one. Where the validation fails, the check stays.
    ///
    /// **Not used** for columns of foreign tables, which nobody checks.
    NotNullByCheck = "not-null-by-check",
    /// The index of a `UNIQUE` constraint or a primary key is built first, as a unique index, with `CONCURRENTLY`. The
    /// constraint takes it over (`ADD CONSTRAINT … USING INDEX`) in a moment. One that has to be made anew is built under
    /// another name, and the old constraint goes in the same statement in which the new one comes.
    ///
    /// **Cost.** As `index-concurrently`.
    ///
    /// **Not used** for exclusion constraints, for keys over a period, for constraints with a tablespace of their own, and
    /// for those of partitioned tables, where PostgreSQL has no such statement.
    UsingIndex = "using-index",
}

/// The actions to take instead of another one.
#[derive(Clone, Debug)]
pub struct Gentler {
    pub strategy: Strategy,
    /// One after the other.
    pub actions: Vec<Action>,
}

/// How something is replaced by its successor without a time in which there is neither.
#[derive(Clone, Debug)]
pub struct Succession {
    pub strategy: Strategy,
    /// Makes the successor beside it.
    pub build: Action,
    /// Puts the successor in its place.
    pub swap: Vec<Action>,
}

/// Where gentler forms are to be taken.
#[derive(Clone, Debug, Default)]
pub struct Online {
    /// On small tables too.
    pub always: bool,
    pub off: BTreeSet<Strategy>,
    /// Of tables and of what else holds rows, as far as they are known.
    pub bytes: BTreeMap<ObjectId, i64>,
}

/// What is read and written anew in less time than a lock is waited for.
const SMALL: i64 = 8 << 20;

impl Online {
    /// Whether a strategy is wanted for something that holds rows. What is not known to be small counts as large.
    pub fn wants(&self, strategy: Strategy, relation: &ObjectId) -> bool {
        let is_small = self.bytes.get(relation).is_some_and(|bytes| *bytes < SMALL);
        !self.off.contains(&strategy) && (self.always || !is_small)
    }
}
