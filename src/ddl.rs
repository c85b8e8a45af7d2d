//! The vocabulary of change: one DDL operation, and what it does to a running database.

mod expansion;
mod strategy;

use std::collections::{BTreeMap, BTreeSet};

pub use expansion::{Expansion, Following, Kept, quoted, together};
pub use strategy::{Gentler, Online, SMALL, Strategy, Succession};

use crate::model::{ObjectId, Pair, Parens, Sql, Version};

/// One DDL operation, with the facts that the planner and the reports need.
#[derive(Clone, Debug)]
pub struct Action {
    pub verb: Verb,
    pub subject: ObjectId,
    pub sql: Sql,
    /// How this reads inside the definition of what contains it.
    pub inline: Option<Inline>,
    /// The lock on what the subject is part of, or on itself.
    pub lock: Lock,
    /// The lock on other relations: the target of a key, the parent of a partition.
    pub lock_elsewhere: Lock,
    /// The lock on tables that use the subject in a way of which only PostgreSQL knows.
    pub lock_of_users: Lock,
    pub rewrites: Rewrite,
    pub loses: Option<Loss>,
    pub fails_if: Option<Obstacle>,
    pub when: When,
    /// Where the subject stands among its siblings, when that is not its name's place.
    pub position: i16,
    /// Objects whose actions all come first, besides what the subject needs.
    pub after: Vec<ObjectId>,
    /// What it makes room in, or takes room of, beside names: the bounds of a partitioned table.
    pub room: Option<Room>,
    pub descent: Option<Descent>,
    /// Why this is done, when the subject itself has not changed.
    pub because: Option<String>,
    pub leaves: Option<Leaves>,
    /// What can be done instead, so that others wait less.
    pub gentler: Option<Gentler>,
    /// The way by a successor beside it, or why there is none.
    pub expansion: Option<Box<Result<Expansion, String>>>,
    /// Why no gentler form was taken, where one was wanted.
    pub not_online: Option<String>,
    pub phase: Phase,
}

/// Which part of a change that goes on while programs run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Makes what is new.
    #[default]
    Expand,
    /// Gives rows their values.
    Backfill,
    /// Takes away what nobody uses once the rest is done: at the end, and best in a later migration.
    Contract,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verb {
    Drop,
    Alter,
    Create,
}

/// How an action reads inside the definition of its container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inline {
    /// An item of its own: `CREATE TABLE t (…, CHECK (…))`.
    Item(String),
    /// Words after the container's own: `ADD COLUMN a int` + ` DEFAULT 1`.
    Suffix(String),
    /// As above, where the container is itself an item of a definition.
    Within(String),
}

/// The strongest lock taken on a relation that already exists (PostgreSQL manual, 13.3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lock {
    #[default]
    None,
    AccessShare,
    RowShare,
    RowExclusive,
    ShareUpdateExclusive,
    Share,
    ShareRowExclusive,
    Exclusive,
    AccessExclusive,
}

/// Whether the rows of a table are written anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rewrite {
    #[default]
    Never,
    /// PostgreSQL decides by the types and the values at hand. A rehearsal shows it.
    Perhaps,
    Always,
}

impl Rewrite {
    /// For machines.
    pub const fn word(self) -> &'static str {
        match self {
            Rewrite::Never => "never",
            Rewrite::Perhaps => "perhaps",
            Rewrite::Always => "always",
        }
    }
}

/// Room that two objects cannot have at once, by the name of what it is part of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Room {
    Frees(String),
    Takes(String),
}

/// What an action does to the place of its subject under others, which it has columns and constraints from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Descent {
    /// It comes under another, and by then has to have what it is to have from there.
    Joins,
    /// As above, and by then may have nothing else.
    JoinsWhole,
    /// It leaves one, and what it has from there is its own from then on.
    Leaves,
}

