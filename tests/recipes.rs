//! The recipes of `docs/guide/exec.md`, as they stand there, with the tools themselves. They run where `make test-recipes` has
//! installed these (`TRUEUP_RECIPES` is their folder).

#![allow(clippy::print_stdout, reason = "a test that is skipped says why")]

mod support;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use postgres::Client;
use support::Cluster;
use tempfile::TempDir;

/// A project of a tool's in a folder of its own, with the files of its recipe, and a server.
struct Project {
    folder: TempDir,
    cluster: Cluster,
    tools: PathBuf,
    /// To the database `shop`, which is the project's.
    shop: Client,
}

/// What a command printed.
struct Said {
    code: Option<i32>,
    text: String,
}

impl Said {
    #[track_caller]
    fn ends(&self, code: i32, words: &[&str]) {
        let all = words.iter().all(|it| self.text.contains(it));
        assert!(self.code == Some(code) && all, "{:?}, not {code} and {words:?}\n{}", self.code, self.text);
    }
}

impl Project {
    /// Makes it from `fixtures/recipes/FIXTURE` for each name, where `needs` succeeds and there is a server.
    fn new(title: &str, fixtures: &[&str], needs: &str) -> Option<Project> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let tools = env::var_os("TRUEUP_RECIPES").map_or_else(|| root.join("target/recipes"), PathBuf::from);
        let Some(cluster) = Cluster::start() else {
            println!("skipped: no PostgreSQL server programs on this machine");
            return None;
        };
        let shop = cluster.database("shop");
        drop(cluster.database("empty"));
        let folder = tempfile::tempdir().expect("a temporary folder");
        for fixture in fixtures {
            copy(&root.join("fixtures/recipes").join(fixture), folder.path());
        }
        #[cfg(unix)]
        std::os::unix::fs::symlink(tools.join("node/node_modules"), folder.path().join("node_modules"))
            .expect("a link");
        let project = Project { folder, cluster, tools, shop };
        if project.run(needs).code != Some(0) {
            println!("skipped: `{needs}` does not succeed with the tools in {}", project.tools.display());
            return None;
        }
        let page = fs::read_to_string(root.join("docs/guide/exec.md")).expect("the page");
        for (name, text) in recipe(&page, title) {
            fs::write(project.folder.path().join(name), text).expect("a file");
        }
        Some(project)
    }

    fn run(&self, line: &str) -> Said {
        let bins = [self.tools.join("python/bin"), self.tools.join("node/node_modules/.bin")];
        let inherited = env::var_os("PATH").unwrap_or_default();
        let path = env::join_paths(bins.into_iter().chain(env::split_paths(&inherited))).expect("a path");
        let host = self.cluster.url("").split_once("host=").expect("a host").1.to_owned();
        // Ruby wants nothing before an empty host, and asks libpq for one.
        let url = |name: &str| format!("postgres:///{name}?host={host}&user=postgres");
        let mut command = Command::new("/bin/sh");
        command.args(["-c", line]).current_dir(self.folder.path()).stdin(Stdio::null()).env("PATH", path);
        command.env("DATABASE_URL", url("shop")).env("EMPTY_DATABASE_URL", url("empty")).env("SHOP_HOST", &host);
        command.env("PGHOST", &host).env("PGUSER", "postgres");
        let output = command.output().expect("a shell");
        let text = [output.stdout, output.stderr].map(|it| String::from_utf8_lossy(&it).into_owned()).concat();
        Said { code: output.status.code(), text }
    }

    /// What the tool itself does; it has to succeed.
    #[track_caller]
    fn tool(&self, line: &str) {
        self.run(line).ends(0, &[]);
    }

    fn diff(&self, arguments: &str) -> Said {
        self.run(&format!("{} diff --exit-code {arguments}", env!("CARGO_BIN_EXE_trueup")))
    }

    #[track_caller]
    fn replace(&self, name: &str, old: &str, new: &str) {
        let file = self.folder.path().join(name);
        let text = fs::read_to_string(&file).expect("a file");
        assert!(text.contains(old), "{name} has no {old}");
        fs::write(&file, text.replacen(old, new, 1)).expect("a file");
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder").map(|it| it.expect("an entry").path()) {
        let target = to.join(entry.file_name().expect("a name"));
        match entry.is_dir() {
            true => copy(&entry, &target),
            false => drop(fs::copy(&entry, &target).expect("a file")),
        }
    }
}

