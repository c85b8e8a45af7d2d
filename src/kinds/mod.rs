//! Everything PostgreSQL-specific, one kind of object per file.
//!
//! To add a kind: write `kinds/<kind>.rs`, name it here and in `model/kind.rs`, and let
//! the compiler ask for the rest.

mod access_method;
mod aggregate;
mod attribute;
mod backfill;
mod base_type;
mod beside;
mod both_names;
mod cast;
mod check;
mod collation;
mod column;
mod comment;
mod composite;
mod constraint;
mod conversion;
mod database_setting;
mod default;
mod default_grant;
mod domain;
mod domain_constraint;
mod enum_;
mod event_trigger;
mod expand;
mod exclusion;
mod extension;
mod extension_dependency;
mod foreign_column;
mod foreign_data_wrapper;
mod foreign_key;
pub(crate) mod foreign_options;
mod foreign_server;
mod foreign_table;
mod function;
mod grant;
mod identity;
mod index;
mod language;
mod materialized_view;
mod narrowing;
mod not_null;
mod object;
mod operator;
mod operator_class;
mod operator_family;
mod operator_family_item;
mod owner;
mod policy;
mod primary_key;
mod privileges;
mod procedure;
mod publication;
mod publication_schema;
mod publication_table;
mod range;
mod rebuilt;
mod rename;
mod replica_identity;
mod routine;
mod rule;
mod schema;
mod security_label;
mod sequence;
mod sequence_owner;
mod shell_type;
mod sql;
mod statistics;
mod subscription;
mod table;
mod text_search_configuration;
mod text_search_dictionary;
mod text_search_parser;
mod text_search_template;
mod transform;
mod trigger;
mod unique;
mod user_mapping;
mod view;
mod view_column;

use object::{object, state};
pub use owner::share as share_owner;
use postgres::Row;
pub use rebuilt::{Gone, Makeup, Part, Rebuilt};
pub use rename::{rename, rename_label};

use crate::{
    ddl::{Action, Alter, Expansion, Following, Lock, Retype, Risk, StandIn, Strategy, Succession, Survival, Target},
    model::{Ident, Kind, ObjectId, Version, for_each_kind},
};

/// What the engine must know about one kind of object.
pub trait PgObject: Clone + PartialEq + Sized {
    /// One variant per field; see [`object!`].
    type Attr: Copy;

