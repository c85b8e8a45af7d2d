//! Row-level security is enabled.

use crate::policy::{Parameter, Rule, Takes};

pub(super) const RULE: Rule = Rule {
    name: "row-security",
    about: "Every table has row-level security enabled, partitions too: who may read a partition by its own name does not \
            meet the policies of the partitioned table.",
    broken: "tables that row-level security does not protect",
    chooses: true,
    parameters: &[Parameter {
        name: "forced",
        takes: Takes::Flag,
        required: false,
        about: "with `true`, it holds for the owner of the table too (`FORCE ROW LEVEL SECURITY`)",
    }],
    example: "use = \"row-security\"\non = [\"schema:public\"]\nforced = true",
    query: "
        SELECT t.at, 'does not enable row-level security' FROM tables t WHERE NOT t.relrowsecurity
        UNION ALL
        SELECT t.at, 'does not force row-level security: its owner sees every row' FROM tables t, given g
        WHERE t.relrowsecurity AND NOT t.relforcerowsecurity AND (g.it->>'forced')::boolean
        ORDER BY 1",
};
