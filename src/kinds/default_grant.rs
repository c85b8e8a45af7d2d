//! `ALTER DEFAULT PRIVILEGES`: what one role may do with objects that another is yet to create

use crate::{
    ddl::{Action, Alter, Risk, Target, Verb},
    kinds::{Object, PgObject, Wants, object, privileges, sql, state},
    model::{ObjectId, Version},
};

object! {
    pub struct DefaultGrant {
        pub privileges: Vec<String>,
        /// What PostgreSQL grants by itself.
        pub initial: Vec<String>,
        /// Everything that there is to grant.
        pub all: Vec<String>,
        /// `TABLES`
        pub objects: String,
        /// Whose objects.
        pub creator: String,
        pub role: String,
    }
}

impl PgObject for DefaultGrant {
    state!();
    const LABEL: &'static str = "DEFAULT PRIVILEGES";
    const IS_DEVIATION: bool = true;
    const CATALOG: &'static str = "
        SELECT 0::oid AS classid, 0::oid AS objid, 0 AS objsubid,
               'pg_namespace'::regclass::oid AS parent_class, nullif(d.defaclnamespace, 0) AS parent_id, 0 AS parent_sub,
               pg_get_userbyid(d.defaclrole)::text AS name,
               format(' ON %s TO %s', k.objects, coalesce(nullif(g.role, ''), 'PUBLIC')) AS signature,
               coalesce(g.privileges, '{}') AS privileges, coalesce(g.initial, '{}') AS initial,
               ARRAY(SELECT DISTINCT e.privilege_type FROM aclexplode(acldefault(k.letter, d.defaclrole)) e
                     WHERE e.grantee = d.defaclrole ORDER BY 1) AS all,
               k.objects, pg_get_userbyid(d.defaclrole)::text AS creator, g.role
        FROM pg_default_acl d
        CROSS JOIN LATERAL (SELECT CASE d.defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'FUNCTIONS'
                                   WHEN 'T' THEN 'TYPES' WHEN 'n' THEN 'SCHEMAS' WHEN 'L' THEN 'LARGE OBJECTS' END AS objects,
                                   CASE d.defaclobjtype WHEN 'S' THEN 's' ELSE d.defaclobjtype END::\"char\" AS letter) k
        CROSS JOIN LATERAL (
            SELECT CASE WHEN coalesce(n.grantee, i.grantee) = 0 THEN ''
                        ELSE pg_get_userbyid(coalesce(n.grantee, i.grantee))::text END AS role,
                   n.privileges, i.privileges AS initial
            FROM (SELECT e.grantee, array_agg(DISTINCT e.privilege_type || CASE WHEN e.is_grantable THEN '*' ELSE '' END) AS privileges
                  FROM aclexplode(nullif(d.defaclacl, '{}')) e GROUP BY 1) n
            FULL JOIN (SELECT e.grantee, array_agg(DISTINCT e.privilege_type || CASE WHEN e.is_grantable THEN '*' ELSE '' END) AS privileges
                  FROM aclexplode(CASE WHEN d.defaclnamespace = 0 THEN acldefault(k.letter, d.defaclrole) END) e
                  GROUP BY 1) i ON i.grantee = n.grantee
            WHERE n.privileges IS DISTINCT FROM i.privileges) g
        WHERE d.defaclnamespace = 0 OR d.defaclnamespace = ANY($1)";

    fn address(id: &ObjectId) -> String {
        let schema = id.parent().map(|schema| format!(" IN SCHEMA {}", schema.name)).unwrap_or_default();
        format!("{} FOR ROLE {}{schema}{}", Self::LABEL, id.name, id.signature)
    }
    fn create(&self, id: &ObjectId, _: Target) -> Vec<Action> {
        self.statements(Verb::Create, id, &self.initial, &self.privileges)
    }
    fn alter(&self, id: &ObjectId, to: &DefaultGrant, attr: Attr, _: Target) -> Alter {
        match attr {
            Attr::privileges => Alter::Do(to.statements(Verb::Alter, id, &self.privileges, &to.privileges)),
            Attr::initial | Attr::all => Alter::Ignore("it belongs to the server"),
            Attr::objects | Attr::creator | Attr::role => Alter::Ignore("it is part of the address"),
        }
    }
    fn fit(&mut self, version: Version) {
        for set in [&mut self.privileges, &mut self.initial, &mut self.all] {
            privileges::fit(set, version);
        }
    }
    fn risks(&self, id: &ObjectId, to: Option<&DefaultGrant>) -> Vec<Risk> {
        self.access(id, &self.privileges, to.map_or(&self.initial, |to| &to.privileges))
    }
    fn risks_when_new(&self, id: &ObjectId, _: Option<&Object>) -> Vec<Risk> {
        self.access(id, &self.initial, &self.privileges)
    }
    fn wants(&self, _: &ObjectId) -> Wants {
        Wants { roles: vec![self.role.clone(), self.creator.clone()], extension: None }
    }
    fn drop(&self, id: &ObjectId) -> Vec<Action> {
        self.statements(Verb::Drop, id, &self.privileges, &self.initial)
    }
}

impl DefaultGrant {
    fn access(&self, id: &ObjectId, from: &[String], to: &[String]) -> Vec<Risk> {
        let schema = id.parent().map(|schema| format!(" in {schema}")).unwrap_or_default();
        let on = format!("{} that {} creates{schema}", self.objects, sql::role(&self.creator));
        privileges::risks(from, to, &self.role, &on)
    }
    fn statements(&self, verb: Verb, id: &ObjectId, from: &[String], to: &[String]) -> Vec<Action> {
        let schema = id.parent().map(|schema| format!(" IN SCHEMA {}", schema.name)).unwrap_or_default();
        let head = format!("ALTER DEFAULT PRIVILEGES FOR ROLE {}{schema}", sql::role(&self.creator));
        let action = |change: privileges::Move<'_>| {
            let names = privileges::list(&change.privileges, &self.all);
            let sql = format!("{head} {} {names} ON {} {}", change.verb, self.objects, change.role);
            Action::statement(verb, id, sql)
        };
        privileges::moves(from, to, &sql::role(&self.role)).into_iter().map(action).collect()
    }
}
