//! One history, two tools: Prisma's own command line and Trueup take turns on a database, and each understands what the
//! other has noted. It runs where `make test-prisma` has installed Prisma's command line (`TRUEUP_PRISMA` is its folder).

#![allow(clippy::print_stdout, reason = "a test that is skipped says why")]

mod support;

use std::{
    env, fs,
    path::Path,
    process::{Command, Stdio},
};

use support::Cluster;

const CONFIG: &str = r#"export default {
  schema: "prisma/schema.prisma",
  migrations: { path: "prisma/migrations" },
  datasource: { url: process.env.DATABASE_URL },
};
"#;

struct Project<'a> {
    folder: &'a Path,
    url: String,
    prisma: String,
}

struct Said {
    code: Option<i32>,
    text: String,
}

impl Project<'_> {
    fn trueup(&self, arguments: &[&str]) -> Said {
        self.run(Command::new(env!("CARGO_BIN_EXE_trueup")).args(arguments))
    }
    fn prisma(&self, arguments: &[&str]) -> Said {
        self.run(Command::new("bash").arg(format!("{}/prisma.sh", self.prisma)).arg("migrate").args(arguments))
    }
    fn run(&self, command: &mut Command) -> Said {
        command.current_dir(self.folder).env("DATABASE_URL", &self.url).env("CI", "true").stdin(Stdio::null());
        let output = command.output().expect("a program");
        let text = [output.stdout, output.stderr].map(|it| String::from_utf8_lossy(&it).into_owned()).concat();
        Said { code: output.status.code(), text }
    }
    fn write(&self, name: &str, text: &str) {
        fs::write(self.folder.join(name), text).expect("a file");
    }
    fn migration(&self, name: &str, text: &str) {
        let folder = self.folder.join("prisma/migrations").join(name);
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join("migration.sql"), text).expect("a file");
    }
}

impl Said {
    #[track_caller]
    fn ends(self, code: i32, words: &str) -> Said {
        assert!(self.code == Some(code) && self.text.contains(words), "{:?}, not `{words}`\n{}", self.code, self.text);
        self
    }
}

const SCHEMA: &str = "datasource db {\n  provider = \"postgresql\"\n}\n";

