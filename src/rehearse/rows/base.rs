//! Values of the types that PostgreSQL itself has, and of those of well-known extensions that no literal tells.

use super::pool::Pool;
use crate::model::Literal;

/// By the name and modifier of the type; nothing for a type that is not known here.
pub(super) fn pool(name: &str, modifier: i32, count: usize) -> Option<Pool> {
    let found = match name {
        "int2" => whole(count, "-32768", "32767"),
        "int4" => whole(count, "-2147483648", "2147483647"),
        "int8" => whole(count, "-9223372036854775808", "9223372036854775807"),
        "numeric" => numeric(modifier, count),
        "float4" => real(count, "-3.4e38", "3.4e38"),
        "float8" => real(count, "-1.7e308", "1.7e308"),
        "money" => {
            made(count, |i| quoted(&format!("{i}.50")), "'-92233720368547758.08'", "'92233720368547758.07'", &["'0'"])
        }
        "bool" => Pool { plain: list(&["true", "false"]), ..Pool::default() },
        "text" | "varchar" | "citext" => text((4 < modifier).then_some(modifier - 4), count),
        "bpchar" => text(Some(if 4 < modifier { modifier - 4 } else { 40 }), count),
        "name" => text(Some(63), count),
        "char" => Pool { plain: letters(), ..Pool::default() },
        "bytea" => bytes(count),
        "uuid" => uuid(count),
        "date" | "timestamp" | "timestamptz" | "time" | "timetz" | "interval" => time(name, count),
        "json" | "jsonb" => json(count),
        "jsonpath" => made(count, |i| quoted(&format!("$.a{i}")), "'$'", "'strict $.**.b ? (@ > 1)'", &[]),
        "xml" => made(count, |i| quoted(&format!("<a>{i}</a>")), "'<a/>'", "'<a b=\"c\">é</a>'", &[]),
        "inet" => made(count, |i| quoted(&address(i)), "'0.0.0.0/0'", "'ffff:ffff::/32'", &["'::1'"]),
        "cidr" => made(count, |i| quoted(&format!("{}/32", address(i))), "'0.0.0.0/0'", "'ffff::/16'", &[]),
        "macaddr" => made(count, |i| quoted(&mac(i, "00:00")), "'00:00:00:00:00:00'", "'ff:ff:ff:ff:ff:ff'", &[]),
        "macaddr8" => made(
            count,
            |i| quoted(&mac(i, "00:00:00:00")),
            "'00:00:00:00:00:00:00:00'",
            "'ff:ff:ff:ff:ff:ff:ff:ff'",
            &[],
        ),
        "bit" | "varbit" => bits(name, modifier, count),
        "point" | "line" | "lseg" | "box" | "path" | "polygon" | "circle" => geometric(name, count),
        "tsvector" => {
            made(count, |i| quoted(&format!("word{i}:1 other:2A")), "''", "'long:1,2,3,4'", &["'''it''''s'':3'"])
        }
        "tsquery" => made(count, |i| quoted(&format!("word{i} & !other")), "''", "'a <-> b | c:*'", &[]),
        "oid" | "xid" | "cid" => made(count, |i| quoted(&(1000 + i).to_string()), "'0'", "'4294967295'", &[]),
        "xid8" => made(count, |i| quoted(&(1000 + i).to_string()), "'0'", "'18446744073709551615'", &[]),
        "tid" => made(count, |i| quoted(&format!("({i},1)")), "'(0,1)'", "'(4294967295,65535)'", &[]),
        "pg_lsn" => made(count, |i| quoted(&format!("0/{:X}", 1000 + i)), "'0/0'", "'FFFFFFFF/FFFFFFFF'", &[]),
        "pg_snapshot" | "txid_snapshot" => {
            made(count, |i| quoted(&format!("{}:{}:", 10 + i, 20 + i)), "'1:1:'", "'10:20:10,14'", &[])
        }
        "aclitem" => Pool::of(list(&["'=r/postgres'", "'=w/postgres'"])),
        "vector" | "halfvec" => vector(modifier, count),
        "sparsevec" => made(
            count,
            |i| quoted(&format!("{{1:{}}}/{}", 1 + i, modifier.max(1))),
            &quoted(&format!("{{}}/{}", modifier.max(1))),
            "'{}/1'",
            &[],
        ),
        _ => registered(name)?,
    };
    Some(found)
}

