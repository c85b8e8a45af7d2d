//! `CREATE INDEX`. The index behind a constraint is part of the constraint.

use crate::{
    ddl::{Action, Alter, Following, Lock, Obstacle, Risk, Strategy, Succession, Target, When},
    kinds::{Namespace, Object, PgObject, Renamed, beside, object, sql, state},
    model::{Ident, ObjectId, parser},
};

object! {
    pub struct Index {
        /// As `pg_get_indexdef` prints it.
        pub definition: String,
        /// The definition without storage parameters, which can change in place.
        pub bare: String,
        pub options: Vec<String>,
        pub partitioned: bool,
        /// The index of the partitioned table that it is a part of; quoted.
        pub part_of: Option<String>,
        pub tablespace: Option<String>,
        /// Whether a part of it is the index behind a constraint of a partition.
        pub has_constraints: bool,
        /// Whether `CLUSTER` goes by it.
        pub clustered: bool,
        /// A failed `CREATE INDEX CONCURRENTLY` leaves one that is not.
        pub valid: bool,
        /// Statistics targets of its expressions: `2=500`, by position.
        pub statistics: Vec<String>,
        /// What is to be unique, column by column; empty where nothing is.
        pub unique_in: Vec<String>,
        pub nulls_agree: bool,
        /// Which rows it is about, where not all.
        pub predicate: Option<String>,
    }
}

