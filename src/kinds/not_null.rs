//! The constraint behind NOT NULL, where it is not as `NOT NULL` alone makes it (version 18 and later)

use crate::{
    ddl::{Action, Alter, Following, Lock, Target, Verb},
    kinds::{PgObject, beside, object, sql, state},
    model::{Ident, ObjectId, Version},
};

object! {
    pub struct NotNull {
        /// The name that PostgreSQL would have given it.
        pub plain: String,
        pub no_inherit: bool,
        pub validated: bool,
    }
}

impl PgObject for NotNull {
    state!();
    const LABEL: &'static str = "CONSTRAINT";
    // It is renamed back to what it is by itself, and keeps its comment.
    const TAKES_CONTENTS_ALONG: bool = false;
    const CATALOG: &'static str = "
        SELECT 'pg_constraint'::regclass::oid AS classid, k.oid AS objid, 0 AS objsubid,
               'pg_class'::regclass::oid AS parent_class, c.oid AS parent_id, k.conkey[1]::int4 AS parent_sub,
               k.conname::text AS name, p.plain, k.connoinherit AS no_inherit,
               k.convalidated AS validated
        FROM pg_constraint k
        JOIN pg_class c ON c.oid = k.conrelid
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.conkey[1],
             LATERAL (SELECT c.relname || '_' || a.attname || '_not_null' AS long) l,
             -- What is cut off of a long name is PostgreSQL's to say: there, every name counts as its own.
             LATERAL (SELECT CASE WHEN octet_length(l.long) < 64 THEN l.long ELSE k.conname::text END AS plain) p
        WHERE k.contype = 'n' AND k.conislocal AND c.relkind IN ('r', 'p', 'f') AND c.relnamespace = ANY($1)
          -- That of a partition cannot be renamed once the partitioned table has it too.
          AND (k.connoinherit OR NOT k.convalidated OR (k.conname <> p.plain AND NOT c.relispartition)
               OR EXISTS (SELECT FROM pg_description d WHERE d.classoid = 'pg_constraint'::regclass AND d.objoid = k.oid))";

    fn address(id: &ObjectId) -> String {
        format!("{} {} ON {}", Self::LABEL, id.name, id.container().container().qualified())
    }
    fn create(&self, id: &ObjectId, target: Target) -> Vec<Action> {
        if target.version < Version::major(18) {
            return Vec::new();
        }
        if !self.validated {
            let column = &id.container().name;
            let inherit = if self.no_inherit { " NO INHERIT" } else { "" };
            let clause = format!("ADD CONSTRAINT {} NOT NULL {column}{inherit} NOT VALID", id.name);
            return vec![alter_table(Verb::Create, id, clause)];
        }
        let renamed = rename(Verb::Create, id, &Ident::new(&self.plain), &id.name);
        renamed.into_iter().chain(self.no_inherit.then(|| self.inherit(Verb::Create, id))).collect()
    }
    fn alter(&self, id: &ObjectId, to: &NotNull, attr: Attr, _: Target) -> Alter {
        Alter::Do(match attr {
            Attr::plain => return Alter::Ignore("it follows from the names of table and column"),
            Attr::no_inherit => vec![to.inherit(Verb::Alter, id)],
            Attr::validated if to.validated => {
                let validate = alter_table(Verb::Alter, id, format!("VALIDATE CONSTRAINT {}", id.name));
                vec![validate.locks(Lock::ShareUpdateExclusive)]
            }
            Attr::validated => return Alter::Rebuild,
        })
    }
    fn since(&self) -> Option<(i32, &'static str)> {
        // An older server takes the name, and forgets it.
        (!self.validated || self.no_inherit).then_some((18, "NOT NULL that is NOT VALID or NO INHERIT"))
    }
    // The successor's is called as it is by itself by then.
    fn follow(
        &self,
        id: &ObjectId,
        _: (&ObjectId, &NotNull),
        to: &NotNull,
        target: Target,
    ) -> Result<Following, &'static str> {
        match self.validated && to.validated {
            true => Ok(Following { take: beside::texts(to.create(id, target)), ..Following::default() }),
            false => Err("is not valid"),
        }
    }
    fn drop(&self, id: &ObjectId) -> Vec<Action> {
        if !self.validated {
            return vec![alter_table(Verb::Drop, id, format!("DROP CONSTRAINT {}", id.name))];
        }
        let plain = NotNull { no_inherit: false, ..self.clone() };
        let inherits = self.no_inherit.then(|| plain.inherit(Verb::Drop, id));
        inherits.into_iter().chain(rename(Verb::Drop, id, &id.name, &Ident::new(&self.plain))).collect()
    }
}

impl NotNull {
    fn inherit(&self, verb: Verb, id: &ObjectId) -> Action {
        let inherit = if self.no_inherit { "NO INHERIT" } else { "INHERIT" };
        alter_table(verb, id, format!("ALTER CONSTRAINT {} {inherit}", id.name))
    }
}

/// PostgreSQL does not join it with other clauses.
fn rename(verb: Verb, id: &ObjectId, from: &Ident, to: &Ident) -> Option<Action> {
    let table = id.container().container().qualified();
    let sql = format!("ALTER TABLE {table} RENAME CONSTRAINT {from} TO {to}");
    (from != to).then(|| Action::statement(verb, id, sql).locks(Lock::AccessExclusive))
}

fn alter_table(verb: Verb, id: &ObjectId, clause: String) -> Action {
    sql::alter_table(verb, id, id.container().container(), clause).locks(Lock::AccessExclusive)
}
