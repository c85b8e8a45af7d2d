//! `CREATE TYPE … AS (…)`. Its attributes are a kind of their own.

use crate::{
    ddl::{Action, Alter, Lock, Target},
    kinds::{Namespace, PgObject, Renamed, object, sql, state},
    model::{ObjectId, Parens},
};

/// The types that columns hold values of, also inside of other types: what they are made of is not changed in place.
macro_rules! stored_types {
    () => {
        "
        WITH RECURSIVE stored (oid) AS (
            SELECT a.atttypid FROM pg_attribute a JOIN pg_class u ON u.oid = a.attrelid
            WHERE u.relkind IN ('r', 'p', 'm', 'f') AND NOT a.attisdropped AND u.relnamespace = ANY($1)
            UNION
            SELECT n.oid FROM stored s JOIN pg_type t ON t.oid = s.oid CROSS JOIN LATERAL (
                SELECT t.typelem WHERE t.typelem <> 0
                UNION ALL SELECT t.typbasetype WHERE t.typbasetype <> 0
                UNION ALL SELECT r.rngsubtype FROM pg_range r
                          WHERE t.oid IN (r.rngtypid, (to_jsonb(r)->>'rngmultitypid')::oid)
                UNION ALL SELECT a.atttypid FROM pg_attribute a
                          WHERE t.typrelid <> 0 AND a.attrelid = t.typrelid AND 0 < a.attnum AND NOT a.attisdropped) n (oid))"
    };
}
pub(crate) use stored_types;

object! {
    pub struct Composite {
        /// The names in order: a row literal depends on it.
        pub attributes: Vec<String>,
        /// Whether a column holds values of it, which forbids changing an attribute's type.
        pub stored: bool,
    }
}

impl PgObject for Composite {
    state!();
    const LABEL: &'static str = "TYPE";
    const RENAMED: Renamed = Renamed::ByItself(Lock::None);
    const NAMESPACES: &'static [Namespace] = &[Namespace::Relation];
    const CAN_BE_MENTIONED: bool = true;
    const CATALOG: &'static str = concat!(
        stored_types!(),
        "
        SELECT 'pg_class'::regclass::oid AS classid, c.oid AS objid, 0 AS objsubid,
               'pg_namespace'::regclass::oid AS parent_class, c.relnamespace AS parent_id, 0 AS parent_sub,
               c.relname::text AS name,
               ARRAY(SELECT a.attname::text FROM pg_attribute a
                     WHERE a.attrelid = c.oid AND 0 < a.attnum AND NOT a.attisdropped ORDER BY a.attnum) AS attributes,
               c.reltype IN (SELECT oid FROM stored) AS stored
        FROM pg_class c
        WHERE c.relkind = 'c' AND c.relnamespace = ANY($1)"
    );

    fn create(&self, id: &ObjectId, _: Target) -> Vec<Action> {
        vec![Action::define(id, format!("CREATE TYPE {} AS", id.qualified()), String::new(), Parens::Always)]
    }
    fn alter(&self, _: &ObjectId, to: &Composite, attr: Attr, _: Target) -> Alter {
        match attr {
            Attr::attributes if sql::is_extended_by(&self.attributes, &to.attributes) => {
                Alter::Ignore("each attribute is changed by itself")
            }
            Attr::attributes => Alter::Rebuild,
            Attr::stored => Alter::Ignore("it is about the tables that use the type"),
        }
    }
    fn drop(&self, id: &ObjectId) -> Vec<Action> {
        vec![Action::drop(id, format!("DROP TYPE {}", id.qualified()))]
    }
    fn set_aside(&self, id: &ObjectId) -> Option<(Action, Action)> {
        Some(super::set_aside_by_rename(Self::LABEL, id))
    }
}
