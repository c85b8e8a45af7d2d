//! `CREATE TYPE name`: the shell that the functions of a base type need before there is the type. It may stay one.

use crate::{
    ddl::{Action, Alter, Loss, Target},
    kinds::{Namespace, PgObject, object, state},
    model::ObjectId,
};

object! {
    pub struct ShellType {
        /// Whether a definition completes it.
        pub defined: bool,
    }
}

impl PgObject for ShellType {
    state!();
    const LABEL: &'static str = "TYPE";
    const NAMESPACES: &'static [Namespace] = &[Namespace::Relation];
    // The address of a type that is defined belongs to its definition.
    const CATALOG: &'static str = "
        SELECT 'pg_type'::regclass::oid AS classid, t.oid AS objid, CASE WHEN t.typisdefined THEN -1 ELSE 0 END AS objsubid,
               'pg_namespace'::regclass::oid AS parent_class, t.typnamespace AS parent_id, 0 AS parent_sub,
               t.typname::text AS name, t.typisdefined AS defined
        FROM pg_type t
        WHERE (t.typtype = 'b' OR (t.typtype = 'p' AND NOT t.typisdefined)) AND t.typnamespace = ANY($1)
          AND NOT EXISTS (SELECT FROM pg_type e WHERE e.typarray = t.oid)";

    fn create(&self, id: &ObjectId, _: Target) -> Vec<Action> {
        vec![Action::create(id, format!("CREATE {id}"))]
    }
    fn alter(&self, _: &ObjectId, to: &ShellType, attr: Attr, _: Target) -> Alter {
        match attr {
            Attr::defined if to.defined => Alter::Ignore("it is the definition that is added"),
            Attr::defined => Alter::Rebuild,
        }
    }
    fn drop(&self, id: &ObjectId) -> Vec<Action> {
        match self.defined {
            // The type and the functions that read and write it need each other; nothing else is left by then.
            true => vec![Action::drop(id, format!("DROP {id} CASCADE")).loses(Loss::Values)],
            false => vec![Action::drop(id, format!("DROP {id}"))],
        }
    }
}
