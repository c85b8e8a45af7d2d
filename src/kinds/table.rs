//! `CREATE TABLE`, plain, partitioned or a partition. Columns, constraints and indexes are kinds of their own.

use crate::{
    ddl::{
        Action, Alter, Descent, Leaves, Lock, Loss, Obstacle, Rewrite, Risk, Room, Strategy, Survival, Target, Verb,
        When,
    },
    kinds::{Namespace, PgObject, Rebuilt, Renamed, object, sql, state},
    model::{Ident, ObjectId, Parens, Version},
};

object! {
    pub struct Table {
        pub unlogged: bool,
        /// Set for a typed table: `CREATE TABLE … OF type`.
        pub of_type: Option<String>,
        /// The names of its columns in order: those of a type stand in the order of the type.
        pub columns: Vec<String>,
        /// Parents by plain inheritance, in order.
        pub inherits: Vec<String>,
        pub partition_of: Option<String>,
        pub partition_bound: Option<String>,
        /// Whether the columns of a partition stand in another order than those of the partitioned table.
        pub own_order: bool,
        /// `RANGE (created_at)`
        pub partition_key: Option<String>,
        /// Set where it is not the server's default.
        pub access_method: Option<String>,
        pub tablespace: Option<String>,
        pub options: Vec<String>,
        pub row_security: bool,
        pub force_row_security: bool,
        /// The letter in `pg_trigger.tgenabled` of the triggers behind constraints, if they are all of one mind.
        pub constraint_triggers: String,
        /// What the rows of a partition have to be, by its own bounds and those above, where another table can be told so.
        pub rows_are: Option<String>,
        /// Whether it can leave the partitioned table while others use that: there is no default partition.
        pub can_leave: bool,
    }
}

