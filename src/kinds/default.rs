//! The default of a column, of a table or of a view.

use crate::{
    ddl::{Action, Alter, Following, Inline, Lock, Retype, Target, Verb},
    kinds::{PgObject, beside, object, sql, state},
    model::ObjectId,
};

object! {
    pub struct Default {
        /// As `pg_get_expr` prints it.
        pub expression: String,
        /// Whether its column is declared here, not only in a parent.
        pub is_local: bool,
    }
}

impl PgObject for Default {
    state!();
    const LABEL: &'static str = "DEFAULT OF COLUMN";
    const PRECEDES_ATTACHING: bool = true;
    const IS_PROPERTY: bool = true;
    const PRINTED: &'static [&'static str] = &["expression"];
    const BLOCKS: Option<Retype> = Some(Retype::Conversion);
    const CATALOG: &'static str = "
        SELECT 'pg_attrdef'::regclass::oid AS classid, d.oid AS objid, 0 AS objsubid,
               'pg_class'::regclass::oid AS parent_class, c.oid AS parent_id, d.adnum::int4 AS parent_sub, ''::text AS name,
               'pg_attrdef'::regclass::oid AS implied_class, p.oid AS implied_id, 0 AS implied_sub,
               pg_get_expr(d.adbin, d.adrelid) AS expression, a.attislocal AS is_local
        FROM pg_attrdef d
        JOIN pg_class c ON c.oid = d.adrelid
        JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
        LEFT JOIN LATERAL (
            SELECT pd.oid FROM pg_inherits i
            JOIN pg_attribute pa ON pa.attrelid = i.inhparent AND pa.attname = a.attname
            JOIN pg_attrdef pd ON pd.adrelid = pa.attrelid AND pd.adnum = pa.attnum
            WHERE i.inhrelid = a.attrelid AND 0 < a.attinhcount
            ORDER BY i.inhseqno LIMIT 1) p ON true
        WHERE a.attgenerated = '' AND c.relnamespace = ANY($1)";

    fn address(id: &ObjectId) -> String {
        let column = id.container();
        format!("{} {}.{}", Self::LABEL, column.container().qualified(), column.name)
    }
    fn create(&self, id: &ObjectId, _: Target) -> Vec<Action> {
        let set = alter_column(Verb::Create, id, &format!("SET DEFAULT {}", self.expression));
        vec![set.inline(Inline::Suffix(format!(" DEFAULT {}", self.expression)))]
    }
    fn alter(&self, id: &ObjectId, to: &Default, attr: Attr, _: Target) -> Alter {
        match attr {
            Attr::is_local => Alter::Ignore("it follows from the parents of the table"),
            Attr::expression => {
                Alter::Do(vec![alter_column(Verb::Alter, id, &format!("SET DEFAULT {}", to.expression))])
            }
        }
    }
    fn follow(
        &self,
        id: &ObjectId,
        _: (&ObjectId, &Default),
        to: &Default,
        target: Target,
    ) -> Result<Following, &'static str> {
        let (leave, take) = (beside::texts(self.drop(id)), beside::texts(to.create(id, target)));
        Ok(Following { leave, take, ..Following::default() })
    }
    fn drop(&self, id: &ObjectId) -> Vec<Action> {
        vec![alter_column(Verb::Drop, id, "DROP DEFAULT")]
    }
    fn is_own(&self) -> bool {
        self.is_local
    }
    fn follows(&self, parent: &Default) -> bool {
        self.expression == parent.expression
    }
}

fn alter_column(verb: Verb, id: &ObjectId, clause: &str) -> Action {
    let column = id.container();
    let clause = format!("ALTER COLUMN {} {clause}", column.name);
    sql::alter_table(verb, id, column.container(), clause).locks(Lock::AccessExclusive)
}
