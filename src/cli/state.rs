//! One schema state with a session in it, to ask it more than how it differs from another.

use std::{borrow::Cow, time::Duration};

use postgres::Client;

use crate::{
    catalog::Catalog,
    cli::{
        profile::{Platform, Profile},
        side::{self, Opening, unreadable},
        stand_ins,
        ui::Ui,
    },
    diagnostic::Diagnostic,
    kinds::Object,
    model::{Files, Kind, ObjectId, Pair, Span},
    rehearse::View,
    shadow::{self, Choice, Scratch},
    sources::{
        self, Script,
        introspect::{Address, Owners, introspect_addressed},
    },
};

/// What was read, and the session that it was read in.
pub(super) struct State {
    pub session: Session,
    pub known: Known,
    pub notes: Vec<Diagnostic>,
}

/// In a live database, or in a shadow that holds what is declared.
pub(super) enum Session {
    Live(Box<Client>),
    Shadow(Box<Scratch>),
}

/// The schema as it was read.
pub(super) struct Known {
    catalog: Catalog,
    /// The user's objects, as far as they have an address.
    pub objects: Vec<(Address, ObjectId)>,
    is_declared: bool,
}

impl State {
    /// Reads the state that a word names. A profile leaves out what belongs to the platform.
    ///
    /// # Errors
    /// Diagnostics for what cannot be read, or does not load.
    pub(super) fn read(
        word: &str,
        choice: &Choice,
        profile: Option<Profile>,
        files: &mut Files,
        ui: &Ui,
    ) -> Result<State, Vec<Diagnostic>> {
        let opening = side::open(word, files)?;
        let _progress = ui.progress("reading the schema");
        match opening {
            Opening::Live { client, .. } => live(client, word, profile),
            Opening::Text(script) => declared(script, word, choice, profile, files, ui),
        }
    }
}

impl Session {
    pub(super) fn is_declared(&self) -> bool {
        matches!(self, Session::Shadow(_))
    }

    pub(super) fn client(&mut self) -> &mut Client {
        match self {
            Session::Live(client) => client,
            Session::Shadow(scratch) => &mut scratch.client,
        }
    }

    /// What a statement becomes for a server that lacks something.
    pub(super) fn adapted<'a>(&self, sql: &'a str) -> Cow<'a, str> {
        match self {
            Session::Live(_) => Cow::Borrowed(sql),
            Session::Shadow(scratch) => (scratch.adapt)(sql),
        }
    }

    /// Bounds every call on a shadow, which may be a server that cannot be told to stop.
    ///
    /// # Errors
    /// A diagnostic where the shadow refuses that.
    pub(super) fn limit(&mut self, per_call: Duration) -> Result<(), Diagnostic> {
        match self {
            Session::Live(_) => Ok(()),
            Session::Shadow(scratch) => scratch.limit(per_call).map_err(|error| error.diagnostic()),
        }
    }
}

impl Known {
    /// The role that owns an object. In a shadow, that of the session is nobody's decision.
    pub(super) fn owner(&self, id: &ObjectId) -> Option<&str> {
        match self.catalog.get(&id.child(Kind::Owner, "")) {
            Some(Object::Owner(owner)) if !self.is_declared || !owner.is_session => Some(&owner.role),
            _ => None,
        }
    }

    /// Where an object is declared, or what it stands in.
    pub(super) fn place(&self, id: &ObjectId) -> Option<&Span> {
        id.upwards().find_map(|id| self.catalog.entry(id)?.written.as_ref())
    }
}

fn live(mut client: Box<Client>, word: &str, profile: Option<Profile>) -> Result<State, Vec<Diagnostic>> {
    let read = introspect_addressed(&mut client, Owners::Stated);
    let (mut catalog, mut objects) = read.map_err(|error| vec![unreadable(word, &error)])?;
    if let Some(profile) = profile {
        profile.apply(&mut catalog);
    }
    objects.retain(|(_, id)| catalog.contains(id));
    let known = Known { catalog, objects, is_declared: false };
    Ok(State { session: Session::Live(client), known, notes: Vec::new() })
}

fn declared(
    script: Script,
    word: &str,
    choice: &Choice,
    profile: Option<Profile>,
    files: &Files,
    ui: &Ui,
) -> Result<State, Vec<Diagnostic>> {
    let opened = shadow::open(choice, None).map_err(|error| vec![error.diagnostic()])?;
    let wanted = sources::wanted(&script, files);
    let mut openings = Pair::new(Opening::Text(script), Opening::Text(Script::default()));
    let (opened, platform) = stand_ins::equip(opened, choice, profile, &mut openings, Pair::new(word, "empty"), files)?;
    ui.detail(&format!("shadow: {}", opened.shadow.describe()));
    let baseline = |catalog: &mut Catalog| platform.iter().for_each(|platform: &Platform| platform.apply(catalog));
    let view = View { owners: Owners::Stated, filter: &baseline, baseline: &baseline };
    // What stands empty explains what is refused.
    let explained = |found: Vec<Diagnostic>| [opened.warnings.clone(), found].concat();
    let shadow = opened.shadow.as_ref();
    let mut side = side::read_one(openings.from, word, shadow, files, &wanted, &view).map_err(explained)?;
    baseline(&mut side.catalog);
    let gone = || Diagnostic::error("cannot-read", format!("the {} does not keep what was loaded", shadow.describe()));
    let mut scratch = side.scratch.take().ok_or_else(|| vec![gone()])?;
    let read = introspect_addressed(&mut scratch.client, Owners::Stated);
    let (_, mut objects) = read.map_err(|error| vec![unreadable(&shadow.describe(), &error)])?;
    objects.retain(|(_, id)| side.catalog.contains(id));
    let notes = [opened.warnings.clone(), side.notes].concat();
    let known = Known { catalog: side.catalog, objects, is_declared: true };
    Ok(State { session: Session::Shadow(Box::new(scratch)), known, notes })
}
