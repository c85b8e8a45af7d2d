//! The types of PostgreSQL in Prisma's language (Prisma documentation, "PostgreSQL connector", "Type mapping").

use std::collections::BTreeMap;

use pg_query::protobuf::{self, node::Node};

use super::defaults::integer;
use crate::model::{Kind, ObjectId, parser};

/// What a field holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Type {
    pub holds: Holds,
    pub is_list: bool,
    /// What stands behind `@db.`, where the scalar type alone means something else.
    pub native: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    Scalar(&'static str),
    /// Which of the enums.
    Enum(ObjectId),
    /// As PostgreSQL writes it.
    Unsupported(String),
}

/// The type of a column. `enums` are those that have a name in the schema.
pub(super) fn of_column(data_type: &str, enums: &BTreeMap<ObjectId, Vec<String>>) -> Type {
    let unsupported = |is_list| {
        let of = unqualified(data_type.strip_suffix("[]").filter(|_| is_list).unwrap_or(data_type));
        Type { holds: Holds::Unsupported(of), is_list, native: None }
    };
    let Some(name) = type_name(data_type) else { return unsupported(false) };
    let is_list = !name.array_bounds.is_empty();
    let names = strings(&name.names);
    let (schema, own) = match names.as_slice() {
        [schema, own] => (schema.as_str(), own.as_str()),
        [own] => ("pg_catalog", own.as_str()),
        _ => return unsupported(is_list),
    };
    let id = ObjectId::root(Kind::Schema, schema).child(Kind::Enum, own);
    if enums.contains_key(&id) {
        return Type { holds: Holds::Enum(id), is_list, native: None };
    }
    let modifiers: Option<Vec<i64>> = name.typmods.iter().map(|it| integer(it.node.as_ref()?)).collect();
    let known = modifiers.and_then(|it| scalar(own, &it)).filter(|_| schema == "pg_catalog" || own == "citext");
    match known {
        Some((scalar, native)) => Type { holds: Holds::Scalar(scalar), is_list, native },
        None => unsupported(is_list),
    }
}

fn scalar(name: &str, modifiers: &[i64]) -> Option<(&'static str, Option<String>)> {
    let native = |scalar, word: &str| Some((scalar, Some(word.to_owned())));
    let with = |scalar, word: &str, usual: Option<i64>| match (modifiers, usual) {
        ([it], _) => Some((scalar, Some(format!("{word}({it})")))),
        ([], Some(usual)) => Some((scalar, Some(format!("{word}({usual})")))),
        _ => Some((scalar, Some(word.to_owned()))),
    };
    match (name, modifiers) {
        ("text", _) => Some(("String", None)),
        ("bool", _) => Some(("Boolean", None)),
        ("int4", _) => Some(("Int", None)),
        ("int8", _) => Some(("BigInt", None)),
        ("float8", _) => Some(("Float", None)),
        ("jsonb", _) => Some(("Json", None)),
        ("bytea", _) => Some(("Bytes", None)),
        ("numeric", [65, 30]) => Some(("Decimal", None)),
        ("numeric", [precision, scale]) if 0 <= *scale && scale <= precision => {
            native("Decimal", &format!("Decimal({precision}, {scale})"))
        }
        ("numeric", []) => native("Decimal", "Decimal"),
        ("numeric", [precision]) => native("Decimal", &format!("Decimal({precision}, 0)")),
        ("timestamp", [3]) => Some(("DateTime", None)),
        ("timestamp", _) => with("DateTime", "Timestamp", None),
        ("timestamptz", _) => with("DateTime", "Timestamptz", None),
        ("time", _) => with("DateTime", "Time", None),
        ("timetz", _) => with("DateTime", "Timetz", None),
        ("date", _) => native("DateTime", "Date"),
        ("int2", _) => native("Int", "SmallInt"),
        ("oid", _) => native("Int", "Oid"),
        ("float4", _) => native("Float", "Real"),
        ("money", _) => native("Decimal", "Money"),
        ("json", _) => native("Json", "Json"),
        ("varchar", _) => with("String", "VarChar", None),
        ("bpchar", [_]) => with("String", "Char", None),
        ("bit", _) => with("String", "Bit", Some(1)),
        ("varbit", _) => with("String", "VarBit", None),
        ("uuid", _) => native("String", "Uuid"),
        ("xml", _) => native("String", "Xml"),
        ("inet", _) => native("String", "Inet"),
        ("citext", _) => native("String", "Citext"),
        _ => None,
    }
}

