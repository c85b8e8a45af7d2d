//! `CREATE CAST`. Its name is its source, its signature the rest: `text` and ` AS public.mood`.

use crate::{
    ddl::{Action, Alter, Target},
    kinds::{PgObject, object, state},
    model::ObjectId,
};

object! {
    pub struct Cast {
        /// `WITH FUNCTION f(text)`, `WITHOUT FUNCTION` or `WITH INOUT`
        pub method: String,
        /// The letter in `pg_cast.castcontext`.
        pub context: String,
    }
}

impl PgObject for Cast {
    state!();
    const LABEL: &'static str = "CAST";
    // A range comes with the cast to its multirange.
    const CATALOG: &'static str = "
        SELECT 'pg_cast'::regclass::oid AS classid, k.oid AS objid, 0 AS objsubid,
               format_type(k.castsource, NULL) AS name, ' AS ' || format_type(k.casttarget, NULL) AS signature,
               CASE k.castmethod WHEN 'f' THEN 'WITH FUNCTION ' || k.castfunc::regprocedure::text
                    WHEN 'i' THEN 'WITH INOUT' ELSE 'WITHOUT FUNCTION' END AS method,
               k.castcontext::text AS context
        FROM pg_cast k
        WHERE 16384 <= k.oid AND $1::oid[] IS NOT NULL
          AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_cast'::regclass AND d.objid = k.oid AND d.deptype = 'i')";

    fn address(id: &ObjectId) -> String {
        format!("{} ({}{})", Self::LABEL, id.name.raw(), id.signature)
    }
    fn create(&self, id: &ObjectId, _: Target) -> Vec<Action> {
        let context = match self.context.as_str() {
            "a" => " AS ASSIGNMENT",
            "i" => " AS IMPLICIT",
            _ => "",
        };
        vec![Action::create(id, format!("CREATE {id} {}{context}", self.method))]
    }
    fn alter(&self, _: &ObjectId, _: &Cast, attr: Attr, _: Target) -> Alter {
        match attr {
            Attr::method | Attr::context => Alter::Rebuild,
        }
    }
    fn drop(&self, id: &ObjectId) -> Vec<Action> {
        vec![Action::drop(id, format!("DROP {id}"))]
    }
}
