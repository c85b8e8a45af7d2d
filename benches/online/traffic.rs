//! Clients that read and write a few rows at a time, how long each of their transactions took, and how long they waited
//! for a lock. The two differ on a machine with more to do than processors.

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
use trueup::connect;

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
#[derive(Clone, Debug, Default)]
pub(crate) struct Figures {
    /// The longest wait for a lock (`pg_locks.waitstart`).
    pub(crate) blocked: Duration,
    pub(crate) longest: Duration,
    pub(crate) p99: Duration,
    pub(crate) failed: usize,
    pub(crate) count: usize,
    /// Why the first of them failed.
    pub(crate) reason: Option<String>,
    /// The change itself.
    pub(crate) took: Duration,
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |it: Duration| it.as_secs_f64() * 1000.0;
        let Figures { blocked, longest, p99, failed, count, took, .. } = *self;
        write!(f, "blocked {:.0} ms, longest {:.0} ms, p99 {:.1} ms", ms(blocked), ms(longest), ms(p99))?;
        write!(f, ", {failed} of {count} failed in {:.1} s", took.as_secs_f64())?;
        self.reason.iter().try_for_each(|it| write!(f, " ({it})"))
    }
}

/// How often the locks are looked at.
const GLANCE: Duration = Duration::from_millis(5);

/// How long one took, and why it failed.
struct Transaction {
    took: Duration,
    failed: Option<String>,
}

pub(crate) struct Traffic {
    ends: Arc<AtomicBool>,
    observer: JoinHandle<Duration>,
    clients: Vec<JoinHandle<Vec<Transaction>>>,
}

impl Traffic {
    pub(crate) fn start(sessions: &Config, statements: Statements, rows: u32) -> Result<Traffic, postgres::Error> {
        let ends = Arc::new(AtomicBool::new(false));
        let mut clients = Vec::new();
        let mut sessions_of_clients = Vec::new();
        for seed in 0..CLIENTS {
            let mut client = sessions.connect(NoTls)?;
            sessions_of_clients.push(client.query_one("SELECT pg_backend_pid()", &[])?.get(0));
            let ends = Arc::clone(&ends);
            clients.push(spawn(move || drive(client, statements, rows, seed as u64, &ends)));
        }
        let (watcher, watched) = (sessions.connect(NoTls)?, Arc::clone(&ends));
        let observer = spawn(move || watch(watcher, &sessions_of_clients, &watched));
        Ok(Traffic { ends, observer, clients })
    }

    pub(crate) fn stop(self) -> Figures {
        self.ends.store(true, Ordering::Relaxed);
        let all = self.clients.into_iter().flat_map(|client| client.join().expect("a client"));
        let all: Vec<Transaction> = all.collect();
        let mut took: Vec<Duration> = all.iter().map(|it| it.took).collect();
        took.sort_unstable();
        let p99 = took.get(took.len() * 99 / 100).copied().unwrap_or_default();
        Figures {
            blocked: self.observer.join().expect("the observer"),
            longest: took.last().copied().unwrap_or_default(),
            p99,
            failed: all.iter().filter(|it| it.failed.is_some()).count(),
            reason: all.iter().find_map(|it| it.failed.clone()),
            count: all.len(),
            took: Duration::ZERO,
        }
    }
}

fn watch(mut client: Client, sessions: &[i32], ends: &AtomicBool) -> Duration {
    let query = "SELECT coalesce(max(extract(epoch FROM clock_timestamp() - waitstart)), 0)::float8
                 FROM pg_locks WHERE NOT granted AND pid = ANY ($1)";
    let statement = client.prepare(query).expect("a query");
    let mut longest = 0.0_f64;
    while !ends.load(Ordering::Relaxed) {
        longest = longest.max(client.query_one(&statement, &[&sessions]).map_or(0.0, |row| row.get(0)));
        sleep(GLANCE);
    }
    Duration::from_secs_f64(longest)
}

fn drive(mut client: Client, statements: Statements, rows: u32, seed: u64, ends: &AtomicBool) -> Vec<Transaction> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut took = Vec::new();
    while !ends.load(Ordering::Relaxed) {
        let texts = if random.u32(0..ADDS) == 0 { statements.adds } else { statements.usual };
        let key = i64::from(random.u32(1..=rows));
        let start = Instant::now();
        let result = transact(&mut client, texts, key);
        let failed = result.err().map(|error| connect::message(&error));
        took.push(Transaction { took: start.elapsed(), failed });
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
