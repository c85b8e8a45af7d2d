//! The blocks of a Prisma schema, line by line.

use std::collections::BTreeMap;

use super::{
    before::{Before, attribute},
    defaults::{self, text},
    names::Names,
    relations::{Key, Link},
    tables::{Column, Found, Index, Part, Table},
    types::{self, Holds},
};
use crate::{
    model::{Kind, ObjectId},
    sources::prisma::{
        ast::{Arity, Attribute, Field, Value},
        names as usual, operator_class_word,
        sql::DEFAULT_SCHEMA,
    },
};

#[derive(Debug)]
pub(super) struct Block {
    pub id: ObjectId,
    keyword: &'static str,
    pub name: String,
    docs: Vec<String>,
    pub lines: Vec<Line>,
    pub attributes: Vec<(Said, String)>,
}

/// A field, or a value of an enum.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub of: Piece,
    pub name: String,
    /// Empty in an enum.
    pub data_type: String,
    pub attributes: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Column(String),
    Relation(Key),
    Value(String),
}

/// What an attribute of a block says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Said {
    PrimaryKey,
    Index(String),
    Ignore,
    Map,
    Schema,
}

const NO_KEY: &str = "The underlying table does not contain a valid unique identifier and can therefore currently not be handled by Prisma Client.";

/// How a schema is written: what native types begin with, and which schemas it lists.
#[derive(Clone, Debug)]
pub(super) struct Manner {
    pub natives: String,
    pub lists_schemas: bool,
    pub partial_indexes: bool,
}

/// Every block, in the order of the names.
pub(super) fn blocks(
    found: &Found,
    links: &BTreeMap<ObjectId, Vec<Link>>,
    joins: &std::collections::BTreeSet<ObjectId>,
    (names, before): (&Names, &Before),
    manner: &Manner,
) -> Vec<Block> {
    let tables = found.tables.iter().filter(|(id, _)| !joins.contains(id));
    let writer = Writer { found, names, before, manner };
    let models = tables.map(|(id, table)| writer.model(id, table, links.get(id).map_or(&[], Vec::as_slice)));
    let enums = found.enums.iter().map(|(id, labels)| writer.enumeration(id, labels));
    let (mut models, mut enums): (Vec<Block>, Vec<Block>) = (models.collect(), enums.collect());
    models.sort_by(|one, other| one.name.cmp(&other.name));
    enums.sort_by(|one, other| one.name.cmp(&other.name));
    models.into_iter().chain(enums).collect()
}

struct Writer<'a> {
    found: &'a Found,
    names: &'a Names,
    before: &'a Before,
    manner: &'a Manner,
}

