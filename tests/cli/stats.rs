//! `trueup stats`, and `--stats`: how large tables are, what a statement then comes to, and which way is taken.

use std::fs;

use serde_json::{Value, json};

use super::{Folder, Live, SECRET};

const MB: u64 = 1 << 20;

/// A snapshot as `trueup stats` writes it, of tables of `public` without what is stored out of line: name, rows, bytes, and
/// bytes of each index.
fn snapshot(tables: &[(&str, Option<u64>, u64, &[u64])]) -> Value {
    let relation = |(name, rows, bytes, indexes): &(&str, Option<u64>, u64, &[u64])| {
        let index = |(at, bytes): (usize, &u64)| json!({ "name": format!("{name}_{at}"), "bytes": bytes });
        let indexes: Vec<Value> = indexes.iter().enumerate().map(index).collect();
        json!({
            "schema": "public", "name": name, "kind": "table", "rows": rows, "bytes": bytes, "toast_bytes": 0,
            "total_bytes": bytes, "indexes": indexes,
        })
    };
    let relations: Vec<Value> = tables.iter().map(relation).collect();
    json!({
        "version": 1, "trueup": "0.1.0", "server": "17.5", "block_size": 8192, "taken": "2026-01-01T00:00:00Z",
        "relations": relations,
    })
}

fn keep(folder: &Folder, name: &str, snapshot: &Value) {
    folder.write(name, serde_json::to_string_pretty(snapshot).expect("JSON").as_bytes());
}

/// Something for each hazard that tells what it comes to.
const FROM: &str = "
    CREATE TABLE orders (id int PRIMARY KEY, state text, note text, total int, tags text[]);
    CREATE TABLE gone (x int);
    CREATE TABLE uncounted (x int);
    CREATE TABLE checked (x int);
";
const TO: &str = "
    CREATE TABLE orders (id int PRIMARY KEY, state text NOT NULL UNIQUE, total bigint CHECK (0 < total), tags text[]);
    CREATE INDEX orders_tags ON orders USING gin (tags);
    CREATE TABLE uncounted (x bigint);
    CREATE TABLE checked (x int CHECK (0 < x));
";

#[test]
fn each_hazard_tells_what_it_comes_to() {
    let folder = Folder::new(&[("from.sql", FROM), ("to.sql", TO)]);
    let large = snapshot(&[
        ("orders", Some(12_345_678), 1_500 * MB, &[300 * MB, 20 * MB]),
        ("gone", Some(1_234), 100 * 1024, &[]),
        ("uncounted", None, 64 * MB, &[64 * MB]),
        ("checked", Some(300_000), 9 * MB, &[]),
    ]);
    keep(&folder, "large.json", &large);
    folder.diff(&["from.sql", "to.sql", "--stats", "large.json"]).ends(0).shown_as("stats-large");
    let run = folder.diff(&["from.sql", "to.sql", "--stats", "large.json", "--format", "json"]).ends(0);
    let told: Value = serde_json::from_str(&run.out).expect("JSON");
    let hazards = told["statements"].as_array().expect("statements").iter().flat_map(|it| {
        it["hazards"]
            .as_array()
            .expect("hazards")
            .iter()
            .map(|it| (it["code"].as_str(), &it["object"], &it["estimate"]))
    });
    let hazards: Vec<_> = hazards.collect();
    let of = |code: &str, object: &str| {
        let found = hazards.iter().find(|it| it.0 == Some(code) && it.1 == object);
        found.unwrap_or_else(|| panic!("no {code} of {object} in {hazards:#?}")).2.clone()
    };
    let (rows, bytes) = (12_345_678, 1_500 * MB);
    let rewritten = json!({ "rows": rows, "bytes": bytes, "indexes": 2, "index_bytes": 320 * MB });
    assert_eq!(of("rewrites-table", "TABLE public.orders"), rewritten);
    assert_eq!(
        of("builds-index", "INDEX public.orders_tags"),
        json!({ "rows": rows, "bytes": bytes, "time": "minutes" })
    );
    assert_eq!(of("drops-column", "COLUMN public.orders.note"), json!({ "rows": rows }));
    assert_eq!(of("drops-table", "TABLE public.gone"), json!({ "rows": 1_234, "bytes": 100 * 1024 }));
    let unknown = json!({ "rows": null, "bytes": 64 * MB, "indexes": 1, "index_bytes": 64 * MB });
    assert_eq!(of("rewrites-table", "TABLE public.uncounted"), unknown);
    folder
        .run(&["explain", "from.sql", "to.sql", "--shadow", "embedded", "--stats", "large.json"])
        .ends(0)
        .prints("error[drops-table]: the rows of public.gone are lost (about 1.2 thousand rows, 100 kB)");
}

