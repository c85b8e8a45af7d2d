//! `CREATE TEXT SEARCH TEMPLATE`

use crate::{
    ddl::{Action, Alter, Lock, Target},
    kinds::{PgObject, Renamed, object, state},
    model::ObjectId,
};

object! {
    pub struct TextSearchTemplate {
        /// Its functions as the statement names them: `LEXIZE = dsimple_lexize`.
        pub functions: Vec<String>,
    }
}

impl PgObject for TextSearchTemplate {
    state!();
    const LABEL: &'static str = "TEXT SEARCH TEMPLATE";
    const RENAMED: Renamed = Renamed::ByItself(Lock::None);
    const CATALOG: &'static str = "
        SELECT 'pg_ts_template'::regclass::oid AS classid, t.oid AS objid, 0 AS objsubid,
               'pg_namespace'::regclass::oid AS parent_class, t.tmplnamespace AS parent_id, 0 AS parent_sub,
               t.tmplname::text AS name,
               array_remove(ARRAY[CASE WHEN t.tmplinit <> 0 THEN 'INIT = ' || t.tmplinit::text END,
                   'LEXIZE = ' || t.tmpllexize::text], NULL) AS functions
        FROM pg_ts_template t
        WHERE t.tmplnamespace = ANY($1)";

    fn create(&self, id: &ObjectId, _: Target) -> Vec<Action> {
        vec![Action::create(id, format!("CREATE {id} (\n    {}\n)", self.functions.join(",\n    ")))]
    }
    fn alter(&self, _: &ObjectId, _: &TextSearchTemplate, attr: Attr, _: Target) -> Alter {
        match attr {
            Attr::functions => Alter::Rebuild,
        }
    }
    fn drop(&self, id: &ObjectId) -> Vec<Action> {
        vec![Action::drop(id, format!("DROP {id}"))]
    }
}
