//! The names of models, fields, enums and values: those that a schema has given them before, or as near to PostgreSQL's as Prisma's
//! language allows.

use std::collections::{BTreeMap, BTreeSet};

use super::{before::Before, tables::Found};
use crate::model::ObjectId;

/// Words that no model and no enum may be called: JavaScript's, and the types of the language.
const RESERVED: &[&str] = &[
    "PrismaClient",
    "String",
    "Boolean",
    "Int",
    "BigInt",
    "Float",
    "Decimal",
    "DateTime",
    "Json",
    "Bytes",
    "async",
    "await",
    "break",
    "case",
    "catch",
    "class",
    "const",
    "continue",
    "debugger",
    "default",
    "delete",
    "do",
    "else",
    "enum",
    "export",
    "extends",
    "false",
    "finally",
    "for",
    "function",
    "if",
    "implements",
    "import",
    "in",
    "instanceof",
    "interface",
    "let",
    "new",
    "null",
    "package",
    "private",
    "protected",
    "public",
    "return",
    "super",
    "switch",
    "this",
    "throw",
    "true",
    "try",
    "using",
    "typeof",
    "var",
    "void",
    "while",
    "with",
    "yield",
];

#[derive(Debug, Default)]
pub(super) struct Names {
    /// Of models and enums.
    blocks: BTreeMap<ObjectId, String>,
    /// Of fields by columns, and of values by labels.
    members: BTreeMap<ObjectId, BTreeMap<String, String>>,
}

impl Names {
    /// Gives each its name.
    pub(super) fn of(found: &Found, before: &Before) -> Names {
        let ids: Vec<&ObjectId> = found.tables.keys().chain(found.enums.keys()).collect();
        let plain = |id: &ObjectId| allowed(id.name.raw());
        let mut taken: BTreeSet<String> = ids.iter().filter_map(|id| before.block(id)).map(str::to_owned).collect();
        let mut names = Names::default();
        for id in &ids {
            let name = match before.block(id) {
                Some(name) => name.to_owned(),
                None => {
                    let is_shared = ids.iter().any(|other| other != id && plain(other) == plain(id));
                    let schema = id.parent().map(|it| allowed(it.name.raw())).unwrap_or_default();
                    let own = plain(id);
                    let name = match own.as_str() {
                        own if is_shared => format!("{schema}_{own}"),
                        own if RESERVED.contains(&own) => format!("Renamed{own}"),
                        own => own.to_owned(),
                    };
                    free(name, &mut taken)
                }
            };
            names.blocks.insert((*id).clone(), name);
        }
        let columns = found.tables.iter().map(|(id, table)| (id, table.columns.iter().map(|it| &it.name).collect()));
        let labels = found.enums.iter().map(|(id, labels)| (id, labels.iter().collect::<Vec<_>>()));
        for (id, all) in columns.chain(labels) {
            let mut taken: BTreeSet<String> =
                all.iter().filter_map(|it| before.member(id, it)).map(str::to_owned).collect();
            let name = |it: &&String| match before.member(id, it) {
                Some(name) => ((*it).clone(), name.to_owned()),
                None => ((*it).clone(), free(allowed(it), &mut taken)),
            };
            names.members.insert(id.clone(), all.iter().map(name).collect());
        }
        names
    }

    /// Of a model or an enum.
    pub(super) fn block(&self, id: &ObjectId) -> &str {
        self.blocks.get(id).map_or("", String::as_str)
    }

    /// Of a field or a value.
    pub(super) fn member(&self, id: &ObjectId, name: &str) -> &str {
        self.members.get(id).and_then(|it| it.get(name)).map_or("", String::as_str)
    }

    /// Of fields.
    pub(super) fn members(&self, id: &ObjectId, names: &[String]) -> String {
        names.iter().map(|it| self.member(id, it)).collect::<Vec<_>>().join(", ")
    }

    /// Whether a model has a field of this name for a column.
    pub(super) fn has_member(&self, id: &ObjectId, name: &str) -> bool {
        self.members.get(id).is_some_and(|it| it.values().any(|it| it == name))
    }
}

/// A name with nothing in it that the language does not allow, which begins with a letter.
fn allowed(name: &str) -> String {
    let is_letter = |it: char| it.is_ascii_alphabetic();
    let safe = |it: char| if it.is_ascii_alphanumeric() || it == '_' { it } else { '_' };
    let found: String = name.chars().skip_while(|it| !is_letter(*it)).map(safe).collect();
    if found.is_empty() { format!("n{}", name.chars().map(safe).collect::<String>()) } else { found }
}

/// The name, or one like it that nobody has.
pub(super) fn free(mut name: String, taken: &mut BTreeSet<String>) -> String {
    while !taken.insert(name.clone()) {
        name.push('_');
    }
    name
}

#[cfg(test)]
mod tests {
    use super::allowed;

    #[test]
    fn names_keep_what_they_may() {
        let cases = [
            ("User", "User"),
            ("1A", "A"),
            ("a-b c", "a_b_c"),
            ("_x", "x"),
            ("123", "n123"),
            ("$§!", "n___"),
            ("b患", "b_"),
        ];
        for (name, expected) in cases {
            assert_eq!(allowed(name), expected, "{name}");
        }
    }
}
