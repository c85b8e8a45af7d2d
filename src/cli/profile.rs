//! Platforms on which a database is not empty to begin with. A profile has a baseline, which is in every scratch database
//! before anything else, and says what belongs to the platform and is none of the user's business.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, PoisonError, RwLock},
};

use clap::ValueEnum;

use crate::{
    catalog::Catalog,
    cli::side::Opening,
    connect,
    ddl::Target,
    diagnostic::Diagnostic,
    kinds::Object,
    model::{Kind, ObjectId, Pair},
    plan::plan,
    rehearse::wanted,
    shadow::{Opened, Shadow, Stubbed, Wanted},
    sources::{
        Script,
        introspect::{Owners, introspect},
    },
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Profile {
    /// auth, storage, realtime and the other schemas of Supabase, its roles and its default privileges
    Supabase,
}

/// Schemas of Supabase and of extensions that it keeps in schemas of their own.
const MANAGED: &[&str] = &[
    "_analytics",
    "_realtime",
    "_supavisor",
    "auth",
    "cron",
    "dbdev",
    "etl",
    "extensions",
    "graphql",
    "graphql_public",
    "net",
    "pgbouncer",
    "pgmq",
    "pgmq_public",
    "pgsodium",
    "pgsodium_masks",
    "pgtle",
    "realtime",
    "repack",
    "storage",
    "supabase_functions",
    "supabase_migrations",
    "tiger",
    "tiger_data",
    "topology",
    "vault",
];

/// Extensions that every project comes with, in a version that is not the user's to choose.
const EXTENSIONS: &[&str] =
    &["pg_graphql", "pg_stat_statements", "pgcrypto", "pgjwt", "pgsodium", "supabase_vault", "uuid-ossp"];

const PUBLICATION: &str = "supabase_realtime";

impl Profile {
    /// What every scratch database holds first.
    pub(crate) fn baseline(self) -> &'static str {
        match self {
            Profile::Supabase => include_str!("profiles/supabase.sql"),
        }
    }

    /// The extensions that the baseline creates.
    pub(crate) fn extensions(self) -> BTreeSet<String> {
        match self {
            Profile::Supabase => ["pgcrypto", "uuid-ossp", "pg_stat_statements"].map(str::to_owned).into(),
        }
    }

    /// Puts the sessions of a script where those of the platform are: extensions are found without their schema.
    pub(crate) fn prepare(self, script: &mut Script) {
        let Profile::Supabase = self;
        let first = "SET search_path = \"$user\", public, extensions";
        let mut known: BTreeMap<Vec<String>, Arc<[String]>> = BTreeMap::new();
        for statement in &mut script.statements {
            let settings = known.entry(statement.settings.to_vec()).or_insert_with(|| {
                std::iter::once(first.to_owned()).chain(statement.settings.iter().cloned()).collect()
            });
            statement.settings = Arc::clone(settings);
        }
    }

    /// Leaves out of a catalog what belongs to the platform.
    pub(crate) fn apply(self, catalog: &mut Catalog) {
        let Profile::Supabase = self;
        let foreign: BTreeSet<ObjectId> = catalog
            .iter()
            .filter(|(_, entry)| matches!(&entry.object, Object::Owner(owner) if owner.role.starts_with("supabase_")))
            .filter_map(|(id, _)| id.parent().cloned())
            .collect();
        let own: BTreeSet<ObjectId> = catalog.ids().filter(|id| is_added(catalog, id)).cloned().collect();
        let keeps = |id: &ObjectId| {
            let path = || id.upwards();
            path().any(|it| own.contains(it)) || !path().any(|it| is_platforms(it) || foreign.contains(it))
        };
        let kept: BTreeSet<ObjectId> =
            catalog.ids().filter(|id| keeps(id) && !is_watch(catalog, id)).cloned().collect();
        catalog.retain(|id| kept.contains(id));
    }
}

/// A profile at work: what a database of this platform holds before anybody declares anything, as far as one can tell.
pub(crate) struct Platform {
    profile: Profile,
    initial: Catalog,
    /// What the target does not speak of: it stays as it is, and is compared nowhere.
    unstated: RwLock<BTreeSet<ObjectId>>,
}

impl Platform {
    /// Puts the profile's baseline in every database of the shadow. A live side says what its roles get by default, which
    /// differs from project to project.
    ///
    /// # Errors
    /// Diagnostics where the baseline cannot be had.
    pub(crate) fn open(
        profile: Profile,
        opened: Opened,
        openings: &mut Pair<Opening>,
    ) -> Result<(Platform, Opened), Vec<Diagnostic>> {
        let Opened { shadow, warnings } = opened;
        let mut shadow = Stubbed::new(shadow, Vec::new());
        shadow.start_from(profile.baseline(), profile.extensions());
        let mut scratch = shadow.scratch(&Wanted::default()).map_err(|error| vec![error.diagnostic()])?;
        let mut initial = read(&mut scratch.client)?;
        for opening in [&mut openings.from, &mut openings.to] {
            match opening {
                Opening::Text(script) => profile.prepare(script),
                Opening::Live { client, .. } => {
                    let live = read(client)?;
                    scratch.provide_roles(&wanted(&live)).map_err(|error| vec![error.diagnostic()])?;
                    let sql = defaults(&initial, &live)?;
                    scratch.client.batch_execute(&sql).map_err(|error| vec![unreadable(&error)])?;
                    shadow.start_from(&format!("{}{sql}", profile.baseline()), profile.extensions());
                    initial = read(&mut scratch.client)?;
                }
            }
        }
        let platform = Platform { profile, initial, unstated: RwLock::default() };
        Ok((platform, Opened { shadow: Box::new(shadow), warnings }))
    }

