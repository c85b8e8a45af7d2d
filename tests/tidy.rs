//! Rules that keep the crate in shape. They run with `cargo test`, like everything else.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// In dependency order, which is the order of `src/lib.rs`: each layer may use only those before it.
const LAYERS: &[&str] = &[
    "model",
    "diagnostic",
    "ddl",
    "kinds",
    "catalog",
    "connect",
    "stats",
    "shadow",
    "sources",
    "diff",
    "plan",
    "rehearse",
    "hazards",
    "stubs",
    "policy",
    "history",
    "emit",
    "cli",
];

/// These know what an object is, never which.
const ENGINE: &[&str] = &["catalog", "diff", "plan", "rehearse", "hazards", "emit"];

/// Where everything that is printed, is printed.
const PRINTER: &str = "src/cli/ui.rs";
/// These talk to the process that started them, through a pipe.
const SERVERS: &[&str] = &["src/shadow/embedded/serve.rs", "src/shadow/local/supervise.rs"];

/// Kinds whose cases are told in the file of what they belong to.
const TOLD_ELSEWHERE: &[(&str, &str)] = &[
    ("attribute", "composite"),
    ("default_grant", "default_privileges"),
    ("domain_constraint", "domain"),
    ("enum_", "enum"),
    ("foreign_column", "foreign_table"),
    ("not_null", "column"),
    ("operator_family", "operator_class"),
    ("operator_family_item", "operator_class"),
    ("publication_schema", "publication"),
    ("publication_table", "publication"),
    ("sequence_owner", "sequence"),
    ("shell_type", "base_type"),
    ("text_search_configuration", "text_search"),
    ("text_search_dictionary", "text_search"),
    ("text_search_parser", "text_search"),
    ("text_search_template", "text_search"),
    ("view_column", "view"),
];

/// Kinds that still lack a file of cases. This list only gets shorter.
const WITHOUT_CASES: &[&str] = &["security_label"];

#[test]
fn layers_are_listed_in_their_order() {
    let text = fs::read_to_string("src/lib.rs").expect("src/lib.rs");
    let listed: Vec<&str> =
        text.lines().filter_map(|line| line.strip_prefix("pub mod ")).map(|it| it.trim_end_matches(';')).collect();
    assert_eq!(listed, LAYERS, "src/lib.rs lists the layers in dependency order");
}

#[test]
fn dependencies_point_one_way() {
    for Module { layer, file, text } in modules() {
        let rank = LAYERS.iter().position(|it| *it == layer).unwrap_or_else(|| panic!("{layer} is in no layer"));
        for used in uses(&text) {
            let above = LAYERS[rank + 1..].contains(&used.as_str());
            assert!(!above, "{}: `{layer}` must not use `{used}`", file.display());
        }
    }
}

#[test]
fn the_engine_names_no_kind() {
    for Module { layer, file, text } in modules() {
        if !ENGINE.contains(&layer.as_str()) {
            continue;
        }
        for (line, code) in code_lines(&text) {
            for word in ["Kind", "Object"] {
                let prefix = format!("{word}::");
                let named = after(code, &prefix).find(|it| *it != "ALL");
                assert!(named.is_none(), "{}:{line}: names a kind: {code}", file.display());
            }
        }
    }
}

#[test]
fn every_module_says_what_it_is_for() {
    for Module { file, text, .. } in modules() {
        assert!(text.starts_with("//! "), "{}: begin with `//!`", file.display());
    }
}

#[test]
fn only_one_module_prints() {
    for Module { file, text, .. } in modules() {
        if file == Path::new(PRINTER) || SERVERS.iter().any(|it| file == Path::new(it)) {
            continue;
        }
        for (line, code) in code_lines(&text) {
            let prints = ["print!(", "println!(", "dbg!(", "io::stdout()"].iter().any(|it| code.contains(it));
            assert!(!prints, "{}:{line}: only {PRINTER} may print: {code}", file.display());
        }
    }
}

#[test]
fn every_kind_has_a_file_and_cases() {
    let list = fs::read_to_string("src/model/kind.rs").expect("the list of kinds");
    let kinds: BTreeSet<&str> = list
        .lines()
        .filter_map(|line| line.trim().strip_suffix("),")?.split_once('('))
        .filter_map(|(_, path)| path.split_once("::"))
        .map(|(module, _)| module)
        .collect();
    assert!(kinds.len() > 40, "the list of kinds was not understood");
    let mut missing = Vec::new();
    for kind in &kinds {
        assert!(Path::new("src/kinds").join(format!("{kind}.rs")).is_file(), "src/kinds/{kind}.rs is missing");
        let told = TOLD_ELSEWHERE.iter().find(|(it, _)| it == kind).map_or(*kind, |(_, elsewhere)| elsewhere);
        if !Path::new("fixtures/cases").join(format!("{told}.md")).is_file() {
            missing.push(*kind);
        }
    }
    missing.retain(|kind| !WITHOUT_CASES.contains(kind));
    assert!(missing.is_empty(), "kinds without a file in fixtures/cases: {missing:?}");
}

struct Module {
    layer: String,
    file: PathBuf,
    text: String,
}

fn modules() -> Vec<Module> {
    let mut found = Vec::new();
    let mut todo = vec![PathBuf::from("src")];
    while let Some(path) = todo.pop() {
        if path.is_dir() {
            todo.extend(fs::read_dir(&path).expect("a folder").map(|entry| entry.expect("an entry").path()));
        } else if path.extension().is_some_and(|it| it == "rs")
            && path != Path::new("src/lib.rs")
            && path != Path::new("src/main.rs")
        {
            let layer = path.iter().nth(1).expect("a layer").to_string_lossy().trim_end_matches(".rs").to_owned();
            let text = fs::read_to_string(&path).expect("UTF-8");
            found.push(Module { layer, file: path, text });
        }
    }
    assert!(found.len() > 50, "the modules were not found");
    found
}

/// The layers that a module names, as `crate::layer` or within `use crate::{…}`.
fn uses(text: &str) -> BTreeSet<String> {
    let code: String = code_lines(text).map(|(_, line)| format!("{line}\n")).collect();
    let mut used: BTreeSet<String> = after(&code, "crate::").map(str::to_owned).collect();
    for block in code.split("crate::{").skip(1) {
        let mut depth = 0;
        let mut item = String::new();
        for c in block.chars() {
            match c {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => used.extend(first_word(&std::mem::take(&mut item))),
                _ if depth == 0 => item.push(c),
                _ => (),
            }
        }
        used.extend(first_word(&item));
    }
    used
}

fn first_word(path: &str) -> Option<String> {
    let word = path.trim().split("::").next()?;
    (!word.is_empty()).then(|| word.to_owned())
}

/// Each word that follows `prefix`.
fn after<'a>(code: &'a str, prefix: &'a str) -> impl Iterator<Item = &'a str> {
    code.match_indices(prefix).filter_map(move |(at, _)| {
        let whole = code[..at].chars().next_back().is_none_or(|c| !c.is_alphanumeric() && c != '_');
        let rest = &code[at + prefix.len()..];
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        (whole && end > 0).then(|| &rest[..end])
    })
}

fn code_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(at, line)| (at + 1, line)).filter(|(_, line)| !line.trim_start().starts_with("//"))
}
