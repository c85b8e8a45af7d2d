//! `CREATE RULE`. The rule that makes a view is the view.

use crate::{
    ddl::{Action, Alter, Lock, Retype, Target, Verb},
    kinds::{PgObject, Renamed, object, sql, state},
    model::ObjectId,
};

object! {
    pub struct Rule {
        /// As `pg_get_ruledef` prints it.
        pub definition: String,
        /// The letter in `pg_rewrite.ev_enabled`.
        pub enabled: String,
    }
}

impl PgObject for Rule {
    state!();
    const LABEL: &'static str = "RULE";
    const RENAMED: Renamed = Renamed::ByItself(Lock::AccessExclusive);
    const PRINTED: &'static [&'static str] = &["definition"];
    const BLOCKS: Option<Retype> = Some(Retype::Modifier);
    const CATALOG: &'static str = "
        SELECT 'pg_rewrite'::regclass::oid AS classid, r.oid AS objid, 0 AS objsubid,
               'pg_class'::regclass::oid AS parent_class, r.ev_class AS parent_id, 0 AS parent_sub, r.rulename::text AS name,
               pg_get_ruledef(r.oid) AS definition, r.ev_enabled::text AS enabled
        FROM pg_rewrite r
        JOIN pg_class c ON c.oid = r.ev_class
        WHERE r.rulename <> '_RETURN' AND c.relnamespace = ANY($1)";

    fn address(id: &ObjectId) -> String {
        format!("RULE {} ON {}", id.name, id.container().qualified())
    }
    fn create(&self, id: &ObjectId, _: Target) -> Vec<Action> {
        let definition = sql::trimmed(&self.definition);
        let mut actions = vec![Action::create(id, definition).locks(Lock::AccessExclusive)];
        if self.enabled != "O" {
            actions.push(self.enable(id));
        }
        actions
    }
    fn alter(&self, id: &ObjectId, to: &Rule, attr: Attr, _: Target) -> Alter {
        match attr {
            Attr::definition => {
                let replace = sql::trimmed(&to.definition).replacen("CREATE RULE ", "CREATE OR REPLACE RULE ", 1);
                Alter::Do(vec![Action::alter(id, replace).locks(Lock::AccessExclusive)])
            }
            Attr::enabled => Alter::Do(vec![to.enable(id)]),
        }
    }
    fn drop(&self, id: &ObjectId) -> Vec<Action> {
        let sql = format!("DROP RULE {} ON {}", id.name, id.container().qualified());
        vec![Action::drop(id, sql).locks(Lock::AccessExclusive)]
    }
}

impl Rule {
    fn enable(&self, id: &ObjectId) -> Action {
        let clause = sql::enabled(&self.enabled, "RULE", &id.name);
        sql::alter_table(Verb::Alter, id, id.container(), clause).locks(Lock::AccessExclusive)
    }
}
