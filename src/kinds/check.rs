//! `CHECK`, on a table. A domain's checks are a kind of their own.

use crate::{
    ddl::{Action, Alter, Following, Inline, Lock, Obstacle, Risk, Strategy, Target, Verb},
    kinds::{
        Namespace, Object, PgObject, Renamed, beside,
        constraint::{self, alter_table},
        object, sql, state,
    },
    model::ObjectId,
};

object! {
    pub struct Check {
        /// As `pg_get_constraintdef` prints it.
        pub definition: String,
        pub validated: bool,
        /// Declared here, not only in a parent.
        pub is_local: bool,
        pub parents: i32,
    }
}

impl PgObject for Check {
    state!();
    const LABEL: &'static str = "CONSTRAINT";
    const RENAMED: Renamed = Renamed::AsPart("CONSTRAINT");
    const PRECEDES_ATTACHING: bool = true;
    const PRINTED: &'static [&'static str] = &["definition"];
    const NAMESPACES: &'static [Namespace] = &[Namespace::Constraint];
    const CATALOG: &'static str = "
        SELECT 'pg_constraint'::regclass::oid AS classid, k.oid AS objid, 0 AS objsubid,
               'pg_class'::regclass::oid AS parent_class, k.conrelid AS parent_id, 0 AS parent_sub,
               k.conname::text AS name,
               'pg_constraint'::regclass::oid AS implied_class, p.oid AS implied_id, 0 AS implied_sub,
               pg_get_constraintdef(k.oid) AS definition, k.convalidated AS validated,
               k.conislocal AS is_local, k.coninhcount::int4 AS parents
        FROM pg_constraint k
        JOIN pg_class c ON c.oid = k.conrelid
        LEFT JOIN LATERAL (
            SELECT pk.oid FROM pg_inherits i JOIN pg_constraint pk ON pk.conrelid = i.inhparent AND pk.contype = 'c'
            WHERE i.inhrelid = k.conrelid AND pk.conname = k.conname
            ORDER BY i.inhseqno LIMIT 1) p ON true
        WHERE k.contype = 'c' AND c.relnamespace = ANY($1)";

    fn address(id: &ObjectId) -> String {
        constraint::address(id)
    }
    fn create(&self, id: &ObjectId, _: Target) -> Vec<Action> {
        let clause = format!("CONSTRAINT {} {}", id.name, self.definition);
        let add = alter_table(Verb::Create, id, format!("ADD {clause}"));
        // In CREATE TABLE it would count as checked, for there are no rows.
        if !self.validated {
            return vec![add];
        }
        let [bare, validate] = constraint::not_valid(id, &self.definition, Lock::AccessExclusive);
        let broken = self.broken(id);
        let (add, validate) = (add.fails_if(broken.clone()), validate.fails_if(broken));
        vec![add.inline(Inline::Item(clause)).or(Strategy::NotValid, [bare, validate])]
    }
    fn alter(&self, id: &ObjectId, to: &Check, attr: Attr, _: Target) -> Alter {
        let same_check = sql::without_not_valid(&self.definition) == sql::without_not_valid(&to.definition);
        match attr {
            Attr::is_local | Attr::parents => Alter::Ignore("it follows from the parents of the table"),
            Attr::definition if same_check && to.validated => Alter::Ignore("it is validated"),
            Attr::validated if same_check && to.validated => {
                let validate = alter_table(Verb::Alter, id, format!("VALIDATE CONSTRAINT {}", id.name));
                Alter::Do(vec![validate.locks(Lock::ShareUpdateExclusive)])
            }
            Attr::definition | Attr::validated => Alter::Rebuild,
        }
    }
    fn since(&self) -> Option<(i32, &'static str)> {
        constraint::since(&self.definition)
    }
    fn out_of_reach(&self, to: &Check) -> Option<&'static str> {
        sql::declaration((self.is_local, self.parents), (to.is_local, to.parents))
    }
    fn risks(&self, _: &ObjectId, to: Option<&Check>) -> Vec<Risk> {
        // What was there before is validated by VALIDATE CONSTRAINT, which nobody has to wait for.
        let is_same = |to: &&Check| sql::without_not_valid(&self.definition) == sql::without_not_valid(&to.definition);
        to.filter(|to| !is_same(to)).and_then(Check::checked).into_iter().collect()
    }
    fn risks_when_new(&self, _: &ObjectId, within: Option<&Object>) -> Vec<Risk> {
        within.and_then(|_| self.checked()).into_iter().collect()
    }
    fn follow(
        &self,
        id: &ObjectId,
        (beside, it): (&ObjectId, &Check),
        _: &Check,
        target: Target,
    ) -> Result<Following, &'static str> {
        Ok(beside::replaced(id, self.drop(id), beside, it.create(beside, target)))
    }
    fn drop(&self, id: &ObjectId) -> Vec<Action> {
        vec![alter_table(Verb::Drop, id, format!("DROP CONSTRAINT {}", id.name))]
    }
    fn is_own(&self) -> bool {
        self.is_local
    }
    fn follows(&self, parent: &Check) -> bool {
        self.definition == parent.definition
    }
}

impl Check {
    /// Rows that it does not admit.
    fn broken(&self, id: &ObjectId) -> Option<Obstacle> {
        let expression = sql::without_not_valid(&self.definition).strip_prefix("CHECK ")?;
        let expression = expression.strip_suffix(" NO INHERIT").unwrap_or(expression);
        self.checked().map(|_| Obstacle::outside(id, &format!("rows break the check {}", id.name), expression))
    }
    /// PostgreSQL looks at the rows that are there, unless it is told not to.
    fn checked(&self) -> Option<Risk> {
        let enforced = !sql::says(&self.definition, &["NOT", "ENFORCED"]);
        (self.validated && enforced).then(|| Risk::Validated(self.definition.clone()))
    }
}
