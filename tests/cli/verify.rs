//! `trueup verify`: rules, and queries that must return no rows.

use serde_json::Value;

use super::{Folder, Live, Run, SECRET, command, run};

/// A repository, so that no file above the temporary folder counts.
fn project(rules: &str, schema: &str) -> Folder {
    let folder = Folder::new(&[("trueup.toml", rules), ("schema.sql", schema)]);
    folder.write(".git/HEAD", b"");
    folder
}

fn verify(rules: &str, schema: &str) -> Run {
    project(rules, schema).run(&["verify", "schema.sql", "--shadow", "embedded"])
}

/// Of two schemas, `bad` breaks the rule and `good` does not. `told` is what is said of it.
#[track_caller]
fn breaks_in_bad_alone(rule: &str, schema: &str, told: &[&str]) {
    let head = "CREATE SCHEMA bad; CREATE SCHEMA good;\n";
    let both = format!("[[rule]]\n{rule}\non = [\"bad\"]\n[[rule]]\n{rule}\non = [\"good\"]\n");
    let run = verify(&both, &format!("{head}{schema}")).ends(1).says("2 rules on schema.sql: 1 hold, 1 broken");
    let run = told.iter().fold(run, |run, told| run.says(told));
    let titles = run.err.lines().filter(|line| line.starts_with("error["));
    assert!(titles.clone().all(|line| !line.contains(" good.")), "{}", run.err);
    assert_eq!(titles.count(), told.len(), "{}", run.err);
}

#[test]
fn row_security() {
    breaks_in_bad_alone(
        "use = \"row-security\"",
        "CREATE TABLE bad.t (x int); CREATE TABLE bad.p (x int) PARTITION BY LIST (x);
         ALTER TABLE bad.p ENABLE ROW LEVEL SECURITY; CREATE TABLE bad.p1 PARTITION OF bad.p FOR VALUES IN (1);
         CREATE VIEW bad.v AS SELECT 1;
         CREATE TABLE good.t (x int); ALTER TABLE good.t ENABLE ROW LEVEL SECURITY;",
        &["TABLE bad.t does not enable row-level security", "TABLE bad.p1 does not enable row-level security"],
    );
    breaks_in_bad_alone(
        "use = \"row-security\"\nforced = true",
        "CREATE TABLE bad.t (x int); ALTER TABLE bad.t ENABLE ROW LEVEL SECURITY;
         CREATE TABLE good.t (x int); ALTER TABLE good.t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;",
        &["TABLE bad.t does not force row-level security"],
    );
}

#[test]
fn definer_search_path() {
    let function =
        |name: &str, more: &str| format!("CREATE FUNCTION {name}() RETURNS int LANGUAGE sql {more} AS 'SELECT 1';\n");
    let schema = [
        function("bad.f", "SECURITY DEFINER SET work_mem = '8MB'"),
        function("bad.g", "SECURITY INVOKER"),
        function("good.f", "SECURITY DEFINER SET search_path = ''"),
        "CREATE PROCEDURE bad.p() LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';".to_owned(),
    ];
    let told =
        ["FUNCTION bad.f() is SECURITY DEFINER and does not SET search_path", "PROCEDURE bad.p() is SECURITY DEFINER"];
    breaks_in_bad_alone("use = \"definer-search-path\"", &schema.concat(), &told);
}

#[test]
fn required_tables() {
    let rule = "[[rule]]\nuse = \"required-table\"\ntables = [\"t\", \"a.\\\"T 2\\\"\", \"a.gone\", \"v\"]\n";
    let run = verify(
        rule,
        "CREATE SCHEMA a; CREATE TABLE t (x int); CREATE TABLE a.\"T 2\" (x int); CREATE VIEW v AS SELECT 1;",
    );
    run.ends(1).says("tables that are not there: 2").says("there is no table a.gone").says("there is no table v");
    verify("[[rule]]\nuse = \"required-table\"\ntables = [\"t\"]\n", "CREATE TABLE t (x int);").ends(0).says("1 hold");
}

