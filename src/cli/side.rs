//! One side of a comparison: a source, read into a catalog.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{
    catalog::Catalog,
    cli::{exit::Error, replay::Replay, stand_ins, ui::Ui, undeclared},
    connect,
    ddl::Target,
    diagnostic::Diagnostic,
    diff::{Change, diff, wish},
    model::{Files, ObjectId, Pair, Version},
    rehearse::{View, reload},
    shadow::{Opened, Scratch, Shadow, Wanted},
    sources::{
        self, Declared, Loaded, Mapped, Script, Source, Told, introspect,
        introspect::Owners,
        prisma::{Silence, database::Database},
    },
    stats::{self, Statistics},
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
    /// What it leaves to others, where it cannot speak of everything.
    pub silence: Option<Silence>,
    /// What a Prisma schema among its texts declares.
    pub prisma: Option<Arc<Database>>,
}

impl Side {
    /// What begins a comment where an object is declared.
    pub(crate) fn comment(&self, id: &ObjectId) -> &'static str {
        let is_prismas = |name: &str| {
            let tables = self.prisma.iter().flat_map(|it| &it.tables).map(|it| &it.name);
            tables.chain(self.prisma.iter().flat_map(|it| &it.enums).map(|it| &it.name)).any(|it| it == name)
        };
        if id.upwards().any(|it| is_prismas(it.name.raw())) { "//" } else { "--" }
    }
}

pub(crate) struct Live {
    pub version: Version,
    pub(super) client: Box<postgres::Client>,
}

impl Live {
    pub(crate) fn has_rows(&mut self, table: &ObjectId) -> bool {
        let query = format!("SELECT EXISTS (SELECT FROM {})", table.qualified());
        self.client.query_one(&query, &[]).and_then(|row| row.try_get(0)).unwrap_or(true)
    }

    /// How large everything is.
    ///
    /// # Errors
    /// What the server says, such as that somebody has locked a table for longer than anybody wants to wait here.
    pub(crate) fn statistics(&mut self) -> Result<Statistics, postgres::Error> {
        stats::take(&mut self.client, SIZES)
    }
}

/// How long it may take to say how large everything is: PostgreSQL looks at every file, some thousands of them a second.
const SIZES: Duration = Duration::from_secs(30);

/// What is to be read, opened as far as it can be without a shadow.
pub(crate) enum Opening {
    Text(Script),
    Live { client: Box<postgres::Client>, version: Version },
}

/// Reads the text of a source, or connects to it.
pub(crate) fn open(word: &str, files: &mut Files) -> Result<Opening, Vec<Diagnostic>> {
    if let Some(replay) = Replay::named(word) {
        return replay?.open(files);
    }
    let source = Source::parse(word).map_err(|diagnostic| vec![diagnostic])?;
    let Source::Live(url) = &source else { return source.read(files).map(Opening::Text) };
    let (target, mut client) = connect(url)?;
    let version = client
        .query_one("SELECT current_setting('server_version_num')::int4", &[])
        .map(|row| Version(row.get(0)))
        .map_err(|error| vec![unreadable(&target.redacted(), &error)])?;
    Ok(Opening::Live { client: Box::new(client), version })
}

/// A session on a running database.
///
/// # Errors
/// What is wrong with the connection string, or why there is no session; neither shows a password.
fn connect(url: &str) -> Result<(connect::Target, postgres::Client), Vec<Diagnostic>> {
    let target = connect::Target::parse(url)
        .map_err(|error| vec![Diagnostic::error("bad-connection-string", error.to_string())])?;
    let client = target.connect().map_err(|error| {
        let diagnostic = Diagnostic::error("cannot-connect", error.to_string());
        vec![error.hint().into_iter().fold(diagnostic, Diagnostic::with_help)]
    })?;
    Ok((target, client))
}

/// A session on the running database that a word names.
///
/// # Errors
/// That it names something else, or why there is no session. The word is not repeated: there may be a password in it.
pub(super) fn session(word: &str, said_by: &str) -> Result<(connect::Target, postgres::Client), Vec<Diagnostic>> {
    match Source::parse(word) {
        Ok(Source::Live(url)) => connect(&url),
        Ok(_) => {
            let title = format!("{said_by} names no running database");
            Err(vec![
                Diagnostic::error("not-live", title)
                    .with_help("write `postgres://user@host:5432/database`, or `host=… dbname=…`"),
            ])
        }
        Err(found) => Err(vec![found]),
    }
}

