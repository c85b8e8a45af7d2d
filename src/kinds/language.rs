//! `CREATE LANGUAGE`, where no extension brings it

use crate::{
    ddl::{Action, Alter, Lock, Target},
    kinds::{PgObject, Renamed, object, state},
    model::ObjectId,
};

object! {
    pub struct Language {
        pub trusted: bool,
        /// The functions behind it, as the statement names them: `HANDLER plperl_call_handler`.
        pub functions: Vec<String>,
    }
}

impl PgObject for Language {
    state!();
    const LABEL: &'static str = "LANGUAGE";
    const RENAMED: Renamed = Renamed::ByItself(Lock::None);
    const CATALOG: &'static str = "
        SELECT 'pg_language'::regclass::oid AS classid, l.oid AS objid, 0 AS objsubid, l.lanname::text AS name,
               l.lanpltrusted AS trusted,
               array_remove(ARRAY['HANDLER ' || l.lanplcallfoid::regproc,
                   CASE WHEN l.laninline <> 0 THEN 'INLINE ' || l.laninline::regproc END,
                   CASE WHEN l.lanvalidator <> 0 THEN 'VALIDATOR ' || l.lanvalidator::regproc END], NULL) AS functions
        FROM pg_language l
        WHERE 16384 <= l.oid AND $1::oid[] IS NOT NULL";

    fn create(&self, id: &ObjectId, _: Target) -> Vec<Action> {
        vec![Action::create(id, self.definition("CREATE", id))]
    }
    fn alter(&self, id: &ObjectId, to: &Language, attr: Attr, _: Target) -> Alter {
        match attr {
            Attr::trusted if self.functions != to.functions => Alter::Ignore("it is set with the functions"),
            Attr::trusted | Attr::functions => {
                Alter::Do(vec![Action::alter(id, to.definition("CREATE OR REPLACE", id))])
            }
        }
    }
    fn drop(&self, id: &ObjectId) -> Vec<Action> {
        vec![Action::drop(id, format!("DROP {id}"))]
    }
}

impl Language {
    fn definition(&self, verb: &str, id: &ObjectId) -> String {
        let trusted = if self.trusted { "TRUSTED " } else { "" };
        format!("{verb} {trusted}{id} {}", self.functions.join(" "))
    }
}
