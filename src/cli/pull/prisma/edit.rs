//! A schema that is there already gets what has changed in the database, and nothing else of it is touched.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use super::{
    before::{Before, attribute, id},
    blocks::{Block, Line, Piece, Said},
    tables::Found,
};
use crate::{
    catalog::Catalog,
    model::{FileId, Kind, ObjectId, Span},
    sources::prisma::{
        ast::{Arity, Base, Expression, Field, Model},
        database::Table,
    },
};

/// What is in the database, and which of it is not as the schema says.
pub(super) struct Now<'a> {
    pub catalog: &'a Catalog,
    pub found: &'a Found,
    pub blocks: &'a [Block],
    pub differs: &'a BTreeSet<ObjectId>,
}

/// The texts of the files, and the blocks that have no place in them yet.
pub(super) fn edited<'a>(before: &Before, now: &Now<'a>) -> (BTreeMap<FileId, String>, Vec<&'a Block>) {
    let mut editor = Editor { before, now, edits: BTreeMap::new() };
    let mut known: BTreeSet<ObjectId> = BTreeSet::new();
    for (id, model, table) in before.tables() {
        match now.blocks.iter().find(|it| it.id == id) {
            Some(block) => editor.model(model, table, block),
            None if now.catalog.contains(&id) => (),
            None => editor.remove_block(&model.span),
        }
        known.insert(id);
    }
    for (of, declared) in before.schema.enums.iter().zip(&before.database.enums) {
        let id = id(declared.schema.as_deref(), Kind::Enum, &declared.name);
        match now.blocks.iter().find(|it| it.id == id) {
            Some(block) => editor.enumeration(&of.span, &declared.values, block),
            None => editor.remove_block(&of.span),
        }
        known.insert(id);
    }
    let mut new: Vec<&Block> = now.blocks.iter().filter(|it| !known.contains(&it.id)).collect();
    if let [file] = before.files.ids().collect::<Vec<_>>().as_slice() {
        let end = before.files.text(*file).len();
        let last = |is_model: bool| {
            let models = before.schema.models.iter().filter(|_| is_model).map(|it| it.span.range.end);
            let enums = before.schema.enums.iter().filter(|_| !is_model).map(|it| it.span.range.end);
            models.chain(enums).max().map_or(end, |at| editor.line_end(*file, at))
        };
        let places = (last(true), last(false));
        for block in new.drain(..) {
            let at = if block.is_model() { places.0 } else { places.1 };
            editor.insert(*file, at, format!("\n{}", block.text()));
        }
    }
    (editor.texts(), new)
}

struct Editor<'a> {
    before: &'a Before,
    now: &'a Now<'a>,
    /// By the place that they begin at: where they end, and what is there then.
    edits: BTreeMap<(FileId, usize), (usize, String)>,
}

