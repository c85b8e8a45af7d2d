//! `CREATE OPERATOR CLASS`, with the operators and functions that it cannot be without

use crate::{
    ddl::{Action, Alter, Lock, Target},
    kinds::{PgObject, Renamed, object, state},
    model::ObjectId,
};

object! {
    pub struct OperatorClass {
        pub data_type: String,
        pub is_default: bool,
        pub method: String,
        pub family: String,
        /// `OPERATOR 1 <(integer,integer)`, `FUNCTION 1 btint4cmp(integer,integer)`, `STORAGE integer`
        pub items: Vec<String>,
    }
}

impl PgObject for OperatorClass {
    state!();
    const LABEL: &'static str = "OPERATOR CLASS";
    const RENAMED: Renamed = Renamed::ByItself(Lock::None);
    const CATALOG: &'static str = "
        SELECT 'pg_opclass'::regclass::oid AS classid, c.oid AS objid, 0 AS objsubid,
               'pg_namespace'::regclass::oid AS parent_class, c.opcnamespace AS parent_id, 0 AS parent_sub,
               c.opcname::text AS name, ' USING ' || quote_ident(a.amname) AS signature,
               format_type(c.opcintype, NULL) AS data_type, c.opcdefault AS is_default, quote_ident(a.amname) AS method,
               (SELECT format('%I.%I', n.nspname, f.opfname) FROM pg_opfamily f JOIN pg_namespace n ON n.oid = f.opfnamespace
                WHERE f.oid = c.opcfamily) AS family,
               ARRAY(SELECT format('OPERATOR %s %s', o.amopstrategy, o.amopopr::regoperator) ||
                            (SELECT format(' FOR ORDER BY %I.%I', n.nspname, f.opfname) FROM pg_opfamily f
                             JOIN pg_namespace n ON n.oid = f.opfnamespace WHERE f.oid = o.amopsortfamily
                             UNION ALL SELECT '' LIMIT 1)
                     FROM pg_depend d JOIN pg_amop o ON o.oid = d.objid
                     WHERE d.classid = 'pg_amop'::regclass AND d.refclassid = 'pg_opclass'::regclass AND d.refobjid = c.oid
                       AND d.deptype = 'i'
                     ORDER BY o.amopstrategy, o.amoplefttype::regtype::text, o.amoprighttype::regtype::text) ||
               ARRAY(SELECT format('FUNCTION %s (%s, %s) %s', p.amprocnum, format_type(p.amproclefttype, NULL),
                                   format_type(p.amprocrighttype, NULL), p.amproc::oid::regprocedure)
                     FROM pg_depend d JOIN pg_amproc p ON p.oid = d.objid
                     WHERE d.classid = 'pg_amproc'::regclass AND d.refclassid = 'pg_opclass'::regclass AND d.refobjid = c.oid
                       AND d.deptype = 'i'
                     ORDER BY p.amprocnum, p.amproclefttype::regtype::text, p.amprocrighttype::regtype::text) ||
               CASE WHEN c.opckeytype <> 0 THEN ARRAY['STORAGE ' || format_type(c.opckeytype, NULL)] ELSE '{}' END AS items
        FROM pg_opclass c
        JOIN pg_am a ON a.oid = c.opcmethod
        WHERE c.opcnamespace = ANY($1)";

    fn create(&self, id: &ObjectId, _: Target) -> Vec<Action> {
        let OperatorClass { data_type, is_default, method, family, items } = self;
        let name = format!("{}.{}", id.container().name, id.name);
        let default = if *is_default { " DEFAULT" } else { "" };
        // The statement wants an item; the type itself is what is stored anyway.
        let items = if items.is_empty() { format!("STORAGE {data_type}") } else { items.join(",\n    ") };
        let head = format!("CREATE OPERATOR CLASS {name}{default} FOR TYPE {data_type} USING {method} FAMILY {family}");
        vec![Action::create(id, format!("{head} AS\n    {items}"))]
    }
    fn alter(&self, _: &ObjectId, _: &OperatorClass, attr: Attr, _: Target) -> Alter {
        match attr {
            Attr::data_type | Attr::is_default | Attr::method | Attr::family | Attr::items => Alter::Rebuild,
        }
    }
    fn drop(&self, id: &ObjectId) -> Vec<Action> {
        vec![Action::drop(id, format!("DROP {id}"))]
    }
}
