//! Whatever interrupts `trueup deploy`, the next one goes on: nothing is applied twice, and nothing is lost.
//!
//! Deployers are killed, their connections cut and servers killed, each at some moment between the beginning and the end of
//! an undisturbed run; disks are full that have a part of the room that such a run needs; several deploy at once. Afterwards the database has to be what an undisturbed run has made. The last
//! line says how many faults there were. `TRUEUP_FAULTS` is how many there are to be.

mod support;

use std::{
    collections::BTreeMap,
    env, fs,
    path::Path,
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use postgres::Client;
use support::{Cluster, Disk};

/// How many faults there are where nobody says.
const FAULTS: usize = 40;

/// What does not fit into one transaction, what does, and what says itself where its transactions are. All of it would
/// leave another state behind if it ran twice.
const MIGRATIONS: [(&str, &str); 4] = [
    (
        "0001_begin.sql",
        "CREATE TABLE t (id int PRIMARY KEY, v int NOT NULL);
         INSERT INTO t SELECT i, i FROM generate_series(1, 200) AS i;
         CREATE TABLE log (said text);
         INSERT INTO log VALUES ('begin');
         SELECT pg_sleep(0.02);",
    ),
    (
        "0002_alone.sql",
        "INSERT INTO log VALUES ('alone');
         SELECT pg_sleep(0.02);
         CREATE INDEX CONCURRENTLY t_v ON t (v);
         UPDATE t SET v = v + 1;
         CREATE UNIQUE INDEX CONCURRENTLY t_w ON t ((v * 2));
         ALTER TABLE t ADD COLUMN w int NOT NULL DEFAULT 7;
         SET work_mem = '8MB';
         DROP INDEX CONCURRENTLY t_v;
         INSERT INTO log VALUES (current_setting('work_mem'));
         VACUUM t;",
    ),
    (
        "0003_own.sql",
        "BEGIN;
         UPDATE t SET v = v + 1000;
         INSERT INTO log VALUES ('own');
         COMMIT;
         SELECT pg_sleep(0.02);
         BEGIN;
         UPDATE t SET w = w + 1;
         SELECT pg_sleep(0.02);
         COMMIT;",
    ),
    ("0004_end.sql", "UPDATE t SET v = v + 5000; INSERT INTO log VALUES ('end'); SELECT pg_sleep(0.02);"),
];

/// What is the same after each run.
const STATE: &str = "
    SELECT (SELECT md5(string_agg(t::text, ',' ORDER BY id)) FROM t)
        || ' ' || (SELECT string_agg(said, ',') FROM log)
        || ' ' || (SELECT string_agg(indexrelid::regclass || ':' || indisvalid, ',' ORDER BY indexrelid::regclass::text)
                   FROM pg_index WHERE indrelid = 't'::regclass)
        || ' ' || (SELECT string_agg(version, ',' ORDER BY version) FROM trueup.migrations)
        || ' ' || (SELECT count(*) FROM trueup.journal)";

#[allow(clippy::print_stdout, reason = "what came of the faults is the result")]
fn main() {
    if env::args().any(|it| it == "--list") {
        println!("faults: test");
        return;
    }
    let Some(mut cluster) = Cluster::start() else {
        println!("skipped: no PostgreSQL server programs on this machine");
        return;
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, text) in MIGRATIONS {
        let path = folder.path().join("migrations").join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, text).expect("a file");
    }
    let faults = env::var("TRUEUP_FAULTS").ok().and_then(|it| it.parse().ok()).unwrap_or(FAULTS);
    let mut lab = Lab { folder: folder.path(), expected: String::new(), took: Duration::ZERO, met: BTreeMap::new() };
    lab.undisturbed(&cluster);
    let disk = Disk::mount(&cluster).map(|disk| (lab.needs(&cluster, &disk), disk));
    if disk.is_none() {
        println!("no disk of our own can be mounted here, so that none gets full: deployers are killed instead");
    }
    let mut seed = fastrand::Rng::with_seed(1);
    for number in 0..faults {
        let name = format!("fault_{number}");
        drop(cluster.database(&name));
        let moment = lab.took.mul_f64(seed.f64());
        match number % 20 {
            0 => lab.server_is_killed(&mut cluster, &name, moment),
            1 => lab.several_deploy(&cluster, &name, 10),
            2 | 3 => lab.several_deploy(&cluster, &name, 2),
            4..=8 => lab.connection_is_cut(&cluster, &name, moment),
            9 | 10 if let Some((needs, disk)) = &disk => {
                lab.disk_is_full(&cluster, &name, disk, seed.u64(0..*needs));
            }
            _ => lab.deployer_is_killed(&cluster, &name, moment),
        }
        let dropped = cluster.connect("postgres").expect("a session");
        drop_database(dropped, &name);
    }
    for (met, times) in &lab.met {
        println!("{times:5}  {met}");
    }
    println!("{faults} faults: each ended as an undisturbed run does");
}

fn drop_database(mut client: Client, name: &str) {
    client.batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)")).expect("dropped");
}

struct Lab<'a> {
    folder: &'a Path,
    expected: String,
    /// How long an undisturbed run takes.
    took: Duration,
    /// What had been done when a run was interrupted, and how often.
    met: BTreeMap<String, usize>,
}

