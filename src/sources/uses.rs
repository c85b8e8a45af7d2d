//! What a statement names, by its parse tree: relations, types, routines, schemas. The tree is walked as data, so
//! that a name is found wherever the grammar allows one.

use pg_query::NodeEnum;
use serde_json::{Map, Value};

use super::class::text;
use super::lexer::{TokenKind, words};
use crate::model::parser;

/// What a name must be the name of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Sort {
    Relation,
    Type,
    Routine,
    Schema,
    Role,
    Any,
}

/// A name that a statement cannot do without.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Use {
    pub(crate) sort: Sort,
    pub(crate) schema: Option<String>,
    pub(crate) name: String,
}

/// Every name in a statement, and in the body of a function in SQL. Names that the statement itself defines and
/// names of queries within it (`WITH`) are among them.
pub(crate) fn uses(sql: &str) -> Vec<Use> {
    let mut found = Vec::new();
    collect_from_sql(sql, &mut found);
    found.sort();
    found.dedup();
    found
}

fn collect_from_sql(sql: &str, found: &mut Vec<Use>) {
    let Ok(tree) = parser::parse(sql) else { return };
    for node in tree.stmts.iter().filter_map(|raw| raw.stmt.as_ref()?.node.as_ref()) {
        if let NodeEnum::CreateFunctionStmt(stmt) = node
            && let Some(body) = sql_body(stmt)
        {
            collect_from_sql(&body, found);
        }
        if let Ok(value) = serde_json::to_value(node) {
            walk(&value, found);
        }
    }
}

/// The body of a function in SQL that is written as a string. PostgreSQL reads it when it creates the function.
fn sql_body(stmt: &pg_query::protobuf::CreateFunctionStmt) -> Option<String> {
    let option = |name: &str| {
        stmt.options.iter().find_map(|option| match &option.node {
            Some(NodeEnum::DefElem(elem)) if elem.defname == name => elem.arg.as_ref()?.node.as_ref(),
            _ => None,
        })
    };
    let NodeEnum::String(language) = option("language")? else { return None };
    if !language.sval.eq_ignore_ascii_case("sql") {
        return None;
    }
    match option("as")? {
        NodeEnum::List(parts) => parts.items.first().and_then(text),
        NodeEnum::String(body) => Some(body.sval.clone()),
        _ => None,
    }
}

fn walk(value: &Value, found: &mut Vec<Use>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| walk(item, found)),
        Value::Object(fields) => {
            here(fields, found);
            fields.values().for_each(|field| walk(field, found));
        }
        _ => (),
    }
}

/// The parts of the tree have no tags where their type is fixed, so they are known by their fields.
fn here(fields: &Map<String, Value>, found: &mut Vec<Use>) {
    let string = |key: &str| fields.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    if let Some(name) = string("relname") {
        push(found, Sort::Relation, string("schemaname"), name);
    } else if fields.contains_key("typmods") && fields.contains_key("names") {
        let mut path = path(&fields["names"]);
        let of_column = fields.get("pct_type").and_then(Value::as_bool) == Some(true);
        if of_column {
            path.pop();
        }
        push_path(found, if of_column { Sort::Relation } else { Sort::Type }, &path);
    } else if fields.contains_key("funcname") && !fields.contains_key("is_procedure") {
        let name = path(&fields["funcname"]);
        if matches!(name.last().map(String::as_str), Some("nextval" | "currval" | "setval")) {
            fields
                .get("args")
                .and_then(|args| args.get(0))
                .into_iter()
                .for_each(|first| relation_in_text(first, found));
        }
        push_path(found, Sort::Routine, &name);
    } else if let Some(name) = fields.get("objname") {
        push_path(found, Sort::Routine, &path(name));
    } else if let Some(name) = fields.get("collname") {
        push_path(found, Sort::Any, &path(name));
    } else if let (Some(name), Some(1)) = (string("rolename"), fields.get("roletype").and_then(Value::as_i64)) {
        push(found, Sort::Role, None, name);
    } else if let Some(cast) = fields.get("TypeCast")
        && path(cast.pointer("/type_name/names").unwrap_or(&Value::Null)).last().is_some_and(|name| name == "regclass")
    {
        relation_in_text(cast, found);
    } else if let Some(items) = fields.get("List").and_then(|list| list.get("items")) {
        // COMMENT ON, DROP, OWNED BY and others: a path, perhaps of something within a table.
        let path = path(items);
        push_path(found, Sort::Any, &path);
        if let Some((_, table)) = path.split_last() {
            push_path(found, Sort::Relation, table);
        }
    }
}

