//! `--online`: which statements are to let others read and write meanwhile.

use std::{collections::BTreeMap, str::FromStr};

use clap::{Args, ValueEnum, builder::PossibleValue};

use crate::{
    catalog::Catalog,
    cli::side::Live,
    ddl::{Online, Strategy},
    diff::{Rename, before},
    model::ObjectId,
    plan::Plan,
};

/// When gentler forms are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Mode {
    /// Where a table is not known to be small: where FROM is a live database, its sizes are asked for
    Auto,
    /// Wherever there is one
    Always,
    /// Nowhere
    Never,
}

/// How long a statement waits for a lock before it gives up, where nobody says.
const PATIENCE: &str = "2s";

#[derive(Clone, Debug, Args)]
pub(crate) struct Options {
    /// Change tables in ways that let others read and write meanwhile: auto, always or never [default: never]
    #[arg(long, value_enum, value_name = "WHEN", hide_possible_values = true)]
    online: Option<Mode>,
    /// Do without this way of changing a table; docs/reference/strategies.md has them all
    #[arg(long, value_enum, value_name = "STRATEGY", value_delimiter = ',', hide_possible_values = true)]
    online_off: Vec<Strategy>,
    /// How long a statement may wait for its lock, with --online [default: 2s]
    #[arg(long, value_name = "TIME")]
    lock_timeout: Option<Patience>,
}

impl Options {
    /// With what the project's file says where the command line is silent.
    pub(super) fn complete(&mut self, mode: Option<Mode>, off: &[Strategy], lock_timeout: Option<&Patience>) {
        self.online = self.online.or(mode);
        if self.online_off.is_empty() {
            self.online_off = off.to_vec();
        }
        self.lock_timeout = self.lock_timeout.take().or(lock_timeout.cloned());
    }

    /// What the planner is to know. `live` is asked for the sizes of what `from` has, if anybody wants to know.
    pub(super) fn online(&self, live: Option<&mut Live>, from: &Catalog, renames: &[Rename]) -> Option<Online> {
        let mode = self.online.filter(|mode| *mode != Mode::Never)?;
        let always = mode == Mode::Always;
        let sizes = live.filter(|_| !always).map(Live::sizes).unwrap_or_default();
        let bytes = sizes_of(from, &sizes, renames);
        Some(Online { always, off: self.online_off.iter().copied().collect(), bytes, ..Online::default() })
    }

    pub(super) fn bound_waits(&self, plan: &mut Plan) {
        if self.online.is_some_and(|mode| mode != Mode::Never) {
            plan.bound_waits(self.lock_timeout.as_ref().map_or(PATIENCE, |it| &it.0));
        }
    }
}

/// The server knows its tables by the names that they have before the plan.
fn sizes_of(from: &Catalog, sizes: &BTreeMap<String, i64>, renames: &[Rename]) -> BTreeMap<ObjectId, i64> {
    let things = from.ids().filter(|id| id.kind.takes_contents_along() && !sizes.is_empty());
    things.filter_map(|id| Some((id.clone(), *sizes.get(&before(renames, id).qualified())?))).collect()
}

/// A time as `lock_timeout` takes it (PostgreSQL manual, 20.1.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Patience(String);

impl FromStr for Patience {
    type Err = String;

    fn from_str(text: &str) -> Result<Patience, String> {
        let unit = text.trim_start_matches(|c: char| c.is_ascii_digit());
        let number = &text[..text.len() - unit.len()];
        match (number.parse::<i32>(), unit) {
            (Ok(1..), "ms" | "s" | "min") => Ok(Patience(text.to_owned())),
            _ => Err("say a number with ms, s or min: `2s`".to_owned()),
        }
    }
}

impl ValueEnum for Strategy {
    fn value_variants<'a>() -> &'a [Strategy] {
        Strategy::ALL
    }
    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name()))
    }
}
