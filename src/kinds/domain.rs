//! `CREATE DOMAIN`. Its checks are a kind of their own.

use crate::{
    ddl::{Action, Alter, Lock, Target},
    kinds::{Namespace, PgObject, Renamed, object, state},
    model::{ObjectId, Parens},
};

object! {
    pub struct Domain {
        pub base: String,
        pub collation: Option<String>,
        pub default: Option<String>,
        pub not_null: bool,
    }
}

impl PgObject for Domain {
    state!();
    const LABEL: &'static str = "DOMAIN";
    const RENAMED: Renamed = Renamed::ByItself(Lock::None);
    const PRINTED: &'static [&'static str] = &["default"];
    const NAMESPACES: &'static [Namespace] = &[Namespace::Relation];
    const CAN_BE_MENTIONED: bool = true;
    const CATALOG: &'static str = "
        SELECT 'pg_type'::regclass::oid AS classid, t.oid AS objid, 0 AS objsubid,
               'pg_namespace'::regclass::oid AS parent_class, t.typnamespace AS parent_id, 0 AS parent_sub,
               t.typname::text AS name, format_type(t.typbasetype, t.typtypmod) AS base,
               CASE WHEN t.typcollation <> b.typcollation THEN t.typcollation::regcollation::text END AS collation,
               coalesce(pg_get_expr(t.typdefaultbin, 'pg_type'::regclass), t.typdefault) AS default,
               t.typnotnull AS not_null
        FROM pg_type t
        JOIN pg_type b ON b.oid = t.typbasetype
        WHERE t.typtype = 'd' AND t.typnamespace = ANY($1)";

    fn create(&self, id: &ObjectId, _: Target) -> Vec<Action> {
        let Domain { base, collation, default, not_null } = self;
        let collation = collation.iter().map(|name| format!(" COLLATE {name}")).collect::<String>();
        let default = default.iter().map(|expr| format!(" DEFAULT {expr}")).collect::<String>();
        let not_null = if *not_null { " NOT NULL" } else { "" };
        let head = format!("CREATE DOMAIN {} AS {base}{collation}{default}{not_null}", id.qualified());
        vec![Action::define(id, head, String::new(), Parens::WhenNotEmpty)]
    }
    fn alter(&self, id: &ObjectId, to: &Domain, attr: Attr, _: Target) -> Alter {
        let name = id.qualified();
        let action = match attr {
            Attr::base | Attr::collation => return Alter::Rebuild,
            // Scans every table with a column of this domain.
            Attr::not_null if to.not_null => {
                Action::alter(id, format!("ALTER DOMAIN {name} SET NOT NULL")).locks_users(Lock::Share)
            }
            Attr::not_null => Action::alter(id, format!("ALTER DOMAIN {name} DROP NOT NULL")),
            Attr::default => match &to.default {
                Some(expr) => Action::alter(id, format!("ALTER DOMAIN {name} SET DEFAULT {expr}")),
                None => Action::alter(id, format!("ALTER DOMAIN {name} DROP DEFAULT")),
            },
        };
        Alter::Do(vec![action])
    }
    fn drop(&self, id: &ObjectId) -> Vec<Action> {
        vec![Action::drop(id, format!("DROP DOMAIN {}", id.qualified()))]
    }
    fn data_type(&self) -> Option<&str> {
        Some(&self.base)
    }
    fn set_aside(&self, id: &ObjectId) -> Option<(Action, Action)> {
        Some(super::set_aside_by_rename(Self::LABEL, id))
    }
}
