//! The fields that lead from one model to another.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    before::{Before, Relation},
    defaults::text,
    names::{Names, free},
    tables::{ForeignKey, Found, Table},
};
use crate::{model::ObjectId, sources::prisma::names};

/// A field of a relation.
#[derive(Clone, Debug)]
pub(super) struct Link {
    pub of: Key,
    pub name: String,
    /// With `?` or `[]`.
    pub data_type: String,
    pub attribute: Option<String>,
}

/// Which end of which relation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    /// The foreign key, or the table between two lists.
    pub table: ObjectId,
    pub constraint: Option<String>,
    pub is_forward: bool,
}

/// A relation, before its fields have names.
struct Plan<'a> {
    table: &'a ObjectId,
    /// Nothing where there are two lists.
    key: Option<&'a ForeignKey>,
    /// The model that has the key, or that column `A` is of, and the other one.
    ends: (&'a ObjectId, &'a ObjectId),
}

/// Tables that are nothing but what Prisma keeps two lists in.
pub(super) fn joins(found: &Found) -> BTreeSet<ObjectId> {
    found.tables.iter().filter(|(id, table)| is_join(id, table, found)).map(|(id, _)| id.clone()).collect()
}

/// As Prisma makes them today, name by name: any other table would have to be changed.
fn is_join(id: &ObjectId, table: &Table, found: &Found) -> bool {
    let name = id.name.raw();
    let columns: Vec<&str> = table.columns.iter().map(|it| it.name.as_str()).collect();
    let refers = |letter: &str| {
        let suffix = format!("_{letter}_fkey");
        let key = table.foreign_keys.iter().find(|it| it.columns == [letter])?;
        let is_usual = key.name == names::ending(name, &suffix) && key.on_delete == "c" && key.on_update == "c";
        let primary = found.tables.get(&key.table)?.primary_key.as_ref()?;
        let is_key = primary.parts.len() == 1 && key.referred == [primary.parts[0].column.clone()];
        (is_usual && is_key).then_some(&key.table)
    };
    let parts = |index: &super::tables::Index| index.parts.iter().map(|it| it.column.clone()).collect::<Vec<_>>();
    let primary = table.primary_key.as_ref();
    let is_whole = primary.is_some_and(|it| it.name == names::ending(name, "_AB_pkey") && parts(it) == ["A", "B"]);
    let is_found =
        matches!(table.indexes.as_slice(), [it] if it.name == names::ending(name, "_B_index") && parts(it) == ["B"]);
    let ends = (refers("A"), refers("B"));
    let is_sorted = matches!(ends, (Some(a), Some(b)) if a.name <= b.name);
    let is_bare = table.columns.iter().all(|it| it.not_null && it.default.is_none()) && table.notices.is_empty();
    name.starts_with('_')
        && columns == ["A", "B"]
        && table.foreign_keys.len() == 2
        && is_whole
        && is_found
        && is_sorted
        && is_bare
}

/// The fields of each model, those with keys first.
pub(super) fn links(
    found: &Found,
    joins: &BTreeSet<ObjectId>,
    names: &Names,
    before: &Before,
) -> BTreeMap<ObjectId, Vec<Link>> {
    let plans = plans(found, joins);
    let mut links: BTreeMap<ObjectId, Vec<Link>> = BTreeMap::new();
    let mut taken: BTreeMap<ObjectId, BTreeSet<String>> = BTreeMap::new();
    let old = |it: &Plan<'_>| match it.key {
        Some(key) => before.relations.get(&(it.table.clone(), key.columns.clone())),
        None => before.joins.get(it.table),
    };
    for it in &plans {
        if let Some(old) = old(it) {
            taken.entry(it.ends.0.clone()).or_default().insert(old.forward.clone());
            taken.entry(it.ends.1.clone()).or_default().insert(old.back.clone());
        }
    }
    for it in &plans {
        let called = called(it, &plans, names, old(it));
        let mut name = |of: &ObjectId, wanted: String, was: Option<&String>| match was {
            Some(was) => was.clone(),
            None => {
                let taken = taken.entry(of.clone()).or_default();
                let mut wanted = wanted;
                while names.has_member(of, &wanted) {
                    wanted.push('_');
                }
                free(wanted, taken)
            }
        };
        let forward = name(it.ends.0, called.forward, old(it).map(|it| &it.forward));
        let back = name(it.ends.1, called.back, old(it).map(|it| &it.back));
        let constraint = it.key.map(|key| key.name.clone());
        let mut add = |of: &ObjectId, is_forward, name, data_type, attribute| {
            let key = Key { table: it.table.clone(), constraint: constraint.clone(), is_forward };
            links.entry(of.clone()).or_default().push(Link { of: key, name, data_type, attribute });
        };
        let named = called.name.as_ref().map(|name| format!("@relation({})", text(name)));
        let (own, other) = (names.block(it.ends.0), names.block(it.ends.1));
        match it.key {
            Some(key) => {
                let table = &found.tables[it.table];
                let is_optional = key.columns.iter().any(|name| table.column(name).is_none_or(|it| !it.not_null));
                let sign = if is_optional { "?" } else { "" };
                add(
                    it.ends.0,
                    true,
                    forward,
                    format!("{other}{sign}"),
                    Some(refers(it, key, table, names, called.name.as_deref())),
                );
                let sign = if table.is_key(&key.columns) { "?" } else { "[]" };
                add(it.ends.1, false, back, format!("{own}{sign}"), named);
            }
            None => {
                add(it.ends.0, true, forward, format!("{other}[]"), named.clone());
                add(it.ends.1, false, back, format!("{own}[]"), named);
            }
        }
    }
    for links in links.values_mut() {
        links.sort_by_key(|it| (it.of.constraint.is_none(), !it.of.is_forward));
    }
    links
}

