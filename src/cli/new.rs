//! `trueup new NAME`

mod split;

use std::path::{Path, PathBuf};

use clap::Args;

use self::split::Split;
use crate::{
    cli::{
        compare::{Comparison, Findings, compare},
        config::Config,
        diff::with_rows,
        exit::{Ended, Error},
        findings,
        folder::{keep, make_way},
        hand::Manner,
        history::Options,
        online,
        products::{self, beside},
        renames,
        replay::Replay,
        sizes,
        status::counted,
        ui::{self, Ui},
    },
    ddl::When,
    diagnostic::Severity,
    emit::sql::{self, Style},
    history::{Layout, Migration, Text, next_version, slug},
    model::Files,
};

/// Write the next migration: from what the migrations so far make to the declared schema
///
/// The folder of the migrations is replayed on a shadow PostgreSQL, compared with the declared schema, and the way from one
/// to the other is rehearsed there with rows, and back. Written are the migration, what leads back, what the rehearsal has
/// shown (a proof, which `trueup lint --check-proof` compares with the migration), and a report; as the layout of the folder
/// names files. No database is changed, and none is needed.
/// Exit codes: 0 done, or nothing differs; 1 something is wrong, or the migration would not lead to the declared schema; 64
/// the command line is wrong.
#[derive(Clone, Debug, Args)]
pub(crate) struct Arguments {
    /// What the migration does: add_email_to_users
    name: String,
    #[command(flatten)]
    history: Options,
    /// The declared schema, as TO of `diff` [default: `to` of trueup.toml]
    #[arg(long, value_name = "TO")]
    to: Option<String>,
    /// Begin here, and not with what the migrations make: as FROM of `diff`
    #[arg(long, value_name = "FROM")]
    from: Option<String>,
    /// Write an empty migration, for a person to fill
    #[arg(long, conflicts_with_all = ["to", "from"])]
    create_only: bool,
    /// Write what programs do not notice, what gives rows their values, and what takes away what programs may still use, as
    /// migrations of their own
    #[arg(long, conflicts_with_all = ["from", "create_only"])]
    split: bool,
    /// The PostgreSQL to rehearse on: auto, embedded, local, local:MAJOR, or postgres://… [default: auto]
    #[arg(long, value_name = "SHADOW")]
    shadow: Option<String>,
    /// How many made-up rows each table has in the rehearsal that the plan touches [default: 20]
    #[arg(long, value_name = "ROWS")]
    rows: Option<u32>,
    #[command(flatten)]
    online: online::Options,
    #[command(flatten)]
    sizes: sizes::Options,
    #[command(flatten)]
    names: renames::Options,
    /// In whose hand the migration is to be written [default: plain]
    #[arg(long, value_enum, value_name = "STYLE", conflicts_with = "split")]
    style: Option<Manner>,
}

pub(crate) fn run(arguments: &Arguments, config: Option<&Path>, ui: &Ui) -> Result<Ended, Error> {
    let name = slug(&arguments.name)?;
    let settings = Config::load(config)?;
    let place = arguments.history.place_or_new(&settings)?;
    let at = (place.folder.as_path(), place.layout, place.history.as_slice());
    if arguments.create_only {
        ui.diagnostics(&settings.warnings, &settings.files);
        let text = Text { header: header(&name, &[]), up: String::new(), down: None, in_parts: false };
        let written = write(at, &name, &text, None)?;
        return said(&written, ui);
    }
    let replay = Replay::new(&place.folder, &place.history);
    let comparison = Comparison::for_migration(
        (arguments.from.clone(), arguments.to.clone()),
        Some(replay).filter(|_| arguments.from.is_none()),
        arguments.shadow.clone(),
        arguments.rows,
        (arguments.online.clone(), arguments.sizes.clone(), arguments.names.clone()),
    );
    let comparison = comparison.in_phases(arguments.split).in_manner(arguments.style);
    let (findings, files) = compare(&comparison, config, ui)?;
    ui.diagnostics(&findings.diagnostics, &files);
    if findings.is_faulty() {
        ui.say("nothing was written");
        return Ok(Ended::WithFault);
    }
    if findings.plan.steps.is_empty() {
        ui.say("nothing differs: no migration was written");
        return Ok(Ended::Well);
    }
    if let Some(hazards) = findings::hazards(&findings.plan) {
        ui.say(&hazards);
    }
    let mut written = if arguments.split {
        let split = Split { place: &place, shadow: arguments.shadow.as_deref(), config, ui };
        split.write(&name, findings, &files)?
    } else {
        write(at, &name, &text(&name, place.layout, &findings), Some((&findings, &files)))?
    };
    written.extend(arguments.names.remember()?.map(Path::to_owned));
    said(&written, ui)
}

