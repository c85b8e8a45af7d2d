//! `targets.toml`: the databases of a fleet.

use std::{
    collections::{BTreeMap, HashMap},
    num::NonZeroUsize,
    ops::Range,
    path::Path,
};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{Target, ask::Query};
use crate::{
    cli::{
        config::{self, Fault, Given, listed},
        mask,
    },
    connect,
    diagnostic::Diagnostic,
    model::{FileId, Files, Span},
    sources::nearest::nearest,
};

/// What the file says.
pub(super) struct Listed {
    pub targets: Vec<Target>,
    pub queries: Vec<Query>,
    pub jobs: Option<NonZeroUsize>,
    pub max_failures: Option<NonZeroUsize>,
    pub warnings: Vec<Diagnostic>,
    /// What the diagnostics point at.
    pub files: Files,
}

/// A table of the file: its name there, what it is called in a message, and its keys.
struct Form {
    name: &'static str,
    shown: &'static str,
    keys: &'static [&'static str],
}

const DEFAULTS: Form = Form { name: "defaults", shown: "[defaults]", keys: &["database", "jobs", "max-failures"] };
const TARGET: Form = Form { name: "target", shown: "[[target]]", keys: &["name", "database", "schema", "canary"] };
const QUERY: Form = Form { name: "query", shown: "[[query]]", keys: &["database", "sql"] };

/// The entries of one table.
type Entries<'a> = HashMap<String, Given<'a>>;

/// Reads the file; its queries are not asked yet.
///
/// # Errors
/// All that is wrong with it, with the text that the diagnostics point at. No password is shown.
pub(super) fn read(path: &Path, text: &str) -> Result<Listed, (Vec<Diagnostic>, Files)> {
    let masked = mask::passwords(text);
    let mut files = Files::default();
    let file = files.add(path.display().to_string(), masked.as_str());
    let (table, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        let found = errors.iter().map(|error| config::syntax(error, file)).collect();
        return Err((found, files));
    }
    let mut reader = Reader { file, folder: path.parent().unwrap_or(Path::new("")), found: Vec::new(), server: None };
    let mut tables: BTreeMap<&str, Vec<Entries<'_>>> = BTreeMap::new();
    for (key, value) in in_order(table.get_ref()) {
        match [DEFAULTS, TARGET, QUERY].into_iter().find(|form| form.name == key.get_ref()) {
            Some(form) => drop(tables.insert(form.name, reader.tables(&form, value))),
            None => reader.unknown(key.get_ref(), key.span(), "the file", &["defaults", "target", "query"]),
        }
    }
    let mut take = |form: &Form| tables.remove(form.name).unwrap_or_default();
    let defaults = take(&DEFAULTS).into_iter().next().unwrap_or_default();
    reader.server = defaults.get("database").and_then(|given| reader.database(given));
    let (jobs, max_failures) = (reader.number(&defaults, "jobs"), reader.number(&defaults, "max-failures"));
    let targets = take(&TARGET).iter().filter_map(|it| reader.target(it)).collect();
    let queries = take(&QUERY).iter().filter_map(|it| reader.query(it)).collect();
    if !reader.found.is_empty() {
        reader.found.sort_by_key(|it| it.labels.first().map(|label| label.span.range.start));
        return Err((reader.found, files));
    }
    let warnings = password(text, &masked, file).into_iter().collect();
    let listed = Listed { targets, queries, jobs, max_failures, warnings, files };
    listed.check_names().map_err(|found| (vec![found], listed.files.clone()))?;
    Ok(listed)
}

impl Listed {
    /// # Errors
    /// A diagnostic for a name that two targets have.
    pub(super) fn check_names(&self) -> Result<(), Diagnostic> {
        let mut known: HashMap<&str, &Target> = HashMap::new();
        for target in &self.targets {
            if let Some(first) = known.insert(&target.name, target) {
                let found = Diagnostic::error("targets", format!("two targets are called `{}`", target.name));
                let found = found.at(target.written.clone(), "again");
                return Err(if first.written == target.written {
                    found.with_note("both are rows of this query")
                } else {
                    found.at(first.written.clone(), "first")
                });
            }
        }
        Ok(())
    }
}

/// The parser keeps no order; the file has one.
fn in_order<'a>(table: &'a DeTable<'a>) -> Vec<(&'a Spanned<toml::de::DeString<'a>>, &'a Spanned<DeValue<'a>>)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
}

/// Passwords are warned of once: there may be a thousand.
fn password(text: &str, masked: &str, file: FileId) -> Option<Diagnostic> {
    let at = text.bytes().zip(masked.bytes()).position(|(one, other)| one != other)?;
    let end = at + masked[at..].find(|c| c != '*').unwrap_or(masked.len() - at);
    Some(config::password("database", Span { file, range: at..end }))
}

struct Reader<'f> {
    file: FileId,
    folder: &'f Path,
    found: Vec<Diagnostic>,
    /// What `[defaults]` names.
    server: Option<String>,
}

impl<'f> Reader<'f> {
    fn fault(&mut self, title: String, range: Range<usize>, label: &str) {
        self.found.push(Diagnostic::error("targets", title).at(Span { file: self.file, range }, label));
    }

    fn told(&mut self, key: &str, fault: Fault) {
        let found = Diagnostic::error("targets", format!("`{key}` {}", fault.says));
        let found = found.at(Span { file: self.file, range: fault.range }, fault.label.unwrap_or_default());
        self.found.push(fault.help.into_iter().fold(found, Diagnostic::with_help));
    }

