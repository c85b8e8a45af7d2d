//! `ALTER … OWNER TO`, of any kind that has an owner

use crate::{
    ddl::{Action, Alter, Following, Lock, Target},
    kinds::{Object, PgObject, Wants, object, sql, state},
    model::{Kind, ObjectId},
};

object! {
    pub struct Owner {
        pub role: String,
        /// Whether it is the role of the session that read it, and so nobody's decision.
        pub is_session: bool,
        /// Whether it is the one that the schema `public` comes with.
        pub is_initial: bool,
        /// Whether it is the owner of the table that a sequence belongs to, always.
        pub is_the_tables: bool,
    }
}

impl PgObject for Owner {
    state!();
    const LABEL: &'static str = "OWNER";
    const IS_PROPERTY: bool = true;
    const MAY_BE_UNSTATED: bool = true;
    const CATALOG: &'static str = "
        SELECT 0::oid AS classid, 0::oid AS objid, 0 AS objsubid, o.classid AS parent_class, o.objid AS parent_id,
               0 AS parent_sub, ''::text AS name, pg_get_userbyid(o.owner)::text AS role,
               o.owner = (SELECT r.oid FROM pg_roles r WHERE r.rolname = session_user) AND NOT p.came AS is_session,
               p.came AND o.owner = CASE WHEN current_setting('server_version_num')::int4 < 150000 THEN 10
                                         ELSE to_regrole('pg_database_owner') END AS is_initial,
               EXISTS (SELECT FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
                       WHERE d.classid = o.classid AND d.objid = o.objid AND d.refclassid = 'pg_class'::regclass
                         AND d.deptype = 'a') AS is_the_tables
        FROM (
            SELECT 'pg_class'::regclass::oid AS classid, c.oid AS objid, c.relowner AS owner FROM pg_class c
            WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S', 'c') AND c.relnamespace = ANY($1)
              AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
                              AND d.refclassid = 'pg_class'::regclass AND d.deptype = 'i' AND c.relkind = 'S')
            UNION ALL
            SELECT 'pg_proc'::regclass, p.oid, p.proowner FROM pg_proc p WHERE p.pronamespace = ANY($1)
            UNION ALL
            SELECT 'pg_type'::regclass, t.oid, t.typowner FROM pg_type t
            WHERE (t.typtype IN ('e', 'd', 'r', 'b') OR NOT t.typisdefined) AND t.typnamespace = ANY($1)
              AND NOT EXISTS (SELECT FROM pg_type e WHERE e.typarray = t.oid)
            UNION ALL
            SELECT 'pg_namespace'::regclass, n.oid, n.nspowner FROM pg_namespace n WHERE n.oid = ANY($1)
            UNION ALL
            SELECT 'pg_collation'::regclass, c.oid, c.collowner FROM pg_collation c WHERE c.collnamespace = ANY($1)
            UNION ALL
            SELECT 'pg_foreign_data_wrapper'::regclass, w.oid, w.fdwowner FROM pg_foreign_data_wrapper w
            UNION ALL
            SELECT 'pg_language'::regclass, l.oid, l.lanowner FROM pg_language l WHERE 16384 <= l.oid
            UNION ALL
            SELECT 'pg_operator'::regclass, p.oid, p.oprowner FROM pg_operator p WHERE p.oprnamespace = ANY($1)
            UNION ALL
            SELECT 'pg_opfamily'::regclass, f.oid, f.opfowner FROM pg_opfamily f WHERE f.opfnamespace = ANY($1)
            UNION ALL
            SELECT 'pg_opclass'::regclass, c.oid, c.opcowner FROM pg_opclass c WHERE c.opcnamespace = ANY($1)
            UNION ALL
            SELECT 'pg_conversion'::regclass, c.oid, c.conowner FROM pg_conversion c WHERE c.connamespace = ANY($1)
            UNION ALL
            SELECT 'pg_ts_dict'::regclass, d.oid, d.dictowner FROM pg_ts_dict d WHERE d.dictnamespace = ANY($1)
            UNION ALL
            SELECT 'pg_ts_config'::regclass, c.oid, c.cfgowner FROM pg_ts_config c WHERE c.cfgnamespace = ANY($1)
            UNION ALL
            SELECT 'pg_foreign_server'::regclass, s.oid, s.srvowner FROM pg_foreign_server s
            UNION ALL
            SELECT 'pg_publication'::regclass, p.oid, p.pubowner FROM pg_publication p
            UNION ALL
            SELECT 'pg_subscription'::regclass, s.oid, s.subowner FROM pg_subscription s
            UNION ALL
            SELECT 'pg_event_trigger'::regclass, t.oid, t.evtowner FROM pg_event_trigger t
            UNION ALL
            SELECT 'pg_statistic_ext'::regclass, s.oid, s.stxowner FROM pg_statistic_ext s WHERE s.stxnamespace = ANY($1)
        ) o,
        -- The schema `public` that every database comes with; since version 15 it is the database owner's.
        LATERAL (SELECT o.classid = 'pg_namespace'::regclass AND o.objid = 2200 AS came) p";

    fn address(id: &ObjectId) -> String {
        format!("{} OF {}", Self::LABEL, id.container())
    }
    fn create(&self, id: &ObjectId, _: Target) -> Vec<Action> {
        if self.is_session || self.is_the_tables {
            vec![]
        } else {
            vec![Action::create(id, self.statement(id)).locks(lock(id)).at(-1)]
        }
    }
    fn alter(&self, id: &ObjectId, to: &Owner, attr: Attr, _: Target) -> Alter {
        match attr {
            Attr::role | Attr::is_the_tables if to.is_the_tables => Alter::Ignore("it is the owner of the table"),
            Attr::is_the_tables => Alter::Ignore("it follows from the column that owns the sequence"),
            Attr::role => Alter::Do(vec![Action::alter(id, to.statement(id)).locks(lock(id))]),
            Attr::is_session | Attr::is_initial => Alter::Ignore("it says why nobody may have decided on it"),
        }
    }
    fn wants(&self, _: &ObjectId) -> Wants {
        Wants { roles: if self.is_session { vec![] } else { vec![self.role.clone()] }, extension: None }
    }
    fn drop(&self, _: &ObjectId) -> Vec<Action> {
        vec![]
    }
    fn follow(
        &self,
        id: &ObjectId,
        (beside, _): (&ObjectId, &Owner),
        to: &Owner,
        target: Target,
    ) -> Result<Following, &'static str> {
        let build = to.create(beside, target).into_iter().map(|it| it.about(id)).collect();
        Ok(Following { build, ..Following::default() })
    }
    fn is_unstated(&self) -> bool {
        self.is_session || self.is_initial || self.is_the_tables
    }
    fn state(&mut self) {
        (self.is_session, self.is_initial) = (false, false);
    }
}

/// Gives something the owner of another thing; nothing where that is so by itself. `get` knows what is there.
pub fn share<'a>(with: &ObjectId, of: &ObjectId, get: impl Fn(&ObjectId) -> Option<&'a Object>) -> Option<Action> {
    let Object::Owner(owner) = get(&of.child(Kind::Owner, ""))? else { return None };
    let id = with.child(Kind::Owner, "");
    (!owner.is_session).then(|| Action::create(&id, owner.statement(&id)).locks(lock(&id)))
}

/// Of what is owned; only relations have one (`ALTER TABLE`, Notes).
fn lock(id: &ObjectId) -> Lock {
    let relations = [Kind::Table, Kind::ForeignTable, Kind::View, Kind::MaterializedView, Kind::Sequence];
    if relations.contains(&id.container().kind) { Lock::AccessExclusive } else { Lock::None }
}

impl Owner {
    fn statement(&self, id: &ObjectId) -> String {
        format!("ALTER {} OWNER TO {}", id.container(), sql::role(&self.role))
    }
}
