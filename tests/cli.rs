//! The program from end to end: what it prints, how it ends. Each test has a folder of its own and the embedded
//! PostgreSQL; those about live databases start a throw-away server, and are skipped where there are no programs for one.

#![allow(clippy::print_stdout, reason = "a test says what it skips")]

use std::{
    fs,
    io::{Read, Write},
    net::{Shutdown, TcpListener},
    os::unix::{
        fs::{PermissionsExt, symlink},
        net::UnixStream,
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use trueup::shadow::{Binaries, Local, Scratch, Shadow, Wanted};

#[path = "cli/chain.rs"]
mod chain;
#[path = "cli/check.rs"]
mod check;
#[path = "cli/config.rs"]
mod config;
#[path = "cli/deploy.rs"]
mod deploy;
#[path = "cli/deploy_terms.rs"]
mod deploy_terms;
#[path = "cli/fleet.rs"]
mod fleet;
#[path = "cli/history.rs"]
mod history;
#[path = "cli/lint.rs"]
mod lint;
#[path = "cli/dump.rs"]
mod dump;
#[path = "cli/names.rs"]
mod names;
#[path = "cli/new.rs"]
mod new;
#[path = "cli/online.rs"]
mod online;
#[path = "cli/preflight.rs"]
mod preflight;
#[path = "cli/prisma_schema.rs"]
mod prisma_schema;
#[path = "cli/pull.rs"]
mod pull;
#[path = "cli/pull_prisma.rs"]
mod pull_prisma;
#[path = "cli/real.rs"]
mod real;
#[path = "cli/sample.rs"]
mod sample;
#[path = "cli/scope.rs"]
mod scope;
#[path = "cli/squash.rs"]
mod squash;
#[path = "cli/stats.rs"]
mod stats;
#[path = "cli/terminal.rs"]
mod terminal;
#[path = "cli/verify.rs"]
mod verify;

const PROGRAM: &str = env!("CARGO_BIN_EXE_trueup");

/// Must not be shown anywhere, whatever goes wrong.
const SECRET: &str = "hunter2-s3cret";

/// How a run ended, and what it printed, without the name of the temporary folder and the versions of servers.
struct Run {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Run {
    #[track_caller]
    fn ends(self, code: i32) -> Run {
        assert_eq!(self.code, Some(code), "\n--- stdout\n{}\n--- stderr\n{}", self.out, self.err);
        self
    }
    #[track_caller]
    fn says(self, words: &str) -> Run {
        assert!(self.err.contains(words), "`{words}` is not in\n{}", self.err);
        self
    }
    #[track_caller]
    fn prints(self, words: &str) -> Run {
        assert!(self.out.contains(words), "`{words}` is not in\n{}", self.out);
        self
    }
    #[track_caller]
    fn does_not_print(self, words: &str) -> Run {
        assert!(!self.out.contains(words), "`{words}` is in\n{}", self.out);
        self
    }
    /// Keeps what was printed in the top-level folder of snapshots.
    fn shown_as(self, name: &str) -> Run {
        let shown = match (self.out.as_str(), self.err.as_str()) {
            (out, "") => out.to_owned(),
            ("", err) => err.to_owned(),
            (out, err) => format!("{out}--- stderr\n{err}"),
        };
        assert_shown(name, &format!("{shown}--- exit code {}\n", self.code.unwrap_or(-1)));
        self
    }
}

fn assert_shown(name: &str, shown: &str) {
    insta::with_settings!({ snapshot_path => "../snapshots/cli", prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!(name, shown);
    });
}

/// A folder of files to run the program in.
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
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, bytes).expect("a file");
    }
    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }
    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
    fn run(&self, arguments: &[&str]) -> Run {
        self.run_with(arguments, "")
    }
    /// `trueup diff --shadow embedded …`
    fn diff(&self, arguments: &[&str]) -> Run {
        self.run(&[&["diff", "--shadow", "embedded"], arguments].concat())
    }
    fn git(&self, arguments: &[&str]) {
        let mut command = Command::new("git");
        command.current_dir(self.0.path()).args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
        assert!(command.status().expect("git").success(), "{arguments:?}");
    }
    /// Commits all files, in a repository that is made where there is none. The same files give the same hash.
    fn commit(&self, subject: &str) {
        let git = |arguments: &[&str]| {
            let identity = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"];
            let mut command = Command::new("git");
            command.current_dir(self.0.path()).args(identity).args(arguments).stdout(Stdio::null());
            command.env("GIT_AUTHOR_DATE", "2026-01-01T00:00Z").env("GIT_COMMITTER_DATE", "2026-01-01T00:00Z");
            assert!(command.status().expect("git").success());
        };
        git(&["init", "-q", "."]);
        git(&["add", "."]);
        git(&["commit", "-qm", subject]);
    }
    fn run_with(&self, arguments: &[&str], input: &str) -> Run {
        run(command(self.0.path()).args(arguments), input, self.0.path())
    }
}

fn command(folder: &Path) -> Command {
    let mut command = Command::new(PROGRAM);
    command.current_dir(folder).env("RUST_BACKTRACE", "1").env("COLUMNS", "100");
    for name in ["NO_COLOR", "CLICOLOR_FORCE", "PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGDATABASE", "PGSERVICE"] {
        command.env_remove(name);
    }
    command.env("PGPASSFILE", "/nonexistent").env("TRUEUP_CACHE", "");
    command
}

/// With all that it reads and prints in pipes.
fn piped(command: &mut Command) -> &mut Command {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped())
}

