//! `CREATE ACCESS METHOD`

use crate::{
    ddl::{Action, Alter, Target},
    kinds::{PgObject, object, state},
    model::ObjectId,
};

object! {
    pub struct AccessMethod {
        /// `INDEX` or `TABLE`
        pub relation: String,
        pub handler: String,
    }
}

impl PgObject for AccessMethod {
    state!();
    const LABEL: &'static str = "ACCESS METHOD";
    const CATALOG: &'static str = "
        SELECT 'pg_am'::regclass::oid AS classid, a.oid AS objid, 0 AS objsubid, a.amname::text AS name,
               CASE a.amtype WHEN 't' THEN 'TABLE' ELSE 'INDEX' END AS relation, a.amhandler::regproc::text AS handler
        FROM pg_am a
        WHERE 16384 <= a.oid AND $1::oid[] IS NOT NULL";

    fn create(&self, id: &ObjectId, _: Target) -> Vec<Action> {
        vec![Action::create(id, format!("CREATE {id} TYPE {} HANDLER {}", self.relation, self.handler))]
    }
    fn alter(&self, _: &ObjectId, _: &AccessMethod, attr: Attr, _: Target) -> Alter {
        match attr {
            Attr::relation | Attr::handler => Alter::Rebuild,
        }
    }
    fn drop(&self, id: &ObjectId) -> Vec<Action> {
        vec![Action::drop(id, format!("DROP {id}"))]
    }
}
