//! `--targets`: one command for many databases, or for many schemas.

use std::time::Instant;

use super::{Folder, Live, Run, SECRET, command, run};

const MIGRATIONS: [(&str, &str); 2] = [
    ("migrations/1_a.sql", "CREATE TABLE a (id int PRIMARY KEY);"),
    ("migrations/2_b.sql", "ALTER TABLE a ADD COLUMN x text;"),
];

/// A server with a database for each of these names, and a folder with migrations and a file that names them.
struct Tenants {
    live: Live,
    folder: Folder,
}

impl Tenants {
    fn start(names: &[&str], more: &str) -> Option<Tenants> {
        let mut live = Live::start("")?;
        for name in names {
            live.scratch.client.batch_execute(&format!("CREATE DATABASE {name}")).expect("a database");
        }
        let folder = Folder::new(&MIGRATIONS);
        let tenants = Tenants { live, folder };
        let targets: String =
            names.iter().map(|it| format!("[[target]]\nname = \"{it}\"\ndatabase = \"{it}\"\n")).collect();
        tenants.say(&format!("{targets}{more}"));
        Some(tenants)
    }
    /// Writes the file of targets.
    fn say(&self, targets: &str) {
        let text = format!("[defaults]\ndatabase = \"{}\"\n{targets}", self.live.url("postgres"));
        self.folder.write("targets.toml", text.as_bytes());
    }
    fn run(&self, arguments: &[&str]) -> Run {
        self.folder.run(&[arguments, &["--targets", "targets.toml"]].concat())
    }
    fn client(&self, database: &str) -> postgres::Client {
        let url = trueup::connect::with_database(&self.live.url("postgres"), database);
        trueup::connect::Target::parse(&url).expect("a URL").connect().expect("a session")
    }
    fn execute(&self, database: &str, sql: &str) {
        self.client(database).batch_execute(sql).expect("executed");
    }
    fn asks(&self, database: &str, query: &str) -> bool {
        self.client(database).query_one(query, &[]).expect("a row").get(0)
    }
}

impl Run {
    /// What the table says of a target.
    #[track_caller]
    fn has(self, target: &str, outcome: &str) -> Run {
        let line = self.out.lines().find(|line| line.split_whitespace().next() == Some(target));
        let line = line.unwrap_or_else(|| panic!("`{target}` is not in\n{}\n{}", self.out, self.err));
        assert!(line[target.len()..].trim_start().starts_with(outcome), "{line}\n{}", self.err);
        self
    }
}

#[test]
fn what_is_pending_runs_in_all_of_them_and_goes_on_after_a_failure() {
    let Some(tenants) = Tenants::start(&["a1", "a2", "a3", "b1"], "") else { return };
    tenants.run(&["status", "--exit-code"]).ends(2).has("a1", "0 applied, 2 pending").says("4 targets: 4 behind");
    let dry = tenants.run(&["deploy", "--dry-run", "--only", "a*"]).ends(0);
    dry.has("a3", "would apply 2").does_not_print("b1").says("3 targets: 3 would be changed");
    // What is in the way of one of them is told, and stops those that come after it.
    tenants.execute("a2", "CREATE TABLE a (id int)");
    let stopped = tenants.run(&["deploy", "--jobs", "1", "--allow-drift"]).ends(1);
    let stopped = stopped.has("a1", "applied 2").has("a2", "failed: 1_a: relation \"a\" already exists");
    let stopped = stopped.has("a3", "not begun").has("b1", "not begun");
    let stopped = stopped.says("a2: error[migration-failed]: 1_a").says("a2:   ╭▸ migrations/1_a.sql:1:1");
    stopped.says("4 targets: 1 applied, 1 failed, 2 not begun").says("`trueup deploy` again goes on");
    let on = tenants.run(&["deploy", "--jobs", "1", "--allow-drift", "--max-failures", "2"]).ends(1);
    on.has("a1", "nothing pending").has("a2", "failed").has("a3", "applied 2").has("b1", "applied 2");
    tenants.execute("a2", "DROP TABLE a");
    let done = tenants.run(&["deploy"]).ends(0).has("a2", "applied 2").has("b1", "nothing pending");
    assert!(!done.err.contains("1_a"), "{}", done.err);
    let status = tenants.run(&["status", "--exit-code", "--format", "json"]).ends(0);
    let json: serde_json::Value = serde_json::from_str(&status.out).expect("JSON");
    assert_eq!(json["targets"][1]["name"], "a2");
    assert_eq!((&json["targets"][1]["outcome"], &json["targets"][1]["applied"]), (&"in-order".into(), &2.into()));
    // One that has come so far is no reason to stop.
    tenants.folder.write("migrations/3_c.sql", b"ALTER TABLE a ADD COLUMN y text;");
    tenants.run(&["deploy", "--to", "3_c", "--only", "b1"]).ends(0).has("b1", "applied 1");
    let verbose =
        tenants.run(&["deploy", "--to", "3_c", "-v"]).ends(0).has("a1", "applied 1").has("b1", "nothing pending");
    verbose.says("a1: 3_c: 1 statement in ").says("b1: nothing is pending");
    tenants.run(&["deploy", "--to", "4_d"]).ends(1).says("error[not-pending]");
}

