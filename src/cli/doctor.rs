//! `trueup doctor`

use std::path::Path;

use clap::Args;
use postgres::{Client, Row};

use crate::{
    cli::{
        config::Config,
        exit::{Ended, Error},
        history::{Opened, Options, lost},
        side::unreadable,
        status::{counted, findings},
        ui::Ui,
    },
    diagnostic::Diagnostic,
    history::journal,
};

/// Look for what migrations have left half done, and say how to go on or back
///
/// Migrations that failed, stopped in the middle, were edited after they had run, or have no file; indexes that are not valid,
/// constraints that were never validated, partitions that are half detached, and what goes by a name that online changes
/// give for the time being. Nothing is changed: each is told with the statements that end it.
/// Exit codes: 0 nothing was found; 1 something was; 64 the command line is wrong.
#[derive(Clone, Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    history: Options,
}

pub(crate) fn run(arguments: &Arguments, config: Option<&Path>, ui: &Ui) -> Result<Ended, Error> {
    let config = Config::load(config)?;
    ui.diagnostics(&config.warnings, &config.files);
    let mut opened = arguments.history.open_or_new(&config)?;
    let status = opened.status()?;
    let mut found = findings(&status.migrations);
    found.extend(half_done(&mut opened).map_err(|error| lost(&error))?);
    for ailment in AILMENTS {
        let more = ailment.look(&mut opened.client).map_err(|error| unreadable(&opened.url, &error))?;
        found.extend(more);
    }
    ui.diagnostics(&found, &config.files);
    if found.is_empty() {
        ui.say("nothing is left half done");
        return Ok(Ended::Well);
    }
    ui.say(&format!("{} found", counted(found.len(), "thing")));
    Ok(Ended::WithFault)
}

fn half_done(opened: &mut Opened) -> Result<Vec<Diagnostic>, postgres::Error> {
    let mut found = Vec::new();
    for migration in &opened.history {
        let Some(left) = journal::left(&mut opened.client, opened.layout, migration)? else { continue };
        let open = if left.is_open { ", and nobody has seen the next one end" } else { "" };
        let done = counted(left.done, "statement");
        let title = format!("{} is half done: {done} of it took effect{open}", migration.name);
        found.push(Diagnostic::error("half-applied", title).with_help("`trueup deploy` goes on after them").with_help(
            format!("`trueup resolve --rolled-back {}` forgets them, once they are undone", migration.name),
        ));
    }
    Ok(found)
}

/// Something that statements leave behind when they are interrupted.
struct Ailment {
    code: &'static str,
    /// Rows of what it is about, as a title, and the statements that end it, one a line.
    query: &'static str,
}

impl Ailment {
    fn look(&self, client: &mut Client) -> Result<Vec<Diagnostic>, postgres::Error> {
        let told = |row: &Row| {
            let (title, statements): (String, String) = (row.get(0), row.get(1));
            statements.lines().map(str::to_owned).fold(Diagnostic::warning(self.code, title), Diagnostic::with_help)
        };
        Ok(client.query(self.query, &[])?.iter().map(told).collect())
    }
}

/// PostgreSQL manual: `CREATE INDEX`, "Building Indexes Concurrently"; `REINDEX`, "Rebuilding Indexes Concurrently";
/// `ALTER TABLE`, `VALIDATE CONSTRAINT` and `DETACH PARTITION`.
const AILMENTS: &[Ailment] = &[
    Ailment {
        code: "invalid-index",
        query: "
            SELECT format('index %s on %s is not valid: no query uses it, and every write keeps it up', i.indexrelid::regclass,
                          i.indrelid::regclass),
                   CASE WHEN c.relname ~ '_cc(new|old)[0-9]*$' THEN ''
                        ELSE format(E'REINDEX INDEX CONCURRENTLY %s;   builds it anew\n', i.indexrelid::regclass) END
                   || format('DROP INDEX CONCURRENTLY %s;   takes it away', i.indexrelid::regclass)
            FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
            WHERE NOT i.indisvalid AND c.relkind = 'i' AND c.relnamespace <> 'pg_toast'::regnamespace ORDER BY 1",
    },
    Ailment {
        code: "incomplete-index",
        query: "
            SELECT format('index %s on the partitioned table %s is not valid: some partitions lack their part of it',
                          i.indexrelid::regclass, i.indrelid::regclass),
                   string_agg(format('%s lacks it: CREATE INDEX CONCURRENTLY … ON %1$s, then ALTER INDEX %s ATTACH PARTITION …;',
                                     p.inhrelid::regclass, i.indexrelid::regclass), E'\n' ORDER BY p.inhrelid::regclass::text)
            FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_inherits p ON p.inhparent = i.indrelid
            WHERE NOT i.indisvalid AND c.relkind = 'I'
              AND NOT EXISTS (SELECT FROM pg_inherits part JOIN pg_index own ON own.indexrelid = part.inhrelid
                              WHERE part.inhparent = i.indexrelid AND own.indrelid = p.inhrelid)
            GROUP BY i.indexrelid, i.indrelid ORDER BY 1",
    },
    Ailment {
        code: "unvalidated-constraint",
        query: "
            SELECT format('constraint %I on %s was never validated: rows that were there may break it', conname,
                          conrelid::regclass),
                   format('ALTER TABLE %s VALIDATE CONSTRAINT %I;', conrelid::regclass, conname)
            FROM pg_constraint WHERE NOT convalidated AND conrelid <> 0 AND conparentid = 0 ORDER BY 1",
    },
    Ailment {
        code: "half-detached",
        query: "
            SELECT format('partition %s of %s is half detached', inhrelid::regclass, inhparent::regclass),
                   format('ALTER TABLE %s DETACH PARTITION %s FINALIZE;', inhparent::regclass, inhrelid::regclass)
            FROM pg_inherits WHERE (to_jsonb(pg_inherits) ->> 'inhdetachpending')::boolean ORDER BY 1",
    },
    Ailment {
        code: "temporary-name",
        query: "
            SELECT format('%s %s is there for the time of an online change', what, name), remedy FROM (
                SELECT 'index' AS what, oid::regclass::text AS name,
                       format('DROP INDEX CONCURRENTLY %s;   if no deploy goes on', oid::regclass) AS remedy
                FROM pg_class WHERE relkind = 'i' AND relname LIKE '%\\_\\_new'
                UNION ALL
                SELECT 'column', format('%s.%I', attrelid::regclass, attname),
                       format('ALTER TABLE %s DROP COLUMN %I;   if no deploy goes on', attrelid::regclass, attname)
                FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
                WHERE c.relkind IN ('r', 'p') AND 0 < attnum AND NOT attisdropped
                  AND (attname LIKE '%\\_\\_new' OR attname LIKE '%\\_\\_old')
                UNION ALL
                SELECT 'trigger', format('%I on %s', tgname, tgrelid::regclass),
                       format('DROP TRIGGER %I ON %s;   if no deploy goes on', tgname, tgrelid::regclass)
                FROM pg_trigger WHERE NOT tgisinternal AND tgname LIKE 'zz\\_%\\_\\_sync'
                UNION ALL
                SELECT 'constraint', format('%I on %s', conname, conrelid::regclass),
                       format('ALTER TABLE %s DROP CONSTRAINT %I;   if no deploy goes on', conrelid::regclass, conname)
                FROM pg_constraint
                WHERE contype = 'c' AND (conname LIKE '%\\_\\_not\\_null' OR conname LIKE '%\\_\\_bounds')
            ) it ORDER BY 1",
    },
];
