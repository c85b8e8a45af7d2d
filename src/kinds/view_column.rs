//! A column of a view or of a materialized view. It comes from the query; only its settings are set by themselves.

use crate::{
    ddl::{Action, Alter, Lock, Target},
    kinds::{PgObject, Renamed, object, sql, state},
    model::ObjectId,
};

object! {
    pub struct ViewColumn {
        pub materialized: bool,
        pub statistics: Option<i32>,
        pub options: Vec<String>,
        /// The letter in `pg_attribute.attstorage`.
        pub storage: String,
        /// The storage that the type asks for.
        pub type_storage: String,
        pub compression: Option<String>,
    }
}

impl PgObject for ViewColumn {
    state!();
    const LABEL: &'static str = "COLUMN";
    const RENAMED: Renamed = Renamed::AsPart("COLUMN");
    const CATALOG: &'static str = "
        SELECT 'pg_class'::regclass::oid AS classid, c.oid AS objid, a.attnum::int4 AS objsubid,
               'pg_class'::regclass::oid AS parent_class, c.oid AS parent_id, 0 AS parent_sub, a.attname::text AS name,
               c.relkind = 'm' AS materialized, nullif(a.attstattarget, -1)::int4 AS statistics,
               ARRAY(SELECT o FROM unnest(a.attoptions) o ORDER BY 1) AS options,
               a.attstorage::text AS storage, t.typstorage::text AS type_storage,
               nullif(to_jsonb(a)->>'attcompression', '') AS compression
        FROM pg_attribute a
        JOIN pg_class c ON c.oid = a.attrelid
        JOIN pg_type t ON t.oid = a.atttypid
        WHERE c.relkind IN ('v', 'm') AND 0 < a.attnum AND NOT a.attisdropped AND c.relnamespace = ANY($1)";

    fn address(id: &ObjectId) -> String {
        format!("{} {}.{}", Self::LABEL, id.container().qualified(), id.name)
    }
    fn create(&self, id: &ObjectId, _: Target) -> Vec<Action> {
        let storage = self.type_storage.clone();
        let plain = ViewColumn { statistics: None, options: Vec::new(), storage, compression: None, ..self.clone() };
        plain.changed_attrs(self).into_iter().flat_map(|attr| plain.settings(id, self, attr)).collect()
    }
    fn alter(&self, id: &ObjectId, to: &ViewColumn, attr: Attr, _: Target) -> Alter {
        // It keeps what the type asked for when the view was made. Another type is another column all the same.
        if matches!(attr, Attr::storage) && !to.materialized && self.type_storage == to.type_storage {
            return Alter::Ignore("a view stores nothing");
        }
        Alter::Do(self.settings(id, to, attr))
    }
    fn drop(&self, _: &ObjectId) -> Vec<Action> {
        vec![]
    }
}

impl ViewColumn {
    fn settings(&self, id: &ObjectId, to: &ViewColumn, attr: Attr) -> Vec<Action> {
        let (sets, lock) = match attr {
            Attr::materialized | Attr::type_storage => return vec![],
            Attr::storage if !to.materialized => return vec![],
            Attr::statistics => {
                (vec![format!("SET STATISTICS {}", to.statistics.unwrap_or(-1))], Lock::ShareUpdateExclusive)
            }
            Attr::options => (sql::change_options(&self.options, &to.options), Lock::ShareUpdateExclusive),
            Attr::storage => (vec![sql::set_storage(&to.storage)], Lock::AccessExclusive),
            Attr::compression => (vec![sql::set_compression(to.compression.as_deref())], Lock::AccessExclusive),
        };
        let view = if to.materialized { "MATERIALIZED VIEW" } else { "VIEW" };
        let head = format!("ALTER {view} {} ALTER COLUMN {}", id.container().qualified(), id.name);
        sets.iter().map(|set| Action::alter(id, format!("{head} {set}")).locks(lock)).collect()
    }
}
