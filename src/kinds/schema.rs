//! `CREATE SCHEMA`

use crate::{
    ddl::{Action, Alter, Lock, Target},
    kinds::{PgObject, Renamed, object, state},
    model::ObjectId,
};

object! {
    pub struct Schema {
        /// Set where `CREATE EXTENSION` makes the schema by itself.
        pub extension: Option<String>,
    }
}

impl PgObject for Schema {
    state!();
    const LABEL: &'static str = "SCHEMA";
    const RENAMED: Renamed = Renamed::ByItself(Lock::None);
    const TAKES_CONTENTS_ALONG: bool = false;
    const CATALOG: &'static str = "
        SELECT 'pg_namespace'::regclass::oid AS classid, n.oid AS objid, 0 AS objsubid, n.nspname::text AS name,
               (SELECT e.extname::text FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
                WHERE d.classid = 'pg_namespace'::regclass AND d.objid = n.oid AND d.deptype = 'e') AS extension
        FROM pg_namespace n
        WHERE n.oid = ANY($1)";

    fn create(&self, id: &ObjectId, _: Target) -> Vec<Action> {
        match self.extension {
            Some(_) => vec![],
            None => vec![Action::create(id, format!("CREATE SCHEMA {}", id.name))],
        }
    }
    fn alter(&self, _: &ObjectId, _: &Schema, attr: Attr, _: Target) -> Alter {
        match attr {
            Attr::extension => Alter::Ignore("membership in an extension is not a change of the schema"),
        }
    }
    fn drop(&self, id: &ObjectId) -> Vec<Action> {
        match self.extension {
            Some(_) => vec![],
            None => vec![Action::drop(id, format!("DROP SCHEMA {}", id.name))],
        }
    }
}