fn said(written: &[PathBuf], ui: &Ui) -> Result<Ended, Error> {
    list(written)?;
    ui.say(&format!("{} written", counted(written.len(), "file")));
    Ok(Ended::Well)
}

/// Prints which files were written.
pub(super) fn list(written: &[PathBuf]) -> Result<(), Error> {
    let list: String = written.iter().map(|path| format!("{}\n", path.display())).collect();
    ui::print(&list).map_err(Error::Output)
}

pub(super) fn text(name: &str, layout: &dyn Layout, findings: &Findings) -> Text {
    let style = Style { fences: layout.fences(), ..Style::default() };
    let statements = counted(findings.plan.steps.len(), "statement");
    let seen = format!("{statements}; rehearsed on {}{}: converged", findings.shadow, with_rows(&findings.rows));
    let up = sql::render(&findings.plan, style);
    let (header, up) = match findings.manner {
        Manner::Plain => (header(name, &[seen]), up),
        Manner::Prisma => (String::new(), warnings(findings) + &up),
    };
    Text {
        header,
        up,
        down: products::down(findings, style),
        in_parts: findings.plan.steps.iter().any(|step| step.when != When::InTransaction),
    }
}

/// What the reader must know, as Prisma heads a migration.
fn warnings(findings: &Findings) -> String {
    let hazards = findings.plan.steps.iter().flat_map(|step| &step.hazards);
    let told: Vec<String> = hazards
        .filter(|it| Severity::Note < it.severity)
        .map(|it| format!("  - {}\n", it.text.replace(['\n', '\r'], " ").replace("*/", "* /")))
        .collect();
    if told.is_empty() { String::new() } else { format!("/*\n  Warnings:\n\n{}\n*/\n", told.concat()) }
}

fn header(name: &str, facts: &[String]) -> String {
    let title = format!("-- {}\n", name.replace('_', " "));
    title + &facts.iter().map(|it| format!("-- {it}\n")).collect::<String>()
}

/// Writes what there is to write, and nothing where a file is in the way.
///
/// # Errors
/// A diagnostic that names the file.
pub(super) fn write(
    (folder, layout, history): (&Path, &dyn Layout, &[Migration]),
    name: &str,
    text: &Text,
    seen: Option<(&Findings, &Files)>,
) -> Result<Vec<PathBuf>, Error> {
    let version = next_version(layout, history);
    let (up, down) = layout.paths(&version, name);
    let whole = layout.text(text);
    let mut wanted = vec![(up.clone(), whole.clone())];
    wanted.extend(down.and_then(|path| Some((path, text.down.clone()?))));
    if let Some((findings, files)) = seen {
        wanted.extend(products::proof(findings, &whole).map(|proof| (beside(&up, products::PROOF), proof)));
        wanted.push((beside(&up, products::REPORT), products::report(findings, files)));
    }
    let companion = layout.companion().map(|(path, text)| (PathBuf::from(path), text.to_owned()));
    wanted.extend(companion.filter(|(path, _)| !folder.join(path).exists()));
    let mut written = Vec::new();
    for (path, text) in wanted {
        let path = folder.join(path);
        make_way(&path)?;
        keep(&path, &text)?;
        written.push(path);
    }
    Ok(written)
}