impl PgObject for Table {
    state!();
    const LABEL: &'static str = "TABLE";
    const RENAMED: Renamed = Renamed::ByItself(Lock::AccessExclusive);
    const PRINTED: &'static [&'static str] = &["partition_bound", "partition_key"];
    const NAMESPACES: &'static [Namespace] = &[Namespace::Relation];
    const CAN_BE_MENTIONED: bool = true;
    const CATALOG: &'static str = "
        SELECT 'pg_class'::regclass::oid AS classid, c.oid AS objid, 0 AS objsubid,
               'pg_namespace'::regclass::oid AS parent_class, c.relnamespace AS parent_id, 0 AS parent_sub,
               c.relname::text AS name, c.relpersistence = 'u' AS unlogged,
               CASE WHEN c.reloftype <> 0 THEN format_type(c.reloftype, NULL) END AS of_type,
               ARRAY(SELECT a.attname::text FROM pg_attribute a
                     WHERE a.attrelid = c.oid AND 0 < a.attnum AND NOT a.attisdropped ORDER BY a.attnum) AS columns,
               ARRAY(SELECT format('%I.%I', pn.nspname, p.relname) FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent
                     JOIN pg_namespace pn ON pn.oid = p.relnamespace
                     WHERE i.inhrelid = c.oid AND NOT c.relispartition ORDER BY i.inhseqno) AS inherits,
               (SELECT format('%I.%I', pn.nspname, p.relname) FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent
                JOIN pg_namespace pn ON pn.oid = p.relnamespace
                WHERE i.inhrelid = c.oid AND c.relispartition) AS partition_of,
               CASE WHEN c.relispartition THEN pg_get_expr(c.relpartbound, c.oid) END AS partition_bound,
               c.relispartition AND (
                   SELECT array_agg(a.attname ORDER BY a.attnum) IS DISTINCT FROM (
                       SELECT array_agg(pa.attname ORDER BY pa.attnum)
                       FROM pg_inherits i JOIN pg_attribute pa ON pa.attrelid = i.inhparent
                       WHERE i.inhrelid = c.oid AND 0 < pa.attnum AND NOT pa.attisdropped)
                   FROM pg_attribute a WHERE a.attrelid = c.oid AND 0 < a.attnum AND NOT a.attisdropped) AS own_order,
               CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END AS partition_key,
               (SELECT a.amname::text FROM pg_am a
                WHERE a.oid = c.relam AND a.amname <> current_setting('default_table_access_method')) AS access_method,
               (SELECT s.spcname::text FROM pg_tablespace s WHERE s.oid = c.reltablespace) AS tablespace,
               ARRAY(SELECT o FROM unnest(c.reloptions) o UNION ALL
                     SELECT 'toast.' || o FROM pg_class t, unnest(t.reloptions) o WHERE t.oid = c.reltoastrelid ORDER BY 1) AS options,
               c.relrowsecurity AS row_security, c.relforcerowsecurity AS force_row_security,
               coalesce((SELECT CASE count(DISTINCT t.tgenabled) WHEN 1 THEN min(t.tgenabled::text) WHEN 2 THEN 'mixed' END
                         FROM pg_trigger t JOIN pg_constraint k ON k.oid = t.tgconstraint
                         WHERE t.tgrelid = c.oid AND k.contype <> 't'), 'O') AS constraint_triggers,
               -- A hash is told by the partitioned table's OID, which is another one elsewhere.
               (SELECT r.text FROM pg_get_partition_constraintdef(c.oid) r(text)
                WHERE c.relispartition AND strpos(r.text, 'satisfies_hash_partition(') = 0) AS rows_are,
               c.relispartition AND EXISTS (
                   SELECT FROM pg_inherits i JOIN pg_partitioned_table p ON p.partrelid = i.inhparent
                   WHERE i.inhrelid = c.oid AND p.partdefid = 0) AS can_leave
        FROM pg_class c
        WHERE c.relkind IN ('r', 'p') AND c.relnamespace = ANY($1)";

    fn create(&self, id: &ObjectId, _: Target) -> Vec<Action> {
        let mut actions = vec![self.definition(id)];
        if self.own_order {
            actions.extend(self.attach(id));
        }
        if self.row_security {
            actions.push(secure(id, "ENABLE"));
        }
        if self.force_row_security {
            actions.push(secure(id, "FORCE"));
        }
        actions
    }

    fn alter(&self, id: &ObjectId, to: &Table, attr: Attr, target: Target) -> Alter {
        match attr {
            Attr::unlogged => {
                let mode = if to.unlogged { "UNLOGGED" } else { "LOGGED" };
                Alter::Do(vec![alter(id, format!("SET {mode}")).rewrites(Rewrite::Always)])
            }
            Attr::of_type => self.change_type(id, to),
            Attr::rows_are | Attr::can_leave => Alter::Ignore("it follows from the partitioned table"),
            Attr::columns => Alter::Ignore("each column is changed by itself"),
            Attr::inherits => {
                let clause = |(clause, descent): (String, Option<Descent>)| Action { descent, ..alter(id, clause) };
                Alter::Do(change_parents(&self.inherits, &to.inherits).into_iter().map(clause).collect())
            }
            Attr::partition_bound if self.partition_of != to.partition_of => {
                Alter::Ignore("it is set when the partition is attached")
            }
            Attr::own_order => Alter::Ignore("PostgreSQL cannot move a column"),
            Attr::partition_of | Attr::partition_bound => Alter::Do(self.move_partition(id, to)),
            Attr::partition_key => Alter::Rebuild,
            Attr::access_method if target.version < Version::major(15) => Alter::Refuse {
                why: "PostgreSQL changes the access method of a table since version 15 only".to_owned(),
                instead: "create a table with the new access method beside this one, copy the rows, and let them change places",
            },
            Attr::access_method => {
                let name = Ident::new(to.access_method.as_deref().unwrap_or("heap"));
                Alter::Do(vec![alter(id, format!("SET ACCESS METHOD {name}")).rewrites(Rewrite::Always)])
            }
            Attr::tablespace => {
                let name = to.tablespace.as_deref().unwrap_or("pg_default");
                Alter::Do(vec![alter(id, format!("SET TABLESPACE {}", Ident::new(name))).rewrites(Rewrite::Always)])
            }
            Attr::options => {
                let lock = sql::options_lock(&self.options, &to.options);
                let clauses = sql::change_options(&self.options, &to.options).into_iter();
                Alter::Do(clauses.map(|clause| alter(id, clause).locks(lock)).collect())
            }
            Attr::row_security => Alter::Do(vec![secure(id, if to.row_security { "ENABLE" } else { "DISABLE" })]),
            Attr::constraint_triggers => self.switch_constraint_triggers(id, to),
            Attr::force_row_security => {
                Alter::Do(vec![secure(id, if to.force_row_security { "FORCE" } else { "NO FORCE" })])
            }
        }
    }

    fn since(&self) -> Option<(i32, &'static str)> {
        let method = self.partition_key.is_some() && self.access_method.is_some();
        method.then_some((17, "access methods of partitioned tables"))
    }
    fn risks(&self, _: &ObjectId, to: Option<&Table>) -> Vec<Risk> {
        let Some(to) = to else { return Vec::new() };
        let off = (self.row_security && !to.row_security).then_some(Risk::RowSecurityOff);
        let was_forced = self.row_security && self.force_row_security;
        let unforced = (was_forced && to.row_security && !to.force_row_security).then_some(Risk::RowSecurityUnforced);
        off.into_iter().chain(unforced).collect()
    }
    fn is_partitioned(&self) -> bool {
        self.partition_key.is_some()
    }
    fn drop(&self, id: &ObjectId) -> Vec<Action> {
        let sql = format!("DROP TABLE {}", id.qualified());
        let drop = Action::drop(id, sql).locks(Lock::AccessExclusive).loses(Loss::Rows);
        vec![match &self.partition_of {
            Some(parent) => {
                let gentler = [self.detach_concurrently(id, parent), drop.clone().room(Room::Frees(parent.clone()))];
                let drop = drop.room(Room::Frees(parent.clone()));
                if self.can_leave { drop.or(Strategy::DetachConcurrently, gentler) } else { drop }
            }
            None => drop,
        }]
    }
    fn fit(&mut self, version: Version) {
        self.can_leave &= Version::major(14) <= version;
    }

    fn survive(&self, _: &ObjectId, _: &Table, _: &Rebuilt) -> Survival {
        Survival::Stuck
    }
    fn is_attached(&self) -> bool {
        self.own_order
    }
}

