//! The pages that show the program, held to it. `UPDATE=1` writes what differs anew (`make docs`).
//!
//! In a page, a block of `sql` or `toml` under a line that names a file is that file, and each `$` line of a `console` block is
//! run; what it prints is what the page must show.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use serde_json::Value;
use trueup::{
    cli::{CONFIG_KEYS, tools},
    ddl::Strategy,
    diagnostic::Diagnostic,
    emit::{
        check::{self, Check, Mover, Sql},
        preflight::{self, Replica, Report, Table},
    },
    model::{Files, Span},
    policy::{Parameter, RULES, Takes},
    stats::{self, Index, Keeps, Name, Relation, Statistics},
};

const COMMANDS: &[&[&str]] = &[
    &[],
    &["diff"],
    &["explain"],
    &["lint"],
    &["new"],
    &["pull"],
    &["deploy"],
    &["status"],
    &["resolve"],
    &["rollback"],
    &["baseline"],
    &["check"],
    &["squash"],
    &["reset"],
    &["doctor"],
    &["preflight"],
    &["verify"],
    &["stats"],
];

#[test]
fn the_readme_shows_what_the_program_prints() {
    check_page("README.md");
}

#[test]
fn the_guide_shows_what_the_program_prints() {
    check_page("docs/guide/first-diff.md");
    check_page("docs/guide/renames.md");
}

#[test]
fn the_reference_of_commands_is_their_help() {
    let mut text = String::from(
        "# Commands\n\nWritten by `make docs` from `trueup --help`; change `src/cli` and not this page. Exit codes have [a page of \
         their own](exit-codes.md), and so have [shadows](shadow.md).\n",
    );
    let all = help(&[]);
    let listed = all.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    for name in listed.filter_map(|line| line.strip_prefix("  ")?.split(' ').next()).filter(|name| !name.is_empty()) {
        assert!(
            name == "help" || COMMANDS.contains(&&[name][..]),
            "`{name}` is a command, and has no place in the page"
        );
    }
    for command in COMMANDS {
        let name = [&["trueup"], *command].concat().join(" ");
        let help = help(command);
        text.push_str(&format!("\n## `{name}`\n\n```text\n{help}```\n"));
    }
    settle("docs/reference/cli.md", &text);
}

