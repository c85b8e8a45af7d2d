//! psql's meta-commands: those that matter to a schema are carried out, those that cannot be are reported.

use std::ops::Range;
use std::path::Path;

use super::psql::{After, Reading};
use crate::diagnostic::Diagnostic;
use crate::model::{FileId, Span};

/// They change what psql shows or asks, and nothing that it sends.
const HARMLESS: &[&str] = &[
    "?",
    "C",
    "H",
    "T",
    "a",
    "conninfo",
    "copyright",
    "echo",
    "errverbose",
    "f",
    "h",
    "help",
    "html",
    "l",
    "o",
    "out",
    "p",
    "print",
    "pset",
    "qecho",
    "restrict",
    "s",
    "setenv",
    "t",
    "timing",
    "unrestrict",
    "warn",
    "x",
    "z",
];

/// Carries out the command whose backslash is at `at`. `inside` says whether a statement is open there.
pub(super) fn run(reading: &mut Reading<'_>, file: FileId, text: &str, at: usize, inside: bool) -> After {
    let rest = &text[at + 1..];
    let length = rest.find(|c: char| c.is_whitespace() || c == '\\').unwrap_or(rest.len());
    let name = &rest[..length];
    let span = Span { file, range: at..at + 1 + length };
    let (arguments, end) = arguments(text, at + 1 + length);
    let argument = |index: usize| arguments.get(index).map(|argument| text[argument.clone()].to_owned());
    match name {
        "q" | "quit" => return After::Stop,
        "g" | "gx" if arguments.is_empty() => return After::Send(end),
        "i" | "include" | "ir" | "include_relative" => match argument(0).map(|path| unquoted(&path)) {
            Some(path) if !inside => include(reading, span, name, &path),
            Some(_) => refuse(reading, span, name, "it stands in the middle of a statement"),
            None => refuse(reading, span, name, "it names no file"),
        },
        "set" => set(reading, span, &arguments.iter().map(|range| &text[range.clone()]).collect::<Vec<_>>()),
        "unset" => {
            argument(0).and_then(|name| reading.variables.remove(&name));
        }
        "encoding" => match argument(0).map(|name| unquoted(&name).to_lowercase()) {
            Some(encoding) if !matches!(encoding.as_str(), "utf8" | "utf-8" | "unicode" | "sql_ascii") => {
                refuse(reading, span, name, "Trueup reads UTF-8 only");
            }
            _ => (),
        },
        "c" | "connect" => {
            connect(reading, span, &arguments.iter().map(|range| &text[range.clone()]).collect::<Vec<_>>())
        }
        "copy" => {
            let whole = Span { file, range: at..end };
            reading.notes.push(
                Diagnostic::note("data-left-out", "`\\copy` moves rows, not schema: left out").at(whole, "left out"),
            );
            return After::Resume(line_end(text, at));
        }
        "elif" | "else" | "endif" => (),
        _ if HARMLESS.contains(&name) || name.starts_with('d') => (),
        "if" => refuse(reading, span, name, "what it decides is known only when psql runs the script"),
        "gexec" | "gset" | "watch" | "gdesc" | "crosstabview" | "bind" | "parse" => {
            refuse(reading, span, name, "it sends a query and uses its answer");
            return After::Forget(end);
        }
        _ => refuse(reading, span, name, "it is not one of those that Trueup carries out"),
    }
    After::Resume(end)
}

fn refuse(reading: &mut Reading<'_>, span: Span, name: &str, why: &str) {
    reading.problems.push(
        Diagnostic::error("psql-command", format!("psql's `\\{name}` cannot be honoured here"))
            .at(span, why)
            .with_help("let psql do it: load the script into a database, and name that database instead of the script"),
    );
}

/// psql takes `\i` from its working folder and `\ir` from the folder of the script. A script that was written for
/// another working folder is common, so `\i` falls back on the script's.
fn include(reading: &mut Reading<'_>, span: Span, name: &str, path: &str) {
    let beside = reading.open.last().and_then(|open| open.parent()).unwrap_or(Path::new("")).join(path);
    let from_here = Path::new(path).to_path_buf();
    let relative = name.starts_with("ir") || name == "include_relative";
    let chosen = if !relative && reading.shelf.has(&from_here) { from_here } else { beside };
    reading.include(span, &chosen);
}

fn set(reading: &mut Reading<'_>, span: Span, arguments: &[&str]) {
    let Some((name, values)) = arguments.split_first() else { return };
    if values.iter().any(|value| value.contains('`')) {
        return refuse(reading, span, "set", "the value is the output of a program");
    }
    let value: String = values
        .iter()
        .map(|value| match value.strip_prefix(':') {
            Some(other) => reading.variables.get(other).cloned().unwrap_or_else(|| (*value).to_owned()),
            None => unquoted(value),
        })
        .collect();
    reading.variables.insert((*name).to_owned(), value);
}

/// A dump of several databases is read as if each were a script of its own; see `Reading::databases`.
fn connect(reading: &mut Reading<'_>, span: Span, arguments: &[&str]) {
    let named = arguments.iter().find(|argument| !argument.starts_with("-reuse-previous"));
    let Some(name) = named.map(|name| database_name(&unquoted(name))).filter(|name| !matches!(name.as_str(), "" | "-"))
    else {
        return;
    };
    reading.database = match reading.databases.iter().position(|(known, _)| *known == name) {
        Some(known) => known,
        None => {
            reading.databases.push((name, Some(span)));
            reading.databases.len() - 1
        }
    };
}

/// The database in a name, a `key=value` list or a URL.
fn database_name(target: &str) -> String {
    if let Some((_, after)) = target.split_once("://") {
        return after.split(['?', '#']).next().and_then(|path| path.split('/').nth(1)).unwrap_or("").to_owned();
    }
    match target.split_whitespace().find_map(|pair| pair.strip_prefix("dbname=")) {
        Some(name) => unquoted(name),
        None => target.to_owned(),
    }
}

/// The arguments on the rest of the line, and where SQL goes on: behind the line, or behind `\\`.
fn arguments(text: &str, from: usize) -> (Vec<Range<usize>>, usize) {
    let end = line_end(text, from);
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = from;
    while at < end {
        if bytes[at].is_ascii_whitespace() {
            at += 1;
            continue;
        }
        if bytes[at..end].starts_with(b"\\\\") {
            return (found, at + 2);
        }
        let start = at;
        let mut quote = None;
        while at < end {
            match (quote, bytes[at]) {
                (None, byte) if byte.is_ascii_whitespace() => break,
                (None, byte @ (b'\'' | b'"' | b'`')) => quote = Some(byte),
                (Some(open), byte) if byte == open => quote = None,
                _ => (),
            }
            at += 1;
        }
        found.push(start..at);
    }
    (found, end)
}

fn line_end(text: &str, from: usize) -> usize {
    text[from..].find('\n').map_or(text.len(), |at| from + at)
}

fn unquoted(argument: &str) -> String {
    for quote in ['\'', '"'] {
        if let Some(inner) = argument.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)) {
            let doubled: String = [quote, quote].iter().collect();
            return inner.replace(&doubled, &quote.to_string());
        }
    }
    argument.to_owned()
}
