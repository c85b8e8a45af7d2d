//! A column of a table, with its generation expression. Its default and its identity are kinds of their own.

use std::collections::BTreeMap;

use crate::{
    ddl::{
        Action, Alter, Casts, Expansion, Gentler, Inline, Lock, Loss, Meets, Obstacle, Retype, Rewrite, Risk, Strategy,
        Survival, Target, Verb, When,
    },
    kinds::{
        Gone, Object, OwnPart, PgObject, Rebuilt, Renamed, backfill,
        both_names::{BothNames, Initial},
        expand::{self, Successor},
        narrowing, object, sql, state,
    },
    model::{Ident, Kind, Literal, ObjectId, Version},
};

object! {
    pub struct Column {
        pub position: i16,
        pub data_type: String,
        pub collation: Option<String>,
        pub not_null: bool,
        pub generated: Option<String>,
        /// Computed when it is read (version 18 and later).
        pub is_virtual: bool,
        /// The letter in `pg_attribute.attstorage`.
        pub storage: String,
        /// The storage that the type asks for.
        pub type_storage: String,
        pub compression: Option<String>,
        pub statistics: Option<i32>,
        pub options: Vec<String>,
        /// The type of the table that it comes from, where the table is a typed one.
        pub of_type: Option<String>,
        /// Declared here, not only in a parent.
        pub is_local: bool,
        /// How many parents have it.
        pub parents: i32,
        /// Whether one of them computes it.
        pub computed_above: bool,
        /// Whether rows find their partition by it.
        pub in_partition_key: bool,
        /// Whether its default is another value each time.
        pub default_varies: bool,
        pub is_identity: bool,
    }
}

