//! `SECURITY DEFINER` comes with a `search_path` (PostgreSQL manual, `CREATE FUNCTION`, "Writing SECURITY DEFINER Functions
//! Safely").

use crate::policy::Rule;

pub(super) const RULE: Rule = Rule {
    name: "definer-search-path",
    about: "Every function and procedure that runs with the rights of its owner (`SECURITY DEFINER`) sets its `search_path`. \
            Without that, whoever calls it chooses which tables and functions its names stand for.",
    broken: "SECURITY DEFINER routines without a search_path",
    chooses: true,
    parameters: &[],
    example: "use = \"definer-search-path\"",
    query: "
        SELECT o.at, 'is SECURITY DEFINER and does not SET search_path'
        FROM chosen o JOIN pg_proc p ON o.classid = 'pg_proc'::regclass AND p.oid = o.objid
        WHERE p.prosecdef AND NOT EXISTS (SELECT FROM unnest(p.proconfig) s WHERE starts_with(s, 'search_path='))
        ORDER BY 1",
};
