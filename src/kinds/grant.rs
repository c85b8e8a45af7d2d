//! `GRANT` and `REVOKE`, on any kind that has privileges: what one role may do beyond, or short of, the default

use crate::{
    ddl::{Action, Alter, Following, Risk, Target, Verb},
    kinds::{Object, PgObject, Wants, beside, object, privileges, sql, state},
    model::{Ident, Kind, ObjectId, Version},
};

object! {
    pub struct Grant {
        /// What is granted now, `SELECT*` with the grant option; sorted.
        pub privileges: Vec<String>,
        /// What PostgreSQL grants by itself.
        pub initial: Vec<String>,
        /// Everything that there is to grant.
        pub all: Vec<String>,
        /// `TABLE public.users`
        pub target: String,
        /// Set where the privileges are on one column.
        pub column: Option<String>,
        /// The grantee's name; empty for `PUBLIC`. The owner's own privileges go by another name in the address.
        pub role: String,
    }
}

impl PgObject for Grant {
    state!();
    const LABEL: &'static str = "PRIVILEGES";
    const IS_DEVIATION: bool = true;
    const IS_PROPERTY: bool = true;
    const CATALOG: &'static str = "
        WITH o AS (
            SELECT 'pg_class'::regclass::oid AS classid, c.oid AS objid, 0 AS objsubid, c.relowner AS owner, c.relacl AS acl,
                   acldefault(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::\"char\", c.relowner) AS initial,
                   CASE c.relkind WHEN 'S' THEN 'SEQUENCE ' ELSE 'TABLE ' END || format('%I.%I', n.nspname, c.relname) AS target,
                   NULL::text AS column
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND c.relacl IS NOT NULL AND n.oid = ANY($1)
            UNION ALL
            SELECT 'pg_class'::regclass, c.oid, a.attnum, c.relowner, a.attacl, NULL::aclitem[],
                   'TABLE ' || format('%I.%I', n.nspname, c.relname), a.attname::text
            FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE a.attacl IS NOT NULL AND NOT a.attisdropped AND n.oid = ANY($1)
            UNION ALL
            SELECT 'pg_proc'::regclass, p.oid, 0, p.proowner, p.proacl, acldefault('f', p.proowner),
                   CASE p.prokind WHEN 'p' THEN 'PROCEDURE ' ELSE 'FUNCTION ' END
                       || format('%I.%I(%s)', n.nspname, p.proname, oidvectortypes(p.proargtypes)), NULL
            FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
            WHERE p.proacl IS NOT NULL AND n.oid = ANY($1)
            UNION ALL
            SELECT CASE WHEN t.typtype = 'c' THEN 'pg_class'::regclass ELSE 'pg_type'::regclass END,
                   CASE WHEN t.typtype = 'c' THEN t.typrelid ELSE t.oid END, 0, t.typowner, t.typacl,
                   acldefault('T', t.typowner), 'TYPE ' || format('%I.%I', n.nspname, t.typname), NULL
            FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
            WHERE t.typacl IS NOT NULL AND n.oid = ANY($1)
              AND (t.typtype <> 'c' OR EXISTS (SELECT FROM pg_class c WHERE c.oid = t.typrelid AND c.relkind = 'c'))
            UNION ALL
            SELECT 'pg_namespace'::regclass, n.oid, 0, n.nspowner, n.nspacl, acldefault('n', n.nspowner),
                   'SCHEMA ' || quote_ident(n.nspname), NULL
            FROM pg_namespace n WHERE n.nspacl IS NOT NULL AND n.oid = ANY($1)
            UNION ALL
            SELECT 'pg_foreign_data_wrapper'::regclass, w.oid, 0, w.fdwowner, w.fdwacl, acldefault('F', w.fdwowner),
                   'FOREIGN DATA WRAPPER ' || quote_ident(w.fdwname), NULL
            FROM pg_foreign_data_wrapper w WHERE w.fdwacl IS NOT NULL
            UNION ALL
            SELECT 'pg_foreign_server'::regclass, s.oid, 0, s.srvowner, s.srvacl, acldefault('S', s.srvowner),
                   'FOREIGN SERVER ' || quote_ident(s.srvname), NULL
            FROM pg_foreign_server s WHERE s.srvacl IS NOT NULL
            UNION ALL
            SELECT 'pg_language'::regclass, l.oid, 0, l.lanowner, l.lanacl, acldefault('l', l.lanowner),
                   'LANGUAGE ' || quote_ident(l.lanname), NULL
            FROM pg_language l WHERE l.lanacl IS NOT NULL AND 16384 <= l.oid),
        -- What belongs to an extension, where its privileges are no longer those that it came with.
        member AS (
            SELECT d.refobjid AS extension, m.owner, m.acl, coalesce(w.initprivs, m.initial) AS initial, m.target
            FROM (SELECT 'pg_proc'::regclass::oid AS classid, p.oid, p.proowner AS owner, p.proacl AS acl,
                         acldefault('f', p.proowner) AS initial,
                         CASE p.prokind WHEN 'p' THEN 'PROCEDURE ' ELSE 'FUNCTION ' END
                             || format('%I.%I(%s)', n.nspname, p.proname, oidvectortypes(p.proargtypes)) AS target
                  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
                  UNION ALL
                  SELECT 'pg_class'::regclass, c.oid, c.relowner, c.relacl,
                         acldefault(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::\"char\", c.relowner),
                         CASE c.relkind WHEN 'S' THEN 'SEQUENCE ' ELSE 'TABLE ' END || format('%I.%I', n.nspname, c.relname)
                  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                  UNION ALL
                  SELECT 'pg_type'::regclass, t.oid, t.typowner, t.typacl, acldefault('T', t.typowner),
                         'TYPE ' || format('%I.%I', n.nspname, t.typname)
                  FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace) m
            JOIN pg_depend d ON d.classid = m.classid AND d.objid = m.oid AND d.deptype = 'e'
            LEFT JOIN pg_init_privs w ON w.classoid = m.classid AND w.objoid = m.oid AND w.objsubid = 0
            WHERE m.acl IS NOT NULL AND m.acl IS DISTINCT FROM w.initprivs),
        held AS (
            SELECT o.*, '' AS member FROM o
            UNION ALL
            SELECT 'pg_extension'::regclass, extension, 0, owner, acl, initial, target, NULL, ' ON ' || target FROM member)
        SELECT 0::oid AS classid, 0::oid AS objid, 0 AS objsubid,
               o.classid AS parent_class, o.objid AS parent_id, o.objsubid::int4 AS parent_sub,
               CASE WHEN g.grantee = o.owner THEN '<owner>' ELSE g.role END || o.member AS name,
               coalesce(g.privileges, '{}') AS privileges, coalesce(g.initial, '{}') AS initial,
               ARRAY(SELECT DISTINCT e.privilege_type FROM aclexplode(
                   nullif(CASE WHEN o.column IS NULL THEN o.initial ELSE o.acl END, '{}')) e
                   WHERE o.column IS NOT NULL OR e.grantee = o.owner ORDER BY 1) AS all,
               o.target, o.column, g.role
        FROM held o, LATERAL (
            SELECT coalesce(n.grantee, d.grantee) AS grantee,
                   CASE WHEN coalesce(n.grantee, d.grantee) = 0 THEN '' ELSE pg_get_userbyid(coalesce(n.grantee, d.grantee))::text END AS role,
                   n.privileges, d.privileges AS initial
            FROM (SELECT e.grantee, array_agg(DISTINCT e.privilege_type || CASE WHEN e.is_grantable THEN '*' ELSE '' END) AS privileges
                  FROM aclexplode(nullif(o.acl, '{}')) e GROUP BY 1) n
            FULL JOIN (SELECT e.grantee, array_agg(DISTINCT e.privilege_type || CASE WHEN e.is_grantable THEN '*' ELSE '' END) AS privileges
                  FROM aclexplode(o.initial) e GROUP BY 1) d ON d.grantee = n.grantee
            WHERE n.privileges IS DISTINCT FROM d.privileges) g";

    fn address(id: &ObjectId) -> String {
        let container = id.container();
        match (container.kind, id.name.raw().split_once(" ON ")) {
            (Kind::Extension, Some((role, member))) => format!("{} OF {} ON {member}", Self::LABEL, sql::role(role)),
            _ if id.name.raw() == OWNER => format!("{} OF THE OWNER ON {container}", Self::LABEL),
            _ => format!("{} OF {} ON {container}", Self::LABEL, sql::role(id.name.raw())),
        }
    }
    fn create(&self, id: &ObjectId, _: Target) -> Vec<Action> {
        self.statements(Verb::Create, id, &self.initial, &self.privileges)
    }
    fn alter(&self, id: &ObjectId, to: &Grant, attr: Attr, _: Target) -> Alter {
        match attr {
            Attr::privileges => Alter::Do(to.statements(Verb::Alter, id, &self.privileges, &to.privileges)),
            Attr::initial | Attr::all => Alter::Ignore("it belongs to the server"),
            Attr::target | Attr::column | Attr::role => Alter::Ignore("it is how the object is named"),
        }
    }
    fn fit(&mut self, version: Version) {
        for set in [&mut self.privileges, &mut self.initial, &mut self.all] {
            privileges::fit(set, version);
        }
    }
    fn risks(&self, id: &ObjectId, to: Option<&Grant>) -> Vec<Risk> {
        self.access(id, &self.privileges, to.map_or(&self.initial, |to| &to.privileges))
    }
    fn risks_when_new(&self, id: &ObjectId, within: Option<&Object>) -> Vec<Risk> {
        let found = self.access(id, &self.initial, &self.privileges);
        // Of what is new nobody could make use before.
        found.into_iter().filter(|risk| within.is_some() || matches!(risk, Risk::Granted(_))).collect()
    }
    fn wants(&self, _: &ObjectId) -> Wants {
        Wants { roles: vec![self.role.clone()], extension: None }
    }
    fn follow(
        &self,
        id: &ObjectId,
        (beside, it): (&ObjectId, &Grant),
        to: &Grant,
        target: Target,
    ) -> Result<Following, &'static str> {
        Ok(beside::said(id, self.column.is_some(), it.create(beside, target), to.create(id, target)))
    }
    fn drop(&self, id: &ObjectId) -> Vec<Action> {
        self.statements(Verb::Drop, id, &self.privileges, &self.initial)
    }
}

/// The name in the address of the owner's own privileges, whoever that is.
const OWNER: &str = "<owner>";

impl Grant {
    /// The owner can always grant it back.
    fn access(&self, id: &ObjectId, from: &[String], to: &[String]) -> Vec<Risk> {
        let column = self.column.iter().map(|column| format!(", column {}", Ident::new(column))).collect::<String>();
        match id.name.raw() == OWNER {
            true => Vec::new(),
            false => privileges::risks(from, to, &self.role, &format!("{}{column}", self.target)),
        }
    }
    fn statements(&self, verb: Verb, id: &ObjectId, from: &[String], to: &[String]) -> Vec<Action> {
        let column = self.column.as_ref().map(|column| Ident::new(column).to_string());
        let action = |change: privileges::Move<'_>| {
            let tail = format!("ON {} {}", self.target, change.role);
            let text = match (&column, change.privileges.as_slice()) {
                (Some(column), [only]) => {
                    return Action::listed(verb, id, format!("{} {only}", change.verb), column.clone(), tail);
                }
                (Some(column), names) => {
                    names.iter().map(|name| format!("{name} ({column})")).collect::<Vec<_>>().join(", ")
                }
                (None, names) => privileges::list(names, &self.all),
            };
            Action::statement(verb, id, format!("{} {text} {tail}", change.verb))
        };
        privileges::moves(from, to, &sql::role(&self.role)).into_iter().map(action).collect()
    }
}
