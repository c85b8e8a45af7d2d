//! `CREATE PUBLICATION`. The tables and schemas that it publishes are kinds of their own.

use crate::{
    ddl::{Action, Alter, Lock, Target},
    kinds::{PgObject, Renamed, object, state},
    model::{Literal, ObjectId},
};

object! {
    pub struct Publication {
        pub all_tables: bool,
        /// `insert, update`
        pub publish: String,
        pub via_root: bool,
        /// The letter in `pg_publication.pubgencols` (version 18 and later).
        pub generated_columns: Option<String>,
    }
}

impl PgObject for Publication {
    state!();
    const LABEL: &'static str = "PUBLICATION";
    const RENAMED: Renamed = Renamed::ByItself(Lock::None);
    const CATALOG: &'static str = "
        SELECT 'pg_publication'::regclass::oid AS classid, p.oid AS objid, 0 AS objsubid, p.pubname::text AS name,
               p.puballtables AS all_tables,
               concat_ws(', ', CASE WHEN p.pubinsert THEN 'insert' END, CASE WHEN p.pubupdate THEN 'update' END,
                         CASE WHEN p.pubdelete THEN 'delete' END, CASE WHEN p.pubtruncate THEN 'truncate' END) AS publish,
               p.pubviaroot AS via_root, to_jsonb(p)->>'pubgencols' AS generated_columns
        FROM pg_publication p
        WHERE $1::oid[] IS NOT NULL";

    fn create(&self, id: &ObjectId, _: Target) -> Vec<Action> {
        let plain = Publication {
            all_tables: self.all_tables,
            publish: "insert, update, delete, truncate".to_owned(),
            via_root: false,
            generated_columns: self.generated_columns.as_ref().map(|_| "n".to_owned()),
        };
        let all = if self.all_tables { " FOR ALL TABLES" } else { "" };
        let options: Vec<String> = plain.changed_attrs(self).into_iter().filter_map(|attr| self.option(attr)).collect();
        let with = if options.is_empty() { String::new() } else { format!(" WITH ({})", options.join(", ")) };
        vec![Action::create(id, format!("CREATE {id}{all}{with}"))]
    }
    fn alter(&self, id: &ObjectId, to: &Publication, attr: Attr, _: Target) -> Alter {
        match to.option(attr) {
            Some(option) => Alter::Do(vec![Action::alter(id, format!("ALTER {id} SET ({option})"))]),
            None => Alter::Rebuild,
        }
    }
    fn drop(&self, id: &ObjectId) -> Vec<Action> {
        vec![Action::drop(id, format!("DROP {id}"))]
    }
}

impl Publication {
    /// As `WITH (…)` and `SET (…)` write it; nothing for what cannot be set.
    fn option(&self, attr: Attr) -> Option<String> {
        match attr {
            Attr::all_tables => None,
            Attr::publish => Some(format!("publish = {}", Literal(&self.publish))),
            Attr::via_root => Some(format!("publish_via_partition_root = {}", self.via_root)),
            Attr::generated_columns => {
                let stored = if self.generated_columns.as_deref() == Some("s") { "stored" } else { "none" };
                Some(format!("publish_generated_columns = {stored}"))
            }
        }
    }
}
