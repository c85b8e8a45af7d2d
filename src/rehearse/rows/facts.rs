//! What the tables of a database ask of their rows, read from the catalog in one round trip.

use std::collections::{BTreeMap, BTreeSet};

use postgres::{Client, SimpleQueryMessage};
use serde::{Deserialize, de::DeserializeOwned};

use super::mentions::Mentions;

/// A relation that holds rows, or would.
#[derive(Deserialize)]
pub(super) struct Relation {
    pub(super) oid: u32,
    /// As SQL writes it.
    pub(super) name: String,
    pub(super) is_foreign: bool,
    pub(super) has_rules: bool,
    /// The partitioned tables above it; rows of it are rows of them.
    pub(super) ancestors: Vec<u32>,
    /// The topmost of them, as SQL writes it.
    pub(super) top: Option<String>,
    /// What a partition holds.
    pub(super) bound: Option<String>,
    #[serde(skip)]
    pub(super) columns: Vec<Column>,
    /// Its checks, and its bounds.
    #[serde(skip)]
    pub(super) conditions: Vec<Condition>,
    #[serde(skip)]
    pub(super) keys: Vec<Key>,
    #[serde(skip)]
    pub(super) references: Vec<Reference>,
}

#[derive(Clone, Deserialize)]
pub(super) struct Column {
    relation: u32,
    /// As SQL writes it, like every name of a column here.
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) type_: u32,
    pub(super) modifier: i32,
    pub(super) sql_type: String,
    pub(super) not_null: bool,
    pub(super) default: Option<String>,
    /// Whether its default or identity takes from a sequence.
    pub(super) by_sequence: bool,
    /// Whether PostgreSQL computes it; `default` is how.
    pub(super) is_generated: bool,
}

#[derive(Clone, Deserialize)]
pub(super) struct Check {
    relation: u32,
    name: String,
    pub(super) sql: String,
}

/// Something that must not be false.
#[derive(Clone, Debug)]
pub(super) struct Condition {
    /// For people.
    pub(super) name: String,
    pub(super) sql: String,
    pub(super) mentions: Mentions,
}

impl Condition {
    fn new(name: String, sql: &str) -> Condition {
        let mut mentions = Mentions::of(sql);
        if mentions.functions.contains("satisfies_hash_partition") {
            // It mentions an OID, which is another one each time; any numbers in a row will do.
            mentions.constants = ["1".to_owned()].into();
        }
        Condition { name, sql: sql.to_owned(), mentions }
    }
}

impl Check {
    fn condition(&self) -> Condition {
        Condition::new(format!("the check `{}`", self.name), &self.sql)
    }
}

/// Columns whose values may not come twice.
#[derive(Clone, Deserialize)]
pub(super) struct Key {
    relation: u32,
    pub(super) name: String,
    pub(super) columns: Vec<String>,
    /// Whether more than the values of these columns decides: expressions, a condition, operators of an exclusion.
    pub(super) is_soft: bool,
    pub(super) nulls_distinct: bool,
    pub(super) is_deferrable: bool,
}

#[derive(Clone, Deserialize)]
pub(super) struct Reference {
    relation: u32,
    pub(super) name: String,
    pub(super) columns: Vec<String>,
    pub(super) to: u32,
    pub(super) to_name: String,
    pub(super) to_columns: Vec<String>,
    pub(super) is_full: bool,
}

#[derive(Deserialize)]
pub(super) struct Type {
    pub(super) oid: u32,
    pub(super) name: String,
    /// As SQL writes it.
    pub(super) sql: String,
    /// `pg_type.typtype`.
    pub(super) sort: char,
    pub(super) category: char,
    /// Whether what reads its values is made for it: something else might end the server.
    pub(super) is_safe: bool,
    pub(super) not_null: bool,
    /// Of a domain.
    pub(super) base: u32,
    pub(super) base_modifier: i32,
    pub(super) base_sql: Option<String>,
    pub(super) checks: Vec<Check>,
    /// Of an array.
    pub(super) element: u32,
    /// Of a range.
    pub(super) subtype: u32,
    /// Of a multirange.
    pub(super) range: u32,
    pub(super) labels: Vec<String>,
    pub(super) fields: Vec<Field>,
}

