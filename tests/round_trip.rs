//! Whole schemas of real projects, from nothing to the schema and back to nothing, with the program as a user runs it.
//!
//! ```text
//! cargo test --release --test round_trip            every schema of ../shared/corpus/real, if that folder is there
//! cargo test --release --test round_trip pagila     the schemas whose name contains `pagila`
//! ```
//!
//! For each: `trueup diff empty DB`, applied with `psql` to an empty database, must give a catalog equal to DB's, object
//! by object, and an equal `pg_dump`; `trueup diff DB empty`, applied to DB, must leave an empty database. Prints how many
//! objects survived. A schema that needs an extension this machine's server lacks goes both ways on the embedded one;
//! where that lacks it too, the schema stays at home, and is named.

#![allow(clippy::print_stdout, reason = "it prints a table, and what it skips")]

#[path = "support/dump.rs"]
mod dump;

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::Mutex,
};

use libtest_mimic::{Arguments, Failed, Trial};
use trueup::{
    catalog::Catalog,
    kinds::Object,
    model::{Files, ObjectId, Pair},
    shadow::{Local, Scratch, Shadow, Wanted, set_executable},
    sources::{Source, introspect, introspect::Owners, load, wanted},
};

/// How it went: a line of the table.
struct Journey {
    schema: String,
    server: String,
    objects: usize,
    survived: usize,
    up: usize,
    down: usize,
}

/// Schemas that cannot go back, and why.
const ONE_WAY: [(&str, &str); 1] =
    [("postgrest-fixtures", "it sets the OID of a function by UPDATE, after which PostgreSQL cannot drop its schema")];

static JOURNEYS: Mutex<Vec<Journey>> = Mutex::new(Vec::new());

/// Schemas that need an extension which no server on this machine has: the schema, and the extension.
static AT_HOME: Mutex<Vec<(String, String)>> = Mutex::new(Vec::new());

fn main() {
    set_executable(env!("CARGO_BIN_EXE_trueup"));
    let corpus = env::var_os("TRUEUP_CORPUS").map_or_else(|| "../shared/corpus".into(), PathBuf::from).join("real");
    let arguments = Arguments::from_args();
    let Ok(folder) = fs::read_dir(&corpus) else {
        println!("skipped: there is no corpus at {}; TRUEUP_CORPUS=DIR names another folder", corpus.display());
        return;
    };
    let Some(local) = Local::find(None).map(|binaries| Local::start(&binaries).expect("a server")) else {
        println!("skipped: there are no PostgreSQL server programs on this machine");
        return;
    };
    let local: &'static Local = Box::leak(Box::new(local));
    let mut schemas: Vec<PathBuf> = folder.map(|entry| entry.expect("an entry").path().join("schema.sql")).collect();
    schemas.sort();
    let trials = schemas.into_iter().filter(|file| file.exists()).map(|file| {
        let name = file.parent().and_then(Path::file_name).expect("a name").to_string_lossy().into_owned();
        Trial::test(name.clone(), move || travel(&name, &file, local))
    });
    let conclusion = libtest_mimic::run(&arguments, trials.collect());
    print_table();
    trueup::shadow::clean_up();
    conclusion.exit();
}

fn travel(name: &str, file: &Path, local: &Local) -> Result<(), Failed> {
    let mut files = Files::default();
    let shown = |found: Vec<_>, files: &Files| Failed::from(trueup::emit::terminal::render(&found, files, false));
    let source = Source::parse(&file.to_string_lossy()).map_err(|found| shown(vec![found], &files))?;
    let script = source.read(&mut files).map_err(|found| shown(found, &files))?;
    let roles = wanted(&script, &files);
    let mut database = match local.scratch(&roles) {
        Ok(scratch) => scratch,
        Err(trueup::shadow::Error::Extension { extension, .. }) => return rehearse(name, file, &extension),
        Err(error) => return Err(error.to_string().into()),
    };
    load(&script, &files, &mut database.client, &*database.adapt).map_err(|found| shown(found, &files))?;
    let mut copy = empty(local, &roles)?;
    let nothing = read(&mut copy)?;

    let up = trueup(&["empty", &url(&mut database)?, "--drop", "all"])?;
    apply(&up, &mut copy)?;
    let (wanted, got) = (read(&mut database)?, read(&mut copy)?);
    let dump = dump::of(&mut database.client).ok_or("pg_dump is missing")?;
    // PostgreSQL does not always print a text again as it was: what its own dump restores counts as the same. A view
    // that reads itself is beyond `pg_dump`.
    let mut restored = empty(local, &roles)?;
    let (again, dump) = match apply(&dump, &mut restored) {
        Ok(()) => (read(&mut restored)?, dump::of(&mut restored.client)),
        Err(_) => (wanted.clone(), Some(dump)),
    };
    let is_there = |id: &ObjectId, object: &Object| {
        got.get(id) == Some(object) || again.get(id).is_some_and(|restored| got.get(id) == Some(restored))
    };
    let lost: Vec<String> = wanted
        .iter()
        .filter(|(id, entry)| !is_there(id, &entry.object))
        .map(|(id, entry)| format!("{id}\n  wanted {:?}\n  got    {:?}", entry.object, got.get(id)))
        .collect();
    let extra: Vec<String> = got.ids().filter(|id| !wanted.contains(id)).map(ToString::to_string).collect();
    let dumps = Pair::new(dump, dump::of(&mut copy.client));

    let one_way = ONE_WAY.iter().any(|(schema, _)| *schema == name);
    let down = if one_way { String::new() } else { trueup(&[&url(&mut database)?, "empty", "--drop", "all"])? };
    apply(&down, &mut database)?;
    let after = if one_way { nothing.clone() } else { read(&mut database)? };
    let left: Vec<String> = after
        .iter()
        .filter(|(id, entry)| !id.kind.may_be_unstated() && nothing.get(id) != Some(&entry.object))
        .map(|(id, _)| id.to_string())
        .collect();

    JOURNEYS.lock().expect("the table").push(Journey {
        schema: name.to_owned(),
        server: local.describe(),
        objects: wanted.len(),
        survived: wanted.len() - lost.len(),
        up: statements(&up),
        down: statements(&down),
    });
    if !lost.is_empty() || !extra.is_empty() {
        return Err(format!("lost:\n{}\nextra:\n{}", lost.join("\n"), extra.join("\n")).into());
    }
    if !left.is_empty() {
        return Err(format!("still there on the way back:\n{}", left.join("\n")).into());
    }
    // Trueup names these, and leaves them alone.
    let managed = |dump: Option<String>| dump.map(|text| without_server_privileges(&text));
    let named = !wanted.server_privileges.is_empty();
    let dumps = if named { dumps.map(managed) } else { dumps };
    Ok(dump::compare(dumps.from, dumps.to)?)
}