/// The files of a section: its configuration, and the program whose first line is its name.
fn recipe(page: &str, title: &str) -> Vec<(String, String)> {
    let heading = format!("\n## {title}\n");
    let section = page.split_once(&heading).unwrap_or_else(|| panic!("no section {title}")).1;
    let section = section.split("\n## ").next().unwrap_or_default();
    let blocks = section.split("\n```").skip(1).step_by(2);
    let files = blocks.filter_map(|block| {
        let (language, text) = block.split_once('\n')?;
        let name = match language {
            "toml" => "trueup.toml",
            _ => text.lines().next()?.trim_start_matches(['#', '/', ' ']),
        };
        Some((name.to_owned(), text.to_owned()))
    });
    files.collect()
}

#[test]
fn django() {
    let needs = "python -c 'import django, psycopg'";
    let Some(mut project) = Project::new("Django", &["django"], needs) else { return };
    project.shop.batch_execute("CREATE EXTENSION btree_gist").expect("an extension");
    project.tool("python manage.py makemigrations shop && python manage.py migrate");
    project.diff("").ends(0, &["no difference"]);
    project.replace("shop/models.py", "    price =", "    weight = models.IntegerField(null=True)\n    price =");
    project.diff("").ends(2, &["ADD COLUMN weight integer;", "\n1 statement;"]);
}

#[test]
fn sqlalchemy() {
    let Some(project) = Project::new("SQLAlchemy", &["sqlalchemy"], "python -c 'import sqlalchemy, psycopg'") else {
        return;
    };
    project.tool("python make.py");
    project.diff("").ends(0, &["no difference"]);
    project.replace("models.py", "String(200)", "String(300)");
    project.diff("").ends(2, &["ALTER COLUMN email TYPE character varying(300)", "\n1 statement;"]);
}

/// What Alembic's `--autogenerate` leaves out of a history is found.
#[test]
fn alembic() {
    let Some(project) = Project::new("Alembic", &["sqlalchemy"], "alembic --help") else { return };
    let page = include_str!("../docs/guide/exec.md");
    for (name, text) in recipe(page, "SQLAlchemy").into_iter().filter(|(name, _)| name != "trueup.toml") {
        fs::write(project.folder.path().join(name), text).expect("a file");
    }
    project.tool("alembic init migrations");
    copy(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/recipes/alembic"),
        &project.folder.path().join("migrations"),
    );
    project.tool("alembic revision --autogenerate -m first && alembic upgrade head");
    project.diff("\"$DATABASE_URL\" 'exec:alembic upgrade head --sql'").ends(0, &["no difference"]);
    project.diff("").ends(2, &["ADD CONSTRAINT best_order", "CREATE VIEW public.open_orders", "\n2 statements;"]);
}

#[test]
fn drizzle() {
    let Some(project) = Project::new("Drizzle", &["drizzle"], "drizzle-kit --version") else { return };
    project.tool("drizzle-kit generate");
    project.diff("drizzle").ends(0, &["no difference"]);
    project.replace("src/schema.ts", "length: 200", "length: 300");
    project.diff("drizzle").ends(2, &["ALTER COLUMN email TYPE character varying(300)", "\n1 statement;"]);
}

/// Its folder of SQL is the declared schema of both.
#[test]
fn sqlc() {
    let Some(mut project) = Project::new("sqlc", &["sqlc"], "sqlc version") else { return };
    project.tool("sqlc generate");
    project.diff("--output plan.sql").ends(2, &["2 statements;"]);
    let plan = fs::read_to_string(project.folder.path().join("plan.sql")).expect("the plan");
    project.shop.batch_execute(&plan).expect("the plan runs");
    project.diff("").ends(0, &["no difference"]);
    project.replace("db/schema/books.sql", "varchar(200)", "varchar(300)");
    project.tool("sqlc generate");
    project.diff("").ends(2, &["ALTER COLUMN title TYPE character varying(300)", "\n1 statement;"]);
}

#[test]
fn typeorm() {
    let Some(project) = Project::new("TypeORM", &["typeorm"], "ts-node -e 'require(\"typeorm\")'") else { return };
    project.tool("EMPTY_DATABASE_URL=$DATABASE_URL ts-node make.ts");
    project.diff("").ends(0, &["no difference"]);
    project.replace("data-source.ts", "length: 200", "length: 300");
    project.diff("").ends(2, &["ALTER COLUMN email TYPE character varying(300)", "\n1 statement;"]);
}

#[test]
fn rails() {
    let Some(project) = Project::new("Rails", &["rails"], "ruby -e 'require \"active_record\"; require \"pg\"'") else {
        return;
    };
    project.tool("ruby make.rb");
    project.diff("").ends(0, &["no difference"]);
    project.replace("db/schema.rb", "limit: 200", "limit: 300");
    project.diff("").ends(2, &["ALTER COLUMN email TYPE character varying(300)", "\n1 statement;"]);
}
