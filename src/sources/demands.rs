//! What a script asks of the database that it is to run in, by the parse trees of its statements: which relations it names,
//! what the role must be allowed, which extensions there must be. What runs within functions and `DO` is not looked at.

use pg_query::{
    NodeEnum,
    protobuf::{self, AlterTableType, ConstrType, Node, ObjectType, RangeVar, VariableSetKind},
};

use super::{
    Script,
    class::{Class, text},
    defines::names,
    uses::{Sort, uses},
};
use crate::model::{Files, Span, parser};

/// Something that a statement asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Demand {
    pub need: Need,
    /// Of the statement.
    pub span: Span,
    /// Whose rights count there, where the script has taken on another role.
    pub role: Option<String>,
    /// The schema that names without one go to there, where the script says.
    pub path: Option<String>,
}

/// Names are as the catalog has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Need {
    /// A relation is read or changed, whatever for.
    Names(Named),
    /// A relation is the role's own.
    Owns(Named),
    /// It is, or its schema is.
    Drops(Named),
    /// The role has this privilege on a relation, or on columns of it.
    May(&'static str, Named),
    OwnsSchema(String),
    /// In a schema, or where names without one go to.
    CreatesIn(Option<String>),
    CreatesInDatabase,
    CreatesExtension {
        name: String,
        version: Option<String>,
        may_exist: bool,
    },
    UpdatesExtension {
        name: String,
        version: Option<String>,
    },
}

/// A relation as a statement names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    pub schema: Option<String>,
    pub name: String,
}

/// Everything that a script asks for, in the order of its statements.
pub fn demands(script: &Script, files: &Files) -> Vec<Demand> {
    let (mut role, mut path) = (None, None);
    let mut all = Vec::new();
    for statement in &script.statements {
        if let Class::Setting { creates_in: Some(schema), .. } = &statement.class {
            path = Some(schema.clone());
        }
        let sql = statement.sql(files);
        let Ok(tree) = parser::parse(&sql) else { continue };
        for node in tree.stmts.iter().filter_map(|raw| raw.stmt.as_ref()?.node.as_ref()) {
            if let NodeEnum::VariableSetStmt(stmt) = node {
                takes_on(stmt, &mut role);
            }
            let named = if matches!(node, NodeEnum::CreateFunctionStmt(_)) { Vec::new() } else { relations(&sql) };
            let mut needs: Vec<Need> = named.into_iter().map(Need::Names).collect();
            of(node, &mut needs);
            all.extend(needs.into_iter().map(|need| Demand {
                need,
                span: statement.span.clone(),
                role: role.clone(),
                path: path.clone(),
            }));
        }
    }
    all
}

fn relations(sql: &str) -> Vec<Named> {
    let found = uses(sql).into_iter().filter(|it| it.sort == Sort::Relation);
    found.map(|it| Named { schema: it.schema, name: it.name }).collect()
}

/// `SET ROLE`, `SET SESSION AUTHORIZATION`, and what takes them back.
fn takes_on(stmt: &protobuf::VariableSetStmt, role: &mut Option<String>) {
    match (stmt.name.as_str(), stmt.kind()) {
        ("role" | "session_authorization", VariableSetKind::VarSetValue) => {
            *role = stmt.args.first().and_then(text).filter(|name| name != "none");
        }
        ("role" | "session_authorization", _) | (_, VariableSetKind::VarResetAll) => *role = None,
        _ => (),
    }
}

