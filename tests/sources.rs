//! Sources, from files to a loaded database, and what the terminal shows when they are wrong.

#![allow(clippy::print_stdout, reason = "a test says what it skips, and how a corpus fared")]

mod support;

use std::path::PathBuf;

use postgres::Client;
use support::Cluster;
use trueup::diagnostic::Diagnostic;
use trueup::emit::terminal::render;
use trueup::model::Files;
use trueup::shadow::as_it_is;
use trueup::sources::{Loaded, Script, Source, load, wanted};

/// A folder of files, made for one test.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new(files: &[(&str, &str)]) -> Folder {
        let folder = Folder(tempfile::tempdir().expect("a temporary folder"));
        for (name, text) in files {
            folder.write(name, text.as_bytes());
        }
        folder
    }
    fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.0.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(path, bytes).expect("a file");
    }
    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().expect("UTF-8").trim_end_matches('/').to_owned()
    }
    /// What the terminal shows, without the name of the temporary folder.
    fn shown(&self, diagnostics: &[Diagnostic], files: &Files) -> String {
        let root = self.path("");
        render(diagnostics, files, false).replace(&format!("{root}/"), "").replace(&root, "schema")
    }
    fn read(&self, name: &str) -> Result<(Script, Files), String> {
        let mut files = Files::default();
        let source = Source::parse(&self.path(name)).map_err(|problem| self.shown(&[problem], &files))?;
        source.read(&mut files).map(|script| (script, files.clone())).map_err(|problems| self.shown(&problems, &files))
    }
    fn load(&self, name: &str, client: &mut Client) -> Result<Loaded, String> {
        let (script, files) = self.read(name)?;
        load(&script, &files, client, &as_it_is).map_err(|problems| self.shown(&problems, &files))
    }
}

/// Makes the roles that a script names, as a shadow does.
fn provide(client: &mut Client, script: &Script, files: &Files) {
    for role in wanted(script, files).roles {
        let name = trueup::model::Ident::new(role);
        let _ = client.batch_execute(&format!("CREATE ROLE {name}"));
    }
}

/// Keeps what the terminal shows in the top-level folder of snapshots.
fn assert_shown(name: &str, shown: &str) {
    insta::with_settings!({ snapshot_path => "../snapshots/diagnostics", prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!(name, shown);
    });
}

#[test]
fn what_cannot_be_read_is_shown() {
    let folder = Folder::new(&[
        ("schema/orders.sql", "CREATE TABLE orders (id int);"),
        ("schema.prisma", "model User {}"),
        ("three/1.sql", "CREATE TABLE a (x int);"),
        ("three/2.sql", "CREATE TABLE b (x int);"),
        (
            "three/3.sql",
            "-- Größe\nCREATE TABLE c (\n    größe int,\n    name text NUL NULL\n);\nCREATE TABLE d (x int\nCREATE TABLE e (x int));\nCREATE TABLE f (x int;\nSELECT 1;\nCREATE TABLE g (x int,);\n",
        ),
        ("open.sql", "CREATE TABLE a (x int);\nCREATE FUNCTION f() RETURNS int LANGUAGE sql AS $body$\n  SELECT 1;\n"),
        ("gexec.sql", "SELECT 'DROP TABLE x'\n\\gexec\n\\if :production\nCREATE TABLE a ();\n\\endif\n"),
        ("include.sql", "\\ir nowhere.sql\n\\ir again.sql\n"),
        ("again.sql", "\\ir include.sql\n"),
        ("two.sql", "CREATE TABLE a ();\n\\connect billing\nCREATE TABLE b ();\n"),
        ("copy.sql", "CREATE TABLE a (x int);\nCOPY a FROM stdin;\n1\n2\n"),
    ]);
    folder.write("latin1.sql", b"CREATE TABLE users (\n    -- Gr\xf6\xdfe\n    size int\n);\n");
    folder.write("custom.sql", b"PGDMP\x01\x0e\xff\x00");
    std::fs::create_dir(folder.path("nothing")).expect("a folder");
    std::os::unix::fs::symlink("loop", folder.path("loop")).expect("a link");
    let shown = |name: &str| folder.read(name).map(|_| "read").expect_err("should not be read");
    assert_shown("missing-file", &shown("schema/order.sql"));
    assert_shown("unreadable", &shown("loop"));
    assert_shown("not-utf8", &shown("latin1.sql"));
    assert_shown("custom-dump", &shown("custom.sql"));
    assert_shown("prisma", &shown("schema.prisma"));
    assert_shown("empty-folder", &shown("nothing"));
    assert_shown("syntax-errors-in-third-file", &shown("three"));
    assert_shown("never-closed", &shown("open.sql"));
    assert_shown("psql-command", &shown("gexec.sql"));
    assert_shown("include", &shown("include.sql"));
    assert_shown("several-databases", &shown("two.sql"));
    assert_shown("unfinished-copy", &shown("copy.sql"));
}

