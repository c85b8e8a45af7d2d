//! `CREATE VIEW`

use crate::{
    ddl::{Action, Alter, Lock, Retype, Risk, StandIn, Target},
    kinds::{Namespace, PgObject, Renamed, object, sql, state},
    model::ObjectId,
};

object! {
    pub struct View {
        /// As `pg_get_viewdef` prints it.
        pub query: String,
        /// Each column, in order, as a query that reads nothing gives it: `NULL::integer AS id`.
        pub columns: Vec<String>,
        /// `CREATE OR REPLACE VIEW` lets a view read itself.
        pub reads_itself: bool,
        pub options: Vec<String>,
    }
}

impl PgObject for View {
    state!();
    const LABEL: &'static str = "VIEW";
    const RENAMED: Renamed = Renamed::ByItself(Lock::AccessExclusive);
    const PRINTED: &'static [&'static str] = &["query"];
    const NAMESPACES: &'static [Namespace] = &[Namespace::Relation];
    const CAN_BE_MENTIONED: bool = true;
    const BLOCKS: Option<Retype> = Some(Retype::Modifier);
    const CATALOG: &'static str = "
        SELECT 'pg_class'::regclass::oid AS classid, c.oid AS objid, 0 AS objsubid,
               'pg_namespace'::regclass::oid AS parent_class, c.relnamespace AS parent_id, 0 AS parent_sub,
               c.relname::text AS name, pg_get_viewdef(c.oid) AS query,
               ARRAY(SELECT concat('NULL::', format_type(a.atttypid, a.atttypmod),
                                   ' COLLATE ' || nullif(a.attcollation, t.typcollation)::regcollation, ' AS ',
                                   quote_ident(a.attname))
                     FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
                     WHERE a.attrelid = c.oid AND 0 < a.attnum ORDER BY a.attnum) AS columns,
               EXISTS (SELECT FROM pg_rewrite r JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
                       WHERE r.ev_class = c.oid AND d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid
                         AND 0 < d.refobjsubid) AS reads_itself,
               ARRAY(SELECT o FROM unnest(c.reloptions) o ORDER BY 1) AS options
        FROM pg_class c
        WHERE c.relkind = 'v' AND c.relnamespace = ANY($1)";

    fn create(&self, id: &ObjectId, _: Target) -> Vec<Action> {
        vec![Action::create(id, self.definition("CREATE VIEW", id))]
    }
    fn stand_in(&self, id: &ObjectId) -> Option<StandIn> {
        let empty = format!("{} AS\n SELECT {}", id.qualified(), self.columns.join(",\n    "));
        Some(StandIn {
            create: format!("CREATE VIEW {empty}"),
            replace: format!("CREATE OR REPLACE VIEW {empty}"),
            complete: self.definition("CREATE OR REPLACE VIEW", id),
        })
    }
    fn needs_itself(&self) -> bool {
        self.reads_itself
    }
    fn alter(&self, id: &ObjectId, to: &View, attr: Attr, _: Target) -> Alter {
        match attr {
            Attr::query | Attr::columns => {
                let replace = Action::alter(id, to.definition("CREATE OR REPLACE VIEW", id));
                Alter::Replace {
                    action: Box::new(replace.locks(Lock::AccessExclusive)),
                    likely: to.columns.starts_with(&self.columns),
                }
            }
            Attr::reads_itself => Alter::Ignore("it follows from the query"),
            Attr::options if self.query != to.query || self.columns != to.columns => {
                Alter::Ignore("they are set with the query")
            }
            Attr::options => Alter::Do(
                sql::change_options(&self.options, &to.options)
                    .into_iter()
                    .map(|set| Action::alter(id, format!("ALTER VIEW {} {set}", id.qualified())))
                    .map(|action| action.locks(Lock::AccessExclusive))
                    .collect(),
            ),
        }
    }
    fn since(&self) -> Option<(i32, &'static str)> {
        let invoker = self.options.iter().any(|option| option.starts_with("security_invoker"));
        invoker.then_some((15, "views with the rights of who reads them"))
    }
    fn risks(&self, _: &ObjectId, to: Option<&View>) -> Vec<Risk> {
        let Some(to) = to else { return vec![Risk::Gone] };
        let invoker = self.is_invokers() && !to.is_invokers();
        let lost = invoker.then_some(Risk::SecurityInvokerLost);
        lost.into_iter().chain(sql::view_columns_changed(&self.named_columns(), &to.named_columns())).collect()
    }
    fn drop(&self, id: &ObjectId) -> Vec<Action> {
        vec![Action::drop(id, format!("DROP VIEW {}", id.qualified())).locks(Lock::AccessExclusive)]
    }
}

impl View {
    /// Whether it reads with the rights of who reads it (PostgreSQL manual, `CREATE VIEW`).
    fn is_invokers(&self) -> bool {
        let value = self.options.iter().find_map(|option| option.strip_prefix("security_invoker="));
        value.is_some_and(|value| !["false", "off", "no", "0"].contains(&value.to_lowercase().as_str()))
    }
    fn named_columns(&self) -> Vec<(&str, &str)> {
        let named = self.columns.iter().filter_map(|column| column.strip_prefix("NULL::")?.rsplit_once(" AS "));
        named.map(|(data_type, name)| (name, data_type)).collect()
    }
    fn definition(&self, verb: &str, id: &ObjectId) -> String {
        let options = match self.options.is_empty() {
            true => String::new(),
            false => format!(" WITH ({})", sql::options(&self.options)),
        };
        format!("{verb} {}{options} AS\n{}", id.qualified(), sql::trimmed(&self.query))
    }
}
