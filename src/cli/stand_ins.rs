//! Extensions that the shadow lacks, and where stand-ins for them come from: a live side first, which has the very version;
//! then server programs of this machine; then the embedded server; and where nothing is known, nothing but the name.

use std::{cell::OnceCell, collections::BTreeSet};

use crate::{
    cli::{
        profile::{Platform, Profile},
        side::{Opening, live_version},
    },
    connect,
    diagnostic::Diagnostic,
    model::{Files, Ident, Pair},
    shadow::{Choice, Embedded, Local, Opened, Shadow, Stub, Stubbed, Wanted},
    sources,
    stubs::{Donor, stub},
};

/// Makes of the shadow that was opened one that has all that the sides need: their extensions, and the platform of the
/// profile.
///
/// # Errors
/// Diagnostics where a donor cannot be read, or the platform cannot be had.
pub(crate) fn equip(
    opened: Opened,
    choice: &Choice,
    profile: Option<Profile>,
    openings: &mut Pair<Opening>,
    words: Pair<&str>,
    files: &Files,
) -> Result<(Opened, Option<Platform>), Vec<Diagnostic>> {
    let used = profile.map(Profile::extensions).unwrap_or_default();
    let opened = provide(opened, choice, openings, words, files, used)?;
    let Some(profile) = profile else { return Ok((opened, None)) };
    let (platform, opened) = Platform::open(profile, opened, openings)?;
    Ok((opened, Some(platform)))
}

/// Makes the shadow offer every extension that the sides use, and those in `used`. Where any shadow will do and a server
/// of this machine has them all, that one is taken. What is stood in for is told once, as a warning.
///
/// # Errors
/// Diagnostics where a donor cannot be read.
fn provide(
    opened: Opened,
    choice: &Choice,
    openings: &mut Pair<Opening>,
    words: Pair<&str>,
    files: &Files,
    mut used: BTreeSet<String>,
) -> Result<Opened, Vec<Diagnostic>> {
    for opening in [&mut openings.from, &mut openings.to] {
        used.extend(extensions(opening, files));
    }
    let missing = opened.shadow.lacks(&used).map_err(|error| vec![error.diagnostic()])?;
    if missing.is_empty() {
        return Ok(opened);
    }
    let is_live = [&openings.from, &openings.to].into_iter().any(|it| live_version(it).is_some());
    let is_free = matches!(choice, Choice::Auto) && !is_live;
    // They are started once, and only where they are asked for something.
    let locals = OnceCell::new();
    if is_free {
        let mut started = start_locals();
        if let Some(at) = started.iter().position(|local| has_all(local, &used)) {
            return Ok(Opened { shadow: Box::new(started.swap_remove(at)), ..opened });
        }
        locals.get_or_init(|| started);
    }
    let Opened { shadow, mut warnings } = opened;
    let mut stubs = Vec::new();
    for extension in &missing {
        let (made, of) = match donor(extension, openings, words, &locals) {
            Some((donor, of)) => (stub(donor, extension)?, Some(of)),
            None => (Stub::empty(extension), None),
        };
        warnings.push(told(&made, of.as_deref(), &shadow.describe()));
        stubs.push(made);
    }
    Ok(Opened { shadow: Box::new(Stubbed::new(shadow, stubs)), warnings })
}

/// Those that a side creates, or has.
pub(super) fn extensions(opening: &mut Opening, files: &Files) -> BTreeSet<String> {
    match opening {
        Opening::Text(script) => sources::wanted(script, files).extensions,
        Opening::Live { client, .. } => client
            .query("SELECT extname::text FROM pg_catalog.pg_extension", &[])
            .map(|rows| rows.iter().map(|row| row.get(0)).collect())
            .unwrap_or_default(),
    }
}

/// A session in a database that has the extension, and what to call it.
fn donor(
    extension: &str,
    openings: &mut Pair<Opening>,
    words: Pair<&str>,
    locals: &OnceCell<Vec<Local>>,
) -> Option<(Box<dyn Donor>, String)> {
    for (opening, word, name) in [(&mut openings.from, words.from, "FROM"), (&mut openings.to, words.to, "TO")] {
        let Opening::Live { client, .. } = opening else { continue };
        let query = "SELECT FROM pg_catalog.pg_extension WHERE extname = $1";
        let has_it = client.query(query, &[&extension]).is_ok_and(|rows| !rows.is_empty());
        if let Some(session) = connect::Target::parse(word).ok().filter(|_| has_it).and_then(|it| it.connect().ok()) {
            return Some((Box::new(session), name.to_owned()));
        }
    }
    let embedded = Embedded::new();
    let locals = locals.get_or_init(start_locals).iter().map(|local| local as &dyn Shadow);
    let mut servers = locals.chain(std::iter::once(&embedded as &dyn Shadow));
    servers.find_map(|server| created(server, extension).map(|donor| (donor, server.describe())))
}

/// The servers that the programs of this machine can start.
fn start_locals() -> Vec<Local> {
    Local::available().into_iter().filter_map(|binaries| Local::start(&binaries).ok()).collect()
}

fn has_all(server: &Local, extensions: &BTreeSet<String>) -> bool {
    server.lacks(extensions).is_ok_and(|missing| missing.is_empty())
}

/// A scratch database in which the extension was created.
fn created(server: &dyn Shadow, extension: &str) -> Option<Box<dyn Donor>> {
    let wanted = Wanted { extensions: BTreeSet::from([extension.to_owned()]), ..Wanted::default() };
    if !server.lacks(&wanted.extensions).ok()?.is_empty() {
        return None;
    }
    let mut scratch = server.scratch(&wanted).ok()?;
    scratch.client.batch_execute(&format!("CREATE EXTENSION {} CASCADE", Ident::new(extension))).ok()?;
    Some(Box::new(scratch))
}

fn told(stub: &Stub, of: Option<&str>, shadow: &str) -> Diagnostic {
    let name = &stub.name;
    match of {
        Some(of) => {
            let count = stub.members.len();
            let title =
                format!("extension `{name}` is not on the {shadow}: stand-ins for its {count} objects are used");
            Diagnostic::warning("stand-in", title)
                .with_note(format!("made from {of}, version {}; they have its names and compute nothing", stub.version))
                .with_help(
                    "for a rehearsal with the extension itself, use a shadow that has it: `--shadow postgres://…`",
                )
        }
        None => Diagnostic::warning(
            "stand-in",
            format!("extension `{name}` is nowhere to be had; it stands empty in the shadow"),
        )
        .with_help(format!(
            "where something uses what is in `{name}`: use `--shadow local` with server programs that have it, \
                 `--shadow postgres://…` naming a server that has it, or compare with a live database that has it"
        )),
    }
}