impl PgObject for Column {
    state!();
    const LABEL: &'static str = "COLUMN";
    const RENAMED: Renamed = Renamed::AsPart("COLUMN");
    const PRECEDES_ATTACHING: bool = true;
    const PRINTED: &'static [&'static str] = &["generated"];
    // A column reads others only where it is generated.
    const BLOCKS: Option<Retype> = Some(Retype::Modifier);
    const CATALOG: &'static str = "
        SELECT 'pg_class'::regclass::oid AS classid, c.oid AS objid, a.attnum::int4 AS objsubid,
               'pg_class'::regclass::oid AS parent_class, c.oid AS parent_id, 0 AS parent_sub,
               a.attname::text AS name,
               'pg_class'::regclass::oid AS implied_class, p.attrelid AS implied_id, p.attnum::int4 AS implied_sub,
               row_number() OVER (PARTITION BY c.oid ORDER BY a.attnum)::int2 AS position,
               format_type(a.atttypid, a.atttypmod) AS data_type,
               CASE WHEN a.attcollation <> t.typcollation THEN a.attcollation::regcollation::text END AS collation,
               a.attnotnull AND NOT EXISTS (
                   SELECT FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'n' AND k.conkey[1] = a.attnum
                     AND NOT k.convalidated) AS not_null,
               CASE WHEN a.attgenerated <> '' THEN pg_get_expr(d.adbin, d.adrelid) END AS generated,
               a.attgenerated = 'v' AS is_virtual,
               a.attstorage::text AS storage, t.typstorage::text AS type_storage,
               nullif(to_jsonb(a)->>'attcompression', '') AS compression,
               nullif(a.attstattarget, -1)::int4 AS statistics,
               ARRAY(SELECT o FROM unnest(a.attoptions) o ORDER BY 1) AS options, 
               CASE WHEN c.reloftype <> 0 THEN format_type(c.reloftype, NULL) END AS of_type,
               a.attislocal AS is_local, a.attinhcount::int4 AS parents,
               EXISTS (SELECT FROM pg_inherits i JOIN pg_attribute pa ON pa.attrelid = i.inhparent
                       WHERE i.inhrelid = a.attrelid AND pa.attname = a.attname AND pa.attgenerated <> '') AS computed_above,
               EXISTS (SELECT FROM pg_partitioned_table k WHERE k.partrelid = c.oid AND a.attnum = ANY (k.partattrs)) AS in_partition_key,
               a.attgenerated = '' AND EXISTS (
                   SELECT FROM regexp_matches(d.adbin::text, ':(?:funcid|opfuncid) ([0-9]+)', 'g') called(function)
                   JOIN pg_proc f ON f.oid = called.function[1]::oid WHERE f.provolatile = 'v') AS default_varies,
               a.attidentity <> '' AS is_identity
        FROM pg_attribute a
        JOIN pg_class c ON c.oid = a.attrelid
        JOIN pg_type t ON t.oid = a.atttypid
        LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        LEFT JOIN LATERAL (
            SELECT pa.attrelid, pa.attnum FROM pg_inherits i JOIN pg_attribute pa ON pa.attrelid = i.inhparent
            WHERE i.inhrelid = a.attrelid AND pa.attname = a.attname AND NOT pa.attisdropped AND 0 < a.attinhcount
            ORDER BY i.inhseqno LIMIT 1) p ON true
        WHERE c.relkind IN ('r', 'p', 'f') AND 0 < a.attnum AND NOT a.attisdropped AND c.relnamespace = ANY($1)";

    fn address(id: &ObjectId) -> String {
        format!("{} {}.{}", Self::LABEL, id.container().qualified(), id.name)
    }

    fn create(&self, id: &ObjectId, target: Target) -> Vec<Action> {
        let mut actions = Vec::new();
        if self.of_type.is_none() {
            let add = alter_table(Verb::Create, id, format!("ADD COLUMN {}", self.definition(id, true)));
            let add = add.inline(Inline::Item(self.definition(id, self.states_expression(target))));
            actions.push(match self.generated {
                Some(_) if self.is_virtual || is_foreign(id) => add,
                Some(_) => add.rewrites(Rewrite::Always),
                None if self.default_varies && !is_foreign(id) => self.or_fill(add, id, target),
                None if self.not_null && !is_foreign(id) => add.fails_if(self.has_rows(id)),
                // A domain may have something to say about the rows.
                None if self.data_type.contains('.') => add.rewrites(Rewrite::Perhaps),
                None => add,
            });
        }
        let settings = [
            (self.of_type.is_some() && self.not_null).then(|| "SET NOT NULL".to_owned()),
            (self.storage != self.type_storage).then(|| sql::set_storage(&self.storage)),
            self.compression.as_deref().map(|method| sql::set_compression(Some(method))),
        ];
        let for_planner = self.statistics.map(|_| self.set_statistics()).into_iter();
        let for_planner = for_planner.chain(sql::change_options(&[], &self.options));
        let set = |clause| alter_table(Verb::Alter, id, format!("ALTER COLUMN {} {clause}", id.name));
        actions.extend(settings.into_iter().flatten().map(set));
        actions.extend(for_planner.map(|clause| set(clause).locks(Lock::ShareUpdateExclusive)));
        actions.into_iter().map(|action| action.at(self.position)).collect()
    }

    fn alter(&self, id: &ObjectId, to: &Column, attr: Attr, target: Target) -> Alter {
        let name = &id.name;
        let clauses = match attr {
            Attr::position => return Alter::Ignore("PostgreSQL cannot move a column"),
            Attr::of_type => return Alter::Ignore("it is about the table"),
            Attr::default_varies | Attr::is_identity => {
                return Alter::Ignore("it follows from its default or sequence");
            }
            Attr::is_local | Attr::parents | Attr::computed_above | Attr::in_partition_key => {
                return Alter::Ignore("it follows from the table");
            }
            Attr::collation if self.data_type != to.data_type => return Alter::Ignore("it is set with the type"),
            Attr::data_type | Attr::collation if self.of_type.is_some() && self.of_type == to.of_type => {
                return Alter::Ignore("it follows from the type of the table");
            }
            Attr::data_type | Attr::collation if self.in_partition_key && to.in_partition_key => {
                return Alter::Refuse {
                    why: "rows find their partitions by it, and PostgreSQL changes the type of no such column"
                        .to_owned(),
                    instead: "create a partitioned table with the new type beside this one, copy the rows, and let them change places",
                };
            }
            Attr::data_type | Attr::collation => {
                let (retype, change) = self.retype(id, to, target);
                return Alter::Displace { actions: vec![retype], change };
            }
            Attr::not_null if to.not_null => {
                let set = alter_table(Verb::Alter, id, format!("ALTER COLUMN {name} SET NOT NULL"));
                return Alter::Do(vec![if is_foreign(id) { set } else { or_by_check(set, id, target) }]);
            }
            Attr::not_null => vec!["DROP NOT NULL".to_owned()],
            // To compute a column anew loses nothing; to forget how it is computed keeps the values.
            Attr::generated if to.generated.is_none() && !self.is_virtual => vec!["DROP EXPRESSION".to_owned()],
            Attr::generated if self.recomputes(to, target) => {
                let expression = to.generated.as_deref().unwrap_or_default();
                let set = alter_table(Verb::Alter, id, format!("ALTER COLUMN {name} SET EXPRESSION AS ({expression})"));
                return Alter::Do(vec![if to.is_virtual { set } else { set.rewrites(Rewrite::Always) }]);
            }
            Attr::generated | Attr::is_virtual => return Alter::Rebuild,
            Attr::storage if self.data_type != to.data_type && to.storage == to.type_storage => {
                return Alter::Ignore("it is set with the type");
            }
            Attr::storage => vec![sql::set_storage(&to.storage)],
            Attr::type_storage => return Alter::Ignore("it belongs to the type"),
            Attr::compression => vec![sql::set_compression(to.compression.as_deref())],
            Attr::statistics => vec![to.set_statistics()],
            Attr::options => sql::change_options(&self.options, &to.options),
        };
        let is_for_planner = matches!(attr, Attr::statistics | Attr::options);
        let lock = if is_for_planner { Lock::ShareUpdateExclusive } else { Lock::AccessExclusive };
        let action = |clause| alter_table(Verb::Alter, id, format!("ALTER COLUMN {name} {clause}")).locks(lock);
        Alter::Do(clauses.into_iter().map(action).collect())
    }

    fn since(&self) -> Option<(i32, &'static str)> {
        let multirange = self.data_type.trim_end_matches("[]").ends_with("multirange") && !self.data_type.contains('.');
        if self.is_virtual {
            Some((18, "columns that are computed when they are read"))
        } else if self.compression.is_some() || multirange {
            Some((14, if multirange { "multiranges" } else { "the choice of a compression method" }))
        } else {
            None
        }
    }
    fn risks(&self, _: &ObjectId, to: Option<&Column>) -> Vec<Risk> {
        let Some(to) = to.filter(|to| to.data_type != self.data_type) else { return Vec::new() };
        let types = || (self.data_type.clone(), to.data_type.clone());
        let narrowed = narrowing::narrows(&self.data_type, &to.data_type).then(types);
        let changed = (sql::base_type(&self.data_type) != sql::base_type(&to.data_type)).then(types);
        let narrowed = narrowed.map(|(from, to)| Risk::TypeNarrowed(from, to));
        narrowed.into_iter().chain(changed.map(|(from, to)| Risk::TypeChanged(from, to))).collect()
    }
    fn out_of_reach(&self, to: &Column) -> Option<&'static str> {
        sql::declaration((self.is_local, self.parents), (to.is_local, to.parents))
    }
    fn drop(&self, id: &ObjectId) -> Vec<Action> {
        if self.of_type.is_some() {
            return vec![];
        }
        let drop = alter_table(Verb::Drop, id, format!("DROP COLUMN {}", id.name));
        // The values of a foreign table are elsewhere.
        vec![if self.generated.is_some() || is_foreign(id) { drop } else { drop.loses(Loss::Values) }]
    }

    fn succeed_as(
        &self,
        was: &ObjectId,
        id: &ObjectId,
        parts: &[OwnPart<'_>],
        target: Target,
    ) -> Option<Result<Expansion, String>> {
        // Its values are elsewhere.
        if is_foreign(id) {
            return None;
        }
        let initial = parts.iter().find_map(|part| self.initial(*part, target));
        let is_told = self.not_null || initial.as_ref().is_none_or(|it| !it.is_of_one);
        if let Some(why) = self.has_one_name(is_told, target) {
            return Some(Err(why.to_owned()));
        }
        let bare = Column { not_null: false, default_varies: false, ..self.clone() };
        let names = BothNames { was, id, not_null: self.not_null, default: initial };
        Some(Ok(names.expansion(bare.create(id, target), target)))
    }

    fn survive(&self, id: &ObjectId, to: &Column, rebuilt: &Rebuilt) -> Survival {
        if self.generated.is_some() {
            return Survival::Rebuilt;
        }
        if self.of_type.is_some() && self.of_type == to.of_type {
            return Survival::Moved(Vec::new());
        }
        let clause = format!("ALTER COLUMN {} TYPE {}", id.name, to.typed());
        let because = Some(format!("{} is made anew", rebuilt.id));
        if rebuilt.id.kind == Kind::Collation {
            return Survival::Moved(vec![Action { because, ..alter_table(Verb::Alter, id, clause) }]);
        }
        let using = format!("{clause} USING {}", rebuilt.moved(&id.name.to_string(), &to.data_type));
        let action = Action { because, ..alter_table(Verb::Alter, id, using).rewrites(Rewrite::Perhaps) };
        let left = rebuilt.left(&to.data_type).next();
        Survival::Moved(vec![action.fails_if(left.map(|gone| self.holds(id, gone, rebuilt)))])
    }

    fn apart(&self) -> Column {
        Column { of_type: None, ..self.clone() }
    }
    fn is_own(&self) -> bool {
        self.is_local
    }
    fn follows(&self, parent: &Column) -> bool {
        self.data_type == parent.data_type && self.not_null == parent.not_null && self.generated == parent.generated
    }
}

