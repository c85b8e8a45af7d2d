//! Tables that must be there.

use crate::policy::{Parameter, Rule, Takes};

pub(super) const RULE: Rule = Rule {
    name: "required-table",
    about: "These tables are there.",
    broken: "tables that are not there",
    chooses: false,
    parameters: &[Parameter {
        name: "tables",
        takes: Takes::Texts,
        required: true,
        about: "their names as SQL writes them; without a schema, one of `public`",
    }],
    example: "use = \"required-table\"\ntables = [\"audit.log\", \"users\"]",
    query: "
        SELECT NULL::int4, format('there is no table %s', t.name)
        FROM given g, jsonb_array_elements_text(g.it->'tables') WITH ORDINALITY t(name, number)
        WHERE NOT EXISTS (
            SELECT FROM pg_class c WHERE c.relkind IN ('r', 'p', 'f')
            AND c.oid = to_regclass(CASE cardinality(parse_ident(t.name)) WHEN 1 THEN 'public.' ELSE '' END || t.name))
        ORDER BY t.number",
};
