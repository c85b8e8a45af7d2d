//! Reads statistics from a file that anybody may have written or changed.

use std::{collections::BTreeSet, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{Error as _, SeqAccess, Visitor},
};

use crate::stats::{Relation, Statistics, VERSION};

/// Why a text is no snapshot that can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// What is wrong, in words.
    pub why: String,
    /// Line and column of the text, both from 1, where they are known.
    pub at: Option<(usize, usize)>,
}

/// The snapshot that a text holds.
///
/// # Errors
/// Where it is not JSON, is something else, is of another version, or holds what cannot be.
pub fn read(text: &str) -> Result<Statistics, Unreadable> {
    #[derive(Deserialize)]
    #[serde(expecting = "an object")]
    struct Head {
        version: u32,
    }
    // Another version may lack what this one needs, and is to be told as what it is.
    let head: Head = serde_json::from_str(text).map_err(|error| unreadable(&error))?;
    match head.version {
        VERSION => serde_json::from_str(text).map_err(|error| unreadable(&error)),
        other => {
            Err(Unreadable { why: format!("version {other} is not {VERSION}, which this program reads"), at: None })
        }
    }
}

fn unreadable(error: &serde_json::Error) -> Unreadable {
    let at = (error.line(), error.column().max(1));
    let told = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    Unreadable { why: told.strip_suffix(&place).unwrap_or(&told).to_owned(), at: (0 < at.0).then_some(at) }
}

/// A number of rows or bytes. PostgreSQL's own `-1` for what it does not know has no place here.
pub(super) fn number<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    let read = i64::deserialize(from)?;
    u64::try_from(read).map_err(|_| D::Error::custom(format!("{read} is less than nothing")))
}

pub(super) fn perhaps_number<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    let Some(read) = Option::<i64>::deserialize(from)? else { return Ok(None) };
    let number = u64::try_from(read);
    number.map(Some).map_err(|_| D::Error::custom(format!("{read} is less than nothing; what is not known is `null`")))
}

/// Relations of which each is there once: of two figures for one thing, nobody knows which one counts.
pub(super) fn relations<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Relation>, D::Error> {
    struct Once;
    impl<'de> Visitor<'de> for Once {
        type Value = Vec<Relation>;
        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("a list of relations")
        }
        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<Relation>, A::Error> {
            let (mut found, mut names) = (Vec::new(), BTreeSet::new());
            while let Some(relation) = list.next_element::<Relation>()? {
                let mut indexes = BTreeSet::new();
                let twice = relation.indexes.iter().find(|index| !indexes.insert(index.name.as_str()));
                if let Some(index) = twice {
                    return Err(A::Error::custom(format!("index `{}` is there twice", index.name)));
                }
                let Relation { schema, name, .. } = &relation;
                if !names.insert((schema.clone(), name.clone())) {
                    return Err(A::Error::custom(format!("`{name}` of schema `{schema}` is there twice")));
                }
                found.push(relation);
            }
            Ok(found)
        }
    }
    from.deserialize_seq(Once)
}

#[cfg(test)]
mod tests {
    use super::read;

    /// A snapshot with these relations.
    fn snapshot(relations: &str) -> String {
        format!(
            "{{\"version\": 1, \"trueup\": \"0\", \"server\": \"15.0\", \"block_size\": 8192, \"taken\": \"\",\n\
             \"relations\": [{relations}]}}"
        )
    }

    fn relation(name: &str, rows: &str, bytes: &str, indexes: &str) -> String {
        format!(
            "\n{{\"schema\": \"s\", \"name\": \"{name}\", \"kind\": \"table\", \"rows\": {rows}, \"bytes\": {bytes}, \
             \"toast_bytes\": 0, \"total_bytes\": 0, \"indexes\": [{indexes}], \"more\": [1]}}"
        )
    }

    #[test]
    fn what_was_written_is_read_and_what_is_added_later_is_passed_over() {
        let text = snapshot(&[relation("a", "null", "9", ""), relation("b", "0", "0", "")].join(","));
        let read = read(&text).expect("a snapshot");
        assert_eq!(read.relations.iter().map(|it| (it.rows, it.bytes)).collect::<Vec<_>>(), [(None, 9), (Some(0), 0)]);
        assert_eq!(super::read(&read.render()).expect("a snapshot"), read);
    }

    #[test]
    fn what_cannot_be_is_told_with_its_place() {
        let twice = [relation("a", "1", "1", ""), relation("a", "1", "1", "")].join(",");
        let index = "{\"name\": \"i\", \"bytes\": 1}";
        let cases = [
            ("", "EOF while parsing a value", Some(1)),
            ("[]", "invalid length 0, expected an object", Some(1)),
            ("[1]", "invalid length 1, expected a snapshot", Some(1)),
            ("{\"version\": 2}", "version 2 is not 1, which this program reads", None),
            ("{\"version\": 1}", "missing field `trueup`", Some(1)),
            ("{\"version\": \"1\"}", "invalid type: string \"1\", expected u32", Some(1)),
            (&snapshot(&relation("a", "-1", "1", "")), "-1 is less than nothing; what is not known is `null`", Some(3)),
            (&snapshot(&relation("a", "1", "-8192", "")), "-8192 is less than nothing", Some(3)),
            (&snapshot(&relation("a", "1.5", "1", "")), "invalid type: floating point `1.5`, expected i64", Some(3)),
            (&snapshot(&relation("a", "1", "1e400", "")), "number out of range", Some(3)),
            (&snapshot(&twice), "`a` of schema `s` is there twice", Some(4)),
            (&snapshot(&relation("a", "1", "1", &[index, index].join(","))), "index `i` is there twice", Some(3)),
            (&snapshot("3"), "invalid type: integer `3`, expected a relation", Some(2)),
        ];
        for (text, why, line) in cases {
            let found = read(text).expect_err(text);
            assert_eq!((found.why.as_str(), found.at.map(|(line, _)| line)), (why, line), "{text}");
        }
    }
}
