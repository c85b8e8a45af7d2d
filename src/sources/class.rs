//! What a statement is to the one who runs a script: an ordinary one, a transaction's edge, a session setting,
//! or something that concerns the whole server and therefore not a schema.

use pg_query::NodeEnum;
use pg_query::protobuf::{
    self, AlterTableType, DiscardMode, ObjectType, ReindexObjectType, TransactionStmtKind, VariableSetKind,
};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// Defines, changes or drops part of a schema.
    Schema,
    /// Reads or writes rows, or runs code.
    Rows,
    Transaction(Edge),
    /// `SET`, `RESET`, `SELECT set_config(…)`. Holds the schema that unqualified names go to from now on, if it says.
    Setting {
        creates_in: Option<String>,
        /// `SET LOCAL`: until the transaction ends.
        is_local: bool,
        /// The parameter that is set; nothing where it is all of them.
        parameter: Option<String>,
    },
    /// `CREATE ROLE`, `CREATE USER`, `CREATE GROUP`.
    Role(String),
    /// `ALTER DATABASE … SET`, `ALTER ROLE … IN DATABASE … SET`. It is about the database that is compared, by whatever
    /// name it goes.
    DatabaseSetting,
    /// About the server and not a schema; says what it is.
    Server(&'static str),
    /// `COPY` from or to the program that sends the statement.
    CopyThroughClient {
        from: bool,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Edge {
    Begin,
    Commit,
    Rollback,
    Within,
}

pub(crate) fn class(node: &NodeEnum) -> Class {
    match node {
        NodeEnum::TransactionStmt(stmt) => Class::Transaction(edge(stmt.kind())),
        NodeEnum::VariableSetStmt(stmt) => setting(stmt),
        NodeEnum::SelectStmt(stmt) => set_config(stmt).unwrap_or(Class::Rows),
        NodeEnum::AlterDatabaseSetStmt(_) => Class::DatabaseSetting,
        NodeEnum::AlterRoleSetStmt(stmt) if !stmt.database.is_empty() => Class::DatabaseSetting,
        NodeEnum::CreateRoleStmt(stmt) => Class::Role(stmt.role.clone()),
        NodeEnum::CopyStmt(stmt) if stmt.filename.is_empty() && !stmt.is_program => {
            Class::CopyThroughClient { from: stmt.is_from }
        }
        NodeEnum::DiscardStmt(stmt) if stmt.target() == DiscardMode::DiscardAll => {
            Class::Setting { creates_in: Some("public".into()), is_local: false, parameter: None }
        }
        NodeEnum::InsertStmt(_)
        | NodeEnum::UpdateStmt(_)
        | NodeEnum::DeleteStmt(_)
        | NodeEnum::MergeStmt(_)
        | NodeEnum::CopyStmt(_)
        | NodeEnum::TruncateStmt(_)
        | NodeEnum::ExplainStmt(_)
        | NodeEnum::LockStmt(_)
        | NodeEnum::DiscardStmt(_)
        | NodeEnum::VariableShowStmt(_)
        | NodeEnum::PrepareStmt(_)
        | NodeEnum::ExecuteStmt(_)
        | NodeEnum::DeallocateStmt(_)
        | NodeEnum::ConstraintsSetStmt(_)
        | NodeEnum::NotifyStmt(_)
        | NodeEnum::ListenStmt(_)
        | NodeEnum::UnlistenStmt(_)
        | NodeEnum::ReindexStmt(_)
        | NodeEnum::DoStmt(_) => Class::Rows,
        _ => server(node).map_or(Class::Schema, Class::Server),
    }
}

/// Whether PostgreSQL refuses the statement in a transaction block, and so in a batch too.
pub(crate) fn runs_alone(node: &NodeEnum) -> bool {
    match node {
        NodeEnum::IndexStmt(stmt) => stmt.concurrent,
        NodeEnum::DropStmt(stmt) => stmt.concurrent,
        NodeEnum::ReindexStmt(stmt) => {
            has_option(&stmt.params, "concurrently")
                || !matches!(stmt.kind(), ReindexObjectType::ReindexObjectIndex | ReindexObjectType::ReindexObjectTable)
        }
        NodeEnum::AlterTableStmt(stmt) => stmt.cmds.iter().any(|cmd| match &cmd.node {
            Some(NodeEnum::AlterTableCmd(cmd)) => match cmd.def.as_ref().and_then(|def| def.node.as_ref()) {
                Some(NodeEnum::PartitionCmd(partition)) => partition.concurrent,
                _ => false,
            },
            _ => false,
        }),
        NodeEnum::CreateSubscriptionStmt(_)
        | NodeEnum::AlterSubscriptionStmt(_)
        | NodeEnum::DropSubscriptionStmt(_)
        | NodeEnum::DiscardStmt(_) => true,
        _ => false,
    }
}

/// Whether the statement is about what does not exist yet.
pub(crate) fn sets_default_privileges(node: &NodeEnum) -> bool {
    matches!(node, NodeEnum::AlterDefaultPrivilegesStmt(_))
}

/// Whether the statement takes back or renames what is there. A folder with such statements tells a history, in which
/// a name means one thing here and another there.
pub(crate) fn tells_a_history(node: &NodeEnum) -> bool {
    match node {
        NodeEnum::DropStmt(_)
        | NodeEnum::RenameStmt(_)
        | NodeEnum::AlterObjectSchemaStmt(_)
        | NodeEnum::UpdateStmt(_)
        | NodeEnum::DeleteStmt(_)
        | NodeEnum::TruncateStmt(_) => true,
        NodeEnum::AlterTableStmt(stmt) => stmt.cmds.iter().any(|cmd| match &cmd.node {
            Some(NodeEnum::AlterTableCmd(cmd)) => {
                matches!(cmd.subtype(), AlterTableType::AtDropColumn | AlterTableType::AtDropConstraint)
            }
            _ => false,
        }),
        _ => false,
    }
}

fn server(node: &NodeEnum) -> Option<&'static str> {
    Some(match node {
        NodeEnum::CreatedbStmt(_) => "CREATE DATABASE",
        NodeEnum::DropdbStmt(_) => "DROP DATABASE",
        NodeEnum::AlterDatabaseStmt(_) | NodeEnum::AlterDatabaseRefreshCollStmt(_) => "ALTER DATABASE",
        NodeEnum::AlterSystemStmt(_) => "ALTER SYSTEM",
        NodeEnum::CreateTableSpaceStmt(_) => "CREATE TABLESPACE",
        NodeEnum::DropTableSpaceStmt(_) => "DROP TABLESPACE",
        NodeEnum::AlterTableSpaceOptionsStmt(_) => "ALTER TABLESPACE",
        NodeEnum::AlterRoleStmt(_) | NodeEnum::AlterRoleSetStmt(_) => "ALTER ROLE",
        NodeEnum::DropRoleStmt(_) => "DROP ROLE",
        NodeEnum::GrantRoleStmt(_) => "GRANT of a role",
        NodeEnum::VacuumStmt(stmt) if stmt.is_vacuumcmd => "VACUUM",
        NodeEnum::VacuumStmt(_) => "ANALYZE",
        NodeEnum::ClusterStmt(stmt) if stmt.relation.is_none() => "CLUSTER",
        NodeEnum::CheckPointStmt(_) => "CHECKPOINT",
        NodeEnum::LoadStmt(_) => "LOAD",
        NodeEnum::AlterOwnerStmt(stmt) => return of_database(stmt.object_type()).then_some("ALTER DATABASE"),
        NodeEnum::RenameStmt(stmt) => match stmt.rename_type() {
            protobuf::ObjectType::ObjectDatabase => "ALTER DATABASE",
            protobuf::ObjectType::ObjectRole => "ALTER ROLE",
            protobuf::ObjectType::ObjectTablespace => "ALTER TABLESPACE",
            _ => return None,
        },
        NodeEnum::CommentStmt(stmt) => match stmt.objtype() {
            protobuf::ObjectType::ObjectDatabase => "COMMENT ON DATABASE",
            protobuf::ObjectType::ObjectRole => "COMMENT ON ROLE",
            protobuf::ObjectType::ObjectTablespace => "COMMENT ON TABLESPACE",
            _ => return None,
        },
        NodeEnum::GrantStmt(stmt) => match stmt.objtype() {
            protobuf::ObjectType::ObjectDatabase => "GRANT ON DATABASE",
            protobuf::ObjectType::ObjectTablespace => "GRANT ON TABLESPACE",
            protobuf::ObjectType::ObjectParameterAcl => "GRANT ON PARAMETER",
            _ => return None,
        },
        _ => return None,
    })
}

fn of_database(kind: protobuf::ObjectType) -> bool {
    matches!(kind, protobuf::ObjectType::ObjectDatabase | protobuf::ObjectType::ObjectTablespace)
}

fn edge(kind: TransactionStmtKind) -> Edge {
    match kind {
        TransactionStmtKind::TransStmtBegin | TransactionStmtKind::TransStmtStart => Edge::Begin,
        TransactionStmtKind::TransStmtCommit | TransactionStmtKind::TransStmtPrepare => Edge::Commit,
        TransactionStmtKind::TransStmtRollback => Edge::Rollback,
        TransactionStmtKind::TransStmtSavepoint
        | TransactionStmtKind::TransStmtRelease
        | TransactionStmtKind::TransStmtRollbackTo
        | TransactionStmtKind::TransStmtCommitPrepared
        | TransactionStmtKind::TransStmtRollbackPrepared
        | TransactionStmtKind::Undefined => Edge::Within,
    }
}

fn setting(stmt: &protobuf::VariableSetStmt) -> Class {
    // The text that was read is UTF-8, whatever encoding a dump says it was written in.
    if stmt.name == "client_encoding" {
        return Class::Server("SET client_encoding");
    }
    if stmt.kind() == VariableSetKind::VarSetMulti {
        return Class::Rows;
    }
    let resets = stmt.kind() == VariableSetKind::VarResetAll
        || matches!(stmt.kind(), VariableSetKind::VarReset | VariableSetKind::VarSetDefault);
    let creates_in = match stmt.name.as_str() {
        "search_path" if resets => Some("public".to_owned()),
        "search_path" => Some(stmt.args.iter().filter_map(text).find(|name| name != "$user").unwrap_or_default()),
        _ if stmt.kind() == VariableSetKind::VarResetAll => Some("public".to_owned()),
        _ => None,
    };
    let parameter = Some(stmt.name.clone()).filter(|name| !name.is_empty());
    Class::Setting { creates_in, is_local: stmt.is_local, parameter }
}

/// Whether what it makes cannot be used before it is committed (PostgreSQL manual, `ALTER TYPE`).
pub(crate) fn serves_later(node: &NodeEnum) -> bool {
    match node {
        NodeEnum::AlterEnumStmt(stmt) => stmt.old_val.is_empty(),
        _ => false,
    }
}

/// Whether what it creates is nothing but a name, so that what is there already is the same.
pub(crate) fn makes_a_name(node: &NodeEnum) -> bool {
    match node {
        NodeEnum::AlterEnumStmt(_) => true,
        NodeEnum::CreateSchemaStmt(stmt) => stmt.schema_elts.is_empty(),
        _ => false,
    }
}

/// Whether what it creates has rows from the beginning: `CREATE TABLE … AS`.
pub(crate) fn takes_rows_along(node: &NodeEnum) -> bool {
    match node {
        NodeEnum::CreateTableAsStmt(stmt) => stmt.objtype() == ObjectType::ObjectTable,
        _ => false,
    }
}

/// `SELECT set_config('search_path', 'a, b', false)`, as pg_dump writes it; the last one says whether it is local.
fn set_config(stmt: &protobuf::SelectStmt) -> Option<Class> {
    let [target] = stmt.target_list.as_slice() else { return None };
    let Some(NodeEnum::ResTarget(target)) = &target.node else { return None };
    let Some(NodeEnum::FuncCall(call)) = target.val.as_ref().and_then(|val| val.node.as_ref()) else { return None };
    if call.funcname.last().and_then(text)? != "set_config" || call.args.len() != 3 {
        return None;
    }
    let parameter = text(&call.args[0])?;
    let creates_in = match parameter.as_str() {
        "search_path" => {
            let path = text(&call.args[1])?;
            Some(path.split(',').map(|part| part.trim().trim_matches('"')).find(|part| *part != "$user")?.to_owned())
        }
        _ => None,
    };
    Some(Class::Setting { creates_in, is_local: is_true(&call.args[2]), parameter: Some(parameter) })
}

fn is_true(node: &protobuf::Node) -> bool {
    match &node.node {
        Some(NodeEnum::AConst(constant)) => {
            matches!(&constant.val, Some(protobuf::a_const::Val::Boolval(value)) if value.boolval)
        }
        _ => false,
    }
}

/// The text of a name or of a string constant.
pub(crate) fn text(node: &protobuf::Node) -> Option<String> {
    match node.node.as_ref()? {
        NodeEnum::String(value) => Some(value.sval.clone()),
        NodeEnum::AConst(constant) => match constant.val.as_ref()? {
            protobuf::a_const::Val::Sval(value) => Some(value.sval.clone()),
            _ => None,
        },
        _ => None,
    }
}

fn has_option(options: &[protobuf::Node], name: &str) -> bool {
    options.iter().any(|option| matches!(&option.node, Some(NodeEnum::DefElem(elem)) if elem.defname == name))
}