    fn unknown(&mut self, key: &str, range: Range<usize>, table: &str, keys: &[&str]) {
        let help = match nearest(key, keys.iter().copied()).as_slice() {
            [] => format!("it has {}", listed(keys.iter().copied())),
            near => format!("did you mean `{}`?", near.join("` or `")),
        };
        let found = Diagnostic::error("targets", format!("{table} has no key `{key}`"));
        self.found.push(found.at(Span { file: self.file, range }, "").with_help(help));
    }

    /// The tables of one name: one, or several where it has two brackets.
    fn tables<'t>(&mut self, form: &Form, value: &'t Spanned<DeValue<'t>>) -> Vec<Entries<'t>>
    where
        'f: 't,
    {
        let is_list = form.shown.starts_with("[[");
        let list: Vec<&Spanned<DeValue<'t>>> = match value.get_ref().as_array() {
            Some(list) if is_list => list.iter().collect(),
            None if !is_list => vec![value],
            Some(_) | None => {
                self.fault(format!("`{}` is written as a table, `{}`", form.name, form.shown), value.span(), "");
                return Vec::new();
            }
        };
        let mut tables = Vec::new();
        for value in list {
            let Some(table) = value.get_ref().as_table() else {
                self.fault(format!("`{}` is written as a table, `{}`", form.name, form.shown), value.span(), "");
                continue;
            };
            let mut entries = Entries::new();
            for (key, given) in in_order(table) {
                if form.keys.contains(&key.get_ref().as_ref()) {
                    let given = Given { value: given, file: self.file, folder: self.folder };
                    entries.insert(key.get_ref().to_string(), given);
                } else {
                    self.unknown(key.get_ref(), key.span(), &format!("`{}`", form.shown), form.keys);
                }
            }
            // What is not said has to be pointed at too.
            entries.insert(String::new(), Given { value, file: self.file, folder: self.folder });
            tables.push(entries);
        }
        tables
    }

    fn text(&mut self, entries: &Entries<'_>, key: &str) -> Option<String> {
        let text = entries.get(key)?.text().map(str::to_owned);
        text.map_err(|fault| self.told(key, Fault { label: Some(String::new()), ..fault })).ok()
    }

    /// As [`Reader::text`], where the file has to say it.
    fn required(&mut self, entries: &Entries<'_>, form: &Form, key: &str) -> Option<String> {
        if !entries.contains_key(key) {
            self.fault(format!("`{}` lacks `{key}`", form.shown), entries[""].value.span(), "");
        }
        self.text(entries, key)
    }

    fn number(&mut self, entries: &Entries<'_>, key: &str) -> Option<NonZeroUsize> {
        let given = entries.get(key)?;
        let number =
            given.value.get_ref().as_integer().and_then(|it| usize::from_str_radix(it.as_str(), it.radix()).ok());
        let number = number.and_then(NonZeroUsize::new);
        if number.is_none() {
            self.told(key, given.fault("takes a whole number from 1 on"));
        }
        number
    }

    /// A connection string: as it is written, from the environment, or for a database of the server of `[defaults]`.
    fn database(&mut self, given: &Given<'_>) -> Option<String> {
        match self.try_database(given) {
            Ok(url) => Some(url),
            Err(fault) => {
                self.told("database", Fault { label: Some(String::new()), ..fault });
                None
            }
        }
    }

    fn try_database(&self, given: &Given<'_>) -> Result<String, Fault> {
        let text = given.text()?;
        let url = match text.strip_prefix("env:") {
            Some(name) => std::env::var(name)
                .map_err(|_| given.fault(format!("is in the environment variable `{name}`, which is not set")))?,
            None if is_url(text) => text.to_owned(),
            None => match &self.server {
                Some(server) => connect::with_database(server, text),
                None => {
                    let help = "write `postgres://…`, `env:NAME`, or name the server as `database` in `[defaults]`";
                    let fault = given.fault("is the name of a database, and the server is not named");
                    return Err(Fault { help: vec![help.to_owned()], ..fault });
                }
            },
        };
        match connect::Target::parse(&url) {
            Ok(_) => Ok(url),
            Err(error) => Err(given.fault(format!("cannot be used: {error}"))),
        }
    }

    /// What an entry says of the database, or else `[defaults]`.
    fn database_of(&mut self, entries: &Entries<'_>, form: &Form) -> Option<String> {
        match (entries.get("database"), self.server.clone()) {
            (Some(given), _) => self.database(given),
            (None, Some(server)) => Some(server),
            (None, None) => self.required(entries, form, "database"),
        }
    }

    fn target(&mut self, entries: &Entries<'_>) -> Option<Target> {
        let name = self.required(entries, &TARGET, "name");
        let url = self.database_of(entries, &TARGET);
        let schema = self.text(entries, "schema");
        let canary = entries.get("canary").map_or(Ok(false), Given::flag);
        let canary = canary.map_err(|fault| self.told("canary", fault)).ok()?;
        let (name, url) = (mask::passwords(&name?), url?);
        let range = entries.get("name").map_or_else(|| entries[""].value.span(), |it| it.value.span());
        Target::new(name, url, schema, canary, Span { file: self.file, range }).ok()
    }

    fn query(&mut self, entries: &Entries<'_>) -> Option<Query> {
        let sql = self.required(entries, &QUERY, "sql");
        let url = self.database_of(entries, &QUERY);
        let range = entries.get("sql")?.value.span();
        Some(Query { url: url?, sql: sql?, written: Span { file: self.file, range } })
    }
}

/// Whether a text is a connection string, and not a mere name.
pub(super) fn is_url(text: &str) -> bool {
    text.contains("://") || text.contains('=')
}