    /// The words SQL uses: `MATERIALIZED VIEW`.
    const LABEL: &'static str;
    /// Lists every object of this kind, with a column for each field, and:
    ///
    /// - `classid`, `objid`, `objsubid`: its `pg_depend` address;
    /// - `parent_class`, `parent_id`, `parent_sub`: the address of what contains it, if anything;
    /// - `name` and optionally `signature`: the rest of its [`ObjectId`];
    /// - optionally `implied_class`, `implied_id`: the object that this one comes and goes with,
    ///   as an inherited constraint does with its parent's.
    ///
    /// `$1` is the array of the user's schemas (`oid[]`).
    const CATALOG: &'static str;
    /// How SQL gives it another name.
    const RENAMED: Renamed = Renamed::No;
    /// Objects of one space cannot share a name: a table and a view, a function and an aggregate.
    const NAMESPACES: &'static [Namespace] = &[];
    /// Whether it is dropped with what contains it.
    const DROPPED_WITH_PARENT: bool = true;
    /// Whether `DROP` takes what it contains along, without `CASCADE`.
    const TAKES_CONTENTS_ALONG: bool = true;
    /// The least change of a column's type that PostgreSQL refuses while this reads it
    /// (PostgreSQL manual, `ALTER TABLE`, Notes).
    const BLOCKS: Option<Retype> = None;
    /// Whether SQL can name it in the body of a function.
    const CAN_BE_MENTIONED: bool = false;
    /// Whether it runs when other DDL does: it goes before all else, and comes after all else.
    const FIRES_ON_DDL: bool = false;
    /// Whether it completes what contains it, which others may need before: the definition of a type, its shell.
    const COMPLETES_PARENT: bool = false;
    /// Whether a reader takes it for a property of what contains it, and not for a thing: an owner, a default.
    const IS_PROPERTY: bool = false;
    /// Whether it ties what contains it to something that must have the same owner.
    const SHARES_OWNER: bool = false;
    /// Whether it is there where something is not as it is by itself, so that to add it may be to take something away.
    const IS_DEVIATION: bool = false;
    /// The attributes that PostgreSQL prints from what it stores. It may print the same thing in two ways, until it
    /// has read its own words again.
    const PRINTED: &'static [&'static str] = &[];
    /// Whether a table must have it before it can be attached as a partition, or what it comes under before it does.
    const PRECEDES_ATTACHING: bool = false;
    /// Whether a table that is attached as a partition gets it then, and must not have its like before.
    const COMES_BY_ATTACHING: bool = false;
    /// Whether one side's silence about it is no statement: what the other side says is kept.
    const MAY_BE_UNSTATED: bool = false;

    /// Reads one row of [`PgObject::CATALOG`]. Written by [`object!`].
    fn read(row: &Row) -> Result<Self, postgres::Error>;
    /// The attributes that differ. Written by [`object!`].
    fn changed(&self, to: &Self) -> Vec<Self::Attr>;
    fn attr_name(attr: Self::Attr) -> &'static str;
    /// Every attribute with its value, for people. Written by [`object!`].
    fn attributes(&self) -> Vec<(&'static str, String)>;
    /// Lets every text that it holds be changed. Written by [`object!`].
    fn replace_texts(&mut self, replace: &dyn Fn(&mut String));

    fn create(&self, id: &ObjectId, target: Target) -> Vec<Action>;
    fn alter(&self, id: &ObjectId, to: &Self, attr: Self::Attr, target: Target) -> Alter;
    /// Nothing where the object only ever goes with what contains it.
    fn drop(&self, id: &ObjectId) -> Vec<Action>;

    /// The first major version that can have it like this, and what of it older ones do not know.
    fn since(&self) -> Option<(i32, &'static str)> {
        None
    }
    /// What those who rely on it have to fear from what it becomes; from its end, where that is nothing.
    fn risks(&self, _id: &ObjectId, _to: Option<&Self>) -> Vec<Risk> {
        Vec::new()
    }
    /// The same where it is new. `within` is what contains it, as it was before; nothing where that is new too.
    fn risks_when_new(&self, _id: &ObjectId, _within: Option<&Object>) -> Vec<Risk> {
        Vec::new()
    }
    /// A difference that no statement makes good, in words.
    fn out_of_reach(&self, _to: &Self) -> Option<&'static str> {
        None
    }
    /// How `COMMENT ON`, `ALTER … OWNER TO` and messages name it.
    fn address(id: &ObjectId) -> String {
        format!("{} {}", Self::LABEL, id.qualified())
    }
    /// What to do when `rebuilt`, which it needs, is dropped and created again.
    fn survive(&self, _id: &ObjectId, _to: &Self, _rebuilt: &Rebuilt) -> Survival {
        Survival::Rebuilt
    }
    /// Frees the name while objects that hold data still need this one; the actions that rename it
    /// and that drop it at last. `None` where nothing with data can need it.
    fn set_aside(&self, _id: &ObjectId) -> Option<(Action, Action)> {
        None
    }
    /// How it is made anew as `to` so that there is one all the while.
    fn succeed(&self, _id: &ObjectId, _to: &Self, _target: Target) -> Option<Succession> {
        None
    }
    /// What is done with it when a part that it stands on gives way to a successor. Made there, it reads as `beside` does
    /// under that address; afterwards it is to be `to`.
    ///
    /// # Errors
    /// Why it cannot come along, to be read behind its name.
    fn follow(
        &self,
        _id: &ObjectId,
        _beside: (&ObjectId, &Self),
        _to: &Self,
        _target: Target,
    ) -> Result<Following, &'static str> {
        Err("would have to be made anew")
    }
    /// How it comes from the name `was` to `id` by way of a successor, so that either name can be used meanwhile, or why
    /// there is no such way; nothing where no program uses its name. `parts` are its own, under the new name.
    fn succeed_as(
        &self,
        _was: &ObjectId,
        _id: &ObjectId,
        _parts: &[OwnPart<'_>],
        _target: Target,
    ) -> Option<Result<Expansion, String>> {
        None
    }
    /// The same without its parts, each of which is then made by itself, and by which strategy that is gentler.
    fn without_parts(&self) -> Option<(Strategy, Self)> {
        None
    }
    /// The columns by which the rows of its table can be gone through in order, each row once.
    fn row_key(&self) -> Option<Vec<Ident>> {
        None
    }
    /// What gives its members, which are no objects of their own, other names: it comes before all else, as renames do.
    fn moves_members(&self, _id: &ObjectId, _to: &Self) -> Option<Action> {
        None
    }
    /// What stands in for it while it and something that it needs need each other.
    fn stand_in(&self, _id: &ObjectId) -> Option<StandIn> {
        None
    }
    /// Whether it needs itself: it comes into being by way of what stands in for it.
    fn needs_itself(&self) -> bool {
        false
    }
    /// The values that it lists, which can be renamed: those of an enum.
    fn labels(&self) -> &[String] {
        &[]
    }
    /// The type of the values that it stands for, or that it holds in each value of what contains it.
    fn data_type(&self) -> Option<&str> {
        None
    }
    /// SQL that runs inside it and that PostgreSQL does not track in `pg_depend`: the language and the text.
    fn opaque_body(&self) -> Option<(&str, &str)> {
        None
    }
    /// Whether it was declared where it is, and does not only come from what implies it.
    fn is_own(&self) -> bool {
        false
    }
    /// Whether it is a part of what implies it, as a partition's index is of the partitioned table's, and is dropped
    /// with it.
    fn is_part(&self) -> bool {
        false
    }
    /// Whether its creation creates what it implies. Otherwise each is created by itself, and attached.
    fn brings_along(&self) -> bool {
        true
    }
    /// Whether its rows are those of its partitions, of which there may be none.
    fn is_partitioned(&self) -> bool {
        false
    }
    /// Whether it is created by itself, and then made a part of what it belongs to.
    fn is_attached(&self) -> bool {
        false
    }
    /// Whether it is not made anew by itself: what contains it is.
    fn is_rebuilt_whole(&self) -> bool {
        false
    }
    /// The same where what contains it stands under nothing else: no parent, no type of its rows.
    fn apart(&self) -> Self {
        self.clone()
    }
    /// Whether it is as it is by nobody's decision, such as an owner that is only whoever created the object.
    fn is_unstated(&self) -> bool {
        false
    }
    /// Counts from now on as somebody's decision.
    fn state(&mut self) {}
    /// Leaves out what a server of `version` does not know of.
    fn fit(&mut self, _version: Version) {}
    /// The roles and the extension without which it cannot be created.
    fn wants(&self, _id: &ObjectId) -> Wants {
        Wants::default()
    }
    /// Whether it comes out like this by itself when the object that implies it is `parent`.
    fn follows(&self, parent: &Self) -> bool {
        self == parent
    }
}

