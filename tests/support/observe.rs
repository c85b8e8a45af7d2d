//! An observer that knows no kinds of objects and shares no code with Trueup: it reads every row of every catalog that
//! describes what a user made, with every column, and names in the place of OIDs. PostgreSQL itself says which column
//! refers to what (`pg_get_catalog_foreign_keys`, version 14 and later).

use std::collections::{BTreeMap, HashMap, HashSet};

use postgres::{Client, Transaction};
use serde_json::Value;

/// What says nothing of a schema, each with the reason.
const LEFT_OUT: &[(&str, &str)] = &[
    ("pg_statistic.*", "what ANALYZE has seen"),
    ("pg_statistic_ext_data.*", "what ANALYZE has seen"),
    ("pg_largeobject.*", "rows"),
    ("pg_largeobject_metadata.*", "rows"),
    ("pg_subscription_rel.*", "the progress of replication"),
    ("pg_subscription.subskiplsn", "the progress of replication"),
    ("pg_subscription.subdbid", "the database itself"),
    ("pg_attribute.attcacheoff", "of the running server"),
    ("pg_attribute.atthasmissing", "how rows are stored"),
    ("pg_attribute.attmissingval", "how rows are stored"),
    ("pg_attribute.attndims", "PostgreSQL does not hold anybody to it"),
    ("pg_type.typndims", "PostgreSQL does not hold anybody to it"),
    ("pg_class.relfilenode", "how it is stored"),
    ("pg_class.relpages", "what ANALYZE has seen"),
    ("pg_class.reltuples", "what ANALYZE has seen"),
    ("pg_class.relallvisible", "what VACUUM has seen"),
    ("pg_class.relfrozenxid", "what VACUUM has done"),
    ("pg_class.relminmxid", "what VACUUM has done"),
    ("pg_class.relnatts", "columns that are gone count too"),
    ("pg_class.relhasindex", "a hint, which stays until VACUUM when the last index goes"),
    ("pg_class.relhasrules", "a hint, as above"),
    ("pg_class.relhastriggers", "a hint, as above"),
    ("pg_class.relhassubclass", "a hint, as above"),
    ("pg_class.relrewrite", "set while a table is rewritten"),
    ("pg_index.indcheckxmin", "of interest to running transactions only"),
    ("pg_enum.oid", "its type and its label are its name"),
    ("pg_rewrite.ev_qual", "pg_get_ruledef, in ev_action"),
];