impl Column {
    fn typed(&self) -> String {
        let collation = self.collation.iter().map(|name| format!(" COLLATE {name}")).collect::<String>();
        format!("{}{collation}", self.data_type)
    }

    /// A child's column is computed as its parent's is; only later versions let a new child say so itself.
    fn states_expression(&self, target: Target) -> bool {
        !self.computed_above || Version::major(16) <= target.version
    }

    fn definition(&self, id: &ObjectId, with_expression: bool) -> String {
        let generated = self.generated.iter().filter(|_| with_expression).map(|expr| {
            let kind = if self.is_virtual { "VIRTUAL" } else { "STORED" };
            format!(" GENERATED ALWAYS AS ({expr}) {kind}")
        });
        let not_null = if self.not_null { " NOT NULL" } else { "" };
        format!("{} {}{}{not_null}", id.name, self.typed(), generated.collect::<String>())
    }

    fn retype(&self, id: &ObjectId, to: &Column, target: Target) -> (Action, Retype) {
        let how = Conversion::between(&self.data_type, &to.data_type, target.casts);
        let (using, change) = match how {
            Conversion::None => (String::new(), Retype::Modifier),
            Conversion::Assigned => (String::new(), Retype::Base),
            Conversion::Cast => (format!(" USING {}::{}", id.name, to.data_type), Retype::Conversion),
            Conversion::AsText => (format!(" USING {}::text::{}", id.name, to.data_type), Retype::Conversion),
        };
        let clause = format!("ALTER COLUMN {} TYPE {}", id.name, to.typed());
        // With the same type PostgreSQL only makes the indexes anew.
        if is_foreign(id) || self.data_type == to.data_type {
            return (alter_table(Verb::Alter, id, clause), change);
        }
        let action = match self.is_identity && !to.is_identity {
            // PostgreSQL looks at the type of an identity before it carries out any clause.
            true => Action::alter(id, format!("ALTER TABLE {} {clause}{using}", id.container().qualified()))
                .locks(Lock::AccessExclusive),
            false => alter_table(Verb::Alter, id, clause + &using),
        };
        let action = action.rewrites(Rewrite::Perhaps);
        let expansion =
            self.successor(to, how).map(|it| it.map(|it| it.expansion(id, to.add_beside(id, target), target)));
        let action = Action { expansion: expansion.map(Box::new), ..action };
        let action = match how {
            Conversion::None | Conversion::Assigned => action,
            Conversion::Cast | Conversion::AsText => action.loses(Loss::Precision),
        };
        let hopeless = self.hopeless(id, to, how).filter(|_| self.generated.is_none());
        (action.fails_if(hopeless), change)
    }