fn run(command: &mut Command, input: &str, folder: &Path) -> Run {
    let mut child = piped(command).spawn().expect("the program");
    let mut stdin = child.stdin.take().expect("its input");
    let input = input.to_owned();
    let writer = thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().expect("its end");
    // Whether it wanted its input is its affair.
    let _ = writer.join();
    let text = |bytes: Vec<u8>| stable(&String::from_utf8(bytes).expect("UTF-8"), folder);
    let (out, err) = (text(output.stdout), text(output.stderr));
    for sign in ["panicked", "stack backtrace", "RUST_BACKTRACE"] {
        assert!(!err.contains(sign), "it panicked:\n{err}");
    }
    for text in [&out, &err] {
        assert!(!text.contains(SECRET), "a password is shown:\n{text}");
    }
    Run { code: output.status.code(), out, err }
}

/// Without what differs from run to run.
fn stable(text: &str, folder: &Path) -> String {
    let text = text.replace(&format!("{}/", folder.display()), "").replace(&folder.display().to_string(), ".");
    let mut stable = String::new();
    let mut rest = text.as_str();
    while let Some(at) = rest.find("PostgreSQL ") {
        let (before, after) = rest.split_at(at + "PostgreSQL ".len());
        let number = after.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(after.len());
        stable.push_str(before);
        stable.push_str(if number == 0 { "" } else { "VERSION" });
        rest = &after[number..];
    }
    stable + rest
}

// What it is asked on the command line

#[test]
fn help() {
    let folder = Folder::new(&[]);
    folder.run(&["--help"]).ends(0).shown_as("help");
    folder.run(&["diff", "--help"]).ends(0).shown_as("help-diff");
    folder.run(&["diff", "-h"]).ends(0).shown_as("help-diff-short");
    folder.run(&["--version"]).ends(0).prints("trueup ");
}

#[test]
fn a_command_line_that_is_wrong() {
    let folder = Folder::new(&[]);
    folder.run(&[]).ends(64);
    folder.run(&["diff"]).ends(64).says("FROM is not named");
    folder.run(&["diff", "empty"]).ends(64).says("TO is not named");
    folder.run(&["dif", "a", "b"]).ends(64).says("diff");
    folder.run(&["diff", "empty", "empty", "--exit-cod"]).ends(64).shown_as("unknown-flag");
    folder.run(&["diff", "empty", "empty", "--shadow", "docker"]).ends(64).shown_as("bad-shadow");
    folder.run(&["diff", "empty", "empty", "--format", "yaml"]).ends(64).says("sql");
    folder.run(&["diff", "empty", "empty", "--include", "["]).ends(64).says("--include");
    folder.run(&["diff", "empty", "empty", "--exclude", "kind:tabel"]).ends(64).shown_as("unknown-kind");
    folder.run(&["diff", "empty", "empty", "--exclude", "tabel:t"]).ends(64).says("did you mean `table`?");
    folder.run(&["diff", "empty", "empty", "--drop", "some"]).ends(64).says("managed");
    folder.run(&["-q", "-v", "diff", "empty", "empty"]).ends(64);
}

// The main job

#[test]
fn the_shop() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (from, to) = ("fixtures/schemas/shop/v1", "fixtures/schemas/shop/v2");
    let shop = |arguments: &[&str]| {
        let all = [&["diff", "--shadow", "embedded", from, to], arguments].concat();
        run(command(root).args(all), "", root)
    };
    shop(&[]).ends(0).says("converged").shown_as("shop.sql");
    let json = shop(&["--format", "json"]).ends(0);
    assert_shown("shop.json", &json.out);
}

#[test]
fn exit_codes_tell_whether_there_is_a_difference() {
    let folder = Folder::new(&[("a.sql", "CREATE TABLE t (x int);"), ("b.sql", "CREATE TABLE t (x int, y int);")]);
    folder.diff(&["a.sql", "b.sql", "--exit-code"]).ends(2).prints("ADD COLUMN y integer");
    folder.diff(&["a.sql", "b.sql", "--exit-code", "--no-rehearse"]).ends(2).says("not rehearsed");
    folder.diff(&["a.sql", "b.sql"]).ends(0);
    let same = folder.diff(&["a.sql", "a.sql", "--exit-code"]).ends(0).says("no difference");
    assert_eq!(same.out, "");
}

#[test]
fn quiet_and_verbose() {
    let folder = Folder::new(&[("a.sql", "CREATE TABLE t (x int);"), ("wrong.sql", "CREATE TABLE;")]);
    let quiet = folder.diff(&["empty", "a.sql", "-q"]).ends(0).prints("CREATE TABLE public.t");
    assert_eq!(quiet.err, "");
    folder.diff(&["empty", "wrong.sql", "-q"]).ends(1).says("syntax");
    folder.diff(&["empty", "a.sql", "-v"]).ends(0).says("shadow: embedded");
    let coloured = folder.diff(&["empty", "wrong.sql", "--color", "always"]).ends(1);
    assert!(coloured.err.contains("\u{1b}["), "{}", coloured.err);
    let plain = folder.diff(&["empty", "wrong.sql"]).ends(1);
    assert!(!plain.err.contains("\u{1b}["), "{}", plain.err);
}

#[test]
fn the_plan_goes_to_a_file() {
    let folder = Folder::new(&[("a.sql", "CREATE TABLE t (x int);")]);
    let run = folder.diff(&["empty", "a.sql", "-o", "plan.sql"]).ends(0);
    assert_eq!(run.out, "");
    assert!(fs::read_to_string(folder.path("plan.sql")).expect("a plan").contains("CREATE TABLE public.t"));
    folder
        .diff(&["empty", "a.sql", "-o", "no/such/folder/plan.sql"])
        .ends(1)
        .says("cannot write `no/such/folder/plan.sql`");
}

