//! The schema that is there already: what it calls things, and where it says them.

use std::collections::BTreeMap;

use crate::{
    model::{Files, Kind, ObjectId, Span},
    sources::prisma::{
        ast::{Attribute, Base, Expression, Field, Model, ModelKind, Schema},
        database::{Database, Table},
        sql::DEFAULT_SCHEMA,
    },
};

#[derive(Debug, Default)]
pub(super) struct Before {
    pub schema: Schema,
    pub database: Database,
    pub files: Files,
    blocks: BTreeMap<ObjectId, String>,
    members: BTreeMap<ObjectId, BTreeMap<String, String>>,
    /// By the table and the columns of the foreign key.
    pub relations: BTreeMap<(ObjectId, Vec<String>), Relation>,
    /// By the table between two lists.
    pub joins: BTreeMap<ObjectId, Relation>,
}

/// What a relation is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Relation {
    pub name: Option<String>,
    /// The field that has the key; of two lists, the one of column `A`.
    pub forward: String,
    /// The field of the other model.
    pub back: String,
    /// Where these are written.
    pub spans: (Span, Span),
}

impl Before {
    pub(super) fn new(schema: Schema, database: Database, files: Files) -> Before {
        let mut before = Before { schema, database, files, ..Before::default() };
        before.read();
        before
    }

    /// Whether there is a schema at all.
    pub(super) fn is_there(&self) -> bool {
        !self.files.is_empty()
    }

    pub(super) fn block(&self, id: &ObjectId) -> Option<&str> {
        self.blocks.get(id).map(String::as_str)
    }

    pub(super) fn member(&self, id: &ObjectId, name: &str) -> Option<&str> {
        self.members.get(id)?.get(name).map(String::as_str)
    }

    /// The models that are tables, with these.
    pub(super) fn tables(&self) -> impl Iterator<Item = (ObjectId, &Model, &Table)> {
        let models = self.schema.models.iter().filter(|it| it.kind == ModelKind::Model);
        models
            .zip(&self.database.tables)
            .map(|(model, table)| (id(table.schema.as_deref(), Kind::Table, &table.name), model, table))
    }

    fn read(&mut self) {
        let (mut blocks, mut members, mut relations) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        for (id, model, table) in self.tables() {
            blocks.insert(id.clone(), model.name.text.clone());
            let fields = table.columns.iter().filter_map(|column| {
                let field = model.fields.iter().find(|it| it.span == column.span)?;
                Some((column.name.clone(), field.name.text.clone()))
            });
            members.insert(id.clone(), fields.collect());
            for key in &table.foreign_keys {
                let forward = model.fields.iter().find(|it| it.attributes.iter().any(|it| it.span == key.span));
                let Some(relation) = forward.and_then(|forward| self.relation(model, forward)) else { continue };
                relations.insert((id.clone(), key.columns.clone()), relation);
            }
        }
        for (of, declared) in self.schema.enums.iter().zip(&self.database.enums) {
            let id = id(declared.schema.as_deref(), Kind::Enum, &declared.name);
            blocks.insert(id.clone(), of.name.text.clone());
            let values = declared.values.iter().filter_map(|(label, span)| {
                let value = of.values.iter().find(|it| it.span == *span)?;
                Some((label.clone(), value.name.text.clone()))
            });
            members.insert(id, values.collect());
        }
        let models = self.schema.models.iter().filter(|it| it.kind == ModelKind::Model).count();
        let between = self.database.tables.iter().skip(models).filter_map(|table| {
            let of = |span: &Span| {
                let has = |it: &&Model| it.fields.iter().any(|field| field.span == *span);
                let model = self.schema.models.iter().find(has)?;
                Some((model, model.fields.iter().find(|it| it.span == *span)?))
            };
            let [a, b] = table.columns.as_slice() else { return None };
            let ((_, a), (_, b)) = (of(&a.span)?, of(&b.span)?);
            let name = relation_name(a).or_else(|| relation_name(b)).map(str::to_owned);
            // Each column stands at the field of the model whose lists refer to the other.
            let relation = Relation {
                name,
                forward: a.name.text.clone(),
                back: b.name.text.clone(),
                spans: (a.span.clone(), b.span.clone()),
            };
            Some((id(table.schema.as_deref(), Kind::Table, &table.name), relation))
        });
        let joins = between.collect();
        (self.blocks, self.members, self.relations, self.joins) = (blocks, members, relations, joins);
    }

    fn relation(&self, model: &Model, forward: &Field) -> Option<Relation> {
        let Base::Named(other) = &forward.base else { return None };
        let other = self.schema.models.iter().find(|it| it.name.text == *other)?;
        let name = relation_name(forward);
        let is_back = |it: &&Field| {
            it.base == Base::Named(model.name.text.clone()) && relation_name(it) == name && it.span != forward.span
        };
        let back = other.fields.iter().find(is_back)?;
        Some(Relation {
            name: name.map(str::to_owned),
            forward: forward.name.text.clone(),
            back: back.name.text.clone(),
            spans: (forward.span.clone(), back.span.clone()),
        })
    }
}

pub(super) fn id(schema: Option<&str>, kind: Kind, name: &str) -> ObjectId {
    ObjectId::root(Kind::Schema, schema.unwrap_or(DEFAULT_SCHEMA)).child(kind, name)
}

pub(super) fn attribute<'a>(of: &'a [Attribute], name: &str) -> Option<&'a Attribute> {
    of.iter().find(|it| it.name.text == name)
}

fn relation_name(field: &Field) -> Option<&str> {
    attribute(&field.attributes, "relation")?.first_or_named("name").and_then(Expression::text)
}