/// Does something with a project of Prisma's, on a database of its own.
fn with_project(name: &str, act: impl Fn(&Project<'_>, &Cluster)) {
    let Ok(prisma) = env::var("TRUEUP_PRISMA") else {
        println!("skipped: TRUEUP_PRISMA names no folder with Prisma's command line");
        return;
    };
    let Some(cluster) = Cluster::start() else {
        println!("skipped: no PostgreSQL server programs on this machine");
        return;
    };
    drop(cluster.database(name));
    let folder = tempfile::tempdir().expect("a temporary folder");
    // Prisma wants a host before the question mark too.
    let url = format!("{}&schema=public", cluster.url(name).replace("@/", "@localhost/"));
    let project = Project { folder: folder.path(), url, prisma };
    fs::create_dir_all(folder.path().join("prisma")).expect("a folder");
    project.write("prisma.config.ts", CONFIG);
    project.write("prisma/schema.prisma", SCHEMA);
    act(&project, &cluster);
}

#[test]
fn they_take_turns() {
    with_project("turns", take_turns);
}

fn take_turns(project: &Project<'_>, cluster: &Cluster) {
    project.write("schema.sql", "CREATE TABLE a (id int PRIMARY KEY);");
    // Trueup writes and runs the first, and Prisma is content.
    project
        .trueup(&["new", "create_a", "--to", "schema.sql", "--migrations", "prisma/migrations"])
        .ends(0, "migration.sql");
    project.prisma(&["status"]).ends(1, "not yet been applied");
    project.trueup(&["deploy"]).ends(0, "1 migration applied");
    project.prisma(&["status"]).ends(0, "Database schema is up to date");

    // Prisma runs the second, and Trueup is content.
    project.migration("29990101000000_b", "CREATE TABLE b (id int);");
    project.trueup(&["status", "--exit-code"]).ends(2, "1 applied, 1 pending");
    project.prisma(&["deploy"]).ends(0, "");
    project.trueup(&["status", "--exit-code"]).ends(0, "2 applied, 0 pending");

    // What one leaves in the middle the other can tell and take up.
    let half = "-- trueup: no-transaction\nCREATE TABLE c (id int);\nSELECT 1;\nALTER TABLE b ADD UNIQUE (id);\n";
    project.migration("29990102000000_c", half);
    let mut client = cluster.connect("turns").expect("a session");
    client.batch_execute("INSERT INTO b VALUES (1), (1)").expect("rows");
    project.trueup(&["deploy"]).ends(1, "its first 2 statements are done");
    project.prisma(&["status"]).ends(1, "29990102000000_c");
    project.prisma(&["deploy"]).ends(1, "P3009");
    client.batch_execute("DELETE FROM b").expect("deleted");
    project.trueup(&["deploy"]).ends(0, "1 migration applied");
    project.prisma(&["status"]).ends(0, "Database schema is up to date");
    project.migration("29990103000000_d", "CREATE TABLE d (id int);\nCREATE TABLE d (id int);\n");
    assert_eq!(project.prisma(&["deploy"]).code, Some(1));
    project.trueup(&["status"]).ends(1, "error[failed-migration]: 29990103000000_d");
    project.trueup(&["deploy"]).ends(1, "error[failed-migration]");
    project.prisma(&["resolve", "--rolled-back", "29990103000000_d"]).ends(0, "");
    project.migration("29990103000000_d", "CREATE TABLE d (id int);\n");
    project.trueup(&["deploy"]).ends(0, "1 migration applied");
    project.prisma(&["status"]).ends(0, "Database schema is up to date");

    // What either resolves, the other takes as resolved.
    project.migration("29990104000000_e", "CREATE TABLE e (id int);");
    project.trueup(&["resolve", "--applied", "29990104000000_e"]).ends(0, "");
    project.prisma(&["status"]).ends(0, "Database schema is up to date");
    project.migration("29990105000000_f", "CREATE TABLE f (id int);");
    project.prisma(&["resolve", "--applied", "29990105000000_f"]).ends(0, "");
    project.trueup(&["status", "--exit-code"]).ends(0, "6 applied, 0 pending");
}

/// A schema with SQL beside it: Prisma runs what Trueup writes, and what only the SQL declares stays.
#[test]
fn sql_beside_the_schema_stays() {
    with_project("beside", |project, cluster| {
        let schema = |fields: &str| {
            let user =
                format!("model User {{\n  id Int @id @default(autoincrement())\n  email String @unique\n{fields}}}\n");
            project.write("prisma/schema.prisma", &format!("{SCHEMA}{user}"));
        };
        let new = |name| ["new", name, "--to", "prisma", "--migrations", "prisma/migrations", "--style", "prisma"];
        schema("");
        fs::create_dir_all(project.folder.join("prisma/sql")).expect("a folder");
        let beside = "CREATE INDEX by_email ON \"User\" (lower(email));
            CREATE VIEW emails AS SELECT email FROM \"User\";
            ALTER TABLE \"User\" ENABLE ROW LEVEL SECURITY;
            CREATE POLICY all_of_them ON \"User\" USING (true);";
        project.write("prisma/sql/beside.sql", beside);
        project.trueup(&new("create_user")).ends(0, "migration.sql");
        project.prisma(&["deploy"]).ends(0, "");

        schema(
            "  phone String?\n  posts Post[]\n}\nmodel Post {\n  id Int @id\n  userId Int\n  user User @relation(fields: [userId], references: [id])\n",
        );
        project.trueup(&new("add_posts")).ends(0, "migration.sql");
        project.prisma(&["deploy"]).ends(0, "");
        project.prisma(&["status"]).ends(0, "Database schema is up to date");
        project.trueup(&new("nothing_more")).ends(0, "nothing differs");
        let mut client = cluster.connect("beside").expect("a session");
        let kept = "SELECT to_regclass('emails') IS NOT NULL AND to_regclass('by_email') IS NOT NULL
            AND EXISTS (SELECT FROM pg_policies WHERE policyname = 'all_of_them')";
        assert!(client.query_one(kept, &[]).expect("an answer").get::<_, bool>(0));
    });
}
