//! `CREATE USER MAPPING`: who a role is on a foreign server

use crate::{
    ddl::{Action, Alter, Target},
    kinds::{PgObject, Wants, foreign_options, object, sql, state},
    model::ObjectId,
};

object! {
    pub struct UserMapping {
        pub options: Vec<String>,
        /// The names of options whose values are not read.
        pub secrets: Vec<String>,
    }
}

impl PgObject for UserMapping {
    state!();
    const LABEL: &'static str = "USER MAPPING";
    const DROPPED_WITH_PARENT: bool = false;
    // The view can be read by all, and shows options only to those who may see them.
    const CATALOG: &'static str = concat!(
        "
        SELECT 'pg_user_mapping'::regclass::oid AS classid, m.umid AS objid, 0 AS objsubid,
               'pg_foreign_server'::regclass::oid AS parent_class, m.srvid AS parent_id, 0 AS parent_sub,
               CASE WHEN m.umuser = 0 THEN '' ELSE m.usename::text END AS name,
               ",
        foreign_options::columns!("m.umoptions"),
        "
        FROM pg_user_mappings m
        WHERE $1::oid[] IS NOT NULL"
    );

    fn address(id: &ObjectId) -> String {
        format!("{} FOR {} SERVER {}", Self::LABEL, sql::role(id.name.raw()), id.container().name)
    }
    fn create(&self, id: &ObjectId, _: Target) -> Vec<Action> {
        let sql = format!("CREATE {id}{}", foreign_options::clause(&self.options));
        let secrets = foreign_options::leave_secrets(id, &format!("ALTER {id}"), &[], &self.secrets);
        [Action::create(id, sql)].into_iter().chain(secrets).collect()
    }
    fn alter(&self, id: &ObjectId, to: &UserMapping, attr: Attr, _: Target) -> Alter {
        let (clause, left) = match attr {
            Attr::options => (foreign_options::change(&self.options, &to.options), None),
            Attr::secrets => (
                foreign_options::drop_secrets(&self.secrets, &to.secrets),
                foreign_options::leave_secrets(id, &format!("ALTER {id}"), &self.secrets, &to.secrets),
            ),
        };
        let change = clause.map(|clause| Action::alter(id, format!("ALTER {id} {clause}")));
        Alter::Do(change.into_iter().chain(left).collect())
    }
    fn wants(&self, id: &ObjectId) -> Wants {
        Wants { roles: vec![id.name.raw().to_owned()], extension: None }
    }
    fn drop(&self, id: &ObjectId) -> Vec<Action> {
        vec![Action::drop(id, format!("DROP {id}"))]
    }
}
