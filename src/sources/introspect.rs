//! Reads a database into a [`Catalog`]: the loop over the kinds, in one transaction.
//!
//! One connection, one `REPEATABLE READ READ ONLY` transaction and `search_path = pg_catalog`, so that every name in
//! every text is qualified. Needs no superuser.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet, HashMap},
};

use postgres::{Client, IsolationLevel, Row};

use super::memory::Memory;

use crate::{
    catalog::{Catalog, Secret},
    model::{Ident, Kind, ObjectId, Pair, Version},
    shadow::Scratch,
    sources::mentions,
};

/// A `pg_depend` address: class, object, sub-object.
pub type Address = (u32, u32, i32);

/// Which statements of ownership count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owners {
    /// Every object's owner.
    All,
    /// Only owners other than the role of the session, which nobody decided on.
    Stated,
}

/// Which objects are read.
enum Scope {
    /// All but these, which belong to extensions.
    AllBut(BTreeSet<Address>),
    /// These, and what is in them.
    Only(BTreeSet<Address>),
}

/// Objects by the addresses that `pg_depend` and the satellites use.
#[derive(Default)]
struct Addresses {
    exact: HashMap<Address, ObjectId>,
    /// An address that stands for another: a row type for its table, an index for its constraint.
    aliases: HashMap<Address, Address>,
    /// Every object that has an address, in the order of the kinds.
    all: Vec<(Address, ObjectId)>,
}

impl Addresses {
    fn find(&self, address: Address) -> Option<&ObjectId> {
        let mut address = address;
        // A chain is short: array type → row type → table.
        for _ in 0..8 {
            if let Some(id) = self.exact.get(&address) {
                return Some(id);
            }
            address = match self.aliases.get(&address) {
                Some(to) => *to,
                // Part of something that is read as a whole.
                None if address.2 != 0 => (address.0, address.1, 0),
                None => return None,
            };
        }
        None
    }
}

/// Reads the schemas of the user, all that is in them, and what stands beside them.
///
/// # Errors
/// What the server says, such as a connection lost half way.
pub fn introspect(client: &mut Client, owners: Owners) -> Result<Catalog, postgres::Error> {
    Ok(read(client, owners, None, &mut Memory::default())?.0)
}

/// The same, with the address that each object has for as long as it is there, if it has one, for who asks the server more.
///
/// # Errors
/// What the server says, such as a connection lost half way.
pub fn introspect_addressed(
    client: &mut Client,
    owners: Owners,
) -> Result<(Catalog, Vec<(Address, ObjectId)>), postgres::Error> {
    let (catalog, addresses) = read(client, owners, None, &mut Memory::default())?;
    Ok((catalog, addresses.all))
}

/// Reads a scratch database as a server would show it that lacks nothing.
///
/// # Errors
/// What the server says, such as a connection lost half way.
pub fn introspect_scratch(scratch: &mut Scratch, owners: Owners) -> Result<Catalog, postgres::Error> {
    introspect_again(scratch, owners, &mut Memory::default())
}

/// The same, of a database that has been read before in the same session: what `memory` knows of is not asked again.
///
/// # Errors
/// What the server says, such as a connection lost half way.
pub fn introspect_again(
    scratch: &mut Scratch,
    owners: Owners,
    memory: &mut Memory,
) -> Result<Catalog, postgres::Error> {
    let (mut catalog, _) = read(&mut scratch.client, owners, None, memory)?;
    catalog.replace_texts(&|text| {
        if let Cow::Owned(restored) = (scratch.restore)(text) {
            *text = restored;
        }
    });
    Ok(catalog)
}

/// Reads the members of an extension as if they were the user's own, and the schemas that they stand in.
///
/// # Errors
/// What the server says, such as a connection lost half way.
pub fn introspect_members(client: &mut Client, extension: &str) -> Result<Catalog, postgres::Error> {
    Ok(read(client, Owners::All, Some(extension), &mut Memory::default())?.0)
}