/// Columns that are not read as they are: trees of nodes, and numbers that only count in their order.
const READ: &[(&str, &str)] = &[
    ("pg_attrdef.adbin", "pg_get_expr(t.adbin, t.adrelid)"),
    // PostgreSQL names what an index holds when it is made, and leaves the names when a column is renamed. Nothing goes by
    // them, and no dump has them.
    (
        "pg_attribute.attname",
        "CASE WHEN (SELECT c.relkind NOT IN ('i', 'I') FROM pg_class c WHERE c.oid = t.attrelid) THEN t.attname END",
    ),
    // A column of a table cannot be moved, and is the same wherever it stands.
    (
        "pg_attribute.attnum",
        "CASE WHEN (SELECT c.relkind IN ('r', 'p', 'f') FROM pg_class c WHERE c.oid = t.attrelid) THEN NULL
         ELSE row_number() OVER (PARTITION BY t.attrelid ORDER BY t.attnum) END",
    ),
    // A view stores nothing, and keeps what its column's type asked for when the view was made.
    (
        "pg_attribute.attstorage",
        "CASE WHEN (SELECT c.relkind <> 'v' FROM pg_class c WHERE c.oid = t.attrelid) THEN t.attstorage END",
    ),
    ("pg_class.relpartbound", "pg_get_expr(t.relpartbound, t.oid)"),
    // A table has its TOAST whether or not it needs it still; only its settings are anybody's decision.
    (
        "pg_class.reltoastrelid",
        "ARRAY(SELECT o FROM pg_class c, unnest(c.reloptions) o WHERE c.oid = t.reltoastrelid ORDER BY 1)",
    ),
    ("pg_constraint.conbin", "pg_get_expr(t.conbin, t.conrelid)"),
    // A key is not inherited in either case, and a foreign key keeps what it had before its table was attached.
    ("pg_constraint.connoinherit", "CASE WHEN t.contype NOT IN ('p', 'u', 'x', 'f') THEN t.connoinherit END"),
    ("pg_enum.enumsortorder", "row_number() OVER (PARTITION BY t.enumtypid ORDER BY t.enumsortorder)"),
    ("pg_index.indexprs", "pg_get_expr(t.indexprs, t.indrelid)"),
    ("pg_index.indpred", "pg_get_expr(t.indpred, t.indrelid)"),
    ("pg_inherits.inhseqno", "row_number() OVER (PARTITION BY t.inhrelid ORDER BY t.inhseqno)"),
    ("pg_partitioned_table.partexprs", "pg_get_expr(t.partexprs, t.partrelid)"),
    ("pg_policy.polqual", "pg_get_expr(t.polqual, t.polrelid)"),
    ("pg_policy.polwithcheck", "pg_get_expr(t.polwithcheck, t.polrelid)"),
    // The functions of a range go with their type; no dump has their privileges.
    (
        "pg_proc.proacl",
        "CASE WHEN NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = t.oid
                               AND d.deptype = 'i')
         THEN ARRAY(SELECT i::text FROM unnest(coalesce(t.proacl, acldefault('f', t.proowner))) i ORDER BY 1) END",
    ),
    ("pg_proc.proargdefaults", "pg_get_expr(t.proargdefaults, 0)"),
    ("pg_proc.prosqlbody", "pg_get_function_sqlbody(t.oid)"),
    (
        "pg_publication_rel.prattrs",
        "ARRAY(SELECT a.attname FROM pg_attribute a WHERE a.attrelid = t.prrelid AND a.attnum = ANY(t.prattrs) ORDER BY 1)",
    ),
    ("pg_publication_rel.prqual", "pg_get_expr(t.prqual, t.prrelid)"),
    ("pg_rewrite.ev_action", "pg_get_ruledef(t.oid)"),
    ("pg_statistic_ext.stxexprs", "pg_get_statisticsobjdef_expressions(t.oid)"),
    // In the order of the columns, which is not compared.
    (
        "pg_statistic_ext.stxkeys",
        "ARRAY(SELECT a.attname FROM pg_attribute a WHERE a.attrelid = t.stxrelid AND a.attnum = ANY(t.stxkeys) ORDER BY 1)",
    ),
    ("pg_trigger.tgname", r"CASE WHEN t.tgisinternal THEN regexp_replace(t.tgname, '\d+$', '') ELSE t.tgname END"),
    ("pg_trigger.tgqual", "CASE WHEN NOT t.tgisinternal THEN pg_get_triggerdef(t.oid) END"),
    ("pg_type.typdefaultbin", "pg_get_expr(t.typdefaultbin, 0)"),
];

/// The privileges that hold where none are written down, so that both ways of saying it are one.
const PRIVILEGES: &[(&str, &str)] = &[
    ("pg_class", "acldefault(CASE t.relkind WHEN 'S' THEN 's' ELSE 'r' END::\"char\", t.relowner)"),
    ("pg_namespace", "acldefault('n', t.nspowner)"),
    ("pg_type", "acldefault('T', t.typowner)"),
    ("pg_language", "acldefault('l', t.lanowner)"),
    ("pg_foreign_data_wrapper", "acldefault('F', t.fdwowner)"),
    ("pg_foreign_server", "acldefault('S', t.srvowner)"),
];

/// Rows that are not looked at, besides those of the server's own objects and of TOAST.
const ONLY: &[(&str, &str)] = &[
    ("pg_attribute", "NOT t.attisdropped"),
    // What ties a constraint's own triggers to it depends on whether the partition came before the constraint.
    (
        "pg_depend",
        "NOT (t.classid = 'pg_trigger'::regclass
              AND t.objid IN (SELECT g.oid FROM pg_trigger g WHERE g.tgisinternal))",
    ),
    ("pg_namespace", "t.nspname !~ '^pg_(toast_)?temp'"),
    ("pg_subscription", "t.subdbid = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())"),
];

/// How a column names other objects.
enum Reference {
    /// Rows of one catalog; one, or an array of them.
    To(String),
    /// Columns of the relation that another column names.
    Columns(String),
    /// Any object: its catalog and its part stand in two columns beside.
    Any { class: String, part: String },
}

struct Catalog {
    name: String,
    query: String,
    references: Vec<(String, Reference)>,
}

/// What to read, and the names of what is the server's.
pub(crate) struct Observer {
    catalogs: Vec<Catalog>,
    /// Catalogs whose rows `pg_identify_object` can name.
    named: Vec<String>,
    names: Names,
}

/// Objects by their catalog and OID.
type Names = HashMap<(String, u32), String>;
/// The columns of a row; those that name it come first in its key.
type Row = BTreeMap<String, String>;

