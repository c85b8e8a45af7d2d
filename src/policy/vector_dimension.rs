//! The dimension of vectors.

use crate::policy::{Parameter, Rule, Takes};

pub(super) const RULE: Rule = Rule {
    name: "vector-dimension",
    about: "Every column of a type of pgvector (`vector`, `halfvec`, `sparsevec`) has this dimension, which is that of the model \
            whose embeddings it holds. One without a dimension breaks the rule.",
    broken: "columns of another dimension",
    chooses: true,
    parameters: &[Parameter {
        name: "dimension",
        takes: Takes::Number,
        required: true,
        about: "how many numbers a vector has",
    }],
    example: "use = \"vector-dimension\"\ndimension = 1536",
    // What a shadow without the extension has in the place of a type with a modifier is a domain of that name.
    query: r"
        SELECT o.at, CASE WHEN d.own IS NULL THEN format('has no dimension, and not %s', g.it->>'dimension')
                          ELSE format('has %s dimensions, and not %s', d.own, g.it->>'dimension') END
        FROM given g, chosen o
        JOIN pg_attribute a ON o.classid = 'pg_class'::regclass AND a.attrelid = o.objid AND a.attnum = o.objsubid
        JOIN pg_type t ON t.oid = a.atttypid,
        LATERAL (SELECT CASE t.typtype WHEN 'd' THEN substring(t.typname FROM '\((\d+)\)')::int4
                        ELSE nullif(a.atttypmod, -1) END AS own) d
        WHERE 0 < a.attnum AND t.typname ~ '^(vector|halfvec|sparsevec)(\(\d+\))?$'
          AND EXISTS (SELECT FROM pg_depend p JOIN pg_extension e ON e.oid = p.refobjid AND e.extname = 'vector'
                      WHERE p.classid = 'pg_type'::regclass AND p.objid = t.oid
                        AND p.refclassid = 'pg_extension'::regclass AND p.deptype = 'e')
          AND d.own IS DISTINCT FROM (g.it->>'dimension')::int4
        ORDER BY 1",
};