fn read(
    client: &mut Client,
    owners: Owners,
    extension: Option<&str>,
    memory: &mut Memory,
) -> Result<(Catalog, Addresses), postgres::Error> {
    let mut transaction =
        client.build_transaction().isolation_level(IsolationLevel::RepeatableRead).read_only(true).start()?;
    transaction.batch_execute(SESSION)?;
    let version: i32 = transaction.query_one("SELECT current_setting('server_version_num')::int4", &[])?.get(0);
    let mut catalog = Catalog::new(Version(version));
    let schemas = match extension {
        None => memory.query(&mut transaction, SCHEMAS, &[])?,
        Some(extension) => memory.query(&mut transaction, SCHEMAS_OF_MEMBERS, &[&extension])?,
    };
    let schemas: Vec<u32> = schemas.iter().map(|row| row.get(0)).collect();
    memory.about(&schemas);

    let mut addresses = Addresses::default();
    for row in memory.query(&mut transaction, ALIASES, &[&schemas])?.iter() {
        addresses.aliases.insert((row.get(0), row.get(1), 0), (row.get(2), row.get(3), row.get(4)));
    }
    let members = memory.query(&mut transaction, MEMBERS, &[&extension])?;
    let members: BTreeSet<Address> = members.iter().map(|row| (row.get(0), row.get(1), 0)).collect();
    let scope = match extension {
        None => Scope::AllBut(members),
        Some(_) => Scope::Only(members),
    };

    let mut implied = Vec::new();
    let mut needs = Vec::new();
    let stand_ins: Vec<String> = memory.query(&mut transaction, STAND_INS, &[])?.iter().map(|row| row.get(0)).collect();
    for &kind in Kind::ALL {
        for row in memory.query(&mut transaction, kind.catalog(), &[&schemas])?.iter() {
            let Some(id) = identify(kind, row, &addresses, &scope)? else { continue };
            let mut object = kind.read(row)?;
            if !stand_ins.is_empty() {
                object.replace_texts(&|text| name_types(text, &stand_ins));
            }
            if owners == Owners::All {
                object.state();
            }
            let address = address(row, "classid", "objid", "objsubid")?;
            if let Some(address) = address.filter(|address| address.0 != 0) {
                addresses.exact.insert(address, id.clone());
                addresses.all.push((address, id.clone()));
            }
            if has(row, "implied_id") {
                implied.push((id.clone(), address_of(row, "implied")?));
            }
            if has(row, "needs_id") {
                needs.push((id.clone(), address_of(row, "needs")?));
            }
            catalog.insert(id, object, None);
        }
    }
    for (id, address) in implied {
        let by = address.and_then(|address| addresses.exact.get(&address)).cloned();
        if let Some(entry) = catalog.entry_mut(&id) {
            entry.implied_by = by.filter(|by| *by != id);
        }
    }
    for (id, address) in needs {
        let needed = address.and_then(|address| addresses.find(address)).cloned();
        if let (Some(entry), Some(needed)) = (catalog.entry_mut(&id), needed) {
            entry.needs.insert(needed);
        }
    }
    link(&memory.query(&mut transaction, DEPENDENCIES, &[])?, &addresses, &mut catalog);
    untie(&mut catalog);
    mentions::link(&mut catalog);
    for row in memory.query(&mut transaction, CASTS, &[])?.iter() {
        let pair: (String, String) = (row.get(0), row.get(1));
        if row.get(2) {
            catalog.casts.assigned.insert(pair.clone());
        }
        catalog.casts.explicit.insert(pair);
    }
    let over = memory.query(&mut transaction, DOMAINS, &[])?;
    let over: BTreeMap<String, String> = over.iter().map(|row| (row.get(0), row.get(1))).collect();
    catalog.casts.domains = Pair::new(over.clone(), over);
    for row in memory.query(&mut transaction, UNMANAGED, &[&schemas])?.iter() {
        catalog.unmanaged.insert(row.get(0));
    }
    for row in memory.query(&mut transaction, SERVER_PRIVILEGES, &[])?.iter() {
        catalog.server_privileges.insert(row.get(0));
    }
    for row in memory.query(&mut transaction, SECRETS, &[])?.iter() {
        let secret = Secret { digest: row.get(1), is_database_setting: row.get(2) };
        catalog.secrets.insert(row.get(0), secret);
    }
    transaction.rollback()?;
    Ok((catalog, addresses))
}

