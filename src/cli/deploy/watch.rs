//! What goes on in the session of a deploy, as another session sees it: who keeps it waiting, and how far it has come.

use std::{collections::BTreeSet, sync::mpsc, time::Duration};

use postgres::Client;

use crate::{
    cli::ui::{Progress, Ui},
    connect::Target,
};

/// How often somebody looks.
const PAUSE: Duration = Duration::from_millis(500);

/// The session to look at, and where it is.
pub(super) struct Watch {
    target: Target,
    pid: i32,
}

/// Those that hold what the session waits for (PostgreSQL manual, 9.26, `pg_blocking_pids`).
const BLOCKERS: &str = "
    SELECT a.pid, concat_ws(', ', a.usename, nullif(a.application_name, ''), a.state
        || coalesce(' for ' || round(extract(epoch FROM clock_timestamp() - a.state_change)) || ' s', ''))
    FROM pg_stat_activity a WHERE a.pid = ANY (pg_blocking_pids($1)) ORDER BY a.pid";

/// How far it has come (PostgreSQL manual, 27.4): what goes on, how much of it is done, and how much there is.
const PROGRESS: &str = "
    SELECT command || ': ' || phase, blocks_done + tuples_done + lockers_done, blocks_total + tuples_total + lockers_total
    FROM pg_stat_progress_create_index WHERE pid = $1
    UNION ALL
    SELECT command || ': ' || phase, heap_blks_scanned, heap_blks_total FROM pg_stat_progress_cluster WHERE pid = $1
    UNION ALL
    SELECT 'VACUUM: ' || phase, heap_blks_scanned, heap_blks_total FROM pg_stat_progress_vacuum WHERE pid = $1";

impl Watch {
    /// Nothing where the session does not answer.
    pub(super) fn of(url: &str, watched: &mut Client) -> Option<Watch> {
        let pid = watched.query_one("SELECT pg_backend_pid()", &[]).ok()?.get(0);
        Some(Watch { target: Target::parse(url).ok()?, pid })
    }

    /// Looks until the other end of `ended` is gone, in a second session. Most migrations have ended before it is opened.
    /// Each one who keeps it waiting is named once.
    pub(super) fn look(self, name: &str, ended: &mpsc::Receiver<()>, progress: &Progress, ui: &Ui) {
        let goes_on = || ended.recv_timeout(PAUSE) == Err(mpsc::RecvTimeoutError::Timeout);
        if !goes_on() {
            return;
        }
        let Ok(mut client) = self.target.connect() else { return };
        let mut named = BTreeSet::new();
        while goes_on() {
            let Ok(blockers) = client.query(BLOCKERS, &[&self.pid]) else { return };
            for row in blockers {
                let (pid, who): (i32, String) = (row.get(0), row.get(1));
                if named.insert(pid) {
                    ui.say(&format!(
                        "{name}: waits for session {pid} ({who}); `SELECT pg_terminate_backend({pid})` would end that"
                    ));
                }
            }
            let Ok(steps) = client.query(PROGRESS, &[&self.pid]) else { return };
            if let Some(row) = steps.first() {
                let (what, done, all): (String, i64, i64) = (row.get(0), row.get(1), row.get(2));
                let share = if 0 < all { format!(", {} %", 100 * done / all) } else { String::new() };
                progress.says(&format!("{name}: {what}{share}"));
            }
        }
    }
}
