//! Each online strategy under load: what those wait for who use the table meanwhile, in the plain form and in the gentler
//! one. `make bench-online` prints a line for each strategy.
//!
//! ```text
//! cargo test --release --bench online                       every strategy
//! cargo test --release --bench online -- not-valid          those whose name contains `not-valid`
//! ROWS=100000 cargo test --release --bench online           with fewer rows than a million
//! ```

#![allow(clippy::print_stdout, reason = "figures are printed")]

mod deploy;
mod strategies;
mod traffic;

use std::{collections::HashMap, env, error::Error, time::Duration};

use postgres::{Client, Config, NoTls};
use strategies::{STRATEGIES, Strategy, WORLD};
use traffic::{Figures, Traffic};
use trueup::{
    catalog::Catalog,
    ddl::{Heard, Online, Phase, Target},
    diagnostic::Diagnostic,
    diff::{diff, wish::Wish},
    plan::{Plan, Step, replan},
    rehearse::{Named, Room, Said, View, beside, keep_both, name, reload, settle},
    shadow::{Choice, Shadow, Wanted, open, set_executable},
    sources::introspect::{Owners, introspect},
};

/// Nobody may wait for longer than this, beyond what one in a hundred waits for anyway.
const GOAL: Duration = Duration::from_millis(200);
/// How long the traffic runs before and after the change.
const AROUND: Duration = Duration::from_millis(1500);
/// As `--lock-timeout` has it where nobody says.
const LOCK_TIMEOUT: &str = "2s";

fn main() -> Result<(), Box<dyn Error>> {
    set_executable(env!("CARGO_BIN_EXE_trueup"));
    let filter = env::args().skip(1).find(|it| !it.starts_with('-')).unwrap_or_default();
    let rows: u32 = env::var("ROWS").ok().and_then(|it| it.parse().ok()).unwrap_or(1_000_000);
    let shadow = open(&Choice::parse("local")?, None).map_err(|error| format!("a server is needed: {error}"))?.shadow;
    let mut lab = Lab::new(&*shadow, rows)?;
    println!("{}, {rows} rows, {} clients", shadow.describe(), traffic::CLIENTS);
    let mut missed = false;
    for strategy in STRATEGIES.iter().filter(|it| it.name.contains(&filter)) {
        missed |= !lab.judge(strategy)?;
    }
    drop(lab);
    drop(shadow);
    trueup::shadow::clean_up();
    if missed { Err("a goal was missed".into()) } else { Ok(()) }
}

/// A server with a database full of rows, of which each run gets a copy.
struct Lab<'a> {
    shadow: &'a dyn Shadow,
    rows: u32,
    admin: Client,
    sessions: Config,
    /// What clients go through where nothing changes, by the first of their statements.
    usual: HashMap<&'static str, Figures>,
}