impl Table {
    fn definition(&self, id: &ObjectId) -> Action {
        let name = id.qualified();
        let unlogged = if self.unlogged { "UNLOGGED " } else { "" };
        let mut head = format!("CREATE {unlogged}TABLE {name}");
        let mut tail = String::new();
        let mut parens = Parens::Always;
        if let Some(of_type) = &self.of_type {
            head.push_str(&format!(" OF {of_type}"));
            parens = Parens::WhenNotEmpty;
        }
        // PARTITION OF would take the order of the columns over.
        let partition_of = self.partition_of.as_ref().filter(|_| !self.own_order);
        if let (Some(parent), Some(bound)) = (partition_of, &self.partition_bound) {
            head.push_str(&format!(" PARTITION OF {parent}"));
            tail.push_str(&format!(" {bound}"));
            parens = Parens::WhenNotEmpty;
        }
        if !self.inherits.is_empty() {
            tail.push_str(&format!(" INHERITS ({})", self.inherits.join(", ")));
        }
        tail.extend(self.partition_key.iter().map(|key| format!(" PARTITION BY {key}")));
        tail.extend(self.access_method.iter().map(|name| format!(" USING {}", Ident::new(name))));
        if !self.options.is_empty() {
            tail.push_str(&format!(" WITH ({})", sql::options(&self.options)));
        }
        tail.extend(self.tablespace.iter().map(|name| format!(" TABLESPACE {}", Ident::new(name))));
        let define = Action::define(id, head, tail, parens);
        match partition_of {
            Some(parent) => define
                .room(Room::Takes(parent.clone()))
                .locks_elsewhere(Lock::AccessExclusive)
                .locks_users(Lock::AccessExclusive),
            None if self.inherits.is_empty() => define,
            None => define.locks_elsewhere(Lock::ShareUpdateExclusive),
        }
    }

    /// Between two types the table has none: only then can its columns become those of the other.
    fn change_type(&self, id: &ObjectId, to: &Table) -> Alter {
        if to.of_type.is_some() && !sql::is_extended_by(&self.columns, &to.columns) {
            return Alter::Refuse {
                why: "its columns stand in another order than in the type, and PostgreSQL cannot move a column"
                    .to_owned(),
                instead: "create a table of the type beside this one, copy the rows, and let them change places",
            };
        }
        let leaves = self.of_type.iter().map(|_| alter(id, "NOT OF".to_owned()).descent(Descent::Leaves));
        let joins = to.of_type.iter().map(|name| alter(id, format!("OF {name}")).descent(Descent::JoinsWhole));
        Alter::Do(leaves.chain(joins).collect())
    }

    /// They have no names of their own, so that all are switched at once. The user's own, which are switched with them,
    /// are put right when the result is looked at.
    fn switch_constraint_triggers(&self, id: &ObjectId, to: &Table) -> Alter {
        let table = id.qualified();
        let switch = |verb: &str| Action::alter(id, format!("ALTER TABLE ONLY {table} {verb} TRIGGER ALL"));
        Alter::Do(vec![match to.constraint_triggers.as_str() {
            "D" => switch("DISABLE").locks(Lock::ShareRowExclusive),
            "O" => switch("ENABLE").locks(Lock::ShareRowExclusive),
            _ => {
                let text = format!("enable or disable the triggers behind the constraints of {table} one by one");
                Action::alter(id, "").leaves(Leaves::Elsewhere(text))
            }
        }])
    }