/// The current folder is the whole process's: one test moves it, another depends on it.
static CURRENT_FOLDER: std::sync::Mutex<()> = std::sync::Mutex::new(());

#[test]
fn a_failing_program_is_shown() {
    let _held = CURRENT_FOLDER.lock().expect("no test panicked");
    let shown = |word: &str| {
        let mut files = Files::default();
        let problems = Source::parse(word).expect("a source").read(&mut files).expect_err("should not be read");
        render(&problems, &files, false)
    };
    assert_shown("command-failed", &shown("exec:echo 'connecting …' >&2; echo 'no such host' >&2; exit 3"));
    assert_shown("git-revision", &shown("git:no-such-revision-anywhere:schema.sql"));
    assert_shown("git-path", &shown("git:HEAD:Cargo.tml"));
}

#[test]
fn git_revisions_and_commands_are_read() {
    let _held = CURRENT_FOLDER.lock().expect("no test panicked");
    let mut files = Files::default();
    let script = Source::parse("exec:echo 'CREATE TABLE a (); SELECT 1'").expect("a source").read(&mut files);
    assert_eq!(script.expect("a script").statements.len(), 2);

    let folder = Folder::new(&[("db/b.sql", "CREATE TABLE b ();"), ("db/a.sql", "CREATE VIEW a AS TABLE b;")]);
    let git = |arguments: &[&str]| {
        let status = std::process::Command::new("git")
            .current_dir(folder.path(""))
            .args(["-c", "user.name=t", "-c", "user.email=t@example.com"])
            .args(arguments)
            .status();
        assert!(status.expect("git").success());
    };
    git(&["init", "-q"]);
    git(&["add", "."]);
    git(&["commit", "-qm", "x", "--no-verify"]);
    folder.write("db/b.sql", b"nonsense");
    let before = std::env::current_dir().expect("a folder");
    std::env::set_current_dir(folder.path("")).expect("a folder");
    let mut files = Files::default();
    let script = Source::parse("git:HEAD:db/").expect("a source").read(&mut files);
    std::env::set_current_dir(before).expect("a folder");
    let script = script.expect("a script");
    let texts: Vec<_> = script.statements.iter().map(|statement| statement.sql(&files).into_owned()).collect();
    assert_eq!(texts, ["CREATE TABLE b ()", "CREATE VIEW a AS TABLE b"]);
    assert_eq!(files.name(script.statements[0].span.file), "HEAD:db/b.sql");
}

#[test]
fn a_dump_is_read_as_psql_would() {
    let folder = Folder::new(&[
        (
            "dump.sql",
            "\u{feff}\\restrict k3y\r\nSET client_encoding = 'LATIN1';\nSET standard_conforming_strings = on;\n\
             \\connect shop\nCREATE TABLE a (x text);\nCOPY a (x) FROM stdin;\nit's; \\N $$\n\\.\n\n\
             \\ir more.sql\n\\echo 'don''t' \\\\ SELECT 1;\nCREATE TABLE c (\\echo in between\n  x int);\nSELECT 1 \\g\n\
             CREATE FUNCTION f(i int) RETURNS int BEGIN ATOMIC SELECT CASE WHEN i > 0 THEN 1 END; SELECT 2; END;\n\
             \\q\nthis is not read",
        ),
        (
            "more.sql",
            "\\set kind 'two words'\n\\set name it\nCREATE TABLE :\"kind\" (x text DEFAULT :'kind', y int[], z :name);",
        ),
    ]);
    let (script, files) = folder.read("dump.sql").expect("a script");
    let texts: Vec<_> = script.statements.iter().map(|statement| statement.sql(&files).into_owned()).collect();
    assert_eq!(
        texts,
        [
            "CREATE TABLE a (x text)",
            "CREATE TABLE \"two words\" (x text DEFAULT 'two words', y int[], z it)",
            "SELECT 1",
            "CREATE TABLE c ( \n  x int)",
            "SELECT 1",
            "CREATE FUNCTION f(i int) RETURNS int BEGIN ATOMIC SELECT CASE WHEN i > 0 THEN 1 END; SELECT 2; END",
        ]
    );
    let included = &script.statements[1];
    let place = included.place(&(texts[1].rfind("it").expect("it")..texts[1].len()));
    assert_eq!((files.name(place.file).ends_with("more.sql"), files.line_column(&place)), (true, (3, 58)));
    assert_eq!(script.notes.len(), 2, "{}", folder.shown(&script.notes, &files));
}

