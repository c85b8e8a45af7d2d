//! When a deploy is to stop between two statements: after a time, or where replicas lag behind.

use std::time::{Duration, Instant};

use clap::Args;
use postgres::Client;

use crate::{
    cli::{history::lost, online::Patience},
    diagnostic::Diagnostic,
};

#[derive(Clone, Debug, Args)]
pub(crate) struct Options {
    /// Begin no statement after this time; the next deploy goes on
    #[arg(long, value_name = "TIME")]
    max_duration: Option<Patience>,
    /// Begin no statement while a replica lags behind by more than this
    #[arg(long, value_name = "TIME")]
    max_replica_lag: Option<Patience>,
}

/// What is looked at before each piece of work.
#[derive(Default)]
pub(crate) struct Bounds {
    end: Option<Instant>,
    max_duration: String,
    lag: Option<Duration>,
}

/// The replicas whose state may be seen: how they are called, and by how many seconds they lag behind. Nothing where that is
/// hidden, as it is from who is no member of `pg_read_all_stats`.
const REPLICAS: &str = "
    SELECT coalesce(nullif(application_name, ''), client_addr::text, 'a replica'),
        CASE WHEN state IS NOT NULL THEN coalesce(extract(epoch FROM replay_lag), 0)::float8 END
    FROM pg_stat_replication";

impl Options {
    /// From now on.
    pub(super) fn bounds(&self) -> Bounds {
        Bounds {
            end: self.max_duration.as_ref().map(|it| Instant::now() + it.duration()),
            max_duration: self.max_duration.as_ref().map_or_else(String::new, |it| it.as_str().to_owned()),
            lag: self.max_replica_lag.as_ref().map(Patience::duration),
        }
    }
}

impl Bounds {
    /// # Errors
    /// A diagnostic where nothing more is to begin.
    pub(super) fn allow(&self, client: &mut Client) -> Result<(), Diagnostic> {
        if self.end.is_some_and(|end| end <= Instant::now()) {
            let title = format!("the deploy has taken the {} that it may", self.max_duration);
            return Err(Diagnostic::error("out-of-time", title).with_help(GOES_ON));
        }
        let Some(most) = self.lag else { return Ok(()) };
        for row in client.query(REPLICAS, &[]).map_err(|error| lost(&error))? {
            let (name, lag): (String, Option<f64>) = (row.get(0), row.get(1));
            match lag {
                Some(lag) if lag <= most.as_secs_f64() => (),
                Some(lag) => {
                    let title = format!("the replica {name} lags {lag:.1} s behind");
                    return Err(Diagnostic::error("replica-lag", title).with_help(GOES_ON));
                }
                None => {
                    let title = format!("how far the replica {name} lags behind is hidden from this role");
                    let help = "GRANT pg_read_all_stats TO the role, or deploy without `--max-replica-lag`";
                    return Err(Diagnostic::error("replica-lag", title).with_help(help));
                }
            }
        }
        Ok(())
    }
}

const GOES_ON: &str = "`trueup deploy` goes on after what is done";