pub(super) fn quoted(text: &str) -> String {
    Literal(text).to_string()
}

fn list(values: &[&str]) -> Vec<String> {
    values.iter().map(|&value| value.to_owned()).collect()
}

fn made(count: usize, nth: impl Fn(usize) -> String, least: &str, greatest: &str, odd: &[&str]) -> Pool {
    Pool {
        plain: (1..=count).map(nth).collect(),
        least: Some(least.to_owned()),
        greatest: Some(greatest.to_owned()),
        odd: list(odd),
    }
}

/// From 1001 on: a sequence of the table, which stays where it is, has these still before it.
fn whole(count: usize, least: &str, greatest: &str) -> Pool {
    made(count, |i| (1000 + i).to_string(), &format!("'{least}'"), greatest, &["0", "'-1'", "1"])
}

fn real(count: usize, least: &str, greatest: &str) -> Pool {
    let odd = ["0", "'NaN'", "'Infinity'", "'-Infinity'", "'-0'"];
    made(count, |i| format!("{i}.5"), &format!("'{least}'"), greatest, &odd)
}

fn numeric(modifier: i32, count: usize) -> Pool {
    if modifier < 4 {
        let odd = ["0", "'-1'", "'NaN'", "'Infinity'"];
        return made(count, |i| format!("{i}.25"), "'-1e100'", "123456789012345678901234567890.123456789", &odd);
    }
    let digits = usize::try_from((modifier - 4) >> 16).unwrap_or(1);
    // Eleven bits, with a sign since version 15.
    let scale = (((modifier - 4) & 0x7ff) ^ 1024) - 1024;
    let value = |unscaled: &str| format!("'{unscaled}e{}'", -scale);
    let nines = "9".repeat(digits);
    let room = if digits < 5 { 0 } else { 1000 };
    let most = 10_usize.saturating_pow(u32::try_from(digits).unwrap_or(1)) - 1;
    let plain = (1..=count.min(most)).map(|i| value(&(room + i).to_string())).collect();
    Pool {
        plain,
        least: Some(value(&format!("-{nines}"))),
        greatest: Some(value(&nines)),
        odd: vec!["0".to_owned(), value("1"), "'NaN'".to_owned()],
    }
}

const NON_ASCII: &str = "Ünïcødé 日本 🦜";

fn text(length: Option<i32>, count: usize) -> Pool {
    let length = length.and_then(|length| usize::try_from(length).ok());
    let most = length.unwrap_or(usize::MAX);
    let long = length.map_or("repeat('long text ', 200)".to_owned(), |length| format!("repeat('x', {length})"));
    let non_ascii: String = NON_ASCII.chars().take(most).collect();
    let odd = ["O'Reilly", &non_ascii, " ", "NULL", "a\\b\"c", "0"];
    let odd = odd.iter().filter(|text| text.chars().count() <= most).map(|text| quoted(text)).collect();
    let nth = |i: usize| match most {
        0..8 => short(i, most),
        8.. => Some(format!("text {i}")),
    };
    Pool {
        plain: (1..=count).filter_map(nth).map(|text| quoted(&text)).collect(),
        least: Some("''".to_owned()),
        greatest: Some(long),
        odd,
    }
}