#[test]
fn required_columns() {
    breaks_in_bad_alone(
        "use = \"required-column\"\ncolumn = \"created_at\"\ntype = \"timestamptz\"",
        "CREATE TABLE bad.t (x int); CREATE TABLE bad.u (created_at timestamp); CREATE TABLE good.t (created_at timestamptz(3));",
        &[
            "TABLE bad.t has no column created_at",
            "COLUMN bad.u.created_at is of type timestamp without time zone, and not timestamptz",
        ],
    );
    breaks_in_bad_alone(
        "use = \"required-column\"\ncolumn = \"code\"\ntype = \"numeric(10, 2)\"",
        "CREATE TABLE bad.t (code numeric); CREATE TABLE bad.u (code numeric(12,2)); CREATE TABLE good.t (code numeric(10,2));
         CREATE TABLE good.p (code numeric(10,2)) PARTITION BY LIST (code);
         CREATE TABLE good.p1 PARTITION OF good.p FOR VALUES IN (1);",
        &["COLUMN bad.t.code is of type numeric, and not", "is of type numeric(12,2), and not numeric(10,2)"],
    );
    breaks_in_bad_alone(
        "use = \"required-column\"\ncolumn = \"x\"",
        "CREATE TABLE bad.t (); CREATE TABLE good.t (x int);",
        &["TABLE bad.t has no column x"],
    );
}

#[test]
fn required_indexes() {
    breaks_in_bad_alone(
        "use = \"required-index\"\ncolumns = [\"a\", \"b\"]",
        "CREATE TABLE bad.t (a int, b int); CREATE INDEX ON bad.t (b, a); CREATE INDEX ON bad.t (a) INCLUDE (b);
         CREATE INDEX ON bad.t (a, b) WHERE a > 0; CREATE INDEX ON bad.t (a, (b + 1));
         CREATE TABLE good.t (a int, b int, c int); CREATE INDEX ON good.t (a, b, c);",
        &["TABLE bad.t has no index on a, b"],
    );
    breaks_in_bad_alone(
        "use = \"required-index\"\ncolumns = [\"a\"]\nunique = true",
        "CREATE TABLE bad.t (a int, b int); CREATE UNIQUE INDEX ON bad.t (a, b); CREATE INDEX ON bad.t (a);
         CREATE TABLE good.t (a int PRIMARY KEY);",
        &["TABLE bad.t has no unique index on a"],
    );
}

#[test]
fn primary_keys() {
    breaks_in_bad_alone(
        "use = \"primary-key\"",
        "CREATE TABLE bad.t (x int UNIQUE); CREATE TABLE good.p (x int PRIMARY KEY) PARTITION BY LIST (x);
         CREATE TABLE good.p1 PARTITION OF good.p FOR VALUES IN (1);",
        &["TABLE bad.t has no primary key"],
    );
}

#[test]
fn foreign_key_indexes() {
    breaks_in_bad_alone(
        "use = \"foreign-key-index\"",
        "CREATE TABLE public.one (id int PRIMARY KEY); CREATE TABLE public.two (a int, b int, PRIMARY KEY (a, b));
         CREATE TABLE bad.t (x int REFERENCES one, y int); CREATE INDEX ON bad.t (y, x); CREATE INDEX ON bad.t (x) WHERE x > 0;
         CREATE TABLE bad.u (a int, b int, CONSTRAINT pair FOREIGN KEY (a, b) REFERENCES two); CREATE INDEX ON bad.u (a);
         CREATE TABLE good.t (x int REFERENCES one, y int); CREATE INDEX ON good.t (x, y);
         CREATE TABLE good.u (a int, b int, c int, FOREIGN KEY (a, b) REFERENCES two); CREATE INDEX ON good.u (b, a, c);
         CREATE TABLE good.v (x int REFERENCES one); CREATE INDEX ON good.v USING hash (x) WHERE x IS NOT NULL;
         CREATE TABLE good.p (x int REFERENCES one) PARTITION BY LIST (x); CREATE INDEX ON good.p (x);
         CREATE TABLE good.p1 PARTITION OF good.p FOR VALUES IN (1);",
        &["CONSTRAINT t_x_fkey ON bad.t has no index on bad.t (x)", "CONSTRAINT pair ON bad.u has no index on bad.u (a, b)"],
    );
}

