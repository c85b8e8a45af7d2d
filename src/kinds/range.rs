//! `CREATE TYPE … AS RANGE`

use crate::{
    ddl::{Action, Alter, Lock, Target},
    kinds::{Namespace, PgObject, Renamed, object, state},
    model::{ObjectId, Version},
};

object! {
    pub struct Range {
        pub subtype: String,
        /// Set where it is not the default for the subtype.
        pub opclass: Option<String>,
        pub collation: Option<String>,
        pub canonical: Option<String>,
        pub subtype_diff: Option<String>,
        pub multirange: Option<String>,
    }
}

impl PgObject for Range {
    state!();
    const LABEL: &'static str = "TYPE";
    const RENAMED: Renamed = Renamed::ByItself(Lock::None);
    const NAMESPACES: &'static [Namespace] = &[Namespace::Relation];
    const CAN_BE_MENTIONED: bool = true;
    const CATALOG: &'static str = "
        SELECT 'pg_type'::regclass::oid AS classid, t.oid AS objid, 0 AS objsubid,
               'pg_namespace'::regclass::oid AS parent_class, t.typnamespace AS parent_id, 0 AS parent_sub,
               t.typname::text AS name, format_type(r.rngsubtype, NULL) AS subtype,
               (SELECT format('%I.%I', n.nspname, o.opcname) FROM pg_opclass o JOIN pg_namespace n ON n.oid = o.opcnamespace
                WHERE o.oid = r.rngsubopc AND NOT o.opcdefault) AS opclass,
               (SELECT r.rngcollation::regcollation::text FROM pg_type s
                WHERE s.oid = r.rngsubtype AND r.rngcollation <> s.typcollation AND r.rngcollation <> 0) AS collation,
               CASE WHEN r.rngcanonical <> 0 THEN r.rngcanonical::regproc::text END AS canonical,
               CASE WHEN r.rngsubdiff <> 0 THEN r.rngsubdiff::regproc::text END AS subtype_diff,
               (SELECT format('%I.%I', n.nspname, m.typname) FROM pg_type m JOIN pg_namespace n ON n.oid = m.typnamespace
                WHERE m.oid = (to_jsonb(r)->>'rngmultitypid')::oid) AS multirange
        FROM pg_range r
        JOIN pg_type t ON t.oid = r.rngtypid
        WHERE t.typnamespace = ANY($1)";

    fn create(&self, id: &ObjectId, target: Target) -> Vec<Action> {
        let Range { subtype, opclass, collation, canonical, subtype_diff, multirange } = self;
        let mut options = vec![format!("SUBTYPE = {subtype}")];
        let mut option = |name: &str, value: &Option<String>| {
            options.extend(value.iter().map(|value| format!("{name} = {value}")));
        };
        option("SUBTYPE_OPCLASS", opclass);
        option("COLLATION", collation);
        option("CANONICAL", canonical);
        option("SUBTYPE_DIFF", subtype_diff);
        // Before version 14 there is none.
        option("MULTIRANGE_TYPE_NAME", if target.version < Version::major(14) { &None } else { multirange });
        vec![Action::create(
            id,
            format!("CREATE TYPE {} AS RANGE (\n    {}\n)", id.qualified(), options.join(",\n    ")),
        )]
    }
    fn alter(&self, _: &ObjectId, _: &Range, attr: Attr, _: Target) -> Alter {
        match attr {
            Attr::subtype
            | Attr::opclass
            | Attr::collation
            | Attr::canonical
            | Attr::subtype_diff
            | Attr::multirange => Alter::Rebuild,
        }
    }
    fn drop(&self, id: &ObjectId) -> Vec<Action> {
        vec![Action::drop(id, format!("DROP TYPE {}", id.qualified()))]
    }
}
