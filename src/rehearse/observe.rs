//! What a statement does, seen from inside its own transaction.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    time::{Duration, Instant},
};

use postgres::Client;

use crate::{
    ddl::{Lock, When},
    plan::Step,
    rehearse::run::{Failure, run},
    shadow::Scratch,
};

/// What one statement did to relations that were there before it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observed {
    /// The strongest lock held on each at the end (`pg_locks`; PostgreSQL manual, 13.3.1).
    pub locks: BTreeMap<String, Lock>,
    /// Those that were written anew (`pg_relation_filenode`).
    pub rewritten: BTreeSet<String>,
    /// Tables that were read from end to end (`pg_stat_get_xact_numscans`).
    pub scanned: BTreeSet<String>,
    pub took: Duration,
}

impl Observed {
    /// The strongest lock that others have to wait for: those that reading and writing take count as none.
    pub fn lock(&self) -> Lock {
        self.locks.values().copied().max().filter(|lock| Lock::RowExclusive < *lock).unwrap_or(Lock::None)
    }

    /// In which way a step did something else than was said of it; nothing where the two agree.
    pub fn disagreement(&self, step: &Step) -> Option<String> {
        let lock = (self.lock() != step.lock).then(|| {
            let said = step.lock.name();
            let seen: Vec<String> =
                self.locks.iter().map(|(name, lock)| format!("{} on {name}", lock.name())).collect();
            format!(
                "the lock is said to be {said}, and was {}",
                if seen.is_empty() { "NONE".to_owned() } else { seen.join(", ") }
            )
        });
        let rewrites = (self.rewritten.is_empty() == step.rewrites).then(|| {
            let seen: Vec<&str> = self.rewritten.iter().map(String::as_str).collect();
            let said = if step.rewrites { "said to rewrite" } else { "not said to rewrite" };
            format!(
                "it is {said}, and wrote anew: {}",
                if seen.is_empty() { "nothing".to_owned() } else { seen.join(", ") }
            )
        });
        let found: Vec<String> = lock.into_iter().chain(rewrites).collect();
        (!found.is_empty()).then(|| found.join("; "))
    }
}

/// Looks on while statements run.
pub(super) struct Observer {
    relations: HashMap<u32, Relation>,
}

#[derive(Clone, Debug)]
struct Relation {
    name: String,
    file: Option<u32>,
    holds_rows: bool,
}

impl Observer {
    /// Learns which relations there are.
    ///
    /// # Errors
    /// Whatever the server says.
    pub(super) fn new(client: &mut Client) -> Result<Observer, postgres::Error> {
        let rows = client.query(RELATIONS, &[])?;
        let relations = rows.iter().filter_map(|row| Some((row.get("oid"), relation(row)?))).collect();
        Ok(Observer { relations })
    }

    /// Runs steps, each in a transaction of its own. What must not run in one is run all the same, and not observed.
    ///
    /// # Errors
    /// The first statement that fails; those before it have been carried out.
    pub(super) fn run(&mut self, scratch: &mut Scratch, steps: &[Step]) -> Result<Vec<Option<Observed>>, Box<Failure>> {
        let each = |(at, step): (usize, &Step)| {
            let found = match step.when {
                When::OutsideTransaction => run(scratch, std::slice::from_ref(step)).map(|()| None),
                When::InTransaction | When::BeforeCommit | When::OwnTransaction => self.watch(scratch, step).map(Some),
            };
            found.map_err(|failure| Box::new(Failure { step: at, ..*failure }))
        };
        steps.iter().enumerate().map(each).collect()
    }

    fn watch(&mut self, scratch: &mut Scratch, step: &Step) -> Result<Observed, Box<Failure>> {
        let failed = |error: &postgres::Error| Failure::new(0, step, error);
        scratch.client.batch_execute("BEGIN").map_err(|error| failed(&error))?;
        let start = Instant::now();
        let result = run(scratch, std::slice::from_ref(step));
        let took = start.elapsed();
        if let Err(failure) = result {
            scratch.client.batch_execute("ROLLBACK").map_err(|error| failed(&error))?;
            return Err(failure);
        }
        let found = self.look(&mut scratch.client);
        scratch.client.batch_execute("COMMIT").map_err(|error| failed(&error))?;
        found.map(|found| Observed { took, ..found }).map_err(|error| failed(&error))
    }

    /// What the transaction has done so far.
    fn look(&mut self, client: &mut Client) -> Result<Observed, postgres::Error> {
        let mut found = Observed::default();
        for row in client.query(TOUCHED, &[])? {
            let oid: u32 = row.get("oid");
            let now = relation(&row);
            let before = match &now {
                Some(now) => self.relations.insert(oid, now.clone()),
                None => self.relations.remove(&oid),
            };
            let Some(before) = before else { continue };
            found.locks.insert(before.name.clone(), lock(row.get("mode")));
            if now.as_ref().is_some_and(|now| before.holds_rows && now.file != before.file) {
                found.rewritten.insert(before.name.clone());
            }
            if before.holds_rows && row.get("is_scanned") {
                found.scanned.insert(before.name);
            }
        }
        Ok(found)
    }
}

/// Nothing for what is gone.
fn relation(row: &postgres::Row) -> Option<Relation> {
    let name: Option<String> = row.get("name");
    Some(Relation { name: name?, file: row.get("file"), holds_rows: row.get("holds_rows") })
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
    SELECT c.oid, format('%I.%I', n.nspname, c.relname) AS name, pg_relation_filenode(c.oid) AS file,
           c.relkind IN ('r', 'm') AS holds_rows
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'";

/// The strongest mode of each lock of this session on a relation, dropped ones too.
const TOUCHED: &str = "
    SELECT l.relation AS oid, l.mode, r.name, r.file, coalesce(r.holds_rows, false) AS holds_rows,
           0 < pg_stat_get_xact_numscans(l.relation) AS is_scanned
    FROM (SELECT DISTINCT ON (relation) relation, mode
          FROM pg_locks JOIN unnest(ARRAY['AccessShareLock', 'RowShareLock', 'RowExclusiveLock', 'ShareUpdateExclusiveLock',
               'ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock']) WITH ORDINALITY o (mode, rank)
               USING (mode)
          WHERE pid = pg_backend_pid() AND locktype = 'relation' AND granted
          ORDER BY relation, rank DESC) l
    LEFT JOIN LATERAL (
        SELECT c.oid, format('%I.%I', n.nspname, c.relname) AS name, pg_relation_filenode(c.oid) AS file,
               c.relkind IN ('r', 'm') AS holds_rows
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.oid = l.relation) r ON true
    WHERE 16384 <= l.relation::int8";