#[test]
fn canaries_come_first_and_stop_the_others() {
    let Some(tenants) =
        Tenants::start(&["a1", "a2", "a3"], "[[target]]\nname = \"sparrow\"\ndatabase = \"c1\"\ncanary = true\n")
    else {
        return;
    };
    let stopped = tenants.run(&["deploy", "--max-failures", "9"]).ends(1);
    let stopped = stopped.has("sparrow", "failed").has("a1", "not begun").has("a3", "not begun");
    stopped.says("sparrow: error[cannot-connect]");
    tenants.run(&["status"]).ends(1).has("sparrow", "failed").has("a1", "0 applied, 2 pending");
    tenants.execute("a1", "CREATE DATABASE c1");
    tenants.folder.write(
        "trueup.toml",
        b"before-deploy = 'echo begin $TRUEUP_TARGET >> log'\nafter-deploy = 'echo end $TRUEUP_TARGET >> log'\n",
    );
    tenants.run(&["deploy", "--jobs", "3"]).ends(0).has("sparrow", "applied 2").has("a3", "applied 2");
    let log = tenants.folder.text("log");
    assert!(log.starts_with("begin sparrow\nend sparrow\n"), "{log}");
    for name in ["a1", "a2", "a3"] {
        assert_eq!(log.matches(&format!("begin {name}\n")).count(), 1, "{log}");
    }
    tenants.run(&["deploy"]).ends(0);
    assert_eq!(tenants.folder.text("log"), log, "there was nothing to do");
}

#[test]
fn each_schema_has_a_history_of_its_own() {
    let targets = "[[query]]\nsql = '''\n  SELECT nspname::text AS name, nspname::text AS schema\n  FROM pg_namespace \
                   WHERE nspname LIKE 'tenant%' ORDER BY 1 -- all of them\n'''\n";
    let Some(tenants) = Tenants::start(&[], targets) else { return };
    let database = tenants.live.database.clone();
    tenants.run(&["status"]).ends(1).says("error[targets]: `targets.toml` names no target");
    tenants.execute(&database, "CREATE SCHEMA tenant1; CREATE SCHEMA tenant2; CREATE SCHEMA tenant3");
    tenants
        .run(&["deploy"])
        .ends(1)
        .says("error[one-history]: `tenant1` is a schema, and the layout `plain` has one history");
    // With statements that are noted one by one, where the second tenant fails after the first of them.
    let text = "-- +goose NO TRANSACTION\n-- +goose Up\nCREATE TABLE a (id int);\nCREATE UNIQUE INDEX CONCURRENTLY a_id ON a (id);\n\
                CREATE TABLE b (id int);\n";
    tenants.folder.write("migrations/1_a.sql", text.as_bytes());
    tenants.folder.write("migrations/2_b.sql", b"-- +goose Up\nALTER TABLE a ADD COLUMN x text;\n");
    tenants.execute(&database, "CREATE TABLE tenant2.b (id int)");
    let run = |more: &[&str]| tenants.run(&[&["deploy", "--jobs", "3", "--max-failures", "3"], more].concat());
    let first = run(&[]).ends(1).has("tenant1", "applied 2").has("tenant3", "applied 2");
    first
        .has("tenant2", "failed: 1_a: relation \"b\" already exists")
        .says("tenant2:   ├ note: its first 2 statements are done");
    tenants.execute(&database, "CREATE SCHEMA tenant4; DROP TABLE tenant2.b");
    let second = run(&[]).ends(0).has("tenant1", "nothing pending").has("tenant2", "applied 2");
    second.has("tenant4", "applied 2");
    let query =
        "SELECT count(*) = 4 FROM pg_class WHERE relname = 'a' AND relnamespace::regnamespace::text LIKE 'tenant%'";
    assert!(tenants.asks(&database, query));
    tenants.run(&["status", "--exit-code"]).ends(0).has("tenant4", "2 applied, 0 pending");
    tenants.run(&["check"]).ends(0).has("tenant4", "2 applied, 0 pending, not compared");
}

