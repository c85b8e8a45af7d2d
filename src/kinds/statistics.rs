//! `CREATE STATISTICS`: extended statistics on columns and expressions of a table

use crate::{
    ddl::{Action, Alter, Following, Lock, Target},
    kinds::{PgObject, Renamed, beside, object, state},
    model::ObjectId,
};

object! {
    pub struct Statistics {
        /// As `pg_get_statisticsobjdef` prints it.
        pub definition: String,
        /// Set where it is not left to the server.
        pub target: Option<i32>,
    }
}

impl PgObject for Statistics {
    state!();
    const LABEL: &'static str = "STATISTICS";
    const RENAMED: Renamed = Renamed::ByItself(Lock::None);
    const PRINTED: &'static [&'static str] = &["definition"];
    const CATALOG: &'static str = "
        SELECT 'pg_statistic_ext'::regclass::oid AS classid, s.oid AS objid, 0 AS objsubid,
               'pg_namespace'::regclass::oid AS parent_class, s.stxnamespace AS parent_id, 0 AS parent_sub,
               s.stxname::text AS name, pg_get_statisticsobjdef(s.oid) AS definition,
               nullif((to_jsonb(s)->>'stxstattarget')::int4, -1) AS target
        FROM pg_statistic_ext s
        WHERE s.stxnamespace = ANY($1)";

    fn create(&self, id: &ObjectId, _: Target) -> Vec<Action> {
        let mut actions =
            vec![Action::create(id, self.definition.as_str()).locks_elsewhere(Lock::ShareUpdateExclusive)];
        if self.target.is_some() {
            actions.push(self.set_target(id));
        }
        actions
    }
    fn alter(&self, id: &ObjectId, to: &Statistics, attr: Attr, _: Target) -> Alter {
        match attr {
            Attr::definition if self.parts() == to.parts() => {
                Alter::Ignore("PostgreSQL lists the columns in the order of the table")
            }
            Attr::definition => Alter::Rebuild,
            Attr::target => Alter::Do(vec![to.set_target(id)]),
        }
    }
    fn since(&self) -> Option<(i32, &'static str)> {
        let on = self.definition.split(" ON ").nth(1).unwrap_or_default();
        on.contains('(').then_some((14, "statistics on expressions"))
    }
    fn follow(
        &self,
        id: &ObjectId,
        (beside, it): (&ObjectId, &Statistics),
        _: &Statistics,
        target: Target,
    ) -> Result<Following, &'static str> {
        let lighter = Some(Lock::ShareUpdateExclusive);
        Ok(Following { lighter, ..beside::replaced(id, self.drop(id), beside, it.create(beside, target)) })
    }
    fn drop(&self, id: &ObjectId) -> Vec<Action> {
        vec![Action::drop(id, format!("DROP {id}")).locks(Lock::ShareUpdateExclusive)]
    }
}

impl Statistics {
    /// The definition, whatever the order of its columns.
    fn parts(&self) -> Vec<&str> {
        let mut parts: Vec<&str> = self.definition.split([' ', ',']).filter(|part| !part.is_empty()).collect();
        parts.sort_unstable();
        parts
    }
    fn set_target(&self, id: &ObjectId) -> Action {
        Action::alter(id, format!("ALTER {id} SET STATISTICS {}", self.target.unwrap_or(-1)))
    }
}
