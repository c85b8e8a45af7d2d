//! An identity column's generator: `GENERATED … AS IDENTITY`, with the sequence inside it.

use crate::{
    ddl::{Action, Alter, Following, Inline, Lock, Loss, Target, Verb},
    kinds::{
        PgObject, beside, object,
        sequence::{Sequence, can_be_unlogged},
        sql, state,
    },
    model::{Literal, ObjectId},
};

object! {
    pub struct Identity {
        pub always: bool,
        /// The name of the sequence inside, quoted.
        pub sequence: String,
        /// The name that PostgreSQL picks where it is free.
        pub usual_sequence: String,
        pub data_type: String,
        /// The column's, which is the sequence's where nobody has said otherwise.
        pub column_type: String,
        pub increment: i64,
        pub min_value: i64,
        pub max_value: i64,
        pub start: i64,
        pub cache: i64,
        pub cycle: bool,
        pub unlogged: bool,
        /// Whether the table is, which makes it so by itself.
        pub table_unlogged: bool,
        /// Whether others inherit from the table: they get the column, and not that it is an identity.
        pub has_children: bool,
    }
}

impl PgObject for Identity {
    state!();
    const LABEL: &'static str = "IDENTITY OF COLUMN";
    const IS_PROPERTY: bool = true;
    const CATALOG: &'static str = "
        SELECT 'pg_class'::regclass::oid AS classid, c.oid AS objid, 0 AS objsubid,
               d.refclassid AS parent_class, d.refobjid AS parent_id, d.refobjsubid AS parent_sub, ''::text AS name,
               a.attidentity = 'a' AS always,
               format('%I.%I', n.nspname, c.relname) AS sequence,
               format('%I.%I', t.relnamespace::regnamespace, t.relname || '_' || a.attname || '_seq') AS usual_sequence,
               format_type(s.seqtypid, NULL) AS data_type, format_type(a.atttypid, NULL) AS column_type,
               s.seqincrement AS increment,
               s.seqmin AS min_value, s.seqmax AS max_value, s.seqstart AS start, s.seqcache AS cache, s.seqcycle AS cycle,
               current_setting('server_version_num')::int4 >= 150000 AND c.relpersistence = 'u' AS unlogged,
               current_setting('server_version_num')::int4 >= 150000 AND t.relpersistence = 'u' AS table_unlogged,
               t.relkind = 'r' AND EXISTS (SELECT FROM pg_inherits h WHERE h.inhparent = t.oid) AS has_children
        FROM pg_sequence s
        JOIN pg_class c ON c.oid = s.seqrelid
        JOIN pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'i'
                        AND d.refclassid = 'pg_class'::regclass AND 0 < d.refobjsubid
        JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
        JOIN pg_class t ON t.oid = a.attrelid
        WHERE t.relnamespace = ANY($1)";