impl PgObject for Index {
    state!();
    const LABEL: &'static str = "INDEX";
    const RENAMED: Renamed = Renamed::ByItself(Lock::ShareUpdateExclusive);
    const PRINTED: &'static [&'static str] = &["definition", "bare", "unique_in", "predicate"];
    const NAMESPACES: &'static [Namespace] = &[Namespace::Relation];
    const CATALOG: &'static str = "
        SELECT 'pg_class'::regclass::oid AS classid, i.oid AS objid, 0 AS objsubid,
               'pg_class'::regclass::oid AS parent_class, x.indrelid AS parent_id, 0 AS parent_sub,
               i.relname::text AS name, 'pg_class'::regclass::oid AS implied_class,
               (SELECT h.inhparent FROM pg_inherits h WHERE h.inhrelid = i.oid) AS implied_id, 0 AS implied_sub,
               pg_get_indexdef(i.oid) AS definition,
               replace(pg_get_indexdef(i.oid), ' WITH (' || p.printed || ')', '') AS bare,
               ARRAY(SELECT o FROM unnest(i.reloptions) o ORDER BY 1) AS options, i.relkind = 'I' AS partitioned,
               (SELECT format('%I.%I', pn.nspname, p.relname) FROM pg_inherits h JOIN pg_class p ON p.oid = h.inhparent
                JOIN pg_namespace pn ON pn.oid = p.relnamespace WHERE h.inhrelid = i.oid) AS part_of,
               EXISTS (SELECT FROM pg_inherits h JOIN pg_constraint k ON k.conindid = h.inhrelid
                       WHERE h.inhparent = i.oid AND k.contype IN ('p', 'u', 'x')) AS has_constraints,
               (SELECT s.spcname::text FROM pg_tablespace s WHERE s.oid = i.reltablespace) AS tablespace,
               x.indisclustered AS clustered, x.indisvalid AS valid,
               ARRAY(SELECT a.attnum || '=' || a.attstattarget FROM pg_attribute a
                     WHERE a.attrelid = i.oid AND nullif(a.attstattarget, -1) IS NOT NULL ORDER BY a.attnum) AS statistics,
               ARRAY(SELECT pg_get_indexdef(i.oid, n, false) FROM generate_series(1, x.indnkeyatts) n WHERE x.indisunique) AS unique_in,
               coalesce((to_jsonb(x)->>'indnullsnotdistinct')::bool, false) AS nulls_agree,
               pg_get_expr(x.indpred, x.indrelid) AS predicate
        FROM pg_index x
        JOIN pg_class i ON i.oid = x.indexrelid
        JOIN pg_class c ON c.oid = x.indrelid
        -- As pg_get_indexdef prints them.
        CROSS JOIN LATERAL (
            SELECT coalesce(string_agg(
                quote_ident(split_part(o, '=', 1)) || '=' ||
                CASE WHEN quote_ident(v.value) = v.value THEN v.value ELSE quote_literal(v.value) END, ', ' ORDER BY n), '') AS printed
            FROM unnest(i.reloptions) WITH ORDINALITY u(o, n), LATERAL (SELECT substr(o, strpos(o, '=') + 1) AS value) v) p
        WHERE c.relkind IN ('r', 'p', 'm') AND c.relnamespace = ANY($1)
          AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.oid AND k.contype IN ('p', 'u', 'x')
                          AND k.conrelid = x.indrelid)";

    fn create(&self, id: &ObjectId, _: Target) -> Vec<Action> {
        let mut definition = self.definition.clone();
        if self.partitioned && self.valid {
            // ONLY would leave it without its partitions, and so not valid.
            let only = format!(" ON ONLY {}", id.container().qualified());
            definition = definition.replacen(&only, &format!(" ON {}", id.container().qualified()), 1);
        }
        let create = self.or_twins(id, Action::create(id, definition).locks(Lock::Share));
        let mut actions = vec![match self.concurrently(id, &id.name) {
            Some(gentler) => create.or(Strategy::IndexConcurrently, [gentler]),
            None => create,
        }];
        let name = id.qualified();
        actions.extend(self.attach(id));
        actions.extend(
            self.tablespace
                .iter()
                .map(|space| Action::alter(id, format!("ALTER INDEX {name} SET TABLESPACE {}", Ident::new(space)))),
        );
        actions.extend(sql::change_index_statistics(id, &[], &self.statistics));
        if self.clustered {
            actions.push(sql::cluster_on(id));
        }
        actions
    }
    fn alter(&self, id: &ObjectId, to: &Index, attr: Attr, _: Target) -> Alter {
        let actions = match attr {
            Attr::part_of => to.attach(id).into_iter().collect(),
            Attr::has_constraints => return Alter::Ignore("it follows from the constraints of the partitions"),
            Attr::valid if self.partitioned && to.valid => {
                return Alter::Ignore("it is once every partition has its part");
            }
            Attr::definition if self.bare == to.bare && self.takes(to) => {
                return Alter::Ignore("its storage parameters are set by themselves");
            }
            Attr::options if self.bare == to.bare && self.takes(to) => sql::change_options(&self.options, &to.options)
                .into_iter()
                .map(|set| Action::alter(id, format!("ALTER INDEX {} {set}", id.qualified())))
                .map(|action| action.locks(sql::options_lock(&self.options, &to.options)))
                .collect(),
            Attr::bare | Attr::unique_in | Attr::nulls_agree | Attr::predicate => {
                return Alter::Ignore("it is part of the definition");
            }
            Attr::definition | Attr::options | Attr::partitioned | Attr::valid => return Alter::Rebuild,
            Attr::tablespace => {
                let space = Ident::new(to.tablespace.as_deref().unwrap_or("pg_default"));
                let set = Action::alter(id, format!("ALTER INDEX {} SET TABLESPACE {space}", id.qualified()));
                vec![set.locks(Lock::AccessExclusive)]
            }
            Attr::clustered if to.clustered => vec![sql::cluster_on(id)],
            Attr::clustered => vec![sql::without_cluster(id)],
            Attr::statistics => sql::change_index_statistics(id, &self.statistics, &to.statistics),
        };
        Alter::Do(actions)
    }
    fn since(&self) -> Option<(i32, &'static str)> {
        let distinct = sql::says(&self.definition, &["NULLS", "NOT", "DISTINCT"]);
        distinct.then_some((15, "NULLS NOT DISTINCT"))
    }
    fn risks(&self, _: &ObjectId, to: Option<&Index>) -> Vec<Risk> {
        to.filter(|to| to.bare != self.bare).map(Index::built).unwrap_or_default()
    }
    fn risks_when_new(&self, _: &ObjectId, within: Option<&Object>) -> Vec<Risk> {
        within.map(|_| self.built()).unwrap_or_default()
    }
    fn drop(&self, id: &ObjectId) -> Vec<Action> {
        // A constraint whose index is a part of this one can go in no other way.
        let cascade = if self.has_constraints { " CASCADE" } else { "" };
        let drop = Action::drop(id, format!("DROP INDEX {}{cascade}", id.qualified())).locks(Lock::AccessExclusive);
        vec![match self.partitioned || self.is_part() {
            true => drop,
            false => drop.or(Strategy::IndexConcurrently, [drop_concurrently(id)]),
        }]
    }
    fn succeed(&self, id: &ObjectId, to: &Index, _: Target) -> Option<Succession> {
        if self.partitioned || self.is_part() {
            return None;
        }
        let new = sql::suffixed(&id.name, sql::NEW);
        let beside = ObjectId { name: new.clone(), ..id.clone() };
        let rename = format!("ALTER INDEX {} RENAME TO {}", beside.qualified(), id.name);
        Some(Succession {
            strategy: Strategy::IndexReplacement,
            build: to.concurrently(id, &new)?,
            // Nobody but the planner has seen the new one: the lock on it keeps nobody waiting.
            swap: vec![drop_concurrently(id), Action::create(id, rename)],
        })
    }
    fn follow(
        &self,
        id: &ObjectId,
        (beside, it): (&ObjectId, &Index),
        _: &Index,
        target: Target,
    ) -> Result<Following, &'static str> {
        if it.tablespace.is_some() || !it.valid {
            return Err("cannot be built while others write");
        }
        let drop = vec![Action::drop(id, format!("DROP INDEX {}", id.qualified()))];
        Ok(beside::replaced_or_kept(id, drop, beside, it.create(beside, target)))
    }
    fn without_parts(&self) -> Option<(Strategy, Index)> {
        let whole = self.partitioned && self.valid;
        whole.then(|| (Strategy::PartitionedIndex, Index { valid: false, ..self.clone() }))
    }
    // A table that is attached brings its indexes as parts.
    fn apart(&self) -> Index {
        Index { part_of: None, ..self.clone() }
    }
    fn is_part(&self) -> bool {
        self.part_of.is_some()
    }
    fn brings_along(&self) -> bool {
        self.valid
    }
    fn follows(&self, parent: &Index) -> bool {
        self.options == parent.options && self.statistics.is_empty() && !self.clustered
    }
}

