//! What a schema means: names that must be there are looked up, types and defaults become SQL, and what makes no sense is told
//! (Prisma documentation, "Prisma schema reference").

mod arguments;
mod defaults;
mod keys;
mod operator_classes;
mod relations;
mod settings;
mod types;

use std::collections::{BTreeMap, BTreeSet};

pub use operator_classes::word as operator_class_word;

use self::{
    arguments::{Faults, check, name, shown},
    defaults::Given,
    settings::Settings,
    types::Scalar,
};
use crate::{
    diagnostic::{Diagnostic, Severity},
    model::{Span, parser},
    sources::{
        nearest::nearest,
        prisma::{
            ast::{self, Arity, Attribute, Base, Field, Model, ModelKind, Name, Schema},
            database::{Column, Database, Default, Enum, Table},
            sql::quoted,
        },
    },
};

/// The database that a schema means, with warnings of what has no effect.
///
/// # Errors
/// All that is wrong with the schema.
pub fn meaning(schema: &Schema) -> Result<(Database, Vec<Diagnostic>), Vec<Diagnostic>> {
    let mut faults = Faults::default();
    let settings = Settings::read(schema, &mut faults);
    let (models, enums) = named(schema, &mut faults);
    let mut resolver = Resolver { schema, settings, models, enums, faults };
    let database = resolver.database();
    let mut found = resolver.faults.0;
    found.sort_by_key(|it| it.labels.first().map(|label| (label.span.file, label.span.range.start)));
    match found.iter().any(|it| it.severity == Severity::Error) {
        true => Err(found),
        false => Ok((database, found)),
    }
}

/// The blocks of a schema by their names, which no two have.
fn named<'a>(
    schema: &'a Schema,
    faults: &mut Faults,
) -> (BTreeMap<&'a str, &'a Model>, BTreeMap<&'a str, &'a ast::Enum>) {
    let (mut models, mut enums) = (BTreeMap::new(), BTreeMap::new());
    let all = schema.models.iter().map(|it| &it.name).chain(schema.enums.iter().map(|it| &it.name));
    let mut seen: BTreeMap<&str, &Span> = BTreeMap::new();
    for Name { text, span } in all {
        if Scalar::named(text).is_some() {
            faults.tell(
                format!("`{text}` is a type of the language"),
                span,
                "taken",
                "give it another name, with `@@map`",
            );
        } else if let Some(first) = seen.insert(text, span) {
            faults.twice(format!("`{text}` is declared twice"), span, first, "give one of them another name");
        }
    }
    for model in &schema.models {
        models.insert(model.name.text.as_str(), model);
    }
    for of in &schema.enums {
        enums.insert(of.name.text.as_str(), of);
    }
    (models, enums)
}

struct Resolver<'a> {
    schema: &'a Schema,
    settings: Settings,
    models: BTreeMap<&'a str, &'a Model>,
    enums: BTreeMap<&'a str, &'a ast::Enum>,
    faults: Faults,
}