    /// What is put in its place, where PostgreSQL would write all rows anew; or why nothing can be.
    fn successor<'a>(&self, to: &'a Column, how: Conversion) -> Option<Result<Successor<'a>, String>> {
        let is_text =
            |column: &Column| matches!(sql::base_type(&column.data_type).as_str(), "text" | "character varying");
        let cast = match how {
            Conversion::None => return None,
            // What is stored is the same.
            Conversion::Assigned if is_text(self) && is_text(to) => return None,
            Conversion::Assigned => String::new(),
            Conversion::Cast => format!("::{}", to.data_type),
            Conversion::AsText => format!("::text::{}", to.data_type),
        };
        let not = |why: &str| Some(Err(why.to_owned()));
        if self.generated.is_some() || to.generated.is_some() {
            return not("its values are computed");
        } else if self.of_type.is_some() {
            return not("it belongs to the type of the table");
        } else if 0 < self.parents || 0 < to.parents {
            return not("it is inherited");
        } else if self.is_identity != to.is_identity {
            return not("it is an identity on one side only");
        }
        Some(Ok(Successor { data_type: &to.data_type, cast, not_null: self.not_null && to.not_null }))
    }

    /// Its default, if the part is that.
    fn initial(&self, part: OwnPart<'_>, target: Target) -> Option<Initial> {
        let (id, Object::Default(default)) = (part.id, part.object) else { return None };
        Some(Initial {
            id: id.clone(),
            value: format!("({})::{}", default.expression, self.data_type),
            set: default.create(id, target),
            is_of_one: self.not_null || self.default_varies || part.calls,
        })
    }

    /// Why no other column can be kept as it is under another name. `is_told` where a default can be told from what a
    /// program gives.
    fn has_one_name(&self, is_told: bool, target: Target) -> Option<&'static str> {
        let element = sql::base_type(&self.data_type);
        let element = element.trim_end_matches("[]");
        if self.generated.is_some() {
            Some("its values are computed")
        } else if self.of_type.is_some() {
            Some("it belongs to the type of the table")
        } else if 0 < self.parents {
            Some("it is inherited")
        } else if self.in_partition_key {
            Some("rows find their partitions by it")
        } else if self.is_identity {
            Some("it is an identity")
        } else if target.casts.domains.from.contains_key(element) {
            Some("its type is a domain, which may allow no NULL")
        } else if !is_told {
            Some(
                "it may be NULL, and its default may be another value each time: no row tells by which name it was given",
            )
        } else if self.not_null && Version::major(18) <= target.version {
            Some("the constraint behind its NOT NULL has a name of its own")
        } else {
            None
        }
    }

    /// Makes it beside the one that is there, before its values are.
    fn add_beside(&self, id: &ObjectId, target: Target) -> Vec<Action> {
        Column { not_null: false, default_varies: false, ..self.clone() }.create(&expand::beside(id), target)
    }

    /// Where no value of the one type can become one of the other.
    fn hopeless(&self, id: &ObjectId, to: &Column, how: Conversion) -> Option<Obstacle> {
        let (from, to) = (&self.data_type, &to.data_type);
        // Types of the user's own may print alike; the server's own without a cast never do.
        let own = |name: &str| name.contains('.');
        let why = match how {
            Conversion::AsText if !(own(from) && own(to)) => format!("{from} has no cast to {to}"),
            Conversion::None if is_vector(from) && to.ends_with(')') => {
                format!("no {from} is a {to}: embeddings have to be computed anew")
            }
            Conversion::None | Conversion::Assigned | Conversion::Cast | Conversion::AsText => return None,
        };
        Some(Obstacle {
            meets: Meets::Value,
            what: format!("column {} holds values, and {why}", id.name),
            column: id.clone(),
            condition: format!("{} IS NOT NULL", id.name),
            agree_in: Vec::new(),
            advice:
                "expand and contract: add a column of the new type beside this one, fill it by an expression of your \
                     own, let the program use it, and drop this one in a later migration"
                    .to_owned(),
        })
    }

    /// Rows with a value that its type is to list no more.
    fn holds(&self, id: &ObjectId, gone: &Gone, rebuilt: &Rebuilt) -> Obstacle {
        let (name, literal) = (id.name.to_string(), Literal(gone.label));
        let advice = match rebuilt.is_reached(&self.data_type) {
            true => format!(
                "say which value they are to hold instead: `-- trueup: enum {} {literal} -> 'another'`",
                gone.of.qualified()
            ),
            false => "update these rows first: no expression reaches into the values of this column".to_owned(),
        };
        Obstacle {
            meets: Meets::Value,
            what: format!("column {name} holds the value {literal}, which is to be listed no more"),
            column: id.clone(),
            condition: rebuilt.holds(&name, &self.data_type, gone.label),
            agree_in: Vec::new(),
            advice,
        }
    }

    /// Whether the server can be given another expression for a generated column.
    fn recomputes(&self, to: &Column, target: Target) -> bool {
        let both = self.generated.is_some() && to.generated.is_some() && self.is_virtual == to.is_virtual;
        both && Version::major(17) <= target.version
    }

    /// PostgreSQL has nothing to put into the rows that are there, unless the type is a domain with a default.
    fn has_rows(&self, id: &ObjectId) -> Obstacle {
        let own_default = format!(
            "SELECT FROM pg_catalog.pg_type WHERE oid = pg_catalog.to_regtype({}) AND typdefault IS NOT NULL",
            Literal(&self.data_type)
        );
        Obstacle {
            meets: Meets::Row,
            what: "the table has rows".to_owned(),
            column: id.clone(),
            condition: format!("NOT EXISTS ({own_default})"),
            agree_in: Vec::new(),
            advice: "give the column a default; or add it without NOT NULL, fill it, and set NOT NULL then".to_owned(),
        }
    }

    /// Adds it with its default, or fills the rows that are there once the default is set for new ones.
    fn or_fill(&self, add: Action, id: &ObjectId, target: Target) -> Action {
        let (name, table) = (&id.name, id.container());
        let bare = Column { not_null: false, ..self.clone() }.definition(id, true);
        let actions = vec![alter_table(Verb::Create, id, format!("ADD COLUMN {bare}")).at(self.position)];
        let fill = backfill::fill(id, table, &format!("{name} = DEFAULT"), &format!("{name} IS NULL"), target);
        let set = alter_table(Verb::Alter, id, format!("ALTER COLUMN {name} SET NOT NULL"));
        let finally = std::iter::once(fill).chain(self.not_null.then(|| or_by_check(set, id, target))).collect();
        let gentler = Gentler { strategy: Strategy::Backfill, actions, finally };
        Action { gentler: Some(gentler), ..add.fails_if(self.not_null.then(|| self.has_rows(id))) }
    }

    fn set_statistics(&self) -> String {
        format!("SET STATISTICS {}", self.statistics.unwrap_or(-1))
    }
}

