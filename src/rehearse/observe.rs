//! What a statement does, seen from inside its own transaction.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    time::{Duration, Instant},
};

use postgres::{Client, Row, Statement};

use crate::{
    ddl::{Lock, Rewrite, When},
    plan::Step,
    rehearse::run::{Failure, run},
    shadow::Scratch,
};

/// What one statement did to relations that were there at the beginning, by their names before it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observed {
    /// The strongest lock held on each at the end (`pg_locks`; PostgreSQL manual, 13.3.1).
    pub locks: BTreeMap<String, Lock>,
    /// Tables and materialized views that were written anew (`pg_relation_filenode`).
    pub rewritten: BTreeSet<String>,
    /// Indexes that were built, new ones too.
    pub built: BTreeSet<String>,
    /// Tables that were read from end to end, and indexes that were searched (`pg_stat_get_xact_numscans`).
    pub scanned: BTreeSet<String>,
    /// How many rows came, changed and went, as PostgreSQL counts them (`pg_stat_get_xact_tuples_…`).
    pub tuples: BTreeMap<String, Tuples>,
    /// Tables and materialized views that are no more.
    pub gone: BTreeSet<String>,
    /// Relations with their names after it.
    pub renamed: BTreeMap<String, String>,
    /// System catalogs of which rows came, changed or went, where the observer looks at these.
    pub catalogs: BTreeSet<String>,
    /// What PostgreSQL said meanwhile.
    pub notices: Vec<String>,
    pub took: Duration,
    /// What PostgreSQL said when there were rows; it ran without them.
    pub stumbled: Option<String>,
}

/// Rows that a statement has touched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tuples {
    pub inserted: i64,
    pub updated: i64,
    pub deleted: i64,
}

impl Observed {
    /// The strongest lock that others have to wait for: those that reading and writing take count as none.
    pub fn lock(&self) -> Lock {
        self.locks.values().copied().max().filter(|lock| Lock::RowExclusive < *lock).unwrap_or(Lock::None)
    }

    pub fn rewrites(&self) -> Rewrite {
        if self.rewritten.is_empty() { Rewrite::Never } else { Rewrite::Always }
    }

    /// In which way a step did something else than was said of it; nothing where the two agree.
    pub fn disagreement(&self, step: &Step) -> Option<String> {
        let listed = |names: Vec<String>| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        let lock = (self.lock() < step.lock || step.lock_at_most < self.lock()).then(|| {
            let seen = self.locks.iter().map(|(name, lock)| format!("{} on {name}", lock.name())).collect();
            format!("the lock is said to be {}, and was {}", step.lock.name(), listed(seen))
        });
        let rewrites = (step.rewrites != Rewrite::Perhaps && step.rewrites != self.rewrites()).then(|| {
            let seen = self.rewritten.iter().cloned().collect();
            format!("it is said to rewrite a table {}, and wrote anew: {}", step.rewrites.word(), listed(seen))
        });
        let found: Vec<String> = lock.into_iter().chain(rewrites).collect();
        (!found.is_empty()).then(|| found.join("; "))
    }
}

/// Looks on while statements run.
pub(super) struct Observer {
    relations: HashMap<u32, Relation>,
    /// Those that were there at the beginning: nobody else waits for the others.
    old: BTreeSet<u32>,
    touched: Statement,
    counted: Statement,
    /// The system catalogs that the session has changed so far, where somebody wants to know.
    changed: Option<Statement>,
    /// How often it had changed each, before the statement that runs.
    changes: HashMap<String, i64>,
    /// `SET LOCAL` and the like, which govern what runs from here on.
    local: Vec<String>,
    /// What the session had counted before the statement that runs: the server reports its counts only now and then.
    counts: HashMap<u32, Counts>,
}

/// Scans, and rows that came, changed and went, of one relation.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    scans: i64,
    tuples: Tuples,
}

#[derive(Clone, Debug)]
struct Relation {
    name: String,
    file: Option<u32>,
    /// `pg_class.relkind`.
    kind: String,
    /// What an index is on.
    table: Option<u32>,
}

impl Observer {
    /// Learns which relations there are.
    ///
    /// # Errors
    /// Whatever the server says.
    pub(super) fn new(client: &mut Client) -> Result<Observer, postgres::Error> {
        let each = format!("LEFT JOIN ({RELATIONS} WHERE {OWN}) r ON r.oid = c.oid");
        let touched = client.prepare(&format!(
            "SELECT c.mode, c.oid AS relation, r.name, r.file, r.kind, r.table, {COUNTS} FROM ({LOCKED}) c {each}"
        ))?;
        let counted = client.prepare(&format!(
            "SELECT * FROM (SELECT c.oid AS relation, {COUNTS} FROM pg_class c WHERE 16384 <= c.oid::int8) AS it
             WHERE scans <> 0 OR inserted <> 0 OR updated <> 0 OR deleted <> 0"
        ))?;
        let relations = relations(client)?;
        let old = relations.keys().copied().collect();
        let (changes, counts) = (HashMap::new(), HashMap::new());
        Ok(Observer { relations, old, touched, counted, changed: None, changes, local: Vec::new(), counts })
    }

