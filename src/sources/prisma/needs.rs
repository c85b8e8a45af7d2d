//! Extensions that a schema needs, and may leave to others to create.

use std::collections::BTreeSet;

use crate::{
    model::parser,
    sources::prisma::database::{Database, Default},
};

/// Types, operator classes and functions that projects of Prisma's use, with the extension that has them.
const KNOWN: &[(&str, &[&str])] = &[
    ("citext", &["citext"]),
    ("hstore", &["hstore"]),
    ("ltree", &["ltree"]),
    ("pg_trgm", &["gin_trgm_ops", "gist_trgm_ops"]),
    ("postgis", &["geometry", "geography"]),
    ("uuid-ossp", &["uuid_generate_v1", "uuid_generate_v1mc", "uuid_generate_v4"]),
    ("vector", &["vector", "halfvec", "sparsevec"]),
];

/// Those that are known to be needed, and are not declared.
pub fn needs(database: &Database) -> BTreeSet<&'static str> {
    let columns = || database.tables.iter().flat_map(|it| &it.columns);
    let types =
        columns().map(|it| it.sql_type.split(['(', '[']).next().unwrap_or_default().trim().to_ascii_lowercase());
    let parts = database.tables.iter().flat_map(|it| &it.indexes).flat_map(|it| &it.parts);
    let functions = columns().filter_map(|it| match &it.default {
        Default::Sql(sql) | Default::Computed(sql) => parser::parse_whole(&format!("SELECT {sql}")).ok(),
        Default::None | Default::Whatever => None,
    });
    let functions = functions.flat_map(|it| it.functions());
    let names: BTreeSet<String> =
        types.chain(parts.filter_map(|it| it.operator_class.clone())).chain(functions).collect();
    let is_declared = |name: &str| database.extensions.iter().any(|it| it.name == name);
    let has = |(extension, has): &&(&str, &[&str])| !is_declared(extension) && has.iter().any(|it| names.contains(*it));
    KNOWN.iter().filter(has).map(|(extension, _)| *extension).collect()
}
