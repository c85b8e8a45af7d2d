//! Words that several kinds share when they write DDL.

use crate::{
    ddl::{Action, Lock, Risk, Room, Verb},
    model::{Ident, Literal, ObjectId, parser},
};

/// `ALTER TABLE` with a clause that joins its neighbours.
pub(crate) fn alter_table(verb: Verb, subject: &ObjectId, table: &ObjectId, clause: String) -> Action {
    Action::clause(verb, subject, format!("ALTER TABLE {}", table.qualified()), clause, ",")
}

/// A longer name, cut so that PostgreSQL does not cut it (PostgreSQL manual, 4.1.1).
pub(crate) fn suffixed(name: &Ident, suffix: &str) -> Ident {
    let mut short = name.raw().to_owned();
    while 63 < short.len() + suffix.len() {
        short.pop();
    }
    Ident::new(short + suffix)
}

/// What is built beside something that has its name until then.
pub(crate) const NEW: &str = "__new";

/// The same index, built while the table is read and written; under another name where one is given.
pub(crate) fn concurrently(definition: &str, name: &Ident, to: &Ident) -> Option<String> {
    let words = ["CREATE INDEX ", "CREATE UNIQUE INDEX "];
    let head = words.into_iter().find(|head| definition.starts_with(head))?;
    let rest = definition.strip_prefix(head)?.strip_prefix(&format!("{name} ON "))?;
    // That of a partitioned table is not built this way.
    (!rest.starts_with("ONLY ")).then(|| format!("{head}CONCURRENTLY {to} ON {rest}"))
}

/// Makes an index of a partition a part of an index of the partitioned table. Nothing happens where it is.
pub(crate) fn attach_index(part: &ObjectId, parent: &str) -> Action {
    let attach = Action::alter(part, format!("ALTER INDEX {parent} ATTACH PARTITION {}", part.qualified()));
    attach.locks(Lock::AccessExclusive).locks_elsewhere(Lock::ShareUpdateExclusive)
}

/// Marks the index that `CLUSTER` goes by. A table has one: the old mark goes first, not after.
pub(crate) fn cluster_on(index: &ObjectId) -> Action {
    let clause = format!("CLUSTER ON {}", index.name);
    let action = alter_table(Verb::Alter, index, index.container(), clause).locks(Lock::ShareUpdateExclusive);
    action.room(Room::Takes(cluster_mark(index)))
}

pub(crate) fn without_cluster(index: &ObjectId) -> Action {
    let clause = "SET WITHOUT CLUSTER".to_owned();
    let action = alter_table(Verb::Alter, index, index.container(), clause).locks(Lock::ShareUpdateExclusive);
    action.room(Room::Frees(cluster_mark(index)))
}

fn cluster_mark(index: &ObjectId) -> String {
    format!("CLUSTER of {}", index.container().qualified())
}

/// `a = 1, b = 'x y'`: storage parameters as `pg_class.reloptions` holds them, for `WITH (…)` and `SET (…)`.
pub(crate) fn options(options: &[String]) -> String {
    options.iter().map(|option| parameter(option)).collect::<Vec<_>>().join(", ")
}

fn parameter(option: &str) -> String {
    let (name, value) = option.split_once('=').unwrap_or((option, "true"));
    let name = name.split('.').map(|part| Ident::new(part).to_string()).collect::<Vec<_>>().join(".");
    let bare = !value.is_empty() && value.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.');
    if bare { format!("{name} = {value}") } else { format!("{name} = {}", Literal(value)) }
}

/// What takes one set of storage parameters to another: clauses for `ALTER …`.
pub(crate) fn change_options(from: &[String], to: &[String]) -> Vec<String> {
    let name = |option: &String| option.split('=').next().unwrap_or_default().to_owned();
    let set: Vec<String> = to.iter().filter(|option| !from.contains(option)).cloned().collect();
    let kept: Vec<String> = to.iter().map(name).collect();
    let reset: Vec<String> = from.iter().map(name).filter(|gone| !kept.contains(gone)).collect();
    let mut clauses = Vec::new();
    if !set.is_empty() {
        clauses.push(format!("SET ({})", options(&set)));
    }
    if !reset.is_empty() {
        clauses.push(format!("RESET ({})", reset.join(", ")));
    }
    clauses
}

/// The lock under which one set of storage parameters becomes another (`src/backend/access/common/reloptions.c`; in the
/// manual, `ALTER TABLE`, "Storage Parameters", and `ALTER INDEX`).
pub(crate) fn options_lock(from: &[String], to: &[String]) -> Lock {
    let changed = from.iter().filter(|it| !to.contains(it)).chain(to.iter().filter(|it| !from.contains(it)));
    let mut names = changed.map(|option| option.split('=').next().unwrap_or_default());
    if names.any(|name| UNDER_LOCK.contains(&name)) { Lock::AccessExclusive } else { Lock::ShareUpdateExclusive }
}

/// The parameters that nobody may rely on while they change.
const UNDER_LOCK: [&str; 7] = [
    "autosummarize",
    "buffering",
    "check_option",
    "fastupdate",
    "gin_pending_list_limit",
    "security_barrier",
    "user_catalog_table",
];

