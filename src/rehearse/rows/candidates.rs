//! Values that a check is likely to want: made of what it mentions, and of what checks often ask for.

use super::{base::quoted, facts::Facts, mentions::Mentions, pattern, pool::Pool};

/// What sort of values a type holds, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Number,
    Text,
    /// With the type's own name.
    Time(&'static str),
    Bytes,
    Json,
    /// With the OID of the element's type.
    Array(u32),
    Other,
}

fn class(facts: &Facts, oid: u32) -> Class {
    let mut oid = oid;
    while let Some(type_) = facts.types.get(&oid) {
        match (type_.sort, type_.category, type_.name.as_str()) {
            ('d', ..) => oid = type_.base,
            (_, _, "bytea") => return Class::Bytes,
            (_, _, "json" | "jsonb") => return Class::Json,
            (_, 'N', _) => return Class::Number,
            (_, 'S', _) => return Class::Text,
            (_, 'D' | 'T', name) => return times_of(name),
            (_, 'A', _) => return Class::Array(type_.element),
            _ => return Class::Other,
        }
    }
    Class::Other
}

/// Whether a type is a text without conditions.
pub(super) fn is_text(facts: &Facts, oid: u32) -> bool {
    class(facts, oid) == Class::Text && facts.types.get(&oid).is_some_and(|type_| type_.sort == 'b')
}

fn times_of(name: &str) -> Class {
    let known = ["date", "timestamp", "timestamptz", "time", "timetz", "interval"];
    known.into_iter().find(|it| *it == name).map_or(Class::Other, Class::Time)
}

/// Expressions, of which not each need be a value of the type; `pool` has values of it. `count` of those that can be many.
pub(super) fn for_type(facts: &Facts, oid: u32, mentions: &Mentions, pool: &Pool, count: usize) -> Vec<String> {
    let constants: Vec<&str> = mentions.constants.iter().map(String::as_str).collect();
    match class(facts, oid) {
        Class::Number => numbers(&constants, count),
        Class::Text => texts(mentions, &constants, count),
        Class::Time(kind) => times(kind, &constants, count),
        Class::Bytes => lengths(&constants).flat_map(|n| (0..count.min(n * 40)).map(move |i| bytes(n, i))).collect(),
        Class::Json => objects(&constants, count),
        Class::Array(element) => arrays(facts, element, mentions, pool),
        Class::Other => constants.iter().map(|it| quoted(it)).collect(),
    }
}

/// Arrays of what is mentioned, and of the lengths that are.
fn arrays(facts: &Facts, element: u32, mentions: &Mentions, pool: &Pool) -> Vec<String> {
    let Some(sql) = facts.types.get(&element).map(|it| &it.sql) else { return Vec::new() };
    let constants: Vec<&str> = mentions.constants.iter().map(String::as_str).collect();
    let one = |value: &String| format!("ARRAY[CAST({value} AS {sql})]");
    let elements = for_type(facts, element, mentions, &Pool::default(), 2);
    // An array that is repeated, and cut to the length.
    let first = pool.plain.first().filter(|_| !constants.is_empty());
    let long = first.into_iter().flat_map(|first| {
        let filled = move |n: usize| format!("array_fill(({first})[1], ARRAY[{n}])");
        lengths(&constants).filter(|n| (1..=256).contains(n)).map(filled).collect::<Vec<_>>()
    });
    long.chain(elements.iter().take(200).map(one)).collect()
}

fn numbers(constants: &[&str], count: usize) -> Vec<String> {
    let numeric = constants.iter().filter(|it| it.parse::<f64>().is_ok_and(f64::is_finite));
    let around =
        numeric.clone().flat_map(|c| [quoted(c), format!("'{c}'::numeric + 1"), format!("'{c}'::numeric - 1")]);
    let after = numeric.clone().flat_map(|c| (2..=count).map(move |i| format!("'{c}'::numeric + {i}")));
    let between = ["0.5", "'-0.5'", "1", "2", "0", "'-1'", "10", "100"].map(str::to_owned);
    around.chain(between).chain(after).collect()
}

/// Lengths that a check may ask for: its numbers, one more and one less.
fn lengths(constants: &[&str]) -> impl Iterator<Item = usize> {
    let whole = constants.iter().filter_map(|it| it.parse::<usize>().ok()).filter(|n| *n <= 10_000);
    let mut lengths: Vec<usize> = whole.flat_map(|n| [n, n + 1, n.saturating_sub(1)]).collect();
    lengths.sort_unstable();
    lengths.dedup();
    lengths.into_iter()
}