    /// Leaves out of a catalog what belongs to the platform.
    pub(crate) fn apply(&self, catalog: &mut Catalog) {
        self.profile.apply(catalog);
        let unstated = self.unstated.read().unwrap_or_else(PoisonError::into_inner);
        catalog.retain(|id| !unstated.contains(id));
    }

    /// Leaves out of both sides what the target has as every database of the platform has it.
    pub(crate) fn align(&self, sides: Pair<&mut Catalog>) {
        let ids: BTreeSet<ObjectId> =
            sides.from.ids().chain(sides.to.ids()).filter(|id| is_set_up(id)).cloned().collect();
        let is_silent = |id: &ObjectId| sides.to.get(id) == self.initial.get(id);
        let silent: Vec<ObjectId> = ids.into_iter().filter(is_silent).collect();
        self.unstated.write().unwrap_or_else(PoisonError::into_inner).extend(silent);
        self.apply(sides.from);
        self.apply(sides.to);
    }
}

fn read(client: &mut postgres::Client) -> Result<Catalog, Vec<Diagnostic>> {
    introspect(client, Owners::Stated).map_err(|error| vec![unreadable(&error)])
}

fn unreadable(error: &postgres::Error) -> Diagnostic {
    let reason = connect::message(error);
    Diagnostic::error("profile", format!("the baseline of the profile cannot be had: {reason}"))
        .with_help("do without `--profile`, and leave the schemas of the platform out with `--exclude`")
}

/// What makes new objects get the privileges that they get on the live side.
fn defaults(initial: &Catalog, live: &Catalog) -> Result<String, Vec<Diagnostic>> {
    let only = |catalog: &Catalog| {
        let mut catalog = catalog.clone();
        let public = |id: &ObjectId| id.kind == Kind::Schema && id.name.raw() == "public";
        catalog.retain(|id| public(id) || (id.kind == Kind::DefaultGrant && is_set_up(id)));
        catalog
    };
    let (from, to) = (only(initial), only(live));
    let target = Target::new(from.version, &from.casts);
    Ok(plan(&from, &to, target)?.steps.iter().map(|step| format!("{};\n", step.sql)).collect())
}

/// What every project has outside the schemas of the platform, each a little differently: what roles get by default, what
/// they may do in `public`, what is published in real time.
fn is_set_up(id: &ObjectId) -> bool {
    let in_public = id.parent().is_none_or(|parent| parent.kind == Kind::Schema && parent.name.raw() == "public");
    let of_realtime = |id: &ObjectId| {
        matches!(id.kind, Kind::Publication | Kind::PublicationTable | Kind::PublicationSchema)
            && id.name.raw() == PUBLICATION
    };
    let of_roles = in_public && (id.kind == Kind::DefaultGrant || (id.kind == Kind::Grant && id.parent().is_some()));
    of_roles || id.upwards().any(of_realtime)
}

/// Whether it stands in a schema of the platform, or is one of its objects outside of any.
fn is_platforms(id: &ObjectId) -> bool {
    let name = id.name.raw();
    let of_timescale = name.starts_with("timescaledb_") || name.starts_with("_timescaledb_");
    (id.kind == Kind::Schema && (MANAGED.contains(&name) || of_timescale))
        || (id.kind == Kind::Extension && EXTENSIONS.contains(&name))
        || (id.kind == Kind::DefaultGrant && name.starts_with("supabase_"))
        || (id.kind == Kind::Publication && name.starts_with(PUBLICATION) && name != PUBLICATION)
}

/// What a user may put on a table of the platform: policies, and triggers that run a function of theirs.
fn is_added(catalog: &Catalog, id: &ObjectId) -> bool {
    let mut functions = catalog.needs(id).filter(|it| it.kind == Kind::Function);
    let runs_own = functions.any(|function| !function.ancestors().any(is_platforms));
    id.kind == Kind::Policy || (id.kind == Kind::Trigger && runs_own)
}

/// An event trigger of the platform, or something on it.
fn is_watch(catalog: &Catalog, id: &ObjectId) -> bool {
    let top = id.ancestors().last().unwrap_or(id);
    let mut functions = catalog.needs(top).filter(|it| it.kind == Kind::Function);
    top.kind == Kind::EventTrigger && functions.any(|function| function.ancestors().any(is_platforms))
}