fn without_server_privileges(dump: &str) -> String {
    let of_server =
        |line: &&str| line.contains(" pg_catalog.") && ["GRANT ", "REVOKE "].iter().any(|it| line.starts_with(it));
    dump.lines().filter(|line| !of_server(line)).map(|line| format!("{line}\n")).collect()
}

/// Both ways on the embedded server, which compares the catalogs itself.
fn rehearse(name: &str, file: &Path, extension: &str) -> Result<(), Failed> {
    let file = file.to_string_lossy();
    let up = match trueup(&["empty", &file, "--shadow", "embedded"]) {
        Ok(up) => up,
        Err(error) if error.message().is_some_and(|it| it.contains("is nowhere to be had")) => {
            AT_HOME.lock().expect("the list").push((name.to_owned(), extension.to_owned()));
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    let down = trueup(&[&file, "empty", "--shadow", "embedded"])?;
    JOURNEYS.lock().expect("the table").push(Journey {
        schema: name.to_owned(),
        server: "embedded".to_owned(),
        objects: 0,
        survived: 0,
        up: statements(&up),
        down: statements(&down),
    });
    Ok(())
}

fn empty(server: &Local, wanted: &Wanted) -> Result<Scratch, Failed> {
    server.scratch(wanted).map_err(|error| error.to_string().into())
}

fn read(scratch: &mut Scratch) -> Result<Catalog, Failed> {
    introspect::introspect(&mut scratch.client, Owners::Stated).map_err(|error| format!("{error:?}").into())
}

fn setting(scratch: &mut Scratch, name: &str) -> Result<String, Failed> {
    Ok(scratch.client.query_one(&format!("SELECT {name}::text"), &[])?.try_get(0)?)
}

fn url(scratch: &mut Scratch) -> Result<String, Failed> {
    let host = setting(scratch, "current_setting('unix_socket_directories')")?;
    let port = setting(scratch, "current_setting('port')")?;
    let database = setting(scratch, "current_database()")?;
    let user = setting(scratch, "current_user")?;
    Ok(format!("postgres:///{database}?host={host}&port={port}&user={user}"))
}

fn trueup(arguments: &[&str]) -> Result<String, Failed> {
    let output = Command::new(env!("CARGO_BIN_EXE_trueup")).arg("diff").args(arguments).output()?;
    stdout_of(output)
}

fn apply(sql: &str, scratch: &mut Scratch) -> Result<(), Failed> {
    let file = tempfile::Builder::new().suffix(".sql").tempfile()?;
    fs::write(file.path(), sql)?;
    let psql = Command::new("psql")
        .args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-f"])
        .arg(file.path())
        .args(["-d", &url(scratch)?])
        .output()?;
    stdout_of(psql).map(|_| ())
}

fn stdout_of(output: Output) -> Result<String, Failed> {
    if output.status.success() {
        return Ok(String::from_utf8(output.stdout)?);
    }
    Err(String::from_utf8_lossy(&output.stderr).into_owned().into())
}

fn statements(sql: &str) -> usize {
    pg_query::split_with_scanner(sql).map_or(0, |found| found.len())
}

fn print_table() {
    let mut journeys = JOURNEYS.lock().expect("the table");
    journeys.sort_by(|a, b| a.schema.cmp(&b.schema));
    println!("{:46}{:>10}{:>10}{:>8}{:>8}  on", "schema", "objects", "survived", "up", "down");
    for Journey { schema, server, objects, survived, up, down } in journeys.iter() {
        println!("{schema:46}{objects:>10}{survived:>10}{up:>8}{down:>8}  {server}");
    }
    let (objects, survived) = journeys.iter().fold((0, 0), |sum, it| (sum.0 + it.objects, sum.1 + it.survived));
    let servers: BTreeMap<&str, usize> = journeys.iter().fold(BTreeMap::new(), |mut servers, it| {
        *servers.entry(it.server.as_str()).or_default() += 1;
        servers
    });
    println!("{:46}{objects:>10}{survived:>10}  {servers:?}", format!("{} schemas", journeys.len()));
    for (schema, reason) in ONE_WAY.iter().filter(|(schema, _)| journeys.iter().any(|it| it.schema == *schema)) {
        println!("{schema} is not taken back to nothing: {reason}");
    }
    for (schema, extension) in AT_HOME.lock().expect("the list").iter() {
        println!("skipped: {schema} needs the extension {extension}, which no server on this machine has");
    }
}
