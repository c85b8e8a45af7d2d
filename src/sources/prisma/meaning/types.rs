//! The scalar types of the language, and the native types that `@db.…` may give them
//! (Prisma documentation, "PostgreSQL connector", "Type mapping").

use crate::sources::prisma::ast::{Attribute, Value};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scalar {
    String,
    Boolean,
    Int,
    BigInt,
    Float,
    Decimal,
    DateTime,
    Json,
    Bytes,
}

/// What a native type takes in parentheses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Takes {
    Nothing,
    /// Any number, or none.
    Length,
    /// A number from 1 on, or none.
    Bits,
    /// Digits of a second, from 0 to 6, or none.
    Digits,
    /// Precision and scale, or neither.
    PrecisionAndScale,
}

impl Scalar {
    pub(super) const ALL: [Scalar; 9] = [
        Scalar::String,
        Scalar::Boolean,
        Scalar::Int,
        Scalar::BigInt,
        Scalar::Float,
        Scalar::Decimal,
        Scalar::DateTime,
        Scalar::Json,
        Scalar::Bytes,
    ];

    pub(super) fn named(name: &str) -> Option<Scalar> {
        Scalar::ALL.into_iter().find(|it| it.name() == name)
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Scalar::String => "String",
            Scalar::Boolean => "Boolean",
            Scalar::Int => "Int",
            Scalar::BigInt => "BigInt",
            Scalar::Float => "Float",
            Scalar::Decimal => "Decimal",
            Scalar::DateTime => "DateTime",
            Scalar::Json => "Json",
            Scalar::Bytes => "Bytes",
        }
    }

    /// What it is where nothing else is said.
    pub(super) const fn sql(self) -> &'static str {
        match self {
            Scalar::String => "TEXT",
            Scalar::Boolean => "BOOLEAN",
            Scalar::Int => "INTEGER",
            Scalar::BigInt => "BIGINT",
            Scalar::Float => "DOUBLE PRECISION",
            Scalar::Decimal => "DECIMAL(65,30)",
            Scalar::DateTime => "TIMESTAMP(3)",
            Scalar::Json => "JSONB",
            Scalar::Bytes => "BYTEA",
        }
    }

    /// Its native types: as the schema names them, as SQL does, and what they take.
    const fn native(self) -> &'static [(&'static str, &'static str, Takes)] {
        match self {
            Scalar::String => &[
                ("Text", "TEXT", Takes::Nothing),
                ("VarChar", "VARCHAR", Takes::Length),
                ("Char", "CHAR", Takes::Length),
                ("Bit", "BIT", Takes::Bits),
                ("VarBit", "VARBIT", Takes::Bits),
                ("Uuid", "UUID", Takes::Nothing),
                ("Xml", "XML", Takes::Nothing),
                ("Inet", "INET", Takes::Nothing),
                ("Citext", "CITEXT", Takes::Nothing),
            ],
            Scalar::Boolean => &[("Boolean", "BOOLEAN", Takes::Nothing)],
            Scalar::Int => &[
                ("Integer", "INTEGER", Takes::Nothing),
                ("SmallInt", "SMALLINT", Takes::Nothing),
                ("Oid", "OID", Takes::Nothing),
            ],
            Scalar::BigInt => &[("BigInt", "BIGINT", Takes::Nothing)],
            Scalar::Float => {
                &[("DoublePrecision", "DOUBLE PRECISION", Takes::Nothing), ("Real", "REAL", Takes::Nothing)]
            }
            Scalar::Decimal => &[("Decimal", "DECIMAL", Takes::PrecisionAndScale), ("Money", "MONEY", Takes::Nothing)],
            Scalar::DateTime => &[
                ("Timestamp", "TIMESTAMP", Takes::Digits),
                ("Timestamptz", "TIMESTAMPTZ", Takes::Digits),
                ("Date", "DATE", Takes::Nothing),
                ("Time", "TIME", Takes::Digits),
                ("Timetz", "TIMETZ", Takes::Digits),
            ],
            Scalar::Json => &[("JsonB", "JSONB", Takes::Nothing), ("Json", "JSON", Takes::Nothing)],
            Scalar::Bytes => &[("ByteA", "BYTEA", Takes::Nothing)],
        }
    }

    /// The names of its native types.
    pub(super) fn natives(self) -> impl Iterator<Item = &'static str> {
        self.native().iter().map(|(name, ..)| *name)
    }

    /// The SQL of a native type.
    ///
    /// # Errors
    /// Why it is none, and what to write.
    pub(super) fn of_native(self, name: &str, attribute: &Attribute) -> Result<String, (String, String)> {
        let Some((_, sql, takes)) = self.native().iter().find(|(it, ..)| *it == name) else {
            return Err(not_of(self, name));
        };
        let mut numbers = Vec::new();
        for argument in &attribute.arguments {
            match &argument.value.value {
                Value::Number(text) if argument.name.is_none() && text.bytes().all(|it| it.is_ascii_digit()) => {
                    numbers.push(text.parse::<u64>().unwrap_or(u64::MAX));
                }
                Value::Number(_)
                | Value::Text(_)
                | Value::Word(_)
                | Value::Call(..)
                | Value::List(_)
                | Value::Object(_) => {
                    return Err((format!("`{name}` takes whole numbers"), takes.shown(name)));
                }
            }
        }
        match takes.admits(&numbers) {
            true if numbers.is_empty() => Ok((*sql).to_owned()),
            true => {
                let numbers: Vec<String> = numbers.iter().map(u64::to_string).collect();
                Ok(format!("{sql}({})", numbers.join(",")))
            }
            false => Err((format!("`{name}` does not take this"), takes.shown(name))),
        }
    }
}

fn not_of(scalar: Scalar, name: &str) -> (String, String) {
    let owner = Scalar::ALL.into_iter().find(|it| it.natives().any(|it| it == name));
    let natives: Vec<&str> = scalar.natives().collect();
    let title = match owner {
        Some(owner) => format!("`{name}` is a type of `{}`, not of `{}`", owner.name(), scalar.name()),
        None => format!("PostgreSQL has no type that Prisma calls `{name}`"),
    };
    (title, format!("a `{}` may be one of `{}`", scalar.name(), natives.join("`, `")))
}

impl Takes {
    fn admits(self, numbers: &[u64]) -> bool {
        match (self, numbers) {
            (_, []) | (Takes::Length, [_]) => true,
            (Takes::Bits, [length]) => 1 <= *length,
            (Takes::Digits, [digits]) => *digits <= 6,
            (Takes::PrecisionAndScale, [precision, scale]) => (1..=1000).contains(precision) && scale <= precision,
            (Takes::Nothing | Takes::Length | Takes::Bits | Takes::Digits | Takes::PrecisionAndScale, _) => false,
        }
    }

    fn shown(self, name: &str) -> String {
        match self {
            Takes::Nothing => format!("write `{name}` without parentheses"),
            Takes::Length => format!("write `{name}`, or `{name}(200)`"),
            Takes::Bits => format!("write `{name}`, or `{name}(8)`; the length is at least 1"),
            Takes::Digits => format!("write `{name}`, or `{name}(3)` with 0 to 6 digits of a second"),
            Takes::PrecisionAndScale => {
                format!("write `{name}`, or `{name}(10, 2)`: at most 1000 digits, and no more of them behind the point")
            }
        }
    }
}