#[test]
fn what_is_over_in_a_moment_is_a_note() {
    let folder = Folder::new(&[("from.sql", FROM), ("to.sql", TO)]);
    let tables: [(&str, Option<u64>, u64, &[u64]); 4] = [
        ("orders", Some(9), 8192, &[16384]),
        ("gone", Some(0), 0, &[]),
        ("uncounted", None, 8192, &[]),
        ("checked", Some(2), 8192, &[]),
    ];
    keep(&folder, "small.json", &snapshot(&tables));
    let run = folder.diff(&["from.sql", "to.sql", "--stats", "small.json"]).ends(0);
    let run = run.does_not_print("rewrites-table").does_not_print("builds-index").does_not_print("scans-table");
    // Whether rows are lost, or in the way, is no matter of how many there are.
    let run = run.prints("hazard[drops-table]: the rows of public.gone are lost (no rows)");
    run.prints("hazard[adds-unique]: fails on rows of public.orders (about 9 rows, 8 kB) that agree");
    let run = folder.diff(&["from.sql", "to.sql", "--stats", "small.json", "--format", "json"]).ends(0);
    let told: Value = serde_json::from_str(&run.out).expect("JSON");
    let all =
        told["statements"].as_array().expect("statements").iter().flat_map(|it| it["hazards"].as_array()).flatten();
    let found: Vec<&Value> = all.filter(|it| it["code"] == "rewrites-table").collect();
    assert!(!found.is_empty() && found.iter().all(|it| it["severity"] == "note"), "{found:#?}");
}

#[test]
fn small_tables_are_changed_at_once_by_a_snapshot_too() {
    let folder = Folder::new(&[
        ("from.sql", "CREATE TABLE small (x int); CREATE TABLE large (x int); CREATE TABLE other (x int);"),
        (
            "to.sql",
            "CREATE TABLE small (x int); CREATE INDEX small_x ON small (x);
             CREATE TABLE big (x int); CREATE INDEX big_x ON big (x);
             CREATE TABLE other (x int); CREATE INDEX other_x ON other (x);",
        ),
    ]);
    let online = ["from.sql", "to.sql", "--rename", "table:large=big", "--online", "auto"];
    let run = folder.diff(&online).ends(0);
    run.prints("CREATE INDEX CONCURRENTLY small_x").prints("CREATE INDEX CONCURRENTLY big_x");
    keep(&folder, "stats.json", &snapshot(&[("small", None, 8 * MB - 1, &[]), ("large", None, 8 * MB, &[])]));
    folder.write("trueup.toml", b"stats = \"stats.json\"\n");
    let run = folder.diff(&online).ends(0).prints("CREATE INDEX small_x").prints("CREATE INDEX CONCURRENTLY big_x");
    // What nobody knows counts as large.
    run.prints("CREATE INDEX CONCURRENTLY other_x");
    keep(&folder, "other.json", &snapshot(&[("large", None, 0, &[])]));
    let run = folder.diff(&[&online[..], &["--stats", "other.json"]].concat()).ends(0);
    run.prints("CREATE INDEX CONCURRENTLY small_x").prints("CREATE INDEX big_x");
}