/// Letters and digits, if so few can say it.
fn short(number: usize, most: usize) -> Option<String> {
    let digits: Vec<char> = ('a'..='z').chain('0'..='9').collect();
    let (mut rest, mut text) = (number - 1, String::new());
    loop {
        text.insert(0, digits[rest % digits.len()]);
        rest /= digits.len();
        if rest == 0 {
            return (text.len() <= most).then_some(text);
        }
    }
}

fn letters() -> Vec<String> {
    ('a'..='z').chain('0'..='9').chain('A'..='Z').map(|c| quoted(&c.to_string())).collect()
}

fn bytes(count: usize) -> Pool {
    made(count, |i| quoted(&format!("\\x{i:04x}")), "''", "decode(repeat('00ff', 500), 'hex')", &["'\\x00'", "'\\xff'"])
}

fn uuid(count: usize) -> Pool {
    let nth = |i: usize| quoted(&format!("00000000-0000-4000-8000-{i:012x}"));
    let nil = "'00000000-0000-0000-0000-000000000000'";
    made(count, nth, nil, "'ffffffff-ffff-ffff-ffff-ffffffffffff'", &[])
}

fn time(name: &str, count: usize) -> Pool {
    match name {
        "date" => made(
            count,
            |i| format!("date '2024-01-01' + {i}"),
            "'-infinity'",
            "'infinity'",
            &["'0044-03-15 BC'", "'9999-12-31'"],
        ),
        "time" => made(
            count,
            |i| format!("time '00:00' + interval '61 s' * {i}"),
            "'00:00'",
            "'24:00'",
            &["'23:59:59.999999'"],
        ),
        "timetz" => made(
            count,
            |i| quoted(&format!("{:02}:{:02}:00+00", i / 60 % 24, i % 60)),
            "'00:00+00'",
            "'24:00-15:59'",
            &[],
        ),
        "interval" => made(
            count,
            |i| quoted(&format!("{i} hours 30 minutes")),
            "'0'",
            "'178000000 years'",
            &["'-1 day'", "'1 month 1 day'", "'1 microsecond'"],
        ),
        name => made(
            count,
            |i| format!("{name} '2024-01-01 12:00' + interval '1 hour' * {i}"),
            "'-infinity'",
            "'infinity'",
            &["'1970-01-01 00:00'", "'9999-12-31 23:59:59.999999'", "'0044-03-15 12:00 BC'"],
        ),
    }
}

fn json(count: usize) -> Pool {
    let odd = ["'null'", "'[]'", "'\"text\"'", "'0'", "'{\"a\": {\"b\": [1, null, \"é\"]}}'", "'true'"];
    let many = "'[1, 2, 3, {\"k\": [1.5, true, null, \"\"]}]'";
    made(count, |i| quoted(&format!("{{\"id\": {i}, \"name\": \"name {i}\"}}")), "'{}'", many, &odd)
}

fn address(i: usize) -> String {
    format!("10.0.{}.{}", i / 256 % 256, i % 256)
}

fn mac(i: usize, head: &str) -> String {
    format!("{head}:00:01:{:02x}:{:02x}", i / 256 % 256, i % 256)
}

fn bits(name: &str, modifier: i32, count: usize) -> Pool {
    let length = usize::try_from(modifier).ok().filter(|length| 0 < *length);
    let length = length.unwrap_or(if name == "bit" { 1 } else { 16 });
    let most = 1_usize.checked_shl(u32::try_from(length).unwrap_or(u32::MAX)).unwrap_or(usize::MAX);
    let plain = (0..count.min(most)).map(|i| format!("B'{i:0length$b}'")).collect();
    let least = if name == "bit" { format!("B'{}'", "0".repeat(length)) } else { "B''".to_owned() };
    Pool { plain, least: Some(least), greatest: Some(format!("B'{}'", "1".repeat(length))), odd: Vec::new() }
}

