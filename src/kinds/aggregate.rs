//! `CREATE AGGREGATE`: plain, ordered-set and hypothetical-set, moving

use crate::{
    ddl::{Action, Alter, Lock, Target},
    kinds::{Namespace, PgObject, Renamed, object, state},
    model::ObjectId,
};

object! {
    pub struct Aggregate {
        /// The arguments as `CREATE AGGREGATE` takes them.
        pub arguments: String,
        /// The options of `CREATE AGGREGATE`, in the order of the manual: `SFUNC = int4pl`.
        pub options: Vec<String>,
    }
}

impl PgObject for Aggregate {
    state!();
    const LABEL: &'static str = "AGGREGATE";
    const RENAMED: Renamed = Renamed::ByItself(Lock::None);
    const NAMESPACES: &'static [Namespace] = &[Namespace::Routine];
    const CAN_BE_MENTIONED: bool = true;
    const CATALOG: &'static str = "
        SELECT 'pg_proc'::regclass::oid AS classid, p.oid AS objid, 0 AS objsubid,
               'pg_namespace'::regclass::oid AS parent_class, p.pronamespace AS parent_id, 0 AS parent_sub,
               p.proname::text AS name, '(' || coalesce(nullif(pg_get_function_identity_arguments(p.oid), ''), '*') || ')' AS signature,
               coalesce(nullif(pg_get_function_arguments(p.oid), ''), '*') AS arguments,
               array_remove(ARRAY[
                   'SFUNC = ' || a.aggtransfn::regproc,
                   'STYPE = ' || format_type(a.aggtranstype, NULL),
                   'SSPACE = ' || nullif(a.aggtransspace, 0),
                   'FINALFUNC = ' || nullif(a.aggfinalfn, 0)::regproc,
                   CASE WHEN a.aggfinalextra THEN 'FINALFUNC_EXTRA' END,
                   CASE WHEN a.aggfinalfn <> 0 AND a.aggfinalmodify <> CASE a.aggkind WHEN 'n' THEN 'r' ELSE 'w' END::\"char\"
                        THEN 'FINALFUNC_MODIFY = ' || CASE a.aggfinalmodify WHEN 'r' THEN 'READ_ONLY'
                             WHEN 's' THEN 'SHAREABLE' ELSE 'READ_WRITE' END END,
                   'COMBINEFUNC = ' || nullif(a.aggcombinefn, 0)::regproc,
                   'SERIALFUNC = ' || nullif(a.aggserialfn, 0)::regproc,
                   'DESERIALFUNC = ' || nullif(a.aggdeserialfn, 0)::regproc,
                   'INITCOND = ' || quote_literal(a.agginitval),
                   'MSFUNC = ' || nullif(a.aggmtransfn, 0)::regproc,
                   'MINVFUNC = ' || nullif(a.aggminvtransfn, 0)::regproc,
                   'MSTYPE = ' || CASE WHEN a.aggmtranstype <> 0 THEN format_type(a.aggmtranstype, NULL) END,
                   'MSSPACE = ' || nullif(a.aggmtransspace, 0),
                   'MFINALFUNC = ' || nullif(a.aggmfinalfn, 0)::regproc,
                   CASE WHEN a.aggmfinalextra THEN 'MFINALFUNC_EXTRA' END,
                   CASE WHEN a.aggmfinalfn <> 0 AND a.aggmfinalmodify <> CASE a.aggkind WHEN 'n' THEN 'r' ELSE 'w' END::\"char\"
                        THEN 'MFINALFUNC_MODIFY = ' || CASE a.aggmfinalmodify WHEN 'r' THEN 'READ_ONLY'
                             WHEN 's' THEN 'SHAREABLE' ELSE 'READ_WRITE' END END,
                   'MINITCOND = ' || quote_literal(a.aggminitval),
                   'SORTOP = OPERATOR(' || (SELECT format('%I.%s', n.nspname, o.oprname) FROM pg_operator o
                       JOIN pg_namespace n ON n.oid = o.oprnamespace WHERE o.oid = a.aggsortop) || ')',
                   CASE p.proparallel WHEN 's' THEN 'PARALLEL = SAFE' WHEN 'r' THEN 'PARALLEL = RESTRICTED' END,
                   CASE WHEN a.aggkind = 'h' THEN 'HYPOTHETICAL' END], NULL) AS options
        FROM pg_aggregate a
        JOIN pg_proc p ON p.oid = a.aggfnoid
        WHERE p.pronamespace = ANY($1)";

    fn create(&self, id: &ObjectId, _: Target) -> Vec<Action> {
        vec![Action::create(id, self.definition("CREATE", id))]
    }
    fn alter(&self, id: &ObjectId, to: &Aggregate, attr: Attr, _: Target) -> Alter {
        match attr {
            Attr::options if self.arguments == to.arguments && self.shape() == to.shape() => {
                Alter::Do(vec![Action::alter(id, to.definition("CREATE OR REPLACE", id))])
            }
            Attr::arguments | Attr::options => Alter::Rebuild,
        }
    }
    fn drop(&self, id: &ObjectId) -> Vec<Action> {
        vec![Action::drop(id, format!("DROP AGGREGATE {}", id.qualified()))]
    }
}

impl Aggregate {
    fn definition(&self, verb: &str, id: &ObjectId) -> String {
        let Aggregate { arguments, options } = self;
        let name = format!("{}.{}", id.container().name, id.name);
        format!("{verb} AGGREGATE {name}({arguments}) (\n    {}\n)", options.join(",\n    "))
    }
    /// What its sort and the type of its result follow from, which PostgreSQL does not replace.
    fn shape(&self) -> Vec<&String> {
        let decides = |option: &&String| {
            ["STYPE = ", "FINALFUNC = ", "FINALFUNC_EXTRA", "HYPOTHETICAL"].iter().any(|it| option.starts_with(it))
        };
        self.options.iter().filter(decides).collect()
    }
}