/// All that a user made, in no order.
#[derive(Default)]
pub(crate) struct Observation(BTreeMap<String, Vec<Row>>);

impl Observer {
    pub(crate) fn new(client: &mut Client) -> Result<Observer, postgres::Error> {
        let mut transaction = client.transaction()?;
        transaction.batch_execute("SET LOCAL search_path = pg_catalog")?;
        let listed = transaction.query(
            "SELECT c.relname::text, array_agg(a.attname::text ORDER BY a.attnum),
                    array_agg(format_type(a.atttypid, NULL) ORDER BY a.attnum), c.relisshared
             FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
             WHERE c.relnamespace = 'pg_catalog'::regnamespace AND c.relkind = 'r' AND 0 < a.attnum AND NOT a.attisdropped
             GROUP BY c.oid ORDER BY c.relname",
            &[],
        )?;
        let keys = transaction.query(
            "SELECT f.fktable::regclass::text, f.fkcols, f.pktable::regclass::text, f.pkcols, f.is_array
             FROM pg_get_catalog_foreign_keys() f",
            &[],
        )?;
        let mut observer = Observer { catalogs: Vec::new(), named: Vec::new(), names: Names::new() };
        for row in listed {
            let (name, columns, types): (String, Vec<String>, Vec<String>) = (row.get(0), row.get(1), row.get(2));
            if columns.iter().any(|column| column == "oid") && can_be_named(&mut transaction, &name)? {
                observer.named.push(name.clone());
            }
            // What belongs to the server is not a part of a schema, but subscriptions are of one database each.
            let is_shared = row.get::<_, bool>(3) && name != "pg_subscription";
            if is_shared || is_left_out(&name, "*") {
                continue;
            }
            let mut references = Vec::new();
            for key in keys.iter().filter(|key| key.get::<_, String>(0) == name) {
                let (own, target): (Vec<String>, String) = (key.get(1), key.get(2));
                match own.as_slice() {
                    [column] => references.push((column.clone(), Reference::To(target))),
                    [relation, column] => references.push((column.clone(), Reference::Columns(relation.clone()))),
                    _ => panic!("a key of {name} is not understood: {own:?}"),
                }
            }
            for prefix in ["", "ref"] {
                for stem in ["", "o"] {
                    let of = |what: &str| match stem {
                        "" => format!("{prefix}{what}"),
                        _ => format!("{prefix}{}oid", what.trim_end_matches("id")),
                    };
                    let (class, object, part) = (of("classid"), of("objid"), format!("{prefix}objsubid"));
                    if columns.contains(&class) && columns.contains(&object) {
                        references.push((object, Reference::Any { class, part }));
                    }
                }
            }
            // What is read in its own way names nothing any more.
            references.retain(|(column, _)| !READ.iter().any(|(read, _)| *read == format!("{name}.{column}")));
            let query = query(&name, &columns, &types, &references);
            observer.catalogs.push(Catalog { name, query, references });
        }
        observer.names = names(&mut transaction, &observer.named, "true")?;
        transaction.rollback()?;
        Ok(observer)
    }

