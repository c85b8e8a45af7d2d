//! A check of a domain.

use crate::{
    ddl::{Action, Alter, Inline, Lock, Risk, Target, Verb},
    kinds::{Object, PgObject, Renamed, object, sql, state},
    model::ObjectId,
};

object! {
    pub struct DomainConstraint {
        /// As `pg_get_constraintdef` prints it.
        pub definition: String,
        pub validated: bool,
    }
}

impl PgObject for DomainConstraint {
    state!();
    const LABEL: &'static str = "CONSTRAINT";
    const RENAMED: Renamed = Renamed::AsPart("CONSTRAINT");
    const PRINTED: &'static [&'static str] = &["definition"];
    // On version 17 and later NOT NULL is a row here too; it is an attribute of the domain for all versions.
    const CATALOG: &'static str = "
        SELECT 'pg_constraint'::regclass::oid AS classid, k.oid AS objid, 0 AS objsubid,
               'pg_type'::regclass::oid AS parent_class, k.contypid AS parent_id, 0 AS parent_sub,
               k.conname::text AS name, pg_get_constraintdef(k.oid) AS definition, k.convalidated AS validated
        FROM pg_constraint k
        WHERE k.contypid <> 0 AND k.contype = 'c' AND k.connamespace = ANY($1)";

    fn address(id: &ObjectId) -> String {
        format!("CONSTRAINT {} ON DOMAIN {}", id.name, id.container().qualified())
    }
    fn create(&self, id: &ObjectId, _: Target) -> Vec<Action> {
        let clause = format!("CONSTRAINT {} {}", id.name, self.definition);
        // Only a constraint that is checked can stand in CREATE DOMAIN.
        let add = alter_domain(Verb::Create, id, format!("ADD {clause}")).locks_users(Lock::Share);
        vec![if self.validated { add.inline(Inline::Suffix(format!("\n    {clause}"))) } else { add }]
    }
    fn alter(&self, id: &ObjectId, to: &DomainConstraint, attr: Attr, _: Target) -> Alter {
        let same_check = sql::without_not_valid(&self.definition) == sql::without_not_valid(&to.definition);
        match attr {
            Attr::definition | Attr::validated if same_check && to.validated => {
                let validate = alter_domain(Verb::Alter, id, format!("VALIDATE CONSTRAINT {}", id.name));
                match attr {
                    Attr::validated => Alter::Do(vec![validate.locks_users(Lock::Share)]),
                    Attr::definition => Alter::Ignore("it is validated"),
                }
            }
            Attr::definition | Attr::validated => Alter::Rebuild,
        }
    }
    fn risks(&self, _: &ObjectId, to: Option<&DomainConstraint>) -> Vec<Risk> {
        let same =
            |to: &&DomainConstraint| sql::without_not_valid(&self.definition) == sql::without_not_valid(&to.definition);
        to.filter(|to| !same(to)).and_then(DomainConstraint::checked).into_iter().collect()
    }
    fn risks_when_new(&self, _: &ObjectId, within: Option<&Object>) -> Vec<Risk> {
        within.and_then(|_| self.checked()).into_iter().collect()
    }
    fn drop(&self, id: &ObjectId) -> Vec<Action> {
        vec![alter_domain(Verb::Drop, id, format!("DROP CONSTRAINT {}", id.name))]
    }
}

fn alter_domain(verb: Verb, id: &ObjectId, clause: String) -> Action {
    let sql = format!("ALTER DOMAIN {} {clause}", id.container().qualified());
    Action::statement(verb, id, sql)
}

impl DomainConstraint {
    /// The columns of the domain are looked through, unless PostgreSQL is told not to.
    fn checked(&self) -> Option<Risk> {
        self.validated.then(|| Risk::Validated(self.definition.clone()))
    }
}