impl Editor<'_> {
    fn model(&mut self, model: &Model, table: &Table, block: &Block) {
        let mut columns_end = None;
        let widths = self.widths(model);
        for field in &model.fields {
            let column = table.columns.iter().find(|it| it.span == field.span).map(|it| &it.name);
            let line = match column {
                Some(column) => block.lines.iter().find(|it| it.of == Piece::Column(column.clone())),
                None => block.lines.iter().find(|it| matches!(it.of, Piece::Relation(_)) && it.name == field.name.text),
            };
            columns_end = columns_end.max(column.map(|_| field.span.range.end));
            match line {
                Some(line) if column.is_some_and(|column| self.column_differs(table, block, column)) => {
                    let line = self.without_keys_of_the_block(line, table, field);
                    self.replace(&field.span, line.text(widths));
                }
                Some(line) if column.is_none() && self.relation_differs(field, line) => {
                    self.replace(&field.span, line.text(widths));
                }
                None if column.is_some() || !self.is_the_clients(field) => self.remove_line(&field.span),
                Some(_) | None => (),
            }
        }
        self.new_lines(model, table, block, columns_end, widths);
        self.attributes(model, table, block);
    }

    fn new_lines(
        &mut self,
        model: &Model,
        table: &Table,
        block: &Block,
        columns_end: Option<usize>,
        widths: (usize, usize),
    ) {
        let last = model.fields.iter().map(|it| it.span.range.end).max();
        let start = self.line_end(model.span.file, model.name.span.range.end);
        for line in &block.lines {
            let (is_there, after) = match &line.of {
                Piece::Column(column) => (table.columns.iter().any(|it| it.name == *column), columns_end),
                Piece::Relation(_) => (model.fields.iter().any(|it| it.name.text == line.name), last),
                Piece::Value(_) => (true, None),
            };
            if !is_there {
                let at = after.map_or(start, |it| self.line_end(model.span.file, it));
                self.insert(model.span.file, at, format!("  {}\n", line.text(widths)));
            }
        }
    }

    fn attributes(&mut self, model: &Model, table: &Table, block: &Block) {
        let placed =
            |index: &crate::sources::prisma::database::Index| model.attributes.iter().find(|it| it.span == index.span);
        for index in &table.indexes {
            let is_there = self.now.found.tables[&block.id].indexes.iter().any(|it| it.name == index.name);
            if let Some(attribute) = placed(index).filter(|_| !is_there) {
                self.remove_line(&attribute.span);
            }
        }
        let key = attribute(&model.attributes, "id");
        let has_long_key = block.attributes.iter().any(|(it, _)| *it == Said::PrimaryKey);
        if let Some(key) = key.filter(|_| !has_long_key && self.differs(&block.id, Kind::PrimaryKey, None)) {
            self.remove_line(&key.span);
        }
        let mut new = Vec::new();
        for (said, text) in &block.attributes {
            let (old, differs) = match said {
                Said::PrimaryKey => (key.map(|it| &it.span), self.differs(&block.id, Kind::PrimaryKey, None)),
                Said::Index(name) => {
                    let old = table.indexes.iter().find(|it| it.name == *name).map(|it| &it.span);
                    let kinds = [Kind::Index, Kind::Unique];
                    (old, kinds.iter().any(|kind| self.differs(&block.id, *kind, Some(name))))
                }
                Said::Ignore | Said::Map | Said::Schema => continue,
            };
            match old {
                Some(span) if differs => self.replace(span, text.clone()),
                Some(_) => (),
                None => new.push(format!("  {text}\n")),
            }
        }
        if new.is_empty() {
            return;
        }
        let attributes = model.attributes.iter().map(|it| it.span.range.end).max();
        let fields = model.fields.iter().map(|it| it.span.range.end).max();
        let gap = if attributes.is_none() { "\n" } else { "" };
        let after = attributes.or(fields).unwrap_or(model.name.span.range.end);
        let at = self.line_end(model.span.file, after);
        self.insert(model.span.file, at, format!("{gap}{}", new.concat()));
    }

    fn enumeration(&mut self, span: &Span, values: &[(String, Span)], block: &Block) {
        let start = values.first().map_or(span.range.start, |(_, it)| it.range.start);
        let mut at = self.line_start(span.file, start);
        for (label, span) in values {
            if !block.lines.iter().any(|it| it.of == Piece::Value(label.clone())) {
                self.remove_line(span);
            }
        }
        for line in &block.lines {
            let Piece::Value(label) = &line.of else { continue };
            match values.iter().find(|(it, _)| it == label) {
                Some((_, span)) => at = self.line_end(span.file, span.range.end),
                None => self.insert(span.file, at, format!("  {}\n", line.text((0, 0)))),
            }
        }
    }

    /// Whether the database has another column than the schema says, or another key of that column alone.
    fn column_differs(&self, table: &Table, block: &Block, column: &str) -> bool {
        let own = block.id.child(Kind::Column, column);
        let found = &self.now.found.tables[&block.id];
        let keys = found.indexes.iter().chain(&found.primary_key);
        let new =
            keys.filter(|it| it.is_unique).filter(|it| matches!(it.parts.as_slice(), [it] if it.column == column));
        let old_indexes = table
            .indexes
            .iter()
            .filter(|it| it.is_unique && matches!(it.parts.as_slice(), [it] if it.column == column));
        let old_key = table.primary_key.iter().filter(|it| matches!(it.columns.as_slice(), [it] if it == column));
        let names: BTreeSet<&String> =
            new.map(|it| &it.name).chain(old_indexes.map(|it| &it.name)).chain(old_key.map(|it| &it.name)).collect();
        let kinds = [Kind::Index, Kind::Unique, Kind::PrimaryKey];
        self.now.differs.iter().any(|id| id.upwards().any(|it| *it == own))
            || names.iter().any(|name| kinds.iter().any(|kind| self.differs(&block.id, *kind, Some(name))))
    }

    /// Whether something of a table differs: of a kind, and of a name where one is given.
    fn differs(&self, table: &ObjectId, kind: Kind, name: Option<&str>) -> bool {
        let is_it = |it: &ObjectId| {
            it.kind == kind && it.parent() == Some(table) && name.is_none_or(|name| it.name.raw() == name)
        };
        self.now.differs.iter().any(|id| id.upwards().any(is_it))
    }

    fn relation_differs(&self, field: &Field, line: &Line) -> bool {
        let Piece::Relation(key) = &line.of else { return false };
        let arity = match field.arity {
            Arity::Required => "",
            Arity::Optional => "?",
            Arity::List => "[]",
        };
        let Base::Named(base) = &field.base else { return false };
        let is_named = |text: &str| text.starts_with("@relation(\"");
        let was_named = attribute(&field.attributes, "relation")
            .and_then(|it| it.first_or_named("name"))
            .and_then(Expression::text)
            .is_some();
        let is_new_key = key
            .constraint
            .as_ref()
            .is_some_and(|name| key.is_forward && self.differs(&key.table, Kind::ForeignKey, Some(name)));
        is_new_key
            || format!("{base}{arity}") != line.data_type
            || line.attributes.iter().any(|it| is_named(it)) != was_named
    }

    /// Whether a field of a relation has nothing to do with the database.
    fn is_the_clients(&self, field: &Field) -> bool {
        let mode = |it: &(crate::sources::prisma::ast::Name, Expression)| {
            matches!(it.0.text.as_str(), "relationMode" | "referentialIntegrity") && it.1.text() == Some("prisma")
        };
        let models = self.before.tables().map(|(_, model, _)| &model.name.text);
        let is_model = |name: &String| models.into_iter().any(|it| it == name);
        let leads_elsewhere = !matches!(&field.base, Base::Named(name) if is_model(name));
        leads_elsewhere || self.before.schema.datasources.iter().flat_map(|it| &it.entries).any(mode)
    }

    /// A key of one column may stand in the block as well.
    fn without_keys_of_the_block(&self, line: &Line, table: &Table, field: &Field) -> Line {
        let is_elsewhere = |span: &Span| span.file != field.span.file || !within(&field.span.range, &span.range);
        let Piece::Column(column) = &line.of else { return line.clone() };
        let indexes = table
            .indexes
            .iter()
            .filter(|it| it.is_unique && matches!(it.parts.as_slice(), [it] if it.column == *column));
        let has_unique = indexes.map(|it| &it.span).any(is_elsewhere);
        let key = table.primary_key.iter().filter(|it| matches!(it.columns.as_slice(), [it] if it == column));
        let has_key = key.map(|it| &it.span).any(is_elsewhere);
        let is_said = |it: &String| (has_unique && it.starts_with("@unique")) || (has_key && it.starts_with("@id"));
        let mut line = line.clone();
        line.attributes.retain(|it| !is_said(it));
        line
    }

    /// How wide names and types are in a block that is there. What is new and wider stands out, and nothing else moves.
    fn widths(&self, model: &Model) -> (usize, usize) {
        let chars = |text: &str| text.chars().count();
        let written = |it: &Field| chars(self.before.files.slice(&it.written).trim_end());
        let all = model.fields.iter().map(|it| (chars(&it.name.text), written(it)));
        all.fold((0, 0), |(names, types), (name, of)| (names.max(name), types.max(of)))
    }

    fn replace(&mut self, span: &Span, text: String) {
        self.edits.insert((span.file, span.range.start), (span.range.end, text));
    }

    fn insert(&mut self, file: FileId, at: usize, text: String) {
        let (_, found) = self.edits.entry((file, at)).or_insert((at, String::new()));
        // What takes the place of what follows comes behind.
        found.push_str(&text);
    }

    /// With what is said of it in the lines above.
    fn remove_line(&mut self, span: &Span) {
        let start = self.docs_start(span.file, self.line_start(span.file, span.range.start));
        let end = self.line_end(span.file, span.range.end);
        self.cut(span.file, start..end);
    }

    fn remove_block(&mut self, span: &Span) {
        let start = self.docs_start(span.file, self.line_start(span.file, span.range.start));
        let mut end = self.line_end(span.file, span.range.end);
        let rest = &self.before.files.text(span.file)[end..];
        end += rest.len() - rest.trim_start_matches(['\n', '\r']).len();
        self.cut(span.file, start..end);
    }

    fn cut(&mut self, file: FileId, range: Range<usize>) {
        let (end, text) = self.edits.remove(&(file, range.start)).unwrap_or((range.end, String::new()));
        self.edits.insert((file, range.start), (end.max(range.end), text));
    }

    fn line_start(&self, file: FileId, at: usize) -> usize {
        self.before.files.text(file)[..at].rfind('\n').map_or(0, |it| it + 1)
    }

    fn line_end(&self, file: FileId, at: usize) -> usize {
        let text = self.before.files.text(file);
        text[at..].find('\n').map_or(text.len(), |it| at + it + 1)
    }

    fn docs_start(&self, file: FileId, mut start: usize) -> usize {
        while 0 < start {
            let above = self.line_start(file, start - 1);
            if !self.before.files.text(file)[above..start].trim_start().starts_with("///") {
                break;
            }
            start = above;
        }
        start
    }

    fn texts(&self) -> BTreeMap<FileId, String> {
        let text = |file: FileId| {
            let old = self.before.files.text(file);
            let (mut new, mut at) = (String::new(), 0);
            for ((_, start), (end, text)) in self.edits.range((file, 0)..=(file, usize::MAX)) {
                // What is within something that is gone is gone with it.
                if *start < at {
                    continue;
                }
                new.push_str(&old[at..*start]);
                new.push_str(text);
                at = *end;
            }
            new.push_str(&old[at..]);
            new
        };
        self.before.files.ids().map(|file| (file, text(file))).collect()
    }
}

fn within(outer: &Range<usize>, inner: &Range<usize>) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}
