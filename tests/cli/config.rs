//! `trueup.toml`.

use super::{Folder, Live, SECRET, command, run};

const OLD: &str = "CREATE TABLE t (x int);";
const NEW: &str = "CREATE TABLE t (x int, y int); ALTER TABLE t OWNER TO app;";

/// A repository, so that no file above the temporary folder counts.
fn project(config: &str) -> Folder {
    let files = [("trueup.toml", config), ("db/old.sql", OLD), ("db/new.sql", NEW), ("deep/down/other.sql", NEW)];
    let folder = Folder::new(&files);
    folder.write(".git/HEAD", b"");
    folder
}

#[test]
fn the_file_names_the_sides_and_how_to_compare_them() {
    let folder = project("from = \"db/old.sql\"\nto = \"db/new.sql\"\nshadow = \"embedded\"\nno-owner = true\n");
    let shown = folder.run(&["diff"]).ends(0).says("embedded").prints("ADD COLUMN y integer");
    shown.does_not_print("OWNER TO");
    // What the command line says, wins.
    folder.run(&["diff", "db/new.sql"]).ends(0).says("no difference");
    folder.run(&["diff", "empty", "db/old.sql"]).ends(0).prints("CREATE TABLE public.t").does_not_print("y integer");
    folder.run(&["diff", "--shadow", "docker"]).ends(64).says("docker");
}

#[test]
fn the_file_is_found_in_the_folders_above_and_its_paths_start_there() {
    let folder = project("from = \"db/old.sql\"\nto = \"./db/new.sql\"\nshadow = \"embedded\"\n");
    let below = folder.path("deep/down");
    let diff = |arguments: &[&str]| run(command(&below).args(["diff"]).args(arguments), "", &below);
    diff(&[]).ends(0).prints("ADD COLUMN y integer");
    diff(&["empty", "other.sql"]).ends(0).prints("y integer");
    // A repository ends the search.
    folder.write("deep/.git/HEAD", b"");
    diff(&[]).ends(64).says("FROM is not named");
    diff(&["--config", "../../trueup.toml"]).ends(0).prints("ADD COLUMN y integer");
    diff(&["--config", "nowhere.toml"]).ends(1).says("cannot read `nowhere.toml`");
}

#[test]
fn a_single_word_is_for_the_side_that_the_file_does_not_name() {
    let folder = project("from = \"db/old.sql\"\nshadow = \"embedded\"\n");
    folder.run(&["diff", "db/new.sql"]).ends(0).prints("ADD COLUMN y integer");
    folder.write("trueup.toml", b"to = \"db/new.sql\"\nshadow = \"embedded\"\n");
    folder.run(&["diff", "db/old.sql"]).ends(0).prints("ADD COLUMN y integer");
}

#[test]
fn a_last_word_that_names_no_state_chooses_the_statement() {
    let folder = project("from = \"db/old.sql\"\nto = \"db/new.sql\"\nshadow = \"embedded\"\n");
    let explain = |words: &[&str]| folder.run(&[&["explain"], words].concat());
    explain(&["2"]).ends(0).prints("ADD COLUMN y integer").does_not_print("OWNER TO app;");
    explain(&["OWNER"]).ends(0).prints("OWNER TO app;").does_not_print("ADD COLUMN y");
    explain(&["9"]).ends(64).says("none of the 2 statements is `9`");
    explain(&["db/odl.sql"]).ends(64).says("is `db/odl.sql`, or about it; there is no such file either");
    // States are states still, in front of a number too.
    explain(&["db/new.sql"]).ends(0).says("no difference");
    explain(&["empty", "1"]).ends(0).prints("CREATE TABLE public.t").does_not_print("OWNER TO");
    explain(&["empty", "db/old.sql", "1"]).ends(0).prints("CREATE TABLE public.t");
    folder.write("trueup.toml", b"to = \"db/new.sql\"\nshadow = \"embedded\"\n");
    explain(&["db/old.sql", "2"]).ends(0).prints("ADD COLUMN y integer").does_not_print("OWNER TO app;");
    explain(&["1"]).ends(1).says("there is no file or folder `1`");
}

#[test]
fn lists_of_patterns_are_replaced_by_those_of_the_command_line() {
    let folder =
        project("from = \"db/old.sql\"\nto = \"db/new.sql\"\nshadow = \"embedded\"\nexclude = [\"kind:column\"]\n");
    folder.run(&["diff"]).ends(0).does_not_print("ADD COLUMN").prints("OWNER TO app");
    folder.run(&["diff", "--exclude", "view:v"]).ends(0).prints("ADD COLUMN y integer");
}

#[test]
fn the_example_of_every_key_is_understood() {
    let keys = trueup::cli::CONFIG_KEYS.iter();
    let folder = project(&keys.map(|key| format!("{} = {}\n", key.name, key.example)).collect::<String>());
    let read = run(
        command(folder.0.path()).args(["diff", "-", "-"]).env("DATABASE_URL", "postgres://h/d"),
        "",
        folder.0.path(),
    );
    read.ends(64).says("only one side can be standard input");
}

#[test]
fn a_file_that_is_wrong() {
    let shown = |config: &str, name: &str| project(config).run(&["diff", "empty", "empty"]).ends(1).shown_as(name);
    shown("from = \"a.sql\"\nexlude = [\"tmp_*\"]\nwhatever-this-is = 1\n", "config-unknown-key");
    shown(
        "from = 1\nstrict = \"yes\"\ntarget-version = 12\nprofile = \"heroku\"\ndrop = \"some\"\nshadow = \"docker\"\n\
         include = [\"public.*\", \"tabel:t\"]\nexclude = \"x\"\n",
        "config-wrong-values",
    );
    shown("from = \"a.sql\nto = 1\n", "config-no-toml");
}

#[test]
fn a_variable_that_is_not_set_is_asked_for_only_where_it_counts() {
    let folder = project("to = \"env:TRUEUP_NO_SUCH_VARIABLE\"\nshadow = \"embedded\"\n");
    folder.run(&["diff", "empty", "empty"]).ends(0).says("no difference");
    folder.run(&["diff", "empty"]).ends(1).shown_as("config-unset-variable");
}

#[test]
fn a_password_in_the_file_is_warned_of_and_not_shown() {
    let url = format!("postgres://u:{SECRET}@127.0.0.1:1/d");
    let folder = project(&format!("to = \"{url}\"\n"));
    let warned = folder.run(&["diff", "empty", "empty"]).ends(0);
    warned
        .says("warning[password-in-file]")
        .says("trueup.toml:1:6")
        .says("postgres://u:**************@127")
        .says("env:");
    for wrong in [format!("form = \"{url}\""), format!("strict = \"{url}\""), format!("drop = \"{url}\"")] {
        project(&wrong).run(&["diff", "empty", "empty"]).ends(1).says("error[config]");
    }
    let named = project("to = \"env:TRUEUP_TEST_URL\"\n");
    let with = |value: &str| {
        run(command(named.0.path()).args(["diff", "empty"]).env("TRUEUP_TEST_URL", value), "", named.0.path())
    };
    let refused = with(&url).ends(1).says("connection refused");
    assert!(!refused.err.contains("password-in-file"), "{}", refused.err);
    let Some(live) = Live::start(OLD) else { return };
    with(&live.url("postgres")).ends(0).prints("CREATE TABLE public.t");
}
