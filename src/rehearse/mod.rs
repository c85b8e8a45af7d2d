//! Runs plans in a shadow and looks at what came of them. Names no kind.

mod attempts;
mod beside;
mod both_names;
mod converge;
pub mod dump;
mod elsewhere;
mod fates;
mod follow;
mod names;
mod observe;
mod reload;
pub mod rows;
mod run;
mod touched;
mod trial;

pub use attempts::{Planner, Rehearsal, Stage, rehearse};
pub use beside::beside;
pub use both_names::keep_both;
pub use converge::{Convergence, View, settle};
pub use dump::{Witness, pg_dump, witness};
pub use elsewhere::elsewhere;
pub use fates::{Changed, Fate};
pub use follow::{Followed, History, Seen};
pub use names::{Copier, Named, Room, Said, name};
pub use observe::{Observed, Tuples};
pub use reload::{Reloaded, lead_on, outcome, reload, wanted};
pub use run::{Failure, run};
pub use trial::Rows;