#[test]
fn vector_dimensions() {
    breaks_in_bad_alone(
        "use = \"vector-dimension\"\ndimension = 3",
        "CREATE EXTENSION vector; CREATE TABLE bad.t (a vector(4), b vector, c halfvec(3)); CREATE TABLE good.t (a vector(3), x int);",
        &["COLUMN bad.t.a has 4 dimensions, and not 3", "COLUMN bad.t.b has no dimension, and not 3"],
    );
    // What stands in for the extension where a server lacks it.
    let rule = "[[rule]]\nuse = \"vector-dimension\"\ndimension = 3\n";
    let folder = project(rule, "CREATE EXTENSION vector; CREATE TABLE t (a vector(4), b vector(3));");
    if Live::start("").is_some() {
        let run = folder.run(&["verify", "schema.sql", "--shadow", "local"]).ends(1);
        run.says("COLUMN public.t.a has 4 dimensions, and not 3");
    }
}

#[test]
fn owners() {
    breaks_in_bad_alone(
        "use = \"not-owned-by\"\nroles = [\"app\", \"nobody\"]",
        "CREATE TABLE bad.t (x int); ALTER TABLE bad.t OWNER TO app;
         CREATE FUNCTION bad.f() RETURNS int LANGUAGE sql AS 'SELECT 1'; ALTER FUNCTION bad.f() OWNER TO app;
         CREATE TABLE good.t (x int); ALTER TABLE good.t OWNER TO other;",
        &["TABLE bad.t is owned by app", "FUNCTION bad.f() is owned by app"],
    );
    // What says no owner has none, whoever the shadow's session is.
    verify("[[rule]]\nuse = \"not-owned-by\"\nroles = [\"postgres\"]\n", "CREATE TABLE t (x int);").ends(0);
}

#[test]
fn extensions() {
    let rule = |more: &str| format!("[[rule]]\nuse = \"required-extension\"\n{more}\n");
    verify(&rule("extension = \"vector\""), "CREATE TABLE t (x int);").ends(1).says("there is no extension vector");
    let schema = "CREATE EXTENSION vector;";
    verify(&rule("extension = \"vector\""), schema).ends(0);
    let run = verify(&rule("extension = \"vector\"\nversion = \"0.1\""), schema).ends(1);
    run.says("EXTENSION vector has the version").says("schema.sql:1:18");
}

#[test]
fn names() {
    breaks_in_bad_alone(
        "use = \"naming\"\nkinds = [\"table\", \"column\", \"index\"]\nmatch = '^[a-z_]+$'",
        "CREATE TABLE bad.\"T\" (ok int); CREATE TABLE bad.t (x1 int); CREATE INDEX i2 ON bad.t (x1);
         CREATE VIEW good.\"V\" AS SELECT 1 AS x; CREATE TABLE good.t (x int);",
        &["TABLE bad.\"T\" is not called as", "COLUMN bad.t.x1 is not called as", "INDEX bad.i2 is not called as"],
    );
    verify("[[rule]]\nuse = \"naming\"\nkinds = [\"table\"]\nmatch = '['\n", "CREATE TABLE t (x int);")
        .ends(1)
        .says("error[rule-failed]")
        .says("`naming` could not be evaluated: invalid regular expression");
}