/// The name-based address of a row; nothing for what belongs to an extension, or to what is not the user's.
fn identify(kind: Kind, row: &Row, addresses: &Addresses, scope: &Scope) -> Result<Option<ObjectId>, postgres::Error> {
    let own = address(row, "classid", "objid", "objsubid")?;
    let is_member =
        |members: &BTreeSet<Address>| own.is_some_and(|(class, object, _)| members.contains(&(class, object, 0)));
    if matches!(scope, Scope::AllBut(members) if kind != Kind::Schema && is_member(members)) {
        return Ok(None);
    }
    let name: String = row.try_get("name")?;
    let signature: String = if has(row, "signature") { row.try_get("signature")? } else { String::new() };
    let parent = if has(row, "parent_id") { address_of(row, "parent")? } else { None };
    let id = match parent {
        None => ObjectId::root(kind, name),
        Some(parent) => match addresses.exact.get(&parent) {
            Some(parent) => parent.child(kind, name),
            None => return Ok(None),
        },
    };
    // What is said of a schema is no member of anything.
    let of_schema = kind == Kind::Schema || (own.is_none_or(|own| own.0 == 0) && id.parent().is_some());
    let stands_alone = id.parent().is_none_or(|parent| parent.kind == Kind::Schema);
    if matches!(scope, Scope::Only(members) if !of_schema && stands_alone && !is_member(members)) {
        return Ok(None);
    }
    Ok(Some(id.signed(signature)))
}

/// Calls the types that the shadow stands in for by their names: `"geometry(Point,4326)"` is `geometry(Point,4326)`.
fn name_types(text: &mut String, stand_ins: &[String]) {
    for name in stand_ins {
        let quoted = Ident::new(name).to_string();
        if text.contains(&quoted) {
            *text = text.replace(&quoted, name);
        }
    }
}

fn has(row: &Row, column: &str) -> bool {
    row.columns().iter().any(|it| it.name() == column)
}

fn address_of(row: &Row, prefix: &str) -> Result<Option<Address>, postgres::Error> {
    address(row, &format!("{prefix}_class"), &format!("{prefix}_id"), &format!("{prefix}_sub"))
}

fn address(row: &Row, class: &str, id: &str, sub: &str) -> Result<Option<Address>, postgres::Error> {
    let (id, sub): (Option<u32>, Option<i32>) = (row.try_get(id)?, row.try_get(sub)?);
    let class: u32 = row.try_get(class)?;
    Ok(id.map(|id| (class, id, sub.unwrap_or(0))))
}

/// Hangs the edges of `pg_depend` on the objects.
fn link(dependencies: &[Row], addresses: &Addresses, catalog: &mut Catalog) {
    for row in dependencies {
        let from = addresses.find((row.get("classid"), row.get("objid"), row.get("objsubid")));
        let to = addresses.find((row.get("refclassid"), row.get("refobjid"), row.get("refobjsubid")));
        let (Some(from), Some(to)) = (from, to) else { continue };
        if from == to || to.ancestors().any(|up| up == from) || from.parent() == Some(to) {
            continue;
        }
        let Some(entry) = catalog.entry_mut(from) else { continue };
        let (dies_with, owned): (bool, bool) = (row.get("dies_with"), row.get("owned"));
        if dies_with {
            entry.dies_with.insert(to.clone());
        }
        if !owned {
            entry.needs.insert(to.clone());
        }
    }
}

/// A type and the functions that read and write it need each other. Such a function makes do with what contains
/// the definition, the shell of the type, and goes when the definition goes.
fn untie(catalog: &mut Catalog) {
    let knots: Vec<(ObjectId, ObjectId)> = catalog
        .iter()
        .filter(|(id, _)| id.kind.completes_parent())
        .flat_map(|(id, entry)| entry.needs.iter().map(move |needed| (id, needed)))
        .filter(|(id, needed)| catalog.entry(needed).is_some_and(|entry| entry.needs.contains(id)))
        .map(|(id, needed)| (id.clone(), needed.clone()))
        .collect();
    for (definition, function) in knots {
        if let Some(entry) = catalog.entry_mut(&function) {
            entry.needs.remove(&definition);
            entry.needs.extend(definition.parent().cloned());
            entry.dies_with.insert(definition);
        }
    }
}

const SESSION: &str = "
    SET LOCAL search_path = pg_catalog;
    SET LOCAL quote_all_identifiers = off;
    SET LOCAL TimeZone = 'UTC';
    SET LOCAL DateStyle = 'ISO, YMD';
    SET LOCAL IntervalStyle = 'postgres';
    SET LOCAL bytea_output = 'hex';
    SET LOCAL extra_float_digits = 1;
    SET LOCAL xmloption = content";

const SCHEMAS: &str = "
    SELECT oid FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'";

