//! `trueup check --targets`: each database beside its history; what is pending and what is declared, once for all of them.

use std::collections::BTreeSet;

use super::{Arguments, Format, Look, differ, is_wrong, movers};
use crate::{
    cli::{
        config::Config,
        drift::{Difference, unlike},
        exit::{Ended, Error},
        fleet::{Alike, Fleet, Ran, Target},
        history::{Opened, Place},
        replay::Replay,
        status::{Counts, findings},
        ui::{self, Ui},
    },
    diagnostic::Diagnostic,
    emit::{
        check,
        fleet::{Row, json, table},
    },
    model::Files,
};

/// What a target has come to.
struct Seen {
    counts: Counts,
    /// The place in the history of the first one that is pending.
    first: Option<usize>,
    /// How many findings there are of its history.
    faults: usize,
    /// How many objects are not as the history makes them; nothing where they were not compared.
    differs: Option<usize>,
}

/// Looks at all targets, and at what they have in common.
///
/// # Errors
/// What is wrong before the first one, or with what they have in common.
pub(super) fn run(
    arguments: &Arguments,
    mut look: Look<'_>,
    fleet: &Fleet,
    place: &Place,
    settings: &Config,
) -> Result<Ended, Error> {
    fleet.fits(place.layout)?;
    let (alike, shadow, config, ui) = (Alike::default(), look.shadow, look.config, look.ui);
    let compare = |opened: &Opened, replay: &Replay, ui: &Ui| unlike(opened, replay.clone(), shadow, config, ui);
    let ran = fleet.each(ui, &|target, ui| see(&alike, target, place, &compare, ui));
    let mut firsts = BTreeSet::new();
    let rows: Vec<Row> = ran.into_iter().map(|it| row(it, &mut firsts)).collect();
    for first in firsts {
        look.lint(&place.history, first, settings)?;
    }
    look.at_what_is_declared()?;
    let moves = look.ways.moves();
    look.check.moved = movers(&moves);
    match arguments.format {
        Format::Text => ui::print(&table(&rows)),
        Format::Json => ui::print(&json(&rows, Some(check::value(&look.check)))),
    }
    .map_err(Error::Output)?;
    let is_wrong = is_wrong(&look.check, &moves, ui);
    if look.to.is_some() {
        ui.say(&format!("the migrations and the declared schema: {}", differ(moves.len())));
    }
    let ended = Fleet::ended(&rows, arguments.exit_code, ui);
    Ok(if is_wrong { Ended::WithFault } else { ended })
}

/// How a database is compared with what its history makes.
type Compare<'a> = &'a dyn Fn(&Opened, &Replay, &Ui) -> Result<Vec<Difference>, Error>;

fn see(alike: &Alike, target: &Target, place: &Place, compare: Compare<'_>, ui: &Ui) -> Result<Seen, Error> {
    let mut opened = target.open(place)?;
    let status = opened.status()?;
    let found = findings(&status.migrations);
    ui.diagnostics(&found, &Files::default());
    let first = status.migrations.iter().position(|it| it.standing.is_pending());
    let differs = if status.is_half_done() || opened.is_one_schema() {
        None
    } else {
        let has_run = Replay::new(&opened.folder, opened.history.iter().filter(|it| status.has_run(it)));
        let differences = alike.look(&mut opened, &status, &|opened| compare(opened, &has_run, ui))?;
        ui.diagnostics(&told(&differences), &Files::default());
        Some(differences.len())
    };
    Ok(Seen { counts: Counts::of(&status), first, faults: found.len(), differs })
}

fn told(differences: &[Difference]) -> Vec<Diagnostic> {
    let told = |it: &Difference| Diagnostic::error("drift", it.shown());
    let mut found: Vec<Diagnostic> = differences.iter().map(told).collect();
    if let Some(last) = found.pop() {
        let help =
            "`trueup check --database URL` tells who has moved, and prints the SQL that takes it back or adopts it";
        found.push(last.with_help(help));
    }
    found
}

fn row(ran: Ran<Seen>, firsts: &mut BTreeSet<usize>) -> Row {
    ran.row(|name, seen| {
        firsts.extend(seen.first);
        let Counts { applied, pending } = seen.counts;
        let wrong = (0 < seen.faults).then(|| format!(", {} not in order", seen.faults));
        let differs = match seen.differs {
            None => ", not compared".to_owned(),
            Some(0) => String::new(),
            Some(count) => format!(", {}", differ(count)),
        };
        let outcome = match (seen.faults + seen.differs.unwrap_or_default(), pending) {
            (0, 0) => "in-order",
            (0, _) => "pending",
            (_, _) => "not-in-order",
        };
        let shown = format!("{applied} applied, {pending} pending{}{differs}", wrong.unwrap_or_default());
        let row = Row::new(name, outcome, shown);
        Row { applied: Some(applied), pending: Some(pending), differs: seen.differs, ..row }
    })
}
