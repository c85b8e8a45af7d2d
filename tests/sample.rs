//! Rows that are taken from a running database: whether they fit where they are put, whether nothing of them can be read
//! there, and what is said of those that could not be taken. On a local server; skipped where there is none.

#![allow(clippy::print_stdout, reason = "a test says what it skips, and what was made up")]

use std::{collections::BTreeSet, path::Path};

use postgres::{Client, NoTls};
use trueup::{
    rehearse::rows::{Filled, Filling, Occasion, Sample, Supply, fill, fill_from},
    shadow::{Local, Scratch, Shadow, Wanted},
};

#[path = "support/rows.rs"]
mod support;

use support::{broken, loaded, local, rows_of, texts};

/// A session in the database of another session, as some role.
fn session(local: &Local, scratch: &mut Scratch, role: &str) -> Client {
    let database = texts(scratch, "SELECT current_database()::text").remove(0);
    let mut config = postgres::Config::new();
    config.host_path(local.socket_dir()).user(role).dbname(&database).connect(NoTls).expect("a session")
}

fn sample(client: Client, size: u32, unmasked: &[&str]) -> Sample {
    let unmasked = unmasked.iter().map(|it| it.parse().expect("a pattern")).collect();
    Sample::new(client, "postgres://u@h/d".to_owned(), size, unmasked).expect("randomness")
}

fn made(local: &Local, sql: &str) -> Scratch {
    let mut scratch = local.scratch(&Wanted::default()).expect("a database");
    scratch.client.batch_execute(sql).unwrap_or_else(|error| panic!("{error:?}"));
    scratch
}

fn take(scratch: &mut Scratch, sample: &Sample, statements: &[&str]) -> Filling {
    let occasion = Occasion { statements, ..Occasion::default() };
    let supply = Supply { per_table: 20, sample: Some(sample) };
    fill_from(scratch, supply, occasion, &|_| true).unwrap_or_else(|error| panic!("{error:?}"))
}

fn of<'a>(filling: &'a Filling, table: &str) -> &'a Filled {
    filling.tables.iter().find(|it| it.table == table).unwrap_or_else(|| panic!("{table} in {filling:?}"))
}

#[test]
fn every_sort_of_row_is_taken_and_fits() {
    let Some(local) = local() else { return };
    let file = Path::new("fixtures/schemas/rows/postgres.sql");
    let mut live = loaded(&local, file).expect("a schema");
    fill(&mut live, 20, &|_| true).unwrap_or_else(|error| panic!("{error:?}"));
    let sample = sample(session(&local, &mut live, "postgres"), 20, &[]);
    let mut scratch = loaded(&local, file).expect("a schema");
    let filling = take(&mut scratch, &sample, &[]);
    assert_eq!(broken(&mut scratch), Vec::<String>::new());
    let all: u32 = filling.tables.iter().map(|it| it.rows).sum();
    let sampled: u32 = filling.tables.iter().filter_map(|it| it.sampled).sum();
    for table in filling.tables.iter().filter(|it| !it.notes.is_empty()) {
        println!("{} ({} of {} rows): {:?}", table.table, table.sampled.unwrap_or(0), table.rows, table.notes);
    }
    println!("{sampled} of {all} rows were taken");
    assert!(all * 9 / 10 < sampled, "{sampled} of {all} rows were taken");
    let there = rows_of(&mut live);
    for (table, rows) in rows_of(&mut scratch) {
        assert_eq!(of(&filling, &table).rows, u32::try_from(rows.len()).expect("a number"), "{table}");
        assert!(rows.len() <= there[&table].len() + 20, "{table}");
    }
}

/// Users who refer to users, one of whom is far back; orders of users in the middle; two tables that need each other.
const CHAIN: &str = "
    CREATE TABLE users (id integer PRIMARY KEY, manager integer REFERENCES users, email text NOT NULL UNIQUE);
    CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email text NOT NULL REFERENCES users (email));
    CREATE TABLE hens (id uuid PRIMARY KEY, egg uuid NOT NULL);
    CREATE TABLE eggs (id uuid PRIMARY KEY, hen uuid NOT NULL REFERENCES hens DEFERRABLE INITIALLY DEFERRED);
    ALTER TABLE hens ADD FOREIGN KEY (egg) REFERENCES eggs DEFERRABLE INITIALLY DEFERRED;
    CREATE TABLE links (id integer PRIMARY KEY, next integer NOT NULL REFERENCES links);";
