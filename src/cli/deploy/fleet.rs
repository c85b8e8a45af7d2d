//! `trueup deploy --targets`

use super::{Arguments, Common, Done, one};
use crate::{
    cli::{
        exit::{Ended, Error},
        fleet::{Alike, Fleet, Ran},
        history::Place,
        ui::{self, Ui},
    },
    emit::fleet::{Row, table},
};

/// Deploys to each target, and prints what has become of them.
///
/// # Errors
/// What is wrong before the first one.
pub(super) fn run(common: &Common<'_>, fleet: &Fleet, place: &Place, ui: &Ui) -> Result<Ended, Error> {
    fleet.fits(place.layout)?;
    let ran = fleet.each(ui, &|target, ui| one(common, &mut target.open(place)?, Some(target), ui));
    let rows: Vec<Row> = ran.into_iter().map(row).collect();
    ui::print(&table(&rows)).map_err(Error::Output)?;
    let ended = Fleet::ended(&rows, false, ui);
    if ended != Ended::Well {
        ui.say("`trueup deploy` again goes on with those that are not done");
    }
    Ok(ended)
}

/// What is kept of databases that are alike, where there are several.
pub(super) fn alike(arguments: &Arguments) -> Option<Alike> {
    arguments.fleet.is_asked().then(Alike::default)
}

fn row(ran: Ran<Done>) -> Row {
    ran.row(|name, done| match done {
        Done::Nothing => Row { applied: Some(0), ..Row::new(name, "nothing-pending", "nothing pending") },
        Done::Applied(count) => Row { applied: Some(count), ..Row::new(name, "applied", format!("applied {count}")) },
        Done::Foretold(count) => Row::new(name, "would-apply", format!("would apply {count}")),
    })
}
