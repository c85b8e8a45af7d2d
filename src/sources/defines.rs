//! What a statement defines, and where in it, by its parse tree.

use std::ops::Range;

use pg_query::NodeEnum;
use pg_query::protobuf::{self, AlterTableType, ConstrType, Node, ObjectType, RangeVar};

use super::class::text;
use super::lexer::{TokenKind, words};
use crate::model::{Kind, ObjectId};

/// Something that a statement defines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Defined {
    /// `table`, `view`, `index`, `column`, … as SQL calls it, in lower case.
    pub kind: &'static str,
    /// As written; `None` where the statement leaves it to `search_path`.
    pub schema: Option<String>,
    /// The table of a column, constraint, trigger, rule or policy.
    pub table: Option<String>,
    pub name: String,
    /// The place in the statement.
    pub range: Range<usize>,
}

impl Defined {
    /// Whether it may be the definition of an object: it is of that kind and name, and says of no other place.
    pub(crate) fn is_of(&self, id: &ObjectId) -> bool {
        let mut containers: Vec<&str> = id.ancestors().map(|up| up.name.raw()).collect();
        containers.reverse();
        let stands_in = |said: &Option<String>, depth: usize| {
            said.as_deref().is_none_or(|name| containers.get(depth).is_some_and(|it| *it == name))
        };
        self.is_a(id.kind) && id.name.raw() == self.name && stands_in(&self.schema, 0) && stands_in(&self.table, 1)
    }

    pub(crate) fn is_a(&self, kind: Kind) -> bool {
        kind.label().eq_ignore_ascii_case(self.kind)
    }
}

/// Everything that a statement defines, the outer before the inner.
pub(crate) fn defines(node: &NodeEnum, sql: &str) -> Vec<Defined> {
    let mut list = List { sql, found: Vec::new() };
    list.statement(node);
    list.found
}

struct List<'a> {
    sql: &'a str,
    found: Vec<Defined>,
}