    pub(crate) fn look(&self, client: &mut Client) -> Result<Observation, postgres::Error> {
        let mut transaction = client.transaction()?;
        transaction.batch_execute("SET LOCAL search_path = pg_catalog")?;
        let own = names(&mut transaction, &self.named, "16384 <= o.oid")?;
        let attributes: HashMap<(u32, i64), String> = transaction
            .query("SELECT attrelid, attnum::int8, attname::text FROM pg_attribute", &[])?
            .iter()
            .map(|row| ((row.get(0), row.get(1)), row.get(2)))
            .collect();
        let classes: HashMap<u32, String> = transaction
            .query("SELECT oid, relname::text FROM pg_class WHERE relnamespace = 'pg_catalog'::regnamespace", &[])?
            .iter()
            .map(|row| (row.get(0), row.get(1)))
            .collect();
        let named = |class: &str, oid: u32| -> String {
            let key = (class.to_owned(), oid);
            let known = if oid < 16384 { self.names.get(&key) } else { own.get(&key) };
            match known.or_else(|| self.names.get(&key)) {
                _ if oid == 0 => "none".to_owned(),
                Some(name) => name.clone(),
                None => format!("{class} {oid}"),
            }
        };
        let mut seen: BTreeMap<String, Vec<Row>> = BTreeMap::new();
        for catalog in &self.catalogs {
            for row in transaction.query(&catalog.query, &[])? {
                let text: String = row.get(0);
                let values: serde_json::Map<String, Value> = serde_json::from_str(&text).expect("an object");
                let number = |column: &str| values.get(column).map(numbers).and_then(|all| all.first().copied());
                let mut key = vec![catalog.name.clone()];
                let mut shown = Row::new();
                for (column, value) in &values {
                    let of = catalog.references.iter().filter(|(name, _)| name == column).map(|(_, of)| of).next_back();
                    // Of two that tell the same, the one that says more.
                    let text = match of {
                        None if column == "oid" => named(&catalog.name, numbers(value)[0] as u32),
                        None => value.to_string(),
                        Some(Reference::To(class)) => {
                            let all = numbers(value).into_iter().map(|oid| named(class, oid as u32));
                            all.collect::<Vec<_>>().join(", ")
                        }
                        Some(Reference::Columns(relation)) => {
                            let relation = number(relation).unwrap_or_default() as u32;
                            let name = |part: i64| match attributes.get(&(relation, part)) {
                                Some(name) => name.clone(),
                                None => part.to_string(),
                            };
                            numbers(value).into_iter().map(name).collect::<Vec<_>>().join(", ")
                        }
                        Some(Reference::Any { class, part }) => {
                            let (object, part) = (numbers(value)[0] as u32, number(part).unwrap_or_default());
                            let class = number(class).and_then(|class| classes.get(&(class as u32)));
                            let name = named(class.map_or("", String::as_str), object);
                            match attributes.get(&(object, part)) {
                                Some(attribute) if part != 0 => format!("{name}.{attribute}"),
                                _ => name,
                            }
                        }
                    };
                    let is_part = column.ends_with("objsubid");
                    let names_it =
                        column == "oid" || column == "attname" || (column.ends_with("relid") && of.is_some());
                    if names_it || matches!(column.as_str(), "objoid" | "objid") {
                        key.push(text.clone());
                    }
                    if !is_part {
                        shown.insert(column.clone(), text);
                    }
                }
                seen.entry(key.join(" ")).or_default().push(shown);
            }
        }
        transaction.rollback()?;
        for rows in seen.values_mut() {
            rows.sort();
        }
        Ok(Observation(seen))
    }
}

impl Observation {
    /// Without whether a child declares by itself what it inherits, which no statement takes back.
    #[allow(dead_code, reason = "a change that is made by hand can be put back")]
    pub(crate) fn without_declarations(mut self) -> Observation {
        for row in self.0.values_mut().flatten() {
            row.retain(|column, _| !matches!(column.as_str(), "attislocal" | "conislocal"));
        }
        self
    }

    /// # Errors
    /// What only one of the two has, in words.
    pub(crate) fn compare(&self, expected: &Observation) -> Result<(), String> {
        let mut found = Vec::new();
        let keys: std::collections::BTreeSet<&String> = self.0.keys().chain(expected.0.keys()).collect();
        for key in keys {
            let none = Vec::new();
            let (is, should) = (self.0.get(key).unwrap_or(&none), expected.0.get(key).unwrap_or(&none));
            let only = |a: &[Row], b: &[Row]| -> Vec<Row> {
                let mut rest = b.to_vec();
                let taken =
                    |rest: &mut Vec<Row>, row: &Row| rest.iter().position(|it| it == row).map(|at| rest.remove(at));
                a.iter().filter(|row| taken(&mut rest, row).is_none()).cloned().collect()
            };
            match (only(is, should).as_slice(), only(should, is).as_slice()) {
                ([], []) => {}
                ([is], [should]) => {
                    let differ = is.iter().filter(|(column, value)| should.get(*column) != Some(*value));
                    found.extend(differ.map(|(column, value)| {
                        let other = should.get(column).map_or("", String::as_str);
                        format!("{key}: {column} is {value}, should be {other}")
                    }));
                }
                (more, less) => {
                    found.extend(more.iter().map(|row| format!("{key}: should not be there: {}", brief(row))));
                    found.extend(less.iter().map(|row| format!("{key}: is missing: {}", brief(row))));
                }
            }
        }
        if found.is_empty() { Ok(()) } else { Err(format!("the catalogs of PostgreSQL differ\n{}", found.join("\n"))) }
    }
}

/// What is not as in most rows.
fn brief(row: &Row) -> String {
    let said = row.iter().filter(|(_, value)| !matches!(value.as_str(), "null" | "none" | "false" | "[]" | "0" | ""));
    said.map(|(column, value)| format!("{column} {value}")).collect::<Vec<_>>().join(", ")
}

fn is_left_out(catalog: &str, column: &str) -> bool {
    LEFT_OUT.iter().any(|(name, _)| name.split_once('.') == Some((catalog, column)))
}