fn texts(mentions: &Mentions, constants: &[&str], count: usize) -> Vec<String> {
    let plain = constants.iter().map(|it| quoted(it));
    let matching = mentions.patterns.iter().flat_map(|(operator, pattern)| {
        (0..count).flat_map(move |i| pattern::samples(operator, pattern, i)).map(|it| quoted(&it))
    });
    let long = lengths(constants).flat_map(|n| (0..count.min(10)).map(move |i| format!("lpad('{i}', {n}, '0')")));
    let letters = lengths(constants).flat_map(|n| ["a", "A"].map(|letter| format!("repeat('{letter}', {n})")));
    let derived = constants.iter().flat_map(|it| [quoted(&format!("{it}1")), quoted(&format!("1{it}1"))]);
    let mut found: Vec<String> =
        plain.chain(matching).chain(letters).chain(long).chain(shapes(count)).chain(derived).collect();
    let mut seen = std::collections::BTreeSet::new();
    found.retain(|it| seen.insert(it.clone()));
    found
}

/// What texts in databases often are.
fn shapes(count: usize) -> impl Iterator<Item = String> {
    let forms: [fn(usize) -> String; 22] = [
        |i| format!("user{i}@example.com"),
        |i| format!("https://example.com/{i}"),
        |i| format!("slug-{i}"),
        |i| format!("name_{i}"),
        |i| format!("word{}", letters(i)),
        |i| letters(i),
        |i| letters(i).to_uppercase(),
        |i| format!("Name {}", letters(i)),
        |i| format!("{}", 1 + i),
        |i| format!("{:05}", 10_000 + i),
        |i| format!("{:010}", 1_000_000_000 + i),
        |i| format!("+1555{:07}", 1_000_000 + i),
        |i| format!("00000000-0000-4000-8000-{i:012x}"),
        |i| format!("#{:06x}", 0x00ff_0000 + i),
        |i| format!("{i:08x}"),
        |i| format!("{i:032x}"),
        |i| format!("{i:064x}"),
        |i| format!("1.0.{i}"),
        |i| format!("/path/{i}"),
        |i| format!("host{i}.example.com"),
        |i| format!("{{\"id\": {i}}}"),
        |i| format!("10.0.0.{i}"),
    ];
    let codes = [
        "de",
        "DE",
        "DEU",
        "USD",
        "en-US",
        "en_US",
        "UTC",
        "Europe/Berlin",
        "text/plain",
        "2024-01-01",
        "12:00",
        "[]",
        "x",
    ];
    let many = forms.into_iter().flat_map(move |form| (0..count).map(move |i| quoted(&form(i))));
    codes.map(quoted).into_iter().chain(many)
}

/// `aaa`, `aab`, and so on.
fn letters(number: usize) -> String {
    let letter = |n: usize| char::from(b'a' + u8::try_from(n % 26).unwrap_or_default());
    [letter(number / 676), letter(number / 26), letter(number)].into_iter().collect()
}

fn times(kind: &str, constants: &[&str], count: usize) -> Vec<String> {
    let after = |c: &str, i: usize| match kind {
        "date" => format!("date {} + {i}", quoted(c)),
        kind => format!("{kind} {} + interval '1 second' * {i}", quoted(c)),
    };
    let each = |c: &&str| -> Vec<String> {
        let before = format!("{kind} {} - interval '1 day'", quoted(c));
        [quoted(c), before].into_iter().chain((1..=count).map(|i| after(c, i))).collect()
    };
    // A text without digits is no time.
    constants.iter().filter(|it| it.contains(|c: char| c.is_ascii_digit())).flat_map(each).collect()
}

fn bytes(length: usize, nth: usize) -> String {
    format!("decode(lpad('{nth:x}', {}, '0'), 'hex')", 2 * length)
}

/// Objects with the keys that a check mentions, and the texts themselves.
fn objects(constants: &[&str], count: usize) -> Vec<String> {
    let text = |it: &str| serde_json::Value::from(it).to_string();
    let values = ["1", "\"text\"", "{}", "[]", "true", "null", "[\"a\"]"];
    let object = |keys: &[&str], value: &str| {
        let fields: Vec<String> = keys.iter().map(|key| format!("{}: {value}", text(key))).collect();
        quoted(&format!("{{{}}}", fields.join(", ")))
    };
    let all = values.iter().map(|value| object(constants, value));
    let single = constants.iter().flat_map(|key| values.iter().map(move |value| object(&[key], value)));
    let themselves = constants.iter().map(|it| quoted(&text(it)));
    let pairs = constants.iter().flat_map(|key| constants.iter().map(move |value| object(&[key], &text(value))));
    let numbered = (0..count).map(|i| quoted(&format!("{{\"id\": {i}}}")));
    let long = lengths(constants).filter(|n| *n <= 64).map(|n| quoted(&format!("[{}]", vec!["1"; n].join(", "))));
    all.chain(single).chain(themselves).chain(pairs.take(200)).chain(long).chain(numbered).collect()
}
