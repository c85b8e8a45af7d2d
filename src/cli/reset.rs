//! `trueup reset`

use std::path::Path;

use clap::Args;
use postgres::Client;

use crate::{
    cli::{
        compare::{Comparison, sound},
        config::Config,
        deploy,
        exit::{Ended, Error},
        history::lost,
        status::counted,
        ui::Ui,
    },
    connect::{self, Host, Target},
    diagnostic::Diagnostic,
    model::Pair,
};

/// Empty a database of development, and run all migrations again
///
/// Drops everything that is in the database, rows and all, and deploys the history from its first migration on. Refused where
/// anything says that the database is one of production: its name or address, `production = true` in trueup.toml, a host that
/// is not this machine, or more rows than a test has.
/// Exit codes: 0 done; 1 it was refused, or failed; 64 the command line is wrong.
#[derive(Clone, Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    deploy: deploy::Arguments,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Go on though the database is on another machine
    #[arg(long)]
    allow_remote: bool,
    /// Go on though there are many rows
    #[arg(long)]
    allow_rows: bool,
}

/// More than this many rows are nobody's test.
const MANY: i64 = 100_000;

/// Words in a name or an address that nobody gives a database of development.
const SIGNS: [&str; 3] = ["prod", "production", "live"];

pub(crate) fn run(arguments: &Arguments, config: Option<&Path>, ui: &Ui) -> Result<Ended, Error> {
    if arguments.deploy.fleet.is_asked() {
        return Err(Error::Usage("`reset` empties one database: `--targets` is not for it".to_owned()));
    }
    let settings = Config::load(config)?;
    let mut opened = arguments.deploy.history.open(&settings)?;
    let target =
        Target::parse(&opened.url).map_err(|error| Diagnostic::error("bad-connection-string", error.to_string()))?;
    let signs = signs(arguments, &settings, &target, &mut opened.client)?;
    if !signs.is_empty() {
        return Err(signs.into());
    }
    let comparison = Comparison::between(Pair::new(&opened.url, "empty"), None, None).emptying();
    let (found, _) = sound(&comparison, config, ui)?;
    let count = counted(found.plan.steps.len(), "statement");
    if arguments.deploy.is_dry() {
        ui.say(&format!("would drop everything in {}: {count}", target.redacted()));
        return Ok(Ended::Well);
    }
    let question = format!("drop everything in {}?", target.redacted());
    let answers = ["keep it", "drop everything"].map(str::to_owned);
    let is_confirmed = || ui.may_ask() && ui.ask(&question, &answers) == Some(1);
    if !arguments.yes && !is_confirmed() {
        let title = format!("nobody has said that everything in {} may go", target.redacted());
        return Err(Diagnostic::error("not-confirmed", title).with_help("`--yes` says it").into());
    }
    for step in &found.plan.steps {
        opened.client.batch_execute(&step.sql).map_err(|error| stuck(&step.sql, &error))?;
    }
    drop(opened);
    ui.say(&format!("{} is empty: {count}", target.redacted()));
    deploy::run(&arguments.deploy, config, ui)
}

/// Whatever says that this is a database of production.
fn signs(
    arguments: &Arguments,
    settings: &Config,
    target: &Target,
    client: &mut Client,
) -> Result<Vec<Diagnostic>, Diagnostic> {
    let mut found = Vec::new();
    let refused = |title: String| Diagnostic::error("looks-like-production", title);
    if settings.production {
        found.push(refused("`trueup.toml` says `production = true`".to_owned()));
    }
    let hosts: Vec<String> = target.hosts().map(|(host, _)| name(host)).collect();
    let is_sign = |word: &str| SIGNS.contains(&word.to_lowercase().as_str());
    let says_so = |name: &str| name.split(|c: char| !c.is_ascii_alphanumeric()).any(is_sign);
    let names = [target.database().to_owned(), target.user().to_owned()];
    for name in names.iter().chain(&hosts).filter(|name| says_so(name)) {
        found.push(refused(format!("`{name}` is a name of production")));
    }
    let remote = hosts.iter().filter(|host| !is_here(host) && !arguments.allow_remote);
    found.extend(remote.map(|host| {
        refused(format!("the database is on another machine: {host}"))
            .with_help("`--allow-remote` goes on all the same")
    }));
    let select = "SELECT coalesce(sum(greatest(reltuples, 0)), 0)::int8 FROM pg_class
                  WHERE relkind = 'r' AND relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)";
    let rows: i64 = client.query_one(select, &[]).map_err(|error| lost(&error))?.get(0);
    if MANY < rows && !arguments.allow_rows {
        let title = format!("there are about {rows} rows");
        found.push(refused(title).with_help("`--allow-rows` goes on all the same"));
    }
    Ok(found)
}

fn name(host: &Host) -> String {
    match host {
        Host::Name { name, .. } => name.clone(),
        Host::Socket(_) => "localhost".to_owned(),
    }
}

fn is_here(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|it| it.is_loopback())
}

fn stuck(sql: &str, error: &postgres::Error) -> Diagnostic {
    let title = format!("the database could not be emptied: {}", connect::message(error));
    Diagnostic::error("reset-failed", title).with_note(sql.to_owned())
}