fn of(node: &NodeEnum, needs: &mut Vec<Need>) {
    match node {
        NodeEnum::CreateStmt(stmt) => table(stmt, needs),
        NodeEnum::CreateForeignTableStmt(stmt) => {
            if let Some(base) = &stmt.base_stmt {
                table(base, needs);
            }
        }
        NodeEnum::AlterTableStmt(stmt) => alters(stmt, needs),
        NodeEnum::IndexStmt(stmt) => {
            owns(stmt.relation.as_ref(), needs);
            creates(stmt.relation.as_ref(), needs);
        }
        NodeEnum::ViewStmt(stmt) => creates(stmt.view.as_ref(), needs),
        NodeEnum::CreateTableAsStmt(stmt) => creates(stmt.into.as_ref().and_then(|it| it.rel.as_ref()), needs),
        NodeEnum::CreateSeqStmt(stmt) => creates(stmt.sequence.as_ref(), needs),
        NodeEnum::CompositeTypeStmt(stmt) => creates(stmt.typevar.as_ref(), needs),
        NodeEnum::CreateEnumStmt(stmt) => creates_path(&stmt.type_name, needs),
        NodeEnum::CreateRangeStmt(stmt) => creates_path(&stmt.type_name, needs),
        NodeEnum::CreateDomainStmt(stmt) => creates_path(&stmt.domainname, needs),
        NodeEnum::CreateFunctionStmt(stmt) => creates_path(&stmt.funcname, needs),
        NodeEnum::DefineStmt(stmt) => creates_path(&stmt.defnames, needs),
        NodeEnum::CreateSchemaStmt(_) => needs.push(Need::CreatesInDatabase),
        NodeEnum::AlterSeqStmt(stmt) => owns(stmt.sequence.as_ref(), needs),
        NodeEnum::RefreshMatViewStmt(stmt) => owns(stmt.relation.as_ref(), needs),
        NodeEnum::CreatePolicyStmt(stmt) => owns(stmt.table.as_ref(), needs),
        NodeEnum::AlterPolicyStmt(stmt) => owns(stmt.table.as_ref(), needs),
        NodeEnum::RuleStmt(stmt) => owns(stmt.relation.as_ref(), needs),
        NodeEnum::CreateTrigStmt(stmt) => may("TRIGGER", stmt.relation.as_ref(), needs),
        NodeEnum::InsertStmt(stmt) => may("INSERT", stmt.relation.as_ref(), needs),
        NodeEnum::UpdateStmt(stmt) => may("UPDATE", stmt.relation.as_ref(), needs),
        NodeEnum::DeleteStmt(stmt) => may("DELETE", stmt.relation.as_ref(), needs),
        NodeEnum::CopyStmt(stmt) if stmt.is_from => may("INSERT", stmt.relation.as_ref(), needs),
        NodeEnum::TruncateStmt(stmt) => {
            let ranges = stmt.relations.iter().filter_map(range);
            ranges.for_each(|it| may("TRUNCATE", Some(it), needs));
        }
        NodeEnum::RenameStmt(stmt) => renames(stmt, needs),
        NodeEnum::AlterObjectSchemaStmt(stmt) => {
            owns(stmt.relation.as_ref(), needs);
            needs.push(Need::CreatesIn(Some(stmt.newschema.clone())));
        }
        NodeEnum::DropStmt(stmt) => drops(stmt, needs),
        NodeEnum::CommentStmt(stmt) => comments(stmt, needs),
        NodeEnum::CreateExtensionStmt(stmt) => needs.push(Need::CreatesExtension {
            name: stmt.extname.clone(),
            version: option(&stmt.options, "new_version"),
            may_exist: stmt.if_not_exists,
        }),
        NodeEnum::AlterExtensionStmt(stmt) => needs
            .push(Need::UpdatesExtension { name: stmt.extname.clone(), version: option(&stmt.options, "new_version") }),
        _ => (),
    }
}

fn table(stmt: &protobuf::CreateStmt, needs: &mut Vec<Need>) {
    creates(stmt.relation.as_ref(), needs);
    // What it is a partition or a child of.
    stmt.inh_relations.iter().filter_map(range).for_each(|it| owns(Some(it), needs));
    stmt.table_elts.iter().for_each(|it| refers(it, needs));
}