fn help(command: &[&str]) -> String {
    let mut program = Command::new(env!("CARGO_BIN_EXE_trueup"));
    let help =
        program.args(command).arg("--help").stdin(Stdio::null()).env("COLUMNS", "100").output().expect("the program");
    assert!(help.status.success());
    let help = String::from_utf8(help.stdout).expect("UTF-8");
    help.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// What the program knows follows what is written by hand.
#[test]
fn the_reference_of_the_configuration_has_every_key_and_every_tool() {
    let path = "docs/reference/config.md";
    let page = fs::read_to_string(path).expect("the page");
    let mut text = page.split("\n## Made by tools\n").next().unwrap_or_default().trim_end().to_owned();
    text.push_str("\n\n## Made by tools\n\nThis list and the keys are written by `make docs`; change `src/cli` and not this page.\n");
    let lists = [("table", tools::TABLES), ("schema", tools::SCHEMAS), ("extension", tools::EXTENSIONS)];
    text.push_str("\n| object | tool, and where it says so |\n|---|---|\n");
    for (kind, (name, source)) in lists.iter().flat_map(|(kind, list)| list.iter().map(move |it| (kind, it))) {
        text.push_str(&format!("| {kind} `{name}` | {source} |\n"));
    }
    text.push_str("\n## Keys\n\nAll may be left out.\n");
    for key in CONFIG_KEYS {
        text.push_str(&format!(
            "\n### `{}`\n\n{}\n\n```toml\n{} = {}\n```\n",
            key.name, key.about, key.name, key.example
        ));
    }
    settle(path, &text);
}

#[test]
fn every_strategy_has_a_page() {
    let mut text = String::from(
        "# Strategies\n\nWays to change tables that let others read and write meanwhile. `--online always` takes them wherever \
         there is one, and `--online auto` leaves out tables that are known to be small: under 8 MB, by `--stats FILE`, or by \
         FROM where it is a live database ([sizes](stats.md)). With a file FROM may be anything that `diff` reads. Tables that \
         are not in FROM are made as usual. `--online-off NAME` does without one. This page is written by `make docs` from \
         `src/ddl/strategy.rs`.\n\n\
         With `--online`, statements that others would have to wait behind are run with a `lock_timeout` (`--lock-timeout`, 2s): \
         one that cannot have its lock fails, and can be run again when fewer are in the way. What PostgreSQL does \
         concurrently has none, since it waits for others by design. Statements that cannot share a transaction with others \
         are left out of `BEGIN` and `COMMIT` with `--transaction`.\n",
    );
    for strategy in Strategy::ALL {
        text.push_str(&format!("\n## `{}`\n\n", strategy.name()));
        text.extend(strategy.page().iter().map(|line| format!("{}\n", line.trim())));
    }
    settle("docs/reference/strategies.md", &text);
}

/// What is written by hand is followed by what the program knows.
#[test]
fn the_reference_of_rules_has_every_rule() {
    let path = "docs/reference/rules.md";
    let page = fs::read_to_string(path).expect("the page");
    let mut text = page.split("\n## The rules\n").next().unwrap_or_default().trim_end().to_owned();
    text.push_str("\n\n## The rules\n\nThis list is written by `make docs`; change `src/policy` and not this page.\n");
    let row = |it: &Parameter| {
        let takes = match it.takes {
            Takes::Text => "a string",
            Takes::Texts => "a list of strings",
            Takes::Flag => "`true` or `false`",
            Takes::Number => "a whole number",
            Takes::Kinds => "a list of kinds",
        };
        let needed = if it.required { "" } else { "; may be left out" };
        format!("| `{}` | {takes}{needed} | {} |\n", it.name, it.about)
    };
    for rule in RULES {
        text.push_str(&format!("\n### `{}`\n\n{}\n", rule.name, rule.about));
        if !rule.chooses {
            text.push_str("It is about the database, and has no `on`.\n");
        }
        text.push_str(&format!("\n```toml\n[[rule]]\n{}\n```\n", rule.example));
        if !rule.parameters.is_empty() {
            text.push_str("\n| parameter | takes | |\n|---|---|---|\n");
            text.extend(rule.parameters.iter().map(row));
        }
    }
    settle(path, &text);
}

#[test]
fn what_verify_says_is_as_its_schema_says() {
    let schema = schema("verify.schema.json");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let rules = "[[rule]]\nname = \"keys\"\nuse = \"primary-key\"\n[[rule]]\nsql = \"SELECT 1 AS x\"\n[[rule]]\nsql = \"SELECT\"\n\
                 [[rule]]\nsql = \"SELECT * FROM nowhere\"\n[[rule]]\nuse = \"naming\"\nkinds = [\"table\"]\nmatch = 't'\n";
    fs::write(folder.path().join("trueup.toml"), rules).expect("a file");
    fs::write(folder.path().join("t.sql"), "CREATE TABLE t (x int);").expect("a file");
    let output = Command::new(env!("CARGO_BIN_EXE_trueup"))
        .args(["verify", "t.sql", "--shadow", "embedded", "--format", "json"])
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .output()
        .expect("the program");
    let document: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    holds(&document, &schema);
    let verdicts: Vec<&str> =
        document["rules"].as_array().expect("rules").iter().filter_map(|it| it["verdict"].as_str()).collect();
    assert_eq!(verdicts, ["broken", "broken", "broken", "failed", "holds"]);
}

fn schema(file: &str) -> Value {
    let text = fs::read_to_string(format!("docs/reference/{file}")).expect("the schema");
    serde_json::from_str(&text).expect("JSON")
}

#[test]
fn what_lint_says_is_as_its_schema_says() {
    let schema = schema("lint.schema.json");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("1_fails.sql");
    fs::write(&file, "CREATE TABLE t AS SELECT 1 AS x;\nALTER TABLE t DROP COLUMN x;\nDROP TABLE nobody;\n")
        .expect("a file");
    let output = Command::new(env!("CARGO_BIN_EXE_trueup"))
        .args(["lint", "--shadow", "embedded", "--format", "json"])
        .arg(&file)
        .stdin(Stdio::null())
        .output()
        .expect("the program");
    let document: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    holds(&document, &schema);
    let migration = &document["migrations"][0];
    assert_eq!(migration["statements"][1]["hazards"][0]["code"], "drops-column");
    assert_eq!(migration["failure"]["line"], 3);
}

#[test]
fn json_is_as_its_schema_says() {
    let schema = schema("diff.schema.json");
    let shop = ["fixtures/schemas/shop/v1", "fixtures/schemas/shop/v2"];
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("warns.sql");
    // Rows are skipped with a word about it, which has a place.
    fs::write(&file, "CREATE TABLE t (x int);\nCOPY t FROM stdin;\n1\n\\.\n").expect("a file");
    let file = file.to_str().expect("UTF-8");
    let sizes = folder.path().join("stats.json");
    fs::write(&sizes, snapshot().render()).expect("a file");
    let sizes = sizes.to_str().expect("UTF-8");
    let (mut diagnostics, mut estimates) = (0, 0);
    for arguments in [&shop[..], &["empty", file], &[shop[0], shop[1], "--stats", sizes]] {
        let output = Command::new(env!("CARGO_BIN_EXE_trueup"))
            .args(["diff", "--shadow", "embedded", "--format", "json"])
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .expect("the program");
        let document: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        holds(&document, &schema);
        diagnostics += document["diagnostics"].as_array().map_or(0, Vec::len);
        let hazards = document["statements"].as_array().into_iter().flatten().flat_map(|it| it["hazards"].as_array());
        estimates += hazards.flatten().filter(|it| it["estimate"]["bytes"].is_u64()).count();
    }
    assert!(diagnostics > 0, "no diagnostic was held to the schema");
    assert!(estimates > 0, "no estimate was held to the schema");
}

#[test]
fn a_snapshot_is_as_its_schema_says() {
    let schema = schema("stats.schema.json");
    let document: Value = serde_json::from_str(&snapshot().render()).expect("JSON");
    holds(&document, &schema);
}

#[test]
fn what_preflight_says_is_as_its_schema_says() {
    let schema = schema("preflight.schema.json");
    let table = |rows| Table {
        table: "public.t".to_owned(),
        rows,
        bytes: 1 << 20,
        total_bytes: 2 << 20,
        migrations: vec!["1_a".to_owned()],
    };
    let replica = |lag, bytes| Replica {
        name: "r".to_owned(),
        state: "streaming".to_owned(),
        write_lag: lag,
        flush_lag: lag,
        replay_lag: lag,
        bytes,
    };
    for room in [None, Some(1 << 30)] {
        let report = Report {
            pending: &["1_a".to_owned()],
            tables: &[table(None), table(Some(3))],
            replicas: &[replica(None, None), replica(Some(0.5), Some(9))],
            room,
            diagnostics: &[Diagnostic::error("waiting-lock", "somebody waits").with_note("long").with_help("wait")],
            files: &Files::default(),
        };
        let document: Value = serde_json::from_str(&preflight::json(&report)).expect("JSON");
        holds(&document, &schema);
    }
}

#[test]
fn what_check_says_is_as_its_schema_says() {
    let schema = schema("check.schema.json");
    let mut files = Files::default();
    let file = files.add("schema.sql", "CREATE TABLE t (id int);");
    let mover = |written| Mover { object: "TABLE public.t".to_owned(), who: "both", how: "so".to_owned(), written };
    let found = vec![Diagnostic::error("proof-stale", "it was edited").with_note("long").with_help("rehearse it")];
    let checks = [
        Check::default(),
        Check {
            moved: vec![mover(None), mover(Some((Span { file, range: 0..6 }, files.clone())))],
            pending: Some(vec!["1_a".to_owned()]),
            sql: Sql { migrate: "SELECT 1;".to_owned(), ..Sql::default() },
            told: vec![(found, files)],
        },
    ];
    for check in checks {
        let document: Value = serde_json::from_str(&check::render(&check)).expect("JSON");
        holds(&document, &schema);
    }
}

/// Sizes of the web shop, with every member there is.
fn snapshot() -> Statistics {
    let name = |name: &str| Name { schema: "shop".to_owned(), name: name.to_owned() };
    let relation = |(kind, table, rows): (Keeps, &str, Option<u64>)| Relation {
        schema: "shop".to_owned(),
        name: table.to_owned(),
        kind,
        partition_of: Some(name("whole")),
        rows,
        bytes: 1 << 30,
        toast_bytes: 0,
        total_bytes: 2 << 30,
        analyzed: Some("2026-01-01T00:00:00Z".to_owned()),
        indexes: vec![Index { name: format!("{table}_pkey"), bytes: 1 << 30 }],
    };
    let tables = ["customers", "products", "addresses"].map(|table| (Keeps::Table, table, Some(1_000_000)));
    let others = [(Keeps::PartitionedTable, "whole", None), (Keeps::MaterializedView, "sums", Some(0))];
    Statistics {
        version: stats::VERSION,
        trueup: "0".to_owned(),
        server: "17.5".to_owned(),
        block_size: 8192,
        taken: "2026-01-01T00:00:00Z".to_owned(),
        relations: tables.into_iter().chain(others).map(relation).collect(),
    }
}

/// Whether a document is as its schema says.
fn holds(document: &Value, schema: &Value) {
    let mut faults = Vec::new();
    validate(document, schema, schema, "", &mut faults);
    assert!(faults.is_empty(), "{faults:#?}");
}

/// The part of JSON Schema that ours uses. Here, unlike for those who read the format, a member that the schema does not
/// name is a fault: it would be undocumented.
fn validate(value: &Value, schema: &Value, root: &Value, at: &str, faults: &mut Vec<String>) {
    if let Some(name) = schema["$ref"].as_str() {
        let (file, name) = name.split_once("#/$defs/").expect("a definition");
        let other = (!file.is_empty()).then(|| self::schema(file));
        let root = other.as_ref().unwrap_or(root);
        return validate(value, &root["$defs"][name], root, at, faults);
    }
    if let Some(allowed) = schema["type"].as_array() {
        let of = |one: &Value| serde_json::json!({ "type": one });
        let fits = |one: &Value| {
            let mut faults = Vec::new();
            validate(value, &of(one), root, at, &mut faults);
            faults.is_empty()
        };
        if !allowed.iter().any(fits) {
            faults.push(format!("{at}: {value} is not {schema}"));
        }
        return;
    }
    let fits = match schema["type"].as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("integer") => value.is_u64(),
        Some("number") => value.is_number(),
        Some("boolean") => value.is_boolean(),
        Some("null") => value.is_null(),
        Some(other) => panic!("the validator does not know the type {other}"),
        None => schema.get("const").is_none_or(|it| it == value),
    };
    if !fits || schema["enum"].as_array().is_some_and(|allowed| !allowed.contains(value)) {
        faults.push(format!("{at}: {value} is not {schema}"));
    }
    for required in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if value.get(required).is_none() {
            faults.push(format!("{at}: `{required}` is missing"));
        }
    }
    for (name, member) in value.as_object().into_iter().flatten() {
        // Where the names are those of relations, there is one schema for all of them.
        match schema["properties"].get(name).or(schema.get("additionalProperties")) {
            Some(schema) => validate(member, schema, root, &format!("{at}/{name}"), faults),
            None => faults.push(format!("{at}: `{name}` is not documented")),
        }
    }
    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
        validate(item, &schema["items"], root, &format!("{at}/{index}"), faults);
    }
}

