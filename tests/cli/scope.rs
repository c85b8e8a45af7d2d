//! What is chosen, what is kept, what tools made.

use super::{Folder, Live};

/// A schema with one thing of several kinds, and the same with each of them changed.
const FROM: &str = "
    CREATE EXTENSION hstore;
    CREATE TABLE t (x int);
    CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';
    CREATE SCHEMA tmp_a; CREATE TABLE tmp_a.t (x int);
    CREATE TABLE of_alice (x int); ALTER TABLE of_alice OWNER TO alice;
    CREATE MATERIALIZED VIEW m AS SELECT 1 AS a;";
const TO: &str = "
    CREATE TABLE t (x int, y int);
    CREATE INDEX i ON t (x);
    CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 2';
    CREATE SCHEMA tmp_a; CREATE TABLE tmp_a.t (x int, y int);
    CREATE TABLE of_alice (x int, y int); ALTER TABLE of_alice OWNER TO alice;
    CREATE MATERIALIZED VIEW m AS SELECT 2 AS a;";

/// What a plan would change: a word of each statement.
const CHANGES: [(&str, &str); 7] = [
    ("extension", "DROP EXTENSION hstore"),
    ("table", "ALTER TABLE public.t"),
    ("index", "CREATE INDEX i"),
    ("function", "CREATE OR REPLACE FUNCTION public.f"),
    ("tmp", "ALTER TABLE tmp_a.t"),
    ("alice", "ALTER TABLE public.of_alice"),
    ("view", "MATERIALIZED VIEW public.m"),
];

#[test]
fn patterns_choose_by_kind_and_name_and_owner() {
    let folder = Folder::new(&[("from.sql", FROM), ("to.sql", TO)]);
    folder.diff(&["from.sql", "to.sql", "--include", "table:t", "--exclude", "owner:alice"]).ends(0).says("converged");
    for (pattern, chosen) in [
        ("kind:function", vec!["function"]),
        ("kind:materialized-view", vec!["view"]),
        ("kind:index", vec!["index"]),
        ("kind:table", vec!["table", "index", "tmp", "alice"]),
        ("schema:tmp_*", vec!["tmp"]),
        ("table:public.t", vec!["table", "index"]),
        ("table:t", vec!["table", "index", "tmp"]),
        ("extension:hst*", vec!["extension"]),
        ("owner:alice", vec!["alice"]),
        ("public.f", vec!["function"]),
    ] {
        let run = folder.diff(&["from.sql", "to.sql", "--include", pattern, "--no-rehearse"]).ends(0);
        for (name, words) in CHANGES {
            assert_eq!(run.out.contains(words), chosen.contains(&name), "{pattern}: {words}\n{}", run.out);
        }
    }
    let rest =
        folder.diff(&["from.sql", "to.sql", "--exclude", "table:t", "--exclude", "owner:alice", "--no-rehearse"]);
    for (name, words) in CHANGES {
        let chosen = !["table", "index", "tmp", "alice"].contains(&name);
        assert_eq!(rest.out.contains(words), chosen, "{words}\n{}", rest.out);
    }
}

#[test]
fn a_schema_comes_along_for_what_is_chosen_in_it() {
    let folder =
        Folder::new(&[("to.sql", "CREATE SCHEMA s; CREATE TABLE s.t (x int); CREATE VIEW s.v AS SELECT 1 AS a;")]);
    let run = folder.diff(&["empty", "to.sql", "--include", "kind:view"]).ends(0).says("converged");
    run.prints("CREATE SCHEMA s").prints("CREATE VIEW s.v").does_not_print("TABLE");
}

#[test]
fn what_is_left_out_may_not_be_needed() {
    let folder = Folder::new(&[("to.sql", "CREATE TYPE e AS ENUM ('a');\nCREATE TABLE t (x e);\n")]);
    folder.diff(&["empty", "to.sql", "--exclude", "kind:enum"]).ends(1).shown_as("left-out-and-needed");
    // A sequence goes with its table.
    let serial = Folder::new(&[("to.sql", "CREATE TABLE t (id serial); CREATE TABLE u (x int);")]);
    let run = serial.diff(&["empty", "to.sql", "--exclude", "table:t"]).ends(0).says("converged");
    run.prints("CREATE TABLE public.u").does_not_print("SEQUENCE");
}

