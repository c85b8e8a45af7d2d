//! `COMMENT ON`, on any other kind

use crate::{
    ddl::{Action, Alter, Target},
    kinds::{PgObject, object, state},
    model::{Literal, ObjectId},
};

object! {
    pub struct Comment {
        pub text: String,
        /// Set where the comment is on the sequence inside an identity column.
        pub sequence: Option<String>,
    }
}

impl PgObject for Comment {
    state!();
    const LABEL: &'static str = "COMMENT";
    const CATALOG: &'static str = "
        SELECT 0::oid AS classid, 0::oid AS objid, 0 AS objsubid,
               d.classoid AS parent_class, d.objoid AS parent_id, d.objsubid AS parent_sub, ''::text AS name,
               (SELECT 'SEQUENCE ' || d.objoid::regclass::text FROM pg_depend i
                WHERE d.classoid = 'pg_class'::regclass AND i.classid = d.classoid AND i.objid = d.objoid
                  AND i.deptype = 'i' AND i.refclassid = 'pg_class'::regclass AND 0 < i.refobjsubid) AS sequence,
               d.description AS text
        FROM pg_description d
        WHERE $1::oid[] IS NOT NULL AND (16384 <= d.objoid OR d.classoid = 'pg_namespace'::regclass)";

    fn address(id: &ObjectId) -> String {
        format!("{} ON {}", Self::LABEL, id.container())
    }
    fn create(&self, id: &ObjectId, _: Target) -> Vec<Action> {
        vec![Action::create(id, self.statement(id, &Literal(&self.text).to_string()))]
    }
    fn alter(&self, id: &ObjectId, to: &Comment, attr: Attr, _: Target) -> Alter {
        match attr {
            Attr::text => Alter::Do(vec![Action::alter(id, to.statement(id, &Literal(&to.text).to_string()))]),
            Attr::sequence => Alter::Ignore("the name of the sequence inside an identity column"),
        }
    }
    fn drop(&self, id: &ObjectId) -> Vec<Action> {
        vec![Action::drop(id, self.statement(id, "NULL"))]
    }
}

impl Comment {
    fn statement(&self, id: &ObjectId, text: &str) -> String {
        match &self.sequence {
            Some(sequence) => format!("COMMENT ON {sequence} IS {text}"),
            None => format!("COMMENT ON {} IS {text}", id.container()),
        }
    }
}