#[test]
fn a_snapshot_that_cannot_be_used_is_told_with_its_place() {
    let folder = Folder::new(&[("to.sql", "CREATE TABLE t (x int);"), ("m.sql", "SELECT 1;")]);
    let mut negative = snapshot(&[("a", Some(1), 1, &[]), ("ü", Some(1), 1, &[])]);
    negative["relations"][1]["bytes"] = json!(-8192);
    keep(&folder, "negative.json", &negative);
    folder.diff(&["empty", "to.sql", "--stats", "negative.json"]).ends(1).shown_as("bad-stats");
    let lint = folder.run(&["lint", "m.sql", "--shadow", "embedded", "--stats", "negative.json"]).ends(1);
    lint.says("error[bad-stats]").says("-8192 is less than nothing");
    keep(&folder, "twice.json", &snapshot(&[("a", Some(1), 1, &[]), ("a", Some(2), 2, &[])]));
    folder.diff(&["empty", "to.sql", "--stats", "twice.json"]).ends(1).says("`a` of schema `public` is there twice");
    let mut newer = snapshot(&[]);
    newer["version"] = json!(2);
    keep(&folder, "newer.json", &newer);
    let run = folder.diff(&["empty", "to.sql", "--stats", "newer.json"]).ends(1);
    run.says("version 2 is not 1, which this program reads").says("help: write one").says("`trueup stats URL -o FILE`");
    for text in
        ["", "{", "[]", "null", "\u{feff}", "{\"version\": 1}", "CREATE TABLE t (x int);", "{\"version\": 1e999}"]
    {
        folder.write("else.json", text.as_bytes());
        folder.diff(&["empty", "to.sql", "--stats", "else.json"]).ends(1).says("error[bad-stats]: `else.json` is no");
    }
    folder.write("else.json", &[0xff, 0xfe, 0]);
    folder.diff(&["empty", "to.sql", "--stats", "else.json"]).ends(1).says("cannot read `else.json`");
    folder.diff(&["empty", "to.sql", "--stats", "nowhere.json"]).ends(1).says("cannot read `nowhere.json`");
}

#[test]
fn a_snapshot_of_another_database_is_told_as_such() {
    let folder = Folder::new(&[
        ("from.sql", "CREATE TABLE t (x int);"),
        ("to.sql", "CREATE TABLE t (x bigint);"),
        ("m.sql", "CREATE TABLE t (x int); ALTER TABLE t ALTER x TYPE bigint;"),
    ]);
    keep(&folder, "stats.json", &snapshot(&[("u", Some(1), 1, &[])]));
    let run = folder.diff(&["from.sql", "to.sql", "--stats", "stats.json"]).ends(0).says("warning[other-stats]");
    run.says("`stats.json` knows none of the tables").prints("rewrites public.t, while");
    folder.run(&["lint", "m.sql", "--shadow", "embedded", "--stats", "stats.json"]).says("warning[other-stats]");
    let run = folder.diff(&["empty", "empty", "--stats", "stats.json"]).ends(0);
    assert!(!run.err.contains("other-stats"), "{}", run.err);
}

#[test]
fn migrations_meet_the_tables_that_there_are() {
    let migration = "
        ALTER TABLE users RENAME TO people;
        ALTER TABLE people ALTER COLUMN id TYPE bigint;
        CREATE TABLE users (id int PRIMARY KEY);
    ";
    let later = "
        ALTER TABLE users ALTER COLUMN id TYPE bigint;
        ALTER TABLE tiny ALTER COLUMN x TYPE bigint;
        DROP TABLE people;
    ";
    let folder = Folder::new(&[
        ("from.sql", "CREATE TABLE users (id int PRIMARY KEY); CREATE TABLE tiny (x int);"),
        ("1.sql", migration),
        ("2.sql", later),
    ]);
    keep(&folder, "stats.json", &snapshot(&[("users", Some(5_000_000), 400 * MB, &[]), ("tiny", Some(3), 8192, &[])]));
    let arguments = ["lint", "1.sql", "2.sql", "--from", "from.sql", "--shadow", "embedded", "--stats", "stats.json"];
    let run = folder.run(&arguments).ends(1);
    let run =
        run.says("rewrites public.people (about 5 million rows, 400 MB), while").says("rewrites public.users, while");
    let run = run.says("the rows of public.people are lost (about 5 million rows, 400 MB)");
    assert!(!run.err.contains("rewrites public.tiny"), "{}", run.err);
    let run = folder.run(&[&arguments[..], &["--format", "json"]].concat()).ends(1);
    run.prints("rewrites public.tiny (about 3 rows, 8 kB)").prints("\"rows\": 5000000");
}

