//! `CREATE CONVERSION`

use crate::{
    ddl::{Action, Alter, Lock, Target},
    kinds::{PgObject, Renamed, object, state},
    model::{Literal, ObjectId},
};

object! {
    pub struct Conversion {
        pub source: String,
        pub destination: String,
        pub function: String,
        pub is_default: bool,
    }
}

impl PgObject for Conversion {
    state!();
    const LABEL: &'static str = "CONVERSION";
    const RENAMED: Renamed = Renamed::ByItself(Lock::None);
    const CATALOG: &'static str = "
        SELECT 'pg_conversion'::regclass::oid AS classid, c.oid AS objid, 0 AS objsubid,
               'pg_namespace'::regclass::oid AS parent_class, c.connamespace AS parent_id, 0 AS parent_sub,
               c.conname::text AS name, pg_encoding_to_char(c.conforencoding)::text AS source,
               pg_encoding_to_char(c.contoencoding)::text AS destination, c.conproc::regproc::text AS function,
               c.condefault AS is_default
        FROM pg_conversion c
        WHERE c.connamespace = ANY($1)";

    fn create(&self, id: &ObjectId, _: Target) -> Vec<Action> {
        let Conversion { source, destination, function, is_default } = self;
        let default = if *is_default { "DEFAULT " } else { "" };
        let (source, destination) = (Literal(source), Literal(destination));
        vec![Action::create(id, format!("CREATE {default}{id} FOR {source} TO {destination} FROM {function}"))]
    }
    fn alter(&self, _: &ObjectId, _: &Conversion, attr: Attr, _: Target) -> Alter {
        match attr {
            Attr::source | Attr::destination | Attr::function | Attr::is_default => Alter::Rebuild,
        }
    }
    fn drop(&self, id: &ObjectId) -> Vec<Action> {
        vec![Action::drop(id, format!("DROP {id}"))]
    }
}
