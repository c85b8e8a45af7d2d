//! `trueup squash`

mod files;
mod rows;
mod stretch;
mod text;

use std::path::Path;

use clap::Args;

use self::{
    files::replace,
    stretch::{Run, migrations},
    text::Squash,
};
use crate::{
    cli::{
        compare::choice,
        config::Config,
        exit::{Ended, Error},
        history::{Options, Place},
        side::Opening,
        stand_ins,
        status::counted,
        ui::{self, Ui},
    },
    connect,
    diagnostic::{Diagnostic, Severity},
    emit::sql::Style,
    history::{Migration, Text, mark, slug, twice, version_of},
    model::{Files, Pair},
    shadow::{self, Scratch},
    sources::{self, Script},
};

/// Replace a stretch of the history by one migration that makes the same
///
/// The stretch is run on a shadow PostgreSQL, statement by statement. What changes the schema becomes the shortest way from
/// the state before the stretch to the one after it; statements that write rows are kept, in their places. Both are replayed
/// then: their catalogs have to be equal, and their rows as many. Databases that have run the whole stretch are told by
/// comments in the new migration: `trueup deploy` notes it there in place of the others.
///
/// Where statements of the stretch fail, or find what they create in place, as happens where fragments come together that
/// were never one history, these conflicts are listed; --accept-conflicts goes on without these statements.
/// Exit codes: 0 done; 1 it cannot be so; 64 the command line is wrong.
#[derive(Clone, Debug, Args)]
pub(crate) struct Arguments {
    /// What the new migration is called
    #[arg(default_value = "squashed")]
    name: String,
    /// The first migration of the stretch [default: the first of all]
    #[arg(long, value_name = "NAME")]
    first: Option<String>,
    /// The last one [default: the last of all]
    #[arg(long, value_name = "NAME")]
    last: Option<String>,
    /// Leave out the statements that fail, or find what they create in place
    #[arg(long)]
    accept_conflicts: bool,
    /// Print the new migration, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Remove files of the stretch that git does not have
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    history: Options,
    /// The PostgreSQL to replay on: auto, embedded, local, local:MAJOR, or postgres://… [default: auto]
    #[arg(long, value_name = "SHADOW")]
    shadow: Option<String>,
}

pub(crate) fn run(arguments: &Arguments, config: Option<&Path>, ui: &Ui) -> Result<Ended, Error> {
    let settings = Config::load(config)?;
    ui.diagnostics(&settings.warnings, &settings.files);
    let name = slug(&arguments.name)?;
    let Place { folder, layout, history } = arguments.history.place_with_twins(&settings)?;
    let (start, end) = bounds(arguments, &history)?;
    let (before, stretch) = (&history[..start], &history[start..=end]);
    let shadow = settings.or_said(arguments.shadow.clone(), &settings.shadow)?;
    let mut lab = Lab::open(&settings, shadow.as_deref(), &history[..=end], ui)?;
    let run = lab.run(before, stretch)?;
    let twins = stretch.windows(2).filter(|pair| pair[0].key == pair[1].key);
    let twins: Vec<Diagnostic> =
        twins.map(|pair| Diagnostic { severity: Severity::Warning, ..twice(&pair[0], &pair[1]) }).collect();
    ui.diagnostics(&twins, &Files::default());
    conflicts(arguments, &run, &lab.files, ui)?;

    let made = migrations(stretch, &run.steps);
    let style = Style { fences: layout.fences(), ..Style::default() };
    let mut squash = Squash {
        before,
        stretch,
        run: &run,
        style,
        shadow: shadow.as_deref(),
        config,
        ui,
        text: String::new(),
        alone: false,
    };
    squash.write()?;
    let last = &stretch[stretch.len() - 1];
    let header = format!(
        "-- {}\n-- stands for {}, {} to {}\n{}",
        name.replace('_', " "),
        counted(stretch.len(), "migration"),
        stretch[0].name,
        last.name,
        mark(stretch),
    );
    let (in_parts, up) = (squash.alone, squash.text.clone());
    let text = layout.text(&Text { header, up, down: None, in_parts });
    let version = version_of(last).ok_or_else(|| no_number(last))?;
    let (path, _) = layout.paths(version, &name);
    let path = folder.join(path);
    let new = Migration { path: path.clone(), text: text.clone(), ..last.clone() };
    squash.prove(&made, &new)?;
    lab.compare_rows(before, &new, ui)?;
    if arguments.dry_run {
        ui::print(&text).map_err(Error::Output)?;
        return Ok(Ended::Well);
    }
    replace(stretch, (&path, &text), arguments.force)?;
    if in_parts {
        ui.say("the new migration does not go into one transaction: `trueup deploy` runs its statements one by one");
    }
    ui::print(&format!("{}\n", path.display())).map_err(Error::Output)?;
    ui.say(&format!("{} replaced; both ways lead to the same", counted(stretch.len(), "migration")));
    Ok(Ended::Well)
}

