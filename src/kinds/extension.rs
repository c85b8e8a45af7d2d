//! `CREATE EXTENSION`. Its members come with it and are no objects of their own.

use crate::{
    ddl::{Action, Alter, Loss, Risk, Target},
    kinds::{PgObject, Wants, object, state},
    model::{Ident, Literal, ObjectId},
};

object! {
    pub struct Extension {
        pub schema: String,
        /// Set where it is not the version that the server would install by itself.
        pub version: Option<String>,
        pub relocatable: bool,
        /// Whether tables belong to it.
        pub has_tables: bool,
    }
}

impl PgObject for Extension {
    state!();
    const LABEL: &'static str = "EXTENSION";
    const CATALOG: &'static str = "
        SELECT 'pg_extension'::regclass::oid AS classid, e.oid AS objid, 0 AS objsubid, e.extname::text AS name,
               n.nspname::text AS schema, e.extrelocatable AS relocatable,
               EXISTS (SELECT FROM pg_depend d JOIN pg_class c ON c.oid = d.objid
                       WHERE d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e'
                         AND d.classid = 'pg_class'::regclass AND c.relkind IN ('r', 'p')) AS has_tables,
               CASE WHEN e.extversion IS DISTINCT FROM coalesce(v.default_version, s.version) THEN e.extversion END AS version
        FROM pg_extension e
        JOIN pg_namespace n ON n.oid = e.extnamespace
        LEFT JOIN pg_available_extensions v ON v.name = e.extname
        -- One that is stood in for keeps there what a control file would say (`shadow::stub`).
        LEFT JOIN LATERAL (SELECT e.extcondition[1] AS version) s ON v.name IS NULL AND e.extconfig IS NULL
        WHERE $1::oid[] IS NOT NULL";

    fn create(&self, id: &ObjectId, _: Target) -> Vec<Action> {
        let Extension { schema, version, relocatable: _, has_tables: _ } = self;
        // The extension's own control file puts it there, and then SCHEMA is refused.
        let schema = match schema.as_str() {
            "pg_catalog" => String::new(),
            schema if id.name.raw() == schema => String::new(),
            schema => format!(" WITH SCHEMA {}", Ident::new(schema)),
        };
        let version = version.iter().map(|version| format!(" VERSION {}", Literal(version))).collect::<String>();
        vec![Action::create(id, format!("CREATE EXTENSION {}{schema}{version}", id.name))]
    }
    fn alter(&self, id: &ObjectId, to: &Extension, attr: Attr, _: Target) -> Alter {
        let clause = match attr {
            Attr::schema => match self.moves_members(id, to) {
                Some(set) => return Alter::Do(vec![set]),
                None => return Alter::Rebuild,
            },
            Attr::version => match &to.version {
                Some(version) => format!("UPDATE TO {}", Literal(version)),
                None => return Alter::Ignore("no version is asked for"),
            },
            Attr::relocatable | Attr::has_tables => return Alter::Ignore("it is a property of the installed version"),
        };
        Alter::Do(vec![Action::alter(id, format!("ALTER EXTENSION {} {clause}", id.name))])
    }
    fn moves_members(&self, id: &ObjectId, to: &Extension) -> Option<Action> {
        let set = || format!("ALTER EXTENSION {} SET SCHEMA {}", id.name, Ident::new(&to.schema));
        (self.relocatable && self.schema != to.schema).then(|| Action::alter(id, set()))
    }
    fn risks(&self, _: &ObjectId, to: Option<&Extension>) -> Vec<Risk> {
        let asked = to.filter(|to| to.version.is_some() && to.version != self.version);
        asked.map(|to| Risk::ExtensionUpgrade(self.version.clone(), to.version.clone())).into_iter().collect()
    }
    fn wants(&self, id: &ObjectId) -> Wants {
        Wants { roles: Vec::new(), extension: Some(id.name.raw().to_owned()) }
    }
    fn drop(&self, id: &ObjectId) -> Vec<Action> {
        let drop = Action::drop(id, format!("DROP EXTENSION {}", id.name));
        vec![if self.has_tables { drop.loses(Loss::Rows) } else { drop }]
    }
}