/// What a server holds, with everything that sizes may come of.
const HELD: &str = "
    CREATE TABLE counted (id int PRIMARY KEY, filler text, secret text);
    INSERT INTO counted SELECT n, repeat('x', 1000), 'hunter2-s3cret' FROM generate_series(1, 9000) n;
    CREATE INDEX \"By Filler\" ON counted (filler);
    CREATE TABLE uncounted (x int); INSERT INTO uncounted VALUES (1);
    CREATE TABLE bare (x int);
    CREATE SCHEMA \"Other\";
    CREATE TABLE \"Other\".\"Some One\" (x text);
    ALTER TABLE \"Other\".\"Some One\" ALTER x SET STORAGE EXTERNAL;
    INSERT INTO \"Other\".\"Some One\" VALUES (repeat('x', 100000));
    CREATE TABLE parts (x int PRIMARY KEY) PARTITION BY RANGE (x);
    CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (1) TO (10);
    CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM (10) TO (1000);
    INSERT INTO parts SELECT generate_series(1, 999);
    CREATE MATERIALIZED VIEW sums AS SELECT generate_series(1, 50) AS x;
    ANALYZE counted; ANALYZE parts_1; ANALYZE parts_2; ANALYZE sums;
";

fn taken(folder: &Folder, url: &str) -> (Value, String) {
    let run = folder.run(&["stats", url]).ends(0);
    (serde_json::from_str(&run.out).expect("JSON"), run.err)
}

#[test]
fn a_live_database_says_how_large_it_is() {
    let Some(mut live) = Live::start(HELD) else { return };
    let folder = Folder::new(&[]);
    let (found, said) = taken(&folder, &live.url("postgres"));
    assert!(said.starts_with("2 tables have never been analysed"), "{said}");
    assert_eq!((&found["version"], &found["block_size"]), (&json!(1), &json!(8192)));
    let of = |name: &str| {
        let all = found["relations"].as_array().expect("relations");
        all.iter().find(|it| it["name"] == name).unwrap_or_else(|| panic!("no {name} in {found:#}")).clone()
    };
    let mut bytes = |sql: &str| -> i64 { live.scratch.client.query_one(sql, &[]).expect("a size").get(0) };
    let counted = of("counted");
    assert_eq!((&counted["schema"], &counted["kind"]), (&json!("public"), &json!("table")));
    assert_eq!(counted["rows"], 9000);
    assert_eq!(counted["bytes"], bytes("SELECT pg_relation_size('counted')"));
    assert_eq!(counted["total_bytes"], bytes("SELECT pg_total_relation_size('counted')"));
    assert_eq!(
        counted["indexes"],
        json!([
            { "name": "By Filler", "bytes": bytes("SELECT pg_relation_size('\"By Filler\"')") },
            { "name": "counted_pkey", "bytes": bytes("SELECT pg_relation_size('counted_pkey')") },
        ])
    );
    assert!(counted["analyzed"].as_str().is_some_and(|it| it.ends_with('Z')), "{counted}");
    assert_eq!((&of("uncounted")["rows"], &of("uncounted")["bytes"]), (&Value::Null, &json!(8192)));
    assert_eq!((&of("bare")["rows"], &of("bare")["bytes"]), (&json!(0), &json!(0)));
    let toast = "SELECT pg_total_relation_size(reltoastrelid) FROM pg_class WHERE relname = 'Some One'";
    assert_eq!(of("Some One")["toast_bytes"], bytes(toast));
    assert_eq!((&of("sums")["kind"], &of("sums")["rows"]), (&json!("materialized view"), &json!(50)));
    let (parts, one, two) = (of("parts"), of("parts_1"), of("parts_2"));
    assert_eq!((&parts["kind"], &parts["rows"]), (&json!("partitioned table"), &json!(999)));
    assert_eq!(one["partition_of"], json!({ "schema": "public", "name": "parts" }));
    for member in ["bytes", "total_bytes"] {
        assert_eq!(
            parts[member].as_u64(),
            one[member].as_u64().zip(two[member].as_u64()).map(|(a, b)| a + b),
            "{member}"
        );
    }
    let indexes = |it: &Value| it["indexes"][0]["bytes"].as_u64().expect("bytes");
    assert_eq!(indexes(&parts), indexes(&one) + indexes(&two));
    // Nothing of a row is in it; and the same comes by way of a file.
    assert!(!found.to_string().contains(SECRET), "{found:#}");
    let run = folder.run(&["stats", &live.url("postgres"), "-o", "stats.json", "-q"]).ends(0);
    assert_eq!((run.out.as_str(), run.err.as_str()), ("", ""));
    let kept: Value = serde_json::from_slice(&fs::read(folder.path("stats.json")).expect("a file")).expect("JSON");
    assert_eq!(kept["relations"], found["relations"]);
}

