//! One side of a comparison: a source, read into a catalog.

use std::{collections::BTreeMap, time::Duration};

use crate::{
    catalog::Catalog,
    cli::{exit::Error, ui::Ui},
    connect,
    ddl::{Obstacle, Target},
    diagnostic::Diagnostic,
    diff::{Change, Rename, before, diff, wish},
    model::{Files, ObjectId, Pair, Version},
    rehearse::{View, reload},
    shadow::{Opened, Scratch, Shadow, Wanted},
    sources::{self, Declared, Mapped, Script, Source, Told, introspect, introspect::Owners},
};

/// A schema state, as the shadow's version of PostgreSQL sees it.
pub(crate) struct Side {
    pub catalog: Catalog,
    /// A database that holds it, where there is one to spare.
    pub scratch: Option<Scratch>,
    /// The server that it lives on, if it is live.
    pub live: Option<Live>,
    pub notes: Vec<Diagnostic>,
    /// What its declarations say of their names before.
    pub declared: Vec<Declared>,
    /// What its comments say of the values of enums.
    pub mapped: Vec<Mapped>,
    /// Comments that have no effect, if this is the side whose comments count.
    pub doubts: Vec<Diagnostic>,
}

pub(crate) struct Live {
    pub version: Version,
    client: Box<postgres::Client>,
}

impl Live {
    pub(crate) fn has_rows(&mut self, table: &ObjectId) -> bool {
        let query = format!("SELECT EXISTS (SELECT FROM {})", table.qualified());
        self.client.query_one(&query, &[]).and_then(|row| row.try_get(0)).unwrap_or(true)
    }

    /// What the tables and materialized views take up, by their qualified names: a partitioned table is the sum of its
    /// partitions. Where the server does not tell, nothing is known.
    pub(crate) fn sizes(&mut self) -> BTreeMap<String, i64> {
        let rows = self.client.query(SIZES, &[]).unwrap_or_default();
        rows.iter().filter_map(|row| Some((row.try_get(0).ok()?, row.try_get(1).ok()?))).collect()
    }

    /// Whether rows are in the way of a migration by this obstacle, and how many, if they can be counted in a moment. What cannot be told at all is left to the hazard's comment. `renames` lead from what the server knows.
    pub(crate) fn met(&mut self, obstacle: &Obstacle, renames: &[Rename]) -> Option<Option<i64>> {
        let bound = format!("SET statement_timeout = {}; SET default_transaction_read_only = on", PATIENCE.as_millis());
        if self.client.batch_execute(&bound).is_err() {
            return None;
        }
        let column = before(renames, &obstacle.column);
        let table = column.container().qualified();
        // A column that is yet to come is not spoken of.
        let rows = match column.name == obstacle.column.name {
            true => table,
            false => format!("(SELECT {} AS {} FROM {table}) AS renamed", column.name, obstacle.column.name),
        };
        let mut asked =
            |query: &str| -> Option<i64> { self.client.query_one(query, &[]).and_then(|row| row.try_get(0)).ok() };
        let count = asked(&format!("SELECT count(*) FROM {rows} WHERE {}", obstacle.condition));
        match count {
            Some(0) => None,
            Some(count) => Some(Some(count)),
            None => {
                let any = asked(&format!(
                    "SELECT count(*) FROM (SELECT FROM {rows} WHERE {} LIMIT 1) AS any_row",
                    obstacle.condition
                ));
                (any == Some(1)).then_some(None)
            }
        }
    }
}

const SIZES: &str = "
    SELECT format('%I.%I', n.nspname, c.relname),
           CASE c.relkind WHEN 'p' THEN (SELECT coalesce(sum(pg_table_size(relid)), 0) FROM pg_partition_tree(c.oid) WHERE isleaf)
                          ELSE pg_table_size(c.oid) END::int8
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'm', 'p') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'";

/// How long a look at the rows of a live table may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// What is to be read, opened as far as it can be without a shadow.
pub(crate) enum Opening {
    Text(Script),
    Live { client: Box<postgres::Client>, version: Version },
}

