//! Who owns nothing.

use crate::policy::{Parameter, Rule, Takes};

pub(super) const RULE: Rule = Rule {
    name: "not-owned-by",
    about: "Nothing is owned by one of these roles. In a declared schema, what says no owner has none; in a live database \
            everything has one.",
    broken: "objects with an owner who is not to own them",
    chooses: true,
    parameters: &[Parameter {
        name: "roles",
        takes: Takes::Texts,
        required: true,
        about: "the names of the roles; one that does not exist owns nothing",
    }],
    example: "use = \"not-owned-by\"\nroles = [\"postgres\"]",
    query: "
        , owned AS (
            SELECT 'pg_class'::regclass AS classid, oid AS objid, relowner AS owner FROM pg_class
            WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
            UNION ALL SELECT 'pg_proc'::regclass, oid, proowner FROM pg_proc
            UNION ALL SELECT 'pg_namespace'::regclass, oid, nspowner FROM pg_namespace
            UNION ALL SELECT 'pg_type'::regclass, oid, typowner FROM pg_type
            UNION ALL SELECT 'pg_collation'::regclass, oid, collowner FROM pg_collation
            UNION ALL SELECT 'pg_conversion'::regclass, oid, conowner FROM pg_conversion
            UNION ALL SELECT 'pg_operator'::regclass, oid, oprowner FROM pg_operator
            UNION ALL SELECT 'pg_opclass'::regclass, oid, opcowner FROM pg_opclass
            UNION ALL SELECT 'pg_opfamily'::regclass, oid, opfowner FROM pg_opfamily
            UNION ALL SELECT 'pg_ts_dict'::regclass, oid, dictowner FROM pg_ts_dict
            UNION ALL SELECT 'pg_ts_config'::regclass, oid, cfgowner FROM pg_ts_config
            UNION ALL SELECT 'pg_language'::regclass, oid, lanowner FROM pg_language
            UNION ALL SELECT 'pg_extension'::regclass, oid, extowner FROM pg_extension
            UNION ALL SELECT 'pg_event_trigger'::regclass, oid, evtowner FROM pg_event_trigger
            UNION ALL SELECT 'pg_foreign_data_wrapper'::regclass, oid, fdwowner FROM pg_foreign_data_wrapper
            UNION ALL SELECT 'pg_foreign_server'::regclass, oid, srvowner FROM pg_foreign_server
            UNION ALL SELECT 'pg_publication'::regclass, oid, pubowner FROM pg_publication
            UNION ALL SELECT 'pg_subscription'::regclass, oid, subowner FROM pg_subscription
            UNION ALL SELECT 'pg_statistic_ext'::regclass, oid, stxowner FROM pg_statistic_ext)
        SELECT o.at, format('is owned by %I', r.rolname)
        FROM given g, chosen o
        JOIN owned w ON w.classid = o.classid AND w.objid = o.objid AND o.objsubid = 0
        JOIN pg_roles r ON r.oid = w.owner
        WHERE g.it->'roles' ? r.rolname::text AND NOT (g.is_declared AND r.rolname = session_user)
        ORDER BY 1",
};
