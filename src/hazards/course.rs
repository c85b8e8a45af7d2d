//! A migration around one of its statements: what the ones before it have made, and where the ones after it lead.

use std::collections::BTreeSet;

use pg_query::NodeEnum;

use crate::{
    catalog::Catalog,
    ddl::Risk,
    diff::Change,
    hazards::{Event, event::whole},
    model::ObjectId,
};

/// How far a migration has come.
pub struct Course<'a> {
    /// Tables that it has created, and put no row in: nobody uses them yet.
    fresh: BTreeSet<ObjectId>,
    /// The states before its first statement, and after its last.
    begin: &'a Catalog,
    end: &'a Catalog,
}

impl<'a> Course<'a> {
    pub fn new(begin: &'a Catalog, end: &'a Catalog) -> Course<'a> {
        Course { fresh: BTreeSet::new(), begin, end }
    }

    /// Takes note of what a statement has done.
    pub fn hear(&mut self, event: &Event<'_>, changes: &[Change]) {
        match &event.tree {
            Some(NodeEnum::CreateStmt(_)) => {
                let added = changes.iter().filter(|it| matches!(it, Change::Add(_))).map(|it| whole(it.id()));
                self.fresh.extend(added.filter(|id| !event.sides.from.contains(id)).cloned());
            }
            Some(NodeEnum::InsertStmt(stmt)) if stmt.with_clause.is_none() => {
                let name = stmt.relation.as_ref().map(|it| it.relname.as_str());
                self.fresh.retain(|id| Some(id.name.raw()) != name);
            }
            // What else may run code may write anywhere.
            None
            | Some(
                NodeEnum::InsertStmt(_)
                | NodeEnum::UpdateStmt(_)
                | NodeEnum::DeleteStmt(_)
                | NodeEnum::MergeStmt(_)
                | NodeEnum::CopyStmt(_)
                | NodeEnum::SelectStmt(_)
                | NodeEnum::DoStmt(_)
                | NodeEnum::CallStmt(_)
                | NodeEnum::ExecuteStmt(_),
            ) => self.fresh.clear(),
            Some(_) => (),
        }
    }

    fn is_fresh(&self, id: &ObjectId) -> bool {
        self.fresh.contains(whole(id))
    }
}

impl<'a> Event<'a> {
    /// A statement in its migration. No row of a table that is new is in anybody's way, and no program knows it; and what a
    /// later statement takes back, nobody sees.
    #[must_use]
    pub fn within(mut self, course: &Course<'a>) -> Event<'a> {
        let Event { sides, .. } = self;
        let stays = |id: &ObjectId| match (sides.from.get(id), course.end.get(id)) {
            (Some(before), Some(end)) => {
                before.risks(id, Some(end)).iter().any(|it| matches!(it, Risk::TypeChanged(..)))
            }
            _ => true,
        };
        self.obstacles.retain(|it| !course.is_fresh(&it.column));
        self.losses.retain(|(id, _)| !course.is_fresh(id));
        self.risks.retain(|(id, risk)| match risk {
            Risk::Unique(_) | Risk::Validated(_) | Risk::TypeNarrowed(..) => !course.is_fresh(id),
            Risk::TypeChanged(..) => !course.is_fresh(id) && stays(id),
            _ => true,
        });
        self.migration = Some((course.begin, course.end));
        self
    }
}