/// How the values of one type become those of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Conversion {
    /// They are of one type.
    None,
    /// By themselves.
    Assigned,
    /// By a cast, which has to be written out.
    Cast,
    /// The types do not know each other: one prints the value, the other reads it.
    AsText,
}

impl Conversion {
    fn between(from: &str, to: &str, casts: &Casts) -> Conversion {
        let names = (sql::base_type(from), sql::base_type(to));
        let base = |name: &str, domains: &BTreeMap<String, String>| domains.get(name).map_or(name, |it| it).to_owned();
        let under = |(from, to): (&str, &str)| (base(from, &casts.domains.from), base(to, &casts.domains.to));
        let pair = under((&names.0, &names.1));
        // An array is converted element by element.
        let pair = match (pair.0.strip_suffix("[]"), pair.1.strip_suffix("[]")) {
            (Some(from), Some(to)) => under((from, to)),
            _ => pair,
        };
        let text = |name: &str| matches!(name, "text" | "character varying" | "character" | "name");
        if names.0 == names.1 {
            Conversion::None
        } else if pair.0 == pair.1 || text(&pair.1) || casts.assigned.contains(&pair) {
            Conversion::Assigned
        } else if text(&pair.0) || casts.explicit.contains(&pair) {
            Conversion::Cast
        } else {
            Conversion::AsText
        }
    }
}