#[test]
fn those_that_were_changed_by_hand_are_told() {
    let Some(tenants) = Tenants::start(&["a1", "a2", "a3", "a4"], "") else { return };
    tenants.run(&["deploy"]).ends(0);
    tenants.execute("a3", "ALTER TABLE a ADD COLUMN by_hand int; CREATE VIEW v AS SELECT id FROM a");
    tenants.folder.write("migrations/3_c.sql", b"ALTER TABLE a ADD COLUMN y text;");
    tenants.folder.write("schema.sql", b"CREATE TABLE a (id int PRIMARY KEY, x text, y text, z text);");
    let check = tenants.run(&["check", "--to", "schema.sql"]).ends(1);
    let check = check.has("a2", "2 applied, 1 pending").has("a3", "2 applied, 1 pending, 2 objects differ");
    let check = check.says("a3: error[drift]: COLUMN public.a.by_hand: only the database has it");
    let check = check.says("error[not-migrated]: COLUMN public.a.z").says("4 targets: 3 behind, 1 not in order");
    assert_eq!(check.err.matches("error[drift]").count(), 2, "{}", check.err);
    let json = tenants.run(&["check", "--to", "schema.sql", "--format", "json"]).ends(1);
    let json: serde_json::Value = serde_json::from_str(&json.out).expect("JSON");
    assert_eq!((&json["targets"][2]["differs"], &json["targets"][3]["differs"]), (&2.into(), &0.into()));
    assert_eq!(json["check"]["moved"][0]["object"], "COLUMN public.a.z");
    let refused = tenants.run(&["deploy", "--max-failures", "4"]).ends(1);
    let refused = refused.has("a3", "failed: the database differs from what its history makes: 2 differences");
    refused.has("a1", "applied 1").has("a4", "applied 1").says("a3:  ├ note: VIEW public.v: only the database has it");
    tenants.run(&["check", "--exit-code", "--only", "a[124]"]).ends(0).has("a1", "3 applied, 0 pending  ");
}