fn geometric(name: &str, count: usize) -> Pool {
    let nth = |i: usize| match name {
        "point" => format!("({i},{i})"),
        "line" => format!("{{1,-1,{i}}}"),
        "circle" => format!("<({0},{0}),4>", 10 * i),
        "polygon" | "path" => format!("(({0},0),({0},2),({1},3))", 10 * i, 10 * i + 4),
        _ => format!("(({0},{0}),({1},{1}))", 10 * i, 10 * i + 4),
    };
    Pool::of((1..=count).map(|i| quoted(&nth(i))).collect())
}

/// As long as the modifier says.
fn vector(modifier: i32, count: usize) -> Pool {
    let length = modifier.max(1);
    let filled = |value: &str| format!("array_fill({value}::real, ARRAY[{length}])");
    // No zero vector: it has no direction, which some indexes mind.
    Pool::of((1..=count).map(|i| filled(&format!("0.{i}"))).chain([filled("'-1.5'")]).collect())
}

/// Types that name other objects.
fn registered(name: &str) -> Option<Pool> {
    let values: &[&str] = match name {
        "regclass" => &["'pg_catalog.pg_class'", "'pg_catalog.pg_proc'", "'pg_catalog.pg_type'"],
        "regtype" => &["'pg_catalog.int4'", "'pg_catalog.text'", "'pg_catalog.uuid'"],
        "regproc" => &["'pg_catalog.now'", "'pg_catalog.version'", "'pg_catalog.pi'"],
        "regprocedure" => &["'pg_catalog.now()'", "'pg_catalog.version()'", "'pg_catalog.pi()'"],
        "regoper" => &["'pg_catalog.||/'", "'pg_catalog.|/'"],
        "regoperator" => &["'pg_catalog.+(integer,integer)'", "'pg_catalog.-(integer,integer)'"],
        "regnamespace" => &["'pg_catalog'", "'information_schema'"],
        "regrole" => &["current_user::regrole", "'pg_monitor'", "'pg_read_all_stats'"],
        "regconfig" => &["'pg_catalog.simple'", "'pg_catalog.english'"],
        "regdictionary" => &["'pg_catalog.simple'", "'pg_catalog.english_stem'"],
        "regcollation" => &["'pg_catalog.\"C\"'", "'pg_catalog.\"default\"'"],
        "regdatabase" => &["'template1'", "'template0'"],
        "pg_snapshot" => &["'10:20:10'"],
        _ => return None,
    };
    Some(Pool::of(list(values)))
}

/// What types of extensions and of users take: each is tried, and PostgreSQL keeps what fits.
pub(super) fn unknown(name: &str, count: usize) -> Vec<Vec<String>> {
    let forms: [&dyn Fn(usize) -> String; 16] = [
        &|i| format!("SRID=4326;POINT({i} 2)"),
        &|i| format!("POINT({i} 2)"),
        &|i| format!("SRID=4326;LINESTRING(0 0, {i} 2)"),
        &|i| format!("SRID=4326;POLYGON((0 0, {i} 0, 1 1, 0 0))"),
        &|i| format!("SRID=4326;MULTIPOLYGON(((0 0, {i} 0, 1 1, 0 0)))"),
        &|i| format!("SRID=4326;MULTILINESTRING((0 0, {i} 2))"),
        &|i| format!("a{i}=>1"),
        &|i| format!("a{i}"),
        &|i| i.to_string(),
        &|i| format!("({i},2)"),
        &|i| format!("({i},2,3)"),
        &|i| format!("[{i},{}]", i + 1),
        &|i| format!("{i}.0.0"),
        &|i| format!("{{{i}}}"),
        &|i| format!("{{\"a\": {i}}}"),
        &|i| format!("{name} {i}"),
    ];
    let ones: [&[&str]; 1] = [&["", "0", "1", "a", "{}", "()", "t"]];
    let many = forms.iter().map(|form| (1..=count).map(|i| quoted(&form(i))).collect());
    many.chain(ones.iter().map(|list| list.iter().map(|text| quoted(text)).collect())).collect()
}
