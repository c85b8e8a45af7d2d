//! `trueup stats URL`

use std::{path::PathBuf, time::Duration};

use clap::Args;
use postgres::error::SqlState;

use crate::{
    cli::{
        exit::{Ended, Error},
        folder::keep,
        side,
        ui::{self, Ui},
    },
    connect,
    diagnostic::Diagnostic,
    stats::take,
};

/// Write how large the tables of a live database are, for `--stats`
///
/// The snapshot has how many rows each table holds, as PostgreSQL estimates them, and how many bytes it and its indexes take
/// up. Nothing of a row is in it, and no password. `diff`, `explain` and `lint` take it with --stats: they then say what a
/// statement comes to, and `--online auto` knows which tables are small, where the database is out of reach.
/// Exit codes: 0 done; 1 the database cannot be read; 64 the command line is wrong.
#[derive(Clone, Debug, Args)]
pub(crate) struct Arguments {
    /// The database: postgres://…, or host=… dbname=…
    url: String,
    /// Write the snapshot to a file
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// How long the server may take: a file has to be looked at for each table and index.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn run(arguments: &Arguments, ui: &Ui) -> Result<Ended, Error> {
    let (target, mut client) = side::session(&arguments.url, "the argument of `trueup stats`")?;
    let statistics = {
        let _progress = ui.progress("reading sizes");
        take(&mut client, PATIENCE).map_err(|error| unreadable(&target, &error))?
    };
    match &arguments.output {
        None => ui::print(&statistics.render()).map_err(Error::Output)?,
        Some(path) => keep(path, &statistics.render())?,
    }
    let unknown = statistics.relations.iter().filter(|it| it.rows.is_none()).count();
    if 0 < unknown {
        let tables = if unknown == 1 { "1 table has".to_owned() } else { format!("{unknown} tables have") };
        ui.say(&format!("{tables} never been analysed: how many rows there are is not known before ANALYZE"));
    }
    Ok(Ended::Well)
}

fn unreadable(target: &connect::Target, error: &postgres::Error) -> Diagnostic {
    let found = side::unreadable(&target.redacted(), error);
    match error.code() {
        Some(&SqlState::LOCK_NOT_AVAILABLE) => {
            let help = "somebody has locked a table against readers; try again when that is over";
            Diagnostic { help: vec![help.to_owned()], ..found }
        }
        Some(_) | None => found,
    }
}