    /// Looks at the system catalogs too ([`Observed::catalogs`]).
    ///
    /// # Errors
    /// Whatever the server says.
    pub(super) fn with_catalogs(mut self, client: &mut Client) -> Result<Observer, postgres::Error> {
        self.changed = Some(client.prepare(CHANGED)?);
        Ok(self)
    }

    /// What a migration has set for the transaction that it is in. Steps have one each, and these settings in it.
    pub(super) fn govern(&mut self, local: &[String]) {
        local.clone_into(&mut self.local);
    }

    /// Learns anew which relations there are, and where.
    ///
    /// # Errors
    /// Whatever the server says.
    pub(super) fn look_again(&mut self, client: &mut Client) -> Result<(), postgres::Error> {
        self.relations = relations(client)?;
        Ok(())
    }

    /// Takes away indexes that a statement which failed outside of a transaction has left behind
    /// (PostgreSQL manual, `CREATE INDEX`, "Building Indexes Concurrently").
    ///
    /// # Errors
    /// Whatever the server says.
    pub(super) fn clear_away(&self, client: &mut Client) -> Result<(), postgres::Error> {
        for row in
            client.query("SELECT indexrelid, indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid", &[])?
        {
            let (oid, name): (u32, String) = (row.get(0), row.get(1));
            if !self.relations.contains_key(&oid) {
                client.batch_execute(&format!("DROP INDEX {name}"))?;
            }
        }
        Ok(())
    }

    /// Runs one step in a transaction of its own. What must not run in one is run all the same, and not observed.
    ///
    /// # Errors
    /// What PostgreSQL says. Nothing stays of the step then.
    pub(super) fn run(&mut self, scratch: &mut Scratch, step: &Step) -> Result<Option<Observed>, Box<Failure>> {
        match step.when {
            When::OutsideTransaction => {
                run(scratch, std::slice::from_ref(step))?;
                self.look_again(&mut scratch.client).map_err(|error| Failure::new(0, step, &error))?;
                Ok(None)
            }
            When::InTransaction | When::BeforeCommit | When::OwnTransaction => self.watch(scratch, step).map(Some),
        }
    }

    fn watch(&mut self, scratch: &mut Scratch, step: &Step) -> Result<Observed, Box<Failure>> {
        let failed = |error: &postgres::Error| Failure::new(0, step, error);
        scratch.client.batch_execute("BEGIN").map_err(|error| failed(&error))?;
        scratch.notices();
        self.count(&mut scratch.client).map_err(|error| failed(&error))?;
        for setting in &self.local {
            scratch.client.batch_execute(setting).map_err(|error| failed(&error))?;
        }
        let start = Instant::now();
        let result = run(scratch, std::slice::from_ref(step));
        let took = start.elapsed();
        if let Err(failure) = result {
            scratch.client.batch_execute("ROLLBACK").map_err(|error| failed(&error))?;
            return Err(failure);
        }
        let notices = scratch.notices();
        let found = self.look(&mut scratch.client);
        scratch.client.batch_execute("COMMIT").map_err(|error| failed(&error))?;
        found.map(|found| Observed { took, notices, ..found }).map_err(|error| failed(&error))
    }

    /// Within a transaction nothing is reported, so that what is counted from here on is the statement's own.
    fn count(&mut self, client: &mut Client) -> Result<(), postgres::Error> {
        let rows = client.query(&self.counted, &[])?;
        self.counts = rows.iter().map(|row| (row.get("relation"), Counts::read(row))).collect();
        self.changes = self.changes(client)?;
        Ok(())
    }