#[derive(Deserialize)]
pub(super) struct Field {
    #[serde(rename = "type")]
    pub(super) type_: u32,
    pub(super) modifier: i32,
}

pub(super) struct Facts {
    /// By name.
    pub(super) relations: Vec<Relation>,
    pub(super) types: BTreeMap<u32, Type>,
    /// Functions that do not always return the same, by their bare names.
    pub(super) fickle: Vec<String>,
    /// The values of all enums.
    pub(super) labels: Vec<String>,
}

impl Facts {
    pub(super) fn read(client: &mut Client) -> Result<Facts, postgres::Error> {
        let queries = [RELATIONS, COLUMNS, CHECKS, KEYS, REFERENCES, TYPES, FICKLE, LABELS];
        let sql = queries.map(|query| format!("SELECT coalesce(json_agg(q), '[]') FROM ({query}) q")).join(";");
        let mut answers = answers(client, &sql)?.into_iter();
        let mut next = || answers.next().unwrap_or_default();
        let mut relations: Vec<Relation> = list(&next());
        let columns: Vec<Column> = list(&next());
        let checks: Vec<Check> = list(&next());
        let keys: Vec<Key> = list(&next());
        let references: Vec<Reference> = list(&next());
        let types: Vec<Type> = list(&next());
        let fickle: Vec<Named> = list(&next());
        let labels: Vec<Named> = list(&next());
        for relation in &mut relations {
            let oid = relation.oid;
            relation.columns = columns.iter().filter(|it| it.relation == oid).cloned().collect();
            let own = checks.iter().filter(|it| it.relation == oid).map(Check::condition);
            let bound =
                relation.bound.as_ref().map(|sql| Condition::new("the bounds of the partition".to_owned(), sql));
            relation.conditions = own.chain(bound).collect();
            relation.keys = keys.iter().filter(|it| it.relation == oid).cloned().collect();
            relation.references = references.iter().filter(|it| it.relation == oid).cloned().collect();
        }
        let types = types.into_iter().map(|it| (it.oid, it)).collect();
        let names = |list: Vec<Named>| list.into_iter().map(|it| it.name).collect();
        Ok(Facts { relations, types, fickle: names(fickle), labels: names(labels) })
    }
}

impl Facts {
    /// The columns of a relation that foreign keys lead to, those to the tables that it is a partition of too.
    pub(super) fn referred(&self, relation: &Relation) -> BTreeSet<String> {
        let leads_here = |it: &&Reference| it.to == relation.oid || relation.ancestors.contains(&it.to);
        let references = self.relations.iter().flat_map(|it| &it.references).filter(leads_here);
        references.flat_map(|it| it.to_columns.iter().cloned()).collect()
    }
}

impl Facts {
    /// What the checks of other tables say of the columns that refer to this one: a table of codes is to have these.
    pub(super) fn wished(&self, relation: &Relation, column: &Column) -> Mentions {
        let mut found = Mentions::default();
        for other in &self.relations {
            let leads_here = |it: &&Reference| it.to == relation.oid || relation.ancestors.contains(&it.to);
            for reference in other.references.iter().filter(leads_here) {
                let pairs = reference.columns.iter().zip(&reference.to_columns);
                for (own, _) in pairs.filter(|(_, to)| **to == column.name) {
                    let conditions = other.conditions.iter().filter(|it| it.mentions.columns.contains(own));
                    conditions.for_each(|it| found.extend(it.mentions.clone()));
                }
            }
        }
        found
    }
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

/// The first column of every row that a few statements return.
pub(super) fn answers(client: &mut Client, sql: &str) -> Result<Vec<String>, postgres::Error> {
    let mut found = Vec::new();
    for message in client.simple_query(sql)? {
        if let SimpleQueryMessage::Row(row) = message {
            found.push(row.get(0).unwrap_or_default().to_owned());
        }
    }
    Ok(found)
}

/// What a query of this module returned. It is of the shape that the query gave it.
fn list<T: DeserializeOwned>(json: &str) -> Vec<T> {
    serde_json::from_str(json).unwrap_or_default()
}

/// What belongs to an extension is filled by it, if at all.
const RELATIONS: &str = "
    SELECT c.oid::int8, format('%I.%I', n.nspname, c.relname) AS name, c.relkind = 'f' AS is_foreign, c.relhasrules AS has_rules,
           ARRAY(SELECT a::oid::int8 FROM pg_partition_ancestors(c.oid) a WHERE c.relispartition AND a <> c.oid) AS ancestors,
           (SELECT format('%I.%I', tn.nspname, t.relname) FROM pg_class t JOIN pg_namespace tn ON tn.oid = t.relnamespace
            WHERE c.relispartition AND t.oid = pg_partition_root(c.oid)) AS top,
           pg_get_partition_constraintdef(c.oid) AS bound
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'f') AND c.relpersistence <> 't'
      AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
    ORDER BY n.nspname, c.relname";