fn can_be_named(transaction: &mut Transaction<'_>, catalog: &str) -> Result<bool, postgres::Error> {
    let mut attempt = transaction.transaction()?;
    let sql = format!("SELECT pg_identify_object('{catalog}'::regclass, 1, 0)");
    let worked = attempt.batch_execute(&sql).is_ok();
    attempt.rollback()?;
    Ok(worked)
}

fn names(transaction: &mut Transaction<'_>, catalogs: &[String], which: &str) -> Result<Names, postgres::Error> {
    let one = |catalog: &String| {
        // PostgreSQL numbers the triggers behind constraints.
        format!(
            r"SELECT '{catalog}', o.oid, i.type || ' ' || regexp_replace(i.identity, '(ConstraintTrigger_([ac]_)?)\d+', '\1')
             FROM {catalog} o, pg_identify_object('{catalog}'::regclass, o.oid, 0) i WHERE {which}"
        )
    };
    let sql = catalogs.iter().map(one).collect::<Vec<_>>().join("\nUNION ALL\n");
    let rows = transaction.query(&sql, &[])?;
    Ok(rows.iter().filter_map(|row| Some(((row.get(0), row.get(1)), row.get::<_, Option<String>>(2)?))).collect())
}

fn query(catalog: &str, columns: &[String], types: &[String], references: &[(String, Reference)]) -> String {
    let find = |list: &[(&str, &'static str)], what: &str| list.iter().find(|(name, _)| *name == what).map(|it| it.1);
    let mut read = Vec::new();
    for (column, data_type) in columns.iter().zip(types) {
        let name = format!("{catalog}.{column}");
        let expression = match (find(READ, &name), data_type.as_str()) {
            _ if is_left_out(catalog, column) => continue,
            (Some(expression), _) => expression.to_owned(),
            (None, "aclitem[]") => {
                let by_itself = find(PRIVILEGES, catalog).unwrap_or("'{}'");
                format!("ARRAY(SELECT i::text FROM unnest(coalesce(t.{column}, {by_itself})) i ORDER BY 1)")
            }
            (None, "pg_node_tree") => panic!("{name} is a tree of nodes; say in READ how it is read"),
            // The order of options is of no account.
            (None, "text[]") if column.ends_with("options") => {
                format!("ARRAY(SELECT o FROM unnest(t.{column}) o ORDER BY 1)")
            }
            (None, "regproc") => format!("t.{column}::oid"),
            (None, _) => format!("t.{column}"),
        };
        read.push(format!("{expression} AS {column}"));
    }
    let toast = "(SELECT c.oid FROM pg_class c WHERE c.relnamespace = 'pg_toast'::regnamespace)";
    let referring = |(column, reference): &(String, Reference)| match reference {
        Reference::To(_) if types[place(columns, column)] == "oid" || types[place(columns, column)] == "regproc" => {
            Some(column.clone())
        }
        Reference::Any { .. } => Some(column.clone()),
        Reference::To(_) | Reference::Columns(_) => None,
    };
    let referring: HashSet<String> = references.iter().filter_map(referring).collect();
    let is_users = |column: &str| format!("16384 <= t.{column}::oid OR t.{column}::oid = to_regnamespace('public')");
    let mut only = Vec::new();
    if columns.iter().any(|column| column == "oid") {
        only.push(format!("({})", is_users("oid")));
    } else {
        let any: Vec<String> = referring.iter().map(|column| is_users(column)).collect();
        only.push(format!("({})", any.join(" OR ")));
    }
    if catalog == "pg_class" {
        only.push(format!("t.oid NOT IN {toast}"));
    } else {
        only.extend(referring.iter().map(|column| format!("t.{column}::oid NOT IN {toast}")));
    }
    only.extend(find(ONLY, catalog).map(str::to_owned));
    format!(
        "SELECT to_jsonb(s)::text FROM (SELECT {} FROM {catalog} t WHERE {}) s",
        read.join(", "),
        only.join(" AND ")
    )
}

fn place(columns: &[String], column: &str) -> usize {
    columns.iter().position(|it| it == column).expect("a column of the catalog")
}

/// The numbers in a value: an OID, which JSON has as text, a number, or an array of them.
fn numbers(value: &Value) -> Vec<i64> {
    match value {
        Value::Array(all) => all.iter().flat_map(numbers).collect(),
        Value::String(text) => text.parse().into_iter().collect(),
        Value::Number(number) => number.as_i64().into_iter().collect(),
        Value::Null | Value::Bool(_) | Value::Object(_) => Vec::new(),
    }
}