/// The places of the first and the last migration.
fn bounds(arguments: &Arguments, history: &[Migration]) -> Result<(usize, usize), Diagnostic> {
    let place = |name: &String| {
        let at = history.iter().position(|it| it.name == *name || it.key == *name);
        at.ok_or_else(|| Diagnostic::error("no-migrations", format!("no migration is called `{name}`")))
    };
    let start = arguments.first.as_ref().map_or(Ok(0), place)?;
    let end = arguments.last.as_ref().map_or(Ok(history.len().saturating_sub(1)), place)?;
    if end <= start {
        let title = "there is nothing to squash: the stretch has to have two migrations at least";
        return Err(Diagnostic::error("nothing-to-squash", title));
    }
    Ok((start, end))
}

fn conflicts(arguments: &Arguments, run: &Run, files: &Files, ui: &Ui) -> Result<(), Error> {
    if run.conflicts.is_empty() {
        return Ok(());
    }
    let severity = if arguments.accept_conflicts { Severity::Warning } else { Severity::Error };
    let mut found: Vec<Diagnostic> =
        run.conflicts.iter().map(|it| Diagnostic { severity, code: "conflict", ..it.clone() }).collect();
    let count = counted(found.len(), "conflict");
    if arguments.accept_conflicts {
        ui.diagnostics(&found, files);
        ui.say(&format!("{count}: these statements are left out"));
        return Ok(());
    }
    let title = format!("the migrations do not make one history: {count}");
    found.push(
        Diagnostic::error("conflicts", title)
            .with_help("mend the migrations, or `--accept-conflicts` leaves out the statements that have no effect"),
    );
    Err(Error::Diagnostics(found, files.clone()))
}

fn no_number(it: &Migration) -> Diagnostic {
    Diagnostic::error("cannot-squash", format!("{} has no number for the new migration to have", it.name))
}

/// A shadow, and what was loaded on it.
struct Lab {
    opened: shadow::Opened,
    wanted: shadow::Wanted,
    files: Files,
    scratch: Scratch,
}

impl Lab {
    fn open(settings: &Config, shadow: Option<&str>, history: &[Migration], ui: &Ui) -> Result<Lab, Error> {
        let mut files = Files::default();
        let whole = script(history, &mut files)?;
        let wanted = sources::wanted(&whole, &files);
        let choice = choice(shadow)?;
        let opened = shadow::open(&choice, None).map_err(|error| Error::from(error.diagnostic()))?;
        let mut openings = Pair::new(Opening::Text(Script::default()), Opening::Text(whole));
        let words = Pair::new("", "");
        let (opened, _) = stand_ins::equip(opened, &choice, settings.profile, &mut openings, words, &files)
            .map_err(|found| Error::Diagnostics(found, files.clone()))?;
        ui.diagnostics(&opened.warnings, &files);
        let scratch = opened.shadow.scratch(&wanted).map_err(|error| Error::from(error.diagnostic()))?;
        Ok(Lab { opened, wanted, files, scratch })
    }

    /// Loads what comes before, and runs the stretch.
    fn run(&mut self, before: &[Migration], stretch: &[Migration]) -> Result<Run, Error> {
        let loaded = script(before, &mut self.files)?;
        let Scratch { client, adapt, .. } = &mut self.scratch;
        sources::load(&loaded, &self.files, client, &**adapt)
            .map_err(|found| Error::Diagnostics(found, self.files.clone()))?;
        let mut run = Run::default();
        for (at, migration) in stretch.iter().enumerate() {
            let script =
                migration.script(&mut self.files).map_err(|found| Error::Diagnostics(found, self.files.clone()))?;
            run.follow(at, &script, &self.files, &mut self.scratch).map_err(|error| lost(&error))?;
        }
        Ok(run)
    }

    /// The rows after the stretch, and after the migration that replaces it.
    fn compare_rows(&mut self, before: &[Migration], new: &Migration, ui: &Ui) -> Result<(), Error> {
        let fault = |found| Error::Diagnostics(found, Files::default());
        let after = rows::contents(&mut self.scratch.client).map_err(|error| lost(&error))?;
        let mut other = self.opened.shadow.scratch(&self.wanted).map_err(|error| Error::from(error.diagnostic()))?;
        let mut files = Files::default();
        let history: Vec<Migration> = before.iter().chain([new]).cloned().collect();
        let loaded = script(&history, &mut files)?;
        let Scratch { client, adapt, .. } = &mut other;
        sources::load(&loaded, &files, client, &**adapt).map_err(|found| Error::Diagnostics(found, files.clone()))?;
        let found = rows::compare(&after, &rows::contents(&mut other.client).map_err(|error| lost(&error))?);
        if found.iter().any(|it| it.severity == Severity::Error) {
            return Err(fault(found));
        }
        ui.diagnostics(&found, &files);
        Ok(())
    }
}

fn script(history: &[Migration], files: &mut Files) -> Result<Script, Error> {
    let texts = history.iter().map(|it| (it.path.as_path(), it.text.as_str()));
    sources::replay(texts, files).map_err(|found| Error::Diagnostics(found, files.clone()))
}

fn lost(error: &postgres::Error) -> Diagnostic {
    let title = format!("the shadow cannot go on: {}", connect::message(error));
    Diagnostic::error("shadow", title)
}