/// Storage parameters that count for an index that is there; the others only when it is built (PostgreSQL manual,
/// `CREATE INDEX`, "Index Storage Parameters").
const IN_PLACE: [&str; 5] =
    ["autosummarize", "deduplicate_items", "fastupdate", "fillfactor", "gin_pending_list_limit"];

impl Index {
    /// Whether its storage parameters can be made those of `to`. An index of a partitioned table is only the sum of its
    /// parts, and takes none later.
    fn takes(&self, to: &Index) -> bool {
        let mut changed = self.options.iter().filter(|it| !to.options.contains(it));
        let mut new = to.options.iter().filter(|it| !self.options.contains(it));
        let name = |option: &str| option.split('=').next().unwrap_or_default().to_owned();
        let counts = |option: &String| IN_PLACE.contains(&name(option).as_str());
        !self.partitioned && changed.all(counts) && new.all(counts)
    }
    fn concurrently(&self, id: &ObjectId, name: &Ident) -> Option<Action> {
        // A tablespace is set afterwards, and that moves the index under a lock.
        let sql = sql::concurrently(&self.definition, &id.name, name).filter(|_| self.tablespace.is_none())?;
        let create = Action::create(id, sql).locks(Lock::ShareUpdateExclusive).when(When::OutsideTransaction);
        Some(self.or_twins(id, create))
    }
    /// Its creation, which fails where rows agree.
    fn or_twins(&self, id: &ObjectId, create: Action) -> Action {
        if self.unique_in.is_empty() {
            return create;
        }
        create.fails_if(Obstacle::twins(id, &self.unique_in, self.predicate.as_deref(), self.nulls_agree))
    }
    fn built(&self) -> Vec<Risk> {
        let words: Vec<&str> = parser::tokens(&self.bare).into_iter().map(|range| &self.bare[range]).collect();
        let method = words.iter().skip_while(|word| **word != "USING").nth(1).copied().unwrap_or("btree");
        let unique = words.get(1) == Some(&"UNIQUE");
        let columns = self.bare.split_once(" USING ").map_or("", |(_, rest)| rest);
        let unique = unique.then(|| Risk::Unique(columns.trim_start_matches(method).trim().to_owned()));
        unique.into_iter().chain([Risk::IndexBuilt(method.to_owned())]).collect()
    }
    fn attach(&self, id: &ObjectId) -> Option<Action> {
        self.part_of.as_ref().map(|parent| sql::attach_index(id, parent))
    }
}

fn drop_concurrently(id: &ObjectId) -> Action {
    let drop = Action::drop(id, format!("DROP INDEX CONCURRENTLY {}", id.qualified()));
    drop.locks(Lock::ShareUpdateExclusive).when(When::OutsideTransaction)
}
