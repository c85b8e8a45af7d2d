//! `ALTER … DEPENDS ON EXTENSION`: what goes when an extension is dropped, without being part of it

use crate::{
    ddl::{Action, Alter, Lock, Target},
    kinds::{PgObject, object, state},
    model::{Kind, ObjectId},
};

object! {
    pub struct ExtensionDependency {}
}

impl PgObject for ExtensionDependency {
    state!();
    const LABEL: &'static str = "DEPENDENCY ON EXTENSION";
    const IS_PROPERTY: bool = true;
    const CATALOG: &'static str = "
        SELECT 0::oid AS classid, 0::oid AS objid, 0 AS objsubid,
               d.classid AS parent_class, d.objid AS parent_id, d.objsubid AS parent_sub, e.extname::text AS name,
               d.refclassid AS needs_class, d.refobjid AS needs_id, 0 AS needs_sub
        FROM pg_depend d
        JOIN pg_extension e ON e.oid = d.refobjid
        WHERE d.deptype = 'x' AND d.refclassid = 'pg_extension'::regclass AND $1::oid[] IS NOT NULL";

    fn address(id: &ObjectId) -> String {
        format!("{} {} OF {}", Self::LABEL, id.name, id.container())
    }
    fn create(&self, id: &ObjectId, _: Target) -> Vec<Action> {
        vec![Action::create(id, format!("ALTER {} DEPENDS ON EXTENSION {}", id.container(), id.name)).locks(lock(id))]
    }
    fn alter(&self, _: &ObjectId, _: &ExtensionDependency, attr: Attr, _: Target) -> Alter {
        match attr {}
    }
    fn drop(&self, id: &ObjectId) -> Vec<Action> {
        vec![Action::drop(id, format!("ALTER {} NO DEPENDS ON EXTENSION {}", id.container(), id.name)).locks(lock(id))]
    }
}

/// Of what depends; routines are no relations.
fn lock(id: &ObjectId) -> Lock {
    let is_on_relation = [Kind::Index, Kind::MaterializedView].contains(&id.container().kind);
    if is_on_relation { Lock::AccessExclusive } else { Lock::None }
}