    fn move_partition(&self, id: &ObjectId, to: &Table) -> Vec<Action> {
        let name = id.qualified();
        let mut actions = Vec::new();
        if let Some(parent) = &self.partition_of {
            let sql = format!("ALTER TABLE {parent} DETACH PARTITION {name}");
            let detach = Action::alter(id, sql).locks(Lock::AccessExclusive);
            let detach = detach.room(Room::Frees(parent.clone())).descent(Descent::Leaves);
            let gentler =
                Action { room: detach.room.clone(), descent: detach.descent, ..self.detach_concurrently(id, parent) };
            let is_last = to.partition_of.is_none() && self.can_leave;
            actions.push(if is_last { detach.or(Strategy::DetachConcurrently, [gentler]) } else { detach });
        }
        let what = "rows are outside the bounds of the partition";
        let outside =
            |action: Action| action.fails_if(to.rows_are.as_ref().map(|rows| Obstacle::outside(id, what, rows)));
        let attach = to.attach(id).map(|attach| outside(attach.descent(Descent::JoinsWhole)));
        actions.extend(attach.map(|attach| match to.checked(id) {
            Some([add, validate, drop]) => {
                let plain = attach.clone().locks(Lock::AccessExclusive);
                attach.or(Strategy::AttachWithCheck, [add, outside(validate), plain, drop])
            }
            None => attach,
        }));
        // With other bounds it stands under the same table as before.
        let stays = self.partition_of == to.partition_of;
        actions.into_iter().map(|it| if stays { Action { descent: None, ..it } } else { it }).collect()
    }

    fn detach_concurrently(&self, id: &ObjectId, parent: &str) -> Action {
        let detach =
            Action::alter(id, format!("ALTER TABLE {parent} DETACH PARTITION {} CONCURRENTLY", id.qualified()));
        detach.locks(Lock::ShareUpdateExclusive).when(When::OutsideTransaction)
    }

    /// A check that PostgreSQL takes for a proof that the rows are within the bounds: how it comes, and how it goes.
    fn checked(&self, id: &ObjectId) -> Option<[Action; 3]> {
        let rows = self.rows_are.as_ref()?;
        let (table, check) = (id.qualified(), sql::suffixed(&id.name, "__bounds"));
        let add = alter(id, format!("ADD CONSTRAINT {check} CHECK ({rows}) NOT VALID"));
        let validate = alter(id, format!("VALIDATE CONSTRAINT {check}")).locks(Lock::ShareUpdateExclusive);
        let drop = Action::alter(id, format!("ALTER TABLE {table} DROP CONSTRAINT {check}"));
        Some([add, validate.when(When::OwnTransaction), drop.locks(Lock::AccessExclusive)])
    }

    fn attach(&self, id: &ObjectId) -> Option<Action> {
        let (parent, bound) = (self.partition_of.as_ref()?, self.partition_bound.as_ref()?);
        let sql = format!("ALTER TABLE {parent} ATTACH PARTITION {} {bound}", id.qualified());
        let attach = Action::alter(id, sql).locks(Lock::AccessExclusive).locks_elsewhere(Lock::ShareUpdateExclusive);
        Some(attach.room(Room::Takes(parent.clone())))
    }
}

/// Clauses that take one list of parents to another.
pub(crate) fn change_parents(from: &[String], to: &[String]) -> Vec<(String, Option<Descent>)> {
    let mut clauses = Vec::new();
    let mut before = from.iter();
    let mut in_order = true;
    for parent in to {
        in_order = in_order && before.any(|old| old == parent);
        if in_order {
            continue;
        }
        // A parent comes behind all that are there. One that was there before is not another one.
        let stays = from.contains(parent);
        clauses.extend(stays.then(|| (format!("NO INHERIT {parent}"), None)));
        clauses.push((format!("INHERIT {parent}"), (!stays).then_some(Descent::Joins)));
    }
    // Last, for a column that is inherited from nowhere for a moment counts as the child's own from then on.
    let gone = from.iter().filter(|parent| !to.contains(parent));
    clauses.extend(gone.map(|parent| (format!("NO INHERIT {parent}"), Some(Descent::Leaves))));
    clauses
}

fn alter(id: &ObjectId, clause: String) -> Action {
    sql::alter_table(Verb::Alter, id, id, clause).locks(Lock::AccessExclusive)
}

fn secure(id: &ObjectId, verb: &str) -> Action {
    alter(id, format!("{verb} ROW LEVEL SECURITY"))
}
