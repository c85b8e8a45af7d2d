//! `ALTER TABLE … REPLICA IDENTITY`, where it is not the default

use crate::{
    ddl::{Action, Alter, Following, Lock, Risk, Target, Verb},
    kinds::{Object, PgObject, beside, object, sql, state},
    model::ObjectId,
};

object! {
    pub struct ReplicaIdentity {
        /// `FULL`, `NOTHING`, `USING INDEX …`
        pub mode: String,
    }
}

impl PgObject for ReplicaIdentity {
    state!();
    const LABEL: &'static str = "REPLICA IDENTITY OF TABLE";
    const IS_PROPERTY: bool = true;
    const CATALOG: &'static str = "
        SELECT 0::oid AS classid, 0::oid AS objid, 0 AS objsubid,
               'pg_class'::regclass::oid AS parent_class, c.oid AS parent_id, 0 AS parent_sub, ''::text AS name,
               'pg_class'::regclass::oid AS needs_class, i.oid AS needs_id, 0 AS needs_sub,
               CASE c.relreplident WHEN 'f' THEN 'FULL' WHEN 'i' THEN 'USING INDEX ' || quote_ident(i.relname)
                    ELSE 'NOTHING' END AS mode
        FROM pg_class c
        LEFT JOIN (pg_index x JOIN pg_class i ON i.oid = x.indexrelid) ON x.indrelid = c.oid AND x.indisreplident
        WHERE c.relkind IN ('r', 'p') AND c.relnamespace = ANY($1)
          AND (c.relreplident IN ('f', 'n') OR (c.relreplident = 'i' AND i.oid IS NOT NULL))";

    fn address(id: &ObjectId) -> String {
        format!("{} {}", Self::LABEL, id.container().qualified())
    }
    fn create(&self, id: &ObjectId, _: Target) -> Vec<Action> {
        vec![set(Verb::Create, id, &self.mode)]
    }
    fn alter(&self, id: &ObjectId, to: &ReplicaIdentity, attr: Attr, _: Target) -> Alter {
        match attr {
            Attr::mode => Alter::Do(vec![set(Verb::Alter, id, &to.mode)]),
        }
    }
    fn risks(&self, _: &ObjectId, to: Option<&ReplicaIdentity>) -> Vec<Risk> {
        match to {
            Some(to) if self.mode != to.mode => to.lost().into_iter().collect(),
            Some(_) => Vec::new(),
            None if self.mode == NOTHING => Vec::new(),
            None => vec![Risk::ReplicaIdentityLost("its primary key, if it has one")],
        }
    }
    fn risks_when_new(&self, _: &ObjectId, within: Option<&Object>) -> Vec<Risk> {
        within.and_then(|_| self.lost()).into_iter().collect()
    }
    // It goes with its index.
    fn follow(
        &self,
        id: &ObjectId,
        _: (&ObjectId, &ReplicaIdentity),
        to: &ReplicaIdentity,
        target: Target,
    ) -> Result<Following, &'static str> {
        Ok(Following { take: beside::texts(to.create(id, target)), ..Following::default() })
    }
    fn drop(&self, id: &ObjectId) -> Vec<Action> {
        vec![set(Verb::Drop, id, "DEFAULT")]
    }
}

fn set(verb: Verb, id: &ObjectId, mode: &str) -> Action {
    sql::alter_table(verb, id, id.container(), format!("REPLICA IDENTITY {mode}")).locks(Lock::AccessExclusive)
}

const NOTHING: &str = "NOTHING";

impl ReplicaIdentity {
    fn lost(&self) -> Option<Risk> {
        (self.mode == NOTHING).then_some(Risk::ReplicaIdentityLost("nothing"))
    }
}
