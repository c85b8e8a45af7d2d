//! What of a catalog Prisma's language has words for, read from what PostgreSQL prints.

use std::collections::{BTreeMap, BTreeSet};

use pg_query::protobuf::{self, SortByDir, node::Node};

use crate::{
    catalog::Catalog,
    kinds::Object,
    model::{Kind, ObjectId, parser},
};

/// Tables and enums, by their identities.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub tables: BTreeMap<ObjectId, Table>,
    pub enums: BTreeMap<ObjectId, Vec<String>>,
}

#[derive(Debug, Default)]
pub(super) struct Table {
    /// In their order.
    pub columns: Vec<Column>,
    pub primary_key: Option<Index>,
    /// By name; those behind unique constraints too.
    pub indexes: Vec<Index>,
    pub foreign_keys: Vec<ForeignKey>,
    /// What Prisma says of a table that has more than its language can say.
    pub notices: Vec<&'static str>,
}

#[derive(Debug)]
pub(super) struct Column {
    pub name: String,
    /// As `format_type` prints it; of a domain, what it stands on.
    pub data_type: String,
    pub not_null: bool,
    pub default: Option<String>,
    /// Whether it counts by itself.
    pub counts: bool,
    /// Whether its default is to be told in SQL.
    pub in_sql: bool,
    position: i16,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Index {
    pub name: String,
    pub is_unique: bool,
    pub method: String,
    pub parts: Vec<Part>,
    pub predicate: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub column: String,
    pub is_descending: bool,
    pub operator_class: Option<String>,
}

#[derive(Clone, Debug)]
pub(super) struct ForeignKey {
    pub name: String,
    pub columns: Vec<String>,
    pub table: ObjectId,
    pub referred: Vec<String>,
    /// The letters of `pg_constraint.confdeltype` and `confupdtype`.
    pub on_delete: String,
    pub on_update: String,
}

const PARTITIONED: &str = "This table is a partition table and requires additional setup for migrations. Visit https://pris.ly/d/partition-tables for more info.";
const INHERITS: &str = "This table has inheritance and requires additional setup for migrations. Visit https://pris.ly/d/table-inheritance for more info.";
const CHECKS: &str = "This table contains check constraints and requires additional setup for migrations. Visit https://pris.ly/d/check-constraints for more info.";
const EXCLUDES: &str = "This table contains exclusion constraints and requires additional setup for migrations. Visit https://pris.ly/d/exclusion-constraints for more info.";
const ROW_SECURITY: &str = "This model contains row level security and requires additional setup for migrations. Visit https://pris.ly/d/row-level-security for more info.";
const DEFERS: &str = "This model has constraints using non-default deferring rules and requires additional setup for migrations. Visit https://pris.ly/d/constraint-deferring for more info.";
const COMMENTED: &str = "This model or at least one of its fields has comments in the database, and requires an additional setup for migrations: Read more: https://pris.ly/d/database-comments";
const EXPRESSIONS: &str = "This model contains an expression index which requires additional setup for migrations. Visit https://pris.ly/d/expression-indexes for more info.";

impl Found {
    /// What is in these schemas.
    pub(super) fn of(catalog: &Catalog, schemas: &BTreeSet<String>) -> Found {
        let mut found = Found::default();
        let is_meant = |id: &ObjectId| id.parent().is_some_and(|it| schemas.contains(it.name.raw()));
        for (id, entry) in catalog.iter().filter(|(id, _)| is_meant(id)) {
            match &entry.object {
                Object::Table(of) if of.partition_of.is_none() => {
                    let table = found.tables.entry(id.clone()).or_default();
                    table.notices.extend(of.partition_key.is_some().then_some(PARTITIONED));
                    table.notices.extend((!of.inherits.is_empty()).then_some(INHERITS));
                    table.notices.extend(of.row_security.then_some(ROW_SECURITY));
                }
                Object::Enum(of) => {
                    found.enums.insert(id.clone(), of.labels.clone());
                }
                _ => (),
            }
        }
        for (id, entry) in catalog.iter() {
            let own = id.ancestors().find(|it| found.tables.contains_key(*it));
            if let Some(table) = own.and_then(|it| found.tables.get_mut(it)) {
                table.add(id, &entry.object, catalog);
            }
        }
        for table in found.tables.values_mut() {
            table.columns.sort_by_key(|it| it.position);
            table.notices.sort_unstable();
            table.notices.dedup();
        }
        found
    }
}

impl Found {
    /// Lets these defaults be told in SQL.
    pub(super) fn leave_in_sql(&mut self, defaults: &BTreeSet<ObjectId>) {
        for default in defaults {
            let Some((column, table)) = default.parent().and_then(|it| Some((it, it.parent()?))) else { continue };
            let columns = self.tables.get_mut(table).map(|it| it.columns.iter_mut());
            columns.into_iter().flatten().filter(|it| it.name == column.name.raw()).for_each(|it| it.in_sql = true);
        }
    }
}

impl Table {
    fn add(&mut self, id: &ObjectId, object: &Object, catalog: &Catalog) {
        let name = id.name.raw().to_owned();
        match object {
            Object::Column(of) => {
                let own = id.child(Kind::Default, "");
                let default = match catalog.get(&own) {
                    Some(Object::Default(default)) => Some(default.expression.clone()),
                    _ => of.generated.clone(),
                };
                let is_identity = catalog.contains(&id.child(Kind::Identity, ""));
                let has_sequence = catalog.needs(&own).any(|it| it.kind == Kind::Sequence);
                let not_null = of.not_null || catalog.contains(&id.child(Kind::NotNull, ""));
                self.columns.push(Column {
                    name,
                    data_type: base_type(catalog, id, &of.data_type),
                    not_null,
                    // What counts in Prisma's language cannot be missing.
                    counts: is_identity || (has_sequence && not_null),
                    in_sql: false,
                    default,
                    position: of.position,
                });
            }
            Object::PrimaryKey(key) => {
                self.primary_key = index(name, &key.index);
                self.notices.extend(defers(&key.definition).then_some(DEFERS));
            }
            Object::Unique(unique) => {
                self.indexes.extend(index(name, &unique.index));
                self.notices.extend(defers(&unique.definition).then_some(DEFERS));
            }
            Object::Index(of) if of.part_of.is_none() => match index(name, &of.definition) {
                Some(found) => self.indexes.push(Index { predicate: of.predicate.clone(), ..found }),
                None => self.notices.push(EXPRESSIONS),
            },
            Object::ForeignKey(of) => {
                self.foreign_keys.extend(foreign_key(name, &of.definition));
                self.notices.extend(defers(&of.definition).then_some(DEFERS));
            }
            Object::Check(_) => self.notices.push(CHECKS),
            Object::Exclusion(_) => self.notices.push(EXCLUDES),
            Object::Comment(_) => self.notices.push(COMMENTED),
            _ => (),
        }
    }