impl Writer<'_> {
    fn model(&self, id: &ObjectId, table: &Table, links: &[Link]) -> Block {
        let name = self.names.block(id).to_owned();
        let mut docs: Vec<String> = table.notices.iter().map(|it| (*it).to_owned()).collect();
        if name == format!("Renamed{}", id.name.raw()) {
            let own = id.name.raw();
            docs.push(format!("This model has been renamed to {name} during introspection, because the original name {own} is reserved."));
        }
        let is_handled = table.tells_rows_apart();
        docs.extend((!is_handled).then(|| NO_KEY.to_owned()));
        let indexes: Vec<&Index> = table.indexes.iter().filter(|it| self.can_say(it)).collect();
        let mut on_fields: BTreeMap<&str, &Index> = BTreeMap::new();
        for index in &indexes {
            if let ([part], true) = (index.parts.as_slice(), index.is_unique && index.predicate.is_none()) {
                on_fields.entry(&part.column).or_insert(index);
            }
        }
        let mut lines: Vec<Line> = table
            .columns
            .iter()
            .map(|it| self.field(id, table, it, on_fields.get(it.name.as_str()).copied()))
            .collect();
        lines.extend(links.iter().map(|link| Line {
            of: Piece::Relation(link.of.clone()),
            name: link.name.clone(),
            data_type: link.data_type.clone(),
            attributes: link.attribute.iter().cloned().chain(self.ignored_other(link)).collect(),
        }));
        let mut attributes = Vec::new();
        if let Some(key) = table.primary_key.as_ref().filter(|it| 1 < it.parts.len()) {
            attributes.push((Said::PrimaryKey, self.key(id, "@@id", key, &usual::primary_key(id.name.raw()))));
        }
        let is_on_field = |index: &Index| on_fields.values().any(|it| it.name == index.name);
        let mut rest: Vec<&Index> = indexes.into_iter().filter(|it| !is_on_field(it)).collect();
        rest.sort_by_key(|it| (!it.is_unique, it.name.clone()));
        for index in rest {
            let (word, suffix) = if index.is_unique { ("@@unique", "_key") } else { ("@@index", "_idx") };
            let columns: Vec<String> = index.parts.iter().map(|it| it.column.clone()).collect();
            let usual = usual::of_columns(id.name.raw(), &columns, suffix);
            attributes.push((Said::Index(index.name.clone()), self.key(id, word, index, &usual)));
        }
        attributes.extend(self.block_attributes(id, &name, !is_handled));
        Block { id: id.clone(), keyword: "model", name, docs, lines, attributes }
    }

    fn enumeration(&self, id: &ObjectId, labels: &[String]) -> Block {
        let name = self.names.block(id).to_owned();
        let line = |label: &String| {
            let name = self.names.member(id, label).to_owned();
            let map = (name != *label).then(|| format!("@map({})", text(label)));
            Line {
                of: Piece::Value(label.clone()),
                name,
                data_type: String::new(),
                attributes: map.into_iter().collect(),
            }
        };
        let attributes = self.block_attributes(id, &name, false);
        Block {
            id: id.clone(),
            keyword: "enum",
            docs: Vec::new(),
            lines: labels.iter().map(line).collect(),
            attributes,
            name,
        }
    }

    fn block_attributes(&self, id: &ObjectId, name: &str, is_ignored: bool) -> Vec<(Said, String)> {
        let own = id.name.raw();
        let schema = id.parent().map(|it| it.name.raw()).unwrap_or(DEFAULT_SCHEMA);
        let map = (own != name).then(|| (Said::Map, format!("@@map({})", text(own))));
        let ignore = is_ignored.then(|| (Said::Ignore, "@@ignore".to_owned()));
        let schema = self.manner.lists_schemas.then(|| (Said::Schema, format!("@@schema({})", text(schema))));
        map.into_iter().chain(ignore).chain(schema).collect()
    }

    fn field(&self, id: &ObjectId, table: &Table, column: &Column, unique: Option<&Index>) -> Line {
        let of = types::of_column(&column.data_type, &self.found.enums);
        let name = self.names.member(id, &column.name).to_owned();
        let mut attributes = Vec::new();
        if let Some(key) =
            table.primary_key.as_ref().filter(|it| matches!(it.parts.as_slice(), [it] if it.column == column.name))
        {
            attributes.push(single("@id", key, &usual::primary_key(id.name.raw())));
        }
        if let Some(index) = unique {
            let usual = usual::of_columns(id.name.raw(), std::slice::from_ref(&column.name), "_key");
            attributes.push(single("@unique", index, &usual));
        }
        let label = |label: &str| match &of.holds {
            Holds::Enum(of) => Some(self.names.member(of, label).to_owned()).filter(|it| !it.is_empty()),
            Holds::Scalar(_) | Holds::Unsupported(_) => None,
        };
        let written = self.field_before(id, &column.name);
        let default = defaults::of_column(column, &of, label).map(|it| format!("@default({it})"));
        attributes.extend(default.or_else(|| written.and_then(|it| self.made_by_client(it))));
        let is_written = |word: &str| written.is_some_and(|it| attribute(&it.attributes, word).is_some());
        attributes.extend(is_written("updatedAt").then(|| "@updatedAt".to_owned()));
        attributes.extend((name != column.name).then(|| format!("@map({})", text(&column.name))));
        attributes.extend(is_written("ignore").then(|| "@ignore".to_owned()));
        attributes.extend(of.native.map(|native| format!("@{}.{native}", self.manner.natives)));
        let base = match &of.holds {
            Holds::Scalar(name) => (*name).to_owned(),
            Holds::Enum(of) => self.names.block(of).to_owned(),
            Holds::Unsupported(sql) => format!("Unsupported({})", text(sql)),
        };
        let sign = match of.is_list {
            true => "[]",
            false if column.not_null => "",
            false => "?",
        };
        Line { of: Piece::Column(column.name.clone()), name, data_type: format!("{base}{sign}"), attributes }
    }

    fn field_before(&self, id: &ObjectId, column: &str) -> Option<&Field> {
        let (_, model, _) = self.before.tables().find(|(it, ..)| it == id)?;
        let name = self.before.member(id, column)?;
        model.fields.iter().find(|it| it.name.text == name)
    }

    /// A default that the database knows nothing of.
    fn made_by_client(&self, field: &Field) -> Option<String> {
        let default = attribute(&field.attributes, "default").filter(|_| field.arity != Arity::List)?;
        let is_clients = |it: &str| matches!(it, "uuid" | "cuid" | "ulid" | "nanoid");
        let is_kept = matches!(&default.arguments.first()?.value.value, Value::Call(name, _) if is_clients(name));
        is_kept.then(|| self.text_of(default))
    }

    fn text_of(&self, attribute: &Attribute) -> String {
        self.before.files.slice(&attribute.span).to_owned()
    }

    /// A model that the client cannot handle is not to be had from another one either.
    fn ignored_other(&self, link: &Link) -> Option<String> {
        let other = link.data_type.trim_end_matches(['?', '[', ']']);
        let is_it = |id: &ObjectId| id.kind == Kind::Table && self.names.block(id) == other;
        let table = self.found.tables.iter().find(|(id, _)| is_it(id)).map(|(_, table)| table);
        table.is_some_and(|it| !it.tells_rows_apart()).then(|| "@ignore".to_owned())
    }

    /// Whether the language has words for an index.
    fn can_say(&self, index: &Index) -> bool {
        let has_class = index.parts.iter().any(|it| it.operator_class.is_some());
        (index.predicate.is_none() || self.manner.partial_indexes) && (index.method != "btree" || !has_class)
    }

    fn key(&self, id: &ObjectId, word: &str, index: &Index, usual: &str) -> String {
        let part = |part: &Part| {
            let mut more = Vec::new();
            more.extend(part.is_descending.then(|| "sort: Desc".to_owned()));
            more.extend(part.operator_class.as_ref().map(|class| match operator_class_word(class) {
                Some(word) => format!("ops: {word}"),
                None => format!("ops: raw({})", text(class)),
            }));
            let name = self.names.member(id, &part.column);
            if more.is_empty() { name.to_owned() } else { format!("{name}({})", more.join(", ")) }
        };
        let parts: Vec<String> = index.parts.iter().map(part).collect();
        let mut said = vec![format!("[{}]", parts.join(", "))];
        said.extend(self.said_name(id, index));
        said.extend((index.name != usual).then(|| format!("map: {}", text(&index.name))));
        said.extend(method(&index.method).map(|it| format!("type: {it}")));
        said.extend(index.predicate.as_ref().map(|it| format!("where: raw({})", text(it))));
        format!("{word}({})", said.join(", "))
    }

    /// What the client calls a key of several fields.
    fn said_name(&self, id: &ObjectId, index: &Index) -> Option<String> {
        let (_, model, table) = self.before.tables().find(|(it, ..)| it == id)?;
        let primary = table.primary_key.iter().filter(|it| it.name == index.name).map(|it| &it.span);
        let span = primary.chain(table.indexes.iter().filter(|it| it.name == index.name).map(|it| &it.span)).next()?;
        let attribute = model.attributes.iter().find(|it| it.span == *span)?;
        Some(format!("name: {}", text(attribute.named("name")?.text()?)))
    }
}