#[test]
fn a_transaction_around_what_may_be_in_one() {
    let folder = Folder::new(&[("a.sql", "CREATE TABLE t (x int);")]);
    let run = folder.diff(&["empty", "a.sql", "--transaction"]).ends(0);
    assert!(run.out.starts_with("BEGIN;\n") && run.out.ends_with("COMMIT;\n"), "{}", run.out);
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let folder = Folder::new(&[("a.sql", "CREATE TABLE t (x int);")]);
    let mut child = piped(&mut command(folder.0.path()))
        .args(["diff", "--shadow", "embedded", "empty", "a.sql"])
        .stdin(Stdio::null())
        .spawn()
        .expect("the program");
    drop(child.stdout.take());
    let mut said = String::new();
    child.stderr.take().expect("its messages").read_to_string(&mut said).expect("UTF-8");
    assert_eq!(child.wait().expect("its end").code(), Some(0), "{said}");
    assert!(!said.contains("panicked") && !said.contains("error"), "{said}");
    // The same for help, which clap prints.
    let mut help = piped(&mut command(folder.0.path())).args(["diff", "--help"]).spawn().expect("the program");
    drop(help.stdout.take());
    assert_eq!(help.wait().expect("its end").code(), Some(0));
}

// Sources

#[test]
fn standard_input() {
    let folder = Folder::new(&[]);
    folder
        .run_with(&["diff", "--shadow", "embedded", "empty", "-"], "CREATE TABLE piped (x int);")
        .ends(0)
        .prints("CREATE TABLE public.piped");
    folder
        .run_with(&["diff", "--shadow", "embedded", "empty", "-"], "CREATE TABLE piped (x int")
        .ends(1)
        .says("error[syntax-error]");
    // Read twice, it would be empty the second time.
    folder.run_with(&["diff", "-", "-"], "CREATE TABLE piped (x int);").ends(64).says("only one side");
}

#[test]
fn the_output_of_a_program() {
    let folder = Folder::new(&[]);
    folder.diff(&["empty", "exec:echo 'CREATE TABLE printed (x int)'"]).ends(0).prints("CREATE TABLE public.printed");
    folder.diff(&["empty", "exec:echo oops >&2; exit 3"]).ends(1).says("oops").says("exit code 3");
}

#[test]
fn a_git_revision() {
    let folder = Folder::new(&[("schema/a.sql", "CREATE TABLE t (x int);")]);
    folder.commit("first");
    folder.write("schema/a.sql", b"CREATE TABLE t (x int, y int);");
    folder.diff(&["git:HEAD:schema", "schema"]).ends(0).prints("ADD COLUMN y integer");
    folder.diff(&["git:HEAD:schema/a.sql", "git:HEAD:schema", "--exit-code"]).ends(0);
    folder.diff(&["git:HEAD:schem", "schema"]).ends(1).says("schem");
    folder.diff(&["git:no-such-branch:schema", "schema"]).ends(1).says("no git revision");
}

// What is compared

#[test]
fn patterns() {
    let from = "CREATE SCHEMA a; CREATE SCHEMA b; CREATE TABLE a.t (x int); CREATE TABLE b.t (x int);";
    let to = "CREATE SCHEMA a; CREATE SCHEMA b; CREATE TABLE a.t (x int, y int); CREATE TABLE b.t (x int, y int); CREATE TABLE b.tmp_1 (x int);";
    let folder = Folder::new(&[("from.sql", from), ("to.sql", to)]);
    let diff = |arguments: &[&str]| folder.diff(&[&["from.sql", "to.sql"], arguments].concat()).ends(0);
    diff(&["--include", "a.*"]).prints("TABLE a.t").does_not_print("b.t");
    diff(&["--include", "a"]).prints("TABLE a.t").does_not_print("b.t");
    diff(&["--exclude", "a"]).prints("TABLE b.t").does_not_print("a.t").prints("b.tmp_1");
    diff(&["--exclude", "*.tmp_*"]).prints("TABLE b.t").prints("TABLE a.t").does_not_print("tmp_1");
    diff(&["--include", "b.*", "--exclude", "b.tmp_*"]).prints("TABLE b.t").does_not_print("tmp_1");
    diff(&["--exclude", "*.t", "--exclude", "*.tmp_1", "--exit-code"]).says("no difference");
}

#[test]
fn owners_and_privileges() {
    let from = "CREATE TABLE t (x int);";
    let to = "CREATE TABLE t (x int); ALTER TABLE t OWNER TO app; GRANT SELECT ON t TO reader; ALTER DEFAULT PRIVILEGES FOR ROLE app GRANT SELECT ON TABLES TO reader;";
    let folder = Folder::new(&[("from.sql", from), ("to.sql", to)]);
    let diff = |arguments: &[&str]| folder.diff(&[&["from.sql", "to.sql"], arguments].concat()).ends(0);
    diff(&[]).prints("OWNER TO app").prints("GRANT SELECT").prints("DEFAULT PRIVILEGES");
    diff(&["--no-owner"]).does_not_print("OWNER TO").prints("GRANT SELECT");
    diff(&["--no-privileges"]).prints("OWNER TO app").does_not_print("GRANT");
    diff(&["--no-owner", "--no-privileges", "--exit-code"]).says("no difference");
}

#[test]
fn what_is_not_managed_is_named() {
    // What is left of an operator that was only ever mentioned.
    let operator = "CREATE FUNCTION same(int, int) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT $1 = $2';
        CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = same, COMMUTATOR = ====);
        DROP OPERATOR === (int, int);";
    let folder = Folder::new(&[("operator.sql", operator)]);
    folder.diff(&["operator.sql", "operator.sql", "--exit-code"]).ends(0).says("warning[unmanaged]").says("====");
    folder.diff(&["operator.sql", "operator.sql", "--strict"]).ends(1).says("error[unmanaged]");
    folder.diff(&["empty", "operator.sql"]).ends(1).shown_as("unmanaged");
}

// Bad input

#[test]
fn a_missing_file() {
    let folder = Folder::new(&[("schema.sql", "")]);
    folder
        .diff(&["empty", "shema.sql"])
        .ends(1)
        .says("no file or folder `shema.sql`")
        .says("did you mean `schema.sql`?");
    folder.diff(&["no/such/from", "no/such/to"]).ends(1).says("no/such/from").says("no/such/to");
}