/// What `on` and `except` choose, at which level, and where it is told.
#[test]
fn a_report() {
    let rules = r#"
[[rule]]
name = "Rows of tenants are kept apart"
use = "row-security"
on = ["schema:app"]
except = ["table:log_*"]
help = "ALTER TABLE … ENABLE ROW LEVEL SECURITY; and write a policy"

[[rule]]
use = "primary-key"
on = ["schema:app"]
level = "warning"

[[rule]]
use = "primary-key"
on = ["schema:ap"]

[[rule]]
use = "required-table"
tables = ["app.users"]
"#;
    let schema = "CREATE SCHEMA app;\n\nCREATE TABLE app.orders (\n    id int\n);\nCREATE TABLE app.log_orders (id int PRIMARY KEY);\n";
    verify(rules, schema).ends(1).shown_as("verify");
    let warnings = "[[rule]]\nuse = \"primary-key\"\nlevel = \"warning\"\n";
    verify(warnings, schema).ends(0).says("warning[primary-key]").says("1 rule on schema.sql: 0 hold, 1 broken");
}

#[test]
fn a_query_returns_no_rows() {
    let rules = r#"
[[rule]]
sql = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_name LIKE '%s'"
name = "tables are named in the singular"
level = "warning"

[[rule]]
sql = "SELECT 1 WHERE false -- nothing"

[[rule]]
sql = """
SELECT n
FROM nowhere
"""
"#;
    let schema = (0..7).map(|n| format!("CREATE TABLE things_{n}_s (x int);\n")).collect::<String>();
    verify(rules, &schema).ends(1).shown_as("verify-queries");
    let refused = |sql: &str, why: &str| {
        let run = verify(&format!("[[rule]]\nsql = \"{sql}\"\n"), "CREATE TABLE t (x int);").ends(1);
        run.says("error[rule-failed]").says(why);
    };
    // It reads, and does nothing else.
    refused("SELECT 1; DROP TABLE t", "cannot insert multiple commands into a prepared statement");
    refused("DROP TABLE t", "syntax error");
    refused("WITH gone AS (DELETE FROM t RETURNING x) SELECT * FROM gone", "data-modifying");
    refused("SELECT nextval('s') FROM (SELECT set_config('transaction_read_only', 'off', true)) x", "does not exist");
}

#[test]
fn a_live_database() {
    let sql = "CREATE TABLE orders (id int PRIMARY KEY, note text); INSERT INTO orders VALUES (1, NULL), (2, repeat('n', 100));
               CREATE TABLE a (x int); CREATE TABLE b (x int); CREATE SEQUENCE s";
    let Some(mut live) = Live::start(sql) else { return };
    let rules = r#"
[[rule]]
use = "primary-key"

[[rule]]
use = "not-owned-by"
on = ["table:orders"]
roles = ["postgres"]

[[rule]]
sql = "SELECT id, note, id AS again, id AS left_out FROM orders ORDER BY id"

[[rule]]
sql = "SELECT nextval('s')"
"#;
    let folder = project(rules, "");
    let url = live.url("postgres");
    folder.run(&["verify", &url]).ends(1).says("4 rules on postgres").says("tables without a primary key: 2");
    let run = folder.run(&["verify", &url]);
    let shown = run.err.replace(&live.database, "DATABASE");
    let shown = shown.replace(&live.local.socket_dir().display().to_string(), "SOCKETS");
    super::assert_shown("verify-live", &shown);
    let last: i64 = live.scratch.client.query_one("SELECT last_value FROM s", &[]).expect("a row").get(0);
    assert_eq!(last, 1, "a sequence was moved");
    live.scratch.client.batch_execute("DROP TABLE a, b").expect("dropped");
    folder.write("trueup.toml", b"[[rule]]\nuse = \"primary-key\"\n");
    folder.run(&["verify", &url]).ends(0).says("1 hold, 0 broken");
}

