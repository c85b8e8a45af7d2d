//! `trueup pull` into a schema in Prisma's language.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use super::{Folder, assert_shown};

/// A database that nobody made with Prisma.
const DATABASE: &str = r#"
CREATE EXTENSION citext;
CREATE TYPE "user role" AS ENUM ('admin', 'plain', '2nd');
CREATE DOMAIN email AS text CHECK (value ~ '@');
CREATE FUNCTION code() RETURNS text LANGUAGE sql AS 'SELECT md5(random()::text)';
CREATE TABLE users (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    "e-mail" email NOT NULL UNIQUE,
    nick citext DEFAULT 'a "b"',
    role "user role" NOT NULL DEFAULT '2nd',
    roles "user role"[] NOT NULL DEFAULT '{}',
    code text DEFAULT code(),
    tags text[] DEFAULT ARRAY['a', 'b'],
    born timestamptz DEFAULT now() CHECK (born > '1900-01-01'),
    height numeric(5, 2) DEFAULT -1.5,
    place point,
    shout text GENERATED ALWAYS AS (upper(code)) STORED
);
COMMENT ON COLUMN users.nick IS 'what friends call her';
CREATE INDEX users_nick_idx ON users (nick DESC);
CREATE INDEX users_lower ON users (lower(code));
CREATE INDEX users_tags ON users USING gin (tags);
CREATE INDEX users_young ON users (born) WHERE born > '2000-01-01';
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON users USING (id = 1);
CREATE TABLE posts (
    id serial PRIMARY KEY,
    author bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    editor bigint REFERENCES users ON DELETE SET NULL ON UPDATE CASCADE,
    parent int REFERENCES posts DEFERRABLE,
    body text NOT NULL,
    UNIQUE (author, body)
);
CREATE TABLE profiles (users bigint PRIMARY KEY REFERENCES users, "class" text);
CREATE TABLE "_postsTousers" (
    "A" int NOT NULL, "B" bigint NOT NULL,
    CONSTRAINT "_postsTousers_AB_pkey" PRIMARY KEY ("A", "B"),
    CONSTRAINT "_postsTousers_A_fkey" FOREIGN KEY ("A") REFERENCES posts (id) ON DELETE CASCADE ON UPDATE CASCADE,
    CONSTRAINT "_postsTousers_B_fkey" FOREIGN KEY ("B") REFERENCES users (id) ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE INDEX "_postsTousers_B_index" ON "_postsTousers" ("B");
CREATE TABLE notes (at timestamp(3), text text);
CREATE VIEW names AS SELECT id, nick FROM users;
"#;

/// A schema in somebody's own hand.
const SCHEMA: &str = r#"// Ours.
datasource pg {
  provider = "postgresql"
  url      = env("DATABASE_URL")
}

/// Who writes.
model Writer {
  nick   String?  @pg.VarChar(20) // short
  /// The key.
  id     Int      @id @default(autoincrement())
  key    String   @default(uuid())
  mood   Mood     @default(GOOD)
  gone   String?
  books  Book[]
  seen   DateTime @updatedAt

  @@index([nick])
  @@map("writers")
}

enum Mood {
  GOOD @map("good")
  bad
}

model Old {
  id Int @id
}

// The works.
model Book {
  isbn     String @id
  writerId Int    @map("writer_id")
  writer   Writer @relation(fields: [writerId], references: [id])

  @@map("books")
}
"#;

/// What has become of its database.
const LATER: &str = r#"
CREATE TYPE "Mood" AS ENUM ('good', 'so so', 'bad');
CREATE TABLE writers (
    id serial PRIMARY KEY,
    nick varchar(40) UNIQUE,
    key text NOT NULL,
    mood "Mood" NOT NULL DEFAULT 'good',
    seen timestamp(3) NOT NULL,
    town int
);
CREATE INDEX writers_nick_idx ON writers (nick);
CREATE TABLE books (
    isbn text PRIMARY KEY, writer_id int, translator int,
    CONSTRAINT books_writer_id_fkey FOREIGN KEY (writer_id) REFERENCES writers (id) ON DELETE SET NULL ON UPDATE CASCADE,
    CONSTRAINT books_translator_fkey FOREIGN KEY (translator) REFERENCES writers (id) ON DELETE SET NULL ON UPDATE CASCADE
);
CREATE INDEX "by writer" ON books (writer_id, isbn DESC);
CREATE TABLE towns (id int PRIMARY KEY, name text);
ALTER TABLE writers ADD CONSTRAINT writers_town_fkey FOREIGN KEY (town) REFERENCES towns (id)
    ON DELETE SET NULL ON UPDATE CASCADE;
"#;

/// The files of a folder by their paths in it.
fn shown(folder: &Path) -> String {
    let (mut found, mut todo) = (Vec::new(), vec![folder.to_path_buf()]);
    while let Some(next) = todo.pop() {
        for entry in fs::read_dir(&next).expect("a folder").flatten() {
            let path = entry.path();
            match path.is_dir() {
                true => todo.push(path),
                false => found.push(path),
            }
        }
    }
    found.sort();
    let text = |path: &PathBuf| {
        let name = path.strip_prefix(folder).expect("a file of it").display();
        format!("==> {name}\n{}\n", fs::read_to_string(path).expect("a text"))
    };
    found.iter().map(text).collect()
}

#[test]
fn a_database_becomes_a_schema_of_prismas() {
    let folder = Folder::new(&[("database.sql", DATABASE)]);
    folder.run(&["pull", "database.sql", "schema.prisma"]).ends(0).says("1 file written");
    assert_shown("pull prisma file", &folder.text("schema.prisma"));
    folder.diff(&["database.sql", "schema.prisma", "--exit-code"]).ends(0);
    folder.run(&["pull", "database.sql", "schema.prisma"]).ends(0).says("1 file as before");
}

#[test]
fn what_prisma_cannot_say_is_said_in_sql_beside_it() {
    let folder = Folder::new(&[("database.sql", DATABASE)]);
    folder.run(&["pull", "database.sql", "prisma", "--prisma"]).ends(0);
    assert_shown("pull prisma folder", &shown(&folder.path("prisma")));
    folder.diff(&["database.sql", "prisma", "--exit-code"]).ends(0);
    folder.diff(&["prisma", "database.sql", "--exit-code", "--no-rehearse"]);
    let before = shown(&folder.path("prisma"));
    folder.run(&["pull", "database.sql", "prisma"]).ends(0).says("as before");
    assert_eq!(before, shown(&folder.path("prisma")));
}

#[test]
fn a_schema_that_is_there_gets_what_is_new_and_keeps_the_rest() {
    let folder = Folder::new(&[("later.sql", LATER), ("prisma/schema.prisma", SCHEMA)]);
    folder.run(&["pull", "later.sql", "prisma/schema.prisma"]).ends(0);
    assert_shown("pull prisma again", &folder.text("prisma/schema.prisma"));
    folder.diff(&["later.sql", "prisma/schema.prisma", "--exit-code"]).ends(0);
}

#[test]
fn new_models_of_several_files_have_a_file_of_their_own_and_migrations_stay() {
    let (first, rest) = SCHEMA.split_at(SCHEMA.find("enum Mood").expect("the enum"));
    let folder = Folder::new(&[
        ("later.sql", LATER),
        ("prisma/schema.prisma", first),
        ("prisma/models/rest.prisma", rest),
        ("prisma/migrations/20260101000000_first/migration.sql", "SELECT 1;"),
    ]);
    folder.run(&["pull", "later.sql", "prisma"]).ends(0);
    assert!(folder.text("prisma/introspected.prisma").starts_with("model towns {"));
    assert_eq!(folder.text("prisma/migrations/20260101000000_first/migration.sql"), "SELECT 1;");
    folder.diff(&["later.sql", "prisma", "--exit-code"]).ends(0);
}

#[test]
fn a_schema_that_is_wrong_is_not_written_over() {
    let folder = Folder::new(&[("later.sql", LATER), ("schema.prisma", "model A {\n  id Nothing\n}\n")]);
    folder.run(&["pull", "later.sql", "schema.prisma"]).ends(1).says("there is no type `Nothing`");
    assert_eq!(folder.text("schema.prisma"), "model A {\n  id Nothing\n}\n");
}

/// What Prisma's engine introspects, and schemas of real projects. `make test-pull` takes all.
#[test]
fn real_databases_become_schemas_of_prismas() {
    let corpus = env::var_os("TRUEUP_CORPUS").map_or_else(|| "../shared/corpus".into(), PathBuf::from);
    let wanted = env::var("TRUEUP_PULL")
        .unwrap_or_else(|_| "kratos,umami,simple--postgres--relations--inline_self_relation".to_owned());
    let mut projects: Vec<PathBuf> = Vec::new();
    for (group, file) in [("real", "schema.sql"), ("prisma/introspection", "input.sql")] {
        let Ok(entries) = fs::read_dir(corpus.join(group)) else {
            println!("skipped: there is no corpus at {}; TRUEUP_CORPUS=DIR names another folder", corpus.display());
            return;
        };
        projects.extend(entries.flatten().map(|it| it.path().join(file)).filter(|it| it.exists()));
    }
    projects.sort();
    let (mut same, mut other, mut refused) = (0, Vec::new(), 0);
    for project in projects {
        let name = project.iter().rev().nth(1).unwrap_or_default().to_string_lossy().into_owned();
        if wanted != "all" && !wanted.split(',').any(|it| it == name) {
            continue;
        }
        let folder = Folder::new(&[("schema.sql", &fs::read_to_string(&project).expect("a text"))]);
        if folder.diff(&["schema.sql", "schema.sql", "--no-rehearse"]).code != Some(0) {
            refused += 1;
            continue;
        }
        let base = project.with_file_name("base.prisma");
        if let Ok(base) = fs::read_to_string(base) {
            let head =
                if base.contains("datasource ") { "" } else { "datasource db {\n  provider = \"postgresql\"\n}\n\n" };
            folder.write("schema.prisma", format!("{head}{base}").as_bytes());
        }
        let as_file = folder.run(&["pull", "schema.sql", "schema.prisma", "--shadow", "embedded"]);
        let as_folder = folder.run(&["pull", "schema.sql", "prisma", "--prisma", "--shadow", "embedded"]);
        let is_same = |from: &str| folder.diff(&["schema.sql", from, "--exit-code"]).code == Some(0);
        let told = |run: &super::Run| {
            run.err
                .lines()
                .filter(|it| it.contains("note: ") || it.starts_with("error"))
                .take(3)
                .collect::<Vec<_>>()
                .join("; ")
        };
        match (as_file.code, as_folder.code) {
            (Some(0), Some(0)) if is_same("schema.prisma") && is_same("prisma") => same += 1,
            _ => {
                println!("{name}: file: {}; folder: {}", told(&as_file), told(&as_folder));
                other.push(name);
            }
        }
    }
    println!(
        "{same} databases became schemas of Prisma's, alone and with SQL, and came back as they were; {refused} do not load here"
    );
    println!("not so: {}", other.join(", "));
    assert!(wanted == "all" || other.is_empty(), "{other:?}");
    assert!(0 < same, "none of {wanted} is there");
}
