//! Primary keys, unique keys and indexes.

use super::{
    Outline, Resolver,
    arguments::{check, name, shown, text},
    attribute, mapped, operator_classes,
};
use crate::{
    model::Literal,
    model::parser,
    sources::{
        nearest::nearest,
        prisma::{
            ast::{Arity, Attribute, Expression, ModelKind, Value},
            database::{Index, Part, PrimaryKey},
            names,
            sql::quoted,
        },
    },
};

/// The access methods, as the schema and as SQL names them.
const METHODS: &[(&str, Option<&str>)] = &[
    ("BTree", None),
    ("Hash", Some("HASH")),
    ("Gin", Some("GIN")),
    ("Gist", Some("GIST")),
    ("SpGist", Some("SPGIST")),
    ("Brin", Some("BRIN")),
];

/// A field that a key names, and what it says of it.
struct Named<'a> {
    field: &'a str,
    optional: bool,
    part: Part,
}

impl<'a> Resolver<'a> {
    /// Gives the table of a model its keys and indexes, in Prisma's order.
    pub(super) fn keys(&mut self, outline: &mut Outline<'a>) {
        let model = outline.model;
        for field in outline.fields.clone() {
            if let Some(id) = attribute(&field.attributes, "id") {
                check(id, &["map", "sort"], &mut self.faults);
                let parts = self.single(outline, &field.name.text, id);
                self.primary_key(outline, id, "@", parts);
            }
        }
        for id in model.attributes.iter().filter(|it| it.name.text == "id") {
            check(id, &["fields", "name", "map"], &mut self.faults);
            let parts = self.parts(outline, id);
            self.primary_key(outline, id, "@@", parts);
        }
        for field in outline.fields.clone() {
            if let Some(unique) = attribute(&field.attributes, "unique") {
                check(unique, &["map", "sort", "where"], &mut self.faults);
                let parts = self.single(outline, &field.name.text, unique);
                self.index(outline, unique, parts);
            }
        }
        for of in ["index", "unique"] {
            for found in model.attributes.iter().filter(|it| it.name.text == of) {
                let known = ["fields", "name", "map", "type", "where"];
                check(
                    found,
                    if of == "index" { &known } else { &["fields", "name", "map", "where"] },
                    &mut self.faults,
                );
                let parts = self.parts(outline, found);
                self.index(outline, found, parts);
            }
        }
        let is_required = |name: &&str| outline.field(name).is_some_and(|(field, _)| field.arity == Arity::Required);
        // What the client does not look at needs no key; `db pull` writes such models.
        let is_looked_at = model.kind == ModelKind::Model && attribute(&model.attributes, "ignore").is_none();
        if is_looked_at && !outline.keys.iter().any(|key| key.iter().all(is_required)) {
            let title = format!("`{}` has nothing that tells its rows apart", model.name.text);
            let help = "give it a field with `@id` or `@unique`, or `@@id([…])`, of required fields";
            self.faults.tell(title, &model.name.span, "no key", help);
        }
    }

    fn primary_key(&mut self, outline: &mut Outline<'a>, id: &Attribute, signs: &str, parts: Vec<Named<'a>>) {
        if outline.model.kind == ModelKind::View {
            let help = "leave it out; a view may have `@unique`";
            self.faults.tell("a view has no primary key", &id.span, "here", help);
            return;
        }
        if let Some(first) = &outline.table.primary_key {
            let title = format!("`{}` has two primary keys", outline.model.name.text);
            self.faults.twice(title, &id.span, &first.span, "write one `@@id([…])` of both fields, or leave one out");
            return;
        }
        for part in parts.iter().filter(|it| it.optional) {
            let title = format!("`{}` is optional, and a primary key is not", part.field);
            let help = format!("leave out the `?` of its type, or take it out of `{}`", shown(id, signs));
            self.faults.tell(title, &id.span, "here", help);
        }
        let said = name(id.named("map"), "the name of a key", &mut self.faults);
        outline.keys.push(parts.iter().map(|it| it.field).collect());
        outline.primary = parts.iter().map(|it| it.field).collect();
        outline.table.primary_key = Some(PrimaryKey {
            name: said.map_or_else(|| names::primary_key(&outline.table.name), str::to_owned),
            columns: parts.into_iter().map(|it| it.part.column).collect(),
            span: id.span.clone(),
        });
    }