/// What cannot be had back once the action has run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    Rows,
    Values,
    /// The last value of a sequence.
    Counter,
    /// What an explicit cast rounds off or cuts.
    Precision,
}

/// Rows that make an action fail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obstacle {
    pub meets: Meets,
    /// In words: `the table has rows`.
    pub what: String,
    /// The column that they are about, or the table, or what is on the table.
    pub column: ObjectId,
    /// True of such a row before the migration.
    pub condition: String,
    /// Expressions in which several rows agree; none where each is in the way by itself.
    pub agree_in: Vec<String>,
    /// What to do about it.
    pub advice: String,
}

/// What sort of row an action stumbles over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meets {
    /// Any.
    Row,
    Null,
    /// One with a value for which there is no place any more.
    Value,
    /// Two that agree in a key.
    Twin,
    /// One that a check or the bounds of a partition do not admit.
    Outside,
}

impl Obstacle {
    /// Rows that agree in all of `keys`, as a unique index has them. With `nulls_agree`, NULL is a value like others;
    /// else it agrees with nothing. `predicate` says which rows count.
    pub fn twins(of: &ObjectId, keys: &[String], predicate: Option<&str>, nulls_agree: bool) -> Obstacle {
        let known = keys.iter().filter(|_| !nulls_agree).map(|key| format!("({key}) IS NOT NULL"));
        let conditions: Vec<String> = predicate.map(|it| format!("({it})")).into_iter().chain(known).collect();
        Obstacle {
            meets: Meets::Twin,
            what: format!("rows agree in ({})", keys.join(", ")),
            column: of.clone(),
            condition: if conditions.is_empty() { "true".to_owned() } else { conditions.join(" AND ") },
            agree_in: keys.to_vec(),
            advice: "find them with GROUP BY and HAVING 1 < count(*), and keep one of each".to_owned(),
        }
    }

    /// Rows of which `expression` is false.
    pub fn outside(of: &ObjectId, what: &str, expression: &str) -> Obstacle {
        Obstacle {
            meets: Meets::Outside,
            what: what.to_owned(),
            column: of.clone(),
            condition: format!("NOT ({expression})"),
            agree_in: Vec::new(),
            advice: "find them by the condition, and change them first".to_owned(),
        }
    }
}

/// What a change of an object's state may do to those who rely on it. These are facts; `hazards` holds the opinions.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Risk {
    /// `DISABLE ROW LEVEL SECURITY`
    RowSecurityOff,
    /// `NO FORCE ROW LEVEL SECURITY`
    RowSecurityUnforced,
    /// Nothing shows that a policy does not let more rows through than before. Holds what changes, in words.
    PolicyWidened(String),
    /// A view reads with its owner's rights from now on.
    SecurityInvokerLost,
    DefinerWithoutSearchPath,
    Granted(Access),
    Revoked(Access),
    /// Holds what is left, in words.
    ReplicaIdentityLost(&'static str),
    /// Between versions; nothing where it is the one that the server installs by itself.
    ExtensionUpgrade(Option<String>, Option<String>),
    /// A routine cannot be called as before. Holds what is different, in words.
    SignatureChanged(String),
    ViewColumnsChanged {
        gone: Vec<String>,
        retyped: Vec<String>,
    },
    /// What is read by its name, and holds no rows of its own, is no more.
    Gone,
    /// Nothing shows that every value of the first type is one of the second.
    TypeNarrowed(String, String),
    /// Programs get another type.
    TypeChanged(String, String),
    EnumValuesRemoved(Vec<String>),
    /// Rows that are there must not agree in something. Holds the definition.
    Unique(String),
    /// Rows that are there must satisfy it. Holds the definition.
    Validated(String),
    /// By an access method, on rows that are there.
    IndexBuilt(String),
}

/// What one role may do with one thing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Access {
    /// The empty name is `PUBLIC`.
    pub role: String,
    pub privileges: Vec<String>,
    /// `TABLE public.users`
    pub on: String,
}