const COLUMNS: &str = "
    SELECT a.attrelid::int8 AS relation, format('%I', a.attname) AS name, a.atttypid::int8 AS type, a.atttypmod AS modifier,
           format_type(a.atttypid, a.atttypmod) AS sql_type, a.attnotnull AS not_null,
           pg_get_expr(d.adbin, d.adrelid) AS default, a.attgenerated <> '' AS is_generated,
           a.attidentity <> '' OR EXISTS (
               SELECT FROM pg_depend p JOIN pg_class s ON s.oid = p.refobjid AND s.relkind = 'S'
               WHERE p.classid = 'pg_attrdef'::regclass AND p.objid = d.oid AND p.refclassid = 'pg_class'::regclass) AS by_sequence
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid AND c.relkind = 'r'
    JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE 0 < a.attnum AND NOT a.attisdropped
    ORDER BY a.attrelid, a.attnum";

const CHECKS: &str = "
    SELECT conrelid::int8 AS relation, conname::text AS name, pg_get_expr(conbin, conrelid) AS sql
    FROM pg_constraint c
    WHERE contype = 'c' AND conrelid <> 0 AND coalesce((to_jsonb(c) ->> 'conenforced')::bool, true)
    ORDER BY conrelid, conname";

const KEYS: &str = "
    SELECT i.indrelid::int8 AS relation, c.relname::text AS name,
           i.indisexclusion OR i.indpred IS NOT NULL OR i.indexprs IS NOT NULL AS is_soft, NOT i.indimmediate AS is_deferrable,
           NOT coalesce((to_jsonb(i) ->> 'indnullsnotdistinct')::bool, false) AS nulls_distinct,
           ARRAY(SELECT format('%I', a.attname) FROM pg_attribute a
                 WHERE a.attrelid = i.indrelid AND 0 < a.attnum AND (
                     a.attnum = ANY (i.indkey[0:i.indnkeyatts - 1]) OR i.indexprs IS NOT NULL AND EXISTS (
                         SELECT FROM pg_depend d
                         WHERE d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid
                           AND d.refclassid = 'pg_class'::regclass AND d.refobjid = i.indrelid AND d.refobjsubid = a.attnum))
                 ORDER BY a.attnum) AS columns
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    WHERE i.indisunique OR i.indisexclusion
    ORDER BY i.indrelid, NOT i.indisprimary, c.relname";

/// A foreign key to a partitioned table has one row in the catalog for each of its partitions too.
const REFERENCES: &str = "
    SELECT c.conrelid::int8 AS relation, c.conname::text AS name, c.confrelid::int8 AS to, c.confmatchtype = 'f' AS is_full,
           (SELECT format('%I.%I', n.nspname, t.relname) FROM pg_class t JOIN pg_namespace n ON n.oid = t.relnamespace
            WHERE t.oid = c.confrelid) AS to_name,
           ARRAY(SELECT format('%I', a.attname) FROM unnest(c.conkey) WITH ORDINALITY k (n, at)
                 JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.n ORDER BY k.at) AS columns,
           ARRAY(SELECT format('%I', a.attname) FROM unnest(c.confkey) WITH ORDINALITY k (n, at)
                 JOIN pg_attribute a ON a.attrelid = c.confrelid AND a.attnum = k.n ORDER BY k.at) AS to_columns
    FROM pg_constraint c LEFT JOIN pg_constraint p ON p.oid = c.conparentid
    WHERE c.contype = 'f' AND p.conrelid IS DISTINCT FROM c.conrelid
      AND coalesce((to_jsonb(c) ->> 'conenforced')::bool, true)
    ORDER BY c.conrelid, c.conname";