fn alters(stmt: &protobuf::AlterTableStmt, needs: &mut Vec<Need>) {
    owns(stmt.relation.as_ref(), needs);
    for cmd in &stmt.cmds {
        let Some(NodeEnum::AlterTableCmd(cmd)) = &cmd.node else { continue };
        let Some(def) = &cmd.def else { continue };
        match (&def.node, cmd.subtype()) {
            (Some(NodeEnum::PartitionCmd(partition)), _) => owns(partition.name.as_ref(), needs),
            (Some(NodeEnum::RangeVar(parent)), AlterTableType::AtAddInherit) => owns(Some(parent), needs),
            _ => refers(def, needs),
        }
    }
}

/// The tables that foreign keys of a column or a constraint point at.
fn refers(node: &Node, needs: &mut Vec<Need>) {
    match &node.node {
        Some(NodeEnum::ColumnDef(column)) => column.constraints.iter().for_each(|it| refers(it, needs)),
        Some(NodeEnum::Constraint(it)) if it.contype() == ConstrType::ConstrForeign => {
            may("REFERENCES", it.pktable.as_ref(), needs);
        }
        _ => (),
    }
}

fn renames(stmt: &protobuf::RenameStmt, needs: &mut Vec<Need>) {
    owns(stmt.relation.as_ref(), needs);
    match stmt.rename_type() {
        ObjectType::ObjectSchema => {
            needs.push(Need::OwnsSchema(stmt.subname.clone()));
            needs.push(Need::CreatesInDatabase);
        }
        kind if is_relation(kind) => creates(stmt.relation.as_ref(), needs),
        _ => (),
    }
}

fn drops(stmt: &protobuf::DropStmt, needs: &mut Vec<Need>) {
    for object in &stmt.objects {
        let path = names(object);
        match stmt.remove_type() {
            ObjectType::ObjectSchema => needs.extend(path.last().cloned().map(Need::OwnsSchema)),
            ObjectType::ObjectPolicy | ObjectType::ObjectTrigger | ObjectType::ObjectRule => {
                needs.extend(path.split_last().and_then(|(_, table)| named(table)).map(Need::Owns));
            }
            kind if is_relation(kind) => {
                needs.extend(named(&path).map(Need::Names));
                needs.extend(named(&path).map(Need::Drops));
            }
            _ => (),
        }
    }
}

fn comments(stmt: &protobuf::CommentStmt, needs: &mut Vec<Need>) {
    let path = stmt.object.as_ref().map(|it| names(it)).unwrap_or_default();
    match stmt.objtype() {
        ObjectType::ObjectColumn => {
            needs.extend(path.split_last().and_then(|(_, table)| named(table)).map(Need::Owns));
        }
        kind if is_relation(kind) => needs.extend(named(&path).map(Need::Owns)),
        _ => (),
    }
}

fn is_relation(kind: ObjectType) -> bool {
    matches!(
        kind,
        ObjectType::ObjectTable
            | ObjectType::ObjectForeignTable
            | ObjectType::ObjectView
            | ObjectType::ObjectMatview
            | ObjectType::ObjectSequence
            | ObjectType::ObjectIndex
    )
}

fn owns(relation: Option<&RangeVar>, needs: &mut Vec<Need>) {
    needs.extend(relation.map(|it| Need::Owns(of_range(it))));
}

fn may(privilege: &'static str, relation: Option<&RangeVar>, needs: &mut Vec<Need>) {
    needs.extend(relation.map(|it| Need::May(privilege, of_range(it))));
}

/// Temporary things stand in a schema of their own.
fn creates(relation: Option<&RangeVar>, needs: &mut Vec<Need>) {
    let lasting = relation.filter(|it| it.relpersistence != "t");
    needs.extend(lasting.map(|it| Need::CreatesIn(of_range(it).schema)));
}

fn creates_path(path: &[Node], needs: &mut Vec<Need>) {
    let path: Vec<String> = path.iter().filter_map(text).collect();
    needs.extend(named(&path).map(|it| Need::CreatesIn(it.schema)));
}

