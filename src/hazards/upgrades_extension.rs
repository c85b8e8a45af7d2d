//! # What it warns about
//!
//! An extension is brought to another version.
//!
//! # Why
//!
//! A script of the extension runs, with the rights of who installed it. It may change functions that indexes and
//! columns stand on, and there is mostly no way back. Its new library must be installed on the server, on replicas
//! too.
//!
//! # Instead
//!
//! Read its notes on the version. Try the upgrade on a copy, with `REINDEX` where its operators have changed.

use crate::{
    ddl::Risk,
    diagnostic::Severity,
    hazards::{Event, Found, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "upgrades-extension",
    severity: Severity::Warning,
    instead: "read the notes of the version, and try it on a copy",
    find,
};

fn find(event: &Event<'_>) -> Vec<Found> {
    let found = event.risks.iter().filter_map(|(id, risk)| match risk {
        Risk::ExtensionUpgrade(from, to) => Some(Found::of(
            event,
            id,
            format!("{} goes from {} to {}, by a script of its own", id.name, shown(from), shown(to)),
        )),
        _ => None,
    });
    found.collect()
}

fn shown(version: &Option<String>) -> String {
    version.as_ref().map_or_else(|| "the version that the server installs".to_owned(), |it| format!("version {it}"))
}