impl List<'_> {
    fn statement(&mut self, node: &NodeEnum) {
        match node {
            NodeEnum::CreateStmt(stmt) => self.table("table", stmt),
            NodeEnum::CreateForeignTableStmt(stmt) => {
                if let Some(base) = &stmt.base_stmt {
                    self.table("foreign table", base);
                }
            }
            NodeEnum::ViewStmt(stmt) => self.relation("view", stmt.view.as_ref()),
            NodeEnum::CreateTableAsStmt(stmt) => {
                let kind = if stmt.objtype() == ObjectType::ObjectMatview { "materialized view" } else { "table" };
                self.relation(kind, stmt.into.as_ref().and_then(|into| into.rel.as_ref()));
            }
            NodeEnum::CreateSeqStmt(stmt) => self.relation("sequence", stmt.sequence.as_ref()),
            NodeEnum::CompositeTypeStmt(stmt) => {
                self.relation("type", stmt.typevar.as_ref());
                let Some(of) = &stmt.typevar else { return };
                for attribute in stmt.coldeflist.iter().filter_map(|attribute| attribute.node.as_ref()) {
                    self.element(of, attribute);
                }
            }
            NodeEnum::IndexStmt(stmt) => {
                let schema = stmt.relation.as_ref().map(|table| table.schemaname.clone()).unwrap_or_default();
                self.plain("index", some(&schema), None, &stmt.idxname);
            }
            NodeEnum::CreateSchemaStmt(stmt) => {
                let owner = stmt.authrole.as_ref().map(|role| role.rolename.clone()).unwrap_or_default();
                let name = if stmt.schemaname.is_empty() { owner } else { stmt.schemaname.clone() };
                self.plain("schema", None, None, &name);
                for element in stmt.schema_elts.iter().filter_map(|element| element.node.as_ref()) {
                    let first = self.found.len();
                    self.statement(element);
                    for inner in &mut self.found[first..] {
                        inner.schema.get_or_insert_with(|| name.clone());
                    }
                }
            }
            NodeEnum::CreateExtensionStmt(stmt) => self.plain("extension", None, None, &stmt.extname),
            NodeEnum::CreateFunctionStmt(stmt) => {
                self.path(if stmt.is_procedure { "procedure" } else { "function" }, &stmt.funcname);
            }
            NodeEnum::CreateEnumStmt(stmt) => self.path("type", &stmt.type_name),
            NodeEnum::CreateRangeStmt(stmt) => self.path("type", &stmt.type_name),
            NodeEnum::CreateDomainStmt(stmt) => self.path("domain", &stmt.domainname),
            NodeEnum::CreateStatsStmt(stmt) => self.path("statistics", &stmt.defnames),
            NodeEnum::CreateOpClassStmt(stmt) => self.path("operator class", &stmt.opclassname),
            NodeEnum::CreateOpFamilyStmt(stmt) => self.path("operator family", &stmt.opfamilyname),
            NodeEnum::CreateConversionStmt(stmt) => self.path("conversion", &stmt.conversion_name),
            NodeEnum::DefineStmt(stmt) => self.path(define_kind(stmt.kind()), &stmt.defnames),
            NodeEnum::CreateTrigStmt(stmt) => self.on("trigger", stmt.relation.as_ref(), &stmt.trigname),
            NodeEnum::RuleStmt(stmt) => self.on("rule", stmt.relation.as_ref(), &stmt.rulename),
            NodeEnum::CreatePolicyStmt(stmt) => self.on("policy", stmt.table.as_ref(), &stmt.policy_name),
            NodeEnum::CreateForeignServerStmt(stmt) => self.plain("server", None, None, &stmt.servername),
            NodeEnum::CreateFdwStmt(stmt) => self.plain("foreign data wrapper", None, None, &stmt.fdwname),
            NodeEnum::CreatePlangStmt(stmt) => self.plain("language", None, None, &stmt.plname),
            NodeEnum::CreateAmStmt(stmt) => self.plain("access method", None, None, &stmt.amname),
            NodeEnum::CreateEventTrigStmt(stmt) => self.plain("event trigger", None, None, &stmt.trigname),
            NodeEnum::CreatePublicationStmt(stmt) => self.plain("publication", None, None, &stmt.pubname),
            NodeEnum::CreateRoleStmt(stmt) => self.plain("role", None, None, &stmt.role),
            NodeEnum::AlterTableStmt(stmt) => self.alter(stmt),
            NodeEnum::RenameStmt(stmt) => self.rename(stmt),
            NodeEnum::AlterObjectSchemaStmt(stmt) => {
                let name = stmt.relation.as_ref().map(|relation| relation.relname.clone());
                let name = name.or_else(|| stmt.object.as_ref().and_then(|object| last_name(object)));
                if let Some(name) = name {
                    self.plain(renamed_kind(stmt.object_type()), Some(stmt.newschema.clone()), None, &name);
                }
            }
            _ => (),
        }
    }

    fn table(&mut self, kind: &'static str, stmt: &protobuf::CreateStmt) {
        let Some(table) = &stmt.relation else { return };
        self.relation(kind, Some(table));
        for element in stmt.table_elts.iter().chain(&stmt.constraints).filter_map(|element| element.node.as_ref()) {
            self.element(table, element);
        }
    }

    fn element(&mut self, table: &RangeVar, element: &NodeEnum) {
        match element {
            NodeEnum::ColumnDef(column) => {
                let range = self.element_at(column.location);
                self.push("column", some(&table.schemaname), Some(&table.relname), &column.colname, range);
                for constraint in column.constraints.iter().filter_map(|node| node.node.as_ref()) {
                    if let NodeEnum::Constraint(constraint) = constraint {
                        self.constraint(table, constraint, Some(&column.colname));
                    }
                }
            }
            NodeEnum::Constraint(constraint) => self.constraint(table, constraint, None),
            _ => (),
        }
    }

    fn constraint(&mut self, table: &RangeVar, constraint: &protobuf::Constraint, column: Option<&str>) {
        let name = match constraint.conname.as_str() {
            "" => default_constraint_name(&table.relname, constraint, column),
            name => Some(name.to_owned()),
        };
        if let Some(name) = name {
            let range = self.element_at(constraint.location);
            self.push("constraint", some(&table.schemaname), Some(&table.relname), &name, range);
        }
    }

    fn alter(&mut self, stmt: &protobuf::AlterTableStmt) {
        let Some(table) = &stmt.relation else { return };
        for cmd in &stmt.cmds {
            let Some(NodeEnum::AlterTableCmd(cmd)) = &cmd.node else { continue };
            let adds = matches!(cmd.subtype(), AlterTableType::AtAddColumn | AlterTableType::AtAddConstraint);
            if let Some(def) = cmd.def.as_ref().and_then(|def| def.node.as_ref()).filter(|_| adds) {
                self.element(table, def);
            }
        }
    }

    fn rename(&mut self, stmt: &protobuf::RenameStmt) {
        let kind = renamed_kind(stmt.rename_type());
        match (&stmt.relation, &stmt.object) {
            (Some(table), _) if matches!(kind, "column" | "constraint" | "trigger" | "rule" | "policy") => {
                self.on(kind, Some(table), &stmt.newname);
            }
            (Some(relation), _) => self.plain(kind, some(&relation.schemaname), None, &stmt.newname),
            (None, object) => {
                let path = object.as_ref().map(|object| names(object)).unwrap_or_default();
                let schema = path.len().checked_sub(2).map(|at| path[at].clone());
                self.plain(kind, schema, None, &stmt.newname);
            }
        }
    }

    fn relation(&mut self, kind: &'static str, relation: Option<&RangeVar>) {
        if let Some(relation) = relation {
            self.plain(kind, some(&relation.schemaname), None, &relation.relname);
        }
    }

    fn path(&mut self, kind: &'static str, path: &[Node]) {
        let parts: Vec<String> = path.iter().filter_map(text).collect();
        if let Some((name, before)) = parts.split_last() {
            self.plain(kind, before.last().cloned(), None, name);
        }
    }

    fn on(&mut self, kind: &'static str, table: Option<&RangeVar>, name: &str) {
        if let Some(table) = table {
            self.plain(kind, some(&table.schemaname), Some(&table.relname), name);
        }
    }

    fn plain(&mut self, kind: &'static str, schema: Option<String>, table: Option<&str>, name: &str) {
        let range = name_range(self.sql, name);
        self.push(kind, schema, table, name, range);
    }

    fn push(
        &mut self,
        kind: &'static str,
        schema: Option<String>,
        table: Option<&str>,
        name: &str,
        range: Range<usize>,
    ) {
        if !name.is_empty() {
            let table = table.map(str::to_owned);
            self.found.push(Defined { kind, schema, table, name: name.to_owned(), range });
        }
    }

    /// From a location to the comma or the parenthesis that ends the element there.
    fn element_at(&self, location: i32) -> Range<usize> {
        let start = usize::try_from(location).unwrap_or(0).min(self.sql.len());
        start..start + element_length(&self.sql[start..])
    }
}