    fn changes(&self, client: &mut Client) -> Result<HashMap<String, i64>, postgres::Error> {
        let Some(changed) = &self.changed else { return Ok(HashMap::new()) };
        Ok(client.query(changed, &[])?.iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    /// What the transaction has done so far.
    fn look(&mut self, client: &mut Client) -> Result<Observed, postgres::Error> {
        let mut changed = self.changes(client)?;
        changed.retain(|name, changes| self.changes.get(name) != Some(changes));
        let mut found = Observed { catalogs: changed.into_keys().collect(), ..Observed::default() };
        for row in client.query(&self.touched, &[])? {
            let oid: u32 = row.get("relation");
            let now = Relation::read(&row);
            let before = match &now {
                Some(now) => self.relations.insert(oid, now.clone()),
                None => self.relations.remove(&oid),
            };
            match (before, now) {
                (Some(before), now) if self.old.contains(&oid) => {
                    let counts = Counts::read(&row).since(self.counts.get(&oid).copied().unwrap_or_default());
                    found.add(before, now, counts, lock(row.get("mode")));
                }
                (None, Some(index)) if index.is_index() && index.table.is_some_and(|it| self.old.contains(&it)) => {
                    found.built.insert(index.name);
                }
                _ => (),
            }
        }
        Ok(found)
    }
}

impl Observed {
    fn add(&mut self, before: Relation, now: Option<Relation>, counts: Counts, lock: Lock) {
        self.locks.insert(before.name.clone(), lock);
        match &now {
            None if before.holds_rows() => drop(self.gone.insert(before.name.clone())),
            Some(now) if now.file != before.file && before.holds_rows() => {
                self.rewritten.insert(before.name.clone());
            }
            Some(now) if now.file != before.file && before.is_index() => drop(self.built.insert(before.name.clone())),
            Some(_) | None => (),
        }
        // A sequence is one row, which is read in a moment.
        if 0 < counts.scans && before.kind != "S" {
            self.scanned.insert(before.name.clone());
        }
        if counts.tuples != Tuples::default() && before.holds_rows() {
            self.tuples.insert(before.name.clone(), counts.tuples);
        }
        if let Some(now) = now.filter(|now| now.name != before.name) {
            self.renamed.insert(before.name, now.name);
        }
    }
}

impl Counts {
    fn read(row: &Row) -> Counts {
        let tuples = Tuples { inserted: row.get("inserted"), updated: row.get("updated"), deleted: row.get("deleted") };
        Counts { scans: row.get("scans"), tuples }
    }
    fn since(self, before: Counts) -> Counts {
        let (now, then) = (self.tuples, before.tuples);
        let tuples = Tuples {
            inserted: now.inserted - then.inserted,
            updated: now.updated - then.updated,
            deleted: now.deleted - then.deleted,
        };
        Counts { scans: self.scans - before.scans, tuples }
    }
}

fn relations(client: &mut Client) -> Result<HashMap<u32, Relation>, postgres::Error> {
    let rows = client.query(&format!("{RELATIONS} WHERE {OWN}"), &[])?;
    Ok(rows.iter().filter_map(|row| Some((row.get("oid"), Relation::read(row)?))).collect())
}

impl Relation {
    /// Nothing for what is gone.
    fn read(row: &Row) -> Option<Relation> {
        let name: Option<String> = row.get("name");
        Some(Relation { name: name?, file: row.get("file"), kind: row.get("kind"), table: row.get("table") })
    }
    fn holds_rows(&self) -> bool {
        matches!(self.kind.as_str(), "r" | "m")
    }
    fn is_index(&self) -> bool {
        self.kind == "i"
    }
}

/// `pg_locks.mode`.
fn lock(mode: &str) -> Lock {
    let names = [
        ("AccessExclusiveLock", Lock::AccessExclusive),
        ("ExclusiveLock", Lock::Exclusive),
        ("ShareRowExclusiveLock", Lock::ShareRowExclusive),
        ("ShareLock", Lock::Share),
        ("ShareUpdateExclusiveLock", Lock::ShareUpdateExclusive),
        ("RowExclusiveLock", Lock::RowExclusive),
        ("RowShareLock", Lock::RowShare),
        ("AccessShareLock", Lock::AccessShare),
    ];
    names.iter().find(|(name, _)| *name == mode).map_or(Lock::None, |(_, lock)| *lock)
}

const RELATIONS: &str = "
    SELECT c.oid, format('%I.%I', n.nspname, c.relname) AS name, pg_relation_filenode(c.oid) AS file, c.relkind::text AS kind,
           (SELECT i.indrelid FROM pg_index i WHERE i.indexrelid = c.oid) AS table
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace";
/// A composite type has no rows that anybody would wait for.
const OWN: &str = "c.relkind <> 'c' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'";

/// The strongest mode of each lock of this session on a relation, dropped ones too.
const LOCKED: &str = "
    SELECT DISTINCT ON (relation) relation AS oid, mode
    FROM pg_locks JOIN unnest(ARRAY['AccessShareLock', 'RowShareLock', 'RowExclusiveLock', 'ShareUpdateExclusiveLock',
         'ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock']) WITH ORDINALITY o (mode, rank)
         USING (mode)
    WHERE pid = pg_backend_pid() AND locktype = 'relation' AND granted AND 16384 <= relation::int8
    ORDER BY relation, rank DESC";
/// Of the relation `c.oid`.
const COUNTS: &str = "
    pg_stat_get_xact_numscans(c.oid) AS scans, pg_stat_get_xact_tuples_inserted(c.oid) AS inserted,
    pg_stat_get_xact_tuples_updated(c.oid) AS updated, pg_stat_get_xact_tuples_deleted(c.oid) AS deleted";
/// Each system catalog with how many rows of it the session has written, as far as the server has not reported that yet.
const CHANGED: &str = "
    SELECT * FROM (
        SELECT c.relname::text, pg_stat_get_xact_tuples_inserted(c.oid) + pg_stat_get_xact_tuples_updated(c.oid)
                                + pg_stat_get_xact_tuples_deleted(c.oid) AS changes
        FROM pg_class c WHERE c.relkind = 'r' AND c.relnamespace = 'pg_catalog'::regnamespace) it
    WHERE changes <> 0";
