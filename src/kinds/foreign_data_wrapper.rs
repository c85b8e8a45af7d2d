//! `CREATE FOREIGN DATA WRAPPER`

use crate::{
    ddl::{Action, Alter, Lock, Target},
    kinds::{PgObject, Renamed, foreign_options, object, state},
    model::ObjectId,
};

object! {
    pub struct ForeignDataWrapper {
        pub handler: Option<String>,
        pub validator: Option<String>,
        pub options: Vec<String>,
        /// The names of options whose values are not read.
        pub secrets: Vec<String>,
    }
}

impl PgObject for ForeignDataWrapper {
    state!();
    const LABEL: &'static str = "FOREIGN DATA WRAPPER";
    const RENAMED: Renamed = Renamed::ByItself(Lock::None);
    const CATALOG: &'static str = concat!("
        SELECT 'pg_foreign_data_wrapper'::regclass::oid AS classid, w.oid AS objid, 0 AS objsubid, w.fdwname::text AS name,
               CASE WHEN w.fdwhandler <> 0 THEN w.fdwhandler::regproc::text END AS handler,
               CASE WHEN w.fdwvalidator <> 0 THEN w.fdwvalidator::regproc::text END AS validator,
               ", foreign_options::columns!("w.fdwoptions"), "
        FROM pg_foreign_data_wrapper w
        WHERE $1::oid[] IS NOT NULL");

    fn create(&self, id: &ObjectId, _: Target) -> Vec<Action> {
        let ForeignDataWrapper { handler, validator, options, secrets } = self;
        let mut sql = format!("CREATE {id}");
        sql.extend(handler.iter().map(|name| format!(" HANDLER {name}")));
        sql.extend(validator.iter().map(|name| format!(" VALIDATOR {name}")));
        sql.push_str(&foreign_options::clause(options));
        let secrets = foreign_options::leave_secrets(id, &format!("ALTER {id}"), &[], secrets);
        [Action::create(id, sql)].into_iter().chain(secrets).collect()
    }
    fn alter(&self, id: &ObjectId, to: &ForeignDataWrapper, attr: Attr, _: Target) -> Alter {
        let clause = match attr {
            Attr::handler => {
                Some(to.handler.as_ref().map_or("NO HANDLER".to_owned(), |name| format!("HANDLER {name}")))
            }
            Attr::validator => {
                Some(to.validator.as_ref().map_or("NO VALIDATOR".to_owned(), |name| format!("VALIDATOR {name}")))
            }
            Attr::options => foreign_options::change(&self.options, &to.options),
            Attr::secrets => foreign_options::drop_secrets(&self.secrets, &to.secrets),
        };
        let left = match attr {
            Attr::secrets => foreign_options::leave_secrets(id, &format!("ALTER {id}"), &self.secrets, &to.secrets),
            Attr::handler | Attr::validator | Attr::options => None,
        };
        let change = clause.map(|clause| Action::alter(id, format!("ALTER {id} {clause}")));
        Alter::Do(change.into_iter().chain(left).collect())
    }
    fn drop(&self, id: &ObjectId) -> Vec<Action> {
        vec![Action::drop(id, format!("DROP {id}"))]
    }
}