#[test]
fn a_file_of_targets_that_is_wrong() {
    let folder = Folder::new(&MIGRATIONS);
    let shown = |targets: &str, name: &str| {
        folder.write("targets.toml", targets.as_bytes());
        let arguments = ["status", "--targets", "targets.toml"];
        let read = run(command(folder.0.path()).args(arguments).env("TENANT", "mysql://u@h/d"), "", folder.0.path());
        read.ends(1).shown_as(name)
    };
    let database = format!("database = \"postgres://u:{SECRET}@127.0.0.1:1/d\"\n");
    shown(
        "jobs = 3\n[defaults]\njobs = 0\nmax-failure = 3\n[[target]]\nnam = \"a\"\ndatabase = \"a\"\n[[target]]\nname = 1\n\
         database = \"env:TRUEUP_NO_SUCH_VARIABLE\"\ncanary = \"yes\"\n[[target]]\nname = \"c\"\ndatabase = \"env:TENANT\"\n\
         [[query]]\nschema = \"x\"\n",
        "targets-wrong-values",
    );
    shown(&format!("[[target]]\nname = \"a\"\n{database}[[target]]\nname = \"a\"\n{database}"), "targets-twice");
    shown("[target]\nname = \"a\"\n[[defaults]]\njobs = 1\n", "targets-wrong-tables");
    shown("[[target]\nname = \"a\"\n", "targets-no-toml");
    shown(&format!("[[target]]\nname = \"a\"\n{database}"), "targets-no-server");
    folder.run(&["status", "--targets", "none.toml"]).ends(1).says("error[targets]: cannot read `none.toml`");
    folder.run(&["status", "--targets", "a", "--database", "postgres://h/d"]).ends(64).says("cannot be used with");
    folder.run(&["deploy", "--targets", "a", "--backup", "b"]).ends(64).says("cannot be used with");
    folder.run(&["deploy", "--jobs", "2"]).ends(64).says("--targets");
    folder.run(&["status", "--targets", "a", "--jobs", "0"]).ends(64).says("--jobs");
    folder.run(&["reset", "--targets", "a"]).ends(64).says("`reset` empties one database");
}

#[test]
fn a_query_for_targets_that_is_wrong() {
    let Some(tenants) = Tenants::start(&[], "") else { return };
    let fails = |sql: &str, words: &str| {
        tenants.say(&format!("[[query]]\nsql = \"{sql}\"\n"));
        tenants.run(&["status"]).ends(1).says(words).says("targets.toml:4:7");
    };
    fails("SELECT 1 AS name", "error[targets]: the column `name` is no text");
    fails("SELECT 'a' AS nme", "error[targets]: the query returns a column `nme`");
    fails("SELECT 'a' AS schema", "error[targets]: the query returns no column `name`");
    fails(
        "SELECT nowhere",
        "error[targets]: the query fails: column \\\"nowhere\\\" does not exist".replace('\\', "").as_str(),
    );
    fails("CREATE TABLE t ()", "error[targets]: the query");
    fails("SELECT 'a' AS name UNION ALL SELECT 'a'", "error[targets]: two targets are called `a`");
}

/// `TRUEUP_TENANTS` says how many there are; `make test-fleet` has a thousand.
#[test]
fn many_databases_on_one_server() {
    let count: usize = std::env::var("TRUEUP_TENANTS").ok().and_then(|it| it.parse().ok()).unwrap_or(40);
    let query = "[[query]]\nsql = \"SELECT datname AS name, datname AS database FROM pg_database WHERE datname LIKE 'tenant_%'\"\n";
    let Some(mut tenants) = Tenants::start(&["template_tenant"], query) else { return };
    tenants.say(query);
    for at in 0..count {
        let sql = format!("CREATE DATABASE tenant_{at:04} TEMPLATE template_tenant STRATEGY wal_log");
        let version = "SELECT current_setting('server_version_num')::int4 < 150000";
        let client = &mut tenants.live.scratch.client;
        let is_old: bool = client.query_one(version, &[]).expect("a row").get(0);
        let sql = if is_old { sql.replace(" STRATEGY wal_log", "") } else { sql };
        client.batch_execute(&sql).expect("a database");
    }
    let mut took = Vec::new();
    let mut timed = |arguments: &[&str]| {
        let start = Instant::now();
        let ran = tenants.run(&[arguments, &["--jobs", "8"]].concat());
        took.push(format!("{} {:.1} s", arguments[0], start.elapsed().as_secs_f64()));
        ran
    };
    timed(&["deploy"]).ends(0).says(&format!("{count} targets: {count} applied"));
    timed(&["status", "--exit-code"])
        .ends(0)
        .has("tenant_0000", "2 applied, 0 pending")
        .says(&format!("{count} in order"));
    timed(&["check"]).ends(0).says(&format!("{count} targets: {count} in order"));
    println!("{count} databases: {}", took.join(", "));
}
