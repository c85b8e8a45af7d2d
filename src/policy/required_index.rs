//! An index that every table must have.

use crate::policy::{Parameter, Rule, Takes};

pub(super) const RULE: Rule = Rule {
    name: "required-index",
    about: "Every table has a valid index that begins with these columns in this order, and leaves out no row. A partition has \
            the indexes of its table.",
    broken: "tables without the index",
    chooses: true,
    parameters: &[
        Parameter { name: "columns", takes: Takes::Texts, required: true, about: "the columns that it begins with" },
        Parameter {
            name: "unique",
            takes: Takes::Flag,
            required: false,
            about: "with `true`, it is unique, and has no other columns",
        },
    ],
    example: "use = \"required-index\"\non = [\"table:app.*\"]\ncolumns = [\"tenant_id\"]",
    query: "
        , asked AS (
            SELECT ARRAY(SELECT * FROM jsonb_array_elements_text(g.it->'columns')) AS names,
                   coalesce((g.it->>'unique')::boolean, false) AS is_unique
            FROM given g)
        SELECT t.at, format('has no %sindex on %s', CASE WHEN a.is_unique THEN 'unique ' END,
                            (SELECT string_agg(quote_ident(n), ', ' ORDER BY o) FROM unnest(a.names) WITH ORDINALITY u(n, o)))
        FROM tables t, asked a
        WHERE NOT t.relispartition AND NOT EXISTS (
            SELECT FROM pg_index i
            WHERE i.indrelid = t.oid AND i.indisvalid AND i.indpred IS NULL
              AND (NOT a.is_unique OR i.indisunique AND i.indnkeyatts = cardinality(a.names))
              AND a.names = ARRAY(
                  SELECT c.attname::text FROM unnest(i.indkey::int2[]) WITH ORDINALITY k(number, place)
                  JOIN pg_attribute c ON c.attrelid = t.oid AND c.attnum = k.number
                  WHERE k.place <= least(cardinality(a.names), i.indnkeyatts) ORDER BY k.place))
        ORDER BY 1",
};
