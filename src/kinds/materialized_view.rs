//! `CREATE MATERIALIZED VIEW`

use crate::{
    ddl::{Action, Alter, Lock, Retype, Rewrite, Risk, Target},
    kinds::{Namespace, PgObject, Renamed, object, sql, state},
    model::{Ident, ObjectId},
};

object! {
    pub struct MaterializedView {
        /// As `pg_get_viewdef` prints it.
        pub query: String,
        /// Name, type and collation of each column, in order.
        pub columns: Vec<String>,
        pub options: Vec<String>,
        /// Set where it is not the server's default.
        pub access_method: Option<String>,
        pub tablespace: Option<String>,
        pub populated: bool,
    }
}

impl PgObject for MaterializedView {
    state!();
    const LABEL: &'static str = "MATERIALIZED VIEW";
    const RENAMED: Renamed = Renamed::ByItself(Lock::AccessExclusive);
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
               
               ARRAY(SELECT o FROM unnest(c.reloptions) o UNION ALL
                     SELECT 'toast.' || o FROM pg_class t, unnest(t.reloptions) o WHERE t.oid = c.reltoastrelid ORDER BY 1) AS options,
               (SELECT a.amname::text FROM pg_am a
                WHERE a.oid = c.relam AND a.amname <> current_setting('default_table_access_method')) AS access_method,
               (SELECT s.spcname::text FROM pg_tablespace s WHERE s.oid = c.reltablespace) AS tablespace,
               c.relispopulated AS populated
        FROM pg_class c
        WHERE c.relkind = 'm' AND c.relnamespace = ANY($1)";

    fn create(&self, id: &ObjectId, _: Target) -> Vec<Action> {
        let MaterializedView { query, columns: _, options, access_method, tablespace, populated } = self;
        let method = access_method.iter().map(|name| format!(" USING {}", Ident::new(name))).collect::<String>();
        let space = tablespace.iter().map(|name| format!(" TABLESPACE {}", Ident::new(name))).collect::<String>();
        let options = match options.is_empty() {
            true => String::new(),
            false => format!(" WITH ({})", sql::options(options)),
        };
        let no_data = if *populated { "" } else { "\nWITH NO DATA" };
        let head = format!("CREATE MATERIALIZED VIEW {}{method}{options}{space}", id.qualified());
        vec![Action::create(id, format!("{head} AS\n{}{no_data}", sql::trimmed(query)))]
    }
    fn alter(&self, id: &ObjectId, to: &MaterializedView, attr: Attr, _: Target) -> Alter {
        let name = id.qualified();
        let actions = match attr {
            Attr::query | Attr::columns | Attr::access_method => return Alter::Rebuild,
            Attr::options => sql::change_options(&self.options, &to.options)
                .into_iter()
                .map(|set| Action::alter(id, format!("ALTER MATERIALIZED VIEW {name} {set}")))
                .map(|action| action.locks(sql::options_lock(&self.options, &to.options)))
                .collect(),
            Attr::tablespace => {
                let space = Ident::new(to.tablespace.as_deref().unwrap_or("pg_default"));
                let set = Action::alter(id, format!("ALTER MATERIALIZED VIEW {name} SET TABLESPACE {space}"));
                vec![set.locks(Lock::AccessExclusive).rewrites(Rewrite::Always)]
            }
            Attr::populated => {
                let no_data = if to.populated { "" } else { " WITH NO DATA" };
                let refresh = Action::alter(id, format!("REFRESH MATERIALIZED VIEW {name}{no_data}"));
                vec![refresh.locks(Lock::AccessExclusive).rewrites(Rewrite::Always)]
            }
        };
        Alter::Do(actions)
    }
    fn risks(&self, _: &ObjectId, to: Option<&MaterializedView>) -> Vec<Risk> {
        let Some(to) = to else { return vec![Risk::Gone] };
        sql::view_columns_changed(&self.named_columns(), &to.named_columns()).into_iter().collect()
    }
    fn drop(&self, id: &ObjectId) -> Vec<Action> {
        vec![Action::drop(id, format!("DROP MATERIALIZED VIEW {}", id.qualified())).locks(Lock::AccessExclusive)]
    }
}

impl MaterializedView {
    fn named_columns(&self) -> Vec<(&str, &str)> {
        // A quoted name may hold blanks.
        let name = |column: &str| match column.strip_prefix('"').and_then(|rest| rest.find("\" ")) {
            Some(close) => close + 2,
            None => column.find(' ').unwrap_or(column.len()),
        };
        self.columns.iter().map(|column| column.split_at(name(column))).collect()
    }
}
