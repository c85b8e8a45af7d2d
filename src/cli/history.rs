//! Which history a command is about: a folder, its layout, and a database.

use std::path::PathBuf;

use clap::Args;
use postgres::Client;

use crate::{
    cli::{config::Config, exit::Error, side},
    connect,
    diagnostic::Diagnostic,
    history::{self, Layout, Migration, Standing, Status},
    model::Ident,
};

/// Where a history and its database are.
#[derive(Clone, Debug, Args)]
pub(super) struct Options {
    /// The folder with the migrations [default: prisma/migrations, supabase/migrations, db/migrations, or migrations]
    #[arg(long, value_name = "FOLDER")]
    migrations: Option<PathBuf>,
    /// Whose files and table they are: prisma, supabase, goose, dbmate, flyway, golang-migrate, sqlx, refinery, or plain [default: as
    /// the files show]
    #[arg(long, value_name = "LAYOUT")]
    layout: Option<String>,
    /// The database that they are for [default: $DATABASE_URL]
    #[arg(long, value_name = "URL")]
    database: Option<String>,
}

/// A history that was read, and a session in its database.
pub(super) struct Opened {
    pub folder: PathBuf,
    pub layout: &'static dyn Layout,
    pub history: Vec<Migration>,
    pub client: Client,
    pub url: String,
    /// What takes the session where it is to be.
    pub session: Vec<String>,
    /// The schema that the history is in, where that was said.
    pub schema: Option<String>,
}

impl Opened {
    /// # Errors
    /// A diagnostic where the table cannot be read.
    pub(super) fn status(&mut self) -> Result<Status, Diagnostic> {
        history::status(&mut self.client, self.layout, &self.history).map_err(|error| lost(&error))
    }

    /// Whether the history is of one schema among others.
    pub(super) fn is_one_schema(&self) -> bool {
        self.schema.as_ref().is_some_and(|schema| schema != "public")
    }

    /// Notes migrations that stand for others in place of these, where the database has run all of them; says which.
    ///
    /// # Errors
    /// A diagnostic where the table cannot be written.
    pub(super) fn note_squashed(&mut self, status: &Status) -> Result<Vec<String>, Diagnostic> {
        let is_due = |it: &&Migration| status.standing(it) == Some(&Standing::Squashed);
        let due: Vec<Migration> = self.history.iter().filter(is_due).cloned().collect();
        let note = |it: &Migration, client: &mut Client| {
            let mut transaction = client.transaction()?;
            history::replaced(&it.text).iter().try_for_each(|key| self.layout.forget(&mut transaction, key))?;
            self.layout.note_applied(&mut transaction, it)?;
            transaction.commit()
        };
        due.iter().try_for_each(|it| note(it, &mut self.client)).map_err(|error| lost(&error))?;
        Ok(due.into_iter().map(|it| it.name).collect())
    }
}

/// What names the database.
const SAID_BY: &str = "`--database`";

/// Where the tools of the field keep migrations.
const FOLDERS: [&str; 4] = ["prisma/migrations", "supabase/migrations", "db/migrations", "migrations"];

/// A history in files.
#[derive(Clone)]
pub(super) struct Place {
    pub folder: PathBuf,
    pub layout: &'static dyn Layout,
    pub history: Vec<Migration>,
}

impl Options {
    /// The history in its folder.
    pub(super) fn place(&self, config: &Config) -> Result<Place, Error> {
        let (folder, layout) = self.folder_and_layout(config)?;
        Ok(Place { history: history::history(&folder, layout)?, folder, layout })
    }

    /// As [`Options::place`], also where several migrations have one number.
    pub(super) fn place_with_twins(&self, config: &Config) -> Result<Place, Error> {
        let (folder, layout) = self.folder_and_layout(config)?;
        Ok(Place { history: history::all(&folder, layout)?, folder, layout })
    }

    fn folder_and_layout(&self, config: &Config) -> Result<(PathBuf, &'static dyn Layout), Error> {
        let folder = self.folder(config)?;
        let layout = self.layout(config)?.map_or_else(|| history::detect(&folder), Ok)?;
        Ok((folder, layout))
    }

