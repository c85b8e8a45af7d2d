//! The defaults of PostgreSQL in Prisma's language. What has no other words there is `dbgenerated("…")`.

use base64::{Engine, prelude::BASE64_STANDARD};
use pg_query::protobuf::{AExprKind, SqlValueFunctionOp, a_const::Val, node::Node};

use super::{
    tables::{Column, expression_of},
    types::{Holds, Type, last, unqualified},
};

/// What stands in `@default(…)`. `label` is the name of a value of an enum.
pub(super) fn of_column(column: &Column, of: &Type, label: impl Fn(&str) -> Option<String>) -> Option<String> {
    let sql = column.default.as_deref();
    if column.counts && !of.is_list && matches!(of.holds, Holds::Scalar("Int" | "BigInt")) {
        return Some("autoincrement()".to_owned());
    }
    let sql = sql?;
    let generated = || format!("dbgenerated({})", text(&unqualified(sql)));
    let Some(tree) = expression_of(sql).filter(|_| !column.in_sql) else { return Some(generated()) };
    let found = if of.is_list { list(bare(&tree), &of.holds, &label) } else { value(bare(&tree), &of.holds, &label) };
    Some(found.unwrap_or_else(generated))
}

/// An expression without the casts around it.
pub(super) fn bare(node: &Node) -> &Node {
    match node {
        Node::TypeCast(cast) => cast.arg.as_ref().and_then(|it| it.node.as_ref()).map_or(node, bare),
        _ => node,
    }
}

fn list(node: &Node, holds: &Holds, label: &impl Fn(&str) -> Option<String>) -> Option<String> {
    match node {
        Node::AArrayExpr(array) => {
            let items = array.elements.iter().map(|it| value(bare(it.node.as_ref()?), holds, label));
            Some(format!("[{}]", items.collect::<Option<Vec<_>>>()?.join(", ")))
        }
        _ => (string(node)? == "{}").then(|| "[]".to_owned()),
    }
}

fn value(node: &Node, holds: &Holds, label: &impl Fn(&str) -> Option<String>) -> Option<String> {
    match holds {
        Holds::Unsupported(_) => None,
        Holds::Enum(_) => label(string(node)?),
        Holds::Scalar("String" | "Json") => string(node).map(text),
        Holds::Scalar("Boolean") => match node {
            Node::AConst(it) => match it.val.as_ref()? {
                Val::Boolval(it) => Some(it.boolval.to_string()),
                _ => None,
            },
            _ => None,
        },
        Holds::Scalar("Int" | "BigInt") => number(node).filter(|it| it.parse::<i64>().is_ok()),
        Holds::Scalar("Float" | "Decimal") => number(node).filter(|it| it.parse::<f64>().is_ok_and(f64::is_finite)),
        Holds::Scalar("DateTime") => is_now(node).then(|| "now()".to_owned()),
        Holds::Scalar("Bytes") => {
            let digits = string(node)?.strip_prefix("\\x")?;
            let byte = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
            let bytes = (0..digits.len()).step_by(2).map(byte).collect::<Option<Vec<u8>>>()?;
            Some(text(&BASE64_STANDARD.encode(bytes)))
        }
        Holds::Scalar(_) => None,
    }
}

fn is_now(node: &Node) -> bool {
    match node {
        Node::FuncCall(call) => last(&call.funcname) == "now" && call.args.is_empty(),
        Node::SqlvalueFunction(it) => it.op() == SqlValueFunctionOp::SvfopCurrentTimestamp,
        _ => false,
    }
}

fn string(node: &Node) -> Option<&str> {
    match node {
        Node::AConst(it) => match it.val.as_ref()? {
            Val::Sval(it) => Some(&it.sval),
            _ => None,
        },
        _ => None,
    }
}

/// A number, also one that PostgreSQL prints as a text with a cast: `'-1'::integer`.
fn number(node: &Node) -> Option<String> {
    match node {
        Node::AConst(it) => match it.val.as_ref() {
            Some(Val::Ival(it)) => Some(it.ival.to_string()),
            Some(Val::Fval(it)) => Some(it.fval.clone()),
            Some(Val::Sval(it)) => Some(it.sval.clone()),
            // A zero is what is there where nothing else is.
            Some(Val::Boolval(_) | Val::Bsval(_)) | None => None,
        },
        Node::AExpr(it) if it.kind() == AExprKind::AexprOp && last(&it.name) == "-" && it.lexpr.is_none() => {
            Some(format!("-{}", number(bare(it.rexpr.as_ref()?.node.as_ref()?))?))
        }
        _ => None,
    }
}

/// A whole number.
pub(super) fn integer(node: &Node) -> Option<i64> {
    number(node)?.parse().ok()
}

/// A text in quotes.
pub(super) fn text(of: &str) -> String {
    serde_json::Value::from(of).to_string()
}
