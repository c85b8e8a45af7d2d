//! `ALTER PUBLICATION … ADD TABLES IN SCHEMA` (version 15 and later)

use crate::{
    ddl::{Action, Alter, Target},
    kinds::{PgObject, object, state},
    model::ObjectId,
};

object! {
    pub struct PublicationSchema {}
}

impl PgObject for PublicationSchema {
    state!();
    const LABEL: &'static str = "SCHEMA";
    // Read from `pg_depend`, since the catalog is not there before version 15.
    const CATALOG: &'static str = "
        SELECT d.classid, d.objid, 0 AS objsubid,
               d.refclassid AS parent_class, d.refobjid AS parent_id, 0 AS parent_sub, n.nspname::text AS name,
               s.refclassid AS needs_class, s.refobjid AS needs_id, 0 AS needs_sub
        FROM pg_depend d
        JOIN pg_depend s ON s.classid = d.classid AND s.objid = d.objid AND s.refclassid = 'pg_namespace'::regclass
        JOIN pg_namespace n ON n.oid = s.refobjid
        WHERE d.classid = to_regclass('pg_publication_namespace') AND d.refclassid = 'pg_publication'::regclass
          AND $1::oid[] IS NOT NULL";

    fn address(id: &ObjectId) -> String {
        format!("{} {} OF PUBLICATION {}", Self::LABEL, id.name, id.container().name)
    }
    fn create(&self, id: &ObjectId, _: Target) -> Vec<Action> {
        let sql = format!("ALTER PUBLICATION {} ADD TABLES IN SCHEMA {}", id.container().name, id.name);
        vec![Action::create(id, sql)]
    }
    fn alter(&self, _: &ObjectId, _: &PublicationSchema, attr: Attr, _: Target) -> Alter {
        match attr {}
    }
    fn since(&self) -> Option<(i32, &'static str)> {
        Some((15, "publications of schemas"))
    }
    fn drop(&self, id: &ObjectId) -> Vec<Action> {
        let sql = format!("ALTER PUBLICATION {} DROP TABLES IN SCHEMA {}", id.container().name, id.name);
        vec![Action::drop(id, sql)]
    }
}
