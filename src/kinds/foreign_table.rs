//! `CREATE FOREIGN TABLE`. Its columns and constraints are kinds of their own, shared with tables.

use crate::{
    ddl::{Action, Alter, Descent, Lock, Target, Verb},
    kinds::{Namespace, PgObject, Renamed, foreign_options, object, state, table::change_parents},
    model::{Ident, ObjectId, Parens},
};

object! {
    pub struct ForeignTable {
        pub server: String,
        /// Parents by plain inheritance, in order.
        pub inherits: Vec<String>,
        pub partition_of: Option<String>,
        pub partition_bound: Option<String>,
        pub options: Vec<String>,
        /// The names of options whose values are not read.
        pub secrets: Vec<String>,
    }
}

impl PgObject for ForeignTable {
    state!();
    const LABEL: &'static str = "FOREIGN TABLE";
    const RENAMED: Renamed = Renamed::ByItself(Lock::AccessExclusive);
    const NAMESPACES: &'static [Namespace] = &[Namespace::Relation];
    const CAN_BE_MENTIONED: bool = true;
    const CATALOG: &'static str = concat!("
        SELECT 'pg_class'::regclass::oid AS classid, c.oid AS objid, 0 AS objsubid,
               'pg_namespace'::regclass::oid AS parent_class, c.relnamespace AS parent_id, 0 AS parent_sub,
               c.relname::text AS name, s.srvname::text AS server,
               ARRAY(SELECT format('%I.%I', pn.nspname, p.relname) FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent
                     JOIN pg_namespace pn ON pn.oid = p.relnamespace
                     WHERE i.inhrelid = c.oid AND NOT c.relispartition ORDER BY i.inhseqno) AS inherits,
               (SELECT format('%I.%I', pn.nspname, p.relname) FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent
                JOIN pg_namespace pn ON pn.oid = p.relnamespace
                WHERE i.inhrelid = c.oid AND c.relispartition) AS partition_of,
               CASE WHEN c.relispartition THEN pg_get_expr(c.relpartbound, c.oid) END AS partition_bound,
               ", foreign_options::columns!("f.ftoptions"), "
        FROM pg_class c
        JOIN pg_foreign_table f ON f.ftrelid = c.oid
        JOIN pg_foreign_server s ON s.oid = f.ftserver
        WHERE c.relnamespace = ANY($1)");

    fn create(&self, id: &ObjectId, _: Target) -> Vec<Action> {
        let mut head = format!("CREATE {id}");
        let mut tail = String::new();
        let mut parens = Parens::Always;
        if let (Some(parent), Some(bound)) = (&self.partition_of, &self.partition_bound) {
            head.push_str(&format!(" PARTITION OF {parent}"));
            tail.push_str(&format!(" {bound}"));
            parens = Parens::WhenNotEmpty;
        }
        if !self.inherits.is_empty() {
            tail.push_str(&format!(" INHERITS ({})", self.inherits.join(", ")));
        }
        tail.push_str(&format!(" SERVER {}{}", Ident::new(&self.server), foreign_options::clause(&self.options)));
        let secrets = foreign_options::leave_secrets(id, &format!("ALTER {id}"), &[], &self.secrets);
        let define = Action::define(id, head, tail, parens);
        let define = match (&self.partition_of, self.inherits.is_empty()) {
            (Some(_), _) => define.locks_elsewhere(Lock::AccessExclusive).locks_users(Lock::AccessExclusive),
            (None, false) => define.locks_elsewhere(Lock::ShareUpdateExclusive),
            (None, true) => define,
        };
        [define].into_iter().chain(secrets).collect()
    }
    fn alter(&self, id: &ObjectId, to: &ForeignTable, attr: Attr, _: Target) -> Alter {
        let clauses: Vec<String> = match attr {
            Attr::server => return Alter::Rebuild,
            Attr::inherits => {
                let clause = |(clause, descent)| Action { descent, ..alter(id, clause) };
                return Alter::Do(change_parents(&self.inherits, &to.inherits).into_iter().map(clause).collect());
            }
            Attr::partition_bound if self.partition_of != to.partition_of => {
                return Alter::Ignore("it is set when the partition is attached");
            }
            Attr::partition_of | Attr::partition_bound => return Alter::Do(self.move_partition(id, to)),
            Attr::options => foreign_options::change(&self.options, &to.options).into_iter().collect(),
            Attr::secrets => foreign_options::drop_secrets(&self.secrets, &to.secrets).into_iter().collect(),
        };
        let left = match attr {
            Attr::secrets => foreign_options::leave_secrets(id, &format!("ALTER {id}"), &self.secrets, &to.secrets),
            Attr::server | Attr::inherits | Attr::partition_of | Attr::partition_bound | Attr::options => None,
        };
        Alter::Do(clauses.into_iter().map(|clause| alter(id, clause)).chain(left).collect())
    }
    fn drop(&self, id: &ObjectId) -> Vec<Action> {
        vec![Action::drop(id, format!("DROP {id}")).locks(Lock::AccessExclusive)]
    }
}

impl ForeignTable {
    fn move_partition(&self, id: &ObjectId, to: &ForeignTable) -> Vec<Action> {
        let name = id.qualified();
        let mut actions = Vec::new();
        if let Some(parent) = &self.partition_of {
            let sql = format!("ALTER TABLE {parent} DETACH PARTITION {name}");
            actions.push(Action::alter(id, sql).locks(Lock::AccessExclusive).descent(Descent::Leaves));
        }
        if let (Some(parent), Some(bound)) = (&to.partition_of, &to.partition_bound) {
            let sql = format!("ALTER TABLE {parent} ATTACH PARTITION {name} {bound}");
            actions.push(Action::alter(id, sql).locks(Lock::AccessExclusive).descent(Descent::JoinsWhole));
        }
        let stays = self.partition_of == to.partition_of;
        actions.into_iter().map(|it| if stays { Action { descent: None, ..it } } else { it }).collect()
    }
}

fn alter(id: &ObjectId, clause: String) -> Action {
    Action::clause(Verb::Alter, id, format!("ALTER {id}"), clause, ",").locks(Lock::AccessExclusive)
}
