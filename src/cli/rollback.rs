//! `trueup rollback [N | --to NAME]`

use std::{fs, path::Path, time::Duration};

use clap::Args;

use crate::{
    cli::{
        compare::{Comparison, sound},
        config::Config,
        deploy::{self, Bounds, Waits},
        exit::{Ended, Error},
        history::{Opened, Options},
        replay::Replay,
        status::{counted, findings},
        ui::Ui,
        way_back,
    },
    diagnostic::Diagnostic,
    history::{Migration, Standing, Work, lock},
    model::Files,
    sources::{self, Script},
};

/// Take back the migrations that a database has run last
///
/// What leads back is what stands beside a migration, as `trueup new` has rehearsed and written it: a file of its own, or the
/// part after `-- +goose Down` or `-- migrate:down`. Each runs in one transaction together with the note of it. What would be
/// lost is told first, and has to be accepted.
/// Exit codes: 0 done; 1 there is no way back, or it fails; 64 the command line is wrong.
#[derive(Clone, Debug, Args)]
pub(crate) struct Arguments {
    /// How many
    #[arg(default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    count: u32,
    /// All that came after this one, which stays
    #[arg(long, value_name = "NAME", conflicts_with = "count")]
    to: Option<String>,
    #[command(flatten)]
    history: Options,
    /// Say what would run, and what would be lost
    #[arg(long)]
    dry_run: bool,
    /// Let the rows and values go that no way back brings again
    #[arg(long)]
    accept_loss: bool,
    #[command(flatten)]
    waits: Waits,
    /// The PostgreSQL to find out on what would be lost: auto, embedded, local, local:MAJOR, or postgres://… [default: auto]
    #[arg(long, value_name = "SHADOW")]
    shadow: Option<String>,
}

/// What leads back from a migration, and to which.
struct Back {
    migration: Migration,
    before: Option<Migration>,
    text: String,
    script: Script,
}

pub(crate) fn run(arguments: &Arguments, config: Option<&Path>, ui: &Ui) -> Result<Ended, Error> {
    let settings = Config::load(config)?;
    ui.diagnostics(&settings.warnings, &settings.files);
    let mut opened = arguments.history.open(&settings)?;
    if !arguments.dry_run {
        lock::take(&mut opened.client, opened.layout, Duration::from_secs(arguments.waits.wait))?;
    }
    let status = opened.status()?;
    let wrong: Vec<_> = status.migrations.iter().filter(|it| matches!(it.standing, Standing::Failed(_))).collect();
    if let Some(failed) = wrong.first() {
        return Err(findings(std::slice::from_ref(*failed)).into());
    }
    let applied: Vec<Migration> = opened.history.iter().filter(|it| status.has_run(it)).cloned().collect();
    let stays = stays(arguments, &applied)?;
    let mut files = Files::default();
    let ways: Result<Vec<Back>, _> =
        (stays..applied.len()).rev().map(|at| back(&applied, at, &opened, &mut files)).collect();
    let ways = ways.map_err(|found| Error::Diagnostics(found, files.clone()))?;
    let works: Result<Vec<Work<'_>>, _> = ways
        .iter()
        .map(|it| Work::back((&it.migration, &it.text), it.before.as_ref(), opened.layout, &it.script, &files))
        .collect();
    let works = works.map_err(|found| Error::Diagnostics(found, files.clone()))?;
    let losses = losses(arguments, &opened, &applied[..stays], config, ui)?;
    if arguments.dry_run {
        for work in &works {
            ui.say(&format!("would take back {}", work.migration.name));
        }
        losses.iter().for_each(|it| ui.say(&format!("would be lost: {it}")));
        return Ok(Ended::Well);
    }
    accept(arguments, &losses, ui)?;
    for work in &works {
        deploy::apply((&arguments.waits, &Bounds::default()), &mut opened, work, None, ui)
            .map_err(|found| Error::Diagnostics(vec![found], files.clone()))?;
    }
    ui.say(&format!("{} taken back", counted(works.len(), "migration")));
    Ok(Ended::Well)
}

/// How many of the migrations that were applied stay.
///
/// # Errors
/// A diagnostic where there are not so many, or the one that is named has not run.
fn stays(arguments: &Arguments, applied: &[Migration]) -> Result<usize, Diagnostic> {
    if let Some(name) = &arguments.to {
        let at = applied.iter().position(|it| it.name == *name || it.key == *name);
        let title = || format!("no migration that has run is called `{name}`");
        return at.map(|at| at + 1).ok_or_else(|| Diagnostic::error("not-applied", title()));
    }
    let count = usize::try_from(arguments.count).unwrap_or(usize::MAX);
    applied.len().checked_sub(count).ok_or_else(|| {
        let title = format!("the database has run {}, and not {count}", counted(applied.len(), "migration"));
        Diagnostic::error("not-applied", title)
    })
}

fn back(applied: &[Migration], at: usize, opened: &Opened, files: &mut Files) -> Result<Back, Vec<Diagnostic>> {
    let migration = &applied[at];
    let (path, text) = match (&migration.down, opened.layout.down_within(&migration.text)) {
        (Some(path), _) => {
            let text = fs::read_to_string(path).map_err(|error| {
                vec![Diagnostic::error("unreadable", format!("cannot read `{}`: {error}", path.display()))]
            })?;
            (path, text)
        }
        (None, Some(text)) => (&migration.path, text.to_owned()),
        (None, None) => {
            let title = format!("nothing leads back from {}", migration.name);
            return Err(vec![
                Diagnostic::error("no-way-back", title)
                    .with_help("write a migration that takes it back: it is rehearsed like any other"),
            ]);
        }
    };
    let script = sources::script(&path.display().to_string(), &text, files)?;
    Ok(Back { migration: migration.clone(), before: at.checked_sub(1).map(|at| applied[at].clone()), text, script })
}

/// What no way back brings again, in words: what a plan from the database to what stays would take.
fn losses(
    arguments: &Arguments,
    opened: &Opened,
    staying: &[Migration],
    config: Option<&Path>,
    ui: &Ui,
) -> Result<Vec<String>, Error> {
    let replay = Replay::new(&opened.folder, staying);
    let comparison = Comparison::to_history(&opened.url, replay, arguments.shadow.as_deref());
    let (findings, _) = sound(&comparison, config, ui)?;
    Ok(findings.plan.steps.iter().flat_map(|step| &step.loses).map(way_back::lost).collect())
}

fn accept(arguments: &Arguments, losses: &[String], ui: &Ui) -> Result<(), Diagnostic> {
    if losses.is_empty() || arguments.accept_loss {
        return Ok(());
    }
    let found = Diagnostic::error("loses-data", "the way back takes what it does not bring again");
    let found = losses.iter().cloned().fold(found, Diagnostic::with_note);
    if ui.may_ask() {
        losses.iter().for_each(|it| ui.say(&format!("would be lost: {it}")));
        let answers = ["keep everything as it is", "take the migrations back"].map(str::to_owned);
        if ui.ask("this cannot be undone", &answers) == Some(1) {
            return Ok(());
        }
    }
    Err(found.with_help("`--accept-loss` goes on"))
}
