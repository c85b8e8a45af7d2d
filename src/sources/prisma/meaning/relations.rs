//! Relations: which two fields are the ends of one, the foreign keys, and the tables between two lists
//! (Prisma documentation, "Relations").

use std::collections::BTreeSet;

use super::{
    Outline, Resolver,
    arguments::{check, name},
    attribute,
};
use crate::sources::{
    nearest::nearest,
    prisma::{
        ast::{Arity, Attribute, Base, Expression, Field, Model, ModelKind},
        database::{Column, Default, ForeignKey, Index, Part, PrimaryKey, Table},
        names::{self, LONGEST, cut},
    },
};

/// One end of a relation.
#[derive(Clone, Copy)]
struct End<'a> {
    /// The model that has the field, by its place.
    model: usize,
    field: &'a Field,
    /// The model that the field is of.
    of: &'a Model,
    relation: Option<&'a Attribute>,
}

impl<'a> End<'a> {
    fn name(&self) -> Option<&'a str> {
        self.relation?.first_or_named("name")?.text()
    }

    /// The fields that hold the other one's key, as they are listed.
    fn fields(&self) -> Option<&'a Expression> {
        self.relation?.named("fields")
    }

    fn is_list(&self) -> bool {
        self.field.arity == Arity::List
    }
}

/// What becomes of a row whose other one goes.
const ACTIONS: &[(&str, &str)] = &[
    ("Cascade", "CASCADE"),
    ("Restrict", "RESTRICT"),
    ("NoAction", "NO ACTION"),
    ("SetNull", "SET NULL"),
    ("SetDefault", "SET DEFAULT"),
];

