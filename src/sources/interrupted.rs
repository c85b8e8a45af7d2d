//! What shows whether a statement that runs outside of a transaction has done its work, when nobody saw it end.

use pg_query::NodeEnum;
use pg_query::protobuf::{self, ObjectType, RangeVar};

use super::class::text;
use crate::model::{Ident, parser};

/// What to look at. Names are as SQL writes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Interrupted {
    /// An index of this name is built on this table, and is invalid until that has ended
    /// (PostgreSQL manual, `CREATE INDEX`, "Building Indexes Concurrently").
    Builds { index: String, on: String },
    /// These indexes are no more.
    Drops(Vec<String>),
    /// This partition is none of this table, or is on its way (`pg_inherits.inhdetachpending`).
    Detaches { partition: String, from: String },
    /// It may run again, whatever it has done.
    MayRunAgain,
    /// All of it is done, or nothing; nobody can tell which.
    IsWhole,
    /// Nobody can tell, not even where it was refused.
    Unknown,
}

/// What an interrupted statement leaves behind, by its parse tree.
pub fn interrupted(sql: &str) -> Interrupted {
    let Ok(parsed) = parser::parse(sql) else { return Interrupted::Unknown };
    let mut nodes = parsed.stmts.iter().filter_map(|it| it.stmt.as_ref()?.node.as_ref());
    nodes.next().and_then(of).unwrap_or(Interrupted::Unknown)
}

fn of(node: &NodeEnum) -> Option<Interrupted> {
    Some(match node {
        NodeEnum::IndexStmt(stmt) if stmt.concurrent && !stmt.idxname.is_empty() => {
            Interrupted::Builds { index: Ident::new(&stmt.idxname).to_string(), on: relation(stmt.relation.as_ref()?) }
        }
        NodeEnum::DropStmt(stmt) if stmt.concurrent && stmt.remove_type() == ObjectType::ObjectIndex => {
            Interrupted::Drops(stmt.objects.iter().map(name).collect::<Option<_>>()?)
        }
        NodeEnum::AlterTableStmt(stmt) => {
            let [command] = stmt.cmds.as_slice() else { return None };
            let Some(NodeEnum::AlterTableCmd(command)) = &command.node else { return None };
            let Some(NodeEnum::PartitionCmd(partition)) = command.def.as_ref()?.node.as_ref() else { return None };
            let partition = relation(partition.name.as_ref()?);
            Interrupted::Detaches { partition, from: relation(stmt.relation.as_ref()?) }
        }
        NodeEnum::ReindexStmt(_) | NodeEnum::VacuumStmt(_) | NodeEnum::ClusterStmt(_) => Interrupted::MayRunAgain,
        NodeEnum::AlterSystemStmt(_) | NodeEnum::DiscardStmt(_) => Interrupted::MayRunAgain,
        NodeEnum::CreatedbStmt(_)
        | NodeEnum::DropdbStmt(_)
        | NodeEnum::AlterDatabaseStmt(_)
        | NodeEnum::CreateTableSpaceStmt(_)
        | NodeEnum::DropTableSpaceStmt(_)
        | NodeEnum::CreateSubscriptionStmt(_)
        | NodeEnum::AlterSubscriptionStmt(_)
        | NodeEnum::DropSubscriptionStmt(_) => Interrupted::IsWhole,
        _ => return None,
    })
}

fn relation(it: &RangeVar) -> String {
    qualified([it.schemaname.as_str(), &it.relname])
}

fn name(node: &protobuf::Node) -> Option<String> {
    let Some(NodeEnum::List(list)) = &node.node else { return None };
    let parts: Vec<String> = list.items.iter().map(text).collect::<Option<_>>()?;
    Some(qualified(parts.iter().map(String::as_str)))
}

fn qualified<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let named = parts.into_iter().filter(|it| !it.is_empty());
    named.map(|it| Ident::new(it).to_string()).collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::{Interrupted, interrupted};

    #[test]
    fn a_statement_says_what_to_look_at() {
        let builds = |index: &str, on: &str| Interrupted::Builds { index: index.to_owned(), on: on.to_owned() };
        assert_eq!(interrupted("CREATE UNIQUE INDEX CONCURRENTLY \"I\" ON a.t (x)"), builds("\"I\"", "a.t"));
        assert_eq!(interrupted("CREATE INDEX CONCURRENTLY ON t (x)"), Interrupted::Unknown);
        let drops = Interrupted::Drops(vec!["a.i".to_owned(), "j".to_owned()]);
        assert_eq!(interrupted("DROP INDEX CONCURRENTLY a.i, j"), drops);
        let detaches = Interrupted::Detaches { partition: "p".to_owned(), from: "t".to_owned() };
        assert_eq!(interrupted("ALTER TABLE t DETACH PARTITION p CONCURRENTLY"), detaches);
        assert_eq!(interrupted("VACUUM t"), Interrupted::MayRunAgain);
        assert_eq!(interrupted("CREATE DATABASE d"), Interrupted::IsWhole);
        assert_eq!(interrupted("CALL p()"), Interrupted::Unknown);
    }
}
