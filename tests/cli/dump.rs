//! A second opinion: `pg_dump` compares the result of a rehearsal with the target.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::PathBuf,
};

use trueup::shadow::{Binaries, Local};

use super::{Folder, Live, command, run};

const FROM: &str = "CREATE TABLE t (id int PRIMARY KEY, a text);";
const TO: &str = "CREATE TABLE t (b int DEFAULT 7, id int PRIMARY KEY, a text); CREATE VIEW v AS SELECT a FROM t;";

/// The folder of the server programs, with `pg_dump` among them; nothing where there is none.
pub(super) fn program() -> Option<PathBuf> {
    let folder = |it: Binaries| Some(fs::canonicalize(it.dir.join("postgres")).ok()?.parent()?.to_path_buf());
    let found = Local::available().into_iter().next().and_then(folder).filter(|dir| dir.join("pg_dump").is_file());
    if found.is_none() {
        println!("skipped: no pg_dump on this machine");
    }
    found
}

fn pg_dump(json: &str) -> serde_json::Value {
    serde_json::from_str::<serde_json::Value>(json).expect("JSON")["rehearsal"]["pg_dump"].clone()
}

#[test]
fn pg_dump_is_asked_where_it_can_connect() {
    let Some(_) = program() else { return };
    let folder = Folder::new(&[("from.sql", FROM), ("to.sql", TO)]);
    let diff = |arguments: &[&str]| folder.run(&[&["diff", "--format", "json"], arguments].concat()).ends(0);
    let verdict = |arguments: &[&str]| pg_dump(&diff(arguments).out);
    assert_eq!(verdict(&["from.sql", "to.sql", "--shadow", "local"])["verdict"], "agrees");
    assert_eq!(verdict(&["to.sql", "to.sql", "--shadow", "local"])["verdict"], "agrees");
    let kept = verdict(&["from.sql", "to.sql", "--shadow", "local", "--exclude", "kind:view"]);
    assert_eq!(
        (&kept["verdict"], &kept["text"]),
        (&"not-asked".into(), &"the result keeps what TO does not say".into())
    );
    let embedded = verdict(&["from.sql", "to.sql", "--shadow", "embedded", "--proof", "proof.json"]);
    assert_eq!(embedded["verdict"], "not-asked");
    let proof = fs::read_to_string(folder.path("proof.json")).expect("a proof");
    assert!(proof.contains("pg_dump did not look at the result: the embedded PostgreSQL has one session"), "{proof}");
    folder.run(&["diff", "from.sql", "to.sql", "--shadow", "local", "--proof", "proof.json"]).ends(0);
    let proof = fs::read_to_string(folder.path("proof.json")).expect("a proof");
    assert!(!proof.contains("pg_dump"), "{proof}");
}

/// It prints the connection string of a subscription, which the copy of a live database does not have.
#[test]
fn pg_dump_is_not_asked_where_it_would_print_a_secret() {
    let subscription = "CREATE SUBSCRIPTION s CONNECTION 'host=localhost dbname=postgres' PUBLICATION p
        WITH (connect = false, slot_name = NONE, enabled = false)";
    let (Some(_), Some(live)) = (program(), Live::start(subscription)) else { return };
    let folder = Folder::new(&[("to.sql", &subscription.replace("enabled = false", "enabled = false, binary = true"))]);
    let diff = ["diff", &live.url("postgres"), "to.sql", "--shadow", "local", "--format", "json"];
    let run = folder.run(&diff).ends(0).prints("SET (binary = true)");
    assert_eq!(pg_dump(&run.out)["text"], "it prints secrets, which the shadow does not have");
}

/// A `pg_dump` that sees one thing more in each database.
#[test]
fn what_only_pg_dump_sees_is_an_error() {
    let Some(bin) = program() else { return };
    let folder = Folder::new(&[("from.sql", FROM), ("to.sql", TO)]);
    fs::set_permissions(folder.path(""), fs::Permissions::from_mode(0o755)).expect("permissions");
    fs::create_dir(folder.path("bin")).expect("a folder");
    for entry in fs::read_dir(&bin).expect("programs").flatten().filter(|it| it.file_name() != "pg_dump") {
        symlink(entry.path(), folder.path("bin").join(entry.file_name())).expect("a link");
    }
    let script = format!(
        "#!/bin/sh\n{}/pg_dump \"$@\"; printf '\\n\\nALTER TABLE t OWNER TO x_%s;\\n' \"$PGDATABASE\"",
        bin.display()
    );
    folder.write("bin/pg_dump", script.as_bytes());
    fs::set_permissions(folder.path("bin/pg_dump"), fs::Permissions::from_mode(0o755)).expect("permissions");
    let mut program = command(&folder.path(""));
    program.env("TRUEUP_PGBIN", folder.path("bin")).args(["diff", "from.sql", "to.sql", "--shadow", "local"]);
    let run = run(&mut program, "", &folder.path("")).ends(1);
    let run = run
        .says("error[pg-dump-differs]: pg_dump sees a difference between the result and TO that Trueup does not see");
    run.says("-ALTER TABLE t OWNER TO x_scratch_").says("+ALTER TABLE t OWNER TO x_scratch_");
}
