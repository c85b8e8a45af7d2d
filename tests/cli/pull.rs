//! `trueup pull`: a schema becomes files that declare it.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use super::{Folder, Live, assert_shown};

/// A bit of everything that has a file of its own, or lives in that of something else.
const SCHEMA: &str = r#"
CREATE EXTENSION pgcrypto;
CREATE SCHEMA audit;
COMMENT ON SCHEMA audit IS 'who did what';
CREATE ROLE reader;
GRANT USAGE ON SCHEMA audit TO reader;
CREATE TYPE audit.verb AS ENUM ('insert', 'delete');
CREATE DOMAIN email AS text CHECK (value ~ '@');
CREATE TABLE users (
    id serial PRIMARY KEY,
    email email NOT NULL UNIQUE,
    boss int REFERENCES users,
    number bigint GENERATED ALWAYS AS IDENTITY
);
CREATE SEQUENCE shared;
CREATE SEQUENCE lonely;
CREATE TABLE "Users" (id int DEFAULT nextval('lonely'), at bigint DEFAULT nextval('shared'));
CREATE TABLE audit."log/2" (
    at timestamptz NOT NULL, what audit.verb, who int REFERENCES users ON DELETE CASCADE, key bigint DEFAULT nextval('shared')
) PARTITION BY RANGE (at);
CREATE TABLE audit.log_2026 PARTITION OF audit."log/2" FOR VALUES FROM ('2026-01-01 00:00+00') TO ('2027-01-01 00:00+00');
CREATE TABLE public.log_2027 PARTITION OF audit."log/2" FOR VALUES FROM ('2027-01-01 00:00+00') TO ('2028-01-01 00:00+00');
CREATE INDEX ON audit."log/2" (who);
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON users FOR SELECT TO reader USING (id = 1);
GRANT SELECT ON users TO reader;
COMMENT ON COLUMN users.email IS 'where to write to';
CREATE VIEW bosses AS SELECT DISTINCT b.* FROM users u JOIN users b ON b.id = u.boss;
COMMENT ON VIEW bosses IS 'who has somebody';
CREATE MATERIALIZED VIEW audit.counts AS SELECT what, count(*) FROM audit."log/2" GROUP BY what;
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit."log/2" VALUES (now(), 'insert', new.id);
    RETURN new;
END $$;
CREATE TRIGGER note AFTER INSERT ON users FOR EACH ROW EXECUTE FUNCTION note();
SET check_function_bodies = off;
CREATE FUNCTION audit.blind() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM counts';
CREATE FUNCTION audit.seeing() RETURNS int LANGUAGE sql AS 'SELECT 1';
ALTER DEFAULT PRIVILEGES IN SCHEMA audit GRANT SELECT ON TABLES TO reader;
CREATE TABLE audit.later (id int);
"#;

/// The files of a folder by their paths in it.
fn files(folder: &Path) -> Vec<(String, String)> {
    let (mut found, mut todo) = (Vec::new(), vec![folder.to_path_buf()]);
    while let Some(next) = todo.pop() {
        for entry in fs::read_dir(&next).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                todo.push(path);
                continue;
            }
            let name = path.strip_prefix(folder).expect("a file of it").to_string_lossy().into_owned();
            found.push((name, fs::read_to_string(&path).expect("a text")));
        }
    }
    found.sort();
    found
}

/// The same files, with what came first last, each by itself.
fn turned_round(folder: &Folder, from: &str, to: &str) {
    for (place, (name, text)) in files(&folder.path(from)).into_iter().rev().enumerate() {
        folder.write(&format!("{to}/{place:04}/{name}"), text.as_bytes());
    }
}

#[test]
fn a_schema_becomes_files_and_these_become_the_schema() {
    let folder = Folder::new(&[("schema.sql", SCHEMA)]);
    folder.run(&["pull", "schema.sql", "out"]).ends(0).shown_as("pull");
    let shown = files(&folder.path("out")).into_iter().map(|(name, text)| format!("==> {name}\n{text}\n"));
    assert_shown("pull files", &shown.collect::<String>());
    folder.diff(&["schema.sql", "out", "--exit-code"]).ends(0);
    folder.run(&["pull", "out", "again"]).ends(0);
    assert_eq!(files(&folder.path("out")), files(&folder.path("again")), "what was pulled is pulled the same");
    turned_round(&folder, "out", "turned");
    folder.diff(&["schema.sql", "turned", "--exit-code"]).ends(0);
}

