//! What the constraints of a table have in common.

use crate::{
    ddl::{Action, Lock, Verb, When},
    kinds::sql,
    model::ObjectId,
};

/// A clause of `ALTER TABLE` on the table of a constraint.
pub(crate) fn alter_table(verb: Verb, id: &ObjectId, clause: String) -> Action {
    sql::alter_table(verb, id, id.container(), clause).locks(Lock::AccessExclusive)
}

/// Adds a constraint that looks at no row, and validates it in a transaction of its own.
pub(crate) fn not_valid(id: &ObjectId, definition: &str, lock: Lock) -> [Action; 2] {
    let clause = format!("ADD CONSTRAINT {} {definition} NOT VALID", id.name);
    [alter_table(Verb::Create, id, clause).locks(lock), validate(Verb::Create, id).when(When::OwnTransaction)]
}

pub(crate) fn validate(verb: Verb, id: &ObjectId) -> Action {
    let clause = format!("VALIDATE CONSTRAINT {}", id.name);
    alter_table(verb, id, clause).locks(Lock::ShareUpdateExclusive)
}

/// Adds a constraint to a partitioned table, and not to its partitions.
pub(crate) fn add_only(id: &ObjectId, clause: &str) -> Action {
    let table = id.container().qualified();
    Action::create(id, format!("ALTER TABLE ONLY {table} ADD {clause}")).locks(Lock::AccessExclusive)
}

/// The first version that knows what a definition says, and what that is.
pub(crate) fn since(definition: &str) -> Option<(i32, &'static str)> {
    let says = |words: &[&str]| sql::says(definition, words);
    if says(&["NOT", "ENFORCED"]) {
        Some((18, "NOT ENFORCED"))
    } else if says(&["WITHOUT", "OVERLAPS"]) || says(&[",", "PERIOD"]) {
        Some((18, "keys over a period"))
    } else if says(&["NULLS", "NOT", "DISTINCT"]) {
        Some((15, "NULLS NOT DISTINCT"))
    } else if says(&["SET", "NULL", "("]) || says(&["SET", "DEFAULT", "("]) {
        Some((15, "SET NULL and SET DEFAULT of some columns of a key"))
    } else {
        None
    }
}

/// What a key is, and when it is checked: the words of its definition before and behind its columns.
pub(crate) fn words(definition: &str) -> Option<(&'static str, &'static str)> {
    let what = ["PRIMARY KEY", "UNIQUE"].into_iter().find(|what| definition.starts_with(what))?;
    let timings = [" DEFERRABLE INITIALLY DEFERRED", " DEFERRABLE"];
    Some((what, timings.into_iter().find(|timing| definition.ends_with(timing)).unwrap_or_default()))
}

/// The access method of the index behind a constraint. Only an exclusion constraint names one.
pub(crate) fn method(definition: &str) -> &str {
    let named = definition.strip_prefix("EXCLUDE USING ");
    named.and_then(|rest| rest.split_once(' ')).map_or("btree", |(method, _)| method)
}

/// The name of the index behind a constraint: the constraint's own, in the schema of the table.
pub(crate) fn index_name(id: &ObjectId) -> String {
    id.qualified()
}

pub(crate) fn address(id: &ObjectId) -> String {
    format!("CONSTRAINT {} ON {}", id.name, id.container().qualified())
}