/// Reads both sides at once, with what the view leaves out. `like` is the version that a new database is to be as one of.
pub(crate) fn read(
    mut openings: Pair<Opening>,
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
    for opening in [&mut openings.from, &mut openings.to] {
        if let Opening::Text(script) = opening {
            wanted.roles.extend(sources::wanted(script, files).roles);
        }
        wanted.extensions.extend(stand_ins::extensions(opening, files));
    }
    let wanted = &wanted;
    let fault = |mut found: Vec<Diagnostic>| {
        found.dedup();
        Error::Diagnostics(found, files.clone())
    };
    let Pair { from, to } = openings;
    let (from, to) = match to {
        // What it leaves to FROM must be there before it can be read.
        Opening::Text(script) if script.silence.is_some() => {
            let from = read_one(from, words.from, shadow, files, wanted, view).map_err(fault)?;
            let mut catalog = from.catalog.clone();
            (view.baseline)(&mut catalog);
            let ground = undeclared::ground(&catalog);
            (Ok(from), read_script(&script, ground.as_ref(), shadow, files, wanted, view))
        }
        to @ (Opening::Text(_) | Opening::Live { .. }) => std::thread::scope(|scope| {
            let from = scope.spawn(|| read_one(from, words.from, shadow, files, wanted, view));
            let to = read_one(to, words.to, shadow, files, wanted, view);
            (from.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)), to)
        }),
    };
    Pair::new(from, to).transpose().map_err(fault)
}

/// Reads one side by itself.
pub(crate) fn read_one(
    opening: Opening,
    word: &str,
    shadow: &dyn Shadow,
    files: &Files,
    wanted: &Wanted,
    view: &View<'_>,
) -> Result<Side, Vec<Diagnostic>> {
    match opening {
        Opening::Text(script) => read_script(&script, None, shadow, files, wanted, view),
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
                    silence: None,
                    prisma: None,
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
                silence: None,
                prisma: None,
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
    let target = Target::new(other.version, &other.casts);
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

/// From how long a replay takes on, what it leads to is kept.
const WORTH_KEEPING: Duration = Duration::from_millis(250);

/// A database that holds what a script makes. Of a history, only those migrations run that no earlier run has known.
fn load(
    script: &Script,
    shadow: &dyn Shadow,
    files: &Files,
    wanted: &Wanted,
) -> Result<(Scratch, Loaded), Vec<Diagnostic>> {
    let known = script.ends.iter().rev().find_map(|(end, key)| Some((*end, shadow.recall(key, wanted)?)));
    let (done, mut scratch) = match known {
        Some(known) => known,
        None => (0, shadow.scratch(wanted).map_err(|error| vec![error.diagnostic()])?),
    };
    let start = Instant::now();
    let loaded = sources::load_rest(script, done, files, &mut scratch.client, &*scratch.adapt)?;
    if let Some((_, key)) = script.ends.last().filter(|(end, _)| done < *end && WORTH_KEEPING <= start.elapsed()) {
        shadow.keep(key, wanted, &mut scratch);
    }
    Ok((scratch, loaded))
}

/// Reads what a script makes, on the ground of what is there before.
fn read_script(
    script: &Script,
    ground: Option<&Catalog>,
    shadow: &dyn Shadow,
    files: &Files,
    wanted: &Wanted,
    view: &View<'_>,
) -> Result<Side, Vec<Diagnostic>> {
    let (mut scratch, loaded) = match ground {
        None => load(script, shadow, files, wanted)?,
        Some(ground) => {
            let mut scratch = reload(shadow, ground, wanted, view)?.scratch;
            let loaded = sources::load_rest(script, 0, files, &mut scratch.client, &*scratch.adapt)?;
            (scratch, loaded)
        }
    };
    let mut catalog = introspect::introspect_scratch(&mut scratch, view.owners)
        .map_err(|error| vec![unreadable(&shadow.describe(), &error)])?;
    loaded.note_places(&mut catalog);
    let Told { declared, mut doubts } = loaded.declared(&catalog);
    let mapped = loaded.annotations.mapped;
    doubts.extend(wish::idle(&mapped, &catalog));
    let notes = script.notes.iter().cloned().chain(loaded.notes).collect();
    let (silence, prisma) = (script.silence.clone(), script.prisma.clone());
    Ok(Side { catalog, scratch: Some(scratch), live: None, notes, declared, mapped, doubts, silence, prisma })
}

/// A diagnostic that shows no password.
pub(super) fn unreadable(what: &str, error: &postgres::Error) -> Diagnostic {
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
