//! An extension that must be there.

use crate::policy::{Parameter, Rule, Takes};

pub(super) const RULE: Rule = Rule {
    name: "required-extension",
    about: "This extension is there, in this version where one is named. A declared schema has the version that the shadow has, \
            unless it says `VERSION`: to ask for one is best done of the database.",
    broken: "extensions that are not there, or in another version",
    chooses: false,
    parameters: &[
        Parameter { name: "extension", takes: Takes::Text, required: true, about: "what `CREATE EXTENSION` calls it" },
        Parameter { name: "version", takes: Takes::Text, required: false, about: "its version" },
    ],
    example: "use = \"required-extension\"\nextension = \"vector\"\nversion = \"0.8.0\"",
    query: "
        SELECT NULL::int4, format('there is no extension %I', g.it->>'extension') FROM given g
        WHERE NOT EXISTS (SELECT FROM pg_extension e WHERE e.extname = g.it->>'extension')
        UNION ALL
        SELECT o.at, format('has the version %s, and not %s', e.extversion, g.it->>'version')
        FROM given g JOIN pg_extension e ON e.extname = g.it->>'extension'
        JOIN chosen o ON o.classid = 'pg_extension'::regclass AND o.objid = e.oid
        WHERE e.extversion <> g.it->>'version'",
};