/// A part of something.
#[derive(Clone, Copy)]
pub struct OwnPart<'a> {
    pub id: &'a ObjectId,
    pub object: &'a Object,
    /// Whether it calls routines of the user's own.
    pub calls: bool,
}

/// How `ALTER … RENAME` names what is renamed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renamed {
    /// There is no such statement.
    No,
    /// `ALTER VIEW v RENAME TO w`, under this lock.
    ByItself(Lock),
    /// `ALTER TABLE t RENAME COLUMN a TO b`: the word for it.
    AsPart(&'static str),
}

/// What must be there, outside the schema, for an object to be created.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wants {
    pub roles: Vec<String>,
    pub extension: Option<String>,
}

/// Where a name must be unique.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Namespace {
    /// `pg_class` and `pg_type`, of one schema: tables, views, indexes, sequences, and every type.
    Relation,
    /// `pg_proc`, of one schema.
    Routine,
    /// Constraints of one table.
    Constraint,
}

macro_rules! dispatch {
    ($($Kind:ident($Type:path),)*) => {
        /// The state of one object, of any kind.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Object { $($Kind($Type),)* }

        impl Kind {
            pub const fn label(self) -> &'static str {
                match self { $(Kind::$Kind => <$Type as PgObject>::LABEL,)* }
            }
            pub const fn renamed(self) -> Renamed {
                match self { $(Kind::$Kind => <$Type as PgObject>::RENAMED,)* }
            }
            pub const fn namespaces(self) -> &'static [Namespace] {
                match self { $(Kind::$Kind => <$Type as PgObject>::NAMESPACES,)* }
            }
            pub const fn dropped_with_parent(self) -> bool {
                match self { $(Kind::$Kind => <$Type as PgObject>::DROPPED_WITH_PARENT,)* }
            }
            pub const fn takes_contents_along(self) -> bool {
                match self { $(Kind::$Kind => <$Type as PgObject>::TAKES_CONTENTS_ALONG,)* }
            }
            pub const fn blocks(self) -> Option<Retype> {
                match self { $(Kind::$Kind => <$Type as PgObject>::BLOCKS,)* }
            }
            pub const fn can_be_mentioned(self) -> bool {
                match self { $(Kind::$Kind => <$Type as PgObject>::CAN_BE_MENTIONED,)* }
            }
            pub const fn is_property(self) -> bool {
                match self { $(Kind::$Kind => <$Type as PgObject>::IS_PROPERTY,)* }
            }
            pub const fn shares_owner(self) -> bool {
                match self { $(Kind::$Kind => <$Type as PgObject>::SHARES_OWNER,)* }
            }
            pub const fn is_deviation(self) -> bool {
                match self { $(Kind::$Kind => <$Type as PgObject>::IS_DEVIATION,)* }
            }
            pub const fn printed(self) -> &'static [&'static str] {
                match self { $(Kind::$Kind => <$Type as PgObject>::PRINTED,)* }
            }
            pub const fn may_be_unstated(self) -> bool {
                match self { $(Kind::$Kind => <$Type as PgObject>::MAY_BE_UNSTATED,)* }
            }
            pub const fn precedes_attaching(self) -> bool {
                match self { $(Kind::$Kind => <$Type as PgObject>::PRECEDES_ATTACHING,)* }
            }
            pub const fn comes_by_attaching(self) -> bool {
                match self { $(Kind::$Kind => <$Type as PgObject>::COMES_BY_ATTACHING,)* }
            }
            pub const fn fires_on_ddl(self) -> bool {
                match self { $(Kind::$Kind => <$Type as PgObject>::FIRES_ON_DDL,)* }
            }
            pub const fn completes_parent(self) -> bool {
                match self { $(Kind::$Kind => <$Type as PgObject>::COMPLETES_PARENT,)* }
            }
            pub const fn catalog(self) -> &'static str {
                match self { $(Kind::$Kind => <$Type as PgObject>::CATALOG,)* }
            }
            pub fn read(self, row: &Row) -> Result<Object, postgres::Error> {
                match self { $(Kind::$Kind => <$Type as PgObject>::read(row).map(Object::$Kind),)* }
            }
            fn address_of(self, id: &ObjectId) -> String {
                match self { $(Kind::$Kind => <$Type as PgObject>::address(id),)* }
            }
        }

        impl Object {
            pub const fn kind(&self) -> Kind {
                match self { $(Object::$Kind(_) => Kind::$Kind,)* }
            }
            pub fn create(&self, id: &ObjectId, target: Target) -> Vec<Action> {
                match self { $(Object::$Kind(it) => it.create(id, target),)* }
            }
            pub fn drop(&self, id: &ObjectId) -> Vec<Action> {
                match self { $(Object::$Kind(it) => PgObject::drop(it, id),)* }
            }
            /// How each changed attribute reaches its new value.
            pub fn alter(&self, id: &ObjectId, to: &Object, target: Target) -> Vec<(&'static str, Alter)> {
                match (self, to) {
                    $((Object::$Kind(from), Object::$Kind(to)) => from
                        .changed(to)
                        .into_iter()
                        .map(|attr| (<$Type as PgObject>::attr_name(attr), from.alter(id, to, attr, target)))
                        .collect(),)*
                    _ => vec![("kind", Alter::Rebuild)],
                }
            }
            pub fn since(&self) -> Option<(i32, &'static str)> {
                match self { $(Object::$Kind(it) => it.since(),)* }
            }
            pub fn risks(&self, id: &ObjectId, to: Option<&Object>) -> Vec<Risk> {
                match (self, to) {
                    $((Object::$Kind(from), Some(Object::$Kind(to))) => from.risks(id, Some(to)),)*
                    $((Object::$Kind(from), _) => from.risks(id, None),)*
                }
            }
            pub fn risks_when_new(&self, id: &ObjectId, within: Option<&Object>) -> Vec<Risk> {
                match self { $(Object::$Kind(it) => it.risks_when_new(id, within),)* }
            }
            pub fn out_of_reach(&self, to: &Object) -> Option<&'static str> {
                match (self, to) {
                    $((Object::$Kind(from), Object::$Kind(to)) => from.out_of_reach(to),)*
                    _ => None,
                }
            }
            pub fn survive(&self, id: &ObjectId, to: &Object, rebuilt: &Rebuilt) -> Survival {
                match (self, to) {
                    $((Object::$Kind(from), Object::$Kind(to)) => from.survive(id, to, rebuilt),)*
                    _ => Survival::Rebuilt,
                }
            }
            pub fn set_aside(&self, id: &ObjectId) -> Option<(Action, Action)> {
                match self { $(Object::$Kind(it) => it.set_aside(id),)* }
            }
            pub fn succeed(&self, id: &ObjectId, to: &Object, target: Target) -> Option<Succession> {
                match (self, to) {
                    $((Object::$Kind(from), Object::$Kind(to)) => from.succeed(id, to, target),)*
                    _ => None,
                }
            }
            /// # Errors
            /// As [`PgObject::follow`].
            pub fn follow(
                &self,
                id: &ObjectId,
                beside: (&ObjectId, &Object),
                to: &Object,
                target: Target,
            ) -> Result<Following, &'static str> {
                match (self, beside.1, to) {
                    $((Object::$Kind(from), Object::$Kind(it), Object::$Kind(to)) => {
                        from.follow(id, (beside.0, it), to, target)
                    })*
                    _ => Err("becomes something else"),
                }
            }
            pub fn succeed_as(
                &self,
                was: &ObjectId,
                id: &ObjectId,
                parts: &[OwnPart<'_>],
                target: Target,
            ) -> Option<Result<Expansion, String>> {
                match self { $(Object::$Kind(it) => it.succeed_as(was, id, parts, target),)* }
            }
            pub fn without_parts(&self) -> Option<(Strategy, Object)> {
                match self { $(Object::$Kind(it) => it.without_parts().map(|(strategy, it)| (strategy, Object::$Kind(it))),)* }
            }
            pub fn row_key(&self) -> Option<Vec<Ident>> {
                match self { $(Object::$Kind(it) => it.row_key(),)* }
            }
            pub fn moves_members(&self, id: &ObjectId, to: &Object) -> Option<Action> {
                match (self, to) {
                    $((Object::$Kind(from), Object::$Kind(to)) => from.moves_members(id, to),)*
                    _ => None,
                }
            }
            pub fn stand_in(&self, id: &ObjectId) -> Option<StandIn> {
                match self { $(Object::$Kind(it) => it.stand_in(id),)* }
            }
            pub fn needs_itself(&self) -> bool {
                match self { $(Object::$Kind(it) => it.needs_itself(),)* }
            }
            pub fn labels(&self) -> &[String] {
                match self { $(Object::$Kind(it) => it.labels(),)* }
            }
            pub fn data_type(&self) -> Option<&str> {
                match self { $(Object::$Kind(it) => it.data_type(),)* }
            }
            pub fn opaque_body(&self) -> Option<(&str, &str)> {
                match self { $(Object::$Kind(it) => it.opaque_body(),)* }
            }
            pub fn is_own(&self) -> bool {
                match self { $(Object::$Kind(it) => it.is_own(),)* }
            }
            pub fn is_part(&self) -> bool {
                match self { $(Object::$Kind(it) => it.is_part(),)* }
            }
            pub fn is_partitioned(&self) -> bool {
                match self { $(Object::$Kind(it) => it.is_partitioned(),)* }
            }
            pub fn brings_along(&self) -> bool {
                match self { $(Object::$Kind(it) => it.brings_along(),)* }
            }
            pub fn is_attached(&self) -> bool {
                match self { $(Object::$Kind(it) => it.is_attached(),)* }
            }
            pub fn is_rebuilt_whole(&self) -> bool {
                match self { $(Object::$Kind(it) => it.is_rebuilt_whole(),)* }
            }
            pub fn apart(&self) -> Object {
                match self { $(Object::$Kind(it) => Object::$Kind(it.apart()),)* }
            }
            pub fn is_unstated(&self) -> bool {
                match self { $(Object::$Kind(it) => it.is_unstated(),)* }
            }
            pub fn state(&mut self) {
                match self { $(Object::$Kind(it) => it.state(),)* }
            }
            pub fn fit(&mut self, version: Version) {
                match self { $(Object::$Kind(it) => it.fit(version),)* }
            }
            pub fn wants(&self, id: &ObjectId) -> Wants {
                match self { $(Object::$Kind(it) => it.wants(id),)* }
            }
            pub fn follows(&self, parent: &Object) -> bool {
                match (self, parent) {
                    $((Object::$Kind(it), Object::$Kind(parent)) => it.follows(parent),)*
                    _ => false,
                }
            }
            pub fn replace_texts(&mut self, replace: &dyn Fn(&mut String)) {
                match self { $(Object::$Kind(it) => it.replace_texts(replace),)* }
            }
            pub fn attributes(&self) -> Vec<(&'static str, String)> {
                match self { $(Object::$Kind(it) => it.attributes(),)* }
            }
        }
    };
}

