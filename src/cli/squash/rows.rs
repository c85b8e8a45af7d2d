//! Whether two databases hold the same rows.

use std::collections::BTreeMap;

use postgres::Client;

use crate::diagnostic::Diagnostic;

/// Of each table: how many rows, and a digest of them, in whatever order they and their columns are.
type Contents = BTreeMap<String, (i64, String)>;

const TABLES: &str = "
    SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')";

pub(super) fn contents(client: &mut Client) -> Result<Contents, postgres::Error> {
    client.batch_execute("RESET ALL; SET search_path = pg_catalog")?;
    let tables = client.query(TABLES, &[])?;
    let of = |row: &postgres::Row| {
        let table: String = row.get(0);
        let select = format!(
            "SELECT count(*), coalesce(md5(string_agg(h, '' ORDER BY h)), '')
             FROM (SELECT md5(to_jsonb(t)::text) AS h FROM {table} t) rows"
        );
        let row = client.query_one(&select, &[])?;
        Ok((table, (row.get(0), row.get(1))))
    };
    tables.iter().map(of).collect()
}

/// In which tables they differ. Another number of rows is an error; other values may come of the time, or of chance.
pub(super) fn compare(before: &Contents, after: &Contents) -> Vec<Diagnostic> {
    let differs = |(table, (count, digest)): (&String, &(i64, String))| {
        let (other, others) = after.get(table)?;
        if count != other {
            let title =
                format!("{table} has {count} rows after the migrations, and {other} after the one that replaces them");
            return Some(
                Diagnostic::error("rows-differ", title)
                    .with_help("squash a stretch that ends before these rows, or begins after them"),
            );
        }
        (digest != others).then(|| {
            let title = format!("the rows of {table} are not the same in both replays");
            Diagnostic::warning("rows-differ", title).with_note("that is so where they hold the time, or random values")
        })
    };
    before.iter().filter_map(differs).collect()
}