fn plans<'a>(found: &'a Found, joins: &BTreeSet<ObjectId>) -> Vec<Plan<'a>> {
    let mut plans: Vec<Plan<'_>> = Vec::new();
    for (id, table) in &found.tables {
        if joins.contains(id) {
            let end = |letter: &str| table.foreign_keys.iter().find(|it| it.columns == [letter]).map(|it| &it.table);
            if let (Some(a), Some(b)) = (end("A"), end("B")) {
                plans.push(Plan { table: id, key: None, ends: (a, b) });
            }
            continue;
        }
        for key in &table.foreign_keys {
            let is_same = |it: &Plan<'_>| {
                it.table == id && it.key.is_some_and(|it| it.columns == key.columns && it.table == key.table)
            };
            // Prisma can tell nothing of a second key of the same columns, and what a key refers to may be no model.
            if found.tables.contains_key(&key.table) && !joins.contains(&key.table) && !plans.iter().any(is_same) {
                plans.push(Plan { table: id, key: Some(key), ends: (id, &key.table) });
            }
        }
    }
    plans
}

struct Called {
    name: Option<String>,
    forward: String,
    back: String,
}

/// What a relation and its fields are to be called, where nobody has called them anything.
fn called(it: &Plan<'_>, all: &[Plan<'_>], names: &Names, old: Option<&Relation>) -> Called {
    let (own, other) = (names.block(it.ends.0), names.block(it.ends.1));
    let is_self = it.ends.0 == it.ends.1;
    let ends = |it: &Plan<'_>| BTreeSet::from([it.ends.0.clone(), it.ends.1.clone()]);
    let is_shared = 1 < all.iter().filter(|plan| ends(plan) == ends(it)).count();
    // A column of the same name is the other reason for a longer one.
    let clashes = !is_self && (names.has_member(it.ends.0, other) || names.has_member(it.ends.1, own));
    let is_long = is_shared || clashes;
    let Some(key) = it.key else {
        let plain = it.table.name.raw().trim_start_matches('_');
        let is_usual = plain == format!("{own}To{other}");
        let suffix = if is_long { format!("_{plain}") } else { String::new() };
        let (forward, back) = match is_self {
            true => (format!("{own}{suffix}_A"), format!("{own}{suffix}_B")),
            false => (format!("{other}{suffix}"), format!("{own}{suffix}")),
        };
        let name = old.and_then(|it| it.name.clone());
        let name = name.or_else(|| (is_self || is_long || !is_usual).then(|| plain.to_owned()));
        return Called { name, forward, back };
    };
    let long = match is_long {
        true => {
            let fields: Vec<&str> = key.columns.iter().map(|column| names.member(it.table, column)).collect();
            format!("{own}_{}To{other}", fields.join("_"))
        }
        false => format!("{own}To{other}"),
    };
    let suffix = if is_long { format!("_{long}") } else { String::new() };
    let name = old.and_then(|it| it.name.clone()).or_else(|| (is_long || is_self).then(|| long.clone()));
    let back = if is_self { format!("other_{own}{suffix}") } else { format!("{own}{suffix}") };
    Called { name, forward: format!("{other}{suffix}"), back }
}

/// `@relation(…)` at the field that has the key. What is usual is not said.
fn refers(it: &Plan<'_>, key: &ForeignKey, table: &Table, names: &Names, name: Option<&str>) -> String {
    let usual = names::of_columns(it.table.name.raw(), &key.columns, "_fkey");
    let is_optional = key.columns.iter().all(|name| table.column(name).is_none_or(|it| !it.not_null));
    let mut said: Vec<String> = name.into_iter().map(text).collect();
    said.push(format!("fields: [{}]", names.members(it.table, &key.columns)));
    said.push(format!("references: [{}]", names.members(&key.table, &key.referred)));
    if key.on_delete != if is_optional { "n" } else { "r" } {
        said.push(format!("onDelete: {}", action(&key.on_delete)));
    }
    if key.on_update != "c" {
        said.push(format!("onUpdate: {}", action(&key.on_update)));
    }
    said.extend((key.name != usual).then(|| format!("map: {}", text(&key.name))));
    format!("@relation({})", said.join(", "))
}

/// By the letter in `pg_constraint.confdeltype`.
fn action(letter: &str) -> &'static str {
    match letter {
        "r" => "Restrict",
        "c" => "Cascade",
        "n" => "SetNull",
        "d" => "SetDefault",
        _ => "NoAction",
    }
}