const CHAIN_ROWS: &str = "
    INSERT INTO users SELECT i, nullif(i / 2, 0), 'user' || i || '@example.com' FROM generate_series(1, 3000) i;
    INSERT INTO orders (email) SELECT 'user' || 1000 + i || '@example.com' FROM generate_series(1, 300) i;
    BEGIN;
    INSERT INTO hens SELECT md5(i::text)::uuid, md5('egg' || i)::uuid FROM generate_series(1, 300) i;
    INSERT INTO eggs SELECT md5('egg' || i)::uuid, md5((i + 7) % 300 + 1 || '')::uuid FROM generate_series(1, 300) i;
    COMMIT;
    INSERT INTO links SELECT i, i % 5000 + 1 FROM generate_series(1, 5000) i;";

#[test]
fn what_rows_refer_to_is_taken_with_them() {
    let Some(local) = local() else { return };
    let mut live = made(&local, &format!("{CHAIN}{CHAIN_ROWS}"));
    let sample = sample(session(&local, &mut live, "postgres"), 4, &[]);
    let mut scratch = made(&local, CHAIN);
    let filling = take(&mut scratch, &sample, &[]);
    assert_eq!(broken(&mut scratch), Vec::<String>::new());
    let taken = |table: &str| of(&filling, table).sampled;
    // Those of the orders, of the first and the last, and all above them.
    assert_eq!(taken("public.orders"), Some(4));
    assert!(taken("public.users").is_some_and(|count| (20..60).contains(&count)), "{filling:?}");
    let same = "SELECT count(*)::text FROM orders JOIN users USING (email)";
    assert_eq!(texts(&mut scratch, same), ["4"]);
    assert_eq!(texts(&mut scratch, "SELECT count(*)::text FROM users WHERE manager IS NULL"), ["1"]);
    // A ring of 300 leads from each hen to all others, and a chain is 5000 long: both are cut.
    let rings = [of(&filling, "public.hens"), of(&filling, "public.eggs")];
    assert!(rings.iter().all(|it| it.sampled.is_some_and(|count| (4..200).contains(&count))), "{filling:?}");
    let links = of(&filling, "public.links");
    assert!(links.sampled.is_some_and(|count| count <= 200), "{links:?}");
    assert!(links.notes.iter().any(|note| note.contains("refer to others by links_next_fkey")), "{links:?}");
    // The sequence is behind the rows, as it is there.
    scratch.client.batch_execute("INSERT INTO orders (email) SELECT email FROM users LIMIT 1").expect("a new number");
}

/// Of every sort of value that is masked, some that could be anybody's.
const PEOPLE: &str = "
    CREATE TYPE mood AS ENUM ('sad', 'happy');
    CREATE TYPE address AS (street text, number integer);
    CREATE DOMAIN email AS text CHECK (VALUE ~ '^[^@]+@[^@]+[.][a-z]+$');
    CREATE TABLE people (
        id uuid PRIMARY KEY, name varchar(40) NOT NULL, mail email UNIQUE, phone char(14), born date, seen timestamptz,
        wage numeric(9, 2), points bigint, lives address, tags text[], data jsonb, hash bytea, place point, during tsrange,
        ip inet, lasts interval, mood mood, active boolean, status text CHECK (status IN ('new', 'old')), plan text, score real
    );";
const PEOPLE_ROWS: &str = r#"
    INSERT INTO people SELECT md5(i::text)::uuid, 'Grete Müller ' || 12345 + i, 'grete.' || 54321 + i || '@example.com',
        '0171-' || 7654321 + i, date '1970-03-04' + 31 * i, timestamptz '2024-05-06 07:08:09.123+00' + i * interval '1 s',
        70123.45 + i, 9876543210 + i, ROW('Secret Lane', 4711 + i)::address, ARRAY['tag one', 'tag "two"', NULL],
        jsonb_build_object('nick name', 'Gretchen' || i, 'tall', 187.5 + i, 'likes', jsonb_build_array('cheese', null)),
        decode(md5(i::text), 'hex'), point(48.1 + i, 11.5), tsrange('2024-05-06', '2024-05-07'), '192.0.2.7', '77 days 5 hours',
        'happy', true, 'old', 'gold', 12.5 + i
    FROM generate_series(1, 30) i;
    UPDATE people SET name = '', phone = NULL WHERE id = md5('1')::uuid;
    UPDATE people SET plan = 'silver plate', tags = '{}';"#;