    fn index(&mut self, outline: &mut Outline<'a>, found: &Attribute, parts: Vec<Named<'a>>) {
        let is_unique = found.name.text == "unique";
        let predicate = found.named("where").and_then(|it| self.predicate(outline, it));
        if is_unique && predicate.is_none() && parts.iter().all(|it| !it.optional) && !parts.is_empty() {
            outline.keys.push(parts.iter().map(|it| it.field).collect());
        } else if is_unique && !parts.is_empty() {
            // A unique key of optional fields is one for relations, and does not tell all rows apart.
            outline.keys.push(parts.iter().map(|it| it.field).collect());
        }
        if parts.is_empty() {
            return;
        }
        let method = found.named("type").and_then(|it| self.method(it));
        let columns: Vec<String> = parts.iter().map(|it| it.part.column.clone()).collect();
        // An old schema says `name` for what is now `map`; of a key of the client it is not the name in the database.
        let old = found.named("name").filter(|_| !is_unique);
        let said = name(found.named("map").or(old), "the name of an index", &mut self.faults);
        let suffix = if is_unique { "_key" } else { "_idx" };
        outline.table.indexes.push(Index {
            name: said.map_or_else(|| names::of_columns(&outline.table.name, &columns, suffix), str::to_owned),
            is_unique,
            method,
            parts: parts.into_iter().map(|it| it.part).collect(),
            predicate,
            span: found.span.clone(),
        });
    }

