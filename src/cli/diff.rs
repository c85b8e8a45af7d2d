//! `trueup diff FROM TO`

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::{
    cli::{
        compare::{Comparison, Depth, Findings, compare},
        exit::{Ended, Error},
        findings,
        folder::keep,
        hand::Manner,
        products,
        ui::{self, Ui},
    },
    emit::{
        json::Verdict,
        sql::{self, Style},
    },
    model::Files,
    rehearse::Rows,
};

/// Write the SQL that takes one schema to another, and rehearse it
///
/// FROM and TO name schema states: a .sql file, a folder of them in any order, a pg_dump file, a schema.prisma or a folder
/// with one, a live database (postgres://…, or host=… dbname=…), git:REVISION:PATH, exec:COMMAND, - for standard input, or
/// empty.
///
/// The plan is run in a shadow PostgreSQL that holds FROM, and the result is compared with TO, attribute by attribute.
/// Exit codes: 0 done; 1 something is wrong, or the plan does not reach TO; 2 there is a difference, with --exit-code;
/// 64 the command line is wrong.
#[derive(Clone, Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    comparison: Comparison,
    /// How to write the plan
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Sql)]
    format: Format,
    /// Write the plan to a file
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Find the way back too, rehearse it, and write it to a file
    #[arg(long, value_name = "FILE", conflicts_with = "no_rehearse")]
    down: Option<PathBuf>,
    /// Write what the rehearsal has shown to a file, which `trueup lint --check-proof` compares with the migration
    #[arg(long, value_name = "FILE", conflicts_with = "no_rehearse")]
    proof: Option<PathBuf>,
    /// Exit with 2 if there is a difference
    #[arg(long)]
    exit_code: bool,
    /// Put BEGIN and COMMIT around what can run in a transaction
    #[arg(long)]
    transaction: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Statements with comments
    Sql,
    /// Everything, for machines
    Json,
}

pub(crate) fn run(arguments: &Arguments, config: Option<&Path>, ui: &Ui) -> Result<Ended, Error> {
    let mut comparison = arguments.comparison.clone();
    comparison.depth = if arguments.format == Format::Json { Depth::Why } else { Depth::Nothing };
    comparison.turns_back = arguments.down.is_some() || arguments.proof.is_some();
    comparison.proves = arguments.proof.is_some();
    let (findings, files) = compare(&comparison, config, ui)?;
    write_beside(arguments, &findings, ui)?;
    match write(arguments, &findings, &files) {
        // A reader that has seen enough of the plan has not been told how it ends.
        Err(Error::Output(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => (),
        written => written?,
    }
    tell(arguments, &findings, &files, ui)
}

fn write(arguments: &Arguments, findings: &Findings, files: &Files) -> Result<(), Error> {
    let text = match arguments.format {
        Format::Sql if findings.plan.steps.is_empty() && findings.manner == Manner::Prisma => sql::EMPTY.to_owned(),
        Format::Sql => sql::render(&findings.plan, Style { transaction: arguments.transaction, ..Style::default() }),
        Format::Json => products::report(findings, files),
    };
    match &arguments.output {
        None => ui::print(&text).map_err(Error::Output),
        Some(path) => Ok(keep(path, &text)?),
    }
}

/// The way back, and the proof.
fn write_beside(arguments: &Arguments, findings: &Findings, ui: &Ui) -> Result<(), Error> {
    let style = Style { transaction: arguments.transaction, ..Style::default() };
    if let (Some(path), Some(text)) = (&arguments.down, products::down(findings, style)) {
        keep(path, &text)?;
    }
    let Some(path) = &arguments.proof else { return Ok(()) };
    match products::proof(findings, &sql::render(&findings.plan, style)) {
        Some(text) => Ok(keep(path, &text)?),
        None => {
            let why = if findings.plan.is_empty() { "nothing differs" } else { "the plan does not lead to TO" };
            ui.say(&format!("`{}` was not written: {why}", path.display()));
            Ok(())
        }
    }
}

fn tell(arguments: &Arguments, findings: &Findings, files: &Files, ui: &Ui) -> Result<Ended, Error> {
    ui.diagnostics(&findings.diagnostics, files);
    let statements = match findings.plan.steps.len() {
        1 => "1 statement".to_owned(),
        count => format!("{count} statements"),
    };
    let fault = findings.is_faulty();
    if let Some(hazards) = findings::hazards(&findings.plan).filter(|_| !fault) {
        ui.say(&hazards);
    }
    match findings.verdict {
        _ if fault => (),
        Verdict::Converged if findings.plan.steps.is_empty() => ui.say("no difference"),
        Verdict::Converged => {
            let rows = with_rows(&findings.rows);
            ui.say(&format!("{statements}; rehearsed on {}{rows}: converged", findings.shadow));
        }
        Verdict::NotRehearsed => ui.say(&format!("{statements}; not rehearsed")),
        Verdict::Remainder | Verdict::Failed => (),
    }
    Ok(match (fault, arguments.exit_code && !findings.plan.is_empty()) {
        (true, _) => Ended::WithFault,
        (false, true) => Ended::WithDifference,
        (false, false) => Ended::Well,
    })
}

/// ` with 40 rows in 2 tables`, and how many of them come from a sample
pub(super) fn with_rows(rows: &Rows) -> String {
    let filled: Vec<u32> = rows.filling.tables.iter().map(|it| it.rows).filter(|&it| 0 < it).collect();
    let tables = if filled.len() == 1 { "1 table".to_owned() } else { format!("{} tables", filled.len()) };
    let sampled: u32 = rows.filling.tables.iter().filter_map(|it| it.sampled).sum();
    let from = rows.filling.origin.iter().map(|it| format!(", {sampled} of them from {}", it.database));
    match filled.iter().sum::<u32>() {
        0 => String::new(),
        count => format!(" with {count} rows in {tables}{}", from.collect::<String>()),
    }
}