/// The types of all columns, and what they are made of.
const TYPES: &str = "
    WITH RECURSIVE used (oid) AS (
        SELECT a.atttypid FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid AND c.relkind = 'r'
        JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
        WHERE 0 < a.attnum AND NOT a.attisdropped
        UNION
        SELECT part FROM used JOIN pg_type t ON t.oid = used.oid CROSS JOIN LATERAL (
            SELECT t.typbasetype UNION ALL SELECT t.typelem
            UNION ALL SELECT a.atttypid FROM pg_attribute a WHERE a.attrelid = t.typrelid AND 0 < a.attnum AND NOT a.attisdropped
            UNION ALL SELECT r.rngsubtype FROM pg_range r WHERE t.oid = r.rngtypid
            UNION ALL SELECT r.rngtypid FROM pg_range r WHERE to_jsonb(r) ->> 'rngmultitypid' = t.oid::text) p (part)
        WHERE part <> 0)
    SELECT t.oid::int8, t.typname::text AS name, format_type(t.oid, NULL) AS sql, t.typtype AS sort, t.typcategory AS category,
           t.typnotnull AS not_null,
           NOT EXISTS (SELECT FROM pg_proc f JOIN pg_language l ON l.oid = f.prolang AND l.lanname = 'internal'
                       WHERE f.oid = t.typinput AND NOT EXISTS (
                           SELECT FROM pg_type o JOIN pg_proc g ON g.oid = o.typinput
                           WHERE o.typnamespace = 'pg_catalog'::regnamespace AND o.typtype = 'b'
                             AND g.prosrc = f.prosrc AND o.typlen = t.typlen)
                         AND t.typnamespace <> 'pg_catalog'::regnamespace AND t.typtype = 'b' AND t.typcategory <> 'A') AS is_safe, t.typbasetype::int8 AS base, t.typtypmod AS base_modifier,
           CASE WHEN t.typbasetype <> 0 THEN format_type(t.typbasetype, t.typtypmod) END AS base_sql,
           CASE WHEN t.typcategory = 'A' AND t.typlen = -1 THEN t.typelem::int8 ELSE 0 END AS element,
           coalesce((SELECT r.rngsubtype::int8 FROM pg_range r WHERE r.rngtypid = t.oid), 0) AS subtype,
           coalesce((SELECT r.rngtypid::int8 FROM pg_range r WHERE to_jsonb(r) ->> 'rngmultitypid' = t.oid::text), 0) AS range,
           ARRAY(SELECT e.enumlabel::text FROM pg_enum e WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder) AS labels,
           coalesce((SELECT json_agg(json_build_object('type', a.atttypid::int8, 'modifier', a.atttypmod) ORDER BY a.attnum)
            FROM pg_attribute a WHERE a.attrelid = t.typrelid AND t.typtype = 'c' AND 0 < a.attnum AND NOT a.attisdropped), '[]')
               AS fields,
           coalesce((SELECT json_agg(json_build_object('relation', 0, 'name', c.conname, 'sql', pg_get_expr(c.conbin, 0))
            ORDER BY c.conname) FROM pg_constraint c WHERE c.contypid = t.oid AND c.contype = 'c'), '[]') AS checks
    FROM used JOIN pg_type t ON t.oid = used.oid ORDER BY t.oid";

const FICKLE: &str = "SELECT DISTINCT proname::text AS name FROM pg_proc WHERE provolatile <> 'i' ORDER BY 1";

const LABELS: &str = "SELECT DISTINCT enumlabel::text AS name FROM pg_enum ORDER BY 1";
