//! How long a deploy waits for others, and how often it tries again.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use clap::Args;

use crate::{cli::online::Patience, model::Literal};

/// How long others may keep it waiting.
#[derive(Clone, Debug, Args)]
pub(crate) struct Waits {
    /// How many seconds to wait while somebody else deploys; 0 leaves at once
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    pub(crate) wait: u64,
    /// How long a statement may wait for a lock, where the migration says nothing
    #[arg(long, value_name = "TIME", default_value = "5s")]
    lock_timeout: Patience,
    /// How long a statement may run, where the migration says nothing [default: as the server has it]
    #[arg(long, value_name = "TIME")]
    statement_timeout: Option<Patience>,
    /// How often to try again what somebody else's lock has kept from happening
    #[arg(long, value_name = "TIMES", default_value_t = 8)]
    pub(super) retries: usize,
}

/// What a session begins a migration with.
pub(super) fn session(arguments: &Waits, own: &[String]) -> Vec<String> {
    let timeout = |name: &str, value: &Patience| format!("SET {name} = {}", Literal(value.as_str()));
    let mut session = vec!["RESET SESSION AUTHORIZATION; RESET ROLE; RESET ALL".to_owned()];
    session.extend(own.iter().cloned());
    session.push(timeout("lock_timeout", &arguments.lock_timeout));
    session.extend(arguments.statement_timeout.iter().map(|it| timeout("statement_timeout", it)));
    session
}

/// From a tenth of a second to ten seconds, each about twice as long as the one before: deployers that wait for each other
/// do not come back at the same moment.
pub(super) fn backoff(retries: usize) -> impl Iterator<Item = Duration> {
    let builder = ExponentialBuilder::default().with_min_delay(Duration::from_millis(100)).with_jitter();
    builder.with_max_delay(Duration::from_secs(10)).with_max_times(retries).build()
}
