//! Between the client and the embedded backend: passes bytes on, and notices when the backend has been silent too
//! long or is gone. Then the client gets a proper PostgreSQL error. Reads message headers only, never their contents.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How long the backend may stay silent while a client waits for it, and since when it has been.
#[derive(Clone)]
pub(super) struct Watch(Arc<Mutex<Clock>>);

struct Clock {
    limit: Duration,
    silent_since: Option<Instant>,
    client: Option<UnixStream>,
    /// The client said goodbye; that the backend closes next is as it should be.
    terminated: bool,
}

const TERMINATE: &[u8] = b"X\0\0\0\x04";

/// Why a relayed session ended.
pub(super) enum Ended {
    ByClient,
    ByBackend,
}

impl Watch {
    pub(super) fn new(limit: Duration) -> Watch {
        Watch(Arc::new(Mutex::new(Clock { limit, silent_since: None, client: None, terminated: false })))
    }

    pub(super) fn set_limit(&self, limit: Duration) {
        self.clock().limit = limit;
    }

    /// Waits until the limit is passed, tells the client so, and returns: the process must end then.
    pub(super) fn until_exceeded(&self) {
        loop {
            thread::sleep(Duration::from_millis(50));
            let clock = self.clock();
            let Some(since) = clock.silent_since else { continue };
            if since.elapsed() < clock.limit {
                continue;
            }
            if let Some(client) = &clock.client {
                let message = format!(
                    "canceling statement: the embedded PostgreSQL gave no answer within {} s and was stopped",
                    clock.limit.as_secs_f32()
                );
                report(client, "57014", &message);
            }
            return;
        }
    }

    /// Passes bytes between the two until one of them closes.
    pub(super) fn relay(&self, client: &UnixStream, backend: &UnixStream) -> io::Result<Ended> {
        {
            let mut clock = self.clock();
            clock.client = Some(client.try_clone()?);
            clock.terminated = false;
        }
        let up = {
            let (watch, client, backend) = (self.clone(), client.try_clone()?, backend.try_clone()?);
            thread::spawn(move || watch.pass_requests(client, backend))
        };
        let ended = self.pass_answers(client, backend);
        // Unblocks the other direction; a socket that is closed already needs none of this.
        backend.shutdown(std::net::Shutdown::Both).ok();
        let closed_by_client = up.is_finished() || self.clock().terminated;
        self.clock().silent_since = None;
        ended.map(|()| if closed_by_client { Ended::ByClient } else { Ended::ByBackend })
    }

    fn pass_requests(&self, mut client: UnixStream, mut backend: UnixStream) {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(read @ 1..) = client.read(&mut buffer) {
            {
                let mut clock = self.clock();
                clock.silent_since = Some(Instant::now());
                clock.terminated = buffer[..read].ends_with(TERMINATE);
            }
            if backend.write_all(&buffer[..read]).is_err() {
                return;
            }
        }
        backend.shutdown(std::net::Shutdown::Write).ok();
    }

    fn pass_answers(&self, mut client: &UnixStream, mut backend: &UnixStream) -> io::Result<()> {
        let mut buffer = vec![0; 64 * 1024];
        let mut messages = Messages::default();
        loop {
            let read = match backend.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(read) => read,
                Err(e) if e.kind() == io::ErrorKind::ConnectionReset => return Ok(()),
                Err(e) => return Err(e),
            };
            // The clock stands still while the client takes its time to read.
            self.clock().silent_since = None;
            let ready = messages.push(&buffer[..read]);
            if client.write_all(&buffer[..read]).is_err() {
                return Ok(());
            }
            if !ready {
                self.clock().silent_since = Some(Instant::now());
            }
        }
    }

    fn clock(&self) -> MutexGuard<'_, Clock> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes a FATAL `ErrorResponse` and leaves the client time to read it. What cannot be written has nobody to read it.
///
/// <https://www.postgresql.org/docs/current/protocol-message-formats.html>
pub(super) fn report(mut client: &UnixStream, sqlstate: &str, message: &str) {
    let fields = [('S', "FATAL"), ('V', "FATAL"), ('C', sqlstate), ('M', message)];
    let body: Vec<u8> = fields
        .iter()
        .flat_map(|(code, text)| [&[*code as u8][..], text.as_bytes(), b"\0"].concat())
        .chain(*b"\0")
        .collect();
    let length = u32::try_from(body.len() + 4).unwrap_or(u32::MAX);
    let packet = [&b"E"[..], &length.to_be_bytes(), &body].concat();
    client.set_write_timeout(Some(Duration::from_secs(1))).ok();
    client.write_all(&packet).ok();
    // A client that finds the end of the stream behind the error reports only that the stream ended.
    thread::sleep(Duration::from_millis(200));
}

/// Finds the boundaries of backend messages in a stream of bytes.
#[derive(Default)]
struct Messages {
    header: Vec<u8>,
    body_left: usize,
    last: u8,
}

impl Messages {
    /// Whether the stream ends, so far, in a complete `ReadyForQuery`.
    fn push(&mut self, mut bytes: &[u8]) -> bool {
        while !bytes.is_empty() {
            if self.body_left > 0 {
                let taken = self.body_left.min(bytes.len());
                self.body_left -= taken;
                bytes = &bytes[taken..];
                continue;
            }
            let taken = (5 - self.header.len()).min(bytes.len());
            self.header.extend_from_slice(&bytes[..taken]);
            bytes = &bytes[taken..];
            if let [kind, a, b, c, d] = self.header[..] {
                self.last = kind;
                self.body_left = (u32::from_be_bytes([a, b, c, d]) as usize).saturating_sub(4);
                self.header.clear();
            }
        }
        self.header.is_empty() && self.body_left == 0 && self.last == b'Z'
    }
}

#[cfg(test)]
mod tests {
    use super::Messages;

    #[test]
    fn ready_for_query_is_seen_however_the_bytes_are_cut() {
        let stream = b"C\0\0\0\x0bCREATE\0Z\0\0\0\x05I";
        for cut in 0..stream.len() {
            let mut messages = Messages::default();
            assert!(!messages.push(&stream[..cut]) || cut == 0, "cut at {cut}");
            assert!(messages.push(&stream[cut..]), "cut at {cut}");
        }
    }

    #[test]
    fn a_row_whose_data_looks_like_ready_is_not() {
        let mut messages = Messages::default();
        assert!(!messages.push(b"D\0\0\0\x0aZ\0\0\0\x05I"));
    }
}
