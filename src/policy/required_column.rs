//! A column that every table must have.

use crate::policy::{Parameter, Rule, Takes};

pub(super) const RULE: Rule = Rule {
    name: "required-column",
    about: "Every table has this column, of this type where one is named. A partition has the columns of its table.",
    broken: "tables without the column, or with one of another type",
    chooses: true,
    parameters: &[
        Parameter { name: "column", takes: Takes::Text, required: true, about: "its name" },
        Parameter {
            name: "type",
            takes: Takes::Text,
            required: false,
            about: "its type as SQL writes it, with the schema where it is not one of PostgreSQL's own; without a modifier, \
                    such as the `(20)` of `varchar(20)`, one with any",
        },
    ],
    example: "use = \"required-column\"\non = [\"schema:public\"]\ncolumn = \"created_at\"\ntype = \"timestamptz\"",
    // What a shadow has in the place of a type with a modifier is a domain of that name.
    query: r#"
        , found AS (
            SELECT t.at, t.oid, a.attnum, a.atttypid, format_type(a.atttypid, a.atttypmod) AS own, replace(g.it->>'type', ', ', ',') AS asked
            FROM given g, tables t JOIN pg_attribute a ON a.attrelid = t.oid AND 0 < a.attnum AND NOT a.attisdropped
            WHERE a.attname = g.it->>'column')
        SELECT t.at, format('has no column %I', g.it->>'column') FROM tables t, given g
        WHERE NOT t.relispartition AND NOT EXISTS (SELECT FROM found f WHERE f.at = t.at)
        UNION ALL
        SELECT o.at, format('is of type %s, and not %s', f.own, f.asked)
        FROM found f JOIN chosen o ON o.classid = 'pg_class'::regclass AND o.objid = f.oid AND o.objsubid = f.attnum
        WHERE replace(f.own, '"', '') <> f.asked
          AND (f.atttypid IS DISTINCT FROM to_regtype(f.asked)
               OR substring(f.asked FROM '\(.*\)') <> coalesce(substring(f.own FROM '\(.*\)'), ''))
        ORDER BY 1"#,
};
