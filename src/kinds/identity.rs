//! An identity column's generator: `GENERATED … AS IDENTITY`, with the sequence inside it.

use crate::{
    ddl::{Action, Alter, Inline, Lock, Loss, Target, Verb},
    kinds::{PgObject, object, sequence::Sequence, sql, state},
    model::ObjectId,
};

object! {
    pub struct Identity {
        pub always: bool,
        /// The name of the sequence inside, quoted.
        pub sequence: String,
        /// The name that PostgreSQL picks where it is free.
        pub usual_sequence: String,
        pub data_type: String,
        pub increment: i64,
        pub min_value: i64,
        pub max_value: i64,
        pub start: i64,
        pub cache: i64,
        pub cycle: bool,
        /// From version 15 on the sequence need not be as its table is.
        pub unlogged: bool,
        pub table_unlogged: bool,
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
               format_type(s.seqtypid, NULL) AS data_type, s.seqincrement AS increment,
               s.seqmin AS min_value, s.seqmax AS max_value, s.seqstart AS start, s.seqcache AS cache, s.seqcycle AS cycle,
               current_setting('server_version_num')::int4 >= 150000 AND c.relpersistence = 'u' AS unlogged,
               current_setting('server_version_num')::int4 >= 150000 AND t.relpersistence = 'u' AS table_unlogged
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
    fn create(&self, id: &ObjectId, _: Target) -> Vec<Action> {
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
        let add = add.inline(Inline::Suffix(format!(" {identity}")));
        std::iter::once(add).chain(self.is_apart().then(|| self.log(id))).collect()
    }
    fn alter(&self, id: &ObjectId, to: &Identity, attr: Attr, _: Target) -> Alter {
        let clause = match attr {
            Attr::always => format!("SET GENERATED {}", to.mode()),
            Attr::sequence => {
                let name = to.sequence.rsplit_once('.').map_or(to.sequence.as_str(), |(_, name)| name);
                return Alter::Do(vec![Action::alter(
                    id,
                    format!("ALTER SEQUENCE {} RENAME TO {name}", self.sequence),
                )]);
            }
            Attr::usual_sequence => return Alter::Ignore("it follows from the names of table and column"),
            Attr::data_type => return Alter::Ignore("it follows the type of the column"),
            Attr::increment => format!("SET INCREMENT BY {}", to.increment),
            Attr::min_value => format!("SET MINVALUE {}", to.min_value),
            Attr::max_value => format!("SET MAXVALUE {}", to.max_value),
            Attr::start => format!("SET START WITH {}", to.start),
            Attr::cache => format!("SET CACHE {}", to.cache),
            Attr::cycle => format!("SET {}", if to.cycle { "CYCLE" } else { "NO CYCLE" }),
            Attr::unlogged | Attr::table_unlogged if !self.is_apart() && !to.is_apart() => {
                return Alter::Ignore("it follows the table");
            }
            Attr::table_unlogged if self.unlogged != to.unlogged => return Alter::Ignore("the sequence is set anyway"),
            Attr::unlogged | Attr::table_unlogged => return Alter::Do(vec![to.log(id)]),
        };
        Alter::Do(vec![alter_column(Verb::Alter, id, &clause)])
    }
    fn drop(&self, id: &ObjectId) -> Vec<Action> {
        vec![alter_column(Verb::Drop, id, "DROP IDENTITY").loses(Loss::Counter)]
    }
}

impl Identity {
    fn mode(&self) -> &'static str {
        if self.always { "ALWAYS" } else { "BY DEFAULT" }
    }
    fn is_apart(&self) -> bool {
        self.unlogged != self.table_unlogged
    }
    fn log(&self, id: &ObjectId) -> Action {
        let mode = if self.unlogged { "UNLOGGED" } else { "LOGGED" };
        Action::alter(id, format!("ALTER SEQUENCE {} SET {mode}", self.sequence)).locks(Lock::AccessExclusive)
    }
    fn as_sequence(&self) -> Sequence {
        let Identity {
            always: _,
            sequence: _,
            usual_sequence: _,
            data_type,
            increment,
            min_value,
            max_value,
            start,
            cache,
            cycle,
            unlogged: _,
            table_unlogged: _,
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