/// An excluded view stands in the way of a column's new type, on a live side as in a file.
#[test]
fn what_is_left_out_is_made_anew_where_it_stands_in_the_way() {
    let from = "CREATE TABLE t (x int); CREATE VIEW v AS SELECT x FROM t;";
    let folder = Folder::new(&[("from.sql", from), ("to.sql", "CREATE TABLE t (x bigint);")]);
    let check = |from: &str| {
        let run = folder.run(&["diff", from, "to.sql", "--exclude", "kind:view"]).ends(0).says("converged");
        run.prints("DROP VIEW public.v").prints("ALTER COLUMN x TYPE bigint").prints("CREATE VIEW public.v");
    };
    check("from.sql");
    let Some(mut live) = Live::start(from) else { return };
    check(&live.url("postgres"));
    let plan = folder.run(&["diff", &live.url("postgres"), "to.sql", "--exclude", "kind:view"]).out;
    live.scratch.client.batch_execute(&plan).expect("the plan runs where it was made for");
}

#[test]
fn what_is_left_out_need_not_be_made_in_the_shadow() {
    let broken = "CREATE SCHEMA app; CREATE SCHEMA other;
        CREATE FUNCTION other.f(int) RETURNS int LANGUAGE internal AS 'int4um';
        CREATE FUNCTION app.check() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
        CREATE EVENT TRIGGER watch ON ddl_command_end EXECUTE FUNCTION app.check();
        ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC;
        UPDATE pg_proc SET prosrc = 'gone' WHERE pronamespace = 'other'::regnamespace;";
    let Some(live) = Live::start(broken) else { return };
    let folder = Folder::new(&[("to.sql", "CREATE SCHEMA app; CREATE TABLE app.t (x int);")]);
    let diff = |arguments: &[&str]| folder.run(&[&["diff", &live.url("postgres"), "to.sql"], arguments].concat());
    diff(&["--exclude", "other"]).ends(0).says("converged").prints("DROP EVENT TRIGGER watch");
    let run = diff(&["--include", "table:app.*"]).ends(0).says("converged").prints("CREATE TABLE app.t");
    // What is not chosen and has to do with everything new, has its effect.
    run.prints("REVOKE").does_not_print("DROP").does_not_print("DEFAULT PRIVILEGES");
}

#[test]
fn what_something_left_out_needs_is_kept() {
    let folder = Folder::new(&[
        ("from.sql", "CREATE TABLE t (x int, y int); CREATE TABLE u (z int); CREATE VIEW v AS SELECT y, z FROM t, u;"),
        ("to.sql", "CREATE TABLE t (x int);"),
        ("taken.sql", "CREATE TABLE t (x int);\nCREATE VIEW u AS SELECT 1 AS z;\n"),
    ]);
    let run = folder.diff(&["from.sql", "to.sql", "--exclude", "kind:view"]).ends(0).says("no difference");
    run.says("COLUMN public.t.y: VIEW public.v needs it").says("TABLE public.u: VIEW public.v needs it");
    folder.diff(&["from.sql", "taken.sql", "--exclude", "view:v"]).ends(1).shown_as("cannot-keep");
}

#[test]
fn nothing_is_dropped_where_nothing_may_be() {
    let folder = Folder::new(&[
        (
            "from.sql",
            "CREATE TABLE t (x int CONSTRAINT pk PRIMARY KEY, y int NOT NULL CONSTRAINT c CHECK (y > 0), z int);
             CREATE INDEX i ON t (z);
             CREATE TABLE gone (x serial PRIMARY KEY);
             COMMENT ON TABLE gone IS 'still';
             CREATE VIEW v AS SELECT x, y FROM t;
             CREATE TYPE k AS (a int, b int);",
        ),
        (
            "to.sql",
            "CREATE TABLE t (x int, y bigint CONSTRAINT key PRIMARY KEY);
             CREATE VIEW v AS SELECT y FROM t;
             CREATE TYPE k AS (a int);",
        ),
    ]);
    let diff =
        |arguments: &[&str]| folder.diff(&[&["from.sql", "to.sql"], arguments].concat()).ends(0).says("converged");
    diff(&[]).prints("DROP TABLE public.gone").prints("DROP COLUMN z").prints("DROP CONSTRAINT c");
    let run = diff(&["--drop", "never", "-v"]).says("what only FROM has is kept: ");
    let run = run.says("kept: TABLE public.gone\n").says("kept: COLUMN public.t.z").says("kept: INDEX public.i");
    assert!(!run.err.contains("kept: COLUMN public.gone.x"), "{}", run.err);
    let run = run.does_not_print("DROP TABLE").does_not_print("DROP COLUMN").does_not_print("DROP INDEX");
    // A rebuild is none, and neither is a successor: a table has one primary key.
    let run = run.prints("DROP VIEW public.v").prints("CREATE VIEW public.v").prints("DROP CONSTRAINT pk");
    run.does_not_print("DROP ATTRIBUTE").prints("TYPE bigint").does_not_print("COMMENT");
}

