//! `ALTER OPERATOR FAMILY … ADD`: an operator or a function that belongs to no class of the family

use crate::{
    ddl::{Action, Alter, Target},
    kinds::{PgObject, object, state},
    model::ObjectId,
};

object! {
    pub struct OperatorFamilyItem {
        /// `OPERATOR 1 <(integer,bigint)`
        pub definition: String,
    }
}

impl PgObject for OperatorFamilyItem {
    state!();
    // Its name says which: `OPERATOR 1`.
    const LABEL: &'static str = "ITEM";
    const CATALOG: &'static str = "
        SELECT 'pg_amop'::regclass::oid AS classid, o.oid AS objid, 0 AS objsubid,
               'pg_opfamily'::regclass::oid AS parent_class, o.amopfamily AS parent_id, 0 AS parent_sub,
               'OPERATOR ' || o.amopstrategy AS name,
               format(' (%s, %s)', format_type(o.amoplefttype, NULL), format_type(o.amoprighttype, NULL)) AS signature,
               format('OPERATOR %s %s', o.amopstrategy, o.amopopr::regoperator) ||
                   (SELECT format(' FOR ORDER BY %I.%I', n.nspname, f.opfname) FROM pg_opfamily f
                    JOIN pg_namespace n ON n.oid = f.opfnamespace WHERE f.oid = o.amopsortfamily
                    UNION ALL SELECT '' LIMIT 1) AS definition
        FROM pg_amop o
        JOIN pg_opfamily f ON f.oid = o.amopfamily
        WHERE f.opfnamespace = ANY($1)
          AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_amop'::regclass AND d.objid = o.oid
                          AND d.refclassid = 'pg_opclass'::regclass AND d.deptype = 'i')
        UNION ALL
        SELECT 'pg_amproc'::regclass, p.oid, 0, 'pg_opfamily'::regclass, p.amprocfamily, 0, 'FUNCTION ' || p.amprocnum,
               format(' (%s, %s)', format_type(p.amproclefttype, NULL), format_type(p.amprocrighttype, NULL)),
               format('FUNCTION %s (%s, %s) %s', p.amprocnum, format_type(p.amproclefttype, NULL),
                      format_type(p.amprocrighttype, NULL), p.amproc::oid::regprocedure)
        FROM pg_amproc p
        JOIN pg_opfamily f ON f.oid = p.amprocfamily
        WHERE f.opfnamespace = ANY($1)
          AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_amproc'::regclass AND d.objid = p.oid
                          AND d.refclassid = 'pg_opclass'::regclass AND d.deptype = 'i')";

    fn address(id: &ObjectId) -> String {
        format!("{}{} OF {}", id.name.raw(), id.signature, id.container())
    }
    fn create(&self, id: &ObjectId, _: Target) -> Vec<Action> {
        vec![Action::create(id, format!("ALTER {} ADD {}", id.container(), self.definition))]
    }
    fn alter(&self, _: &ObjectId, _: &OperatorFamilyItem, attr: Attr, _: Target) -> Alter {
        match attr {
            Attr::definition => Alter::Rebuild,
        }
    }
    fn drop(&self, id: &ObjectId) -> Vec<Action> {
        vec![Action::drop(id, format!("ALTER {} DROP {}{}", id.container(), id.name.raw(), id.signature))]
    }
}