/// Whether values of the type have a fixed number of dimensions (pgvector).
fn is_vector(data_type: &str) -> bool {
    let base = sql::base_type(data_type);
    matches!(base.rsplit('.').next(), Some("vector" | "halfvec" | "sparsevec"))
}

fn is_foreign(id: &ObjectId) -> bool {
    id.container().kind == Kind::ForeignTable
}

/// Sets NOT NULL, or has what PostgreSQL takes for a proof of it checked before, while others read and write.
fn or_by_check(set: Action, id: &ObjectId, target: Target) -> Action {
    let (table, name) = (id.container(), &id.name);
    let alter = |clause: String| alter_table(Verb::Alter, id, clause);
    let validate = |constraint: &Ident| {
        let validate = alter(format!("VALIDATE CONSTRAINT {constraint}")).locks(Lock::ShareUpdateExclusive);
        validate.when(When::OwnTransaction).fails_if(has_nulls(id))
    };
    let own = Ident::new(format!("{}_{}_not_null", table.name.raw(), name.raw()));
    // A longer name PostgreSQL would cut, and the constraint is to be called as it is by itself.
    if Version::major(18) <= target.version && own.raw().len() < 64 {
        let add = alter(format!("ADD CONSTRAINT {own} NOT NULL {name} NOT VALID"));
        return set.fails_if(has_nulls(id)).or(Strategy::NotNullByCheck, [add, validate(&own)]);
    }
    let check = sql::suffixed(name, "__not_null");
    let add = alter(format!("ADD CONSTRAINT {check} CHECK ({name} IS NOT NULL) NOT VALID"));
    // In one statement PostgreSQL would drop the check first, whatever the order, and read all rows.
    let drop = Action::alter(id, format!("ALTER TABLE {} DROP CONSTRAINT {check}", table.qualified()));
    let actions = [add, validate(&check), set.clone(), drop.locks(Lock::AccessExclusive)];
    set.fails_if(has_nulls(id)).or(Strategy::NotNullByCheck, actions)
}

fn has_nulls(id: &ObjectId) -> Obstacle {
    Obstacle {
        meets: Meets::Null,
        what: "a value is null".to_owned(),
        column: id.clone(),
        condition: format!("{} IS NULL", id.name),
        agree_in: Vec::new(),
        advice: "fill the column first".to_owned(),
    }
}

fn alter_table(verb: Verb, id: &ObjectId, clause: String) -> Action {
    sql::alter_table(verb, id, id.container(), clause).locks(Lock::AccessExclusive)
}