/// Runs a page.
fn check_page(path: &str) {
    let page = fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut shown = String::new();
    let mut lines = page.lines();
    let mut named = None;
    while let Some(line) = lines.next() {
        shown.push_str(line);
        shown.push('\n');
        let Some(language) = line.strip_prefix("```") else {
            if !line.trim().is_empty() {
                named = line
                    .split('`')
                    .nth(1)
                    .filter(|it| line.ends_with(':') && [".sql", ".toml"].iter().any(|end| it.ends_with(end)));
            }
            continue;
        };
        let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        match (language, named) {
            ("sql" | "toml", Some(name)) => {
                let file = folder.path().join(name);
                fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
                fs::write(file, format!("{}\n", block.join("\n"))).expect("a file");
                shown.push_str(&format!("{}\n", block.join("\n")));
            }
            ("console", _) => {
                for command in block.iter().filter_map(|line| line.strip_prefix("$ ")) {
                    shown.push_str(&format!("$ {command}\n{}", run(command, folder.path())));
                }
            }
            (_, _) => shown.push_str(&format!("{}\n", block.join("\n"))),
        }
        shown.push_str("```\n");
        named = None;
    }
    settle(path, &shown);
}

/// What a terminal would show.
fn run(command: &str, folder: &Path) -> String {
    let program = Path::new(env!("CARGO_BIN_EXE_trueup"));
    let rest = std::env::var("PATH").unwrap_or_default();
    let path = format!("{}:{rest}", program.parent().expect("a folder").display());
    let output = Command::new("/bin/sh")
        .args(["-c", &format!("exec 2>&1; {command}")])
        .current_dir(folder)
        .env("PATH", path)
        .stdin(Stdio::null())
        .output()
        .expect("a shell");
    String::from_utf8(output.stdout).expect("UTF-8").lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// Compares a page with what it must be, or writes it.
fn settle(path: &str, expected: &str) {
    let found = fs::read_to_string(path).unwrap_or_default();
    if found == expected {
        return;
    }
    if std::env::var_os("UPDATE").is_some() {
        fs::write(path, expected).expect("written");
        return;
    }
    let difference = similar::TextDiff::from_lines(found.as_str(), expected);
    let difference = difference.unified_diff().header(path, "the program").to_string();
    panic!("{path} is not what the program prints; `make docs` writes it anew\n{difference}");
}