impl Risk {
    /// Whether it comes with the state that is new, and not with the end of the one before: where a thing is made anew by
    /// two statements, the first is not to blame.
    pub const fn comes_with_the_new(&self) -> bool {
        match self {
            Risk::RowSecurityOff
            | Risk::RowSecurityUnforced
            | Risk::PolicyWidened(_)
            | Risk::SecurityInvokerLost
            | Risk::DefinerWithoutSearchPath
            | Risk::Granted(_)
            | Risk::TypeNarrowed(..)
            | Risk::TypeChanged(..)
            | Risk::ExtensionUpgrade(..)
            | Risk::Unique(_)
            | Risk::Validated(_)
            | Risk::IndexBuilt(_) => true,
            Risk::Revoked(_)
            | Risk::ReplicaIdentityLost(_)
            | Risk::SignatureChanged(_)
            | Risk::ViewColumnsChanged { .. }
            | Risk::Gone
            | Risk::EnumValuesRemoved(_) => false,
        }
    }
}

/// What an action leaves for a person to do, because no migration can.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leaves {
    /// The declared state is not reached until it is done: a password is set, which is never written down.
    Secret {
        text: String,
        /// A statement that reaches the state with a value made up, for a shadow.
        stand_in: String,
    },
    /// Something outside of this database.
    Elsewhere(String),
}

/// Where an action may stand among transactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    InTransaction,
    /// Cannot be used before it is committed: `ALTER TYPE … ADD VALUE`.
    BeforeCommit,
    /// In a transaction of its own: the locks of what comes before must have been let go.
    OwnTransaction,
    OutsideTransaction,
}

/// How a changed attribute reaches its new value.
#[derive(Debug)]
pub enum Alter {
    /// In place.
    Do(Vec<Action>),
    /// In place, once all that reads it and would refuse the change is out of the way.
    Displace { actions: Vec<Action>, change: Retype },
    /// `CREATE OR REPLACE`, as a whole, if PostgreSQL accepts it; otherwise as [`Alter::Rebuild`].
    Replace {
        action: Box<Action>,
        /// By the rules of the manual. What the shadow says counts for more ([`Heard`]).
        likely: bool,
    },
    /// Drop and create again, with everything that stands on it.
    Rebuild,
    /// Not in one migration: why, and what can be done instead.
    Refuse { why: String, instead: &'static str },
    /// No change of the schema, and why: an attribute that follows from others, or that PostgreSQL cannot set.
    Ignore(&'static str),
}

/// What PostgreSQL has said of changes in place, by the object: whether it accepts them.
pub type Heard = BTreeMap<ObjectId, bool>;

/// What becomes of an object when something that it needs is rebuilt.
#[derive(Debug)]
pub enum Survival {
    /// It is dropped and created again.
    Rebuilt,
    /// What contains it is dropped and created again.
    Whole,
    /// It holds data, so it is moved over to the new object by these actions. What it needs is set aside first.
    Moved(Vec<Action>),
    /// It can neither be rebuilt nor moved.
    Stuck,
}

/// Something of an object's shape that needs nothing, while the object and what it needs need each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StandIn {
    /// Creates it.
    pub create: String,
    /// Puts it in the object's place.
    pub replace: String,
    /// Puts the object in its place.
    pub complete: String,
}

/// What an action may be written for.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// The server that the migration will run on.
    pub version: Version,
    pub casts: &'a Casts,
    /// Where gentler forms are wanted, if anywhere.
    pub online: Option<&'a Online>,
    /// Whether what can wait until programs have changed is to come last, and apart from the rest.
    pub in_phases: bool,
}