    fn address(id: &ObjectId) -> String {
        let column = id.container();
        format!("{} {}.{}", Self::LABEL, column.container().qualified(), column.name)
    }
    fn create(&self, id: &ObjectId, target: Target) -> Vec<Action> {
        let sequence = match self.sequence == self.usual_sequence {
            true => String::new(),
            false => format!(" SEQUENCE NAME {}", self.sequence),
        };
        let numbers = self.as_sequence();
        let plain = Sequence { data_type: self.data_type.clone(), ..Sequence::plain(&self.data_type, self.increment) };
        let options = format!("{sequence}{}", numbers.options_beyond(&plain));
        let options = if options.is_empty() { options } else { format!(" ({})", options.trim_start()) };
        let identity = format!("GENERATED {} AS IDENTITY{options}", self.mode());
        let add = alter_column(Verb::Create, id, &format!("ADD {identity}"));
        let words = format!(" {identity}");
        // PostgreSQL adds no column to the children that would be an identity in one table only.
        let inline = if self.has_children { Inline::Within(words) } else { Inline::Suffix(words) };
        let mut actions = vec![add.inline(inline)];
        if self.data_type != self.column_type {
            actions.push(self.alter_sequence(id, &format!("AS {}", self.data_type)));
        }
        if self.unlogged != self.table_unlogged && can_be_unlogged(target) {
            actions.push(self.alter_sequence(id, self.persistence()));
        }
        actions
    }
    fn alter(&self, id: &ObjectId, to: &Identity, attr: Attr, target: Target) -> Alter {
        let clause = match attr {
            Attr::always => format!("SET GENERATED {}", to.mode()),
            Attr::sequence => {
                let name = to.sequence.rsplit_once('.').map_or(to.sequence.as_str(), |(_, name)| name);
                let rename = self.alter_sequence(id, &format!("RENAME TO {name}"));
                return Alter::Do(vec![rename.locks(Lock::AccessExclusive)]);
            }
            Attr::usual_sequence => return Alter::Ignore("it follows from the names of table and column"),
            // The table takes its sequences along.
            Attr::table_unlogged if self.unlogged == to.unlogged && can_be_unlogged(target) => {
                return Alter::Do(vec![self.alter_sequence(id, to.persistence()).locks(Lock::AccessExclusive)]);
            }
            Attr::has_children => return Alter::Ignore("it is about the table"),
            Attr::column_type | Attr::table_unlogged => return Alter::Ignore("it is about the column and its table"),
            Attr::data_type if self.data_type == self.column_type && to.data_type == to.column_type => {
                return Alter::Ignore("it follows the type of the column");
            }
            Attr::data_type => return Alter::Do(vec![self.alter_sequence(id, &format!("AS {}", to.data_type))]),
            Attr::unlogged if !can_be_unlogged(target) => {
                return Alter::Ignore("sequences can be unlogged from version 15 on");
            }
            Attr::unlogged if self.unlogged == self.table_unlogged && to.unlogged == to.table_unlogged => {
                return Alter::Ignore("it follows the table");
            }
            Attr::unlogged => {
                return Alter::Do(vec![self.alter_sequence(id, to.persistence()).locks(Lock::AccessExclusive)]);
            }
            Attr::increment => format!("SET INCREMENT BY {}", to.increment),
            Attr::min_value => format!("SET MINVALUE {}", to.min_value),
            Attr::max_value => format!("SET MAXVALUE {}", to.max_value),
            Attr::start => format!("SET START WITH {}", to.start),
            Attr::cache => format!("SET CACHE {}", to.cache),
            Attr::cycle => format!("SET {}", if to.cycle { "CYCLE" } else { "NO CYCLE" }),
        };
        Alter::Do(vec![alter_column(Verb::Alter, id, &clause)])
    }
    /// Its counter goes on where it was.
    fn follow(
        &self,
        id: &ObjectId,
        _: (&ObjectId, &Identity),
        to: &Identity,
        target: Target,
    ) -> Result<Following, &'static str> {
        // Who is about to take a value from it has to be done.
        let lock = format!("LOCK TABLE {}", id.container().container().qualified());
        let read = format!("SELECT last_value, is_called INTO counter FROM {}", self.sequence);
        let name = Literal(&to.sequence);
        let set = format!("PERFORM pg_catalog.setval({name}, counter.last_value, counter.is_called)");
        Ok(Following {
            leave: [lock, read].into_iter().chain(beside::texts(self.drop(id))).collect(),
            take: beside::texts(to.create(id, target)).into_iter().chain([set]).collect(),
            hands_on: vec!["counter record"],
            ..Following::default()
        })
    }
    fn drop(&self, id: &ObjectId) -> Vec<Action> {
        vec![alter_column(Verb::Drop, id, "DROP IDENTITY").loses(Loss::Counter)]
    }
}

impl Identity {
    fn mode(&self) -> &'static str {
        if self.always { "ALWAYS" } else { "BY DEFAULT" }
    }
    fn persistence(&self) -> &'static str {
        if self.unlogged { "SET UNLOGGED" } else { "SET LOGGED" }
    }
    fn alter_sequence(&self, id: &ObjectId, clause: &str) -> Action {
        Action::alter(id, format!("ALTER SEQUENCE {} {clause}", self.sequence)).locks(Lock::ShareRowExclusive)
    }
    fn as_sequence(&self) -> Sequence {
        let Identity {
            always: _,
            sequence: _,
            usual_sequence: _,
            column_type: _,
            table_unlogged: _,
            has_children: _,
            unlogged: _,
            data_type,
            increment,
            min_value,
            max_value,
            start,
            cache,
            cycle,
        } = self;
        Sequence {
            data_type: data_type.clone(),
            increment: *increment,
            min_value: *min_value,
            max_value: *max_value,
            start: *start,
            cache: *cache,
            cycle: *cycle,
            unlogged: false,
        }
    }
}

fn alter_column(verb: Verb, id: &ObjectId, clause: &str) -> Action {
    let column = id.container();
    let clause = format!("ALTER COLUMN {} {clause}", column.name);
    sql::alter_table(verb, id, column.container(), clause).locks(Lock::AccessExclusive)
}