/// Reads the text of a source, or connects to it.
pub(crate) fn open(word: &str, files: &mut Files) -> Result<Opening, Vec<Diagnostic>> {
    let source = Source::parse(word).map_err(|diagnostic| vec![diagnostic])?;
    let Source::Live(url) = &source else { return source.read(files).map(Opening::Text) };
    let target = connect::Target::parse(url)
        .map_err(|error| vec![Diagnostic::error("bad-connection-string", error.to_string())])?;
    let mut client = target.connect().map_err(|error| {
        let diagnostic = Diagnostic::error("cannot-connect", error.to_string());
        vec![error.hint().into_iter().fold(diagnostic, Diagnostic::with_help)]
    })?;
    let version = client
        .query_one("SELECT current_setting('server_version_num')::int4", &[])
        .map(|row| Version(row.get(0)))
        .map_err(|error| vec![unreadable(&target.redacted(), &error)])?;
    Ok(Opening::Live { client: Box::new(client), version })
}

/// Reads both sides at once, with what the view leaves out. `like` is the version that a new database is to be as one of.
pub(crate) fn read(
    openings: Pair<Opening>,
    words: Pair<&str>,
    opened: &Opened,
    files: &Files,
    view: &View<'_>,
    like: Option<Version>,
    ui: &Ui,
) -> Result<Pair<Side>, Error> {
    let shadow = opened.shadow.as_ref();
    let _progress = ui.progress("reading both sides");
    // What one side names must be there for the other too: the plan leads from one to the other.
    let mut wanted = Wanted { like, ..Wanted::default() };
    for opening in [&openings.from, &openings.to] {
        if let Opening::Text(script) = opening {
            let named = sources::wanted(script, files);
            wanted.roles.extend(named.roles);
            wanted.extensions.extend(named.extensions);
        }
    }
    let wanted = &wanted;
    let (from, to) = std::thread::scope(|scope| {
        let from = scope.spawn(|| read_one(openings.from, words.from, shadow, files, wanted, view));
        let to = read_one(openings.to, words.to, shadow, files, wanted, view);
        (from.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)), to)
    });
    Pair::new(from, to).transpose().map_err(|mut found| {
        found.dedup();
        Error::Diagnostics(found, files.clone())
    })
}

/// Reads one side by itself.
pub(crate) fn alone(
    opening: Opening,
    word: &str,
    shadow: &dyn Shadow,
    files: &Files,
    wanted: &Wanted,
    view: &View<'_>,
) -> Result<Side, Vec<Diagnostic>> {
    read_one(opening, word, shadow, files, wanted, view)
}

fn read_one(
    opening: Opening,
    word: &str,
    shadow: &dyn Shadow,
    files: &Files,
    wanted: &Wanted,
    view: &View<'_>,
) -> Result<Side, Vec<Diagnostic>> {
    match opening {
        Opening::Text(script) => read_script(&script, shadow, files, wanted, view.owners),
        Opening::Live { mut client, version } => {
            let mut catalog =
                introspect::introspect(&mut client, view.owners).map_err(|error| vec![unreadable(word, &error)])?;
            (view.baseline)(&mut catalog);
            if version.major_number() == shadow.version().major_number() && !shadow.stands_in() {
                let live = Some(Live { version, client });
                return Ok(Side {
                    catalog,
                    scratch: None,
                    live,
                    notes: Vec::new(),
                    declared: Vec::new(),
                    mapped: Vec::new(),
                    doubts: Vec::new(),
                });
            }
            // Texts of different servers are not compared: the live schema is read where the other side is read.
            let reloaded = reload(shadow, &catalog, wanted, view)?;
            let mut seen = reloaded.catalog;
            let notes = not_carried(&catalog, &seen).into_iter().collect();
            seen.unmanaged = catalog.unmanaged;
            seen.secrets = catalog.secrets;
            seen.server_privileges = catalog.server_privileges;
            let live = Some(Live { version, client });
            Ok(Side {
                catalog: seen,
                scratch: Some(reloaded.scratch),
                live,
                notes,
                declared: Vec::new(),
                mapped: Vec::new(),
                doubts: Vec::new(),
            })
        }
    }
}

