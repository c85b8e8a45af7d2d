//! The datasource: which schemas and extensions there are, and who keeps references whole.

use super::arguments::{Faults, name, text};
use crate::{
    model::Span,
    sources::prisma::{
        ast::{Expression, Name, Schema, Value},
        database::Extension,
    },
};

#[derive(Clone, Debug)]
pub(super) struct Settings {
    /// What native types begin with: `db` in `@db.VarChar`, as the datasource is called.
    pub(super) natives: String,
    pub(super) schemas: Option<Vec<(String, Span)>>,
    pub(super) extensions: Vec<Extension>,
    /// Whether the database has foreign keys, and not Prisma's client alone.
    pub(super) has_foreign_keys: bool,
}

impl Settings {
    pub(super) fn read(schema: &Schema, faults: &mut Faults) -> Settings {
        let mut settings =
            Settings { natives: "db".to_owned(), schemas: None, extensions: Vec::new(), has_foreign_keys: true };
        if let [first, second, ..] = schema.datasources.as_slice() {
            faults.twice("there are two datasources", &second.name.span, &first.name.span, "leave one of them out");
        }
        let Some(source) = schema.datasources.first() else { return settings };
        settings.natives.clone_from(&source.name.text);
        for (index, (key, value)) in source.entries.iter().enumerate() {
            if let Some((first, _)) = source.entries[..index].iter().find(|(it, _)| it.text == key.text) {
                faults.twice(format!("`{}` is said twice", key.text), &key.span, &first.span, "leave one of them out");
                continue;
            }
            settings.entry(key, value, faults);
        }
        if !source.entries.iter().any(|(key, _)| key.text == "provider") {
            let help = "write `provider = \"postgresql\"`";
            faults.tell("the datasource has no provider", &source.name.span, "here", help);
        }
        settings
    }

    fn entry(&mut self, key: &Name, value: &Expression, faults: &mut Faults) {
        match key.text.as_str() {
            "provider" => match text(Some(value), "the provider", faults) {
                None | Some("postgresql" | "postgres") => (),
                Some(other) => {
                    let title = format!("the provider is `{other}`, and Trueup is for PostgreSQL");
                    faults.tell(title, &value.span, "not PostgreSQL", "write `provider = \"postgresql\"`");
                }
            },
            "relationMode" | "referentialIntegrity" => match text(Some(value), "the relation mode", faults) {
                None | Some("foreignKeys") => (),
                Some("prisma") => self.has_foreign_keys = false,
                Some(other) => {
                    let help = "write `\"foreignKeys\"`, or `\"prisma\"`";
                    faults.tell(format!("there is no relation mode `{other}`"), &value.span, "not known", help);
                }
            },
            "schemas" => self.schemas = schemas(value, faults),
            "extensions" => self.extensions = extensions(value, faults),
            // Where the database is, and what others make of it, is not in the schema's state.
            _ => (),
        }
    }
}

fn schemas(value: &Expression, faults: &mut Faults) -> Option<Vec<(String, Span)>> {
    let Some(list) = value.list() else {
        faults.tell("the schemas are a list", &value.span, "not a list", "write `schemas = [\"public\"]`");
        return None;
    };
    if list.is_empty() {
        faults.tell("the list of schemas is empty", &value.span, "nothing in it", "name a schema, or leave it out");
        return None;
    }
    let mut found: Vec<(String, Span)> = Vec::new();
    for item in list {
        let Some(schema) = name(Some(item), "the name of a schema", faults) else { continue };
        match found.iter().find(|(it, _)| it == schema) {
            Some((_, first)) => {
                faults.twice(format!("`{schema}` is listed twice"), &item.span, first, "leave one of them out");
            }
            None => found.push((schema.to_owned(), item.span.clone())),
        }
    }
    found.sort_by(|one, other| one.0.cmp(&other.0));
    Some(found)
}

fn extensions(value: &Expression, faults: &mut Faults) -> Vec<Extension> {
    let Some(list) = value.list() else {
        faults.tell("the extensions are a list", &value.span, "not a list", "write `extensions = [citext]`");
        return Vec::new();
    };
    let mut found = Vec::new();
    for item in list {
        let (own, arguments) = match &item.value {
            Value::Word(own) => (own, [].as_slice()),
            Value::Call(own, arguments) => (own, arguments.as_slice()),
            Value::Number(_) | Value::Text(_) | Value::List(_) | Value::Object(_) => {
                let help = "write `citext`, or `uuidossp(map: \"uuid-ossp\", schema: \"extensions\")`";
                faults.tell("an extension is a name without quotes", &item.span, "not a name", help);
                continue;
            }
        };
        let mut extension = Extension { name: own.clone(), schema: None, version: None, span: item.span.clone() };
        for argument in arguments {
            let said = argument.name.as_ref().map(|it| it.text.as_str());
            let value = name(Some(&argument.value), "this", faults).map(str::to_owned);
            match said {
                Some("map") => extension.name = value.unwrap_or_else(|| own.clone()),
                Some("schema") => extension.schema = value,
                Some("version") => extension.version = value,
                Some(_) | None => {
                    let help = "an extension has `map`, `schema` and `version`";
                    faults.tell("an extension has no such argument", &argument.value.span, "not known", help);
                }
            }
        }
        found.push(extension);
    }
    found
}