/// `'shop.orders_id_seq'::regclass`, at any depth of casts.
fn relation_in_text(value: &Value, found: &mut Vec<Use>) {
    let constant = value
        .pointer("/AConst/val/Sval/sval")
        .or_else(|| value.pointer("/TypeCast/arg/node/AConst/val/Sval/sval"))
        .or_else(|| value.pointer("/arg/node/AConst/val/Sval/sval"))
        .or_else(|| value.pointer("/node/TypeCast/arg/node/AConst/val/Sval/sval"))
        .or_else(|| value.pointer("/node/AConst/val/Sval/sval"));
    let Some(text) = constant.and_then(Value::as_str) else { return };
    let parts: Vec<String> = words(text)
        .filter_map(|token| match token.kind {
            TokenKind::Word => Some(text[token.range].to_lowercase()),
            TokenKind::Quoted => Some(text[token.range].trim_matches('"').replace("\"\"", "\"")),
            _ => None,
        })
        .collect();
    push_path(found, Sort::Relation, &parts);
}

fn path(items: &Value) -> Vec<String> {
    let text = |item: &Value| Some(item.pointer("/node/String/sval")?.as_str()?.to_owned());
    items.as_array().into_iter().flatten().filter_map(text).collect()
}

fn push_path(found: &mut Vec<Use>, sort: Sort, path: &[String]) {
    if let Some((name, before)) = path.split_last() {
        push(found, sort, before.last().map(String::as_str), name);
    }
}

fn push(found: &mut Vec<Use>, sort: Sort, schema: Option<&str>, name: &str) {
    if schema == Some("pg_catalog") {
        return;
    }
    if let Some(schema) = schema {
        found.push(Use { sort: Sort::Schema, schema: None, name: schema.to_owned() });
    }
    found.push(Use { sort, schema: schema.map(str::to_owned), name: name.to_owned() });
}

#[cfg(test)]
mod tests {
    use super::{Sort, uses};

    fn named(sql: &str, sort: Sort) -> Vec<String> {
        uses(sql).into_iter().filter(|used| used.sort == sort).map(|used| used.name).collect()
    }

    #[test]
    fn finds_names_wherever_they_stand() {
        let table = "CREATE TABLE a.t (x mood, id int DEFAULT nextval('a.\"S q\"'::regclass), y int REFERENCES u (id))";
        assert_eq!(named(table, Sort::Relation), ["u", "S q", "t"]);
        assert!(named(table, Sort::Type).contains(&"mood".to_owned()));
        assert_eq!(named(table, Sort::Schema), ["a"]);
        let view = "CREATE VIEW v AS WITH c AS (SELECT f(x) FROM t) SELECT * FROM c JOIN LATERAL (TABLE w) z ON true";
        assert_eq!(named(view, Sort::Relation), ["c", "t", "v", "w"]);
        assert_eq!(named(view, Sort::Routine), ["f"]);
        let function = "CREATE FUNCTION f(p %TYPE_) RETURNS int LANGUAGE sql AS 'SELECT g() FROM t'";
        let function = function.replace("%TYPE_", "s.w.x%TYPE");
        assert_eq!(named(&function, Sort::Relation), ["t", "w"]);
        assert_eq!(named(&function, Sort::Routine), ["g"]);
        assert!(named("COMMENT ON COLUMN t.c IS ''", Sort::Relation).contains(&"t".to_owned()));
        assert_eq!(named("CREATE TRIGGER x BEFORE INSERT ON t EXECUTE FUNCTION g()", Sort::Routine), ["g"]);
        assert_eq!(named("GRANT SELECT ON t TO alice, PUBLIC", Sort::Role), ["alice"]);
    }
}