#[test]
fn a_folder_that_may_not_be_read() {
    let folder = Folder::new(&[("closed/a.sql", "CREATE TABLE t (x int);")]);
    let closed = folder.path("closed");
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).expect("permissions");
    let run = if nix::unistd::geteuid().is_root() {
        // Permissions do not bind root: somebody else tries, with a copy of the program that they can reach.
        fs::set_permissions(folder.0.path(), fs::Permissions::from_mode(0o755)).expect("permissions");
        fs::copy(PROGRAM, folder.path("trueup")).expect("a copy");
        let mut command = Command::new(folder.path("trueup"));
        command.current_dir(folder.0.path()).uid(65534).gid(65534).args(["diff", "empty", "closed"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        self::run(&mut command, "", folder.0.path())
    } else {
        folder.diff(&["empty", "closed"])
    };
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o755)).expect("permissions");
    run.ends(1).shown_as("unreadable-folder");
    symlink("loop.sql", folder.path("loop.sql")).expect("a link");
    folder.diff(&["empty", "loop.sql"]).ends(1).says("loop.sql");
}

#[test]
fn bytes_that_are_not_utf8() {
    let folder = Folder::new(&[]);
    folder.write("latin1.sql", b"CREATE TABLE users (\n    -- Gr\xf6\xdfe\n    size int\n);\n");
    folder.diff(&["empty", "latin1.sql"]).ends(1).says("error[not-utf8]").says("latin1.sql:2");
}

#[test]
fn a_syntax_error_in_the_third_file() {
    let folder = Folder::new(&[
        ("schema/1.sql", "CREATE TABLE a (x int);"),
        ("schema/2.sql", "CREATE TABLE b (x int);"),
        ("schema/3.sql", "CREATE TABLE c (x int);\n\nCREATE TABLE d (\n    x int,\n    y text NUL NULL\n);\n"),
    ]);
    folder.diff(&["empty", "schema"]).ends(1).says("schema/3.sql:5:12").shown_as("syntax-error");
}

#[test]
fn an_unknown_table_in_a_foreign_key() {
    let folder = Folder::new(&[
        (
            "schema/orders.sql",
            "CREATE TABLE orders (\n    id int PRIMARY KEY,\n    buyer int REFERENCES customers (id)\n);\n",
        ),
        ("schema/people.sql", "CREATE TABLE customer (id int PRIMARY KEY);\n"),
    ]);
    folder.diff(&["empty", "schema"]).ends(1).says("schema/orders.sql:3:26").shown_as("unknown-table");
}

#[test]
fn names_of_every_sort() {
    let long = "n".repeat(63);
    let too_long = "größe_".repeat(12);
    let sql = format!(
        r#"
        CREATE SCHEMA "two words";
        CREATE SCHEMA "a.b";
        CREATE TYPE "two words"."it's" AS ENUM ('a''b', 'c"d', '🦀');
        CREATE TABLE "two words"."quo""te" ("select" int PRIMARY KEY, "🦀 crab" text DEFAULT 'it''s; -- not', "dot.ted" "two words"."it's");
        CREATE TABLE "a.b"."user" ("order" int REFERENCES "two words"."quo""te" ("select"), CHECK ("order" > 0));
        CREATE TABLE "a.b"."{long}" ("{long}" int);
        CREATE TABLE "a.b"."{too_long}" (x int);
        CREATE TABLE "Upper" ("Case" int, " lead" int, "tab	" int, "back\slash" int, "$1" int);
        CREATE INDEX "in dex" ON "Upper" ("Case", (" lead" + 1)) WHERE "$1" > 0;
        CREATE VIEW "a.b"."vi""ew" AS SELECT "🦀 crab" AS "as", "select" AS "from" FROM "two words"."quo""te";
        CREATE FUNCTION "fun""c"("in" int, "out" int) RETURNS int LANGUAGE sql AS 'SELECT $1';
        COMMENT ON COLUMN "two words"."quo""te"."dot.ted" IS 'it''s a "comment" -- with; signs';
        GRANT SELECT ("🦀 crab") ON "two words"."quo""te" TO "ro""le x";
        "#
    );
    let folder = Folder::new(&[("names.sql", &sql)]);
    folder.diff(&["empty", "names.sql"]).ends(0).says("converged");
    folder.diff(&["names.sql", "empty"]).ends(0).says("converged");
    folder.diff(&["names.sql", "names.sql", "--exit-code"]).ends(0);
    folder.diff(&["empty", "names.sql", "--include", "two words.*"]).ends(0).prints("\"quo\"\"te\"");
}

// Live databases

/// A throw-away server for a test, and a database in it; None with a word about it where there are no programs.
struct Live {
    local: Local,
    scratch: Scratch,
    database: String,
}

impl Live {
    fn start(sql: &str) -> Option<Live> {
        trueup::shadow::set_executable(PROGRAM);
        let Some(found) = Local::find(None) else {
            println!("skipped: no PostgreSQL server programs on this machine");
            return None;
        };
        Some(Live::start_of(&found, sql))
    }
    /// On the server whose programs `TRUEUP_VECTOR_PGBIN` names, where it is set: `make test-workflow` gets one that has
    /// pgvector. Trueup itself knows nothing of it.
    fn start_where_vectors_are() -> Option<Live> {
        let Some(named) = std::env::var_os("TRUEUP_VECTOR_PGBIN") else { return Live::start("") };
        trueup::shadow::set_executable(PROGRAM);
        let found = Local::at(Path::new(&named)).expect("server programs");
        Some(Live::start_of(&found, ""))
    }
    fn has_vectors(&mut self) -> bool {
        let select = "SELECT count(*) FROM pg_available_extensions WHERE name = 'vector'";
        self.scratch.client.query_one(select, &[]).expect("a row").get::<_, i64>(0) == 1
    }
    fn start_of(found: &Binaries, sql: &str) -> Live {
        let local = Local::start(found).unwrap_or_else(|error| panic!("{error}"));
        let mut scratch = local.scratch(&Wanted::default()).expect("a scratch database");
        scratch.client.batch_execute(sql).unwrap_or_else(|error| panic!("{error:?}"));
        let database = scratch.client.query_one("SELECT current_database()::text", &[]).expect("a row").get(0);
        Live { local, scratch, database }
    }
    fn url(&self, user: &str) -> String {
        format!("postgres://{user}@/{}?host={}", self.database, self.local.socket_dir().display())
    }
    /// From now on the server asks everybody but `postgres` for a password.
    fn ask_for_passwords(&mut self) {
        let client = &mut self.scratch.client;
        let file: String = client.query_one("SHOW hba_file", &[]).expect("a row").get(0);
        fs::write(file, "local all postgres trust\nlocal all all scram-sha-256\n").expect("rules written");
        client.batch_execute("SELECT pg_reload_conf()").expect("reloaded");
        thread::sleep(Duration::from_millis(500));
    }
}

