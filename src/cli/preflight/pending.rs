//! What the pending migrations are about, and what the role lacks for them.

use std::collections::{BTreeMap, BTreeSet};

use postgres::Client;
use serde_json::{Value, json};

use crate::{
    diagnostic::Diagnostic,
    emit::preflight::Table,
    history::Migration,
    model::{Files, Ident, Span},
    sources::{Demand, Named, Need, demands},
    stats::Statistics,
};

/// The migrations that are to run, and what each asks for.
pub(super) struct Pending {
    pub names: Vec<String>,
    demands: Vec<(usize, Demand)>,
}

/// A relation of the database that migrations name, or the table of an index.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Relation {
    pub schema: String,
    pub name: String,
    pub oid: u32,
}

/// Tables, each with the places of the migrations that name it.
pub(super) type Touched = BTreeMap<Relation, BTreeSet<usize>>;

impl Pending {
    /// # Errors
    /// Diagnostics for what cannot be understood.
    pub(super) fn read(migrations: &[Migration], files: &mut Files) -> Result<Pending, Vec<Diagnostic>> {
        let mut all = Vec::new();
        for (at, migration) in migrations.iter().enumerate() {
            let script = migration.script(files)?;
            all.extend(demands(&script, files).into_iter().map(|it| (at, it)));
        }
        Ok(Pending { names: migrations.iter().map(|it| it.name.clone()).collect(), demands: all })
    }

    pub(super) fn needs(&self) -> impl Iterator<Item = &Demand> {
        self.demands.iter().map(|(_, it)| it)
    }

    /// The tables that are there already and are named, each with the migrations that do so.
    ///
    /// # Errors
    /// What the server says.
    pub(super) fn touched(&self, client: &mut Client) -> Result<Touched, postgres::Error> {
        let named = |it: &(usize, Demand)| match &it.1.need {
            Need::Names(named) => Some((it.0, asked(it.0, &it.1, named))),
            Need::Owns(_) | Need::Drops(_) | Need::May(..) | Need::OwnsSchema(_) | Need::CreatesIn(_) => None,
            Need::CreatesInDatabase | Need::CreatesExtension { .. } | Need::UpdatesExtension { .. } => None,
        };
        let names: Vec<Value> = self.demands.iter().filter_map(named).map(|(_, it)| it).collect();
        let mut found = Touched::new();
        for row in client.query(&format!("{NEEDS}{TOUCHED}"), &[&Value::from(names).to_string()])? {
            let relation = Relation { schema: row.try_get(1)?, name: row.try_get(2)?, oid: row.try_get(3)? };
            found.entry(relation).or_default().extend(usize::try_from(row.try_get::<_, i32>(0)?));
        }
        Ok(found)
    }

    /// How large they are, the largest first.
    pub(super) fn sizes(&self, touched: &Touched, statistics: &Statistics) -> Vec<Table> {
        let size = |(it, by): (&Relation, &BTreeSet<usize>)| {
            let known = statistics.relations.iter().find(|size| size.schema == it.schema && size.name == it.name)?;
            Some(Table {
                table: format!("{}.{}", Ident::new(&it.schema), Ident::new(&it.name)),
                rows: known.rows,
                bytes: known.bytes.saturating_add(known.toast_bytes),
                total_bytes: known.total_bytes,
                migrations: by.iter().filter_map(|at| self.names.get(*at).cloned()).collect(),
            })
        };
        let mut tables: Vec<Table> = touched.iter().filter_map(size).collect();
        tables.sort_by(|a, b| b.total_bytes.cmp(&a.total_bytes).then_with(|| a.table.cmp(&b.table)));
        tables
    }

    /// What the role is not allowed to do that statements need.
    ///
    /// # Errors
    /// What the server says.
    pub(super) fn lacking(&self, client: &mut Client) -> Result<Vec<Diagnostic>, postgres::Error> {
        let needs: Vec<Value> = self.demands.iter().enumerate().filter_map(|(at, (_, it))| right(at, it)).collect();
        let mut told = BTreeSet::new();
        let mut found = Vec::new();
        for row in client.query(&format!("{NEEDS}{LACKING}"), &[&Value::from(needs).to_string()])? {
            let at = usize::try_from(row.try_get::<_, i32>(0)?).unwrap_or_default();
            let (role, lacks, help): (String, String, String) = (row.try_get(1)?, row.try_get(2)?, row.try_get(3)?);
            let Some((_, demand)) = self.demands.get(at) else { continue };
            // Many statements may need one thing; the first is shown.
            if told.insert((role.clone(), lacks.clone())) {
                found.push(lacks_privilege(&role, &lacks, &help, &demand.span));
            }
        }
        Ok(found)
    }
}

pub(super) fn lacks_privilege(role: &str, lacks: &str, help: &str, at: &Span) -> Diagnostic {
    Diagnostic::error("lacks-privilege", format!("the role {} {lacks}", Ident::new(role)))
        .at(at.clone(), "this statement would fail")
        .with_help(help)
}

fn asked(at: usize, demand: &Demand, named: &Named) -> Value {
    right_to(at, demand, "NAMES", named.schema.as_deref(), &named.name)
}

