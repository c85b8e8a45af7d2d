//! Foreign keys have an index.

use crate::policy::Rule;

pub(super) const RULE: Rule = Rule {
    name: "foreign-key-index",
    about: "The columns of every foreign key are the first of an index on their table, in any order. PostgreSQL makes none: \
            without one, each row that is deleted in the other table, or changes its key there, has this table read from end \
            to end. The index is a valid one of btree or hash, and leaves out no row but those where one of the columns is \
            null.",
    broken: "foreign keys without an index",
    chooses: true,
    parameters: &[],
    example: "use = \"foreign-key-index\"\non = [\"schema:public\"]\nlevel = \"warning\"",
    // The keys of partitions are told with that of their table.
    query: "
        SELECT o.at, format('has no index on %s (%s)', k.conrelid::regclass, n.listed)
        FROM chosen o JOIN pg_constraint k ON o.classid = 'pg_constraint'::regclass AND k.oid = o.objid,
        LATERAL (
            SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY c.place) AS listed,
                   array_agg(format('(%I IS NOT NULL)', a.attname)) AS not_null
            FROM unnest(k.conkey) WITH ORDINALITY c(number, place)
            JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = c.number) n
        WHERE k.contype = 'f' AND k.conparentid = 0 AND NOT EXISTS (
            SELECT FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am m ON m.oid = c.relam
            WHERE i.indrelid = k.conrelid AND i.indisvalid AND m.amname IN ('btree', 'hash')
              AND (i.indpred IS NULL OR pg_get_expr(i.indpred, i.indrelid) = ANY(n.not_null))
              AND cardinality(k.conkey) <= i.indnkeyatts
              AND k.conkey <@ (i.indkey::int2[])[0:cardinality(k.conkey) - 1])
        ORDER BY 1",
};
