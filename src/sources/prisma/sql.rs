//! SQL as Prisma writes it: the words, the quotes and the spaces.

use crate::{
    model::Literal,
    sources::prisma::database::{Column, Default, Enum, Extension, ForeignKey, Index, Table},
};

/// The schema of what does not name one.
pub const DEFAULT_SCHEMA: &str = "public";

/// A name in quotes, whether it needs them or not.
pub fn quoted(name: impl AsRef<str>) -> String {
    format!("\"{}\"", name.as_ref().replace('"', "\"\""))
}

/// A name with its schema, unless that is the default one.
pub fn qualified(schema: Option<&str>, name: &str) -> String {
    schema.into_iter().filter(|it| *it != DEFAULT_SCHEMA).chain([name]).map(quoted).collect::<Vec<_>>().join(".")
}

/// Names with commas between them.
pub fn list(names: &[String], comma: &str) -> String {
    names.iter().map(quoted).collect::<Vec<_>>().join(comma)
}

impl Extension {
    pub fn create(&self) -> String {
        let with = if self.schema.is_some() || self.version.is_some() { " WITH" } else { "" };
        let schema = self.schema.iter().map(|it| format!(" SCHEMA {}", quoted(it))).collect::<String>();
        let version = self.version.iter().map(|it| format!(" VERSION {}", quoted(it))).collect::<String>();
        format!("CREATE EXTENSION IF NOT EXISTS {}{with}{schema}{version}", quoted(&self.name))
    }
}

impl Enum {
    pub fn qualified(&self) -> String {
        qualified(self.schema.as_deref(), &self.name)
    }

    /// The type by another name, with all its values.
    pub fn create_as(&self, name: &str) -> String {
        let values: Vec<String> = self.values.iter().map(|(value, _)| Literal(value).to_string()).collect();
        format!("CREATE TYPE {} AS ENUM ({})", qualified(self.schema.as_deref(), name), values.join(", "))
    }
}

impl Table {
    pub fn qualified(&self) -> String {
        qualified(self.schema.as_deref(), &self.name)
    }

    pub fn create(&self) -> String {
        let columns: Vec<String> = self.columns.iter().map(|it| format!("    {}", it.definition())).collect();
        let key = self
            .primary_key
            .iter()
            .map(|key| format!(",\n\n    CONSTRAINT {} PRIMARY KEY ({})", quoted(&key.name), list(&key.columns, ",")));
        format!("CREATE TABLE {} (\n{}{}\n)", self.qualified(), columns.join(",\n"), key.collect::<String>())
    }

    pub fn create_index(&self, index: &Index) -> String {
        let unique = if index.is_unique { "UNIQUE " } else { "" };
        let using = index.method.map(|method| format!(" USING {method} ")).unwrap_or_default();
        let parts = index.parts.iter().map(|part| {
            let class = part.operator_class.iter().map(String::as_str);
            let words = class.chain(part.sort).map(str::to_owned);
            std::iter::once(quoted(&part.column)).chain(words).collect::<Vec<_>>().join(" ")
        });
        let parts = parts.collect::<Vec<_>>().join(", ");
        let predicate = index.predicate.iter().map(|it| format!(" WHERE ({it})")).collect::<String>();
        format!("CREATE {unique}INDEX {} ON {}{using}({parts}){predicate}", quoted(&index.name), self.qualified())
    }

    pub fn add_foreign_key(&self, key: &ForeignKey) -> String {
        let (schema, name) = &key.refers_to;
        format!(
            "ALTER TABLE {} ADD CONSTRAINT {} FOREIGN KEY ({}) REFERENCES {}({}) ON DELETE {} ON UPDATE {}",
            self.qualified(),
            quoted(&key.name),
            list(&key.columns, ", "),
            qualified(schema.as_deref(), name),
            list(&key.referred, ", "),
            key.on_delete,
            key.on_update,
        )
    }
}

impl Column {
    /// The type, where an enum of the default schema goes without that.
    pub fn written_type(&self) -> &str {
        self.sql_type.strip_prefix("\"public\".").unwrap_or(&self.sql_type)
    }

    pub fn definition(&self) -> String {
        let mut sql = format!("{} {}", quoted(&self.name), self.written_type());
        if self.is_required {
            sql.push_str(" NOT NULL");
        }
        match &self.default {
            Default::Sql(default) => sql.push_str(&format!(" DEFAULT {default}")),
            Default::Computed(expression) => sql.push_str(&format!(" GENERATED ALWAYS AS ({expression}) STORED")),
            Default::None | Default::Whatever => (),
        }
        sql
    }
}
