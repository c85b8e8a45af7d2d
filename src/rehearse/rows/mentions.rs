//! What an expression mentions, by its parse tree. These are hints of what values to try: PostgreSQL judges them.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::model::{Ident, parser};

#[derive(Clone, Debug, Default)]
pub(super) struct Mentions {
    /// As SQL writes them.
    pub(super) columns: BTreeSet<String>,
    /// Constants as text, numbers too.
    pub(super) constants: BTreeSet<String>,
    /// What is matched with: regular expressions and patterns of `LIKE`, by operator.
    pub(super) patterns: BTreeSet<(String, String)>,
    /// Bare names.
    pub(super) functions: BTreeSet<String>,
    /// Whether it asks for the time or the user.
    pub(super) asks_session: bool,
}

impl Mentions {
    /// Of an expression; nothing where it cannot be read.
    pub(super) fn of(expression: &str) -> Mentions {
        let mut found = Mentions::default();
        let Ok(tree) = parser::parse(&format!("SELECT {expression}")) else { return found };
        if let Ok(value) = serde_json::to_value(&tree.stmts) {
            walk(&value, &mut found);
        }
        found
    }
    /// Everything that one of several mentions.
    pub(super) fn extend(&mut self, other: Mentions) {
        self.columns.extend(other.columns);
        self.constants.extend(other.constants);
        self.patterns.extend(other.patterns);
        self.functions.extend(other.functions);
        self.asks_session |= other.asks_session;
    }
}

fn walk(value: &Value, found: &mut Mentions) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| walk(item, found)),
        Value::Object(fields) => {
            for (name, part) in fields {
                here(name, part, found);
                walk(part, found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => (),
    }
}

fn here(name: &str, part: &Value, found: &mut Mentions) {
    match name {
        "AConst" => found.constants.extend(constant(part)),
        "AExpr" => found.patterns.extend(pattern(part)),
        "ColumnRef" => found.columns.extend(names(part.get("fields")).last().map(|it| Ident::new(it).to_string())),
        "FuncCall" => found.functions.extend(names(part.get("funcname")).pop()),
        "SqlvalueFunction" | "SqlValueFunction" | "SQLValueFunction" => found.asks_session = true,
        _ => (),
    }
}

fn names(list: Option<&Value>) -> Vec<String> {
    let items = list.and_then(Value::as_array).into_iter().flatten();
    items.filter_map(|item| Some(item.pointer("/node/String/sval")?.as_str()?.to_owned())).collect()
}

fn constant(part: &Value) -> Option<String> {
    let value = part.get("val")?;
    let text = |path: &str| value.pointer(path).and_then(Value::as_str).map(str::to_owned);
    let number = value.pointer("/Ival/ival").and_then(Value::as_i64).map(|it| it.to_string());
    number.or_else(|| text("/Fval/fval")).or_else(|| text("/Sval/sval"))
}

/// `column ~ 'expression'`, with the casts that PostgreSQL prints.
fn pattern(part: &Value) -> Option<(String, String)> {
    let operator = names(part.get("name")).pop()?;
    if !["~", "~*", "~~", "~~*"].contains(&operator.as_str()) {
        return None;
    }
    Some((operator, literal(part.pointer("/rexpr/node")?)?))
}

fn literal(node: &Value) -> Option<String> {
    match (node.get("AConst"), node.get("TypeCast")) {
        (Some(value), _) => constant(value),
        (None, Some(cast)) => literal(cast.pointer("/arg/node")?),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::Mentions;

    #[test]
    fn finds_what_an_expression_mentions() {
        let found = Mentions::of(
            "((a > '-1'::integer) AND (\"B c\" ~ '^[a-z]+$'::text) AND (length((d)::text) <= 255) AND (e < now()) \
             AND (f = ANY (ARRAY['x'::text, 'y'::text])) AND (g < CURRENT_DATE) AND (h > 1.5))",
        );
        assert_eq!(found.columns.iter().collect::<Vec<_>>(), ["\"B c\"", "a", "d", "e", "f", "g", "h"]);
        assert_eq!(found.constants.iter().collect::<Vec<_>>(), ["-1", "1.5", "255", "^[a-z]+$", "x", "y"]);
        assert_eq!(found.functions.iter().collect::<Vec<_>>(), ["length", "now"]);
        assert_eq!(found.patterns.len(), 1);
        assert!(found.asks_session);
    }
}
