//! Who follows the server, and how far behind: what a migration writes has to reach them too, and is kept until it has.

use postgres::Client;

use crate::{
    cli::preflight::activity::lasting,
    diagnostic::Diagnostic,
    emit::preflight::{Replica, size},
};

/// So many bytes of WAL are far behind, however short a time it was.
const FAR: u64 = 1 << 30;

/// The replicas that are connected. Nothing is known of those that the role does not see.
///
/// # Errors
/// What the server says.
pub(super) fn replicas(client: &mut Client) -> Result<Vec<Replica>, postgres::Error> {
    let replica = |row: &postgres::Row| {
        let seconds = |at: usize| row.try_get::<_, Option<f64>>(at);
        Ok(Replica {
            name: row.try_get(0)?,
            state: row.try_get(1)?,
            write_lag: seconds(2)?,
            flush_lag: seconds(3)?,
            replay_lag: seconds(4)?,
            bytes: row.try_get::<_, Option<i64>>(5)?.map(|it| u64::try_from(it).unwrap_or_default()),
        })
    };
    client.query(REPLICAS, &[])?.iter().map(replica).collect()
}

/// Those that are behind for longer than this many seconds, or far behind.
pub(super) fn behind(replicas: &[Replica], seconds: u64) -> Vec<Diagnostic> {
    let told = |it: &Replica| {
        let lag = [it.write_lag, it.flush_lag, it.replay_lag].into_iter().flatten().fold(0.0, f64::max);
        let bytes = it.bytes.unwrap_or_default();
        let is_behind = seconds as f64 <= lag || FAR <= bytes;
        let title = format!("replica `{}` is behind: {:.0} s, {}", it.name, lag, size(bytes));
        is_behind.then(|| {
            let part = |name: &str, lag: Option<f64>| lag.map(|it| format!("{name} {it:.1} s"));
            let parts = [part("write", it.write_lag), part("flush", it.flush_lag), part("replay", it.replay_lag)];
            let parts: Vec<String> = parts.into_iter().flatten().collect();
            let found =
                Diagnostic::warning("replica-lag", title).with_note(format!("{}: {}", it.state, parts.join(", ")));
            found.with_help("wait until it has caught up: what rewrites a table sends all of it to the replicas")
        })
    };
    replicas.iter().filter_map(told).collect()
}

/// Slots that nobody reads, for which the server keeps its WAL.
///
/// # Errors
/// What the server says.
pub(super) fn idle_slots(client: &mut Client) -> Result<Vec<Diagnostic>, postgres::Error> {
    let told = |row: &postgres::Row| {
        let (name, kind, bytes): (String, String, Option<i64>) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        let kept = bytes.map(|it| size(u64::try_from(it).unwrap_or_default()));
        let kept = kept.map(|it| format!(", and the server keeps {it} of WAL for it")).unwrap_or_default();
        let found =
            Diagnostic::warning("idle-slot", format!("nobody reads the {kind} replication slot `{name}`{kept}"));
        Ok(found.with_note("what migrations write is kept too, until somebody reads it or the disk is full").with_help(
            format!(
                "bring its reader back; or if there is none any more, `SELECT pg_drop_replication_slot({});`",
                crate::model::Literal(&name)
            ),
        ))
    };
    client.query(SLOTS, &[])?.iter().map(told).collect()
}

/// What a server that is a replica itself has to say.
///
/// # Errors
/// What the server says.
pub(super) fn standby(client: &mut Client) -> Result<Option<Diagnostic>, postgres::Error> {
    let row = client.query_one(STANDBY, &[])?;
    let (is_standby, age): (bool, Option<i64>) = (row.try_get(0)?, row.try_get(1)?);
    let title = || {
        let behind = age.map(|it| format!(", {} behind", lasting(it))).unwrap_or_default();
        format!("the server is a replica{behind}: nothing can be written there")
    };
    Ok(is_standby.then(|| Diagnostic::error("standby", title()).with_help("name the primary server")))
}

const REPLICAS: &str = "
    SELECT coalesce(nullif(application_name, ''), pid::text), coalesce(state, 'unknown'),
           extract(epoch FROM write_lag)::float8, extract(epoch FROM flush_lag)::float8,
           extract(epoch FROM replay_lag)::float8,
           CASE WHEN NOT pg_is_in_recovery()
                THEN pg_wal_lsn_diff(pg_current_wal_lsn(), coalesce(replay_lsn, flush_lsn, sent_lsn))::int8 END
    FROM pg_stat_replication ORDER BY 1";

const SLOTS: &str = "
    SELECT slot_name::text, slot_type,
           CASE WHEN NOT pg_is_in_recovery() THEN pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::int8 END
    FROM pg_replication_slots WHERE NOT active ORDER BY 1";

const STANDBY: &str = "
    SELECT pg_is_in_recovery(),
           CASE WHEN pg_is_in_recovery() THEN extract(epoch FROM now() - pg_last_xact_replay_timestamp())::int8 END";
