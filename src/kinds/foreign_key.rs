//! `FOREIGN KEY`

use crate::{
    ddl::{Action, Alter, Following, Inline, Lock, Retype, Risk, Strategy, Target, Verb},
    kinds::{
        Namespace, Object, PgObject, Renamed, beside,
        constraint::{self, alter_table},
        object, sql, state,
    },
    model::{ObjectId, Version},
};

object! {
    pub struct ForeignKey {
        /// As `pg_get_constraintdef` prints it.
        pub definition: String,
        pub validated: bool,
        pub is_local: bool,
        pub on_partitioned: bool,
    }
}

impl PgObject for ForeignKey {
    state!();
    const LABEL: &'static str = "CONSTRAINT";
    const RENAMED: Renamed = Renamed::AsPart("CONSTRAINT");
    const PRINTED: &'static [&'static str] = &["definition"];
    const BLOCKS: Option<Retype> = Some(Retype::Base);
    const NAMESPACES: &'static [Namespace] = &[Namespace::Constraint];
    // A key that points at a partitioned table has rows of its own for each partition, on the same table.
    const CATALOG: &'static str = "
        SELECT 'pg_constraint'::regclass::oid AS classid, k.oid AS objid, 0 AS objsubid,
               'pg_class'::regclass::oid AS parent_class, k.conrelid AS parent_id, 0 AS parent_sub,
               k.conname::text AS name,
               'pg_constraint'::regclass::oid AS implied_class, nullif(k.conparentid, 0) AS implied_id, 0 AS implied_sub,
               pg_get_constraintdef(k.oid) AS definition, k.convalidated AS validated,
               k.conparentid = 0 OR k.conislocal AS is_local, c.relkind = 'p' AS on_partitioned
        FROM pg_constraint k
        JOIN pg_class c ON c.oid = k.conrelid
        WHERE k.contype = 'f' AND c.relnamespace = ANY($1)
          AND NOT EXISTS (SELECT FROM pg_constraint p WHERE p.oid = k.conparentid AND p.conrelid = k.conrelid)";

    fn address(id: &ObjectId) -> String {
        constraint::address(id)
    }
    fn create(&self, id: &ObjectId, target: Target) -> Vec<Action> {
        let clause = format!("CONSTRAINT {} {}", id.name, self.definition);
        let add = alter_table(Verb::Create, id, format!("ADD {clause}"))
            .locks(Lock::ShareRowExclusive)
            .locks_elsewhere(Lock::ShareRowExclusive);
        // In CREATE TABLE it would count as checked, for there are no rows.
        let add = if self.validated { add.inline(Inline::Item(clause)) } else { add };
        let is_possible = !self.on_partitioned || Version::major(18) <= target.version;
        vec![match self.validated && is_possible {
            true => add.or(Strategy::NotValid, constraint::not_valid(id, &self.definition, Lock::ShareRowExclusive)),
            false => add,
        }]
    }
    fn alter(&self, id: &ObjectId, to: &ForeignKey, attr: Attr, _: Target) -> Alter {
        let same_key = sql::without_not_valid(&self.definition) == sql::without_not_valid(&to.definition);
        match attr {
            Attr::on_partitioned => Alter::Ignore("it is about the table"),
            Attr::is_local => Alter::Ignore("it follows from the parents of the table"),
            Attr::definition if same_key && to.validated => Alter::Ignore("it is validated"),
            Attr::validated if same_key && to.validated => Alter::Do(vec![constraint::validate(Verb::Alter, id)]),
            Attr::definition if self.validated == to.validated && self.without_timing() == to.without_timing() => {
                let clause = format!("ALTER CONSTRAINT {} {}", id.name, to.timing());
                Alter::Do(vec![alter_table(Verb::Alter, id, clause)])
            }
            Attr::definition | Attr::validated => Alter::Rebuild,
        }
    }
    fn since(&self) -> Option<(i32, &'static str)> {
        constraint::since(&self.definition)
    }
    fn risks(&self, _: &ObjectId, to: Option<&ForeignKey>) -> Vec<Risk> {
        // What was there before is validated by VALIDATE CONSTRAINT, which nobody has to wait for.
        let is_same = |to: &&ForeignKey| self.without_timing() == to.without_timing();
        to.filter(|to| !is_same(to)).and_then(ForeignKey::checked).into_iter().collect()
    }
    fn risks_when_new(&self, _: &ObjectId, within: Option<&Object>) -> Vec<Risk> {
        within.and_then(|_| self.checked()).into_iter().collect()
    }
    fn follow(
        &self,
        id: &ObjectId,
        (beside, it): (&ObjectId, &ForeignKey),
        _: &ForeignKey,
        target: Target,
    ) -> Result<Following, &'static str> {
        let build = it.create(beside, target);
        if it.validated && build.iter().all(|action| action.gentler.is_none()) {
            return Err("can be added under a lock only, since its table is partitioned");
        }
        // As long as the two columns are alike it makes no difference which of them it stands on.
        Ok(Following { by_itself: true, ..beside::replaced(id, self.drop(id), beside, build) })
    }
    fn drop(&self, id: &ObjectId) -> Vec<Action> {
        vec![alter_table(Verb::Drop, id, format!("DROP CONSTRAINT {}", id.name))]
    }
    fn follows(&self, parent: &ForeignKey) -> bool {
        self.definition == parent.definition
    }
}

impl ForeignKey {
    /// PostgreSQL looks at the rows that are there, unless it is told not to.
    fn checked(&self) -> Option<Risk> {
        let enforced = !sql::says(&self.definition, &["NOT", "ENFORCED"]);
        (self.validated && enforced).then(|| Risk::Validated(self.definition.clone()))
    }
    /// When it is checked is the last that `pg_get_constraintdef` prints, before `NOT VALID`.
    fn without_timing(&self) -> &str {
        let definition = sql::without_not_valid(&self.definition);
        let definition = definition.strip_suffix(" INITIALLY DEFERRED").unwrap_or(definition);
        definition.strip_suffix(" DEFERRABLE").unwrap_or(definition)
    }
    fn timing(&self) -> &'static str {
        let definition = sql::without_not_valid(&self.definition);
        match (definition.ends_with(" INITIALLY DEFERRED"), definition.ends_with(" DEFERRABLE")) {
            (true, _) => "DEFERRABLE INITIALLY DEFERRED",
            (false, true) => "DEFERRABLE INITIALLY IMMEDIATE",
            (false, false) => "NOT DEFERRABLE",
        }
    }
}