/// What pgvector has that other extensions have not: types with modifiers, values in a form of their own, and an access
/// method with parameters of its own.
const VECTORS: &str = r#"
    CREATE EXTENSION vector;
    CREATE TABLE docs (
        id integer PRIMARY KEY,
        v vector(3) DEFAULT '[1, 2,3]',
        CONSTRAINT near CHECK (v <-> '[0,0, 0]' < 9)
    );
    CREATE INDEX nearest ON docs USING hnsw (v vector_l2_ops) WITH (m = 8, ef_construction = 32);
    CREATE VIEW closest AS SELECT id, v::vector(3) AS v FROM docs ORDER BY v <-> '[1,1,1]' LIMIT 1;
    CREATE FUNCTION find(q vector(3)) RETURNS SETOF docs LANGUAGE sql AS 'SELECT * FROM docs ORDER BY v <-> q';
"#;

/// The local server has no pgvector; the embedded one, which has, says what stands in for it.
#[test]
fn an_extension_that_the_local_server_lacks_is_stood_in_for() {
    let Some(found) = Local::find(None) else {
        println!("skipped: no PostgreSQL server programs on this machine");
        return;
    };
    if found.dir.join("../share/extension/vector.control").exists() {
        println!("skipped: pgvector is installed");
        return;
    }
    let folder = Folder::new(&[
        ("v1.sql", VECTORS),
        ("same.sql", &VECTORS.replace("[1, 2,3]", "[1,2,3]").replace("vector(3)", "public.vector( 3 )")),
        (
            "v2.sql",
            &VECTORS
                .replace("m = 8", "m = 16")
                .replace("vector(3)", "vector(4)")
                .replace("[0,0, 0]", "[0,0,0,0]")
                .replace("[1, 2,3]", "[1,2,3,4]"),
        ),
    ]);
    let diff = |from: &str, to: &str| folder.run(&["diff", "--shadow", "local", from, to]);
    diff("v1.sql", "same.sql").ends(0).says("stand-ins for its").says("no difference");
    diff("empty", "v1.sql").ends(0).prints("v public.vector(3) DEFAULT '[1,2,3]'::public.vector").says("converged");
    diff("v1.sql", "v2.sql")
        .ends(0)
        .prints("ALTER COLUMN v TYPE public.vector(4)")
        .prints("USING hnsw (v public.vector_l2_ops) WITH (m='16', ef_construction='32')")
        .says("converged");
}

#[test]
fn an_extension_that_is_nowhere_stands_empty() {
    let folder = Folder::new(&[
        ("one.sql", "CREATE EXTENSION pg_frobnicate; CREATE TABLE t (a int);"),
        ("two.sql", "CREATE EXTENSION pg_frobnicate; CREATE TABLE t (a int, b frob);"),
    ]);
    folder
        .diff(&["empty", "one.sql"])
        .ends(0)
        .prints("CREATE EXTENSION pg_frobnicate")
        .says("it stands empty")
        .says("converged");
    folder.diff(&["one.sql", "two.sql"]).ends(1).says("type \"frob\" does not exist").says("nowhere to be had");
}

/// What the platform has, and has otherwise than the profile knows it, is neither dropped nor revoked.
#[test]
fn a_supabase_project_is_compared_without_its_platform() {
    let fixture = |name: &str| fs::read_to_string(format!("fixtures/schemas/supabase/{name}")).expect("a fixture");
    let folder = Folder::new(&[("app.sql", &fixture("app.sql")), ("next.sql", &fixture("next.sql"))]);
    let diff = |from: &str, to: &str| folder.diff(&[from, to, "--profile", "supabase"]);
    diff("app.sql", "app.sql").ends(0).says("no difference");
    diff("app.sql", "next.sql").ends(0).shown_as("supabase");
    let Some(live) = Live::start(&fixture("live.sql")) else { return };
    let url = live.url("postgres");
    diff(&url, "app.sql").ends(0).says("no difference");
    let next = diff(&url, "next.sql").ends(0).prints("DROP TRIGGER on_auth_user_created ON auth.users");
    // Its sequences are read-only by default; the profile's own are not.
    next.prints("ADD TABLE public.notes").does_not_print("REVOKE").does_not_print("DROP TABLE");
    let native = folder.run(&["diff", &url, "app.sql", "--profile", "supabase", "--shadow", "local"]);
    native.ends(0).says("no difference");
}

