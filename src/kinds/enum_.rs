//! `CREATE TYPE … AS ENUM`

use crate::{
    ddl::{Action, Alter, Lock, Risk, Target, When},
    kinds::{Namespace, PgObject, Renamed, object, state},
    model::{Literal, ObjectId},
};

object! {
    pub struct Enum {
        pub labels: Vec<String>,
    }
}

impl PgObject for Enum {
    state!();
    const LABEL: &'static str = "TYPE";
    const RENAMED: Renamed = Renamed::ByItself(Lock::None);
    const NAMESPACES: &'static [Namespace] = &[Namespace::Relation];
    const CAN_BE_MENTIONED: bool = true;
    const CATALOG: &'static str = "
        SELECT 'pg_type'::regclass::oid AS classid, t.oid AS objid, 0 AS objsubid,
               'pg_namespace'::regclass::oid AS parent_class, t.typnamespace AS parent_id, 0 AS parent_sub,
               t.typname::text AS name,
               ARRAY(SELECT e.enumlabel::text FROM pg_enum e WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder) AS labels
        FROM pg_type t
        WHERE t.typtype = 'e' AND t.typnamespace = ANY($1)";

    fn create(&self, id: &ObjectId, _: Target) -> Vec<Action> {
        let labels: Vec<String> = self.labels.iter().map(|label| Literal(label).to_string()).collect();
        vec![Action::create(id, format!("CREATE TYPE {} AS ENUM ({})", id.qualified(), labels.join(", ")))]
    }
    fn alter(&self, id: &ObjectId, to: &Enum, attr: Attr, _: Target) -> Alter {
        match attr {
            Attr::labels => match self.additions(id, to) {
                Some(actions) => Alter::Do(actions),
                None => Alter::Rebuild,
            },
        }
    }
    fn drop(&self, id: &ObjectId) -> Vec<Action> {
        vec![Action::drop(id, format!("DROP TYPE {}", id.qualified()))]
    }
    fn risks(&self, _: &ObjectId, to: Option<&Enum>) -> Vec<Risk> {
        let Some(to) = to else { return Vec::new() };
        let gone: Vec<String> = self.labels.iter().filter(|label| !to.labels.contains(label)).cloned().collect();
        if gone.is_empty() { Vec::new() } else { vec![Risk::EnumValuesRemoved(gone)] }
    }
    fn labels(&self) -> &[String] {
        &self.labels
    }
    fn set_aside(&self, id: &ObjectId) -> Option<(Action, Action)> {
        Some(super::set_aside_by_rename(Self::LABEL, id))
    }
}

impl Enum {
    /// `ADD VALUE` for each new label; `None` where a label is gone or has moved, which PostgreSQL cannot do in place.
    fn additions(&self, id: &ObjectId, to: &Enum) -> Option<Vec<Action>> {
        let kept: Vec<&String> = to.labels.iter().filter(|label| self.labels.contains(label)).collect();
        if kept.len() != self.labels.len() || kept.iter().zip(&self.labels).any(|(a, b)| *a != b) {
            return None;
        }
        let mut actions = Vec::new();
        for (at, label) in to.labels.iter().enumerate().filter(|(_, label)| !self.labels.contains(label)) {
            let place = match at.checked_sub(1).map(|before| &to.labels[before]) {
                Some(_) if to.labels[at..].iter().all(|later| !self.labels.contains(later)) => String::new(),
                Some(before) => format!(" AFTER {}", Literal(before)),
                None => to
                    .labels
                    .iter()
                    .find(|next| self.labels.contains(next))
                    .map_or_else(String::new, |next| format!(" BEFORE {}", Literal(next))),
            };
            let sql = format!("ALTER TYPE {} ADD VALUE {}{place}", id.qualified(), Literal(label));
            actions.push(Action::alter(id, sql).when(When::BeforeCommit));
        }
        Some(actions)
    }
}
