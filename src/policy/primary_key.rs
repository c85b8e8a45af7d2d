//! A primary key.

use crate::policy::Rule;

pub(super) const RULE: Rule = Rule {
    name: "primary-key",
    about: "Every table has a primary key. Partitions are not asked: they have that of their table.",
    broken: "tables without a primary key",
    chooses: true,
    parameters: &[],
    example: "use = \"primary-key\"\nexcept = [\"table:log_*\"]",
    query: "
        SELECT t.at, 'has no primary key' FROM tables t
        WHERE NOT t.relispartition
          AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = t.oid AND i.indisprimary)
        ORDER BY 1",
};