impl Lab<'_> {
    fn deploy(&self, cluster: &Cluster, name: &str) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_trueup"));
        command.current_dir(self.folder).args(["deploy", "--allow-drift", "--wait", "60", "--database"]);
        command.arg(cluster.url(name)).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().expect("the program")
    }

    fn undisturbed(&mut self, cluster: &Cluster) {
        drop(cluster.database("undisturbed"));
        let start = Instant::now();
        let ended = self.deploy(cluster, "undisturbed").wait_with_output().expect("its end");
        assert!(ended.status.success(), "{}", said(&ended));
        self.took = start.elapsed();
        self.expected = state(cluster, "undisturbed");
        assert!(self.expected.contains("begin,alone,8MB,own,end"), "{}", self.expected);
    }

    /// How much of a disk an undisturbed run takes up, in bytes.
    fn needs(&self, cluster: &Cluster, disk: &Disk) -> u64 {
        disk.make_database(cluster, "on_disk");
        let before = disk.free();
        let ended = self.deploy(cluster, "on_disk").wait_with_output().expect("its end");
        assert!(ended.status.success(), "{}", said(&ended));
        let needs = before - disk.free();
        drop_database(cluster.connect("postgres").expect("a session"), "on_disk");
        needs
    }

    fn disk_is_full(&mut self, cluster: &Cluster, name: &str, disk: &Disk, room: u64) {
        drop_database(cluster.connect("postgres").expect("a session"), name);
        disk.make_database(cluster, name);
        disk.fill_up_to(room);
        let ended = self.deploy(cluster, name).wait_with_output().expect("its end");
        let is_told = ended.status.success() || said(&ended).contains("could not ");
        assert!(is_told, "{}", said(&ended));
        disk.make_room();
        self.goes_on(cluster, name, "the disk was full");
    }

    fn deployer_is_killed(&mut self, cluster: &Cluster, name: &str, moment: Duration) {
        let mut child = self.deploy(cluster, name);
        thread::sleep(moment);
        child.kill().expect("killed");
        child.wait().expect("its end");
        self.goes_on(cluster, name, "the deployer was killed");
    }

    fn connection_is_cut(&mut self, cluster: &Cluster, name: &str, moment: Duration) {
        let child = self.deploy(cluster, name);
        thread::sleep(moment);
        let mut client = cluster.connect("postgres").expect("a session");
        let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1";
        client.query(cut, &[&name]).expect("cut");
        let ended = child.wait_with_output().expect("its end");
        assert!(matches!(ended.status.code(), Some(0 | 1)), "{}", said(&ended));
        self.goes_on(cluster, name, "the connection was cut");
    }

    fn server_is_killed(&mut self, cluster: &mut Cluster, name: &str, moment: Duration) {
        let child = self.deploy(cluster, name);
        thread::sleep(moment);
        cluster.crash();
        let ended = child.wait_with_output().expect("its end");
        assert!(matches!(ended.status.code(), Some(0 | 1)), "{}", said(&ended));
        self.goes_on(cluster, name, "the server was killed");
    }

    fn several_deploy(&mut self, cluster: &Cluster, name: &str, count: usize) {
        let all: Vec<Child> = (0..count).map(|_| self.deploy(cluster, name)).collect();
        for child in all {
            let ended = child.wait_with_output().expect("its end");
            assert!(ended.status.success(), "{}", said(&ended));
        }
        *self.met.entry(format!("{count} deployed at once")).or_default() += 1;
        assert_eq!(state(cluster, name), self.expected, "{count} at once");
    }

    fn goes_on(&mut self, cluster: &Cluster, name: &str, what: &str) {
        let done = done(&mut cluster.connect(name).expect("a session"));
        *self.met.entry(format!("{what}: {done}")).or_default() += 1;
        let ended = self.deploy(cluster, name).wait_with_output().expect("its end");
        assert!(ended.status.success(), "{what}: {done}\n{}", said(&ended));
        assert_eq!(state(cluster, name), self.expected, "{what}: {done}\n{}", said(&ended));
    }
}

fn said(ended: &Output) -> String {
    String::from_utf8_lossy(&ended.stderr).into_owned()
}

fn state(cluster: &Cluster, name: &str) -> String {
    cluster.connect(name).expect("a session").query_one(STATE, &[]).expect("the state").get(0)
}

/// How far a deploy has come, in words.
fn done(client: &mut Client) -> String {
    let is_there = |client: &mut Client, table: &str| -> bool {
        client.query_one("SELECT to_regclass($1) IS NOT NULL", &[&table]).expect("a row").get(0)
    };
    if !is_there(client, "trueup.migrations") {
        return "nothing".to_owned();
    }
    let whole: i64 = client.query_one("SELECT count(*) FROM trueup.migrations", &[]).expect("a row").get(0);
    let half = match is_there(client, "trueup.journal") {
        true => client.query_opt("SELECT done, is_open FROM trueup.journal", &[]).expect("rows"),
        false => None,
    };
    match half {
        Some(row) => {
            let (done, is_open): (i32, bool) = (row.get(0), row.get(1));
            format!("{whole} migrations, {done} statements{}", if is_open { " and one open" } else { "" })
        }
        None => format!("{whole} migrations"),
    }
}
