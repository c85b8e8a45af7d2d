//! `ALTER SEQUENCE … OWNED BY`: the column that a sequence is dropped with.

use crate::{
    ddl::{Action, Alter, Following, Kept, Lock, Target},
    kinds::{PgObject, beside, object, state},
    model::ObjectId,
};

object! {
    pub struct SequenceOwner {
        /// `public.users.id`, quoted.
        pub column: String,
    }
}

impl PgObject for SequenceOwner {
    state!();
    const LABEL: &'static str = "OWNING COLUMN OF SEQUENCE";
    const IS_PROPERTY: bool = true;
    const SHARES_OWNER: bool = true;
    const CATALOG: &'static str = "
        SELECT 0::oid AS classid, 0::oid AS objid, 0 AS objsubid,
               'pg_class'::regclass::oid AS parent_class, c.oid AS parent_id, 0 AS parent_sub, ''::text AS name,
               d.refclassid AS needs_class, d.refobjid AS needs_id, d.refobjsubid AS needs_sub,
               format('%I.%I.%I', n.nspname, t.relname, a.attname) AS column
        FROM pg_class c
        JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'a'
                        AND d.refclassid = 'pg_class'::regclass AND 0 < d.refobjsubid
        JOIN pg_class t ON t.oid = d.refobjid
        JOIN pg_namespace n ON n.oid = t.relnamespace
        JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
        WHERE c.relkind = 'S' AND c.relnamespace = ANY($1)";

    fn address(id: &ObjectId) -> String {
        format!("{} {}", Self::LABEL, id.container().qualified())
    }
    fn create(&self, id: &ObjectId, _: Target) -> Vec<Action> {
        vec![Action::create(id, owned_by(id, &self.column)).locks(Lock::ShareRowExclusive)]
    }
    fn alter(&self, id: &ObjectId, to: &SequenceOwner, attr: Attr, _: Target) -> Alter {
        match attr {
            Attr::column => Alter::Do(vec![Action::alter(id, owned_by(id, &to.column)).locks(Lock::ShareRowExclusive)]),
        }
    }
    fn follow(
        &self,
        id: &ObjectId,
        _: (&ObjectId, &SequenceOwner),
        to: &SequenceOwner,
        target: Target,
    ) -> Result<Following, &'static str> {
        // Programs ask for the sequence of a column (`pg_get_serial_sequence`).
        let kept = Kept { takes_last: true, ..Kept::default() };
        let take = beside::texts(to.create(id, target));
        Ok(Following { take, kept: Some(kept), ..Following::default() })
    }
    fn drop(&self, id: &ObjectId) -> Vec<Action> {
        vec![Action::drop(id, owned_by(id, "NONE")).locks(Lock::ShareRowExclusive)]
    }
}

fn owned_by(id: &ObjectId, column: &str) -> String {
    format!("ALTER SEQUENCE {} OWNED BY {column}", id.container().qualified())
}