impl<'a> Target<'a> {
    /// Where the plainest forms will do.
    pub fn new(version: Version, casts: &'a Casts) -> Target<'a> {
        Target { version, casts, online: None, in_phases: false }
    }
}

/// Which types turn into which (`pg_cast`), by their names without modifiers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Casts {
    /// Without being asked, when a value is assigned.
    pub assigned: BTreeSet<(String, String)>,
    /// When it is written out.
    pub explicit: BTreeSet<(String, String)>,
    /// What each domain is over, before and after: it is cast as that is (PostgreSQL manual, `CREATE CAST`, Notes).
    pub domains: Pair<BTreeMap<String, String>>,
    /// For an enum, which value rows are to hold instead of another one: by the user's wish.
    pub values: BTreeMap<ObjectId, Vec<(String, String)>>,
}

/// How much of a column's type changes, from the least on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Retype {
    /// `varchar(10)` to `varchar(20)`.
    Modifier,
    /// `integer` to `bigint`: PostgreSQL knows what to do.
    Base,
    /// `text` to `integer`: it has to be told.
    Conversion,
}

impl Casts {
    /// The casts of both, from what types were to what they are to be; the values that rows are to hold are those of the
    /// first.
    pub fn and(&self, other: &Casts) -> Casts {
        Casts {
            domains: Pair::new(self.domains.from.clone(), other.domains.to.clone()),
            assigned: self.assigned.union(&other.assigned).cloned().collect(),
            explicit: self.explicit.union(&other.explicit).cloned().collect(),
            values: self.values.clone(),
        }
    }
}

impl Action {
    fn new(verb: Verb, subject: &ObjectId, sql: Sql) -> Action {
        Action {
            verb,
            subject: subject.clone(),
            sql,
            inline: None,
            lock: Lock::None,
            lock_elsewhere: Lock::None,
            lock_of_users: Lock::None,
            rewrites: Rewrite::Never,
            loses: None,
            fails_if: None,
            when: When::InTransaction,
            position: 0,
            after: Vec::new(),
            room: None,
            descent: None,
            because: None,
            leaves: None,
            gentler: None,
            expansion: None,
            not_online: None,
            phase: Phase::Expand,
        }
    }
    pub fn create(subject: &ObjectId, sql: impl Into<String>) -> Action {
        Action::statement(Verb::Create, subject, sql)
    }
    pub fn alter(subject: &ObjectId, sql: impl Into<String>) -> Action {
        Action::statement(Verb::Alter, subject, sql)
    }
    pub fn drop(subject: &ObjectId, sql: impl Into<String>) -> Action {
        Action::statement(Verb::Drop, subject, sql)
    }
    /// A definition that the objects it contains may join: `CREATE TABLE t (…)`.
    pub fn define(subject: &ObjectId, head: String, tail: String, parens: Parens) -> Action {
        Action::new(Verb::Create, subject, Sql::Definition { head, items: Vec::new(), tail, parens })
    }
    /// A clause of an `ALTER`, joined with its neighbours by `separator`.
    pub fn clause(verb: Verb, subject: &ObjectId, head: String, clause: String, separator: &'static str) -> Action {
        Action::new(verb, subject, Sql::Clause { head, clauses: vec![clause], separator })
    }
    /// A statement with a list, which is joined with its neighbours' if all else is the same.
    pub fn listed(verb: Verb, subject: &ObjectId, head: String, item: String, tail: String) -> Action {
        Action::new(verb, subject, Sql::List { head, items: vec![item], tail })
    }
    pub fn statement(verb: Verb, subject: &ObjectId, sql: impl Into<String>) -> Action {
        Action::new(verb, subject, Sql::Statement(sql.into()))
    }
    pub fn inline(self, inline: Inline) -> Action {
        Action { inline: Some(inline), ..self }
    }
    /// The same for the table alone, and not for its children.
    pub fn only(mut self) -> Action {
        if let Sql::Clause { head, .. } = &mut self.sql {
            *head = head.replacen("ALTER TABLE ", "ALTER TABLE ONLY ", 1);
        }
        self
    }
    pub fn at(self, position: i16) -> Action {
        Action { position, ..self }
    }
    pub fn after(mut self, id: ObjectId) -> Action {
        self.after.push(id);
        self
    }
    pub fn locks(self, lock: Lock) -> Action {
        Action { lock, ..self }
    }
    pub fn locks_elsewhere(self, lock_elsewhere: Lock) -> Action {
        Action { lock_elsewhere, ..self }
    }
    pub fn locks_users(self, lock_of_users: Lock) -> Action {
        Action { lock_of_users, ..self }
    }
    pub fn room(self, room: Room) -> Action {
        Action { room: Some(room), ..self }
    }
    pub fn descent(self, descent: Descent) -> Action {
        Action { descent: Some(descent), ..self }
    }
    pub fn rewrites(self, rewrites: Rewrite) -> Action {
        Action { rewrites, ..self }
    }
    pub fn loses(self, loss: Loss) -> Action {
        Action { loses: Some(loss), ..self }
    }
    pub fn fails_if(self, obstacle: impl Into<Option<Obstacle>>) -> Action {
        Action { fails_if: obstacle.into(), ..self }
    }
    pub fn leaves(self, leaves: Leaves) -> Action {
        Action { leaves: Some(leaves), ..self }
    }
    pub fn when(self, when: When) -> Action {
        Action { when, ..self }
    }
    pub fn phase(self, phase: Phase) -> Action {
        Action { phase, ..self }
    }
    /// What can be done instead, one after the other.
    pub fn or(self, strategy: Strategy, actions: impl Into<Vec<Action>>) -> Action {
        Action { gentler: Some(Gentler { strategy, actions: actions.into(), finally: Vec::new() }), ..self }
    }
}

