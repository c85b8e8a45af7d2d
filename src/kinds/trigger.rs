//! `CREATE TRIGGER`, on tables and on views, constraint triggers included

use crate::{
    ddl::{Action, Alter, Lock, Retype, Target, Verb},
    kinds::{PgObject, Renamed, object, sql, state},
    model::{ObjectId, Version},
};

object! {
    pub struct Trigger {
        /// As `pg_get_triggerdef` prints it.
        pub definition: String,
        /// The letter in `pg_trigger.tgenabled`.
        pub enabled: String,
        /// Declared here, not on the partitioned table above.
        pub is_local: bool,
    }
}

impl PgObject for Trigger {
    state!();
    const LABEL: &'static str = "TRIGGER";
    const RENAMED: Renamed = Renamed::ByItself(Lock::AccessExclusive);
    const COMES_BY_ATTACHING: bool = true;
    const PRINTED: &'static [&'static str] = &["definition"];
    const BLOCKS: Option<Retype> = Some(Retype::Modifier);
    const CATALOG: &'static str = "
        SELECT 'pg_trigger'::regclass::oid AS classid, t.oid AS objid, 0 AS objsubid,
               'pg_class'::regclass::oid AS parent_class, t.tgrelid AS parent_id, 0 AS parent_sub, t.tgname::text AS name,
               'pg_trigger'::regclass::oid AS implied_class, nullif(t.tgparentid, 0) AS implied_id, 0 AS implied_sub,
               pg_get_triggerdef(t.oid) AS definition, t.tgenabled::text AS enabled, t.tgparentid = 0 AS is_local
        FROM pg_trigger t
        JOIN pg_class c ON c.oid = t.tgrelid
        -- Until version 14 those of partitions count as internal.
        WHERE (NOT t.tgisinternal OR (t.tgparentid <> 0 AND t.tgconstraint = 0)) AND c.relnamespace = ANY($1)";

    fn address(id: &ObjectId) -> String {
        format!("TRIGGER {} ON {}", id.name, id.container().qualified())
    }
    fn create(&self, id: &ObjectId, _: Target) -> Vec<Action> {
        // It comes with the one above, or when its table becomes a partition.
        if !self.is_local {
            return Vec::new();
        }
        let mut actions = vec![Action::create(id, self.definition.as_str()).locks(Lock::ShareRowExclusive)];
        if self.enabled != "O" {
            actions.push(self.enable(id));
        }
        actions
    }
    fn alter(&self, id: &ObjectId, to: &Trigger, attr: Attr, target: Target) -> Alter {
        match attr {
            Attr::definition if !to.is_local => Alter::Ignore("it follows from the partitioned table above"),
            Attr::definition => match to.replacement(self, target) {
                None => Alter::Rebuild,
                Some(sql) => {
                    let replace = Action::alter(id, sql).locks(Lock::ShareRowExclusive);
                    // It comes out enabled.
                    let enable = (to.enabled != "O" && self.enabled == to.enabled).then(|| to.enable(id));
                    Alter::Do(std::iter::once(replace).chain(enable).collect())
                }
            },
            Attr::enabled => Alter::Do(vec![to.enable(id)]),
            Attr::is_local => Alter::Rebuild,
        }
    }
    fn drop(&self, id: &ObjectId) -> Vec<Action> {
        // It goes with the one above, or when its table is no longer a partition, and in no other way.
        if !self.is_local {
            return Vec::new();
        }
        let sql = format!("DROP TRIGGER {} ON {}", id.name, id.container().qualified());
        vec![Action::drop(id, sql).locks(Lock::AccessExclusive)]
    }
    fn follows(&self, parent: &Trigger) -> bool {
        self.enabled == parent.enabled
    }
}

impl Trigger {
    /// The statement that leaves no moment without a trigger; constraint triggers have none.
    fn replacement(&self, old: &Trigger, target: Target) -> Option<String> {
        let plain = |trigger: &Trigger| trigger.definition.starts_with("CREATE TRIGGER ");
        let replaceable = Version::major(14) <= target.version && plain(old) && plain(self);
        replaceable.then(|| self.definition.replacen("CREATE TRIGGER ", "CREATE OR REPLACE TRIGGER ", 1))
    }
    fn enable(&self, id: &ObjectId) -> Action {
        let clause = sql::enabled(&self.enabled, "TRIGGER", &id.name);
        sql::alter_table(Verb::Alter, id, id.container(), clause).locks(Lock::ShareRowExclusive)
    }
}
