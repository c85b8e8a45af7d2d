//! `CREATE OPERATOR FAMILY`. What it holds beside its classes is a kind of its own.

use crate::{
    ddl::{Action, Alter, Lock, Target},
    kinds::{PgObject, Renamed, object, state},
    model::ObjectId,
};

object! {
    pub struct OperatorFamily {}
}

impl PgObject for OperatorFamily {
    state!();
    const LABEL: &'static str = "OPERATOR FAMILY";
    const RENAMED: Renamed = Renamed::ByItself(Lock::None);
    const CATALOG: &'static str = "
        SELECT 'pg_opfamily'::regclass::oid AS classid, f.oid AS objid, 0 AS objsubid,
               'pg_namespace'::regclass::oid AS parent_class, f.opfnamespace AS parent_id, 0 AS parent_sub,
               f.opfname::text AS name, ' USING ' || quote_ident(a.amname) AS signature
        FROM pg_opfamily f
        JOIN pg_am a ON a.oid = f.opfmethod
        WHERE f.opfnamespace = ANY($1)";

    fn create(&self, id: &ObjectId, _: Target) -> Vec<Action> {
        vec![Action::create(id, format!("CREATE {id}"))]
    }
    fn alter(&self, _: &ObjectId, _: &OperatorFamily, attr: Attr, _: Target) -> Alter {
        match attr {}
    }
    fn drop(&self, id: &ObjectId) -> Vec<Action> {
        vec![Action::drop(id, format!("DROP {id}"))]
    }
}