#[test]
fn what_postgresql_refuses_is_shown() {
    let Some(cluster) = Cluster::start() else { return };
    let folder = Folder::new(&[
        ("variable.sql", "CREATE TABLE a (x int DEFAULT :start);"),
        (
            "foreign-key/orders.sql",
            "CREATE TABLE orders (\n    id bigint PRIMARY KEY,\n    note text DEFAULT 'größer', buyer bigint REFERENCES public.customers (id)\n);\nCREATE INDEX ON orders (buyer);\n",
        ),
        ("foreign-key/people.sql", "CREATE TABLE customer (id bigint PRIMARY KEY);\n"),
        (
            "type.sql",
            "CREATE TYPE mood AS ENUM ('sad', 'glad');\nCREATE TABLE people (\n    name text,\n    feels moood NOT NULL\n);\nCREATE VIEW v AS SELECT name FROM people;\n",
        ),
        ("twice.sql", "CREATE TABLE users (id int);\n\nCREATE TABLE users (\n    id int,\n    name text\n);\n"),
        (
            "block.sql",
            "CREATE TABLE t (x int);\nDO $$\nBEGIN\n  INSERT INTO t VALUES (1);\n  UPDATE tt SET x = 2;\nEND\n$$;\n",
        ),
        ("raise.sql", "DO $$\nBEGIN\n  RAISE EXCEPTION 'not on a Sunday' USING HINT = 'Wait for Monday.';\nEND\n$$;\n"),
        (
            "function.sql",
            "CREATE TABLE t (größe int);\nCREATE FUNCTION f() RETURNS bigint LANGUAGE sql AS $$\n  SELECT größe, grosse FROM t\n$$;\n",
        ),
        (
            "role.sql",
            "CREATE TABLE t (x int);\nCREATE TABLE u (x int);\nGRANT SELECT ON t TO reporting;\nGRANT SELECT ON u TO reporting;\n",
        ),
        ("order.sql", "CREATE VIEW v AS SELECT * FROM t;\nCREATE TABLE t (x int);\n"),
        ("circle/a.sql", "CREATE TABLE a (id int PRIMARY KEY, b int REFERENCES b);\n"),
        ("circle/b.sql", "CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a);\n"),
        (
            "extension.sql",
            "CREATE EXTENSION no_such_gis;\nCREATE TABLE t (g geometry);\nCREATE INDEX ON t USING gist (g);\n",
        ),
        ("column.sql", "CREATE TABLE t (email text);\nCREATE INDEX ON t (lower(emial));\n"),
        ("transaction.sql", "BEGIN;\nCREATE TABLE t (x int);\n"),
        ("constraint.sql", "CREATE TABLE t (x int, CONSTRAINT big CHECK (x > 9));\nINSERT INTO t VALUES (1);\n"),
    ]);
    let names = [
        "foreign-key",
        "type.sql",
        "twice.sql",
        "block.sql",
        "raise.sql",
        "function.sql",
        "role.sql",
        "order.sql",
        "circle",
        "extension.sql",
        "column.sql",
        "transaction.sql",
        "constraint.sql",
        "variable.sql",
    ];
    for (index, name) in names.iter().enumerate() {
        let mut client = cluster.database(&format!("refused{index}"));
        let shown = folder.load(name, &mut client).map(|_| "loaded").expect_err(name);
        assert_shown(&format!("load-{}", name.trim_end_matches(".sql")), &shown);
    }
}

