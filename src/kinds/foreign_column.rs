//! What a foreign data wrapper is told about a column of a foreign table.

use crate::{
    ddl::{Action, Alter, Lock, Target, Verb},
    kinds::{PgObject, foreign_options, object, state},
    model::ObjectId,
};

object! {
    pub struct ForeignColumn {
        pub options: Vec<String>,
        /// The names of options whose values are not read.
        pub secrets: Vec<String>,
    }
}

impl PgObject for ForeignColumn {
    state!();
    const LABEL: &'static str = "FOREIGN OPTIONS";
    const CATALOG: &'static str = concat!("
        SELECT 0::oid AS classid, 0::oid AS objid, 0 AS objsubid,
               'pg_class'::regclass::oid AS parent_class, a.attrelid AS parent_id, a.attnum::int4 AS parent_sub, ''::text AS name,
               ", foreign_options::columns!("a.attfdwoptions"), "
        FROM pg_attribute a
        JOIN pg_class c ON c.oid = a.attrelid
        WHERE a.attfdwoptions IS NOT NULL AND NOT a.attisdropped AND c.relnamespace = ANY($1)");

    fn address(id: &ObjectId) -> String {
        format!("{} OF {}", Self::LABEL, id.container())
    }
    fn create(&self, id: &ObjectId, _: Target) -> Vec<Action> {
        let set = foreign_options::change(&[], &self.options).map(|clause| alter(Verb::Create, id, &clause));
        set.into_iter().chain(foreign_options::leave_secrets(id, &alter_column(id), &[], &self.secrets)).collect()
    }
    fn alter(&self, id: &ObjectId, to: &ForeignColumn, attr: Attr, _: Target) -> Alter {
        let (clause, left) = match attr {
            Attr::options => (foreign_options::change(&self.options, &to.options), None),
            Attr::secrets => (
                foreign_options::drop_secrets(&self.secrets, &to.secrets),
                foreign_options::leave_secrets(id, &alter_column(id), &self.secrets, &to.secrets),
            ),
        };
        Alter::Do(clause.map(|clause| alter(Verb::Alter, id, &clause)).into_iter().chain(left).collect())
    }
    fn drop(&self, id: &ObjectId) -> Vec<Action> {
        let options = foreign_options::change(&self.options, &[]);
        let secrets = foreign_options::drop_secrets(&self.secrets, &[]);
        options.into_iter().chain(secrets).map(|clause| alter(Verb::Drop, id, &clause)).collect()
    }
}

fn alter(verb: Verb, id: &ObjectId, clause: &str) -> Action {
    let column = id.container();
    let clause = format!("ALTER COLUMN {} {clause}", column.name);
    Action::clause(verb, id, alter_table(id), clause, ",").locks(Lock::AccessExclusive)
}

fn alter_table(id: &ObjectId) -> String {
    format!("ALTER FOREIGN TABLE {}", id.container().container().qualified())
}

fn alter_column(id: &ObjectId) -> String {
    format!("{} ALTER COLUMN {}", alter_table(id), id.container().name)
}