/// What came with a version, in the order of the versions.
const NEWER: &str = r#"
    CREATE TABLE t (a int, b text COMPRESSION pglz, c int4multirange, p int, q int, PRIMARY KEY (p, q));
    CREATE FUNCTION f(int) RETURNS int LANGUAGE sql RETURN $1 + 1;
    CREATE PROCEDURE g(OUT x int) LANGUAGE plpgsql AS 'BEGIN END';
    CREATE STATISTICS s ON (a + 1), b FROM t;
    CREATE TYPE r AS RANGE (SUBTYPE = int);
    ALTER TABLE t ADD CONSTRAINT one UNIQUE NULLS NOT DISTINCT (a);
    CREATE UNIQUE INDEX two ON t (a, b) NULLS NOT DISTINCT;
    CREATE VIEW v WITH (security_invoker = true) AS SELECT a FROM t;
    CREATE TABLE u (x int, y int, FOREIGN KEY (x, y) REFERENCES t ON DELETE SET NULL (y));
    CREATE PUBLICATION part FOR TABLE t (p, q);
    CREATE PUBLICATION here FOR TABLES IN SCHEMA public;
    CREATE COLLATION plain (PROVIDER = builtin, LOCALE = 'C');
    CREATE FUNCTION greet() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
    CREATE EVENT TRIGGER greet ON login EXECUTE FUNCTION greet();
"#;

#[test]
fn what_the_target_is_too_old_for_is_named_before_anything_is_written() {
    let folder = Folder::new(&[("new.sql", NEWER)]);
    let diff = |major: &str| folder.diff(&["empty", "new.sql", "--target-version", major]);
    diff("13").ends(1).shown_as("newer-server");
    let fifteen = diff("15").ends(1).says("provider `builtin`").says("on login");
    assert!(!fifteen.err.contains("NULLS NOT DISTINCT"), "{}", fifteen.err);
    assert!(fifteen.out.is_empty(), "{}", fifteen.out);
    diff("17").ends(0).says("converged");
    // What is there already is no news.
    folder.diff(&["new.sql", "new.sql", "--target-version", "13"]).ends(0).says("no difference");
}

#[test]
fn what_no_statement_reaches_is_named() {
    let parent = "CREATE TABLE p (a int);";
    let folder = Folder::new(&[
        ("declared.sql", &format!("{parent} CREATE TABLE c (a int) INHERITS (p);")),
        ("inherited.sql", &format!("{parent} CREATE TABLE c () INHERITS (p);")),
        ("settings.sql", "ALTER DATABASE postgres SET work_mem = '8MB';"),
    ]);
    let there = folder.diff(&["declared.sql", "inherited.sql"]).ends(0);
    there.says("warning[out-of-reach]").says("COLUMN public.c.a: it is declared here in FROM").says("no difference");
    folder.diff(&["inherited.sql", "declared.sql"]).ends(0).says("declared here too in TO");
    folder.diff(&["empty", "settings.sql"]).ends(0).says("settings of the database were not compared");
    folder.diff(&["empty", "settings.sql", "--database-settings"]).ends(0).prints("SET work_mem TO ''8MB''");
}

#[test]
fn secrets_in_settings_are_told_of_but_never_shown() {
    let setting = |value: &str| format!("ALTER DATABASE postgres SET app.jwt_secret = '{value}';");
    let one = setting("hunter2") + "ALTER DATABASE postgres SET password_encryption = 'md5';";
    let folder = Folder::new(&[("one.sql", &one), ("other.sql", &setting("hunter3"))]);
    let asked = |from: &str, to: &str| folder.diff(&[from, to, "--database-settings", "--format", "json"]);
    folder.diff(&["one.sql", "other.sql"]).ends(0).says("settings of the database were not compared");
    let both = asked("one.sql", "other.sql").ends(1).says("by-hand").says("differs between the sides");
    let new = asked("empty", "one.sql").ends(1).says("by-hand").says("app.jwt_secret");
    let gone = asked("one.sql", "empty").ends(0).prints("RESET app.jwt_secret");
    let new = new.prints("SET password_encryption TO ''md5''");
    for told in [both, new, gone] {
        assert!(!told.out.contains("hunter") && !told.err.contains("hunter"), "{}{}", told.out, told.err);
    }
}

#[test]
fn what_the_server_cannot_change_is_refused() {
    let method = "CREATE ACCESS METHOD other TYPE TABLE HANDLER heap_tableam_handler;";
    let folder = Folder::new(&[
        ("heap.sql", &format!("{method} CREATE TABLE t (a int);")),
        ("other.sql", &format!("{method} CREATE TABLE t (a int) USING other;")),
    ]);
    let old = folder.diff(&["heap.sql", "other.sql", "--target-version", "14"]).ends(1);
    old.says("error[cannot-alter]: TABLE public.t cannot be changed").says("copy the rows");
    folder.diff(&["heap.sql", "other.sql", "--target-version", "15"]).ends(0).prints("SET ACCESS METHOD other");
}

/// Something of most kinds, without extensions that a server may lack.
const MIXED: &str = r#"
    CREATE SCHEMA store;
    CREATE TYPE store.state AS ENUM ('open', 'closed');
    CREATE DOMAIN store.amount AS numeric(10,2) CHECK (VALUE >= 0);
    CREATE SEQUENCE store.numbers START 100 INCREMENT 5;
    CREATE TABLE store.orders (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        number bigint NOT NULL DEFAULT nextval('store.numbers') UNIQUE,
        state store.state NOT NULL DEFAULT 'open',
        total store.amount,
        tax numeric GENERATED ALWAYS AS (total * 0.19) STORED,
        note varchar(200) CHECK (note IN ('a', 'b') OR length(note) > 5)
    );
    CREATE TABLE store.lines (
        order_id bigint REFERENCES store.orders ON DELETE CASCADE,
        at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (order_id, at)
    ) PARTITION BY RANGE (at);
    CREATE TABLE store.lines_2026 PARTITION OF store.lines FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
    CREATE INDEX ON store.orders (lower(note)) WHERE state = 'open';
    CREATE VIEW store.open AS SELECT id, total FROM store.orders WHERE state IN ('open');
    CREATE MATERIALIZED VIEW store.sums AS SELECT state, sum(total) FROM store.orders GROUP BY 1;
    CREATE FUNCTION store.touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
    CREATE TRIGGER touch BEFORE UPDATE ON store.orders FOR EACH ROW EXECUTE FUNCTION store.touch();
    ALTER TABLE store.orders ENABLE ROW LEVEL SECURITY;
    CREATE ROLE store_app;
    CREATE POLICY mine ON store.orders TO store_app USING (note = CURRENT_USER);
    GRANT SELECT ON store.orders TO store_app;
    GRANT USAGE ON SCHEMA store TO store_app;
    ALTER TABLE store.lines OWNER TO store_app;
    COMMENT ON TABLE store.orders IS 'What was ordered';
    "#;

