//! Whether a proof is about a migration: its text, the states before and after, and what its statements do.

use std::path::Path;

use crate::{
    catalog::Catalog,
    diagnostic::Diagnostic,
    emit::{
        lint::Linted,
        observation::Observation,
        proof::{self, Proof},
    },
    model::sha256,
};

pub(super) fn read(path: &Path) -> Result<Proof, Diagnostic> {
    let unreadable = |why: String| Diagnostic::error("bad-proof", format!("cannot read `{}`: {why}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| unreadable(error.to_string()))?;
    let read: Proof = serde_json::from_str(&text).map_err(|error| unreadable(error.to_string()))?;
    match read.version {
        proof::VERSION => Ok(read),
        other => Err(unreadable(format!("it is of version {other}, and this program reads {}", proof::VERSION))),
    }
}

/// What a proof says otherwise than a migration that was rehearsed again.
pub(super) fn compare(proof: &Proof, sql: &str, before: &Catalog, after: &Catalog, linted: &Linted) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    if proof.sql != sha256(sql) {
        return vec![edited(&linted.file)];
    }
    if proof.from != proof::digest(before) {
        let title = "the schema before the migration is not the one that the proof begins with";
        found.push(Diagnostic::error("proof-stale", title).with_help("name that schema with `--from`"));
    }
    if proof.to != proof::digest(after) {
        let title = "the migration does not lead to the schema that the proof ends with";
        found.push(Diagnostic::error("proof-stale", title));
    }
    // What only sets a timeout is no statement of the plan.
    let mut rest = linted.statements.iter();
    for proven in &proof.statements {
        let Some(again) = rest.clone().position(|it| it.sql == proven.sql).and_then(|at| rest.nth(at)) else {
            continue;
        };
        let seen = again.observed.as_ref().map(Observation::from);
        if let (Some(proven), Some(seen)) = (&proven.observed, seen)
            && (&proven.locks, &proven.rewritten, &proven.gone) != (&seen.locks, &seen.rewritten, &seen.gone)
        {
            let title = "this statement does something else than the proof says";
            found.push(
                Diagnostic::error("proof-stale", title)
                    .at(again.span.clone(), "does something else")
                    .with_note(format!("the proof says: {}", told(proven)))
                    .with_note(format!("now it was: {}", told(&seen))),
            );
        }
    }
    found
}

/// A migration with another text than its proof is about.
pub(super) fn edited(file: &str) -> Diagnostic {
    let title = format!("`{file}` is not the migration that the proof is about: its text has been changed");
    Diagnostic::error("proof-stale", title).with_help("rehearse it again, and keep the new proof")
}

fn told(it: &Observation) -> String {
    let locks = it.locks.iter().map(|(name, lock)| format!("{lock} on {name}"));
    let rewritten = it.rewritten.iter().map(|name| format!("{name} rewritten"));
    let gone = it.gone.iter().map(|name| format!("{name} gone"));
    let words: Vec<String> = locks.chain(rewritten).chain(gone).collect();
    if words.is_empty() { "nothing".to_owned() } else { words.join(", ") }
}
