//! `CREATE TRANSFORM`. Its name is its type, its signature the language: `public.hstore` and ` LANGUAGE plperl`.

use crate::{
    ddl::{Action, Alter, Target},
    kinds::{PgObject, object, state},
    model::ObjectId,
};

object! {
    pub struct Transform {
        /// `FROM SQL WITH FUNCTION f(internal)`, `TO SQL WITH FUNCTION g(internal)`
        pub functions: Vec<String>,
    }
}

impl PgObject for Transform {
    state!();
    const LABEL: &'static str = "TRANSFORM";
    const CATALOG: &'static str = "
        SELECT 'pg_transform'::regclass::oid AS classid, t.oid AS objid, 0 AS objsubid,
               format_type(t.trftype, NULL) AS name, ' LANGUAGE ' || quote_ident(l.lanname) AS signature,
               array_remove(ARRAY[
                   CASE WHEN t.trffromsql <> 0 THEN 'FROM SQL WITH FUNCTION ' || t.trffromsql::oid::regprocedure END,
                   CASE WHEN t.trftosql <> 0 THEN 'TO SQL WITH FUNCTION ' || t.trftosql::oid::regprocedure END], NULL) AS functions
        FROM pg_transform t
        JOIN pg_language l ON l.oid = t.trflang
        WHERE 16384 <= t.oid AND $1::oid[] IS NOT NULL";

    fn address(id: &ObjectId) -> String {
        format!("{} FOR {}{}", Self::LABEL, id.name.raw(), id.signature)
    }
    fn create(&self, id: &ObjectId, _: Target) -> Vec<Action> {
        vec![Action::create(id, format!("CREATE {id} ({})", self.functions.join(", ")))]
    }
    fn alter(&self, id: &ObjectId, to: &Transform, attr: Attr, _: Target) -> Alter {
        match attr {
            Attr::functions => {
                let replace = format!("CREATE OR REPLACE {id} ({})", to.functions.join(", "));
                Alter::Do(vec![Action::alter(id, replace)])
            }
        }
    }
    fn drop(&self, id: &ObjectId) -> Vec<Action> {
        vec![Action::drop(id, format!("DROP {id}"))]
    }
}