#[test]
fn a_dump_equals_the_database_it_came_from() {
    let Some(live) = Live::start(MIXED) else { return };
    let Some(bin) = dump::program() else { return };
    let dump = Command::new(bin.join("pg_dump")).arg(live.url("postgres")).output().expect("pg_dump");
    assert!(dump.status.success(), "{}", String::from_utf8_lossy(&dump.stderr));
    let folder = Folder::new(&[]);
    folder.write("dump.sql", &dump.stdout);
    let url = live.url("postgres");
    folder.run(&["diff", &url, "dump.sql", "--exit-code"]).ends(0).says("no difference");
    folder.run(&["diff", "dump.sql", &url, "--exit-code"]).ends(0).says("no difference");
    // The embedded PostgreSQL is of another major version, perhaps.
    folder.diff(&["dump.sql", &url, "--exit-code"]).ends(0).says("no difference");
    folder.run(&["diff", "empty", &url]).ends(0).says("converged").prints("CREATE TABLE store.orders");
}

#[test]
fn a_database_without_objects() {
    let Some(live) = Live::start("") else { return };
    let folder = Folder::new(&[("a.sql", "CREATE TABLE t (x int);")]);
    let url = live.url("postgres");
    folder.run(&["diff", &url, "empty", "--exit-code"]).ends(0).says("no difference");
    folder.run(&["diff", "empty", &url, "--exit-code"]).ends(0).says("no difference");
    folder.run(&["diff", &url, &url, "--exit-code"]).ends(0).says("no difference");
    folder.run(&["diff", &url, "a.sql", "--exit-code"]).ends(2).prints("CREATE TABLE public.t");
}

#[test]
fn a_role_that_may_only_connect() {
    let Some(live) =
        Live::start(&format!("{MIXED} CREATE ROLE reader LOGIN; REVOKE ALL ON SCHEMA public FROM PUBLIC;"))
    else {
        return;
    };
    let folder = Folder::new(&[]);
    let (reader, owner) = (live.url("reader"), live.url("postgres"));
    folder.run(&["diff", &reader, &owner, "--exit-code"]).ends(0).says("no difference");
    let run = folder.run(&["diff", "empty", &reader]).ends(0);
    run.says("converged").prints("CREATE TABLE store.orders");
}

#[test]
fn rows_that_are_in_the_way() {
    let schema = "CREATE TABLE full_ (x int); INSERT INTO full_ VALUES (1), (NULL); CREATE TABLE bare (x int);";
    let Some(live) = Live::start(schema) else { return };
    let url = live.url("postgres");
    let folder = Folder::new(&[
        ("fails.sql", "CREATE TABLE full_ (x int NOT NULL, y int NOT NULL); CREATE TABLE bare (x int);"),
        (
            "passes.sql",
            "CREATE DOMAIN d AS int DEFAULT 7;
             CREATE TABLE full_ (x int, y int NOT NULL DEFAULT 7, z int NOT NULL GENERATED ALWAYS AS IDENTITY);
             CREATE TABLE bare (x int NOT NULL, y int NOT NULL);",
        ),
    ]);
    folder.run(&["diff", &url, "fails.sql"]).ends(1).shown_as("fails-on-rows");
    let run = folder.run(&["diff", &url, "passes.sql"]).ends(0).says("converged");
    run.prints("-- hazard[adds-required-column]: fails if public.bare has rows");
}

#[test]
fn rows_that_agree_or_are_outside() {
    let schema = "
        CREATE TABLE users (id int, email text, gone bool);
        INSERT INTO users VALUES (1, 'a', false), (2, 'A', true), (3, NULL, false), (4, NULL, false), (4, 'b', false);
        CREATE TABLE days (day date) PARTITION BY RANGE (day);
        CREATE TABLE days_2026 (day date);
        INSERT INTO days_2026 VALUES ('2025-12-31'), ('2026-01-01');";
    let Some(live) = Live::start(schema) else { return };
    let url = live.url("postgres");
    let days = "CREATE TABLE days (day date) PARTITION BY RANGE (day);";
    let loose = format!("{days} CREATE TABLE days_2026 (day date);");
    let users = |rest: &str| format!("CREATE TABLE users (id int, email text, gone bool); {rest}");
    let cases = [
        ("ALTER TABLE users ADD UNIQUE (id);", Some("rows agree in (id)"), "such rows: 2"),
        ("ALTER TABLE users ADD UNIQUE (email);", None, ""),
        ("CREATE UNIQUE INDEX one ON users (email) NULLS NOT DISTINCT;", Some("rows agree in (email)"), "such rows: 2"),
        ("CREATE UNIQUE INDEX one ON users (lower(email));", Some("rows agree in (lower(email))"), "such rows: 2"),
        ("CREATE UNIQUE INDEX one ON users (lower(email)) WHERE NOT gone;", None, ""),
        ("ALTER TABLE users ADD CHECK (email = 'b');", Some("rows break the check"), "such rows: 2"),
        ("ALTER TABLE users ADD CHECK (0 < id);", None, ""),
    ];
    for (rest, fault, count) in cases {
        let folder = Folder::new(&[("to.sql", &format!("{loose} {}", users(rest)))]);
        let run = folder.run(&["diff", &url, "to.sql"]);
        match fault {
            Some(fault) => drop(run.ends(1).says("error[fails-on-rows]").says(fault).says(count)),
            None => drop(run.ends(0).says("converged")),
        }
    }
    let attached = format!("{days} CREATE TABLE days_2026 PARTITION OF days FOR VALUES FROM");
    let within = |bounds: &str| {
        let folder = Folder::new(&[("to.sql", &format!("{attached} {bounds}; {}", users("")))]);
        folder.run(&["diff", &url, "to.sql"])
    };
    let run = within("('2026-01-01') TO ('2027-01-01')").ends(1);
    run.says("rows are outside the bounds of the partition").says("such rows: 1");
    within("('2025-01-01') TO ('2027-01-01')").ends(0).says("converged");
    let renamed = "CREATE TABLE users (number int, email text, gone bool, UNIQUE (number, gone));";
    let folder = Folder::new(&[("to.sql", &format!("{loose}\n{renamed}"))]);
    let run = folder.run(&["diff", &url, "to.sql", "--rename", "column:users.id=number"]).ends(1);
    run.says("rows agree in (number, gone)").says("such rows: 2");
}