    fn method(&mut self, value: &Expression) -> Option<&'static str> {
        let said = value.word();
        if let Some((_, sql)) = METHODS.iter().find(|(it, _)| Some(*it) == said) {
            return *sql;
        }
        let known: Vec<&str> = METHODS.iter().map(|(it, _)| *it).collect();
        let help = format!("types of indexes are `{}`", known.join("`, `"));
        self.faults.tell("PostgreSQL has no such type of index", &value.span, "not known", help);
        None
    }

    /// The field that an attribute stands at.
    fn single(&mut self, outline: &Outline<'a>, field: &str, attribute: &Attribute) -> Vec<Named<'a>> {
        let sort = attribute.named("sort").and_then(|it| self.sort(it));
        self.named(outline, field, &attribute.span, sort, None).into_iter().collect()
    }

    /// The fields that an attribute lists.
    fn parts(&mut self, outline: &Outline<'a>, attribute: &Attribute) -> Vec<Named<'a>> {
        let Some(value) = attribute.first_or_named("fields") else {
            let title = format!("`{}` names no fields", shown(attribute, "@@"));
            self.faults.tell(title, &attribute.span, "here", format!("write `{}([a, b])`", shown(attribute, "@@")));
            return Vec::new();
        };
        let items = value.items();
        if items.is_empty() {
            self.faults.tell("this list of fields is empty", &value.span, "nothing in it", "name a field");
        }
        let mut found: Vec<Named<'a>> = Vec::new();
        for item in items {
            let Some(part) = self.part(outline, item) else { continue };
            if found.iter().any(|it| it.field == part.field) {
                let title = format!("`{}` is listed twice", part.field);
                self.faults.tell(title, &item.span, "again", "leave it out");
                continue;
            }
            found.push(part);
        }
        found
    }

    fn part(&mut self, outline: &Outline<'a>, item: &Expression) -> Option<Named<'a>> {
        let (field, arguments) = match &item.value {
            Value::Word(word) => (word, [].as_slice()),
            Value::Call(word, arguments) => (word, arguments.as_slice()),
            Value::Number(_) | Value::Text(_) | Value::List(_) | Value::Object(_) => {
                self.faults.tell("a field is named without quotes", &item.span, "not a field", "write its name");
                return None;
            }
        };
        let (mut sort, mut class) = (None, None);
        for argument in arguments {
            match argument.name.as_ref().map(|it| it.text.as_str()) {
                Some("sort") => sort = self.sort(&argument.value),
                Some("ops") => class = self.operator_class(&argument.value),
                Some(_) | None => {
                    let title = "a field of an index has no such argument on PostgreSQL, so that it has no effect";
                    self.faults.mention(title, &argument.value.span, "not known", "it may have `sort` and `ops`");
                }
            }
        }
        self.named(outline, field, &item.span, sort, class)
    }

    fn named(
        &mut self,
        outline: &Outline<'a>,
        field: &str,
        span: &crate::model::Span,
        sort: Option<&'static str>,
        operator_class: Option<String>,
    ) -> Option<Named<'a>> {
        if let Some((known, column)) = outline.field(field) {
            let part = Part { column: column.name.clone(), sort, operator_class };
            return Some(Named { field: &known.name.text, optional: known.arity == Arity::Optional, part });
        }
        let (title, help) = match outline.relations.iter().find(|(it, _)| it.name.text == field) {
            Some((relation, _)) => {
                let fields = attribute(&relation.attributes, "relation").and_then(|it| it.named("fields"));
                let listed: Vec<&str> =
                    fields.and_then(Expression::list).into_iter().flatten().filter_map(Expression::word).collect();
                let help = match listed.as_slice() {
                    [] => "name the field that holds the other one's key".to_owned(),
                    listed => format!("name the fields that it goes by: `{}`", listed.join("`, `")),
                };
                (format!("`{field}` is a relation, and no column"), help)
            }
            None => {
                let fields = outline.fields.iter().map(|it| it.name.text.as_str());
                let help = match nearest(field, fields).as_slice() {
                    [] => "name a field of this model".to_owned(),
                    near => format!("did you mean `{}`?", near.join("` or `")),
                };
                (format!("`{}` has no field `{field}`", outline.model.name.text), help)
            }
        };
        self.faults.tell(title, span, "not a column", help);
        None
    }

    fn sort(&mut self, value: &Expression) -> Option<&'static str> {
        match value.word() {
            Some("Asc") => Some("ASC"),
            Some("Desc") => Some("DESC"),
            Some(_) | None => {
                self.faults.tell("there is no such order", &value.span, "not known", "write `Asc` or `Desc`");
                None
            }
        }
    }

    fn operator_class(&mut self, value: &Expression) -> Option<String> {
        let found = match &value.value {
            Value::Call(raw, arguments) if raw == "raw" => {
                let argument = arguments.first().map(|it| &it.value);
                return text(argument, "the name of an operator class", &mut self.faults).map(str::to_owned);
            }
            Value::Word(word) => operator_classes::sql(word),
            Value::Number(_) | Value::Text(_) | Value::Call(..) | Value::List(_) | Value::Object(_) => None,
        };
        if found.is_none() {
            let all = operator_classes::all();
            let help = match nearest(value.word().unwrap_or_default(), all.iter().map(String::as_str)).as_slice() {
                [] => "one that the language has no name for is written `raw(\"…\")`".to_owned(),
                near => format!("did you mean `{}`?", near.join("` or `")),
            };
            self.faults.tell("there is no such operator class", &value.span, "not known", help);
        }
        found
    }

    /// `where:` in SQL, without the word.
    fn predicate(&mut self, outline: &Outline<'a>, value: &Expression) -> Option<String> {
        let sql = match &value.value {
            Value::Call(raw, arguments) if raw == "raw" => arguments.first().map(|it| &it.value),
            // As the first versions of the feature had it.
            Value::Text(_) => Some(value),
            _ => None,
        };
        if let Some(sql) = text(sql, "a condition", &mut self.faults) {
            if let Err(why) = parser::parse(&format!("SELECT ({sql})")) {
                self.faults.tell(
                    format!("this is no condition: {why}"),
                    &value.span,
                    "not SQL",
                    "write it as SQL does",
                );
            }
            return Some(sql.to_owned());
        }
        match &value.value {
            Value::Object(conditions) if !conditions.is_empty() => {
                let mut found = Vec::new();
                for (field, is) in conditions {
                    let column = self.named(outline, &field.text, &field.span, None, None)?.part.column;
                    found.push(self.condition(outline, &field.text, &column, is)?);
                }
                Some(found.join(" AND "))
            }
            _ => {
                let help = "write `where: raw(\"…\")`, or `where: { field: value }`";
                self.faults.tell("this is no condition", &value.span, "here", help);
                None
            }
        }
    }

    fn condition(&mut self, outline: &Outline<'a>, field: &str, column: &str, is: &Expression) -> Option<String> {
        let (negated, value) = match &is.value {
            Value::Object(inner) => match inner.as_slice() {
                [(word, value)] if word.text == "not" => (true, value),
                _ => {
                    let help = "write `{ not: value }`";
                    self.faults.tell("only `not` may stand here", &is.span, "not known", help);
                    return None;
                }
            },
            Value::Number(_) | Value::Text(_) | Value::Word(_) | Value::Call(..) | Value::List(_) => (false, is),
        };
        let column = quoted(column);
        let sql = match &value.value {
            Value::Word(word) if word == "null" => {
                return Some(format!("{column} IS {}NULL", if negated { "NOT " } else { "" }));
            }
            Value::Word(word) if word == "true" || word == "false" => word.clone(),
            Value::Word(word) => Literal(&self.label(outline, field, word)).to_string(),
            Value::Number(number) => number.clone(),
            Value::Text(text) => Literal(text).to_string(),
            Value::Call(..) | Value::List(_) | Value::Object(_) => {
                let help = "write a number, a text, `true`, `false`, `null`, or a value of an enum";
                self.faults.tell("this is no value to compare with", &value.span, "here", help);
                return None;
            }
        };
        Some(format!("{column} {} {sql}", if negated { "!=" } else { "=" }))
    }

    /// What a value of the enum that a field holds is in the database.
    fn label(&mut self, outline: &Outline<'a>, field: &str, word: &str) -> String {
        let of = outline.field(field).and_then(|(field, _)| match &field.base {
            crate::sources::prisma::ast::Base::Named(name) => self.enums.get(name.as_str()),
            crate::sources::prisma::ast::Base::Unsupported(_) => None,
        });
        let value = of.and_then(|it| it.values.iter().find(|it| it.name.text == word));
        value.map_or_else(|| word.to_owned(), |it| mapped(&it.attributes, &it.name, &mut self.faults))
    }
}