impl<'a> Lab<'a> {
    fn new(shadow: &'a dyn Shadow, rows: u32) -> Result<Lab<'a>, Box<dyn Error>> {
        let mut scratch = shadow.scratch(&Wanted::default())?;
        let folder: String = scratch.client.query_one("SHOW unix_socket_directories", &[])?.get(0);
        let mut sessions = Config::new();
        sessions.host_path(folder).user("postgres").dbname("postgres");
        let mut admin = sessions.connect(NoTls)?;
        admin.batch_execute("CREATE DATABASE world")?;
        let mut world = sessions.clone().dbname("world").connect(NoTls)?;
        world.batch_execute(WORLD)?;
        world.batch_execute(&strategies::fill(rows))?;
        world.batch_execute("VACUUM ANALYZE")?;
        Ok(Lab { shadow, rows, admin, sessions, usual: HashMap::new() })
    }

    /// Prints the line of a strategy. Whether its goal is met.
    fn judge(&mut self, strategy: &Strategy) -> Result<bool, Box<dyn Error>> {
        let (from, to) =
            (self.state(&[WORLD, strategy.before])?, self.state(&[WORLD, strategy.before, strategy.after])?);
        let online = Online { always: true, ..Online::default() };
        let target = |online| Target { online, ..Target::new(from.version, &from.casts) };
        let asked: Vec<Wish> = strategy.renames.iter().map(|it| it.parse()).collect::<Result<_, _>>()?;
        let shadow = self.shadow;
        let planned = |online| {
            let plan = plan(shadow, (&from, &to), &asked, [target(None), target(online)]);
            plan.map_err(|found| format!("{found:#?}"))
        };
        let traffic = strategy.traffic.usual[0];
        let usual = match self.usual.get(traffic) {
            Some(known) => known.clone(),
            None => self.run(strategy, &Plan::default(), None)?,
        };
        self.usual.insert(traffic, usual.clone());
        let plain = self.run(strategy, &planned(None)?, None)?;
        let mut gentle = planned(Some(&online))?;
        gentle.bound_waits(LOCK_TIMEOUT);
        let gentle = self.run(strategy, &gentle, Some(&to))?;
        let is_met = gentle.blocked <= usual.p99 + GOAL && gentle.failed == 0;
        let verdict = if is_met { "met" } else { "missed" };
        let p99 = usual.p99.as_secs_f64() * 1000.0;
        println!("{}: usual p99 {p99:.1} ms; plain {plain}; online {gentle} {verdict}", strategy.name);
        Ok(is_met)
    }

    fn state(&self, texts: &[&str]) -> Result<Catalog, Box<dyn Error>> {
        let mut scratch = self.shadow.scratch(&Wanted::default())?;
        texts.iter().try_for_each(|text| scratch.client.batch_execute(text))?;
        Ok(introspect(&mut scratch.client, Owners::Stated)?)
    }

    /// Deploys a plan while clients use the tables. The result is to be as it is in `to`, where that is given.
    fn run(&mut self, strategy: &Strategy, plan: &Plan, to: Option<&Catalog>) -> Result<Figures, Box<dyn Error>> {
        self.admin.batch_execute("DROP DATABASE IF EXISTS run WITH (FORCE)")?;
        self.admin.batch_execute("CREATE DATABASE run TEMPLATE world STRATEGY file_copy")?;
        let mut sessions = self.sessions.clone();
        sessions.dbname("run");
        let mut client = sessions.connect(NoTls)?;
        client.batch_execute(strategy.before)?;
        let traffic = Traffic::start(&sessions, strategy.traffic, self.rows)?;
        std::thread::sleep(AROUND);
        let waits = |step: &Step| step.phase == Phase::Contract && !strategy.renames.is_empty();
        let (last, first): (Vec<Step>, Vec<Step>) = plan.steps.iter().cloned().partition(waits);
        let deployed = deploy::deploy(&mut client, &first);
        std::thread::sleep(AROUND);
        let figures = traffic.stop();
        deploy::deploy(&mut client, &last).map_err(|error| format!("{}: {error}", strategy.name))?;
        let took = deployed.map_err(|error| format!("{}: {error}", strategy.name))?;
        if let Some(to) = to {
            self.compare(&mut client, to).map_err(|error| format!("{}: {error}", strategy.name))?;
        }
        Ok(Figures { took, ..figures })
    }

    fn compare(&self, client: &mut Client, to: &Catalog) -> Result<(), Box<dyn Error>> {
        let reached = introspect(client, Owners::Stated)?;
        let target = Target::new(to.version, &to.casts);
        let goal =
            settle(self.shadow, &reached, to, target, &View::default()).map_err(|found| format!("{found:#?}"))?;
        let left = diff(&reached, &goal, target);
        if left.is_empty() { Ok(()) } else { Err(format!("still different: {left:#?}").into()) }
    }
}

/// The names come first, and only then what is done online.
fn plan(
    shadow: &dyn Shadow,
    (from, to): (&Catalog, &Catalog),
    asked: &[Wish],
    [target, online]: [Target<'_>; 2],
) -> Result<Plan, Vec<Diagnostic>> {
    let view = View::default();
    let mut named = Named::new(from);
    if !asked.is_empty() {
        let mut scratch = None;
        let copy = |it: &Catalog| Ok(reload(shadow, it, &Wanted::default(), &view)?.scratch);
        let said = Said { asked, ..Said::default() };
        named = name(from, to, said, target, &view, Room::Perhaps(&mut scratch, &copy))?;
        keep_both(&mut named, to, online, &view, Room::Perhaps(&mut scratch, &copy))?;
    }
    let successors = beside(shadow, &named.from, to, online, &view)?;
    let plan = replan(&named.from, to, online, &Heard::new(), &successors)?;
    Ok(named.lead_to(plan, &Heard::new()))
}

impl Drop for Lab<'_> {
    fn drop(&mut self) {
        for name in ["run", "world"] {
            self.admin.batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).ok();
        }
    }
}
