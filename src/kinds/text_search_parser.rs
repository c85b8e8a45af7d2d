//! `CREATE TEXT SEARCH PARSER`

use crate::{
    ddl::{Action, Alter, Lock, Target},
    kinds::{PgObject, Renamed, object, state},
    model::ObjectId,
};

object! {
    pub struct TextSearchParser {
        /// Its functions as the statement names them: `START = prsd_start`.
        pub functions: Vec<String>,
    }
}

impl PgObject for TextSearchParser {
    state!();
    const LABEL: &'static str = "TEXT SEARCH PARSER";
    const RENAMED: Renamed = Renamed::ByItself(Lock::None);
    const CATALOG: &'static str = "
        SELECT 'pg_ts_parser'::regclass::oid AS classid, p.oid AS objid, 0 AS objsubid,
               'pg_namespace'::regclass::oid AS parent_class, p.prsnamespace AS parent_id, 0 AS parent_sub, p.prsname::text AS name,
               array_remove(ARRAY['START = ' || p.prsstart::text, 'GETTOKEN = ' || p.prstoken::text, 'END = ' || p.prsend::text,
                   'LEXTYPES = ' || p.prslextype::text,
                   CASE WHEN p.prsheadline <> 0 THEN 'HEADLINE = ' || p.prsheadline::text END], NULL) AS functions
        FROM pg_ts_parser p
        WHERE p.prsnamespace = ANY($1)";

    fn create(&self, id: &ObjectId, _: Target) -> Vec<Action> {
        vec![Action::create(id, format!("CREATE {id} (\n    {}\n)", self.functions.join(",\n    ")))]
    }
    fn alter(&self, _: &ObjectId, _: &TextSearchParser, attr: Attr, _: Target) -> Alter {
        match attr {
            Attr::functions => Alter::Rebuild,
        }
    }
    fn drop(&self, id: &ObjectId) -> Vec<Action> {
        vec![Action::drop(id, format!("DROP {id}"))]
    }
}
