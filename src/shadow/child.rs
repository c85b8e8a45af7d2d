//! A server process of our own: our binary, started again with the hidden `shadow-server` command. It lives in a
//! private directory and ends when its standard input closes, that is, with us however we end.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant, UNIX_EPOCH};

use super::cleanup::Pending;
use super::{Error, SERVER_COMMAND, storage};

/// The first start ever unpacks a cache, and machines of continuous integration are slow.
const START_LIMIT: Duration = Duration::from_secs(120);

/// A supervisor stops its server within five seconds.
const END_LIMIT: Duration = Duration::from_secs(8);

type Orders = Arc<Mutex<Option<ChildStdin>>>;

/// A running server process and its directory; both go when it is dropped.
pub(super) struct Child {
    what: String,
    dir: PathBuf,
    lines: Mutex<Receiver<String>>,
    orders: Orders,
    _end: Pending,
}

impl Child {
    /// Starts our own binary as `shadow-server KIND DIR …` in a fresh directory under `parent`.
    pub(super) fn start(
        kind: &str,
        what: &str,
        parent: &Path,
        configure: impl FnOnce(&Path, &mut Command),
    ) -> Result<Child, Error> {
        let dir = tempfile::Builder::new()
            .prefix("trueup-")
            .permissions(std::fs::Permissions::from_mode(0o700))
            .tempdir_in(parent)
            .map_err(Error::io("create a directory in", parent))?
            .keep();
        let exe = executable()?;
        let log = dir.join("log");
        let stderr = File::create(&log).map_err(Error::io("write", &log))?;
        let mut command = Command::new(&exe);
        command
            .args([SERVER_COMMAND, kind])
            .arg(&dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(stderr)
            // Ctrl-C in a terminal is for us to handle; the child follows when we go.
            .process_group(0);
        configure(&dir, &mut command);
        let spawned = {
            let _held = crate::model::parser::undisturbed();
            command.spawn()
        };
        let mut process = spawned.map_err(Error::io("run", exe))?;
        let (orders, lines) = (process.stdin.take(), lines(process.stdout.take()));
        let orders = Arc::new(Mutex::new(orders));
        let end = {
            let (orders, dir) = (Arc::clone(&orders), dir.clone());
            Pending::new(move || end(&mut process, &orders, &dir))
        };
        Ok(Child { what: what.to_owned(), dir, lines: Mutex::new(lines), orders, _end: end })
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Waits for a line that starts with this word, and returns what follows it.
    pub(super) fn wait_for(&self, word: &str) -> Result<String, Error> {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            match lines.recv_timeout(START_LIMIT) {
                Ok(line) => {
                    if let Some(rest) = line.strip_prefix(word) {
                        return Ok(rest.trim().to_owned());
                    }
                }
                Err(RecvTimeoutError::Disconnected) => return Err(self.failed()),
                Err(RecvTimeoutError::Timeout) => {
                    return Err(Error::StartTimeout { what: self.what.clone(), seconds: START_LIMIT.as_secs() });
                }
            }
        }
    }

    /// Sends one line. A child that is gone is noticed by whoever waits for its answer.
    pub(super) fn order(&self, line: &str) {
        let mut orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(orders) = orders.as_mut() {
            orders.write_all(line.as_bytes()).ok();
        }
    }

    fn failed(&self) -> Error {
        let log = std::fs::read_to_string(self.dir.join("log")).unwrap_or_default();
        let lines = log.lines().filter(|line| !line.trim().is_empty()).collect::<Vec<_>>();
        let reason = lines[lines.len().saturating_sub(5)..].join("; ");
        let reason = if reason.is_empty() { "its process ended without a word".to_owned() } else { reason };
        Error::Start { what: self.what.clone(), reason }
    }
}

/// Closes the child's standard input, which tells it to stop and clean up, and does both itself if it does not.
fn end(process: &mut std::process::Child, orders: &Orders, dir: &Path) {
    orders.lock().unwrap_or_else(PoisonError::into_inner).take();
    let deadline = Instant::now() + END_LIMIT;
    while matches!(process.try_wait(), Ok(None)) && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(1));
    }
    process.kill().ok();
    process.wait().ok();
    storage::remove(dir);
}

fn lines(stdout: Option<impl std::io::Read + Send + 'static>) -> Receiver<String> {
    let (send, receive) = mpsc::channel();
    if let Some(stdout) = stdout {
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if send.send(line).is_err() {
                    return;
                }
            }
        });
    }
    receive
}

/// Names the binary to start, where the running one is not ours: in tests, and for users of the library.
pub fn set_executable(path: impl Into<PathBuf>) {
    // The first one stays; whoever calls this knows only one.
    EXECUTABLE.set(path.into()).ok();
}

static EXECUTABLE: OnceLock<PathBuf> = OnceLock::new();

/// What tells one build of the binary from another.
pub(super) fn build() -> Option<String> {
    let metadata = executable().ok()?.metadata().ok()?;
    let written = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some(format!("{} {} {}", env!("CARGO_PKG_VERSION"), metadata.len(), written.as_nanos()))
}

/// The binary to start: as set, as `TRUEUP_SHADOW_EXE` says, or the running one.
fn executable() -> Result<PathBuf, Error> {
    match EXECUTABLE.get().cloned().or_else(|| std::env::var_os("TRUEUP_SHADOW_EXE").map(PathBuf::from)) {
        Some(path) => Ok(path),
        None => std::env::current_exe().map_err(Error::io("find", "our own binary")),
    }
}