/// Addresses that stand for others.
const ALIASES: &str = "
    SELECT 'pg_type'::regclass::oid, t.oid, 'pg_class'::regclass::oid, t.typrelid, 0
    FROM pg_type t WHERE t.typrelid <> 0 AND t.typnamespace = ANY($1)
    UNION ALL
    SELECT 'pg_type'::regclass, t.typarray, 'pg_type'::regclass, t.oid, 0
    FROM pg_type t WHERE t.typarray <> 0 AND t.typnamespace = ANY($1)
    UNION ALL
    SELECT 'pg_type'::regclass, (to_jsonb(r)->>'rngmultitypid')::oid, 'pg_type'::regclass, r.rngtypid, 0
    FROM pg_range r WHERE to_jsonb(r)->>'rngmultitypid' IS NOT NULL
    UNION ALL
    SELECT 'pg_rewrite'::regclass, r.oid, 'pg_class'::regclass, r.ev_class, 0
    FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class WHERE r.rulename = '_RETURN' AND c.relnamespace = ANY($1)
    UNION ALL
    SELECT 'pg_class'::regclass, k.conindid, 'pg_constraint'::regclass, k.oid, 0
    FROM pg_constraint k WHERE k.conindid <> 0 AND k.contype IN ('p', 'u', 'x')
    UNION ALL
    SELECT 'pg_constraint'::regclass, k.oid, 'pg_constraint'::regclass, k.conparentid, 0
    FROM pg_constraint k JOIN pg_constraint p ON p.oid = k.conparentid AND p.conrelid = k.conrelid
    UNION ALL
    SELECT 'pg_constraint'::regclass, k.oid, 'pg_type'::regclass, k.contypid, 0
    FROM pg_constraint k WHERE k.contypid <> 0 AND k.contype <> 'c'
    UNION ALL
    SELECT 'pg_attrdef'::regclass, d.oid, 'pg_class'::regclass, d.adrelid, d.adnum
    FROM pg_attrdef d
    UNION ALL
    SELECT 'pg_proc'::regclass, d.objid, 'pg_type'::regclass, d.refobjid, 0
    FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.refclassid = 'pg_type'::regclass AND d.deptype = 'i'
    UNION ALL
    SELECT d.classid, d.objid, d.refclassid, d.refobjid, 0
    FROM pg_depend d WHERE d.classid IN ('pg_amop'::regclass, 'pg_amproc'::regclass) AND d.refclassid = 'pg_opclass'::regclass
      AND d.deptype = 'i'
    UNION ALL
    SELECT d.classid, d.objid, d.refclassid, d.refobjid, 0
    FROM pg_depend d WHERE d.deptype = 'e'";

/// The schemas that the members of an extension stand in, the server's own too.
const SCHEMAS_OF_MEMBERS: &str = "
    SELECT DISTINCT n.oid FROM pg_extension e
    JOIN pg_depend d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e'
    LEFT JOIN pg_depend s ON s.classid = d.classid AND s.objid = d.objid AND s.refclassid = 'pg_namespace'::regclass
    JOIN pg_namespace n ON n.oid IN (e.extnamespace, s.refobjid)
                        OR (d.classid = 'pg_namespace'::regclass AND n.oid = d.objid)
    WHERE e.extname = $1";

/// What belongs to an extension, or to any. Of a composite type it is the type that does, not its relation.
const MEMBERS: &str = "
    SELECT d.classid, d.objid FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
    WHERE d.deptype = 'e' AND ($1::text IS NULL OR e.extname = $1)
    UNION ALL
    SELECT 'pg_class'::regclass, t.typrelid FROM pg_depend d JOIN pg_type t ON t.oid = d.objid
    JOIN pg_extension e ON e.oid = d.refobjid
    WHERE d.deptype = 'e' AND d.classid = 'pg_type'::regclass AND t.typrelid <> 0
      AND ($1::text IS NULL OR e.extname = $1)";

