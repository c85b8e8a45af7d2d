//! The embedded PostgreSQL's own process: what runs behind the hidden `shadow-server embedded` command. It obeys the
//! lines on its standard input and ends when that closes, so that it never outlives the process that started it.
//! It ignores `statement_timeout` and can trap or hang, hence a process of its own.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use pglite_oxide::{PgliteServer, extensions};

use super::relay::{self, Ended, Watch};
use super::stubs;
use crate::shadow::storage;

/// The socket within the directory, as libpq names it.
pub(super) const SOCKET: &str = ".s.PGSQL.5432";
/// A limit for a call until the parent sets another.
pub(super) const DEFAULT_LIMIT: Duration = Duration::from_secs(600);

/// A line from the parent.
pub(super) enum Order {
    /// Start with these bundled extensions available.
    Open(Vec<String>),
    /// Bound each call.
    Limit(Duration),
}

impl Order {
    pub(super) fn line(&self) -> String {
        match self {
            Order::Open(extensions) => format!("open {}\n", extensions.join(",")),
            Order::Limit(limit) => format!("limit {}\n", limit.as_millis()),
        }
    }

    fn parse(line: &str) -> Option<Order> {
        match line.split_once(' ')? {
            ("open", names) => {
                Some(Order::Open(names.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect()))
            }
            ("limit", millis) => Some(Order::Limit(Duration::from_millis(millis.parse().ok()?))),
            _ => None,
        }
    }
}

/// Serves one cluster in `dir` until standard input closes. Never returns otherwise than by an error at the start.
pub(super) fn serve(dir: &Path) -> Result<(), Box<dyn std::error::Error>> {
    // A panic in any thread ends the process; a half-dead server would look like a hang.
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        report(panic);
        std::process::exit(70);
    }));

    let mut orders = BufReader::new(std::io::stdin()).lines();
    // What takes long and needs no orders: unpacking the cache on the first run, and loading the runtime.
    let root = dir.join(super::ROOT);
    pglite_oxide::preload_runtime_module(&pglite_oxide::install_into(&root)?.paths)?;
    say("warm")?;

    let extensions = match orders.next().transpose()?.as_deref().and_then(Order::parse) {
        Some(Order::Open(extensions)) => extensions,
        Some(Order::Limit(_)) | None => {
            storage::remove(dir);
            return Ok(());
        }
    };
    let watch = Watch::new(DEFAULT_LIMIT);
    let server = open(dir, &root, &extensions)?;
    let listener = UnixListener::bind(dir.join(SOCKET))?;
    std::thread::spawn({
        let (watch, dir) = (watch.clone(), dir.to_owned());
        move || obey(orders, &watch, &dir)
    });
    std::thread::spawn({
        let watch = watch.clone();
        move || {
            watch.until_exceeded();
            std::process::exit(0);
        }
    });
    say("ready")?;
    accept(&listener, &dir.join("backend").join(SOCKET), server, &watch)
}

fn open(dir: &Path, root: &Path, wanted: &[String]) -> Result<PgliteServer, Box<dyn std::error::Error>> {
    let extensions = wanted.iter().filter_map(|name| extensions::by_sql_name(name)).collect::<Vec<_>>();
    let server = PgliteServer::builder()
        .path(root)
        .unix(dir.join("backend").join(SOCKET))
        .username("postgres")
        .database("postgres")
        .relaxed_durability(true)
        .postgres_config("shared_buffers", "16MB")
        .postgres_config("max_locks_per_transaction", "1024")
        .postgres_config("fsync", "off")
        .postgres_config("full_page_writes", "off")
        .postgres_config("autovacuum", "off")
        .postgres_config("search_path", "\"$user\", public")
        .extensions(extensions)
        .start()?;
    stubs::install(&root.join("tmp/pglite/share/postgresql/extension"))?;
    Ok(server)
}

fn accept(
    listener: &UnixListener,
    backend: &PathBuf,
    server: PgliteServer,
    watch: &Watch,
) -> Result<(), Box<dyn std::error::Error>> {
    loop {
        let (client, _) = listener.accept()?;
        let ended = match UnixStream::connect(backend) {
            Ok(backend) => watch.relay(&client, &backend)?,
            Err(_) => Ended::ByBackend,
        };
        if let Ended::ByBackend = ended {
            // Not a matter of one statement: this is the engine, which is gone for good.
            let reason = server.shutdown().err().map_or_else(String::new, |e| format!(": {}", first_line(&e)));
            relay::report(&client, "57P02", &format!("the embedded PostgreSQL stopped unexpectedly{reason}"));
            std::process::exit(0);
        }
    }
}

fn first_line(error: &impl std::fmt::Display) -> String {
    format!("{error:#}").lines().next().unwrap_or_default().to_owned()
}

fn obey(orders: impl Iterator<Item = std::io::Result<String>>, watch: &Watch, dir: &Path) {
    for order in orders.map_while(Result::ok) {
        if let Some(Order::Limit(limit)) = Order::parse(&order) {
            watch.set_limit(limit);
        }
    }
    // The parent is gone or done with us; if it was killed, nobody else removes the directory.
    storage::remove(dir);
    std::process::exit(0);
}

fn say(word: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout();
    writeln!(out, "{word}")?;
    out.flush()
}