/// Sets the statistics targets of the expressions of an index, by position (`2=500`); -1 leaves one to the server.
pub(crate) fn change_index_statistics(index: &ObjectId, from: &[String], to: &[String]) -> Vec<Action> {
    let column = |it: &String| it.split('=').next().unwrap_or_default().to_owned();
    let kept: Vec<String> = to.iter().map(column).collect();
    let gone = from.iter().map(column).filter(|it| !kept.contains(it)).map(|it| format!("{it}=-1"));
    let new = to.iter().filter(|it| !from.contains(it)).cloned();
    let set = |statistics: String| {
        let (column, target) = statistics.split_once('=').unwrap_or((&statistics, "-1"));
        let sql = format!("ALTER INDEX {} ALTER COLUMN {column} SET STATISTICS {target}", index.qualified());
        Action::alter(index, sql).locks(Lock::ShareUpdateExclusive)
    };
    gone.chain(new).map(set).collect()
}

/// `ENABLE ALWAYS TRIGGER x`, from the letter in `pg_trigger.tgenabled` and `pg_rewrite.ev_enabled`.
pub(crate) fn enabled(state: &str, what: &str, name: &Ident) -> String {
    let verb = match state {
        "D" => "DISABLE",
        "R" => "ENABLE REPLICA",
        "A" => "ENABLE ALWAYS",
        _ => "ENABLE",
    };
    format!("{verb} {what} {name}")
}

/// A type without its modifier: `numeric(10,2)` is `numeric`, `timestamp(3) with time zone` keeps its words, and
/// `interval day to second(3)` loses them.
pub(crate) fn base_type(name: &str) -> String {
    // The fields of an interval are a modifier too.
    if name.starts_with("interval ") || name.starts_with("interval(") {
        let array = if name.ends_with("[]") { "[]" } else { "" };
        return format!("interval{array}");
    }
    let (Some(open), Some(close)) = (name.find('('), name.find(')')) else { return name.to_owned() };
    // A quoted name may hold parentheses of its own; then there is nothing to strip safely.
    if name.contains('"') || close < open {
        name.to_owned()
    } else {
        format!("{}{}", &name[..open], &name[close + 1..])
    }
}

/// A role as SQL names it; the empty name is `PUBLIC`.
pub(crate) fn role(name: &str) -> String {
    if name.is_empty() { "PUBLIC".to_owned() } else { Ident::new(name).to_string() }
}

/// Whether a text that PostgreSQL printed has these words in a row, outside of names and literals.
pub(crate) fn says(text: &str, words: &[&str]) -> bool {
    let tokens = parser::tokens(text);
    tokens.windows(words.len()).any(|run| run.iter().zip(words).all(|(range, word)| text[range.clone()] == **word))
}

/// The difference in whether a child declares by itself what it inherits; each side by whether it does, and how many
/// parents have it. No statement takes such a declaration back.
pub(crate) fn declaration(from: (bool, i32), to: (bool, i32)) -> Option<&'static str> {
    match (from, to) {
        ((true, 1..), (false, 1..)) => Some("it is declared here in FROM, and only inherited in TO"),
        ((false, 1..), (true, 1..)) => Some("it is only inherited in FROM, and declared here too in TO"),
        _ => None,
    }
}

/// Whether dropping some names and adding others at the end leads from one order to the other.
pub(crate) fn is_extended_by(from: &[String], to: &[String]) -> bool {
    let kept: Vec<&String> = from.iter().filter(|name| to.contains(name)).collect();
    to.iter().take(kept.len()).eq(kept)
}

/// What those who read a view by its columns, names with types, have to hear.
pub(crate) fn view_columns_changed(from: &[(&str, &str)], to: &[(&str, &str)]) -> Option<Risk> {
    let now = |name: &str| to.iter().find(|(other, _)| *other == name).map(|(_, data_type)| *data_type);
    let gone = from.iter().filter(|(name, _)| now(name).is_none()).map(|(name, _)| (*name).to_owned());
    let retyped = from.iter().filter(|(name, data_type)| now(name).is_some_and(|it| it != *data_type));
    let (gone, retyped): (Vec<_>, Vec<_>) = (gone.collect(), retyped.map(|(name, _)| (*name).to_owned()).collect());
    (!gone.is_empty() || !retyped.is_empty()).then_some(Risk::ViewColumnsChanged { gone, retyped })
}

/// Drops one empty line, blanks and the semicolon that PostgreSQL's printers leave at the end.
pub(crate) fn trimmed(text: &str) -> &str {
    text.trim_end().trim_end_matches(';').trim_end()
}

/// A constraint's definition without the words that say it is not checked yet.
pub(crate) fn without_not_valid(definition: &str) -> &str {
    definition.strip_suffix(" NOT VALID").unwrap_or(definition)
}

/// `SET STORAGE …`, from the letter in `pg_attribute.attstorage`.
pub(crate) fn set_storage(storage: &str) -> String {
    let storage = match storage {
        "p" => "PLAIN",
        "e" => "EXTERNAL",
        "m" => "MAIN",
        _ => "EXTENDED",
    };
    format!("SET STORAGE {storage}")
}

/// `SET COMPRESSION …`, from the letter in `pg_attribute.attcompression`.
pub(crate) fn set_compression(compression: Option<&str>) -> String {
    let method = match compression {
        Some("p") => "pglz",
        Some("l") => "lz4",
        _ => "default",
    };
    format!("SET COMPRESSION {method}")
}