/// The columns whose values stay: there are few of them, or the schema names them.
const KEPT: &[&str] = &["mood", "active", "status"];

#[test]
fn nothing_of_the_values_is_left() {
    let Some(local) = local() else { return };
    let mut live = made(&local, &format!("{PEOPLE}{PEOPLE_ROWS}"));
    let sample = sample(session(&local, &mut live, "postgres"), 50, &[]);
    let mut scratch = made(&local, PEOPLE);
    let filling =
        take(&mut scratch, &sample, &["ALTER TABLE people ALTER plan TYPE x USING CASE plan WHEN 'gold' THEN 1 END"]);
    let people = of(&filling, "public.people");
    assert_eq!((people.rows, people.sampled, people.notes.as_slice()), (30, Some(30), &[][..]), "{people:?}");
    let columns =
        texts(&mut live, "SELECT attname::text FROM pg_attribute WHERE attrelid = 'people'::regclass AND 0 < attnum");
    for column in columns {
        let query = format!("SELECT DISTINCT {column}::text FROM people WHERE length({column}::text) > 2 ORDER BY 1");
        let values = |scratch: &mut Scratch| texts(scratch, &query).into_iter().collect::<BTreeSet<String>>();
        let (there, here) = (values(&mut live), values(&mut scratch));
        assert_eq!(there.is_disjoint(&here), !KEPT.contains(&column.as_str()), "{column}: {there:?} {here:?}");
    }
    let here = rows_of(&mut scratch)["public.people"].join("\n").to_lowercase();
    for word in ["grete", "müller", "example", "secret", "gretchen", "cheese", "silver", "1970-04-04"] {
        assert!(!here.contains(word), "{word} is in\n{here}");
    }
}

#[test]
fn the_shape_of_the_values_is_kept() {
    let Some(local) = local() else { return };
    let mut live = made(&local, &format!("{PEOPLE}{PEOPLE_ROWS}"));
    let sample = sample(session(&local, &mut live, "postgres"), 50, &[]);
    let mut scratch = made(&local, PEOPLE);
    take(&mut scratch, &sample, &[]);
    for shape in [
        "SELECT length(name) || ' ' || octet_length(name) FROM people ORDER BY 1",
        "SELECT length(phone) || ' ' || (phone LIKE '____-_______%') FROM people ORDER BY 1",
        "SELECT to_char(born, 'YYYY-MM') FROM people ORDER BY 1",
        "SELECT count(DISTINCT mail) || ' ' || count(DISTINCT wage) || ' ' || count(DISTINCT lives) FROM people",
        "SELECT length(wage::text) || ' ' || length(points::text) FROM people ORDER BY 1",
        "SELECT count(DISTINCT plan)::text FROM people",
        "SELECT jsonb_typeof(value) FROM people, jsonb_each(data) ORDER BY 1",
    ] {
        assert_eq!(texts(&mut live, shape), texts(&mut scratch, shape), "{shape}");
    }
}

#[test]
fn words_of_the_schema_and_of_the_migration_stay() {
    let Some(local) = local() else { return };
    let schema = "CREATE TABLE t (id integer PRIMARY KEY, a text DEFAULT 'draft', b text, c integer CHECK (c IN (17, 42)), d text);";
    let mut live = made(&local, schema);
    live.client
        .batch_execute(
            "INSERT INTO t VALUES (100, 'draft', 'gold', 42, 'gold digger'), (200, 'Draft ', 'Gold', 17, 'x')",
        )
        .expect("rows");
    let sample = sample(session(&local, &mut live, "postgres"), 50, &[]);
    let mut scratch = made(&local, schema);
    take(&mut scratch, &sample, &["CREATE TYPE plan AS ENUM ('gold', 'it''s')"]);
    let kept = "SELECT format('%s %s %s', a, b, c) FROM t ORDER BY 1";
    assert_eq!(texts(&mut scratch, kept), texts(&mut live, kept));
    assert_eq!(texts(&mut scratch, "SELECT count(*)::text FROM t WHERE d LIKE 'gold%' OR id IN (100, 200)"), ["0"]);
}

