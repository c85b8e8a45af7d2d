//! `--online`: which statements are to let others read and write meanwhile.

use std::{str::FromStr, time::Duration};

use clap::{Args, ValueEnum, builder::PossibleValue};

use crate::{
    catalog::Catalog,
    ddl::{Online, Strategy},
    model::ObjectId,
    plan::Plan,
    stats::Sizes,
};

/// When gentler forms are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Mode {
    /// Where a table is not known to be small: by --stats, or by FROM where it is a live database
    Auto,
    /// Wherever there is one
    Always,
    /// Nowhere
    Never,
}

/// How long a statement waits for a lock before it gives up, where nobody says.
const PATIENCE: &str = "2s";

#[derive(Clone, Debug, Default, Args)]
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

    /// What the planner is to know. `sizes` are those of what `from` has, by its names.
    pub(super) fn online(&self, from: &Catalog, sizes: &Sizes) -> Option<Online> {
        let mode = self.online.filter(|mode| *mode != Mode::Never)?;
        let sized = |id: &ObjectId| Some((id.clone(), sizes.get(&id.qualified())?.contents()));
        let things = from.ids().filter(|id| id.kind.takes_contents_along());
        Some(Online {
            always: mode == Mode::Always,
            off: self.online_off.iter().copied().collect(),
            bytes: things.filter_map(sized).collect(),
            ..Online::default()
        })
    }

    pub(super) fn bound_waits(&self, plan: &mut Plan) {
        if self.online.is_some_and(|mode| mode != Mode::Never) {
            plan.bound_waits(self.lock_timeout.as_ref().map_or(PATIENCE, |it| &it.0));
        }
    }
}

/// A time as `lock_timeout` takes it (PostgreSQL manual, 20.1.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Patience(String);

impl Patience {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn duration(&self) -> Duration {
        let unit = self.0.trim_start_matches(|c: char| c.is_ascii_digit());
        let number = self.0[..self.0.len() - unit.len()].parse().unwrap_or_default();
        match unit {
            "ms" => Duration::from_millis(number),
            "min" => Duration::from_secs(60 * number),
            _ => Duration::from_secs(number),
        }
    }
}

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
