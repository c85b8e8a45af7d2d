//! Runs the statements of a plan as `deploy` is to: bounded waits, and another try with more patience in between.

use std::{
    error::Error,
    thread::sleep,
    time::{Duration, Instant},
};

use postgres::{Client, error::SqlState};
use trueup::plan::Step;

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
const TRIES: usize = 50;

/// How long it took.
pub(crate) fn deploy(client: &mut Client, steps: &[Step]) -> Result<Duration, Box<dyn Error>> {
    let start = Instant::now();
    for step in steps {
        let timeout = step.lock_timeout.as_deref().unwrap_or("0");
        client.batch_execute(&format!("SET lock_timeout = '{timeout}'"))?;
        let mut pause = FIRST_PAUSE;
        let mut tries = 0;
        loop {
            tries += 1;
            match client.batch_execute(&step.sql) {
                Ok(()) => break,
                Err(error) if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) && tries < TRIES => {
                    sleep(pause);
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                Err(error) => return Err(format!("{}: {error:?}", step.sql).into()),
            }
        }
    }
    Ok(start.elapsed())
}
