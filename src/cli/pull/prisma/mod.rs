//! A schema in Prisma's language: written anew, or brought up to what the database is.

#![allow(clippy::wildcard_enum_match_arm, reason = "of all kinds, Prisma's language knows a few")]

mod before;
mod blocks;
mod defaults;
mod edit;
mod names;
mod relations;
mod tables;
mod types;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use self::{before::Before, blocks::Manner, edit::Now, names::Names, tables::Found};
use crate::{
    catalog::Catalog,
    diagnostic::{Diagnostic, Severity},
    model::{Files, Kind, ObjectId},
    sources::prisma::{ast::Expression, ast::Schema, meaning, parse, sql::DEFAULT_SCHEMA},
};

/// What is there of a schema.
#[derive(Debug, Default)]
pub(super) struct Written(Before);

impl Written {
    /// Reads the schemas at these paths; none is one that says nothing.
    ///
    /// # Errors
    /// What is wrong with them.
    pub(super) fn read(paths: &[PathBuf]) -> Result<Written, (Vec<Diagnostic>, Files)> {
        let (mut files, mut schema, mut wrong) = (Files::default(), Schema::default(), Vec::new());
        for path in paths {
            let name = path.display().to_string();
            match std::fs::read_to_string(path) {
                Ok(text) => {
                    let file = files.add(name, text);
                    wrong.extend(
                        parse(file, &files, &mut schema).into_iter().filter(|it| it.severity == Severity::Error),
                    );
                }
                Err(error) => wrong.push(Diagnostic::error("unreadable", format!("cannot read `{name}`: {error}"))),
            }
        }
        if !wrong.is_empty() {
            return Err((wrong, files));
        }
        match meaning(&schema) {
            Ok((database, _)) => Ok(Written(Before::new(schema, database, files))),
            Err(found) => Err((found, files)),
        }
    }

    pub(super) fn is_there(&self) -> bool {
        self.0.is_there()
    }

    /// The texts that the files are to have. `differs` is what of the database is not as they say, `in_sql` the defaults
    /// that Prisma has no values for, and `fresh` the file for what none of them has a place for.
    pub(super) fn brought_up(
        &self,
        catalog: &Catalog,
        (differs, in_sql): (&BTreeSet<ObjectId>, &BTreeSet<ObjectId>),
        fresh: &Path,
    ) -> BTreeMap<PathBuf, String> {
        let before = &self.0;
        let schemas = self.schemas(catalog);
        let manner = self.manner(&schemas);
        let mut found = Found::of(catalog, &schemas);
        found.leave_in_sql(in_sql);
        let differs: BTreeSet<ObjectId> = differs.union(in_sql).cloned().collect();
        let joins = relations::joins(&found);
        let names = Names::of(&found, before);
        let links = relations::links(&found, &joins, &names, before);
        let blocks = blocks::blocks(&found, &links, &joins, (&names, before), &manner);
        if !before.is_there() {
            let texts: Vec<String> = std::iter::once(head(&schemas, manner.lists_schemas))
                .chain(blocks.iter().map(|it| it.text()))
                .collect();
            return BTreeMap::from([(fresh.to_path_buf(), texts.join("\n"))]);
        }
        let (texts, new) = edit::edited(before, &Now { catalog, found: &found, blocks: &blocks, differs: &differs });
        let mut texts: BTreeMap<PathBuf, String> =
            texts.into_iter().map(|(file, text)| (PathBuf::from(before.files.name(file)), text)).collect();
        if !new.is_empty() {
            let more: Vec<String> = new.iter().map(|it| it.text()).collect();
            let text = texts.entry(fresh.to_path_buf()).or_default();
            let gap = if text.is_empty() { "" } else { "\n" };
            text.push_str(&format!("{gap}{}", more.join("\n")));
        }
        texts
    }

    /// What the schema says of what is in a catalog: tables, enums, and the schemas that it creates for them.
    pub(super) fn declared(&self, catalog: &Catalog) -> BTreeSet<ObjectId> {
        let schemas = self.schemas(catalog);
        let found = Found::of(catalog, &schemas);
        let created = schemas.iter().filter(|_| self.manner(&schemas).lists_schemas);
        let created = created.map(|it| ObjectId::root(Kind::Schema, it));
        created.chain(found.tables.into_keys()).chain(found.enums.into_keys()).collect()
    }

    /// The schemas that the schema is about.
    fn schemas(&self, catalog: &Catalog) -> BTreeSet<String> {
        if self.is_there() {
            let usual = || vec![DEFAULT_SCHEMA.to_owned()];
            return self.0.database.listed.clone().unwrap_or_else(usual).into_iter().collect();
        }
        let has_words = |id: &&ObjectId| matches!(id.kind, Kind::Table | Kind::Enum);
        let found = catalog.ids().filter(has_words).filter_map(ObjectId::parent).map(|it| it.name.raw().to_owned());
        found.collect()
    }

    fn manner(&self, schemas: &BTreeSet<String>) -> Manner {
        let before = &self.0;
        let natives = before.schema.datasources.first().map_or("db", |it| it.name.text.as_str()).to_owned();
        let is_usual = schemas.iter().all(|it| it == DEFAULT_SCHEMA);
        let lists_schemas = if self.is_there() { before.database.listed.is_some() } else { !is_usual };
        let features =
            before.schema.generators.iter().flat_map(|it| &it.entries).filter(|(key, _)| key.text == "previewFeatures");
        let mut features = features.filter_map(|(_, value)| value.list()).flatten().filter_map(Expression::text);
        Manner { natives, lists_schemas, partial_indexes: features.any(|it| it == "partialIndexes") }
    }
}

/// What a new schema begins with.
fn head(schemas: &BTreeSet<String>, lists_schemas: bool) -> String {
    let listed: Vec<String> = schemas.iter().map(|it| defaults::text(it)).collect();
    let schemas = if lists_schemas { format!("  schemas  = [{}]\n", listed.join(", ")) } else { String::new() };
    format!(
        "generator client {{\n  provider = \"prisma-client-js\"\n}}\n\ndatasource db {{\n  provider = \"postgresql\"\n{schemas}}}\n"
    )
}
