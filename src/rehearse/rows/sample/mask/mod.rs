//! Other values of the same type and shape, which nobody can lead back. The same value has the same mask wherever it
//! stands, so that rows which refer to each other still do; and no two values have the same, so that keys stay keys.

mod literal;
mod number;
mod secret;
mod spelled;
mod text;
mod time;

use serde_json::{Number, Value};

use crate::rehearse::rows::facts::{Facts, Type};

pub(in crate::rehearse::rows) use secret::Secret;
pub(in crate::rehearse::rows) use spelled::Spelled;

/// How the values of one run are masked.
pub(super) struct Mask<'a> {
    pub(super) facts: &'a Facts,
    pub(super) secret: &'a Secret,
    pub(super) spelled: &'a Spelled,
}

/// A type within a type within a type, and so on.
const DEPTH: usize = 6;

impl Mask<'_> {
    /// The mask of a value, both as PostgreSQL prints them. Nothing where no shape is known that could be kept: then a
    /// made-up value is to stand for it.
    pub(super) fn value(&self, type_: u32, text: &str) -> Option<String> {
        self.at_depth(type_, text, 0)
    }

    fn at_depth(&self, type_: u32, text: &str, depth: usize) -> Option<String> {
        let type_ = self.facts.types.get(&type_).filter(|_| depth < DEPTH)?;
        match type_.sort {
            'd' => self.at_depth(type_.base, text, depth + 1),
            // Few values, which the schema spells out.
            'e' => Some(text.to_owned()),
            'c' => {
                literal::composite(text, &mut |at, field| self.at_depth(type_.fields.get(at)?.type_, field, depth + 1))
            }
            // The bounds would no longer be in order.
            'r' | 'm' => matches!(text, "empty" | "{}").then(|| text.to_owned()),
            _ if type_.element != 0 => {
                let delimiter = if type_.name == "_box" { ';' } else { ',' };
                literal::array(text, delimiter, &mut |_, item| self.at_depth(type_.element, item, depth + 1))
            }
            _ => self.base(type_, text),
        }
    }

    fn base(&self, type_: &Type, text: &str) -> Option<String> {
        let Mask { secret, spelled, .. } = self;
        match type_.name.as_str() {
            "bool" => Some(text.to_owned()),
            "int2" | "int4" | "int8" | "numeric" | "float4" | "float8" | "oid" => number::number(secret, spelled, text),
            "date" | "timestamp" | "timestamptz" | "time" | "timetz" => match spelled.has(text) {
                true => Some(text.to_owned()),
                false => time::time(secret, text),
            },
            "uuid" => uuid(secret, spelled, text),
            "bytea" => bytes(secret, text),
            "json" | "jsonb" => serde_json::from_str(text).ok().map(|value| self.json(value).to_string()),
            "vector" | "halfvec" => self.vector(text),
            "ltree" => Some(text::text(secret, spelled, text)),
            _ if type_.category == 'S' => Some(text::text(secret, spelled, text)),
            _ => None,
        }
    }

    /// The structure stays. Keys may be names of persons: only those that the schema spells out stay.
    fn json(&self, value: Value) -> Value {
        let word = |text: &str| text::text(self.secret, self.spelled, text);
        match value {
            Value::String(text) => Value::String(word(&text)),
            Value::Number(it) => {
                let masked = number::number(self.secret, self.spelled, &it.to_string());
                Value::Number(masked.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or(Number::from(0)))
            }
            Value::Array(items) => Value::Array(items.into_iter().map(|item| self.json(item)).collect()),
            Value::Object(fields) => {
                Value::Object(fields.into_iter().map(|(key, item)| (word(&key), self.json(item))).collect())
            }
            Value::Null | Value::Bool(_) => value,
        }
    }

    /// As long as before.
    fn vector(&self, text: &str) -> Option<String> {
        let items = text.strip_prefix('[')?.strip_suffix(']')?.split(',');
        let masked: Option<Vec<String>> = items.map(|it| number::number(self.secret, self.spelled, it)).collect();
        Some(format!("[{}]", masked?.join(",")))
    }
}

/// Its version and variant stay; so do those of zeros or ones only, which stand for something.
fn uuid(secret: &Secret, spelled: &Spelled, text: &str) -> Option<String> {
    let digits: Vec<char> = text.chars().filter(|c| c.is_ascii_hexdigit()).collect();
    if digits.len() != 32 {
        return None;
    }
    if spelled.has(text) || digits.iter().all(|c| *c == '0') || digits.iter().all(|c| *c == 'f') {
        return Some(text.to_owned());
    }
    let mut bytes = secret.bytes("uuid", text.as_bytes());
    let mut place = 0;
    let other = |c: char| {
        place += usize::from(c != '-');
        let byte = bytes.next().unwrap_or_default() % 16;
        if c == '-' || matches!(place, 13 | 17) { c } else { char::from_digit(u32::from(byte), 16).unwrap_or(c) }
    };
    Some(text.chars().map(other).collect())
}

/// As many bytes.
fn bytes(secret: &Secret, text: &str) -> Option<String> {
    let digits = text.strip_prefix("\\x")?;
    let length = u32::try_from(digits.len() / 2).ok()?;
    let masked = match length {
        0 => String::new(),
        1..=14 => {
            let number = u128::from_str_radix(digits, 16).ok()?;
            format!("{:0width$x}", secret.turn("bytes", 1 << (8 * length), number), width = digits.len())
        }
        _ => {
            let bytes = secret.bytes("bytes", digits.as_bytes()).take(digits.len() / 2);
            bytes.map(|byte| format!("{byte:02x}")).collect()
        }
    };
    Some(format!("\\x{masked}"))
}

#[cfg(test)]
mod tests {
    use super::{Secret, bytes, spelled, uuid};

    #[test]
    fn uuids_and_bytes_keep_their_form() {
        let (secret, spelled) = (Secret::of_test(), spelled::of_test(""));
        let old = "6f1d3a52-9c1e-4b7a-8d2f-0123456789ab";
        let new = uuid(&secret, &spelled, old).expect("a uuid");
        assert_eq!((new.len(), &new[14..15], &new[19..20]), (old.len(), "4", "8"));
        assert!(old.chars().zip(new.chars()).filter(|(a, b)| a == b && *a != '-').count() < 12, "{new}");
        let nil = "00000000-0000-0000-0000-000000000000";
        assert_eq!(uuid(&secret, &spelled, nil).as_deref(), Some(nil));
        for old in ["\\x00", "\\xdeadbeef", &format!("\\x{}", "ab".repeat(40))] {
            let new = bytes(&secret, old).expect("bytes");
            assert_eq!(old.len(), new.len());
            assert_ne!(old, new);
        }
    }
}