#[test]
fn columns_that_are_to_be_kept_are() {
    let Some(local) = local() else { return };
    let schema = "CREATE TABLE users (id integer PRIMARY KEY, email text UNIQUE, name text);
        CREATE TABLE logins (id integer PRIMARY KEY, email text REFERENCES users (email), by integer REFERENCES users);";
    let mut live = made(&local, schema);
    let rows = "INSERT INTO users VALUES (1111, 'ann@example.com', 'Ann'); INSERT INTO logins VALUES (2222, 'ann@example.com', 1111)";
    live.client.batch_execute(rows).expect("rows");
    let sample = sample(session(&local, &mut live, "postgres"), 5, &["users.email", "public.log*.by", "users.nmae"]);
    let mut scratch = made(&local, schema);
    let filling = take(&mut scratch, &sample, &[]);
    // What refers to a column that is kept shows no more than that.
    let emails = "SELECT email FROM users UNION ALL SELECT email FROM logins";
    assert_eq!(texts(&mut scratch, emails), ["ann@example.com", "ann@example.com"]);
    assert_eq!(texts(&mut scratch, "SELECT 1::text FROM users WHERE name = 'Ann' OR id = 1111"), Vec::<String>::new());
    assert_eq!(texts(&mut scratch, "SELECT 1::text FROM logins WHERE by = 1111"), Vec::<String>::new());
    assert!(
        of(&filling, "public.logins").notes[0].starts_with("by is masked although it is to be kept"),
        "{filling:?}"
    );
    assert_eq!(sample.idle(), ["users.nmae"]);
}

#[test]
fn what_the_role_may_not_read_is_made_up_and_told() {
    let Some(local) = local() else { return };
    let schema = "CREATE SCHEMA hidden;
        CREATE TABLE hidden.t (id integer PRIMARY KEY);
        CREATE TABLE closed (id integer PRIMARY KEY);
        CREATE TABLE parts (id integer PRIMARY KEY, secret text NOT NULL, closed integer NOT NULL REFERENCES closed);
        CREATE TABLE secured (id integer PRIMARY KEY, owner text NOT NULL);
        CREATE TABLE locked (id integer PRIMARY KEY);
        CREATE TABLE open (id integer PRIMARY KEY);";
    let mut live = made(&local, schema);
    live.client
        .batch_execute(
            "CREATE ROLE reader LOGIN; GRANT SELECT ON secured, locked, open, hidden.t TO reader;
             GRANT SELECT (id, closed) ON parts TO reader;
             INSERT INTO closed VALUES (1111); INSERT INTO parts VALUES (2222, 'hush', 1111);
             INSERT INTO secured VALUES (3333, 'reader'), (4444, 'other'); INSERT INTO open VALUES (5555);
             ALTER TABLE secured ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON secured USING (owner = CURRENT_USER);",
        )
        .expect("rows");
    let sample = sample(session(&local, &mut live, "reader"), 5, &[]);
    let mut other = session(&local, &mut live, "postgres");
    let mut lock = other.transaction().expect("a transaction");
    lock.batch_execute("LOCK TABLE locked IN ACCESS EXCLUSIVE MODE").expect("a lock");
    let mut scratch = made(&local, schema);
    let filling = take(&mut scratch, &sample, &[]);
    drop(lock);
    assert_eq!(broken(&mut scratch), Vec::<String>::new());
    let told = |table: &str| {
        let it = of(&filling, table);
        (it.sampled, 0 < it.rows, it.notes.join("; "))
    };
    let refused = "its rows are made up: the role may not read it".to_owned();
    assert_eq!(told("hidden.t"), (Some(0), true, refused.clone()));
    assert_eq!(told("public.closed"), (Some(0), true, refused));
    assert_eq!(told("public.parts"), (Some(1), true, "secret is made up: the role may not read it".to_owned()));
    assert_eq!(told("public.secured"), (Some(1), true, "row security shows the role only some of its rows".to_owned()));
    assert_eq!(told("public.locked"), (Some(0), true, "its rows are made up: somebody else has it locked".to_owned()));
    assert_eq!(told("public.open"), (Some(1), true, String::new()));
}

