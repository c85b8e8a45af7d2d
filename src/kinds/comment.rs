//! `COMMENT ON`, on any other kind

use crate::{
    ddl::{Action, Alter, Following, Lock, Target},
    kinds::{PgObject, beside, object, state},
    model::{Kind, Literal, ObjectId},
};

object! {
    pub struct Comment {
        pub text: String,
        /// Set where it is on what stands behind the object: the sequence of an identity column, the index of a key, the
        /// multirange of a range.
        pub behind: Option<String>,
        /// What an extension says of itself: it comes with it.
        pub initial: Option<String>,
    }
}

impl PgObject for Comment {
    state!();
    const LABEL: &'static str = "COMMENT";
    const IS_PROPERTY: bool = true;
    const CATALOG: &'static str = "
        SELECT 0::oid AS classid, 0::oid AS objid, 0 AS objsubid,
               CASE WHEN k.oid IS NOT NULL THEN 'pg_constraint'::regclass::oid
                    WHEN m.range IS NOT NULL THEN 'pg_type'::regclass
                    WHEN t.oid IS NOT NULL THEN 'pg_class'::regclass::oid ELSE d.classoid END AS parent_class,
               coalesce(k.oid, m.range, t.typrelid, d.objoid) AS parent_id, d.objsubid AS parent_sub,
               CASE WHEN k.oid IS NOT NULL THEN 'index' WHEN m.range IS NOT NULL THEN 'multirange' ELSE '' END AS name,
               CASE WHEN k.oid IS NOT NULL THEN 'INDEX ' || d.objoid::regclass
                    WHEN m.range IS NOT NULL THEN 'TYPE ' || d.objoid::regtype
                    WHEN d.classoid = 'pg_class'::regclass THEN (
                        SELECT 'SEQUENCE ' || d.objoid::regclass FROM pg_depend i
                        WHERE i.classid = d.classoid AND i.objid = d.objoid AND i.deptype = 'i'
                          AND i.refclassid = 'pg_class'::regclass AND 0 < i.refobjsubid) END AS behind,
               coalesce(v.comment, s.comment) AS initial, d.description AS text
        FROM pg_description d
        LEFT JOIN pg_constraint k ON d.classoid = 'pg_class'::regclass AND k.conindid = d.objoid
                                 AND k.contype IN ('p', 'u', 'x')
        -- A composite type is known by its relation.
        LEFT JOIN pg_type t ON d.classoid = 'pg_type'::regclass AND t.oid = d.objoid AND t.typrelid <> 0
        -- A multirange comes with its range (version 14 and later).
        LEFT JOIN (SELECT r.rngtypid AS range, (to_jsonb(r)->>'rngmultitypid')::oid AS multirange FROM pg_range r) m
               ON d.classoid = 'pg_type'::regclass AND m.multirange = d.objoid
        -- An extension comes with a comment of its own.
        LEFT JOIN pg_extension e ON d.classoid = 'pg_extension'::regclass AND e.oid = d.objoid
        LEFT JOIN pg_available_extensions v ON v.name = e.extname
        LEFT JOIN LATERAL (SELECT e.extcondition[2] AS comment) s ON v.name IS NULL AND e.extconfig IS NULL
        WHERE coalesce(v.comment, s.comment) IS DISTINCT FROM d.description AND $1::oid[] IS NOT NULL
          AND (16384 <= d.objoid OR d.classoid = 'pg_namespace'::regclass)";

    fn address(id: &ObjectId) -> String {
        format!("{} ON {}", Self::LABEL, id.container())
    }
    fn create(&self, id: &ObjectId, _: Target) -> Vec<Action> {
        vec![Action::create(id, self.statement(id, &Literal(&self.text).to_string())).locks(self.lock(id))]
    }
    fn alter(&self, id: &ObjectId, to: &Comment, attr: Attr, _: Target) -> Alter {
        match attr {
            Attr::text => {
                let set = Action::alter(id, to.statement(id, &Literal(&to.text).to_string()));
                Alter::Do(vec![set.locks(to.lock(id))])
            }
            Attr::behind => Alter::Ignore("the name is PostgreSQL's"),
            Attr::initial => Alter::Ignore("it belongs to the extension"),
        }
    }
    fn follow(
        &self,
        id: &ObjectId,
        (beside, it): (&ObjectId, &Comment),
        to: &Comment,
        target: Target,
    ) -> Result<Following, &'static str> {
        let is_of_column = id.container().kind == Kind::Column;
        Ok(beside::said(id, is_of_column, it.create(beside, target), to.create(id, target)))
    }
    fn drop(&self, id: &ObjectId) -> Vec<Action> {
        let initial = self.initial.as_ref().map_or("NULL".to_owned(), |text| Literal(text).to_string());
        vec![Action::drop(id, self.statement(id, &initial)).locks(self.lock(id))]
    }
}

impl Comment {
    /// `CommentObject` in `src/backend/commands/comment.c`: the lock of what other changes of a relation would need.
    fn lock(&self, id: &ObjectId) -> Lock {
        let is_relation =
            self.behind.as_ref().map_or(RELATIONS.contains(&id.container().kind), |it| !it.starts_with("TYPE "));
        if is_relation { Lock::ShareUpdateExclusive } else { Lock::None }
    }
    fn statement(&self, id: &ObjectId, text: &str) -> String {
        match &self.behind {
            Some(behind) => format!("COMMENT ON {behind} IS {text}"),
            None => format!("COMMENT ON {} IS {text}", id.container()),
        }
    }
}

/// Relations, and what is a part of one.
const RELATIONS: [Kind; 9] = [
    Kind::Table,
    Kind::Column,
    Kind::ForeignTable,
    Kind::ForeignColumn,
    Kind::View,
    Kind::ViewColumn,
    Kind::MaterializedView,
    Kind::Sequence,
    Kind::Index,
];