#[test]
fn only_what_has_changed_is_written_and_what_is_gone_is_named() {
    let folder = Folder::new(&[
        ("schema.sql", "CREATE TABLE a (id int); CREATE TABLE b (id int);"),
        ("trueup.toml", "from = \"schema.sql\"\nto = \"out\"\n"),
        ("out/notes.md", "kept"),
    ]);
    folder.run(&["pull"]).ends(0).says("2 files written");
    let at = |name: &str| fs::metadata(folder.path(name)).and_then(|it| it.modified()).expect("a file");
    let before = at("out/public/tables/b.sql");
    folder.write("schema.sql", b"CREATE TABLE a (id int, name text); CREATE TABLE b (id int);");
    folder.run(&["pull"]).ends(0).says("1 file written, 1 file as before");
    assert_eq!(at("out/public/tables/b.sql"), before);
    folder.write("schema.sql", b"CREATE TABLE a (id int, name text);");
    folder.run(&["pull"]).ends(1).shown_as("pull left over");
    folder.run(&["pull", "--prune"]).ends(0).says("1 file as before, 1 file removed");
    assert!(!folder.path("out/public/tables/b.sql").exists());
    assert_eq!(folder.text("out/notes.md"), "kept");
    folder.diff(&["--exit-code"]).ends(0);
}

#[test]
fn default_privileges_hold_for_every_file_of_a_folder() {
    let folder = Folder::new(&[
        ("a/table.sql", "CREATE TABLE a (id int);"),
        ("z/rights.sql", "CREATE ROLE reader; ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO reader;"),
    ]);
    folder.diff(&["empty", "."]).ends(0).prints("GRANT SELECT ON TABLE public.a TO reader");
}

#[test]
fn a_part_of_a_schema_is_pulled() {
    let folder = Folder::new(&[("schema.sql", SCHEMA)]);
    folder
        .run(&["pull", "schema.sql", "out", "--include", "public.*", "--exclude", "kind:view", "--no-privileges"])
        .ends(0);
    let names: Vec<String> = files(&folder.path("out")).into_iter().map(|(name, _)| name).collect();
    assert!(names.contains(&"public/tables/Users.sql".to_owned()), "{names:?}");
    assert!(!names.iter().any(|it| it.starts_with("audit/") || it.contains("views")), "{names:?}");
    assert!(!folder.text("out/public/tables/Users.sql").contains("GRANT"));
}

#[test]
fn a_live_database_is_pulled() {
    let Some(live) = Live::start(SCHEMA) else { return };
    let folder = Folder::new(&[]);
    let url = live.url("postgres");
    folder.run(&["pull", &url, "out"]).ends(0);
    assert!(!folder.path("out/public/tables/_prisma_migrations.sql").exists());
    folder.run(&["diff", &url, "out", "--exit-code"]).ends(0);
}

#[test]
fn what_is_wrong_with_the_words_or_the_source_is_told() {
    let folder = Folder::new(&[("schema.sql", "CREATE TABLE a (id nothing);")]);
    folder.run(&["pull", "schema.sql"]).ends(64).says("trueup pull SOURCE FOLDER");
    folder.run(&["pull", "schema.sql", "out"]).ends(1).says("unknown-type").says("schema.sql:1:");
    assert!(!folder.path("out").exists());
}

/// Schemas of real projects; those that need what the embedded server has not are told apart by that. `make test-pull` takes all.
#[test]
fn real_schemas_are_pulled_and_loaded_in_another_order() {
    let corpus = env::var_os("TRUEUP_CORPUS").map_or_else(|| "../shared/corpus".into(), PathBuf::from).join("real");
    let Ok(entries) = fs::read_dir(&corpus) else {
        println!("skipped: there is no corpus at {}; TRUEUP_CORPUS=DIR names another folder", corpus.display());
        return;
    };
    let wanted = env::var("TRUEUP_PULL").unwrap_or_else(|_| "kratos,memos,river,supabase-auth,musicbrainz".to_owned());
    let mut projects: Vec<PathBuf> = entries.flatten().map(|it| it.path()).collect();
    projects.sort();
    let (mut pulled, mut refused) = (0, 0);
    for project in projects {
        let name = project.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let Ok(schema) = fs::read_to_string(project.join("schema.sql")) else { continue };
        if wanted != "all" && !wanted.split(',').any(|it| it == name) {
            continue;
        }
        let folder = Folder::new(&[("schema.sql", &schema)]);
        // What does not load has nothing that could be pulled.
        let loads = folder.diff(&["schema.sql", "schema.sql", "--no-rehearse"]);
        if loads.code != Some(0) {
            let why = loads.err.lines().find(|line| line.starts_with("error")).unwrap_or_default();
            println!("{name}: does not load on this server: {why}");
            refused += 1;
            continue;
        }
        folder.run(&["pull", "schema.sql", "out", "--shadow", "embedded"]).ends(0);
        turned_round(&folder, "out", "turned");
        folder.diff(&["schema.sql", "turned", "--exit-code"]).ends(0);
        println!("{name}: {} files", files(&folder.path("out")).len());
        pulled += 1;
    }
    assert!(0 < pulled, "none of {wanted} is there");
    println!("{pulled} schemas were pulled and came back as they were, {refused} do not load on this server");
}