fn single(word: &str, index: &Index, usual: &str) -> String {
    let mut said = Vec::new();
    said.extend(index.parts.iter().any(|it| it.is_descending).then(|| "sort: Desc".to_owned()));
    said.extend((index.name != usual).then(|| format!("map: {}", text(&index.name))));
    if said.is_empty() { word.to_owned() } else { format!("{word}({})", said.join(", ")) }
}

/// An access method in the language.
fn method(name: &str) -> Option<&'static str> {
    match name {
        "hash" => Some("Hash"),
        "gin" => Some("Gin"),
        "gist" => Some("Gist"),
        "spgist" => Some("SpGist"),
        "brin" => Some("Brin"),
        _ => None,
    }
}

impl Block {
    /// The whole of it, with its end.
    pub(super) fn text(&self) -> String {
        let docs: String = self.docs.iter().map(|it| format!("/// {it}\n")).collect();
        let widths = widths(self.lines.iter());
        let lines: String = self.lines.iter().map(|it| format!("  {}\n", it.text(widths))).collect();
        let gap = if self.lines.is_empty() || self.attributes.is_empty() { "" } else { "\n" };
        let attributes: String = self.attributes.iter().map(|(_, it)| format!("  {it}\n")).collect();
        if self.lines.is_empty() {
            return format!(
                "/// We could not retrieve columns for the underlying table. Either it has none or you are missing rights to see them. Please check your privileges.\n// {} {} {{\n// }}\n",
                self.keyword, self.name
            );
        }
        format!("{docs}{} {} {{\n{lines}{gap}{attributes}}}\n", self.keyword, self.name)
    }

    pub(super) fn is_model(&self) -> bool {
        self.keyword == "model"
    }
}

impl Line {
    pub(super) fn text(&self, (names, types): (usize, usize)) -> String {
        let pad =
            |text: &str, width: usize| format!("{text}{}", " ".repeat(width.saturating_sub(text.chars().count())));
        let mut parts = vec![pad(&self.name, names)];
        if !self.data_type.is_empty() {
            parts.push(pad(&self.data_type, types));
        }
        parts.extend(self.attributes.iter().cloned());
        parts.join(" ").trim_end().to_owned()
    }
}

/// How wide the names and the types are.
fn widths<'a>(lines: impl Iterator<Item = &'a Line>) -> (usize, usize) {
    let width = |text: &str| text.chars().count();
    lines.fold((0, 0), |(names, types), it| (names.max(width(&it.name)), types.max(width(&it.data_type))))
}
