//! A PostgreSQL server for tests: a cluster of its own in a temporary folder, gone when it is dropped.

use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, User, geteuid};
use postgres::{Client, NoTls};

/// A running server that listens on a socket in its folder.
pub(crate) struct Cluster {
    process: Child,
    folder: tempfile::TempDir,
    bin: PathBuf,
    user: Option<User>,
}

/// A small file system in memory, for databases that have no room. It is gone when this is dropped.
#[allow(dead_code, reason = "not every test fills a disk")]
pub(crate) struct Disk {
    folder: tempfile::TempDir,
}

#[allow(dead_code, reason = "not every test fills a disk")]
impl Disk {
    /// As the tablespace `small`; nothing where the machine does not let it be mounted.
    pub(crate) fn mount(cluster: &Cluster) -> Option<Disk> {
        let folder = tempfile::Builder::new().prefix("trueup-disk").tempdir().expect("a temporary folder");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=64m,mode=0755", "tmpfs"]).arg(folder.path()).stderr(Stdio::null());
        if !mount.status().is_ok_and(|it| it.success()) {
            return None;
        }
        let disk = Disk { folder };
        let space = disk.folder.path().join("space");
        std::fs::create_dir(&space).expect("a folder");
        if let Some(user) = &cluster.user {
            chown(&space, Some(user.uid.as_raw()), Some(user.gid.as_raw())).expect("chown");
        }
        let create = format!("CREATE TABLESPACE small LOCATION '{}'", space.display());
        cluster.connect("postgres").expect("a session").batch_execute(&create).expect("a tablespace");
        Some(disk)
    }

    pub(crate) fn make_database(&self, cluster: &Cluster, name: &str) {
        let create = format!("CREATE DATABASE {name} TABLESPACE small");
        cluster.connect("postgres").expect("a session").batch_execute(&create).expect("a database");
    }

    /// In bytes.
    pub(crate) fn free(&self) -> u64 {
        let stat = nix::sys::statvfs::statvfs(self.folder.path()).expect("the disk");
        stat.blocks_available() * stat.fragment_size()
    }

    /// Leaves so many bytes.
    pub(crate) fn fill_up_to(&self, room: u64) {
        let size = usize::try_from(self.free().saturating_sub(room)).expect("a size");
        std::fs::write(self.folder.path().join("filler"), vec![0; size]).expect("room for that");
    }

    pub(crate) fn make_room(&self) {
        std::fs::remove_file(self.folder.path().join("filler")).expect("the filler");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").args(["-l"]).arg(self.folder.path()).status();
    }
}

impl Cluster {
    /// Starts the newest server that is installed; `None` where there is none.
    pub(crate) fn start() -> Option<Cluster> {
        let bin = newest_bin()?;
        let memory = Path::new("/dev/shm");
        let parent = if memory.is_dir() { memory.to_path_buf() } else { std::env::temp_dir() };
        let folder = tempfile::Builder::new().prefix("trueup-test").tempdir_in(parent).expect("a temporary folder");
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o700)).expect("permissions");
        // PostgreSQL refuses to run as root.
        let user = geteuid().is_root().then(|| User::from_name("postgres").ok().flatten().expect("a user `postgres`"));
        if let Some(user) = &user {
            chown(folder.path(), Some(user.uid.as_raw()), Some(user.gid.as_raw())).expect("chown");
        }
        let made = command(&bin, folder.path(), user.as_ref(), "initdb")
            .args(["--no-sync", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C", "-D", "data"])
            .status()
            .expect("initdb");
        assert!(made.success(), "initdb failed");
        let process = launch(&bin, folder.path(), user.as_ref());
        let cluster = Cluster { process, folder, bin, user };
        cluster.wait();
        Some(cluster)
    }

    fn wait(&self) {
        let patience = Instant::now() + Duration::from_secs(30);
        while self.connect("postgres").is_err() {
            assert!(Instant::now() < patience, "the server did not start");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Kills every process of the server at once, as a power cut would, and starts it again.
    #[allow(dead_code, reason = "not every test that has a cluster crashes it")]
    pub(crate) fn crash(&mut self) {
        let id = i32::try_from(self.process.id()).expect("a process");
        kill(Pid::from_raw(id), Signal::SIGKILL).expect("killed");
        let _ = self.process.wait();
        self.process = launch(&self.bin, self.folder.path(), self.user.as_ref());
        // Those that its parent has left behind end when they see that, and until then no other may start.
        let patience = Instant::now() + Duration::from_secs(30);
        while self.connect("postgres").is_err() {
            assert!(Instant::now() < patience, "the server did not start again");
            std::thread::sleep(Duration::from_millis(20));
            if self.process.try_wait().expect("its state").is_some() {
                self.process = launch(&self.bin, self.folder.path(), self.user.as_ref());
            }
        }
    }

    pub(crate) fn connect(&self, database: &str) -> Result<Client, postgres::Error> {
        let mut config = postgres::Config::new();
        config.host_path(self.folder.path()).user("postgres").dbname(database).connect(NoTls)
    }

    #[allow(dead_code, reason = "not every test that has a cluster runs a program on it")]
    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://postgres@/{database}?host={}", self.folder.path().display())
    }

    /// A session in a new, empty database.
    pub(crate) fn database(&self, name: &str) -> Client {
        let mut client = self.connect("postgres").expect("a connection");
        client.batch_execute(&format!("CREATE DATABASE {name} TEMPLATE template0")).expect("a database");
        self.connect(name).expect("a connection")
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Ok(id) = i32::try_from(self.process.id()) {
            let _ = kill(Pid::from_raw(id), Signal::SIGQUIT);
        }
        let _ = self.process.wait();
    }
}

fn command(bin: &Path, folder: &Path, user: Option<&User>, program: &str) -> Command {
    let mut command = Command::new(bin.join(program));
    command.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if let Some(user) = user {
        command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
    }
    command
}

fn launch(bin: &Path, folder: &Path, user: Option<&User>) -> Child {
    command(bin, folder, user, "postgres")
        .args(["-D", "data", "-k"])
        .arg(folder)
        .args(["-c", "listen_addresses=", "-c", "fsync=off", "-c", "autovacuum=off"])
        .spawn()
        .expect("postgres")
}

fn newest_bin() -> Option<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .ok()?
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .filter(|(_, bin)| bin.join("initdb").exists())
        .collect();
    found.sort();
    found.pop().map(|(_, bin)| bin)
}
