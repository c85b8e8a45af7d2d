//! Who is at work in the database: transactions that last, and who waits for whom. What they run is not shown, since there may
//! be a password in it.

use postgres::Client;

use crate::{cli::status::counted, diagnostic::Diagnostic, model::Literal};

/// Transactions that have lasted longer than this many seconds. One that holds a lock on a table that is to be changed is an
/// error: the statement would wait for it, and everybody else behind the statement.
///
/// # Errors
/// What the server says.
pub(super) fn long(client: &mut Client, seconds: i64, touched: &[u32]) -> Result<Vec<Diagnostic>, postgres::Error> {
    let mut found = Vec::new();
    for row in client.query(LONG, &[&seconds, &touched])? {
        let (pid, who, age): (i32, String, i64) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        let (state, held): (String, Vec<String>) = (row.try_get(3)?, row.try_get(4)?);
        let title = format!("session {pid} ({who}) has been in a transaction for {}: {state}", lasting(age));
        found.push(
            in_the_way("long-transaction", title, &held)
                .with_help(format!("wait for its end, or end it: `SELECT pg_terminate_backend({pid});`")),
        );
    }
    for row in client.query(PREPARED, &[&seconds, &touched])? {
        let (gid, owner, age): (String, String, i64) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        let held: Vec<String> = row.try_get(3)?;
        let title = format!("transaction `{gid}` of {owner} was prepared {} ago and is not over", lasting(age));
        let gid = Literal(&gid);
        found.push(in_the_way("prepared-transaction", title, &held).with_help(format!(
            "it holds its locks until somebody says `COMMIT PREPARED {gid};` or `ROLLBACK PREPARED {gid};`"
        )));
    }
    Ok(found)
}

fn in_the_way(code: &'static str, title: String, held: &[String]) -> Diagnostic {
    let found = if held.is_empty() { Diagnostic::warning(code, title) } else { Diagnostic::error(code, title) };
    held.iter().fold(found, |found, lock| found.with_note(format!("it holds {lock}, which pending migrations name")))
}

/// Sessions that wait for others, and for whom.
///
/// # Errors
/// What the server says.
pub(super) fn waiting(client: &mut Client) -> Result<Vec<Diagnostic>, postgres::Error> {
    let each = |row: &postgres::Row| {
        let (pid, who, what): (i32, String, String) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        let (by, named): (Vec<i32>, Vec<String>) = (row.try_get(3)?, row.try_get(4)?);
        let found = Diagnostic::error("waiting-lock", format!("session {pid} ({who}) waits for {what}"));
        let found = named.iter().fold(found, |found, it| found.with_note(format!("it waits for {it}")));
        let ends = by.iter().filter(|it| **it != 0).map(|it| format!("`SELECT pg_terminate_backend({it});`"));
        let ends: Vec<String> = ends.collect();
        Ok(found.with_help(match ends.is_empty() {
            true => "a prepared transaction holds it: see `SELECT * FROM pg_prepared_xacts;`".to_owned(),
            false => format!("wait until that is over, or end whom it waits for: {}", ends.join(", ")),
        }))
    };
    client.query(WAITING, &[])?.iter().map(each).collect()
}

/// What the role is not shown, if there is something.
///
/// # Errors
/// What the server says.
pub(super) fn hidden(client: &mut Client) -> Result<Option<Diagnostic>, postgres::Error> {
    let count: i64 = client.query_one(HIDDEN, &[])?.try_get(0)?;
    let sessions = counted(usize::try_from(count).unwrap_or_default(), "session");
    let title = format!("the role does not see what others do in the database: {sessions}");
    Ok((0 < count).then(|| {
        Diagnostic::note("activity-hidden", title)
            .with_help("`GRANT pg_monitor TO …` shows it: long transactions, replicas")
    }))
}

/// `4 min`, `2 h`
pub(super) fn lasting(seconds: i64) -> String {
    match seconds {
        ..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// Sessions of this database only: others hold no locks here.
const LONG: &str = "
    SELECT a.pid, concat_ws(', ', a.usename, nullif(a.application_name, '')),
           extract(epoch FROM now() - a.xact_start)::int8, coalesce(a.state, 'at work'),
           ARRAY(SELECT DISTINCT format('%s on %s', l.mode, l.relation::regclass) FROM pg_locks l
                 WHERE l.pid = a.pid AND l.granted AND l.relation = ANY($2) AND l.database = a.datid ORDER BY 1)
    FROM pg_stat_activity a
    WHERE a.datname = current_database() AND a.pid <> pg_backend_pid() AND a.backend_type = 'client backend'
      AND $1::int8 <= extract(epoch FROM now() - a.xact_start)
    ORDER BY a.xact_start";

const PREPARED: &str = "
    SELECT p.gid, p.owner::text, extract(epoch FROM now() - p.prepared)::int8,
           ARRAY(SELECT DISTINCT format('%s on %s', l.mode, l.relation::regclass)
                 FROM pg_locks x JOIN pg_locks l ON l.virtualtransaction = x.virtualtransaction AND l.pid IS NULL
                 WHERE x.locktype = 'transactionid' AND x.transactionid = p.transaction AND x.pid IS NULL
                   AND l.relation = ANY($2) ORDER BY 1)
    FROM pg_prepared_xacts p
    WHERE p.database = current_database() AND $1::int8 <= extract(epoch FROM now() - p.prepared)
    ORDER BY p.prepared";

const WAITING: &str = "
    SELECT w.pid, concat_ws(', ', a.usename, nullif(a.application_name, '')),
           coalesce(format('%s on %s', min(w.mode), min(w.relation::regclass::text)), min(w.locktype)), b.pids,
           ARRAY(SELECT CASE o.pid WHEN 0 THEN 'a prepared transaction'
                        ELSE format('session %s (%s)', o.pid, concat_ws(', ', s.usename, nullif(s.application_name, ''), s.state)) END
                 FROM (SELECT DISTINCT unnest(b.pids)) o(pid) LEFT JOIN pg_stat_activity s ON s.pid = o.pid ORDER BY o.pid)
    FROM pg_locks w JOIN pg_stat_activity a ON a.pid = w.pid, LATERAL (SELECT pg_blocking_pids(w.pid)) b(pids)
    WHERE NOT w.granted AND a.datname = current_database() AND 0 < cardinality(b.pids)
    GROUP BY w.pid, a.usename, a.application_name, b.pids
    ORDER BY w.pid";

const HIDDEN: &str = "
    SELECT count(*) FROM pg_stat_activity a
    WHERE a.datname = current_database() AND a.query = '<insufficient privilege>'";