#[test]
fn what_postgresql_accepts_is_loaded() {
    let Some(cluster) = Cluster::start() else { return };
    let folder = Folder::new(&[
        (
            "any-order/a_views.sql",
            "CREATE VIEW shop.totals AS SELECT shop.total(o) AS total, o.state FROM shop.orders o;\n\
             COMMENT ON VIEW shop.totals IS 'x';\nGRANT SELECT ON shop.totals TO clerk;\n",
        ),
        (
            "any-order/b_functions.sql",
            "SET search_path = shop;\nCREATE FUNCTION total(o orders) RETURNS numeric LANGUAGE sql STABLE AS\n\
             $$ SELECT sum(price) FROM shop.items WHERE \"order\" = o.id $$;\n\
             CREATE TRIGGER t BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION touch();\n",
        ),
        (
            "any-order/c_tables.sql",
            "CREATE TABLE shop.items (\"order\" bigint REFERENCES shop.orders, price numeric, n int DEFAULT nextval('shop.s'));\n\
             CREATE TABLE shop.orders (id bigint PRIMARY KEY, state shop.state);\nALTER TABLE shop.orders ADD note public.citext;\n",
        ),
        (
            "any-order/d_types.sql",
            "BEGIN;\nSET LOCAL search_path = shop;\nCREATE TYPE state AS ENUM ('new');\nCOMMIT;\nCREATE SEQUENCE shop.s;\n",
        ),
        (
            "any-order/e.sql",
            "CREATE FUNCTION shop.touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';\nCREATE EXTENSION citext;\n",
        ),
        ("any-order/home.sql", "SET search_path = shop, public;\nCREATE TABLE at_home (x int);\n"),
        ("any-order/z.sql", "CREATE SCHEMA shop;\nCREATE ROLE clerk LOGIN PASSWORD 'x';\n"),
        (
            "alone.sql",
            "CREATE TYPE mood AS ENUM ('sad');\nALTER TYPE mood ADD VALUE 'glad';\nCREATE TABLE t (m mood DEFAULT 'glad');\n\
             CREATE INDEX CONCURRENTLY i ON t (m);\nVACUUM t;\nSET search_path = pg_catalog;\nALTER SYSTEM SET fsync = on;\n\
             CREATE ROLE clerk;\nDO $$ BEGIN COMMIT; END $$;\n",
        ),
        ("blocks.sql", "BEGIN;\nCREATE TABLE a (x int);\nROLLBACK;\nBEGIN;\nCREATE TABLE b (x int);\nCOMMIT;\n"),
    ]);
    let count = |client: &mut Client, name: &str| -> i64 {
        client.query_one("SELECT count(*) FROM pg_class WHERE relname = $1", &[&name]).expect("a count").get(0)
    };

    let mut client = cluster.database("keywords");
    if client.query_one("SELECT current_setting('server_version_num')::int < 160000", &[]).expect("a version").get(0) {
        folder.write("name.sql", b"CREATE FUNCTION f(json jsonb) RETURNS jsonb LANGUAGE sql AS 'SELECT $1'");
        folder.load("name.sql", &mut client).unwrap_or_else(|shown| panic!("since 16 a keyword: {shown}"));
    }

    let mut client = cluster.database("any_order");
    let loaded = folder.load("any-order", &mut client).unwrap_or_else(|shown| panic!("{shown}"));
    assert_eq!(count(&mut client, "totals"), 1);
    client.batch_execute("TABLE shop.at_home").expect("in its schema");
    let key = |kind: &str, container: &str, name: &str| (kind.to_owned(), container.to_owned(), name.to_owned());
    for (kind, container, name) in [
        ("type", "shop", "state"),
        ("table", "shop", "at_home"),
        ("column", "shop.orders", "note"),
        ("constraint", "shop.orders", "orders_pkey"),
        ("constraint", "shop.items", "items_order_fkey"),
        ("trigger", "shop.orders", "t"),
        ("function", "shop", "total"),
    ] {
        assert!(
            loaded.written.contains_key(&key(kind, container, name)),
            "{kind} {container} {name}: {:?}",
            loaded.written.keys()
        );
    }

    let mut client = cluster.database("alone");
    let loaded = folder.load("alone.sql", &mut client).unwrap_or_else(|shown| panic!("{shown}"));
    assert_eq!(count(&mut client, "i"), 1);
    assert_eq!(loaded.notes.len(), 2);
    let path: String = client.query_one("SHOW search_path", &[]).expect("a setting").get(0);
    assert_eq!(path, "\"$user\", public");

    let mut client = cluster.database("blocks");
    folder.load("blocks.sql", &mut client).unwrap_or_else(|shown| panic!("{shown}"));
    assert_eq!((count(&mut client, "a"), count(&mut client, "b")), (0, 1));
}

