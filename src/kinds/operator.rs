//! `CREATE OPERATOR`

use crate::{
    ddl::{Action, Alter, Target},
    kinds::{PgObject, object, state},
    model::{ObjectId, Version},
};

object! {
    pub struct Operator {
        pub function: String,
        pub left: Option<String>,
        pub right: Option<String>,
        /// `OPERATOR(public.<)`
        pub commutator: Option<String>,
        pub negator: Option<String>,
        pub restrict: Option<String>,
        pub join: Option<String>,
        pub hashes: bool,
        pub merges: bool,
    }
}

impl PgObject for Operator {
    state!();
    const LABEL: &'static str = "OPERATOR";
    // One without a function is only mentioned by another, as its commutator or negator.
    const CATALOG: &'static str = "
        SELECT 'pg_operator'::regclass::oid AS classid, o.oid AS objid, 0 AS objsubid,
               'pg_namespace'::regclass::oid AS parent_class, o.oprnamespace AS parent_id, 0 AS parent_sub,
               o.oprname::text AS name,
               format('(%s, %s)', coalesce(t.left, 'NONE'), coalesce(t.right, 'NONE')) AS signature,
               o.oprcode::regproc::text AS function, t.left, t.right,
               (SELECT format('OPERATOR(%I.%s)', n.nspname, c.oprname) FROM pg_operator c
                JOIN pg_namespace n ON n.oid = c.oprnamespace WHERE c.oid = o.oprcom) AS commutator,
               (SELECT format('OPERATOR(%I.%s)', n.nspname, c.oprname) FROM pg_operator c
                JOIN pg_namespace n ON n.oid = c.oprnamespace WHERE c.oid = o.oprnegate) AS negator,
               CASE WHEN o.oprrest <> 0 THEN o.oprrest::regproc::text END AS restrict,
               CASE WHEN o.oprjoin <> 0 THEN o.oprjoin::regproc::text END AS join,
               o.oprcanhash AS hashes, o.oprcanmerge AS merges
        FROM pg_operator o
        CROSS JOIN LATERAL (SELECT CASE WHEN o.oprleft <> 0 THEN format_type(o.oprleft, NULL) END AS left,
                                   CASE WHEN o.oprright <> 0 THEN format_type(o.oprright, NULL) END AS right) t
        WHERE o.oprcode <> 0 AND o.oprnamespace = ANY($1)";

    fn address(id: &ObjectId) -> String {
        format!("{} {}.{} {}", Self::LABEL, id.container().name, id.name.raw(), id.signature)
    }
    fn create(&self, id: &ObjectId, _: Target) -> Vec<Action> {
        let Operator { function, left, right, commutator, negator, restrict, join, hashes, merges } = self;
        let mut options = vec![format!("FUNCTION = {function}")];
        let mut option = |name: &str, value: &Option<String>| {
            options.extend(value.iter().map(|value| format!("{name} = {value}")));
        };
        option("LEFTARG", left);
        option("RIGHTARG", right);
        option("COMMUTATOR", commutator);
        option("NEGATOR", negator);
        option("RESTRICT", restrict);
        option("JOIN", join);
        options.extend(hashes.then(|| "HASHES".to_owned()));
        options.extend(merges.then(|| "MERGES".to_owned()));
        let name = format!("{}.{}", id.container().name, id.name.raw());
        vec![Action::create(id, format!("CREATE OPERATOR {name} (\n    {}\n)", options.join(",\n    ")))]
    }
    fn alter(&self, id: &ObjectId, to: &Operator, attr: Attr, target: Target) -> Alter {
        // Since version 17 what is not set can be set, once.
        let settable = Version::major(17) <= target.version;
        let setting = match (attr, &to.commutator, &to.negator) {
            (Attr::restrict, ..) => format!("RESTRICT = {}", to.restrict.as_deref().unwrap_or("NONE")),
            (Attr::join, ..) => format!("JOIN = {}", to.join.as_deref().unwrap_or("NONE")),
            (Attr::commutator, Some(name), _) if settable && self.commutator.is_none() => {
                format!("COMMUTATOR = {name}")
            }
            (Attr::negator, _, Some(name)) if settable && self.negator.is_none() => format!("NEGATOR = {name}"),
            (Attr::hashes, ..) if settable && to.hashes => "HASHES".to_owned(),
            (Attr::merges, ..) if settable && to.merges => "MERGES".to_owned(),
            (Attr::commutator | Attr::negator | Attr::hashes | Attr::merges, ..) => return Alter::Rebuild,
            (Attr::function | Attr::left | Attr::right, ..) => return Alter::Rebuild,
        };
        Alter::Do(vec![Action::alter(id, format!("ALTER {id} SET ({setting})"))])
    }
    fn drop(&self, id: &ObjectId) -> Vec<Action> {
        vec![Action::drop(id, format!("DROP {id}"))]
    }
}
