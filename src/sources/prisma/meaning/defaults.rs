//! `@default(…)`: what a column holds where nothing is said.

use base64::{Engine, prelude::BASE64_STANDARD};
use jiff::fmt::temporal::Pieces;
use pg_query::NodeRef;

use super::{
    Holds, Resolver,
    arguments::{Faults, text},
    types::Scalar,
};
use crate::{
    model::{Literal, parser},
    sources::{
        nearest::nearest,
        prisma::{
            ast::{Arity, Attribute, Expression, Field, Value},
            database::Default,
        },
    },
};

/// The functions of the language, and the types that they give.
const FUNCTIONS: &[(&str, &[Scalar])] = &[
    ("autoincrement", &[Scalar::Int, Scalar::BigInt]),
    ("now", &[Scalar::DateTime]),
    ("uuid", &[Scalar::String]),
    ("cuid", &[Scalar::String]),
    ("ulid", &[Scalar::String]),
    ("nanoid", &[Scalar::String]),
    ("dbgenerated", &Scalar::ALL),
];

/// What a default comes to.
pub(super) enum Given {
    Default(Default),
    /// A sequence counts it.
    Counted,
}

/// Whether an attribute has the name of a function that is a default.
pub(super) fn is_function(name: &str) -> bool {
    FUNCTIONS.iter().any(|(it, _)| *it == name)
}

/// Whether an expression names a column.
fn names_columns(sql: &str) -> bool {
    let tree = parser::parse_whole(&format!("SELECT {sql}"));
    tree.is_ok_and(|tree| tree.protobuf.nodes().iter().any(|(node, ..)| matches!(node, NodeRef::ColumnRef(_))))
}

impl Resolver<'_> {
    /// `sql_type` is what the column is of, with its brackets.
    pub(super) fn default(&mut self, field: &Field, holds: &Holds<'_>, sql_type: &str, attribute: &Attribute) -> Given {
        let none = Given::Default(Default::None);
        let Some(value) = attribute.first_or_named("value") else {
            self.faults.tell(
                "`@default` needs a value",
                &attribute.span,
                "here",
                "write `@default(0)`, or leave it out",
            );
            return none;
        };
        if let Value::Call(name, arguments) = &value.value {
            return self.function(field, holds, name, arguments.first().map(|it| &it.value), value);
        }
        let sql = match (&value.value, field.arity) {
            (Value::List(items), Arity::List) => {
                let items: Option<Vec<String>> = items.iter().map(|it| self.literal(holds, it)).collect();
                items.map(|items| format!("ARRAY[{}]::{sql_type}", items.join(", ")))
            }
            (_, Arity::List) => {
                let help = "write `@default([])`";
                self.faults.tell("the default of a list is a list", &value.span, "not a list", help);
                None
            }
            (_, Arity::Required | Arity::Optional) => self.literal(holds, value),
        };
        sql.map_or(none, |sql| Given::Default(Default::Sql(sql)))
    }

    /// What `dbgenerated` is given.
    fn generated(&mut self, argument: &Expression) -> Default {
        let Some(sql) = text(Some(argument), "the default", &mut self.faults) else { return Default::None };
        if sql.is_empty() {
            let help = "write the expression, or `dbgenerated()` where it is not for the schema to say";
            self.faults.tell("this default is empty", &argument.span, "nothing in it", help);
            return Default::None;
        }
        if let Err(why) = parser::parse(&format!("SELECT ({sql})")) {
            let help = "write an expression as PostgreSQL does: `dbgenerated(\"gen_random_uuid()\")`";
            self.faults.tell(format!("this is no expression: {why}"), &argument.span, "not SQL", help);
            return Default::None;
        }
        if names_columns(sql) { Default::Computed(sql.to_owned()) } else { Default::Sql(sql.to_owned()) }
    }

    fn function(
        &mut self,
        field: &Field,
        holds: &Holds<'_>,
        name: &str,
        argument: Option<&Expression>,
        value: &Expression,
    ) -> Given {
        let none = Given::Default(Default::None);
        let Some((_, types)) = FUNCTIONS.iter().find(|(it, _)| *it == name) else {
            let names: Vec<&str> = FUNCTIONS.iter().map(|(it, _)| *it).collect();
            let help = match (name, nearest(name, names.iter().copied()).as_slice()) {
                ("sequence", _) => "it is for CockroachDB; write `autoincrement()`".to_owned(),
                ("auto", _) => "it is for MongoDB; write `autoincrement()`, or `uuid()`".to_owned(),
                (_, []) => format!("functions are `{}`", names.join("()`, `")),
                (_, near) => format!("did you mean `{}()`?", near.join("()` or `")),
            };
            self.faults.tell(format!("PostgreSQL has no default `{name}()`"), &value.span, "not known", help);
            return none;
        };
        let fits = match holds {
            Holds::Scalar(scalar) => types.contains(scalar),
            Holds::Enum(_) | Holds::Unsupported(_) => name == "dbgenerated",
            Holds::Model(_) | Holds::Unknown => true,
        };
        if !fits {
            let types: Vec<&str> = types.iter().map(|it| it.name()).collect();
            let help = format!("`{name}()` is for fields of type `{}`", types.join("` or `"));
            let title = format!("`{name}()` is no default of a {}", field_type(holds));
            self.faults.tell(title, &value.span, "does not fit", help);
            return none;
        }
        if field.arity == Arity::List && name != "dbgenerated" {
            self.faults.tell(format!("a list has no default `{name}()`"), &value.span, "does not fit", "write `[]`");
            return none;
        }
        match name {
            "autoincrement" => Given::Counted,
            "now" => Given::Default(Default::Sql("CURRENT_TIMESTAMP".to_owned())),
            "dbgenerated" => match argument {
                None => Given::Default(Default::Whatever),
                Some(argument) => Given::Default(self.generated(argument)),
            },
            // Prisma's client makes these.
            _ => none,
        }
    }

    /// A value in SQL.
    fn literal(&mut self, holds: &Holds<'_>, value: &Expression) -> Option<String> {
        let found = match (holds, &value.value) {
            (Holds::Enum(of), Value::Word(word)) => {
                let known = of.values.iter().find(|it| it.name.text == *word);
                if known.is_none() {
                    let names = of.values.iter().map(|it| it.name.text.as_str());
                    let help = match nearest(word, names.clone()).as_slice() {
                        [] => format!("its values are `{}`", names.collect::<Vec<_>>().join("`, `")),
                        near => format!("did you mean `{}`?", near.join("` or `")),
                    };
                    let title = format!("enum `{}` has no value `{word}`", of.name.text);
                    self.faults.tell(title, &value.span, "not a value of it", help);
                }
                return known.map(|it| Literal(&mapped(it)).to_string());
            }
            (Holds::Scalar(scalar), it) => of_scalar(*scalar, it),
            (Holds::Unsupported(_), _) => {
                let help = "write it in SQL: `dbgenerated(\"…\")`";
                self.faults.tell("a field of an unsupported type has no such default", &value.span, "here", help);
                return None;
            }
            (Holds::Model(_) | Holds::Unknown, _) => return None,
            (Holds::Enum(_), _) => None,
        };
        if found.is_none() {
            let (title, help) = (format!("this is no {}", field_type(holds)), example(holds));
            self.faults.tell(title, &value.span, "does not fit", help);
        }
        found
    }
}

