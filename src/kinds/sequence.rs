//! `CREATE SEQUENCE`. Which column owns it is a kind of its own; an identity column's is part of the column.

use crate::{
    ddl::{Action, Alter, Lock, Loss, Target, Verb},
    kinds::{Namespace, PgObject, Renamed, object, state},
    model::{Literal, ObjectId, Version},
};

object! {
    pub struct Sequence {
        pub data_type: String,
        pub increment: i64,
        pub min_value: i64,
        pub max_value: i64,
        pub start: i64,
        pub cache: i64,
        pub cycle: bool,
        pub unlogged: bool,
    }
}

impl PgObject for Sequence {
    state!();
    const LABEL: &'static str = "SEQUENCE";
    const RENAMED: Renamed = Renamed::ByItself(Lock::AccessExclusive);
    const NAMESPACES: &'static [Namespace] = &[Namespace::Relation];
    const CAN_BE_MENTIONED: bool = true;
    const CATALOG: &'static str = "
        SELECT 'pg_class'::regclass::oid AS classid, c.oid AS objid, 0 AS objsubid,
               'pg_namespace'::regclass::oid AS parent_class, c.relnamespace AS parent_id, 0 AS parent_sub,
               c.relname::text AS name, format_type(s.seqtypid, NULL) AS data_type, s.seqincrement AS increment,
               s.seqmin AS min_value, s.seqmax AS max_value, s.seqstart AS start, s.seqcache AS cache, s.seqcycle AS cycle,
               c.relpersistence = 'u' AS unlogged
        FROM pg_sequence s
        JOIN pg_class c ON c.oid = s.seqrelid
        WHERE c.relnamespace = ANY($1)
          AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
                          AND d.refclassid = 'pg_class'::regclass AND d.deptype = 'i')";

    fn create(&self, id: &ObjectId, target: Target) -> Vec<Action> {
        let unlogged = if self.unlogged && can_be_unlogged(target) { "UNLOGGED " } else { "" };
        let options = self.options_beyond(&Sequence::plain(&self.data_type, self.increment));
        vec![Action::create(id, format!("CREATE {unlogged}SEQUENCE {}{options}", id.qualified()))]
    }
    fn alter(&self, id: &ObjectId, to: &Sequence, attr: Attr, target: Target) -> Alter {
        let head = format!("ALTER SEQUENCE {}", id.qualified());
        let clause = match attr {
            Attr::unlogged if !can_be_unlogged(target) => {
                return Alter::Ignore("sequences can be unlogged from version 15 on");
            }
            Attr::unlogged => {
                let mode = if to.unlogged { "UNLOGGED" } else { "LOGGED" };
                return Alter::Do(vec![Action::alter(id, format!("{head} SET {mode}")).locks(Lock::AccessExclusive)]);
            }
            // PostgreSQL refuses bounds that the current value lies outside of.
            Attr::min_value if self.min_value < to.min_value && self.start < to.min_value => {
                return Alter::Do(self.narrow(id, to, to.option(attr), &format!("last_value < {}", to.min_value)));
            }
            Attr::max_value if to.max_value < self.max_value && to.max_value < self.start => {
                return Alter::Do(self.narrow(id, to, to.option(attr), &format!("{} < last_value", to.max_value)));
            }
            Attr::data_type
            | Attr::increment
            | Attr::min_value
            | Attr::max_value
            | Attr::start
            | Attr::cache
            | Attr::cycle => to.option(attr),
        };
        Alter::Do(vec![Action::clause(Verb::Alter, id, head, clause, "").locks(Lock::ShareRowExclusive)])
    }
    fn drop(&self, id: &ObjectId) -> Vec<Action> {
        let drop = Action::drop(id, format!("DROP SEQUENCE {}", id.qualified()));
        vec![drop.locks(Lock::AccessExclusive).loses(Loss::Counter)]
    }
}

pub(crate) fn can_be_unlogged(target: Target) -> bool {
    Version::major(15) <= target.version
}

impl Sequence {
    /// What `CREATE SEQUENCE` makes when only the type and the direction are given
    /// (PostgreSQL manual, `CREATE SEQUENCE`, Parameters).
    pub(crate) fn plain(data_type: &str, increment: i64) -> Sequence {
        let (lowest, highest) = match data_type {
            "smallint" => (i64::from(i16::MIN), i64::from(i16::MAX)),
            "integer" => (i64::from(i32::MIN), i64::from(i32::MAX)),
            _ => (i64::MIN, i64::MAX),
        };
        let (min_value, max_value) = if increment < 0 { (lowest, -1) } else { (1, highest) };
        Sequence {
            data_type: "bigint".to_owned(),
            increment: 1,
            min_value,
            max_value,
            start: if increment < 0 { max_value } else { min_value },
            cache: 1,
            cycle: false,
            unlogged: false,
        }
    }
    /// Moves the counter into the new bounds first, if it lies outside.
    fn narrow(&self, id: &ObjectId, to: &Sequence, clause: String, is_outside: &str) -> Vec<Action> {
        let (name, start) = (id.qualified(), to.start);
        let alter = |clause| {
            let head = format!("ALTER SEQUENCE {name}");
            Action::clause(Verb::Alter, id, head, clause, "").locks(Lock::ShareRowExclusive)
        };
        if !(self.min_value..=self.max_value).contains(&start) {
            return vec![alter(format!("{clause} RESTART WITH {start}")).loses(Loss::Counter)];
        }
        let literal = Literal(&name).to_string();
        let set = format!("SELECT pg_catalog.setval({literal}, {start}, false) FROM {name} WHERE {is_outside}");
        vec![Action::alter(id, set), alter(clause)]
    }
    /// The options that are not as in `plain`, each with a blank before it.
    pub(crate) fn options_beyond(&self, plain: &Sequence) -> String {
        let start = if self.increment < 0 { self.max_value } else { self.min_value };
        let plain = Sequence { start, ..plain.clone() };
        self.changed_attrs(&plain)
            .into_iter()
            .filter(|attr| !matches!(attr, Attr::unlogged))
            .map(|attr| format!(" {}", self.option(attr)))
            .collect()
    }
    fn option(&self, attr: Attr) -> String {
        match attr {
            Attr::data_type => format!("AS {}", self.data_type),
            Attr::increment => format!("INCREMENT BY {}", self.increment),
            Attr::min_value => format!("MINVALUE {}", self.min_value),
            Attr::max_value => format!("MAXVALUE {}", self.max_value),
            Attr::start => format!("START WITH {}", self.start),
            Attr::cache => format!("CACHE {}", self.cache),
            Attr::cycle => (if self.cycle { "CYCLE" } else { "NO CYCLE" }).to_owned(),
            Attr::unlogged => String::new(),
        }
    }
}
