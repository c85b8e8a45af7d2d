//! `CREATE VIEW`

use crate::{
    ddl::{Action, Alter, Lock, Retype, Target},
    kinds::{Namespace, PgObject, object, sql, state},
    model::ObjectId,
};

object! {
    pub struct View {
        /// As `pg_get_viewdef` prints it.
        pub query: String,
        /// Name, type and collation of each column, in order.
        pub columns: Vec<String>,
        pub options: Vec<String>,
    }
}

impl PgObject for View {
    state!();
    const LABEL: &'static str = "VIEW";
    const PRINTED: &'static [&'static str] = &["query"];
    const NAMESPACES: &'static [Namespace] = &[Namespace::Relation];
    const CAN_BE_MENTIONED: bool = true;
    const BLOCKS: Option<Retype> = Some(Retype::Modifier);
    const CATALOG: &'static str = "
        SELECT 'pg_class'::regclass::oid AS classid, c.oid AS objid, 0 AS objsubid,
               'pg_namespace'::regclass::oid AS parent_class, c.relnamespace AS parent_id, 0 AS parent_sub,
               c.relname::text AS name, pg_get_viewdef(c.oid) AS query,
               ARRAY(SELECT concat_ws(' ', quote_ident(a.attname), format_type(a.atttypid, a.atttypmod),
                                      nullif(a.attcollation, 0)::regcollation)
                     FROM pg_attribute a WHERE a.attrelid = c.oid AND 0 < a.attnum ORDER BY a.attnum) AS columns,
               ARRAY(SELECT o FROM unnest(c.reloptions) o ORDER BY 1) AS options
        FROM pg_class c
        WHERE c.relkind = 'v' AND c.relnamespace = ANY($1)";

    fn create(&self, id: &ObjectId, _: Target) -> Vec<Action> {
        vec![Action::create(id, self.definition("CREATE VIEW", id))]
    }
    fn alter(&self, id: &ObjectId, to: &View, attr: Attr, _: Target) -> Alter {
        match attr {
            // PostgreSQL replaces a query only where the columns that are there stay as they are.
            Attr::query | Attr::columns if !to.columns.starts_with(&self.columns) => Alter::Rebuild,
            Attr::columns => Alter::Ignore("they follow from the query"),
            Attr::query => {
                let replace = to.definition("CREATE OR REPLACE VIEW", id);
                Alter::Do(vec![Action::alter(id, replace).locks(Lock::AccessExclusive)])
            }
            Attr::options if self.query != to.query => Alter::Ignore("they are set with the query"),
            Attr::options => Alter::Do(
                sql::change_options(&self.options, &to.options)
                    .into_iter()
                    .map(|set| Action::alter(id, format!("ALTER VIEW {} {set}", id.qualified())))
                    .collect(),
            ),
        }
    }
    fn drop(&self, id: &ObjectId) -> Vec<Action> {
        vec![Action::drop(id, format!("DROP VIEW {}", id.qualified())).locks(Lock::AccessExclusive)]
    }
}

impl View {
    fn definition(&self, verb: &str, id: &ObjectId) -> String {
        let options = match self.options.is_empty() {
            true => String::new(),
            false => format!(" WITH ({})", sql::options(&self.options)),
        };
        format!("{verb} {}{options} AS\n{}", id.qualified(), sql::trimmed(&self.query))
    }
}