/// A constraint that stands on an index: `PRIMARY KEY`, `UNIQUE`, `EXCLUDE` differ only in their letter in
/// `pg_constraint.contype`, and in what their definition says.
macro_rules! index_constraint {
    ($Type:ident, $contype:literal) => {
        use crate::{
            ddl::{Action, Alter, Following, Inline, Kept, Lock, Obstacle, Risk, Strategy, Succession, Target, Verb, When},
            kinds::{
                Namespace, Object, PgObject, Renamed, beside,
                constraint::{self, alter_table, index_name},
                name_aside, object, sql, state,
            },
            model::{Ident, ObjectId},
        };

        object! {
            pub struct $Type {
                /// As `pg_get_constraintdef` prints it.
                pub definition: String,
                /// Storage parameters of the index behind it.
                pub options: Vec<String>,
                /// Statistics targets of the expressions of the index: `2=500`, by position.
                pub statistics: Vec<String>,
                pub tablespace: Option<String>,
                /// Whether `CLUSTER` goes by the index behind it.
                pub clustered: bool,
                /// Declared here, not only in a parent.
                pub is_local: bool,
                /// The index of the partitioned table that the index behind it is a part of; quoted.
                pub part_of: Option<String>,
                /// Not so on a partitioned table while partitions lack their part.
                pub valid: bool,
                /// The index behind it, as `pg_get_indexdef` prints it.
                pub index: String,
                pub on_partitioned: bool,
                pub columns: Vec<String>,
            }
        }

        impl PgObject for $Type {
            state!();
            const LABEL: &'static str = "CONSTRAINT";
            const RENAMED: Renamed = Renamed::AsPart("CONSTRAINT");
            const PRINTED: &'static [&'static str] = &["definition"];
            const NAMESPACES: &'static [Namespace] = &[Namespace::Constraint, Namespace::Relation];
            const CATALOG: &'static str = concat!("
                SELECT 'pg_constraint'::regclass::oid AS classid, k.oid AS objid, 0 AS objsubid,
                       'pg_class'::regclass::oid AS parent_class, k.conrelid AS parent_id, 0 AS parent_sub,
                       k.conname::text AS name,
                       CASE k.conparentid WHEN 0 THEN 'pg_class'::regclass ELSE 'pg_constraint'::regclass END::oid AS implied_class,
                       coalesce(nullif(k.conparentid, 0), p.oid) AS implied_id, 0 AS implied_sub,
                       pg_get_constraintdef(k.oid) AS definition,
                       ARRAY(SELECT o FROM unnest(i.reloptions) o ORDER BY 1) AS options,
                       ARRAY(SELECT a.attnum || '=' || a.attstattarget FROM pg_attribute a
                             WHERE a.attrelid = i.oid AND nullif(a.attstattarget, -1) IS NOT NULL ORDER BY a.attnum) AS statistics,
                       (SELECT s.spcname::text FROM pg_tablespace s WHERE s.oid = i.reltablespace) AS tablespace,
                       x.indisclustered AS clustered, k.conparentid = 0 OR k.conislocal AS is_local,
                       CASE WHEN p.oid IS NOT NULL THEN format('%I.%I', n.nspname, p.relname) END AS part_of, x.indisvalid AS valid,
                       pg_get_indexdef(i.oid) AS index, c.relkind = 'p' AS on_partitioned,
                       ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY u(n, place)
                             JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = u.n ORDER BY place) AS columns
                FROM pg_constraint k
                JOIN pg_class c ON c.oid = k.conrelid
                JOIN pg_class i ON i.oid = k.conindid
                JOIN pg_index x ON x.indexrelid = i.oid
                LEFT JOIN pg_inherits h ON h.inhrelid = i.oid
                LEFT JOIN pg_class p ON p.oid = h.inhparent
                LEFT JOIN pg_namespace n ON n.oid = p.relnamespace
                WHERE k.contype = '", $contype, "' AND c.relnamespace = ANY($1)");

            fn address(id: &ObjectId) -> String {
                constraint::address(id)
            }
            fn create(&self, id: &ObjectId, _: Target) -> Vec<Action> {
                let $Type { definition, options, statistics, tablespace, clustered, is_local: _, part_of, valid, index: _, on_partitioned: _, columns: _ } = self;
                let clause = format!("CONSTRAINT {} {definition}", id.name);
                let mut actions = match valid {
                    true => {
                        let add = alter_table(Verb::Create, id, format!("ADD {clause}")).inline(Inline::Item(clause));
                        let add = add.fails_if(self.twins(id));
                        vec![match self.using_index(id, &id.name) {
                            Some(gentler) => add.or(Strategy::UsingIndex, gentler),
                            None => add,
                        }]
                    }
                    false => vec![constraint::add_only(id, &clause)],
                };
                let index = index_name(id);
                actions.extend(part_of.iter().map(|parent| sql::attach_index(id, parent)));
                actions.extend(sql::change_index_statistics(id, &[], statistics));
                let alter = |set: String| Action::alter(id, format!("ALTER INDEX {index} {set}"));
                let lock = sql::options_lock(&[], options);
                actions.extend(sql::change_options(&[], options).into_iter().map(|set| alter(set).locks(lock)));
                let moved = tablespace.iter().map(|name| format!("SET TABLESPACE {}", Ident::new(name)));
                actions.extend(moved.map(|set| alter(set).locks($crate::ddl::Lock::AccessExclusive)));
                if *clustered {
                    actions.push(sql::cluster_on(id));
                }
                actions
            }
            fn alter(&self, id: &ObjectId, to: &$Type, attr: Attr, _: Target) -> Alter {
                let index = index_name(id);
                let actions = match attr {
                    Attr::definition => return Alter::Rebuild,
                    Attr::is_local => return Alter::Ignore("it follows from the parents of the table"),
                    Attr::index | Attr::columns => return Alter::Ignore("it follows from the definition"),
                    Attr::on_partitioned => return Alter::Ignore("it is about the table"),
                    Attr::valid if !to.valid => return Alter::Rebuild,
                    Attr::valid => return Alter::Ignore("it is once every partition has its part"),
                    Attr::part_of => to.part_of.iter().map(|parent| sql::attach_index(id, parent)).collect(),
                    Attr::statistics => sql::change_index_statistics(id, &self.statistics, &to.statistics),
                    Attr::options => sql::change_options(&self.options, &to.options)
                        .into_iter()
                        .map(|set| Action::alter(id, format!("ALTER INDEX {index} {set}")))
                        .map(|action| action.locks(sql::options_lock(&self.options, &to.options)))
                        .collect(),
                    Attr::tablespace => {
                        let name = Ident::new(to.tablespace.as_deref().unwrap_or("pg_default"));
                        let set = Action::alter(id, format!("ALTER INDEX {index} SET TABLESPACE {name}"));
                        vec![set.locks($crate::ddl::Lock::AccessExclusive)]
                    }
                    Attr::clustered if to.clustered => vec![sql::cluster_on(id)],
                    Attr::clustered => vec![sql::without_cluster(id)],
                };
                Alter::Do(actions)
            }
            fn since(&self) -> Option<(i32, &'static str)> {
                constraint::since(&self.definition)
            }
            fn risks(&self, _: &ObjectId, to: Option<&$Type>) -> Vec<Risk> {
                to.filter(|to| to.definition != self.definition).map($Type::built).unwrap_or_default()
            }
            fn risks_when_new(&self, _: &ObjectId, within: Option<&Object>) -> Vec<Risk> {
                within.map(|_| self.built()).unwrap_or_default()
            }
            fn drop(&self, id: &ObjectId) -> Vec<Action> {
                vec![alter_table(Verb::Drop, id, format!("DROP CONSTRAINT {}", id.name))]
            }
            fn succeed(&self, id: &ObjectId, to: &$Type, _: Target) -> Option<Succession> {
                if self.is_part() {
                    return None;
                }
                let [build, add] = to.using_index(id, &sql::suffixed(&id.name, sql::NEW))?;
                let drop = alter_table(Verb::Drop, id, format!("DROP CONSTRAINT {}", id.name));
                Some(Succession { strategy: Strategy::UsingIndex, build, swap: vec![drop, add] })
            }
            fn follow(
                &self,
                id: &ObjectId,
                (beside, it): (&ObjectId, &$Type),
                to: &$Type,
                target: Target,
            ) -> Result<Following, &'static str> {
                let Some([build, _]) = it.using_index(beside, &beside.name) else {
                    return Err("has an index that cannot be built while others write");
                };
                let all = it.create(beside, target);
                // A table has one primary key: the other comes when that has gone.
                if constraint::words(&it.definition).is_some_and(|(what, _)| what == "PRIMARY KEY") {
                    let settings = all.into_iter().skip(1);
                    let build = std::iter::once(build).chain(settings).map(|action| action.about(id)).collect();
                    let add = to.using_index(id, &beside.name).map(|[_, add]| add);
                    let (leave, take) = (beside::texts(self.drop(id)), beside::texts(add));
                    let serves = self.using_index(id, &name_aside(&id.name)).map(|[build, _]| build.about(id));
                    let build_too = serves.into_iter().collect();
                    let kept = Kept { build: build_too, leave: leave.clone(), ..Kept::default() };
                    return Ok(Following { build, leave, take, kept: Some(kept), ..Following::default() });
                }
                Ok(beside::replaced_or_kept(id, self.drop(id), beside, all))
            }
            fn without_parts(&self) -> Option<(Strategy, $Type)> {
                let whole = self.on_partitioned && self.valid;
                whole.then(|| (Strategy::PartitionedIndex, $Type { valid: false, ..self.clone() }))
            }
            fn row_key(&self) -> Option<Vec<Ident>> {
                // A key may hold NULLs, which are not gone through.
                let (what, _) = constraint::words(&self.definition)?;
                (what == "PRIMARY KEY").then(|| self.columns.iter().map(Ident::new).collect())
            }
            // A table that is attached brings its indexes as parts.
            fn apart(&self) -> $Type {
                $Type { part_of: None, ..self.clone() }
            }
            fn is_part(&self) -> bool {
                self.part_of.is_some()
            }
            fn brings_along(&self) -> bool {
                self.valid
            }
            fn follows(&self, parent: &$Type) -> bool {
                self.definition == parent.definition
            }
        }

        impl $Type {
            /// Builds its index while the table is read and written, and makes it the constraint's.
            fn using_index(&self, id: &ObjectId, name: &Ident) -> Option<[Action; 2]> {
                // PostgreSQL takes unique indexes only, and moves one to another tablespace under a lock.
                let can = self.index.starts_with("CREATE UNIQUE INDEX ") && self.tablespace.is_none();
                let build = sql::concurrently(&self.index, &id.name, name).filter(|_| can)?;
                let build = Action::create(id, build).locks(Lock::ShareUpdateExclusive).when(When::OutsideTransaction);
                let build = build.fails_if(self.twins(id));
                let (what, timing) = constraint::words(&self.definition)?;
                let clause = format!("ADD CONSTRAINT {} {what} USING INDEX {name}{timing}", id.name);
                Some([build, alter_table(Verb::Create, id, clause)])
            }
            /// Rows that agree in its columns, where that is what it forbids.
            fn twins(&self, id: &ObjectId) -> Option<Obstacle> {
                let says = |words: &[&str]| sql::says(&self.definition, words);
                let (what, _) = constraint::words(&self.definition).filter(|_| !says(&["WITHOUT", "OVERLAPS"]))?;
                let keys: Vec<String> = self.columns.iter().map(|name| Ident::new(name).to_string()).collect();
                let nulls_agree = what == "UNIQUE" && says(&["NULLS", "NOT", "DISTINCT"]);
                Some(Obstacle::twins(id, &keys, None, nulls_agree))
            }
            fn built(&self) -> Vec<Risk> {
                let method = constraint::method(&self.definition).to_owned();
                vec![Risk::Unique(self.definition.clone()), Risk::IndexBuilt(method)]
            }
        }
    };
}
pub(crate) use index_constraint;