    /// The history, which may be still to come.
    pub(super) fn place_or_new(&self, config: &Config) -> Result<Place, Error> {
        let folder = self.folder(config)?;
        if folder.exists() {
            return self.place(config);
        }
        let layout = self.layout(config)?.unwrap_or_else(|| history::usual(&folder));
        Ok(Place { layout, folder, history: Vec::new() })
    }

    fn layout(&self, config: &Config) -> Result<Option<&'static dyn Layout>, Diagnostic> {
        self.layout.as_ref().or(config.layout.as_ref()).map(|name| history::layout(name)).transpose()
    }

    pub(super) fn open(&self, config: &Config) -> Result<Opened, Error> {
        self.session(self.place(config)?, config)
    }

    /// As [`Options::open`], where there may be no history yet.
    pub(super) fn open_or_new(&self, config: &Config) -> Result<Opened, Error> {
        self.session(self.place_or_new(config)?, config)
    }

    fn session(&self, place: Place, config: &Config) -> Result<Opened, Error> {
        let Some(url) = self.url(config)? else {
            let title = "the database is not named: say `--database URL`, set DATABASE_URL, or put `database` in \
                         `trueup.toml`";
            return Err(Error::Usage(title.to_owned()));
        };
        place.at(url, None, SAID_BY)
    }

    fn folder(&self, config: &Config) -> Result<PathBuf, Diagnostic> {
        let said = self.migrations.clone().or_else(|| config.migrations.clone());
        let usual = || FOLDERS.iter().map(PathBuf::from).find(|folder| folder.is_dir());
        said.or_else(usual).ok_or_else(|| {
            Diagnostic::error("no-migrations", "there is no folder with migrations here")
                .with_note(format!("looked for {}", FOLDERS.join(", ")))
                .with_help("name it with `--migrations`, or as `migrations` in `trueup.toml`")
        })
    }

    /// A session for a history that was read, where a database is named.
    pub(super) fn open_if_named(&self, place: &Place, config: &Config) -> Result<Option<Opened>, Error> {
        self.url(config)?.map(|url| place.clone().at(url, None, SAID_BY)).transpose()
    }

    fn url(&self, config: &Config) -> Result<Option<String>, Error> {
        let from_environment = || std::env::var("DATABASE_URL").ok().filter(|url| !url.is_empty());
        Ok(config.or_said(self.database.clone(), &config.database)?.or_else(from_environment))
    }
}

impl Place {
    /// With a session in a database, in the schema that is named here or in the URL. `said_by` is what names the database.
    ///
    /// # Errors
    /// Diagnostics that say why there is no session.
    pub(super) fn at(self, url: String, schema: Option<&str>, said_by: &str) -> Result<Opened, Error> {
        let Place { folder, layout, history } = self;
        let (target, mut client) = side::session(&url, said_by)?;
        let schema = schema.or_else(|| schema_of(&target)).map(str::to_owned);
        let session: Vec<String> =
            schema.iter().map(|schema| format!("SET search_path = {}", Ident::new(schema))).collect();
        let unreadable = |error| side::unreadable(&target.redacted(), &error);
        session.iter().try_for_each(|setting| client.batch_execute(setting)).map_err(unreadable)?;
        Ok(Opened { folder, layout, history, client, url, session, schema })
    }
}

/// Prisma's `?schema=` is where the table of its history is.
pub(super) fn schema_of(target: &connect::Target) -> Option<&str> {
    let (_, schema) = target.ignored().iter().find(|(name, _)| name == "schema")?;
    Some(schema)
}

/// The server, while it is asked about a history.
pub(super) fn lost(error: &postgres::Error) -> Diagnostic {
    let reason = connect::message(error);
    Diagnostic::error(
        "history-unreadable",
        format!("the database does not let its history be read or written: {reason}"),
    )
    .with_help("the role needs to read the table of the history, and to write it where something is to be noted")
}
