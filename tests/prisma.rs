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

#[test]
fn they_take_turns() {
    let Ok(prisma) = env::var("TRUEUP_PRISMA") else {
        println!("skipped: TRUEUP_PRISMA names no folder with Prisma's command line");
        return;
    };
    let Some(cluster) = Cluster::start() else {
        println!("skipped: no PostgreSQL server programs on this machine");
        return;
    };
    drop(cluster.database("turns"));
    let folder = tempfile::tempdir().expect("a temporary folder");
    // Prisma wants a host before the question mark too.
    let url = format!("{}&schema=public", cluster.url("turns").replace("@/", "@localhost/"));
    let project = Project { folder: folder.path(), url, prisma };
    fs::create_dir_all(folder.path().join("prisma")).expect("a folder");
    fs::write(folder.path().join("prisma.config.ts"), CONFIG).expect("a file");
    fs::write(folder.path().join("prisma/schema.prisma"), "datasource db {\n  provider = \"postgresql\"\n}\n")
        .expect("a file");
    fs::write(folder.path().join("schema.sql"), "CREATE TABLE a (id int PRIMARY KEY);").expect("a file");

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