#[test]
fn a_live_database_is_asked_unless_somebody_says() {
    let Some(live) = Live::start(HELD) else { return };
    let url = live.url("postgres");
    let changed = HELD.replace("(id int PRIMARY KEY, filler text", "(id bigint PRIMARY KEY, filler text");
    let schema: String =
        changed.split_inclusive(';').filter(|it| !it.contains("INSERT") && !it.contains("ANALYZE")).collect();
    let folder = Folder::new(&[("to.sql", &schema), ("m.sql", "ALTER TABLE counted ALTER id TYPE bigint;")]);
    let run = folder.run(&["diff", &url, "to.sql"]).ends(0);
    run.prints("hazard[rewrites-table]: rewrites public.counted (about 9 thousand rows, 10.");
    let run = folder.run(&["lint", "m.sql", "--from", &url]).ends(0);
    run.says("rewrites public.counted (about 9 thousand rows, 10.");
    // With a snapshot of itself a file says what the server says.
    folder.run(&["stats", &url, "-o", "own.json"]).ends(0);
    let own = folder.run(&["diff", &url, "to.sql", "--stats", "own.json"]).ends(0);
    assert_eq!(own.out, folder.run(&["diff", &url, "to.sql"]).out);
    keep(&folder, "stats.json", &snapshot(&[("counted", Some(7_000_000_000), 1 << 40, &[])]));
    let run = folder.run(&["diff", &url, "to.sql", "--stats", "stats.json"]).ends(0);
    run.prints("rewrites public.counted (about 7 billion rows, 1 TB), while");
    let run = folder.run(&["lint", "m.sql", "--from", &url, "--stats", "stats.json"]).ends(0);
    run.says("rewrites public.counted (about 7 billion rows, 1 TB), while");
}

#[test]
fn a_live_database_that_does_not_say_is_no_fault() {
    let schema = "CREATE TABLE t (x int); CREATE TABLE u (x int);";
    let Some(mut live) = Live::start(schema) else { return };
    let folder = Folder::new(&[("to.sql", "CREATE TABLE t (x int); CREATE TABLE u (x bigint);")]);
    live.scratch.client.batch_execute("BEGIN; LOCK TABLE t").expect("a lock");
    let url = live.url("postgres");
    let run = folder.run(&["diff", &url, "to.sql"]).ends(0).says("warning[sizes-unknown]: FROM does not say");
    run.says("lock timeout").prints("rewrites public.u, while");
    folder.run(&["stats", &url]).ends(1).says("error[cannot-read]").says("help: somebody has locked a table");
    keep(&folder, "stats.json", &snapshot(&[("u", Some(1_000), 900 * MB, &[])]));
    let run = folder.run(&["diff", &url, "to.sql", "--stats", "stats.json"]).ends(0);
    assert!(!run.err.contains("sizes-unknown"), "{}", run.err);
    run.prints("rewrites public.u (about 1 thousand rows, 900 MB), while");
}

#[test]
fn only_a_live_database_has_sizes() {
    let folder = Folder::new(&[("a.sql", "CREATE TABLE t (x int);")]);
    folder.run(&["stats"]).ends(64);
    folder
        .run(&["stats", "a.sql"])
        .ends(1)
        .says("error[not-live]: the argument of `trueup stats` names no running database");
    folder.run(&["stats", "exec:touch ran"]).ends(1).says("error[not-live]");
    assert!(!folder.path("ran").exists(), "the program was run");
    folder.run(&["stats", &format!("exec:pg_dump postgres://u:{SECRET}@h/d")]).ends(1).says("error[not-live]");
    let url = format!("postgres://u:{SECRET}@127.0.0.1:1/d");
    folder.run(&["stats", &url]).ends(1).says("connection refused");
    folder.run(&["stats", "postgres://u@127.0.0.1:1/d", "-o", "nowhere/x.json"]).ends(1).says("connection refused");
}