/// `pg_depend` between objects of the user. A sequence that a column owns goes with the column, and does not need it.
const DEPENDENCIES: &str = "
    SELECT d.classid, d.objid, d.objsubid::int4 AS objsubid, d.refclassid, d.refobjid, d.refobjsubid::int4 AS refobjsubid,
           d.deptype IN ('a', 'i', 'P', 'S') AS dies_with,
           d.deptype = 'a' AND d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
               AND 0 < d.refobjsubid AND EXISTS (SELECT FROM pg_class c WHERE c.oid = d.objid AND c.relkind = 'S') AS owned
    FROM pg_depend d
    WHERE d.deptype NOT IN ('e', 'x') AND (16384 <= d.objid OR d.classid = 'pg_namespace'::regclass)
    UNION ALL
    -- An index that lacks some of its parts was created when all the partitions were there.
    SELECT 'pg_class'::regclass, x.indexrelid, 0, 'pg_class'::regclass, h.inhrelid, 0, false, false
    FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_inherits h ON h.inhparent = x.indrelid
    WHERE i.relkind = 'I' AND NOT x.indisvalid
    UNION ALL
    -- So was a check that is valid nowhere: the one that a new table inherits is.
    SELECT 'pg_constraint'::regclass, k.oid, 0, 'pg_class'::regclass, h.inhrelid, 0, false, false
    FROM pg_constraint k JOIN pg_inherits h ON h.inhparent = k.conrelid
    JOIN pg_constraint c ON c.conrelid = h.inhrelid AND c.conname = k.conname AND c.contype = 'c'
    WHERE k.contype = 'c' AND NOT k.convalidated AND NOT c.convalidated AND NOT c.conislocal";

/// The domains that `shadow` has for types with modifiers. No extension has a domain with such a name.
const STAND_INS: &str = "
    SELECT t.typname::text FROM pg_type t
    JOIN pg_depend d ON d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e'
    WHERE t.typtype = 'd' AND strpos(t.typname, '(') <> 0";

const CASTS: &str = "
    SELECT format_type(castsource, NULL), format_type(casttarget, NULL), castcontext IN ('a', 'i') FROM pg_cast
    WHERE castsource <> casttarget";

/// Domains, and what each is over at last.
const DOMAINS: &str = "
    WITH RECURSIVE over AS (
        SELECT oid, typbasetype AS base FROM pg_type WHERE typtype = 'd'
        UNION ALL
        SELECT o.oid, t.typbasetype FROM over o JOIN pg_type t ON t.oid = o.base WHERE t.typtype = 'd')
    SELECT format_type(o.oid, NULL), format_type(o.base, NULL)
    FROM over o JOIN pg_type t ON t.oid = o.base WHERE t.typtype <> 'd'";

/// Everything in the user's schemas, and beside them, that no kind reads.
const UNMANAGED: &str = "
    WITH found AS (
        -- An operator without a function, which no other mentions as its commutator or negator.
        SELECT 'pg_operator'::regclass AS classid, o.oid FROM pg_operator o
        WHERE o.oprcode = 0 AND o.oprnamespace = ANY($1)
          AND NOT EXISTS (SELECT FROM pg_operator u WHERE u.oprcode <> 0 AND o.oid IN (u.oprcom, u.oprnegate))
        -- What was added to a family of the server's, by no extension.
        UNION ALL SELECT i.classid, i.oid
        FROM (SELECT 'pg_amop'::regclass AS classid, o.oid, o.amopfamily AS family FROM pg_amop o
              UNION ALL SELECT 'pg_amproc'::regclass, p.oid, p.amprocfamily FROM pg_amproc p) i
        JOIN pg_opfamily f ON f.oid = i.family
        WHERE 16384 <= i.oid AND f.oid < 16384
          AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = i.classid AND d.objid = i.oid AND d.deptype = 'i'
                          AND d.refclassid = 'pg_opclass'::regclass)
          AND NOT EXISTS (SELECT FROM pg_depend d JOIN pg_depend e ON e.classid = d.refclassid AND e.objid = d.refobjid
                          WHERE d.classid = i.classid AND d.objid = i.oid AND e.deptype = 'e')
        -- A partition that is being detached.
        UNION ALL SELECT 'pg_class'::regclass, h.inhrelid FROM pg_inherits h
        WHERE to_jsonb(h)->>'inhdetachpending' = 'true'
        -- A table that is published and is not the user's.
        UNION ALL SELECT 'pg_publication_rel'::regclass, r.oid FROM pg_publication_rel r
        JOIN pg_class c ON c.oid = r.prrelid
        WHERE NOT c.relnamespace = ANY($1) OR EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass
                                                      AND d.objid = c.oid AND d.deptype = 'e')),
    -- Privileges that another than the owner has granted.
    granted AS (
        SELECT format('%s %I.%I', 'relation', n.nspname, c.relname) AS on_what, e.grantor FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(nullif(c.relacl, '{}')) e
        WHERE n.oid = ANY($1) AND e.grantor <> c.relowner
        UNION ALL
        SELECT format('%s %I.%I', 'routine', n.nspname, p.proname), e.grantor FROM pg_proc p
        JOIN pg_namespace n ON n.oid = p.pronamespace, aclexplode(nullif(p.proacl, '{}')) e
        WHERE n.oid = ANY($1) AND e.grantor <> p.proowner
        UNION ALL
        SELECT format('%s %I', 'schema', n.nspname), e.grantor FROM pg_namespace n, aclexplode(nullif(n.nspacl, '{}')) e
        WHERE n.oid = ANY($1) AND e.grantor <> n.nspowner)
    SELECT i.type || ' ' || i.identity
    FROM found f, LATERAL pg_identify_object(f.classid, f.oid, 0) i
    WHERE NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = f.classid AND d.objid = f.oid AND d.deptype = 'e')
    UNION
    SELECT format('grantor %I of privileges on %s', pg_get_userbyid(grantor), on_what) FROM granted";