/// What the shadow, of another version or with stand-ins, does not show as the live server does.
fn not_carried(live: &Catalog, seen: &Catalog) -> Option<Diagnostic> {
    let title = "the shadow does not show these as the live server does; differences in them may be missed";
    let lost = differences(live, seen);
    (!lost.is_empty()).then(|| {
        let found = lost.into_iter().fold(Diagnostic::warning("not-carried", title), Diagnostic::with_note);
        found.with_help(
            "use a shadow of the live server's version with its extensions: `--shadow local:MAJOR`, or `--shadow postgres://…`",
        )
    })
}

/// A database that holds FROM, which is live, in the shadow.
///
/// # Errors
/// Diagnostics that name what is not the same there: a rehearsal would not show what happens on the live server.
pub(crate) fn copy(
    shadow: &dyn Shadow,
    from: &Catalog,
    wanted: &Wanted,
    view: &View<'_>,
) -> Result<Scratch, Vec<Diagnostic>> {
    let mut copy = reload(shadow, from, wanted, view)?;
    (view.filter)(&mut copy.catalog);
    let lost = differences(from, &copy.catalog);
    if lost.is_empty() {
        return Ok(copy.scratch);
    }
    let title = format!("FROM cannot be made anew on {} as it is, so that nothing can be rehearsed", shadow.describe());
    let found = lost.into_iter().fold(Diagnostic::error("cannot-reload", title), Diagnostic::with_note);
    Err(vec![
        found.with_help("please report this with the schema; `--no-rehearse` writes the plan without a rehearsal"),
    ])
}

/// What differs between two readings of one schema. Print-outs may.
fn differences(one: &Catalog, other: &Catalog) -> Vec<String> {
    let version = one.version.min(other.version);
    let (mut one, mut other) = (one.clone(), other.clone());
    one.fit(version);
    other.fit(version);
    let target = Target { version: other.version, casts: &other.casts, online: None };
    let difference = |change| match change {
        Change::Add(id) | Change::Remove(id) => Some(id.to_string()),
        Change::Alter(id, attributes) => {
            let real: Vec<&str> =
                attributes.into_iter().filter(|attribute| !id.kind.printed().contains(attribute)).collect();
            (!real.is_empty()).then(|| format!("{id}: {}", real.join(", ")))
        }
    };
    diff(&one, &other, target).into_iter().filter_map(difference).collect()
}

fn read_script(
    script: &Script,
    shadow: &dyn Shadow,
    files: &Files,
    wanted: &Wanted,
    owners: Owners,
) -> Result<Side, Vec<Diagnostic>> {
    let mut scratch = shadow.scratch(wanted).map_err(|error| vec![error.diagnostic()])?;
    let loaded = sources::load(script, files, &mut scratch.client, &*scratch.adapt)?;
    let mut catalog = introspect::introspect_scratch(&mut scratch, owners)
        .map_err(|error| vec![unreadable(&shadow.describe(), &error)])?;
    loaded.note_places(&mut catalog);
    let Told { declared, mut doubts } = loaded.declared(&catalog);
    let mapped = loaded.annotations.mapped;
    doubts.extend(wish::idle(&mapped, &catalog));
    let notes = script.notes.iter().cloned().chain(loaded.notes).collect();
    Ok(Side { catalog, scratch: Some(scratch), live: None, notes, declared, mapped, doubts })
}

fn unreadable(what: &str, error: &postgres::Error) -> Diagnostic {
    let source = std::error::Error::source(error).map(|it| format!(": {it}")).unwrap_or_default();
    let reason = error.as_db_error().map_or_else(|| format!("{error}{source}"), |it| it.message().to_owned());
    // The word may be a connection string, with a password in it.
    let what = connect::Target::parse(what).map_or_else(|_| what.to_owned(), |target| target.redacted());
    Diagnostic::error("cannot-read", format!("the catalog of {what} cannot be read: {reason}"))
        .with_help("check that the server is up, and that the role may connect to the database")
}

/// Which owners count. Only where both sides are live has everybody decided on every owner.
pub(crate) fn owners(openings: &Pair<Opening>) -> Owners {
    match (&openings.from, &openings.to) {
        (Opening::Live { .. }, Opening::Live { .. }) => Owners::All,
        _ => Owners::Stated,
    }
}

pub(crate) fn live_version(opening: &Opening) -> Option<Version> {
    match opening {
        Opening::Live { version, .. } => Some(*version),
        Opening::Text(_) => None,
    }
}