#[test]
fn roles_and_extensions_are_named() {
    let folder = Folder::new(&[(
        "s.sql",
        "CREATE EXTENSION IF NOT EXISTS \"uuid-ossp\";\nCREATE SCHEMA a AUTHORIZATION owner_;\nCREATE TABLE t ();\n\
         ALTER TABLE t OWNER TO \"The Boss\";\nGRANT SELECT ON t TO PUBLIC, reader, CURRENT_USER, pg_monitor;\n\
         CREATE POLICY p ON t TO tenant USING (true);\nALTER DEFAULT PRIVILEGES FOR ROLE maker GRANT SELECT ON TABLES TO reader2;\n\
         SET ROLE actor;\nRESET ROLE;\nSET SESSION AUTHORIZATION other;\nCREATE ROLE made;\nGRANT SELECT ON t TO made, in_block;\n\
         DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'in_block') THEN CREATE ROLE in_block; END IF; END $$;\n\
         DO $$ BEGIN GRANT SELECT ON t TO granted_in_block; END $$;\n",
    )]);
    let (script, files) = folder.read("s.sql").unwrap_or_else(|shown| panic!("{shown}"));
    let wanted = wanted(&script, &files);
    let roles: Vec<&str> = wanted.roles.iter().map(String::as_str).collect();
    assert_eq!(
        roles,
        ["The Boss", "actor", "granted_in_block", "made", "maker", "other", "owner_", "reader", "reader2", "tenant",]
    );
    assert!(wanted.extensions.contains("uuid-ossp"));
}

/// One file for each statement, with the settings before it, named so that the files sort in no sensible order.
fn scattered(path: &std::path::Path) -> Folder {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut files = Files::default();
    let script = Source::parse(path.to_str().expect("a path")).expect("a source").read(&mut files).expect("a script");
    let folder = Folder::new(&[]);
    let mut settings = String::new();
    for (index, statement) in script.statements.iter().enumerate() {
        let sql = statement.sql(&files);
        if sql.to_lowercase().starts_with("set ") || sql.contains("set_config") {
            settings.push_str(&format!("{sql};\n"));
            continue;
        }
        let mut hasher = DefaultHasher::new();
        index.hash(&mut hasher);
        folder.write(&format!("all/{:016x}.sql", hasher.finish()), format!("{settings}{sql};\n").as_bytes());
    }
    folder
}

/// Every schema under `$TRUEUP_CORPUS` loads. `WHAT` may be another name than `schema.sql`, such as `migrations`, or
/// `scattered schema.sql`: a folder with one file for each statement.
#[test]
#[ignore = "needs the corpus: TRUEUP_CORPUS=…/corpus/real"]
fn loads_the_corpus() {
    let corpus = PathBuf::from(std::env::var_os("TRUEUP_CORPUS").expect("TRUEUP_CORPUS"));
    let only = std::env::var("ONLY").unwrap_or_default();
    let what = std::env::var("WHAT").unwrap_or("schema.sql".into());
    let cluster = Cluster::start().expect("a server");
    let mut projects: Vec<PathBuf> = std::fs::read_dir(corpus).expect("corpus").flatten().map(|e| e.path()).collect();
    projects.sort();
    let mut failed = 0;
    for (index, project) in projects.iter().enumerate() {
        let path = project.join(what.trim_start_matches("scattered "));
        if !path.exists() || !project.to_string_lossy().contains(&only) {
            continue;
        }
        let folder = what.starts_with("scattered ").then(|| scattered(&path));
        let path = folder.as_ref().map_or(path, |folder| folder.path("all").into());
        let mut files = Files::default();
        let started = std::time::Instant::now();
        let source = Source::parse(path.to_str().expect("a path")).expect("a source");
        let read = source.read(&mut files);
        let read_in = started.elapsed();
        let started = std::time::Instant::now();
        let result = read.and_then(|script| {
            let mut client = cluster.database(&format!("corpus{index}"));
            provide(&mut client, &script, &files);
            load(&script, &files, &mut client, &as_it_is).map(|loaded| (script.statements.len(), loaded))
        });
        match result {
            Ok((statements, loaded)) => println!(
                "ok   {} {statements} statements, {} written, {} notes, read {read_in:?}, loaded {:?}",
                project.display(),
                loaded.written.len(),
                loaded.notes.len(),
                started.elapsed()
            ),
            Err(problems) => {
                failed += 1;
                println!("FAIL {} {} problems", project.display(), problems.len());
                println!("{}", render(&problems[..problems.len().min(4)], &files, false));
            }
        }
    }
    assert_eq!(failed, 0);
}
