//! `trueup preflight`

mod activity;
mod extensions;
mod pending;
mod replicas;
mod room;

use std::{path::Path, time::Duration};

use clap::{Args, ValueEnum};
use postgres::Client;

use self::pending::{Pending, Touched};
use crate::{
    cli::{
        config::Config,
        exit::{Ended, Error},
        history::{Opened, Options},
        side::unreadable,
        status::{counted, findings},
        ui::{self, Ui},
    },
    connect,
    diagnostic::{Diagnostic, Severity},
    emit::preflight::{self, Replica, Report, Table},
    history::{Migration, Standing},
    model::Files,
    stats,
};

/// Look for what is in the way of the next deploy, before it
///
/// Of the migrations that are pending: how large the tables are that they name, whether the role may do what they do, and
/// whether the server has their extensions. Of the server: transactions that last, locks that somebody waits for, replicas
/// that are behind, slots that nobody reads, and the room on its disk where that can be read. Nothing is changed.
/// Exit codes: 0 nothing is in the way; 1 something is; 64 the command line is wrong.
#[derive(Clone, Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    history: Options,
    /// From how many seconds on a transaction is long
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    long: u32,
    /// From how many seconds on a replica is behind
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    lag: u32,
    /// How to write it
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One line a table, and what was found
    Text,
    /// One object, for machines
    Json,
}

/// How long the server may take to say how large its tables are, and anything else.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the session cannot do by mistake either.
const READ_ONLY: &str = "SET default_transaction_read_only = on; SET statement_timeout = '60s'";

pub(crate) fn run(arguments: &Arguments, config: Option<&Path>, ui: &Ui) -> Result<Ended, Error> {
    let config = Config::load(config)?;
    ui.diagnostics(&config.warnings, &config.files);
    let mut opened = arguments.history.open(&config)?;
    let url = opened.url.clone();
    let lost = |error: postgres::Error| Error::from(unreadable(&url, &error));
    opened.client.batch_execute(READ_ONLY).map_err(lost)?;
    let mut files = Files::default();
    let status = opened.status()?;
    let mut found = findings(&status.migrations);
    let due =
        |it: &&Migration| status.standing(it).is_some_and(|it| it.is_pending() || matches!(it, Standing::Failed(_)));
    let due: Vec<Migration> = opened.history.iter().filter(due).cloned().collect();
    let pending = Pending::read(&due, &mut files).map_err(|found| Error::Diagnostics(found, files.clone()))?;
    let looked = {
        let _progress = ui.progress("looking");
        look(arguments, &mut opened, &pending).map_err(lost)?
    };
    found.extend(looked.found);
    let report = Report {
        pending: &pending.names,
        tables: &looked.tables,
        replicas: &looked.replicas,
        room: looked.room,
        diagnostics: &found,
        files: &files,
    };
    let text = match arguments.format {
        Format::Text => preflight::table(report.tables),
        Format::Json => preflight::json(&report),
    };
    ui::print(&text).map_err(Error::Output)?;
    ui.diagnostics(&found, &files);
    let in_the_way = found.iter().filter(|it| Severity::Note < it.severity).count();
    let pending = format!("{} pending", counted(due.len(), "migration"));
    if in_the_way == 0 {
        ui.say(&format!("{pending}: nothing is in the way"));
        return Ok(Ended::Well);
    }
    ui.say(&format!("{pending}: {} in the way", counted(in_the_way, "thing")));
    Ok(Ended::WithFault)
}

/// What the server has to say.
struct Looked {
    tables: Vec<Table>,
    replicas: Vec<Replica>,
    room: Option<u64>,
    found: Vec<Diagnostic>,
}

fn look(arguments: &Arguments, opened: &mut Opened, pending: &Pending) -> Result<Looked, postgres::Error> {
    let client: &mut Client = &mut opened.client;
    let touched = pending.touched(client)?;
    let oids: Vec<u32> = touched.keys().map(|it| it.oid).collect();
    let (tables, unknown) = sizes(client, pending, &touched);
    let replicas = replicas::replicas(client)?;
    let room = room::room(client, &opened.url);
    let mut found: Vec<Diagnostic> = replicas::standby(client)?.into_iter().collect();
    found.extend(pending.lacking(client)?);
    found.extend(extensions::lacking(client, pending)?);
    found.extend(activity::waiting(client)?);
    found.extend(activity::long(client, i64::from(arguments.long), &oids)?);
    found.extend(activity::hidden(client)?);
    found.extend(replicas::behind(&replicas, u64::from(arguments.lag)));
    found.extend(replicas::idle_slots(client)?);
    found.extend(room::told(room, &tables));
    found.extend(unknown);
    Ok(Looked { tables, replicas, room, found })
}

/// How large the tables are. To ask for a size is to wait for whoever has locked the table even against readers.
fn sizes(client: &mut Client, pending: &Pending, touched: &Touched) -> (Vec<Table>, Option<Diagnostic>) {
    if touched.is_empty() {
        return (Vec::new(), None);
    }
    match stats::take(client, PATIENCE) {
        Ok(statistics) => (pending.sizes(touched, &statistics), None),
        Err(error) => {
            let title = format!("the server does not say how large its tables are: {}", connect::message(&error));
            let found = Diagnostic::warning("sizes-unknown", title);
            (Vec::new(), Some(found.with_help("try again when nobody has locked a table")))
        }
    }
}