    pub(super) fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|it| it.name == name)
    }

    /// Whether no two rows have the same in these columns.
    pub(super) fn is_key(&self, columns: &[String]) -> bool {
        let wanted: BTreeSet<&String> = columns.iter().collect();
        let keys = self.indexes.iter().filter(|it| it.is_unique && it.predicate.is_none());
        keys.chain(&self.primary_key)
            .any(|it| it.parts.iter().map(|part| &part.column).collect::<BTreeSet<_>>() == wanted)
    }

    /// Whether Prisma's client can tell rows apart.
    pub(super) fn tells_rows_apart(&self) -> bool {
        let is_required = |part: &Part| self.column(&part.column).is_some_and(|it| it.not_null);
        let is_key = |it: &Index| it.is_unique && it.predicate.is_none() && it.parts.iter().all(is_required);
        self.primary_key.is_some() || self.indexes.iter().any(is_key)
    }
}

/// What a domain stands on.
fn base_type(catalog: &Catalog, column: &ObjectId, data_type: &str) -> String {
    let domain = catalog.needs(column).find_map(|it| match catalog.get(it) {
        Some(Object::Domain(domain)) if it.path() == data_type => Some(domain.base.clone()),
        _ => None,
    });
    domain.unwrap_or_else(|| data_type.to_owned())
}

fn defers(definition: &str) -> bool {
    definition.contains(" DEFERRABLE")
}

/// The tree of an expression.
pub(super) fn expression_of(sql: &str) -> Option<Node> {
    let tree = parser::parse(&format!("SELECT {sql}")).ok()?;
    let Node::SelectStmt(select) = tree.stmts.into_iter().next()?.stmt?.node? else { return None };
    let Node::ResTarget(target) = select.target_list.into_iter().next()?.node? else { return None };
    target.val?.node
}

/// Nothing where a part is no column.
fn index(name: String, definition: &str) -> Option<Index> {
    let tree = parser::parse(definition).ok()?;
    let Node::IndexStmt(of) = tree.stmts.into_iter().next()?.stmt?.node? else { return None };
    let part = |it: &protobuf::Node| match it.node.as_ref()? {
        Node::IndexElem(element) if element.expr.is_none() => Some(Part {
            column: element.name.clone(),
            is_descending: element.ordering() == SortByDir::SortbyDesc,
            operator_class: (!element.opclass.is_empty()).then(|| super::types::last(&element.opclass)),
        }),
        _ => None,
    };
    let parts = of.index_params.iter().map(part).collect::<Option<_>>()?;
    Some(Index { name, is_unique: of.unique, method: of.access_method, parts, predicate: None })
}

fn foreign_key(name: String, definition: &str) -> Option<ForeignKey> {
    let tree = parser::parse(&format!("ALTER TABLE t ADD {definition}")).ok()?;
    let Node::AlterTableStmt(alter) = tree.stmts.into_iter().next()?.stmt?.node? else { return None };
    let Node::AlterTableCmd(command) = alter.cmds.into_iter().next()?.node? else { return None };
    let Node::Constraint(constraint) = command.def?.node? else { return None };
    let table = constraint.pktable.as_ref()?;
    let schema = if table.schemaname.is_empty() { "public" } else { &table.schemaname };
    Some(ForeignKey {
        name,
        columns: super::types::strings(&constraint.fk_attrs),
        table: ObjectId::root(Kind::Schema, schema).child(Kind::Table, &table.relname),
        referred: super::types::strings(&constraint.pk_attrs),
        on_delete: constraint.fk_del_action.clone(),
        on_update: constraint.fk_upd_action.clone(),
    })
}