impl Leaves {
    pub fn text(&self) -> &str {
        match self {
            Leaves::Secret { text, .. } | Leaves::Elsewhere(text) => text,
        }
    }
}

impl Lock {
    /// As PostgreSQL's manual names it.
    pub const fn name(self) -> &'static str {
        match self {
            Lock::None => "NONE",
            Lock::AccessShare => "ACCESS SHARE",
            Lock::RowShare => "ROW SHARE",
            Lock::RowExclusive => "ROW EXCLUSIVE",
            Lock::ShareUpdateExclusive => "SHARE UPDATE EXCLUSIVE",
            Lock::Share => "SHARE",
            Lock::ShareRowExclusive => "SHARE ROW EXCLUSIVE",
            Lock::Exclusive => "EXCLUSIVE",
            Lock::AccessExclusive => "ACCESS EXCLUSIVE",
        }
    }
    /// Whose statements on the relation wait while it is held (PostgreSQL manual, table 13.2). Nothing where only other
    /// changes of the schema do, or nobody.
    pub const fn keeps_waiting(self) -> Option<&'static str> {
        match self {
            Lock::AccessExclusive => Some("reads and writes"),
            Lock::Exclusive | Lock::ShareRowExclusive | Lock::Share => Some("writes"),
            Lock::ShareUpdateExclusive | Lock::RowExclusive | Lock::RowShare | Lock::AccessShare | Lock::None => None,
        }
    }
    /// The statements that wait while it is held, by name.
    pub const fn conflicts(self) -> &'static str {
        match self {
            Lock::AccessExclusive => "SELECT, INSERT, UPDATE, DELETE and all DDL on it wait",
            Lock::Exclusive => "INSERT, UPDATE, DELETE, SELECT FOR UPDATE and all DDL on it wait",
            Lock::ShareRowExclusive => "INSERT, UPDATE, DELETE and all DDL on it wait",
            Lock::Share => "INSERT, UPDATE, DELETE and most DDL on it wait; CREATE INDEX does not",
            Lock::ShareUpdateExclusive => "DDL, VACUUM and ANALYZE on it wait",
            Lock::RowExclusive | Lock::RowShare | Lock::AccessShare => "only DDL on it waits",
            Lock::None => "nobody waits",
        }
    }
}