/// Privileges on what is the server's own, where they are no longer those that it came with (`pg_init_privs`).
const SERVER_PRIVILEGES: &str = "
    SELECT format('privileges on %s %s: %s', i.type, i.identity, p.acl)
    FROM (SELECT 'pg_proc'::regclass AS classid, oid, 0 AS sub, proacl AS acl, pronamespace AS schema FROM pg_proc
          UNION ALL SELECT 'pg_class'::regclass, oid, 0, relacl, relnamespace FROM pg_class WHERE relkind <> 't'
          UNION ALL SELECT 'pg_class'::regclass, c.oid, a.attnum, a.attacl, c.relnamespace
                    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
          UNION ALL SELECT 'pg_type'::regclass, oid, 0, typacl, typnamespace FROM pg_type
          UNION ALL SELECT 'pg_namespace'::regclass, oid, 0, nspacl, oid FROM pg_namespace
          UNION ALL SELECT 'pg_language'::regclass, oid, 0, lanacl, 'pg_catalog'::regnamespace FROM pg_language) p
    LEFT JOIN pg_init_privs w ON w.classoid = p.classid AND w.objoid = p.oid AND w.objsubid = p.sub
    CROSS JOIN LATERAL pg_identify_object(p.classid, p.oid, p.sub) i
    WHERE p.acl IS NOT NULL AND p.acl IS DISTINCT FROM w.initprivs
      AND p.oid < 16384
      -- The embedded server does not know what information_schema came with.
      AND (p.schema = 'pg_catalog'::regnamespace OR p.schema = to_regnamespace('information_schema') AND w.initprivs IS NOT NULL)";

/// Values that are never read, since they are secrets. They are known to be there, and by a digest that is never shown.
const SECRETS: &str = concat!(
    "
    WITH secrets AS (
        SELECT 'foreign-data wrapper ' || quote_ident(w.fdwname) AS of, false AS setting, o FROM pg_foreign_data_wrapper w, unnest(w.fdwoptions) o
        UNION ALL
        SELECT 'server ' || quote_ident(s.srvname), false, o FROM pg_foreign_server s, unnest(s.srvoptions) o
        UNION ALL
        SELECT format('user mapping for %I on server %I', coalesce(m.usename, 'public'), m.srvname), false, o
        FROM pg_user_mappings m, unnest(m.umoptions) o
        UNION ALL
        SELECT format('foreign table %I.%I', n.nspname, c.relname), false, o
        FROM pg_foreign_table f JOIN pg_class c ON c.oid = f.ftrelid JOIN pg_namespace n ON n.oid = c.relnamespace,
             unnest(f.ftoptions) o
        UNION ALL
        SELECT 'the database' || coalesce(' for role ' || quote_ident(r.rolname), ''), true, o
        FROM pg_db_role_setting s CROSS JOIN unnest(s.setconfig) o LEFT JOIN pg_roles r ON r.oid = s.setrole
        WHERE s.setdatabase = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database()))
    SELECT 'option ' || quote_ident(split_part(o, '=', 1)) || ' of ' || of,
           encode(sha256(convert_to(substr(o, strpos(o, '=') + 1), 'UTF8')), 'hex'), setting
    FROM secrets
    WHERE NOT setting AND (",
    crate::kinds::foreign_options::secret!(),
    ") OR setting AND ",
    crate::kinds::foreign_options::secret_setting!(),
    "
    UNION
    SELECT 'connection string of subscription ' || quote_ident(s.subname), NULL, false FROM pg_subscription s
    WHERE s.subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())"
);