#[test]
fn a_database_of_another_shape() {
    let Some(local) = local() else { return };
    let mut live = made(
        &local,
        "CREATE TABLE t (id integer PRIMARY KEY, gone text, name varchar(100), loose integer);
         INSERT INTO t SELECT 1000 + i, 'gone', 'somebody', CASE i WHEN 3 THEN NULL ELSE 77 END FROM generate_series(1, 3) i;
         CREATE TABLE events (id integer, at date NOT NULL) PARTITION BY RANGE (at);
         CREATE TABLE events_a PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2024-02-01');
         CREATE TABLE events_b PARTITION OF events FOR VALUES FROM ('2024-02-01') TO ('2024-03-01');
         INSERT INTO events SELECT 1000 + i, date '2024-01-10' + 30 * (i % 2) FROM generate_series(1, 10) i;
         CREATE VIEW shown AS SELECT 1 AS id;",
    );
    let sample = sample(session(&local, &mut live, "postgres"), 50, &[]);
    let mut scratch = made(
        &local,
        "CREATE TABLE t (id bigint PRIMARY KEY, name text, loose integer NOT NULL, new date NOT NULL);
         CREATE TABLE events (id integer, at date NOT NULL) PARTITION BY RANGE (at);
         CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2024-02-01');
         CREATE TABLE events_rest PARTITION OF events DEFAULT;
         CREATE TABLE shown (id integer);
         CREATE TABLE missing (id integer);",
    );
    let filling = take(&mut scratch, &sample, &[]);
    let t = of(&filling, "public.t");
    assert_eq!((t.rows, t.sampled), (3, Some(3)));
    assert_eq!(t.notes, ["new is made up: there is no such column"]);
    assert_eq!(texts(&mut scratch, "SELECT count(*)::text FROM t WHERE name LIKE '________'"), ["3"]);
    let counts = "SELECT count(*)::text FROM events_1 UNION ALL SELECT count(*)::text FROM events_rest";
    assert_eq!(texts(&mut scratch, counts), ["5", "5"]);
    let why = |table: &str| of(&filling, table).notes.join("; ");
    assert_eq!(why("public.missing"), "its rows are made up: there is no such table");
    assert_eq!(why("public.shown"), "its rows are made up: there it is a view");
}

#[test]
fn no_table_is_read_from_end_to_end_and_none_is_written() {
    let Some(local) = local() else { return };
    let schema = "CREATE TABLE keyed (id integer PRIMARY KEY, x text); CREATE TABLE loose (id integer, x text);
        CREATE TABLE child (id integer PRIMARY KEY, keyed integer REFERENCES keyed);";
    let mut live = made(&local, schema);
    live.client
        .batch_execute(
            "INSERT INTO keyed SELECT i, repeat('x', 200) FROM generate_series(1, 50000) i;
             INSERT INTO loose SELECT i, repeat('x', 200) FROM generate_series(1, 50000) i;
             INSERT INTO child SELECT i, 20000 + i FROM generate_series(1, 5000) i; ANALYZE",
        )
        .expect("rows");
    let read = "SELECT format('%s %s', relname, seq_tup_read + coalesce(idx_tup_fetch, 0)) FROM pg_stat_user_tables ORDER BY relname";
    // What was counted so far is reported when the next statement ends.
    live.client.batch_execute("SELECT pg_stat_force_next_flush()").expect("a flush");
    live.client.batch_execute("SELECT pg_stat_reset()").expect("a reset");
    let sample = sample(session(&local, &mut live, "postgres"), 10, &[]);
    let mut scratch = made(&local, schema);
    let filling = take(&mut scratch, &sample, &[]);
    assert!(filling.tables.iter().all(|it| it.sampled.is_some_and(|count| 10 <= count)), "{filling:?}");
    // The counts are there when the session has ended.
    drop(sample);
    std::thread::sleep(std::time::Duration::from_millis(300));
    for line in texts(&mut live, read) {
        let rows: u32 = line.split(' ').next_back().and_then(|it| it.parse().ok()).expect("a number");
        assert!(rows < 2000, "{line}");
    }
    let written = "SELECT sum(n_tup_ins + n_tup_upd + n_tup_del)::text FROM pg_stat_user_tables";
    assert_eq!(texts(&mut live, written), ["0"]);
}

#[test]
fn the_same_run_gives_the_same_rows_and_another_one_others() {
    let Some(local) = local() else { return };
    let schema = "CREATE TABLE t (id integer PRIMARY KEY, name text);";
    let mut live = made(&local, &format!("{schema} INSERT INTO t VALUES (123456, 'Grete'), (234567, NULL)"));
    let filled = |sample: &Sample| {
        let mut scratch = made(&local, schema);
        take(&mut scratch, sample, &[]);
        rows_of(&mut scratch)
    };
    let mut new = || sample(session(&local, &mut live, "postgres"), 5, &[]);
    let (one, other) = (new(), new());
    assert_eq!(filled(&one), filled(&one));
    assert_ne!(filled(&one), filled(&other));
}