fn range(node: &Node) -> Option<&RangeVar> {
    match &node.node {
        Some(NodeEnum::RangeVar(it)) => Some(it),
        _ => None,
    }
}

fn of_range(it: &RangeVar) -> Named {
    Named { schema: Some(it.schemaname.clone()).filter(|it| !it.is_empty()), name: it.relname.clone() }
}

fn named(path: &[String]) -> Option<Named> {
    let (name, before) = path.split_last()?;
    Some(Named { schema: before.last().cloned(), name: name.clone() })
}

fn option(options: &[Node], name: &str) -> Option<String> {
    options.iter().find_map(|it| match &it.node {
        Some(NodeEnum::DefElem(elem)) if elem.defname == name => text(elem.arg.as_ref()?),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::{Need, demands};
    use crate::{model::Files, sources::script};

    /// What the statements ask for beside the relations that they name, in short.
    fn needs(sql: &str) -> Vec<String> {
        let mut files = Files::default();
        let script = script("a.sql", sql, &mut files).expect("a script");
        let each = demands(&script, &files).into_iter().filter(|it| !matches!(it.need, Need::Names(_)));
        each.map(|it| match it.need {
            Need::Names(_) => String::new(),
            Need::Owns(named) => format!("own {}", named.name),
            Need::Drops(named) => format!("drop {}", named.name),
            Need::May(privilege, named) => format!("{privilege} {}", named.name),
            Need::OwnsSchema(name) => format!("own schema {name}"),
            Need::CreatesIn(schema) => format!("create in {}", schema.or(it.path).unwrap_or_default()),
            Need::CreatesInDatabase => "create in database".to_owned(),
            Need::CreatesExtension { name, version, .. } => format!("extension {name} {}", version.unwrap_or_default()),
            Need::UpdatesExtension { name, version } => format!("update {name} {}", version.unwrap_or_default()),
        })
        .collect()
    }

    #[test]
    fn what_statements_need() {
        let cases: [(&str, &[&str]); 14] = [
            ("CREATE TABLE a.t (x int REFERENCES b.u)", &["create in a", "REFERENCES u"]),
            ("CREATE TEMP TABLE t (x int)", &[]),
            ("SET search_path = app; CREATE TABLE t (x int)", &["create in app"]),
            ("CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1)", &["create in ", "own p"]),
            (
                "ALTER TABLE t ADD FOREIGN KEY (x) REFERENCES u; ALTER TABLE t ATTACH PARTITION p DEFAULT",
                &["own t", "REFERENCES u", "own t", "own p"],
            ),
            ("CREATE INDEX i ON a.t (x)", &["own t", "create in a"]),
            ("DROP TABLE a.t, u", &["drop t", "drop u"]),
            ("DROP TRIGGER x ON a.t", &["own t"]),
            ("DROP SCHEMA a", &["own schema a"]),
            ("ALTER TABLE a.t RENAME TO u", &["own t", "create in a"]),
            ("UPDATE t SET x = 1; TRUNCATE t", &["UPDATE t", "TRUNCATE t"]),
            ("COMMENT ON COLUMN a.t.x IS ''", &["own t"]),
            ("CREATE SCHEMA a", &["create in database"]),
            ("CREATE EXTENSION v VERSION '1.2'; ALTER EXTENSION v UPDATE TO '2'", &["extension v 1.2", "update v 2"]),
        ];
        for (sql, expected) in cases {
            assert_eq!(needs(sql), expected, "{sql}");
        }
    }

    #[test]
    fn whose_rights_count() {
        let mut files = Files::default();
        let sql = "SET ROLE app; DROP TABLE a; RESET ROLE; DROP TABLE b";
        let script = script("a.sql", sql, &mut files).expect("a script");
        let drops = demands(&script, &files).into_iter().filter(|it| matches!(it.need, Need::Drops(_)));
        assert_eq!(drops.map(|it| it.role).collect::<Vec<_>>(), [Some("app".to_owned()), None]);
    }
}
