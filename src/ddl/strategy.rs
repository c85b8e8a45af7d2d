//! Gentler ways to do what would keep others waiting. Each has a name, by which it can be switched off, and a page.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    ddl::Action,
    model::{Ident, ObjectId},
};

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
    /// An index, or a key, of a partitioned table is made without the partitions (`ON ONLY`), and so not valid yet. Each
    /// partition gets its part by itself, as `index-concurrently` and `using-index` have it, and the part is attached.
    /// With the last one the whole is valid.
    ///
    /// **Cost.** More statements; the parts are built one after the other.
    ///
    /// **Not used** while a partition is new, and for a key that a foreign key of the same plan points at.
    PartitionedIndex = "partitioned-index",
    /// Before a table becomes a partition, a check says what its rows have to be, as `NOT VALID`, and is validated in a
    /// transaction of its own. PostgreSQL then takes its word, and reads no row under the lock of `ATTACH PARTITION`. The
    /// check is dropped at the end.
    ///
    /// **Cost.** Three short locks in the place of a long one. Where the validation fails, the check stays.
    ///
    /// **Not used** for partitions by hash, whose rows no other check can tell. A default partition is still read, for rows
    /// that belong to the new one.
    AttachWithCheck = "attach-with-check",
    /// A partition leaves, or is dropped, by way of `DETACH PARTITION … CONCURRENTLY`, which waits for those who use the
    /// partitioned table, and lets them go on.
    ///
    /// **Cost.** It waits for the transactions that are open, twice. What stays has a check in the place of its bounds,
    /// which is dropped where TO has none.
    ///
    /// **Not used** where there is a default partition, where the table becomes a partition again in the same plan, and
    /// before PostgreSQL 14.
    DetachConcurrently = "detach-concurrently",
    /// A new column whose default is another value for each row, such as `gen_random_uuid()`, is added without it; then the
    /// default is set, which counts for new rows. Rows that are there are filled a batch at a time, each batch in a
    /// transaction of its own, by the ranges of the primary key. Where there is none, by where they are stored, until none
    /// is left. A column that is `NOT NULL` becomes so at the end, as `not-null-by-check` has it.
    ///
    /// **Cost.** Every row gets a new version, which `VACUUM` has to clear away, and the triggers of the table fire for it.
    /// A row that somebody else sets to NULL meanwhile is filled too.
    ///
    /// **Not used** for identity columns and for generated ones, which have no such way.
    Backfill = "backfill",
    /// A column that gets another type gets a successor beside it, which a trigger keeps as the column is. Rows that are
    /// there are filled as `backfill` has it, and all are compared. What stands on the column is made on the successor: its
    /// indexes, keys and checks as `index-concurrently`, `using-index`, `not-valid` and `not-null-by-check` have it, foreign
    /// keys of other tables that refer to it, statistics, comments, privileges. Then the two change places, in one short
    /// transaction, and its default, its sequence or its identity go along. The column as it was is dropped at the end, in
    /// a phase of its own (`phase: contract`), which is best run once everything works.
    ///
    /// How something reads on the successor, PostgreSQL says: the target is made in the shadow, the column is renamed there
    /// for a moment, and what stands on it is read.
    ///
    /// **Cost.** As `backfill`; the table holds both columns for a time, with the indexes of both, and the column comes to
    /// stand last. A foreign key of another table is exchanged by itself, just before, under a short lock on both tables. An
    /// index over two columns that both change is built twice.
    ///
    /// **Not used** where a view, a rule, a policy, a trigger, a generated column, a function or a publication names the
    /// column, or an exclusion constraint; where an index on it has a tablespace of its own; for generated columns, and for
    /// those of parents and children. The column is then changed in place, and the migration says why (`-- not online: …`).
    /// Where PostgreSQL need not write the rows anew, as from `varchar(10)` to `text`, there is nothing to be gained.
    ExpandContract = "expand-contract",
    /// A column that gets another name gets a successor of that name beside it, and programs may use either, to read and
    /// to write, until the last of the old ones is gone. A trigger keeps the two alike: it takes what was given under the
    /// new name where that has changed, and else what the old one holds. Rows that are there are filled as `backfill` has
    /// it, and all are compared. What stands on the column is made on the successor as `expand-contract` has it, and takes
    /// over its name in one short transaction. The indexes of the old column stay, under names that end in `__old`, since
    /// programs still look for rows by it. The trigger, its function and the old column with all that serves it are dropped
    /// at the end, in a phase of its own (`phase: contract`), which is best run once no program uses the old name.
    ///
    /// **Cost.** As `expand-contract`. A statement that gives both names other values at once is taken by the new one. A
    /// column that is `NOT NULL`, or whose default is another value each time, has its default under the old name until
    /// then, where the trigger finds it, and so it is with a sequence that belongs to the column. The index of a primary key
    /// is built twice: once for each name.
    ///
    /// **Not used** where `expand-contract` is not; for identity columns, columns of a domain, those by which rows find
    /// their partition, and those that may be NULL with a default that is another value each time, or calls a function of
    /// the user's own; where the column changes otherwise in the same plan, where something else takes its old name, or
    /// where something stands on two columns that are both renamed; and for columns that are `NOT NULL` from PostgreSQL 18
    /// on. The column is then renamed at once, and the migration says why (`-- not online: …`).
    RenameColumn = "rename-column",
    /// The index of a `UNIQUE` constraint or a primary key is built first, as a unique index, with `CONCURRENTLY`. The
    /// constraint takes it over (`ADD CONSTRAINT … USING INDEX`) in a moment. One that has to be made anew is built under
    /// another name, and the old constraint goes in the same statement in which the new one comes.
    ///
    /// **Cost.** As `index-concurrently`.
    ///
    /// **Not used** for exclusion constraints, for keys over a period, and for constraints with a tablespace of their own.
    /// Those of partitioned tables are made by their parts (see `partitioned-index`).
    UsingIndex = "using-index",
}

/// The actions to take instead of another one.
#[derive(Clone, Debug)]
pub struct Gentler {
    pub strategy: Strategy,
    /// One after the other.
    pub actions: Vec<Action>,
    /// What comes once all properties of the subject are set.
    pub finally: Vec<Action>,
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
    pub bytes: BTreeMap<ObjectId, u64>,
    /// The columns by which rows can be gone through in order, where there are any. The planner sees to them.
    pub keys: BTreeMap<ObjectId, Vec<Ident>>,
}

/// What is less than this, in bytes, is read and written anew in less time than a lock is waited for.
pub const SMALL: u64 = 8 << 20;

impl Online {
    /// Whether a strategy is wanted for something that holds rows. What is not known to be small counts as large.
    pub fn wants(&self, strategy: Strategy, relation: &ObjectId) -> bool {
        let is_small = self.bytes.get(relation).is_some_and(|bytes| *bytes < SMALL);
        !self.off.contains(&strategy) && (self.always || !is_small)
    }
}
