//! An attribute of a composite type.

use crate::{
    ddl::{Action, Alter, Inline, Lock, Loss, Retype, Rewrite, Survival, Target, Verb},
    kinds::{PgObject, Rebuilt, Renamed, composite::stored_types, object, state},
    model::ObjectId,
};

object! {
    pub struct Attribute {
        pub position: i16,
        pub data_type: String,
        pub collation: Option<String>,
        /// Whether a column holds values of the composite type.
        pub stored: bool,
    }
}

impl PgObject for Attribute {
    state!();
    const LABEL: &'static str = "COLUMN";
    const RENAMED: Renamed = Renamed::AsPart("ATTRIBUTE");
    const PRECEDES_ATTACHING: bool = true;
    const CATALOG: &'static str = concat!(
        stored_types!(),
        "
        SELECT 'pg_class'::regclass::oid AS classid, c.oid AS objid, a.attnum::int4 AS objsubid,
               'pg_class'::regclass::oid AS parent_class, c.oid AS parent_id, 0 AS parent_sub,
               a.attname::text AS name, row_number() OVER (PARTITION BY c.oid ORDER BY a.attnum)::int2 AS position,
               format_type(a.atttypid, a.atttypmod) AS data_type,
               CASE WHEN a.attcollation <> t.typcollation THEN a.attcollation::regcollation::text END AS collation,
               c.reltype IN (SELECT oid FROM stored) AS stored
        FROM pg_attribute a
        JOIN pg_class c ON c.oid = a.attrelid
        JOIN pg_type t ON t.oid = a.atttypid
        WHERE c.relkind = 'c' AND 0 < a.attnum AND NOT a.attisdropped AND c.relnamespace = ANY($1)"
    );

    fn address(id: &ObjectId) -> String {
        format!("{} {}.{}", Self::LABEL, id.container().qualified(), id.name)
    }
    fn create(&self, id: &ObjectId, _: Target) -> Vec<Action> {
        let definition = format!("{} {}", id.name, self.typed());
        vec![
            alter_type(Verb::Create, id, format!("ADD ATTRIBUTE {definition} CASCADE"))
                .inline(Inline::Item(definition))
                .at(self.position),
        ]
    }
    fn alter(&self, id: &ObjectId, to: &Attribute, attr: Attr, _: Target) -> Alter {
        match attr {
            Attr::position => Alter::Ignore("the type says where its attributes stand"),
            Attr::stored => Alter::Ignore("it is about the tables that use the type"),
            Attr::data_type | Attr::collation if self.stored => Alter::Rebuild,
            Attr::collation if self.data_type != to.data_type => Alter::Ignore("it is set with the type"),
            Attr::data_type | Attr::collation => {
                Alter::Displace { actions: vec![to.retype(id)], change: Retype::Conversion }
            }
        }
    }
    fn drop(&self, id: &ObjectId) -> Vec<Action> {
        vec![alter_type(Verb::Drop, id, format!("DROP ATTRIBUTE {} CASCADE", id.name)).loses(Loss::Values)]
    }
    fn data_type(&self) -> Option<&str> {
        Some(&self.data_type)
    }
    // Dropped by itself, it would take its part of every value along.
    fn is_rebuilt_whole(&self) -> bool {
        self.stored
    }
    fn survive(&self, id: &ObjectId, to: &Attribute, _: &Rebuilt) -> Survival {
        match self.stored {
            true => Survival::Whole,
            false => Survival::Moved(vec![to.retype(id)]),
        }
    }
}

impl Attribute {
    fn typed(&self) -> String {
        let collation = self.collation.iter().map(|name| format!(" COLLATE {name}")).collect::<String>();
        format!("{}{collation}", self.data_type)
    }
    fn retype(&self, id: &ObjectId) -> Action {
        alter_type(Verb::Alter, id, format!("ALTER ATTRIBUTE {} TYPE {} CASCADE", id.name, self.typed()))
    }
}

fn alter_type(verb: Verb, id: &ObjectId, clause: String) -> Action {
    let head = format!("ALTER TYPE {}", id.container().qualified());
    // Tables of this type, if there are any, change with it.
    Action::clause(verb, id, head, clause, ",").locks_users(Lock::AccessExclusive).rewrites(Rewrite::Perhaps)
}