#[test]
fn where_the_schema_is_named() {
    let folder = project("to = \"schema.sql\"\nshadow = \"embedded\"\n[[rule]]\nuse = \"primary-key\"\n", "");
    folder.run(&["verify"]).ends(0).says("1 rule on schema.sql: 1 hold");
    folder.write("trueup.toml", b"[[rule]]\nuse = \"primary-key\"\n");
    folder.run(&["verify"]).ends(64).says("the schema is not named");
    folder.run(&["verify", "nowhere.sql"]).ends(1).says("nowhere.sql");
    folder.run(&["verify", "schema.sql", "--format", "yaml"]).ends(64);
    folder.run(&["verify", "schema.sql", "--shadow", "docker"]).ends(64);
    folder.write("schema.sql", b"CREATE TABLE;");
    folder.run(&["verify", "schema.sql", "--shadow", "embedded"]).ends(1).says("error[syntax-error]");
    folder.write("trueup.toml", b"");
    folder.run(&["verify", "schema.sql"]).ends(0).says("there are no rules in `trueup.toml`").says("[[rule]]");
    let url = format!("postgres://u:{SECRET}@127.0.0.1:1/d");
    folder.run(&["verify", &url, "--format", "json"]).ends(0).prints("postgres://u@127.0.0.1:1/d");
    folder.write("trueup.toml", b"[[rule]]\nuse = \"primary-key\"\n");
    folder.run(&["verify", &url]).ends(1).says("cannot-connect");
}

#[test]
fn a_platform_is_not_asked_about() {
    let folder = project(
        "[[rule]]\nuse = \"primary-key\"\n",
        "CREATE TABLE t (x int PRIMARY KEY, who uuid REFERENCES auth.users);",
    );
    folder.run(&["verify", "schema.sql", "--shadow", "embedded", "--profile", "supabase"]).ends(0).says("1 hold");
}

#[test]
fn json() {
    let rules = "[[rule]]\nuse = \"primary-key\"\nname = \"keys\"\n[[rule]]\nsql = \"SELECT 1 AS one, NULL AS none\"\n";
    let folder = project(rules, "CREATE TABLE t (x int);");
    let run = folder.run(&["verify", "schema.sql", "--shadow", "embedded", "--format", "json"]).ends(1);
    let json: Value = serde_json::from_str(&run.out).expect("JSON");
    let (key, query) = (&json["rules"][0], &json["rules"][1]);
    assert_eq!((key["verdict"].as_str(), key["name"].as_str()), (Some("broken"), Some("keys")));
    assert_eq!(key["findings"][0]["object"], "TABLE public.t");
    assert_eq!(key["findings"][0]["place"]["file"], "schema.sql");
    assert_eq!(query["rows"]["count"], 1);
    assert_eq!(query["rows"]["first"][0], serde_json::json!({"one": "1", "none": null}));
}

#[test]
fn rules_that_are_wrong() {
    let rules = r#"
[[rule]]
use = "row-securty"

[[rule]]
use = "row-security"
force = true
forced = "yes"
on = ["tabel:t"]
level = "fatal"

[[rule]]
use = "vector-dimension"

[[rule]]
use = "vector-dimension"
dimension = 0

[[rule]]
use = "naming"
kinds = ["tabel"]
match = 1

[[rule]]
use = "required-extension"
extension = "vector"
on = ["schema:a"]

[[rule]]
use = "required-table"
tables = []

[[rule]]
sql = "SELECT 1"
use = "primary-key"

[[rule]]
sql = "SELECT 1"
on = ["schema:a"]

[[rule]]
level = "error"
"#;
    verify(rules, "").ends(1).shown_as("verify-wrong-rules");
    verify("rule = 1\n", "").ends(1).says("`rule` is a table of its own for each rule");
    verify("rule = [1]\n", "").ends(1).says("`rule` takes tables");
    // Other commands say so too.
    project("[[rule]]\nuse = 1\n", "").run(&["diff", "empty", "empty"]).ends(1).says("`rule` takes a string");
}

#[test]
fn the_example_of_every_rule_is_understood() {
    let examples = trueup::policy::RULES.iter().map(|rule| format!("[[rule]]\n{}\n", rule.example));
    let folder = project(&examples.collect::<String>(), "CREATE TABLE t (x int);");
    let run = run(command(folder.0.path()).args(["diff", "-", "-"]), "", folder.0.path());
    run.ends(64).says("only one side can be standard input");
}