for_each_kind!(dispatch);

/// Renames a type out of the way of its successor, and drops it once nothing needs it.
fn set_aside_by_rename(label: &str, id: &ObjectId) -> (Action, Action) {
    let old = sql::suffixed(&id.name, OLD);
    let schema = id.container().qualified();
    (
        Action::drop(id, format!("ALTER {label} {} RENAME TO {old}", id.qualified())),
        Action::drop(id, format!("DROP {label} {schema}.{old}")),
    )
}
const OLD: &str = "__old";

/// What keeps serving beside its successor is called from then on.
fn name_aside(name: &Ident) -> Ident {
    sql::suffixed(name, OLD)
}

/// What is built beside something of a name is called until it is in its place.
pub fn name_beside(name: &Ident) -> Ident {
    sql::suffixed(name, sql::NEW)
}

impl Kind {
    /// What SQL calls it, as one word: `materialized-view`.
    pub fn word(self) -> String {
        self.label().to_lowercase().replace(' ', "-")
    }
}

impl ObjectId {
    /// The name as SQL writes it: with its schema, if it lives in one, whatever else contains it.
    pub fn qualified(&self) -> String {
        match self.ancestors().find(|id| id.kind == Kind::Schema) {
            Some(schema) => format!("{}.{}{}", schema.name, self.name, self.signature),
            None => format!("{}{}", self.name, self.signature),
        }
    }
    /// The places that its name takes up, each with the scope in which the name is unique.
    pub fn slots(&self) -> impl Iterator<Item = (Namespace, String)> + '_ {
        self.kind.namespaces().iter().map(|&space| match space {
            Namespace::Relation | Namespace::Routine => (space, self.qualified()),
            Namespace::Constraint => (space, self.path()),
        })
    }
    /// What contains this object.
    ///
    /// # Panics
    /// Where nothing contains it: kinds ask only where something always does.
    pub fn container(&self) -> &ObjectId {
        self.parent().unwrap_or_else(|| panic!("{self} stands in something"))
    }
}

impl std::fmt::Display for ObjectId {
    /// As `COMMENT ON` names it: `TABLE public.users`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.kind.address_of(self))
    }
}
