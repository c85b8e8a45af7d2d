//! `SECURITY LABEL`, on any kind that a label provider knows. It goes by the name of the provider.

use crate::{
    ddl::{Action, Alter, Following, Target},
    kinds::{PgObject, beside, object, state},
    model::{Kind, Literal, ObjectId},
};

object! {
    pub struct SecurityLabel {
        pub label: String,
    }
}

impl PgObject for SecurityLabel {
    state!();
    const LABEL: &'static str = "SECURITY LABEL";
    const IS_PROPERTY: bool = true;
    const CATALOG: &'static str = "
        SELECT 0::oid AS classid, 0::oid AS objid, 0 AS objsubid,
               s.classoid AS parent_class, s.objoid AS parent_id, s.objsubid AS parent_sub, s.provider AS name, s.label
        FROM pg_seclabel s
        WHERE $1::oid[] IS NOT NULL";

    fn address(id: &ObjectId) -> String {
        format!("{} FOR {} ON {}", Self::LABEL, id.name, id.container())
    }
    fn create(&self, id: &ObjectId, _: Target) -> Vec<Action> {
        vec![Action::create(id, format!("{id} IS {}", Literal(&self.label)))]
    }
    fn alter(&self, id: &ObjectId, to: &SecurityLabel, attr: Attr, _: Target) -> Alter {
        match attr {
            Attr::label => Alter::Do(vec![Action::alter(id, format!("{id} IS {}", Literal(&to.label)))]),
        }
    }
    fn follow(
        &self,
        id: &ObjectId,
        (beside, it): (&ObjectId, &SecurityLabel),
        to: &SecurityLabel,
        target: Target,
    ) -> Result<Following, &'static str> {
        let is_of_column = id.container().kind == Kind::Column;
        Ok(beside::said(id, is_of_column, it.create(beside, target), to.create(id, target)))
    }
    fn drop(&self, id: &ObjectId) -> Vec<Action> {
        vec![Action::drop(id, format!("{id} IS NULL"))]
    }
}
