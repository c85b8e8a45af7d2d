//! Whether the server has the extensions that pending migrations create or update.

use postgres::Client;

use crate::{
    cli::preflight::pending::{Pending, lacks_privilege},
    diagnostic::Diagnostic,
    model::Span,
    sources::{Demand, Need},
};

/// An extension that a migration asks for.
struct Asked<'a> {
    name: &'a str,
    version: Option<&'a str>,
    creates: bool,
    may_exist: bool,
    at: &'a Demand,
}

/// What the server knows of an extension.
struct Known {
    is_there: bool,
    /// Of the files on the server's disk.
    versions: Vec<String>,
    role: String,
    is_superuser: bool,
    /// Whether who may create in the database may create it.
    is_trusted: bool,
    may_create: bool,
}

/// # Errors
/// What the server says.
pub(super) fn lacking(client: &mut Client, pending: &Pending) -> Result<Vec<Diagnostic>, postgres::Error> {
    let mut found = Vec::new();
    for asked in pending.needs().filter_map(asked) {
        let known = look(client, &asked)?;
        found.extend(told(&asked, &known));
    }
    Ok(found)
}

fn asked(demand: &Demand) -> Option<Asked<'_>> {
    let (name, version, creates, may_exist) = match &demand.need {
        Need::CreatesExtension { name, version, may_exist } => (name, version, true, *may_exist),
        Need::UpdatesExtension { name, version } => (name, version, false, false),
        Need::Names(_) | Need::Owns(_) | Need::Drops(_) | Need::May(..) => return None,
        Need::OwnsSchema(_) | Need::CreatesIn(_) | Need::CreatesInDatabase => return None,
    };
    Some(Asked { name, version: version.as_deref(), creates, may_exist, at: demand })
}

fn look(client: &mut Client, asked: &Asked<'_>) -> Result<Known, postgres::Error> {
    let row = client.query_one(KNOWN, &[&asked.name, &asked.version, &asked.at.role])?;
    Ok(Known {
        is_there: row.try_get(0)?,
        versions: row.try_get(1)?,
        role: row.try_get(2)?,
        is_superuser: row.try_get(3)?,
        is_trusted: row.try_get(4)?,
        may_create: row.try_get(5)?,
    })
}

fn told(asked: &Asked<'_>, known: &Known) -> Option<Diagnostic> {
    let Asked { name, version, creates, may_exist, at } = *asked;
    if creates && known.is_there && may_exist {
        return None;
    }
    if known.versions.is_empty() {
        let title = format!("extension `{name}` is not on the server");
        return Some(unavailable(title, &at.span).with_help(
            "have its package installed there; a provider lists the extensions that it offers, and may have to allow this one",
        ));
    }
    if let Some(version) = version.filter(|it| !known.versions.iter().any(|known| known == it)) {
        let title = format!("extension `{name}` is on the server, but not in version {version}");
        let found = unavailable(title, &at.span).with_note(format!("it has {}", known.versions.join(", ")));
        return Some(found.with_help("have the package of that version installed there, or ask for one that it has"));
    }
    if !creates || known.is_superuser || (known.is_trusted && known.may_create) {
        return None;
    }
    let (lacks, help) = match known.is_trusted {
        true => (
            format!("has no privilege CREATE on the database, which extension `{name}` needs"),
            "`GRANT CREATE ON DATABASE … TO …;`, or deploy as a role that has it".to_owned(),
        ),
        false => (
            format!("is no superuser, which extension `{name}` needs"),
            format!("have a superuser run `CREATE EXTENSION {name}` before, and write `IF NOT EXISTS`"),
        ),
    };
    Some(lacks_privilege(&known.role, &lacks, &help, &at.span))
}

fn unavailable(title: String, at: &Span) -> Diagnostic {
    Diagnostic::error("extension-unavailable", title).at(at.clone(), "this statement would fail")
}

/// Of the version that is asked for, or the one that is taken where none is; any, where it is not there.
const KNOWN: &str = "
    WITH versions AS (SELECT * FROM pg_catalog.pg_available_extension_versions WHERE name = $1),
    meant AS (
        SELECT v.* FROM versions v
        LEFT JOIN pg_catalog.pg_available_extensions e ON e.name = v.name
        ORDER BY v.version = coalesce($2::text, e.default_version) DESC LIMIT 1),
    role AS (SELECT * FROM pg_catalog.pg_roles WHERE rolname IN ($3::text, current_user)
             ORDER BY rolname = coalesce($3::text, current_user) DESC LIMIT 1)
    SELECT EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = $1),
           ARRAY(SELECT version FROM versions ORDER BY version), r.rolname::text, r.rolsuper,
           coalesce((SELECT NOT superuser OR trusted FROM meant), false),
           has_database_privilege(r.oid, current_database(), 'CREATE')
    FROM role r";
