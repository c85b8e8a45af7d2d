//! The operator classes that the language has names for. Others are written `raw("…")`.

/// As the schema names them; PostgreSQL's names follow from these.
const NAMED: &[(&str, &[&str])] = &[
    ("", &["InetOps", "JsonbOps", "JsonbPathOps", "ArrayOps", "TextOps", "InetInclusionOps"]),
    ("MinMaxOps", &["Bit", "VarBit"]),
    ("MinMaxOps Bloom", &["Bpchar", "Bytea", "Text"]),
    (
        "MinMaxOps Bloom Multi",
        &[
            "Date",
            "Float4",
            "Float8",
            "Inet",
            "Int2",
            "Int4",
            "Int8",
            "Numeric",
            "Oid",
            "Timestamp",
            "TimestampTz",
            "Time",
            "TimeTz",
            "Uuid",
        ],
    ),
];

/// All names.
pub(super) fn all() -> Vec<String> {
    let forms = |kinds: &str, base: &&str| -> Vec<String> {
        if kinds.is_empty() {
            return vec![(*base).to_owned()];
        }
        let suffix = |word: &str| match word {
            "Bloom" => "BloomOps",
            "Multi" => "MinMaxMultiOps",
            _ => "MinMaxOps",
        };
        kinds.split(' ').map(|word| format!("{base}{}", suffix(word))).collect()
    };
    NAMED.iter().flat_map(|(kinds, bases)| bases.iter().flat_map(|base| forms(kinds, base))).collect()
}

/// PostgreSQL's name of a class, if the language has a name for it.
pub(super) fn sql(name: &str) -> Option<String> {
    all().iter().any(|it| it == name).then(|| {
        // These are one word in PostgreSQL.
        let name = name.replace("MinMax", "Minmax").replace("Tz", "tz").replace("VarBit", "Varbit");
        let mut found = String::new();
        for letter in name.chars() {
            if letter.is_ascii_uppercase() && !found.is_empty() {
                found.push('_');
            }
            found.push(letter.to_ascii_lowercase());
        }
        found
    })
}

/// The language's name of one of PostgreSQL's classes, if it has one.
pub fn word(class: &str) -> Option<String> {
    all().into_iter().find(|it| sql(it).as_deref() == Some(class))
}

#[cfg(test)]
mod tests {
    use super::sql;

    #[test]
    fn classes_have_the_names_of_postgresql() {
        let cases = [
            ("JsonbPathOps", "jsonb_path_ops"),
            ("Int4MinMaxMultiOps", "int4_minmax_multi_ops"),
            ("TimestampTzBloomOps", "timestamptz_bloom_ops"),
            ("TimeTzMinMaxOps", "timetz_minmax_ops"),
            ("VarBitMinMaxOps", "varbit_minmax_ops"),
            ("InetInclusionOps", "inet_inclusion_ops"),
        ];
        for (name, class) in cases {
            assert_eq!(sql(name).as_deref(), Some(class));
        }
        assert_eq!(sql("VarBitBloomOps"), None);
        assert_eq!(sql("VectorOps"), None);
    }
}
