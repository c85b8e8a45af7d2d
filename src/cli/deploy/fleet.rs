//! `trueup deploy --targets`

use super::{Arguments, Common, Done, one};
use crate::{
    cli::{
        exit::{Ended, Error},
        fleet::{Alike, Fleet, Outcome, Ran},
        history::Place,
        status::counted,
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
    let (outcome, shown, applied, message) = match ran.outcome {
        Outcome::Ended(Done::Nothing) => ("nothing-pending", "nothing pending".to_owned(), Some(0), None),
        Outcome::Ended(Done::Applied(count)) => ("applied", format!("applied {count}"), Some(count), None),
        Outcome::Ended(Done::Foretold(count)) => {
            ("would-apply", format!("would apply {}", counted(count, "migration")), None, None)
        }
        Outcome::Failed(message) => ("failed", format!("failed: {message}"), None, Some(message)),
        Outcome::NotBegun => ("not-begun", "not begun".to_owned(), None, None),
    };
    let Ran { name, seconds, .. } = ran;
    Row { name, outcome, shown, applied, pending: None, differs: None, message, seconds }
}