/// What a field holds.
#[derive(Clone, Debug)]
enum Holds<'a> {
    Scalar(Scalar),
    Enum(&'a ast::Enum),
    Model(&'a Model),
    Unsupported(&'a str),
    /// A type that nobody declares; that was told.
    Unknown,
}

/// A model with its table, before keys and relations.
struct Outline<'a> {
    model: &'a Model,
    table: Table,
    /// The fields that are columns, in the order of the columns.
    fields: Vec<&'a Field>,
    /// By field.
    relations: Vec<(&'a Field, &'a Model)>,
    /// The fields of each unique key, also of the primary key.
    keys: Vec<Vec<&'a str>>,
    /// The fields of the primary key.
    primary: Vec<&'a str>,
}

impl<'a> Outline<'a> {
    fn field(&self, name: &str) -> Option<(&'a Field, &Column)> {
        let at = self.fields.iter().position(|it| it.name.text == name)?;
        Some((self.fields[at], &self.table.columns[at]))
    }
}

impl<'a> Resolver<'a> {
    fn database(&mut self) -> Database {
        let schema = self.schema;
        let enums: Vec<Enum> = schema.enums.iter().map(|it| self.enumeration(it)).collect();
        let mut outlines: Vec<Outline<'a>> = schema.models.iter().filter_map(|it| self.outline(it)).collect();
        self.same_table(&outlines);
        for outline in &mut outlines {
            self.keys(outline);
        }
        let between = self.relations(&mut outlines);
        let is_table = |it: &Outline<'_>| it.model.kind == ModelKind::Model;
        let tables: Vec<Table> = outlines.into_iter().filter(is_table).map(|it| it.table).chain(between).collect();
        self.same_name(&tables);
        let used: BTreeSet<&String> =
            tables.iter().map(|it| &it.schema).chain(enums.iter().map(|it| &it.schema)).flatten().collect();
        let listed = self.settings.schemas.as_ref();
        let schemas = listed.into_iter().flatten().filter(|(name, _)| used.contains(name)).cloned().collect();
        Database {
            schemas,
            listed: listed.map(|all| all.iter().map(|(name, _)| name.clone()).collect()),
            extensions: std::mem::take(&mut self.settings.extensions),
            enums,
            tables,
        }
    }

    fn enumeration(&mut self, of: &'a ast::Enum) -> Enum {
        let mut seen: BTreeMap<&str, &Span> = BTreeMap::new();
        let mut values: Vec<(String, Span)> = Vec::new();
        for value in &of.values {
            if let Some(first) = seen.insert(&value.name.text, &value.name.span) {
                let title = format!("`{}` is a value of `{}` twice", value.name.text, of.name.text);
                self.faults.twice(title, &value.name.span, first, "leave one of them out");
            }
            self.known_attributes(&value.attributes, "@", &["map"]);
            let label = mapped(&value.attributes, &value.name, &mut self.faults);
            match values.iter().find(|(it, _)| *it == label) {
                Some((_, first)) if !seen.contains_key(label.as_str()) || label != value.name.text => {
                    let title = format!("two values of `{}` are `{label}` in the database", of.name.text);
                    self.faults.twice(title, &value.span, first, "give one of them another `@map`");
                }
                Some(_) | None => values.push((label, value.span.clone())),
            }
        }
        if of.values.is_empty() {
            let title = format!("enum `{}` has no value", of.name.text);
            self.faults.tell(title, &of.name.span, "empty", "write its values, each on a line");
        }
        self.known_attributes(&of.attributes, "@@", &["map", "schema"]);
        let name = mapped(&of.attributes, &of.name, &mut self.faults);
        Enum { schema: self.schema_of(&of.attributes, &of.name), name, values, span: of.span.clone() }
    }

    fn outline(&mut self, model: &'a Model) -> Option<Outline<'a>> {
        if model.kind == ModelKind::Composite {
            let help = "make it a model with a relation, or a field of type `Json`";
            self.faults.tell("composite types are for MongoDB", &model.name.span, "not on PostgreSQL", help);
            return None;
        }
        self.known_attributes(&model.attributes, "@@", &["id", "unique", "index", "map", "schema", "ignore"]);
        let table = Table {
            schema: self.schema_of(&model.attributes, &model.name),
            name: mapped(&model.attributes, &model.name, &mut self.faults),
            columns: Vec::new(),
            primary_key: None,
            indexes: Vec::new(),
            foreign_keys: Vec::new(),
            span: model.span.clone(),
        };
        let mut outline =
            Outline { model, table, fields: Vec::new(), relations: Vec::new(), keys: Vec::new(), primary: Vec::new() };
        let mut seen: BTreeMap<&str, &Span> = BTreeMap::new();
        for field in &model.fields {
            if let Some(first) = seen.insert(&field.name.text, &field.name.span) {
                let title = format!("`{}` has two fields `{}`", model.name.text, field.name.text);
                self.faults.twice(title, &field.name.span, first, "give one of them another name");
                continue;
            }
            match self.holds(field) {
                Holds::Model(of) => {
                    self.known_attributes(&field.attributes, "@", &["relation", "ignore"]);
                    outline.relations.push((field, of));
                }
                holds => {
                    let column = self.column(field, &holds);
                    if let Some(first) = outline.table.columns.iter().find(|it| it.name == column.name) {
                        let title = format!("two fields of `{}` are the column `{}`", model.name.text, column.name);
                        self.faults.twice(title, &field.span, &first.span, "give one of them another `@map`");
                    }
                    outline.table.columns.push(column);
                    outline.fields.push(field);
                }
            }
        }
        Some(outline)
    }

    fn holds(&mut self, field: &'a Field) -> Holds<'a> {
        let name = match &field.base {
            Base::Unsupported(sql) => {
                if let Err(why) = parser::parse(&format!("SELECT NULL::{sql}")) {
                    let help = "write the type as PostgreSQL does: `Unsupported(\"circle\")`";
                    self.faults.tell(format!("this is no type: {why}"), &field.written, "not SQL", help);
                }
                return Holds::Unsupported(sql);
            }
            Base::Named(name) => name.as_str(),
        };
        let found = Scalar::named(name).map(Holds::Scalar);
        let found = found.or_else(|| self.enums.get(name).map(|it| Holds::Enum(it)));
        if let Some(found) = found.or_else(|| self.models.get(name).map(|it| Holds::Model(it))) {
            return found;
        }
        let known = self.models.keys().chain(self.enums.keys()).copied().chain(Scalar::ALL.map(Scalar::name));
        let help = match nearest(name, known).as_slice() {
            [] => "it is neither a type of the language, nor a model or an enum of this schema".to_owned(),
            near => format!("did you mean `{}`?", near.join("` or `")),
        };
        self.faults.tell(format!("there is no type `{name}`"), &field.written, "not known", help);
        Holds::Unknown
    }

    fn column(&mut self, field: &'a Field, holds: &Holds<'a>) -> Column {
        let prefix = self.settings.natives.clone();
        let native = |it: &&Attribute| it.name.text.split_once('.').is_some_and(|(before, _)| before == prefix);
        let (natives, others): (Vec<&Attribute>, Vec<&Attribute>) = field.attributes.iter().partition(native);
        self.known_attributes(others, "@", &["id", "unique", "default", "map", "updatedAt", "ignore"]);
        if let [first, second, ..] = natives.as_slice() {
            let title = format!("`{}` has two native types", field.name.text);
            self.faults.twice(title, &second.span, &first.span, "leave one of them out");
        }
        let mut base = self.base_type(holds, natives.first().copied());
        let brackets = if field.arity == Arity::List { "[]" } else { "" };
        let given = match attribute(&field.attributes, "default") {
            Some(attribute) => {
                check(attribute, &["value"], &mut self.faults);
                self.default(field, holds, &format!("{base}{brackets}"), attribute)
            }
            None => Given::Default(Default::None),
        };
        let default = match given {
            Given::Default(default) => default,
            Given::Counted => {
                base = serial(&base).to_owned();
                Default::None
            }
        };
        if let Some(updated) = attribute(&field.attributes, "updatedAt")
            && !matches!(holds, Holds::Scalar(Scalar::DateTime) | Holds::Unknown)
        {
            self.faults.tell("`@updatedAt` is for fields of type `DateTime`", &updated.span, "here", "leave it out");
        }
        Column {
            name: mapped(&field.attributes, &field.name, &mut self.faults),
            sql_type: format!("{base}{brackets}"),
            is_required: field.arity == Arity::Required,
            default,
            span: field.span.clone(),
        }
    }

    fn base_type(&mut self, holds: &Holds<'a>, native: Option<&Attribute>) -> String {
        let scalar = match holds {
            Holds::Scalar(scalar) => *scalar,
            Holds::Enum(_) | Holds::Model(_) | Holds::Unsupported(_) | Holds::Unknown => {
                if let (Some(native), Holds::Enum(_) | Holds::Unsupported(_)) = (native, holds) {
                    let title = format!("only scalar types have a native type, such as `{}`", native.name.text);
                    self.faults.tell(title, &native.span, "here", "leave it out");
                }
                return match holds {
                    Holds::Enum(of) => {
                        let schema = written_schema(&of.attributes).map(quoted);
                        let name = quoted(mapped(&of.attributes, &of.name, &mut Faults::default()));
                        schema.into_iter().chain([name]).collect::<Vec<_>>().join(".")
                    }
                    Holds::Unsupported(sql) => (*sql).to_owned(),
                    Holds::Scalar(_) | Holds::Model(_) | Holds::Unknown => "TEXT".to_owned(),
                };
            }
        };
        let Some(native) = native else { return scalar.sql().to_owned() };
        let name = native.name.text.split_once('.').map_or("", |(_, name)| name);
        scalar.of_native(name, native).unwrap_or_else(|(title, help)| {
            self.faults.tell(title, &native.span, "does not fit", help);
            scalar.sql().to_owned()
        })
    }

    /// Tells of attributes that are not known, and of those that are there twice.
    fn known_attributes(&mut self, all: impl IntoIterator<Item = &'a Attribute>, signs: &str, known: &[&str]) {
        let mut seen: BTreeMap<&str, &Span> = BTreeMap::new();
        for attribute in all {
            let name = attribute.name.text.as_str();
            let may_repeat = signs == "@@" && matches!(name, "unique" | "index");
            if let Some(first) = seen.insert(name, &attribute.span).filter(|_| !may_repeat) {
                let title = format!("`{}` is there twice", shown(attribute, signs));
                self.faults.twice(title, &attribute.span, first, "leave one of them out");
            } else if !known.contains(&name) {
                let help = match nearest(name, known.iter().copied()).as_slice() {
                    _ if known.contains(&"default") && defaults::is_function(name) => {
                        format!("did you mean `@default({name}())`?")
                    }
                    [] => format!("here may be `{signs}{}`", known.join(&format!("`, `{signs}"))),
                    near => format!("did you mean `{signs}{}`?", near.join(&format!("` or `{signs}"))),
                };
                let title = match name {
                    "fulltext" | "shardKey" => format!("`{}` is not for PostgreSQL", shown(attribute, signs)),
                    _ => format!("there is no `{}` here", shown(attribute, signs)),
                };
                self.faults.tell(title, &attribute.span, "not known", help);
            } else if matches!(name, "updatedAt" | "ignore") {
                check(attribute, &[], &mut self.faults);
            }
        }
    }

    /// The schema that a block is in; nothing where it is the default one.
    fn schema_of(&mut self, attributes: &'a [Attribute], block: &Name) -> Option<String> {
        let said = attribute(attributes, "schema");
        if let Some(attribute) = said {
            check(attribute, &["name"], &mut self.faults);
        }
        let value = said.and_then(|it| it.first_or_named("name"));
        let schema = name(value, "the name of a schema", &mut self.faults).map(str::to_owned);
        match (&self.settings.schemas, &schema, value) {
            (Some(listed), None, _) if said.is_none() => {
                let names: Vec<&str> = listed.iter().map(|(name, _)| name.as_str()).collect();
                let help = format!("write `@@schema(\"…\")` with one of `{}`", names.join("`, `"));
                let title = format!("`{}` does not say which schema it is in", block.text);
                self.faults.tell(title, &block.span, "no `@@schema`", help);
            }
            (Some(listed), Some(schema), Some(value)) if !listed.iter().any(|(it, _)| it == schema) => {
                let help = match nearest(schema, listed.iter().map(|(it, _)| it.as_str())).as_slice() {
                    [] => "add it to `schemas` of the datasource".to_owned(),
                    near => format!("did you mean `{}`? or add it to `schemas` of the datasource", near.join("` or `")),
                };
                let title = format!("the datasource does not list the schema `{schema}`");
                self.faults.tell(title, &value.span, "not listed", help);
            }
            (None, Some(_), Some(value)) => {
                let help = "list the schemas in the datasource: `schemas = [\"public\", …]`";
                self.faults.tell("`@@schema` needs `schemas` in the datasource", &value.span, "here", help);
            }
            (Some(_) | None, Some(_) | None, _) => (),
        }
        schema
    }

    /// Two models with one table.
    fn same_table(&mut self, outlines: &[Outline<'_>]) {
        let mut seen: BTreeMap<(&Option<String>, &str), &Span> = BTreeMap::new();
        for outline in outlines {
            let key = (&outline.table.schema, outline.table.name.as_str());
            if let Some(first) = seen.insert(key, &outline.model.name.span) {
                let title = format!("two models are the table `{}`", outline.table.name);
                self.faults.twice(title, &outline.model.name.span, first, "give one of them another `@@map`");
            }
        }
    }

    /// Keys and indexes that have one name: in a schema of PostgreSQL each has its own.
    fn same_name(&mut self, tables: &[Table]) {
        let mut seen: BTreeMap<(&Option<String>, &str), &Span> = BTreeMap::new();
        let mut known = BTreeSet::new();
        // Two models of one table have been told of.
        for table in tables.iter().filter(|it| known.insert((&it.schema, &it.name))) {
            let keys = table.primary_key.iter().map(|it| (it.name.as_str(), &it.span));
            for (name, span) in keys.chain(table.indexes.iter().map(|it| (it.name.as_str(), &it.span))) {
                if let Some(first) = seen.insert((&table.schema, name), span) {
                    let title = format!("two keys or indexes have the name `{name}`");
                    self.faults.twice(title, span, first, "name one of them: `map: \"…\"`");
                }
            }
        }
    }
}

fn attribute<'a>(attributes: &'a [Attribute], name: &str) -> Option<&'a Attribute> {
    attributes.iter().find(|it| it.name.text == name)
}

/// The name in the database: what `@map` says, or the name itself.
fn mapped(attributes: &[Attribute], own: &Name, faults: &mut Faults) -> String {
    let Some(map) = attribute(attributes, "map") else { return own.text.clone() };
    check(map, &["name"], faults);
    let value = map.first_or_named("name");
    if value.is_none() {
        faults.tell("`map` needs a name", &map.span, "here", "write `map(\"name\")`, or leave it out");
    }
    // A value of an enum may be empty, a table may not; PostgreSQL says so.
    arguments::text(value, "a name", faults).map_or_else(|| own.text.clone(), str::to_owned)
}

fn written_schema(attributes: &[Attribute]) -> Option<&str> {
    attribute(attributes, "schema")?.first_or_named("name")?.text()
}

/// What counts by itself.
fn serial(sql_type: &str) -> &str {
    match sql_type {
        "SMALLINT" => "SMALLSERIAL",
        "BIGINT" => "BIGSERIAL",
        _ => "SERIAL",
    }
}