fn mapped(value: &crate::sources::prisma::ast::EnumValue) -> String {
    super::mapped(&value.attributes, &value.name, &mut Faults::default())
}

fn field_type(holds: &Holds<'_>) -> String {
    match holds {
        Holds::Scalar(scalar) => format!("`{}`", scalar.name()),
        Holds::Enum(of) => format!("value of `{}`", of.name.text),
        Holds::Model(of) => format!("`{}`", of.name.text),
        Holds::Unsupported(sql) => format!("`Unsupported(\"{sql}\")`"),
        Holds::Unknown => "value".to_owned(),
    }
}

fn example(holds: &Holds<'_>) -> &'static str {
    match holds {
        Holds::Scalar(Scalar::String) => "write a text: `\"…\"`",
        Holds::Scalar(Scalar::Boolean) => "write `true` or `false`",
        Holds::Scalar(Scalar::Int) => "write a whole number from -2147483648 to 2147483647",
        Holds::Scalar(Scalar::BigInt) => "write a whole number of at most 64 bits",
        Holds::Scalar(Scalar::Float | Scalar::Decimal) => "write a number: `1.5`",
        Holds::Scalar(Scalar::DateTime) => "write `now()`, or a text as RFC 3339 has it: `\"2020-01-31T12:00:00Z\"`",
        Holds::Scalar(Scalar::Json) => "write JSON as a text: `\"{}\"`",
        Holds::Scalar(Scalar::Bytes) => "write bytes in base64, as a text: `\"aGVsbG8=\"`",
        Holds::Enum(_) => "write one of its values, without quotes",
        Holds::Model(_) | Holds::Unsupported(_) | Holds::Unknown => "",
    }
}

fn of_scalar(scalar: Scalar, value: &Value) -> Option<String> {
    match (scalar, value) {
        (Scalar::String, Value::Text(text)) => Some(Literal(text).to_string()),
        (Scalar::Boolean, Value::Word(word)) if word == "true" || word == "false" => Some(word.clone()),
        (Scalar::Int, Value::Number(text)) => text.parse::<i32>().ok().map(|it| it.to_string()),
        (Scalar::BigInt, Value::Number(text)) => text.parse::<i64>().ok().map(|it| it.to_string()),
        (Scalar::Float | Scalar::Decimal, Value::Number(text)) => decimal(text),
        (Scalar::Decimal, Value::Text(text)) => decimal(text),
        (Scalar::Json, Value::Text(text)) => {
            serde_json::from_str::<serde_json::Value>(text).ok().map(|_| Literal(text).to_string())
        }
        (Scalar::Bytes, Value::Text(text)) => {
            let bytes = BASE64_STANDARD.decode(text).ok()?;
            Some(format!("'\\x{}'", bytes.iter().map(|it| format!("{it:02x}")).collect::<String>()))
        }
        (Scalar::DateTime, Value::Text(text)) => instant(text),
        (Scalar::String | Scalar::Boolean | Scalar::Int | Scalar::BigInt | Scalar::Float, _)
        | (Scalar::Decimal | Scalar::DateTime | Scalar::Json | Scalar::Bytes, _) => None,
    }
}

/// `2020-01-02T03:04:05.678+02:00`, with a blank before the time and one behind it.
fn instant(text: &str) -> Option<String> {
    let pieces = Pieces::parse(text).ok()?;
    let (time, offset) = (pieces.time()?, pieces.to_numeric_offset()?);
    let (sign, seconds) = (if offset.is_negative() { '-' } else { '+' }, offset.seconds().unsigned_abs());
    let offset = format!("{sign}{:02}:{:02}", seconds / 3600, seconds / 60 % 60);
    Some(format!("'{} {time} {offset}'", pieces.date()))
}

/// A number without an exponent and without needless zeros in front.
fn decimal(text: &str) -> Option<String> {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
    let (mantissa, exponent) = match digits.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok().filter(|it| it.abs() <= 1000)?),
        None => (digits, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{fraction}");
    if all.is_empty() || !all.bytes().all(|it| it.is_ascii_digit()) {
        return None;
    }
    let point = i32::try_from(whole.len()).ok()? + exponent;
    let zeros = |count: i32| "0".repeat(usize::try_from(count).unwrap_or(0));
    let length = i32::try_from(all.len()).ok()?;
    let all = format!("{}{all}{}", zeros(1 - point), zeros(point - length));
    let (whole, fraction) = all.split_at(usize::try_from(point.max(1)).ok()?);
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        whole => whole,
    };
    Some(if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") })
}

#[cfg(test)]
mod tests {
    use super::{decimal, instant, names_columns};

    #[test]
    fn columns_are_told_from_words_of_the_language() {
        let computed =
            ["(age * 2)", "to_tsvector('english', body)", "CASE WHEN a THEN 1 END", "x::text || 'y'", "\"A\""];
        for expression in computed {
            assert!(names_columns(expression), "{expression}");
        }
        for expression in ["now()", "CURRENT_USER", "'a'::text", "(now() + '1 day'::interval)", "nextval('s')", "'"] {
            assert!(!names_columns(expression), "{expression}");
        }
    }

    #[test]
    fn numbers_are_written_out() {
        let cases = [
            ("1", "1"),
            ("007", "7"),
            ("-1.50", "-1.50"),
            ("1e3", "1000"),
            ("1.25e1", "12.5"),
            ("12e-3", "0.012"),
            ("0", "0"),
            ("-0.5", "-0.5"),
            ("00.10", "0.10"),
        ];
        for (written, sql) in cases {
            assert_eq!(decimal(written).as_deref(), Some(sql), "{written}");
        }
        for wrong in ["", "-", "a", "1.2.3", "1e", "1e99999"] {
            assert_eq!(decimal(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn instants_keep_their_offset() {
        assert_eq!(instant("2020-01-02T03:04:05.678+02:30").as_deref(), Some("'2020-01-02 03:04:05.678 +02:30'"));
        assert_eq!(instant("2020-01-02T03:04:05Z").as_deref(), Some("'2020-01-02 03:04:05 +00:00'"));
        assert_eq!(instant("2020-01-02"), None);
        assert_eq!(instant("yesterday"), None);
    }
}
