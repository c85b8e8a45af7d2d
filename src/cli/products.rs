//! What a comparison is written down as, besides the SQL of its plan.

use std::path::{Path, PathBuf};

use crate::{
    cli::compare::Findings,
    connect::Target,
    emit::{
        json::{self, Report},
        proof::{self, Evidence, Proof},
        sql::{self, Style},
    },
    model::Files,
    sources::Source,
};

/// Everything, for machines.
pub(super) fn report(findings: &Findings, files: &Files) -> String {
    json::render(&Report {
        from: &redacted(&findings.words.from),
        to: &redacted(&findings.words.to),
        shadow: &findings.shadow,
        plan: &findings.plan,
        explanations: &findings.explanations,
        verdict: findings.verdict,
        remainder: &findings.remainder,
        observed: &findings.observed,
        rows: &findings.rows,
        witness: findings.witness.as_ref(),
        unmanaged: &findings.unmanaged,
        diagnostics: &findings.diagnostics,
        files,
    })
}

/// The way back, and what it does not bring again; nothing where it was not looked for.
pub(super) fn down(findings: &Findings, style: Style) -> Option<String> {
    let back = findings.way_back.as_ref()?;
    let lost = back.lost.iter().map(|it| format!("-- does not come back: {}\n", it.replace(['\n', '\r'], " ")));
    Some(lost.collect::<String>() + &sql::render(&back.plan, style))
}

/// What the rehearsal has shown of a migration with this text; nothing where it did not lead to TO.
pub(super) fn proof(findings: &Findings, text: &str) -> Option<String> {
    let states = findings.states.as_ref()?;
    let back = findings.way_back.as_ref();
    let proof = Proof::of(Evidence {
        sql: text,
        engine: &findings.shadow,
        from: &states.from,
        to: &states.to,
        plan: &findings.plan,
        observed: &findings.observed,
        rows: &findings.rows,
        witness: findings.witness.as_ref(),
        way_back: back.map(|back| proof::WayBack { leads_back: back.fault.is_none(), lost: back.lost.clone() }),
    });
    Some(serde_json::to_string_pretty(&proof).unwrap_or_default() + "\n")
}

/// A connection string without its password; any other word as it is.
pub(super) fn redacted(word: &str) -> String {
    match Source::parse(word) {
        Ok(Source::Live(url)) => Target::parse(&url).map_or_else(|_| "postgres://…".to_owned(), |it| it.redacted()),
        Ok(_) | Err(_) => word.to_owned(),
    }
}

/// What the proof of a migration is called.
pub(super) const PROOF: &str = "proof.json";
/// What the report on it is called.
pub(super) const REPORT: &str = "report.json";
/// What is written beside a migration.
pub(super) const BESIDE: [&str; 2] = [PROOF, REPORT];

/// `0001_a.proof.json` beside `0001_a.sql`, and `proof.json` beside `migration.sql`, which has a folder of its own.
pub(super) fn beside(up: &Path, what: &str) -> PathBuf {
    let stem = up.file_stem().map(|it| it.to_string_lossy().into_owned()).unwrap_or_default();
    let stem = stem.trim_end_matches(".up");
    up.with_file_name(if stem == "migration" { what.to_owned() } else { format!("{stem}.{what}") })
}
