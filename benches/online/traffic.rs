//! Clients that read and write a few rows at a time, and how long each of their transactions took.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{JoinHandle, sleep, spawn},
    time::{Duration, Instant},
};

use postgres::{Client, Config, NoTls};

pub(crate) const CLIENTS: usize = 4;
/// Between two transactions of a client, so that they wait for each other and not for a processor.
const PAUSE: Duration = Duration::from_millis(4);
/// One in so many transactions adds rows.
const ADDS: u32 = 8;

/// Statements of one transaction. Each takes the key of a row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Statements {
    pub(crate) usual: &'static [&'static str],
    pub(crate) adds: &'static [&'static str],
}

/// What clients went through.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Figures {
    pub(crate) longest: Duration,
    pub(crate) p99: Duration,
    pub(crate) failed: usize,
    pub(crate) count: usize,
    /// The change itself.
    pub(crate) took: Duration,
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |it: Duration| it.as_secs_f64() * 1000.0;
        write!(f, "longest {:.0} ms, p99 {:.1} ms, {} of {} failed", ms(self.longest), ms(self.p99), self.failed, self.count)?;
        if self.took.is_zero() { Ok(()) } else { write!(f, ", took {:.1} s", self.took.as_secs_f64()) }
    }
}

pub(crate) struct Traffic {
    ends: Arc<AtomicBool>,
    clients: Vec<JoinHandle<Vec<Result<Duration, Duration>>>>,
}

impl Traffic {
    pub(crate) fn start(sessions: &Config, statements: Statements, rows: u32) -> Result<Traffic, postgres::Error> {
        let ends = Arc::new(AtomicBool::new(false));
        let mut clients = Vec::new();
        for seed in 0..CLIENTS {
            let client = sessions.connect(NoTls)?;
            let ends = Arc::clone(&ends);
            clients.push(spawn(move || drive(client, statements, rows, seed as u64, &ends)));
        }
        Ok(Traffic { ends, clients })
    }

    pub(crate) fn stop(self) -> Figures {
        self.ends.store(true, Ordering::Relaxed);
        let all = self.clients.into_iter().flat_map(|client| client.join().expect("a client"));
        let all: Vec<Result<Duration, Duration>> = all.collect();
        let mut took: Vec<Duration> = all.iter().map(|it| it.unwrap_or_else(|took| took)).collect();
        took.sort_unstable();
        let p99 = took.get(took.len() * 99 / 100).copied().unwrap_or_default();
        Figures {
            longest: took.last().copied().unwrap_or_default(),
            p99,
            failed: all.iter().filter(|it| it.is_err()).count(),
            count: all.len(),
            took: Duration::ZERO,
        }
    }
}

fn drive(
    mut client: Client,
    statements: Statements,
    rows: u32,
    seed: u64,
    ends: &AtomicBool,
) -> Vec<Result<Duration, Duration>> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut took = Vec::new();
    while !ends.load(Ordering::Relaxed) {
        let texts = if random.u32(0..ADDS) == 0 { statements.adds } else { statements.usual };
        let key = i64::from(random.u32(1..=rows));
        let start = Instant::now();
        let result = transact(&mut client, texts, key);
        took.push(result.map(|()| start.elapsed()).map_err(|_| start.elapsed()));
        sleep(PAUSE);
    }
    took
}

fn transact(client: &mut Client, texts: &[&str], key: i64) -> Result<(), postgres::Error> {
    let mut transaction = client.transaction()?;
    for text in texts {
        transaction.execute(*text, &[&key])?;
    }
    transaction.commit()
}