/// A right that a statement needs, as the query takes it.
fn right(at: usize, demand: &Demand) -> Option<Value> {
    let relation = |what: &str, it: &Named| Some(right_to(at, demand, what, it.schema.as_deref(), &it.name));
    match &demand.need {
        Need::Owns(named) => relation("OWN", named),
        Need::Drops(named) => relation("DROP", named),
        Need::May(privilege, named) => relation(privilege, named),
        Need::OwnsSchema(name) => Some(right_to(at, demand, "OWN SCHEMA", Some(name), "")),
        Need::CreatesIn(schema) => Some(right_to(at, demand, "CREATE", schema.as_deref(), "")),
        Need::CreatesInDatabase => Some(right_to(at, demand, "CREATE IN DATABASE", None, "")),
        Need::Names(_) | Need::CreatesExtension { .. } | Need::UpdatesExtension { .. } => None,
    }
}

fn right_to(at: usize, demand: &Demand, what: &str, schema: Option<&str>, name: &str) -> Value {
    let path = demand.path.as_deref().filter(|it| !it.is_empty());
    json!({"at": at, "what": what, "role": demand.role, "schema": schema, "name": name, "path": path})
}

/// What is asked about, and the relations that its names stand for now. Whatever a migration before makes is not there yet,
/// and belongs to whoever makes it. The same goes for roles.
const NEEDS: &str = "
    WITH needs AS (
        SELECT n.at, n.what, n.schema, n.name, n.path, r.rolname, r.oid AS role
        FROM jsonb_to_recordset($1::text::jsonb)
             AS n(at int4, what text, role text, schema text, name text, path text)
        JOIN pg_catalog.pg_roles r ON r.rolname = coalesce(n.role, current_user)),
    relations AS (
        SELECT n.*, c.oid, c.relname, c.relkind, c.relowner, c.relnamespace
        FROM needs n
        JOIN pg_catalog.pg_class c ON c.oid = CASE
            WHEN n.name = '' THEN NULL
            WHEN n.schema IS NOT NULL THEN to_regclass(format('%I.%I', n.schema, n.name))
            WHEN n.path IS NULL THEN to_regclass(format('%I', n.name))
            ELSE coalesce(to_regclass(format('%I.%I', n.path, n.name)), to_regclass(format('%I', n.name))) END)";

const TOUCHED: &str = "
    SELECT n.at, s.nspname::text, t.relname::text, t.oid
    FROM relations n LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = n.oid
    JOIN pg_catalog.pg_class t ON t.oid = coalesce(i.indrelid, n.oid) AND t.relkind IN ('r', 'p', 'm')
    JOIN pg_catalog.pg_namespace s ON s.oid = t.relnamespace
    WHERE s.nspname !~ '^pg_' AND s.nspname <> 'information_schema'";

const LACKING: &str = "
    SELECT n.at, n.rolname::text, format('does not own %s', n.oid::regclass),
           format('it belongs to %I: deploy as that role, or as a member of it', pg_get_userbyid(n.relowner))
    FROM relations n JOIN pg_catalog.pg_namespace s ON s.oid = n.relnamespace
    WHERE n.what IN ('OWN', 'DROP') AND NOT pg_has_role(n.role, n.relowner, 'USAGE')
      AND NOT (n.what = 'DROP' AND pg_has_role(n.role, s.nspowner, 'USAGE'))
    UNION ALL
    SELECT n.at, n.rolname, format('has no privilege %s on %s', n.what, n.oid::regclass),
           format('`GRANT %s ON %s TO %I;`, or deploy as a role that has it', n.what, n.oid::regclass, n.rolname)
    FROM relations n
    WHERE CASE WHEN n.what IN ('INSERT', 'UPDATE', 'REFERENCES')
               THEN NOT has_table_privilege(n.role, n.oid, n.what) AND NOT has_any_column_privilege(n.role, n.oid, n.what)
               WHEN n.what IN ('DELETE', 'TRUNCATE', 'TRIGGER') THEN NOT has_table_privilege(n.role, n.oid, n.what) END
    UNION ALL
    SELECT n.at, n.rolname, format('has no privilege CREATE on schema %I', s.nspname),
           format('`GRANT CREATE ON SCHEMA %I TO %I;`, or deploy as a role that has it', s.nspname, n.rolname)
    FROM needs n JOIN pg_catalog.pg_namespace s ON s.nspname = coalesce(n.schema, n.path, current_schema())
    WHERE n.what = 'CREATE' AND NOT has_schema_privilege(n.role, s.oid, 'CREATE')
    UNION ALL
    SELECT n.at, n.rolname, format('does not own schema %I', s.nspname),
           format('it belongs to %I: deploy as that role, or as a member of it', pg_get_userbyid(s.nspowner))
    FROM needs n JOIN pg_catalog.pg_namespace s ON s.nspname = n.schema
    WHERE n.what = 'OWN SCHEMA' AND NOT pg_has_role(n.role, s.nspowner, 'USAGE')
    UNION ALL
    SELECT n.at, n.rolname, format('has no privilege CREATE on database %I', current_database()),
           format('`GRANT CREATE ON DATABASE %I TO %I;`, or deploy as a role that has it', current_database(), n.rolname)
    FROM needs n WHERE n.what = 'CREATE IN DATABASE' AND NOT has_database_privilege(n.role, current_database(), 'CREATE')
    ORDER BY 1, 3";