fn type_name(data_type: &str) -> Option<protobuf::TypeName> {
    let tree = parser::parse(&format!("SELECT NULL::{data_type}")).ok()?;
    let Node::SelectStmt(select) = tree.stmts.into_iter().next()?.stmt?.node? else { return None };
    let Node::ResTarget(target) = select.target_list.into_iter().next()?.node? else { return None };
    let Node::TypeCast(cast) = target.val?.node? else { return None };
    cast.type_name
}

/// The texts of a list of names.
pub(super) fn strings(nodes: &[protobuf::Node]) -> Vec<String> {
    let string = |it: &protobuf::Node| match it.node.as_ref() {
        Some(Node::String(text)) => Some(text.sval.clone()),
        _ => None,
    };
    nodes.iter().filter_map(string).collect()
}

/// A name without its schema.
pub(super) fn last(names: &[protobuf::Node]) -> String {
    strings(names).pop().unwrap_or_default()
}

/// SQL that does not name the schema in which names are looked for anyway.
pub(super) fn unqualified(sql: &str) -> String {
    let tokens = parser::tokens(sql);
    let (mut found, mut at) = (String::new(), 0);
    for pair in tokens.windows(2) {
        let is_schema =
            &sql[pair[0].clone()] == "public" && &sql[pair[1].clone()] == "." && pair[0].end == pair[1].start;
        if is_schema && !sql[..pair[0].start].ends_with('.') {
            found.push_str(&sql[at..pair[0].start]);
            at = pair[1].end;
        }
    }
    found.push_str(&sql[at..]);
    found
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Holds, of_column, unqualified};
    use crate::model::{Kind, ObjectId};

    #[test]
    fn types_are_what_prisma_calls_them() {
        let role = ObjectId::root(Kind::Schema, "public").child(Kind::Enum, "Role");
        let enums = BTreeMap::from([(role.clone(), Vec::new())]);
        let cases = [
            ("integer", "Int", None),
            ("character varying(20)[]", "String", Some("VarChar(20)")),
            ("timestamp(3) without time zone", "DateTime", None),
            ("timestamp without time zone", "DateTime", Some("Timestamp")),
            ("timestamp(0) with time zone", "DateTime", Some("Timestamptz(0)")),
            ("numeric(65,30)", "Decimal", None),
            ("numeric", "Decimal", Some("Decimal")),
            ("character(1)", "String", Some("Char(1)")),
            ("public.citext", "String", Some("Citext")),
            ("bit(1)", "String", Some("Bit(1)")),
        ];
        for (sql, scalar, native) in cases {
            let found = of_column(sql, &enums);
            assert_eq!((found.holds, found.native.as_deref()), (Holds::Scalar(scalar), native), "{sql}");
        }
        assert_eq!(of_column("public.\"Role\"[]", &enums).holds, Holds::Enum(role));
        assert!(of_column("integer[]", &enums).is_list);
        for (sql, shown) in [("point", "point"), ("public.mood", "mood"), ("interval(3)", "interval(3)")] {
            assert_eq!(of_column(sql, &enums).holds, Holds::Unsupported(shown.to_owned()), "{sql}");
        }
    }

    #[test]
    fn only_the_schema_itself_is_left_out() {
        assert_eq!(unqualified("public.f('public.x', a.public.b, public.\"T\")"), "f('public.x', a.public.b, \"T\")");
        assert_eq!(unqualified("publics.f()"), "publics.f()");
    }
}
