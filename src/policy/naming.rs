//! How things are called.

use crate::policy::{Parameter, Rule, Takes};

pub(super) const RULE: Rule = Rule {
    name: "naming",
    about: "The names of these kinds of objects match a regular expression.",
    broken: "names that do not match",
    chooses: true,
    parameters: &[
        Parameter {
            name: "kinds",
            takes: Takes::Kinds,
            required: true,
            about: "which kinds, by the words that [patterns](config.md#patterns) have for them: `table`, `index`, `foreign-key`",
        },
        Parameter {
            name: "match",
            takes: Takes::Text,
            required: true,
            about: "a regular expression of PostgreSQL's; without `^` and `$` it may match a part of the name",
        },
    ],
    example: "use = \"naming\"\nkinds = [\"table\", \"column\"]\nmatch = '^[a-z][a-z0-9_]*$'",
    query: "
        SELECT o.at, format('is not called as `%s` asks', g.it->>'match') FROM given g, chosen o
        WHERE g.it->'kinds' ? o.kind AND o.name !~ (g.it->>'match')
        ORDER BY 1",
};