impl<'a> Resolver<'a> {
    /// Gives the tables their foreign keys. The tables between two lists are new.
    pub(super) fn relations(&mut self, outlines: &mut [Outline<'a>]) -> Vec<Table> {
        let ends: Vec<End<'a>> = outlines.iter().enumerate().flat_map(|(at, it)| self.ends(at, it)).collect();
        let mut between = Vec::new();
        for (at, end) in ends.iter().enumerate() {
            let Some(other) = self.opposite(at, &ends, outlines) else { continue };
            let (end, other) = (*end, ends[other]);
            match (end.fields(), other.fields()) {
                (Some(_), Some(second)) if end.field.span.range.start < other.field.span.range.start => {
                    let help = "leave `fields` and `references` out where the other model's key is not held";
                    let title = "both ends of this relation hold the key of the other";
                    self.faults.twice(title, &second.span, &end.field.span, help);
                }
                (Some(fields), _) => {
                    if let Some(found) = self.foreign_key(outlines, end, other, fields) {
                        outlines[end.model].table.foreign_keys.push(found);
                    }
                }
                (None, Some(_)) => (),
                (None, None) if end.is_list() && other.is_list() => {
                    if self.is_first(end, other, outlines) {
                        between.extend(self.between(outlines, end, other));
                    }
                }
                (None, None) => self.without_fields(end, other, outlines),
            }
        }
        // The first model of each is that whose place counts.
        between.sort_by_key(|(place, _)| *place);
        between.into_iter().map(|(_, table)| table).collect()
    }

    fn ends(&mut self, model: usize, outline: &Outline<'a>) -> Vec<End<'a>> {
        let known = ["name", "fields", "references", "onDelete", "onUpdate", "map"];
        let mut found = Vec::new();
        for (field, of) in &outline.relations {
            let relation = attribute(&field.attributes, "relation");
            if let Some(relation) = relation {
                check(relation, &known, &mut self.faults);
            }
            if of.kind != ModelKind::Composite {
                found.push(End { model, field, of, relation });
            }
        }
        found
    }

    /// The other end of a relation.
    fn opposite(&mut self, at: usize, ends: &[End<'a>], outlines: &[Outline<'a>]) -> Option<usize> {
        let end = ends[at];
        let own = outlines[end.model].model;
        let is_between = |it: &End<'_>| std::ptr::eq(outlines[it.model].model, end.of) && std::ptr::eq(it.of, own);
        let candidates: Vec<usize> =
            (0..ends.len()).filter(|&it| it != at && is_between(&ends[it]) && ends[it].name() == end.name()).collect();
        match candidates.as_slice() {
            [] => {
                let title = format!("`{}.{}` has no other end", own.name.text, end.field.name.text);
                let help =
                    format!("write a field of type `{0}`, `{0}?` or `{0}[]` in `{1}`", own.name.text, end.of.name.text);
                let help = match end.name() {
                    Some(name) => format!("{help}, with `@relation(\"{name}\")`"),
                    None => help,
                };
                self.faults.tell(title, &end.field.span, "the relation", help);
                None
            }
            // Of a model with itself, a list and what is no list go together, and so do two that are alone.
            [other] if self.is_alone(*other, at, ends) => Some(*other),
            _ => {
                let title = format!("which relation `{}.{}` is, cannot be told", own.name.text, end.field.name.text);
                let help = "give each relation between these models a name at both ends: `@relation(\"…\")`";
                self.faults.tell(title, &end.field.span, "one of several", help);
                None
            }
        }
    }

    /// Whether nothing else is the other end of what may be one.
    fn is_alone(&self, other: usize, end: usize, ends: &[End<'a>]) -> bool {
        let alike = |it: &End<'a>| {
            it.model == ends[end].model && std::ptr::eq(it.of, ends[end].of) && it.name() == ends[end].name()
        };
        !ends.iter().enumerate().any(|(at, it)| at != end && at != other && alike(it))
    }

    fn without_fields(&mut self, end: End<'a>, other: End<'a>, outlines: &[Outline<'a>]) {
        // Told once, where the key has to be: not at a list.
        let holds = match (end.is_list(), other.is_list()) {
            (false, true) => true,
            (true, false) => false,
            _ => (end.model, end.field.span.range.start) < (other.model, other.field.span.range.start),
        };
        if holds {
            let own = &outlines[end.model].model.name.text;
            let title = format!(
                "`{own}.{}` does not say which fields hold the key of `{}`",
                end.field.name.text, end.of.name.text
            );
            let help = "write `@relation(fields: […], references: […])`";
            self.faults.tell(title, &end.field.span, "the relation", help);
        }
    }

    fn foreign_key(
        &mut self,
        outlines: &[Outline<'a>],
        end: End<'a>,
        other: End<'a>,
        fields: &'a Expression,
    ) -> Option<ForeignKey> {
        let (own, referred) = (&outlines[end.model], outlines.iter().find(|it| std::ptr::eq(it.model, end.of))?);
        let relation = end.relation?;
        if end.is_list() {
            let help = "write `fields` and `references` at the other end";
            self.faults.tell("a list does not hold the key of another", &fields.span, "here", help);
            return None;
        }
        let Some(references) = relation.named("references") else {
            let help = "write `references: [id]`";
            self.faults.tell("`fields` needs `references`", &relation.span, "this relation", help);
            return None;
        };
        let here = self.columns(own, fields)?;
        let there = self.columns(referred, references)?;
        if here.len() != there.len() {
            let title = format!("{} fields refer to {}", here.len(), there.len());
            self.faults.tell(title, &relation.span, "this relation", "list as many `fields` as `references`");
            return None;
        }
        self.same_types(own, &here, referred, &there, references);
        self.tells_apart(referred, &there, references);
        let names =
            |found: &[(&Field, &Column)]| found.iter().map(|(field, _)| field.name.text.clone()).collect::<Vec<_>>();
        if !other.is_list() && !self.has_key(own, &names(&here)) {
            let title =
                format!("one `{}` has one `{}`, so that its key must be unique", end.of.name.text, own.model.name.text);
            let help = format!("write `@unique` at the field, or `@@unique([{}])`", names(&here).join(", "));
            self.faults.tell(title, &fields.span, "not unique", help);
        }
        let is_optional = here.iter().all(|(field, _)| field.arity == Arity::Optional);
        let on_delete = relation.named("onDelete").and_then(|it| self.action(it));
        let on_update = relation.named("onUpdate").and_then(|it| self.action(it));
        let said = name(relation.named("map"), "the name of a constraint", &mut self.faults);
        if !self.settings.has_foreign_keys || [own, referred].iter().any(|it| it.model.kind == ModelKind::View) {
            return None;
        }
        let columns: Vec<String> = here.iter().map(|(_, column)| column.name.clone()).collect();
        Some(ForeignKey {
            name: said.map_or_else(|| names::of_columns(&own.table.name, &columns, "_fkey"), str::to_owned),
            columns,
            refers_to: (referred.table.schema.clone(), referred.table.name.clone()),
            referred: there.iter().map(|(_, column)| column.name.clone()).collect(),
            on_delete: on_delete.unwrap_or(if is_optional { "SET NULL" } else { "RESTRICT" }),
            on_update: on_update.unwrap_or("CASCADE"),
            span: relation.span.clone(),
        })
    }

    fn columns<'b>(&mut self, of: &'b Outline<'a>, value: &Expression) -> Option<Vec<(&'a Field, &'b Column)>> {
        let list = value.items();
        if list.is_empty() {
            self.faults.tell("this list of fields is empty", &value.span, "nothing in it", "name a field");
            return None;
        }
        let mut found = Vec::new();
        for item in list {
            let name = item.word().unwrap_or_default();
            let Some(column) = of.field(name) else {
                let known = of.fields.iter().map(|it| it.name.text.as_str());
                let help = match nearest(name, known).as_slice() {
                    [] => format!("name a field of `{}` that is no relation", of.model.name.text),
                    near => format!("did you mean `{}`?", near.join("` or `")),
                };
                let title = format!("`{}` has no column `{name}`", of.model.name.text);
                self.faults.tell(title, &item.span, "not a column", help);
                return None;
            };
            found.push(column);
        }
        Some(found)
    }

    fn same_types(
        &mut self,
        own: &Outline<'a>,
        here: &[(&Field, &Column)],
        referred: &Outline<'a>,
        there: &[(&Field, &Column)],
        references: &Expression,
    ) {
        let shown = |base: &Base| match base {
            Base::Named(name) => name.clone(),
            Base::Unsupported(sql) => format!("Unsupported(\"{sql}\")"),
        };
        for ((one, _), (other, _)) in here.iter().zip(there).filter(|((one, _), (other, _))| one.base != other.base) {
            let title = format!(
                "`{}.{}` is of type `{}`, and `{}.{}` of type `{}`",
                own.model.name.text,
                one.name.text,
                shown(&one.base),
                referred.model.name.text,
                other.name.text,
                shown(&other.base),
            );
            self.faults.tell(title, &references.span, "not of one type", "give both the same type");
        }
    }

    /// What is referred to has to be a key.
    fn tells_apart(&mut self, referred: &Outline<'a>, there: &[(&Field, &Column)], references: &Expression) {
        let names: Vec<String> = there.iter().map(|(field, _)| field.name.text.clone()).collect();
        if referred.model.kind == ModelKind::Model && !self.has_key(referred, &names) {
            let listed = names.join("`, `");
            let title = format!("`{listed}` of `{}` is not unique", referred.model.name.text);
            let help = format!("refer to its `@id`, or add `@unique` or `@@unique([{}])`", names.join(", "));
            self.faults.tell(title, &references.span, "not unique", help);
        }
    }

    fn has_key(&self, of: &Outline<'a>, names: &[String]) -> bool {
        let names: BTreeSet<&str> = names.iter().map(String::as_str).collect();
        let is_key = |key: &Vec<&str>| key.iter().copied().collect::<BTreeSet<_>>() == names;
        of.model.kind == ModelKind::View || of.keys.iter().any(is_key)
    }

    fn action(&mut self, value: &Expression) -> Option<&'static str> {
        let said = value.word().unwrap_or_default();
        if let Some((_, sql)) = ACTIONS.iter().find(|(it, _)| *it == said) {
            return Some(sql);
        }
        let known = ACTIONS.iter().map(|(it, _)| *it);
        let help = match nearest(said, known.clone()).as_slice() {
            [] => format!("there are `{}`", known.collect::<Vec<_>>().join("`, `")),
            near => format!("did you mean `{}`?", near.join("` or `")),
        };
        self.faults.tell("there is no such referential action", &value.span, "not known", help);
        None
    }

    /// Whether an end is the one that column `A` is of: the model whose name comes first, or the field.
    fn is_first(&self, end: End<'a>, other: End<'a>, outlines: &[Outline<'a>]) -> bool {
        let key = |it: End<'a>| (outlines[it.model].model.name.text.as_str(), it.field.name.text.as_str());
        key(end) < key(other)
    }

    /// The table between two lists; `a` comes first by its name. With the place that its first model has.
    fn between(&mut self, outlines: &[Outline<'a>], a: End<'a>, b: End<'a>) -> Option<((usize, usize), Table)> {
        let (first, second) = (&outlines[a.model], &outlines[b.model]);
        let said = a.name().map(str::to_owned);
        let name = said.unwrap_or_else(|| format!("{}To{}", first.model.name.text, second.model.name.text));
        let name: String = format!("_{name}").chars().take(LONGEST).collect();
        let start = |suffix: &str| name.chars().take(LONGEST - suffix.len()).collect::<String>();
        let span = &a.field.span;
        let (mut columns, mut foreign_keys) = (Vec::new(), Vec::new());
        for (letter, end, of) in [("A", a, first), ("B", b, second)] {
            let [key] = of.primary.as_slice() else {
                let title = format!("`{}` has no primary key of one field", of.model.name.text);
                let help = "give it one with `@id`, or write the model between the two lists yourself";
                let other = if letter == "A" { b } else { a };
                self.faults.tell(title, &other.field.span, "a list of it needs one", help);
                return None;
            };
            let (_, column) = of.field(key)?;
            columns.push(Column {
                name: letter.to_owned(),
                sql_type: uncounted(&column.sql_type).to_owned(),
                is_required: true,
                default: Default::None,
                span: end.field.span.clone(),
            });
            if self.settings.has_foreign_keys {
                foreign_keys.push(ForeignKey {
                    name: format!("{}_{letter}_fkey", cut(&name, LONGEST - "_A_fkey".len())),
                    columns: vec![letter.to_owned()],
                    refers_to: (of.table.schema.clone(), of.table.name.clone()),
                    referred: vec![column.name.clone()],
                    on_delete: "CASCADE",
                    on_update: "CASCADE",
                    span: span.clone(),
                });
            }
        }
        let part = Part { column: "B".to_owned(), sort: None, operator_class: None };
        let table = Table {
            schema: first.table.schema.clone(),
            columns,
            primary_key: Some(PrimaryKey {
                name: format!("{}_AB_pkey", start("_AB_pkey")),
                columns: vec!["A".to_owned(), "B".to_owned()],
                span: span.clone(),
            }),
            indexes: vec![Index {
                name: format!("{}_B_index", start("_B_index")),
                is_unique: false,
                method: None,
                parts: vec![part],
                predicate: None,
                span: span.clone(),
            }],
            foreign_keys,
            span: span.clone(),
            name,
        };
        Some(((a.model, a.field.span.range.start), table))
    }
}

/// The type of a column that a sequence counts, without the sequence.
fn uncounted(sql_type: &str) -> &str {
    match sql_type {
        "SMALLSERIAL" => "SMALLINT",
        "SERIAL" => "INTEGER",
        "BIGSERIAL" => "BIGINT",
        other => other,
    }
}