#[test]
fn an_owner_outlives_what_is_made_anew() {
    let Some(live) = Live::start(
        "CREATE ROLE alice; CREATE TABLE t (a int); CREATE VIEW v AS SELECT a FROM t; ALTER VIEW v OWNER TO alice;",
    ) else {
        return;
    };
    let folder = Folder::new(&[("a.sql", "CREATE TABLE t (a bigint); CREATE VIEW v AS SELECT a FROM t;")]);
    let run = folder.run(&["diff", &live.url("postgres"), "a.sql"]).ends(0).says("converged");
    run.prints("ALTER VIEW public.v OWNER TO alice;");
}

#[test]
fn a_wrong_password() {
    let Some(mut live) = Live::start("CREATE ROLE ann LOGIN PASSWORD 'right'") else { return };
    live.ask_for_passwords();
    let folder = Folder::new(&[]);
    let url = live.url(&format!("ann:{SECRET}"));
    let shown = |run: Run| run.err.replace(&live.local.socket_dir().display().to_string(), "/socket");
    let run = folder.run(&["diff", &url, "empty"]).ends(1);
    assert_shown("wrong-password", &shown(run));
    folder.run(&["diff", "empty", &url, "-v", "--format", "json"]).ends(1).says("rejects role `ann`");
    folder.run(&["diff", "empty", "empty", "--shadow", &url]).ends(1).says("rejects role `ann`");
    let words = format!("host={} user=ann password={SECRET} dbname=x", live.local.socket_dir().display());
    folder.run(&["diff", &words, "empty"]).ends(1).says("rejects role `ann`");
    let run = run_with_password(&folder, &live.url("ann"), SECRET).ends(1);
    assert!(run.err.contains("rejects role `ann`"), "{}", run.err);
    // And the right one is not shown either.
    live.scratch.client.batch_execute(&format!("ALTER ROLE ann PASSWORD '{SECRET}'")).expect("a password");
    folder.run(&["diff", &url, "empty", "-v", "--format", "json"]).ends(0).prints("\"from\": \"postgres://ann@");
}

fn run_with_password(folder: &Folder, url: &str, password: &str) -> Run {
    run(command(folder.0.path()).args(["diff", url, "empty"]).env("PGPASSWORD", password), "", folder.0.path())
}

#[test]
fn connection_strings_that_are_wrong_keep_their_password() {
    let folder = Folder::new(&[]);
    for (word, says) in [
        (format!("postgres://u:{SECRET}@no-such-host.invalid/d"), "no such host: `no-such-host.invalid`"),
        (format!("postgres://u:{SECRET}@127.0.0.1:1/d"), "connection refused"),
        (format!("postgres://u:{SECRET}@127.0.0.1:port/d"), "port"),
        (format!("postgres://u:{SECRET}%zz@127.0.0.1/d"), "%25"),
        (format!("postgres://u:{SECRET}@h/d?nonsense=1"), "nonsense"),
        (format!("host=/nonexistent user=u password={SECRET}"), "socket"),
        (format!("host=/nonexistent user=u password='{SECRET}"), "quote"),
        (format!("hostt=h password={SECRET}"), "no connection string"),
        (format!("postgres:/u:{SECRET}@h/d"), "no connection string"),
        (format!("mysql://u:{SECRET}@h/d"), "no connection string"),
    ] {
        folder.run(&["diff", &word, "empty"]).ends(1).says(says);
        let run = folder.run(&["diff", "empty", "empty", "--shadow", &word]);
        assert!([Some(1), Some(64)].contains(&run.code), "{:?} {}", run.code, run.err);
    }
    folder.run(&["diff", "postgres://u@no-such-host.invalid/d", "empty"]).ends(1).shown_as("no-such-host");
}

#[test]
fn a_server_that_goes_away() {
    let Some(live) = Live::start(MIXED) else { return };
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let socket = live.local.socket_dir().join(".s.PGSQL.5432");
    // Passes everything on, until the catalog is asked for.
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let server = UnixStream::connect(&socket).expect("the server");
            let (mut from_server, mut to_client) =
                (server.try_clone().expect("a copy"), client.try_clone().expect("a copy"));
            thread::spawn(move || std::io::copy(&mut from_server, &mut to_client));
            let (mut from_client, mut to_server) = (client, server);
            let mut buffer = [0; 8192];
            while let Ok(count) = from_client.read(&mut buffer) {
                let asked = &buffer[..count];
                if count == 0
                    || asked.windows(12).any(|it| it == b"pg_attribute")
                    || to_server.write_all(asked).is_err()
                {
                    break;
                }
            }
            let _ = from_client.shutdown(Shutdown::Both);
            let _ = to_server.shutdown(Shutdown::Both);
        }
    });
    let folder = Folder::new(&[]);
    let url = format!("postgres://postgres:{SECRET}@127.0.0.1:{port}/{}?sslmode=disable", live.database);
    let run = folder.diff(&[&url, "empty"]).ends(1).says("cannot be read");
    let shown = run.err.replace(&port.to_string(), "PORT").replace(&live.database, "DATABASE");
    assert_shown("server-gone", &shown);
}