/// What Prisma and Knex make, and what a person might.
const TOOLS: &str = "
    CREATE TABLE _prisma_migrations (id varchar(36) PRIMARY KEY, applied_steps_count integer NOT NULL DEFAULT 0);
    CREATE TABLE knex_migrations (id serial PRIMARY KEY, name varchar(255));
    CREATE SCHEMA supabase_migrations;
    CREATE TABLE supabase_migrations.schema_migrations (version text PRIMARY KEY);
    CREATE TABLE migrations (id int);";
/// Migrations that have run.
const NOTED: &str = "
    INSERT INTO _prisma_migrations VALUES ('1', 1);
    INSERT INTO knex_migrations (name) VALUES ('first');
    INSERT INTO supabase_migrations.schema_migrations VALUES ('1');";

#[test]
fn what_tools_made_on_a_live_side_is_left_alone() {
    let Some(mut live) = Live::start(TOOLS) else { return };
    let url = live.url("postgres");
    let folder = Folder::new(&[
        ("tools.sql", TOOLS),
        ("declared.sql", "CREATE TABLE knex_migrations (id int);"),
        ("watched.sql", "CREATE EXTENSION pgstattuple;"),
    ]);
    let diff = |arguments: &[&str]| folder.run(&[&["diff"], arguments].concat()).ends(0);
    // A history that notes nothing is nobody's.
    diff(&[&url, "empty"]).prints("DROP TABLE public._prisma_migrations");
    live.scratch.client.batch_execute(NOTED).expect("rows");
    let alone = |run: super::Run| {
        run.does_not_print("_migrations").says("what tools made for themselves is left alone: 3 objects")
    };
    let down = alone(diff(&[&url, "empty", "-v"])).prints("DROP TABLE public.migrations").says("converged");
    down.says("left-alone: TABLE public._prisma_migrations\n").says("left-alone: SCHEMA supabase_migrations\n");
    let up = alone(diff(&["empty", &url])).prints("CREATE TABLE public.migrations").says("converged");
    assert!(!up.err.contains("left-alone: "), "{}", up.err);
    // The embedded PostgreSQL is of another major version, perhaps.
    alone(diff(&[&url, "empty", "--shadow", "embedded"])).says("converged");
    diff(&[&url, "empty", "--drop", "all"]).prints("DROP TABLE public._prisma_migrations").says("converged");
    diff(&["empty", &url, "--drop", "all"]).prints("CREATE TABLE public.knex_migrations").says("converged");
    // What a file declares is the user's word.
    diff(&[&url, "declared.sql"]).prints("DROP COLUMN name").says("is left alone: 2 objects");
    diff(&["tools.sql", "empty"]).prints("DROP TABLE public._prisma_migrations");
    // Who declares one of the extensions that watch a server decides on all of them.
    live.scratch.client.batch_execute("CREATE EXTENSION pg_buffercache").expect("an extension");
    diff(&[&url, "empty"]).does_not_print("DROP EXTENSION");
    diff(&[&url, "watched.sql", "--shadow", "local"]).prints("DROP EXTENSION pg_buffercache");
}

#[test]
fn what_a_tool_made_stays_where_others_need_it() {
    let schema =
        "CREATE TABLE schema_migrations (version text); CREATE VIEW v AS SELECT version FROM schema_migrations;
         INSERT INTO schema_migrations VALUES ('1');";
    let Some(live) = Live::start(schema) else { return };
    let folder = Folder::new(&[]);
    let up = folder.run(&["diff", "empty", &live.url("postgres")]).ends(0).says("converged");
    up.prints("CREATE TABLE public.schema_migrations");
    let down = folder.run(&["diff", &live.url("postgres"), "empty"]).ends(0).says("converged");
    down.prints("DROP VIEW public.v").does_not_print("schema_migrations").says("is left alone: 1 object");
}

/// Where both are live, what other tools made is the user's to decide on.
#[test]
fn of_two_live_databases_only_one_need_have_the_journal() {
    let made = "CREATE SCHEMA trueup; CREATE TABLE trueup.journal (key text); CREATE TABLE goose_db_version (id int);";
    let (Some(one), Some(other)) = (Live::start(made), Live::start("")) else { return };
    let (one, other) = (one.url("postgres"), other.url("postgres"));
    let folder = Folder::new(&[]);
    let run = folder.run(&["diff", &one, &other]).ends(0).prints("DROP TABLE public.goose_db_version");
    run.does_not_print("trueup").says("is left alone: 1 object");
    folder.run(&["diff", &other, &one]).ends(0).prints("CREATE TABLE public.goose_db_version").does_not_print("trueup");
    folder.run(&["diff", &one, &other, "--drop", "all"]).ends(0).prints("DROP SCHEMA trueup");
}
