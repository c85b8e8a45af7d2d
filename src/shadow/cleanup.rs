//! What must not be left behind when the process is interrupted: processes, directories, scratch databases. Ordinary
//! ends and panics clean up by `Drop`; a `kill -9` is noticed by the children, whose standard input closes.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

type Work = Box<dyn FnOnce() + Send>;

static PENDING: Mutex<BTreeMap<u64, Work>> = Mutex::new(BTreeMap::new());
static NEXT: AtomicU64 = AtomicU64::new(0);

/// Some clean-up that is done once: when this is dropped or when the process is interrupted.
#[must_use]
pub(crate) struct Pending(u64);

impl Pending {
    pub(crate) fn new(work: impl FnOnce() + Send + 'static) -> Pending {
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        pending().insert(id, Box::new(work));
        Pending(id)
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        let work = pending().remove(&self.0);
        if let Some(work) = work {
            work();
        }
    }
}

/// Cleans up on Ctrl-C, SIGTERM and SIGHUP, then exits with 130. To be called once, by `main`.
///
/// # Errors
/// When a handler is installed already.
pub fn install() -> Result<(), ctrlc::Error> {
    ctrlc::set_handler(|| {
        run();
        std::process::exit(130);
    })
}

/// Does all clean-up that is pending. Also for an exit by `std::process::exit`, which drops nothing.
pub fn run() {
    loop {
        let next = pending().pop_first();
        let Some((_, work)) = next else { return };
        work();
    }
}

fn pending() -> MutexGuard<'static, BTreeMap<u64, Work>> {
    PENDING.lock().unwrap_or_else(PoisonError::into_inner)
}