fn element_length(sql: &str) -> usize {
    let mut depth = 0_usize;
    let mut end = 0;
    for token in words(sql) {
        match token.kind {
            TokenKind::Open => depth += 1,
            TokenKind::Close if depth == 0 => break,
            TokenKind::Close => depth -= 1,
            TokenKind::Comma | TokenKind::Semicolon if depth == 0 => break,
            _ => (),
        }
        end = token.range.end;
    }
    end
}

/// Where a name stands in a statement: its first mention behind the first keyword, or the first keyword.
pub(crate) fn name_range(sql: &str, name: &str) -> Range<usize> {
    let mut first = None;
    for token in words(sql) {
        let range = token.range;
        match first {
            None => first = Some(range),
            Some(_) if is_name(&sql[range.clone()], token.kind, name) => return range,
            Some(_) => (),
        }
    }
    first.unwrap_or(0..0)
}

/// Whether a token is a name as the catalog holds it.
pub(crate) fn is_name(written: &str, kind: TokenKind, name: &str) -> bool {
    match kind {
        TokenKind::Word => written == name || written.to_lowercase() == name,
        TokenKind::Quoted => written.trim_matches('"').replace("\"\"", "\"") == name,
        _ => false,
    }
}

fn define_kind(kind: ObjectType) -> &'static str {
    match kind {
        ObjectType::ObjectAggregate => "aggregate",
        ObjectType::ObjectOperator => "operator",
        ObjectType::ObjectType => "type",
        ObjectType::ObjectCollation => "collation",
        _ => "text search object",
    }
}

fn renamed_kind(kind: ObjectType) -> &'static str {
    match kind {
        ObjectType::ObjectTable => "table",
        ObjectType::ObjectForeignTable => "foreign table",
        ObjectType::ObjectView => "view",
        ObjectType::ObjectMatview => "materialized view",
        ObjectType::ObjectSequence => "sequence",
        ObjectType::ObjectIndex => "index",
        ObjectType::ObjectColumn | ObjectType::ObjectAttribute => "column",
        ObjectType::ObjectTabconstraint | ObjectType::ObjectDomconstraint => "constraint",
        ObjectType::ObjectTrigger => "trigger",
        ObjectType::ObjectRule => "rule",
        ObjectType::ObjectPolicy => "policy",
        ObjectType::ObjectFunction | ObjectType::ObjectRoutine => "function",
        ObjectType::ObjectProcedure => "procedure",
        ObjectType::ObjectType => "type",
        ObjectType::ObjectDomain => "domain",
        ObjectType::ObjectSchema => "schema",
        _ => define_kind(kind),
    }
}

/// The name that PostgreSQL chooses where none is given, if it is short enough not to be cut and is not taken.
/// PostgreSQL source, `ChooseIndexName` and `ChooseConstraintName`.
fn default_constraint_name(table: &str, constraint: &protobuf::Constraint, column: Option<&str>) -> Option<String> {
    let columns = |listed: &[Node]| match column {
        Some(column) => column.to_owned(),
        None => listed.iter().filter_map(text).collect::<Vec<_>>().join("_"),
    };
    let name = match constraint.contype() {
        ConstrType::ConstrPrimary => format!("{table}_pkey"),
        ConstrType::ConstrUnique => format!("{table}_{}_key", columns(&constraint.keys)),
        ConstrType::ConstrForeign => format!("{table}_{}_fkey", columns(&constraint.fk_attrs)),
        ConstrType::ConstrCheck if column.is_some() => format!("{table}_{}_check", columns(&[])),
        _ => return None,
    };
    (name.len() < 64).then_some(name)
}

fn some(schema: &str) -> Option<String> {
    (!schema.is_empty()).then(|| schema.to_owned())
}

/// The parts of a dotted name, in whichever node the parser keeps them.
pub(crate) fn names(node: &Node) -> Vec<String> {
    match &node.node {
        Some(NodeEnum::List(list)) => list.items.iter().filter_map(text).collect(),
        Some(NodeEnum::TypeName(name)) => name.names.iter().filter_map(text).collect(),
        Some(NodeEnum::ObjectWithArgs(object)) => object.objname.iter().filter_map(text).collect(),
        Some(NodeEnum::String(value)) => vec![value.sval.clone()],
        _ => Vec::new(),
    }
}

fn last_name(node: &Node) -> Option<String> {
    names(node).pop()
}
