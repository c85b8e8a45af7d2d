//! `CREATE EVENT TRIGGER`

use crate::{
    ddl::{Action, Alter, Lock, Target},
    kinds::{PgObject, Renamed, object, state},
    model::{Literal, ObjectId},
};

object! {
    pub struct EventTrigger {
        /// `ddl_command_end`
        pub event: String,
        /// Command tags; empty where it fires on all.
        pub tags: Vec<String>,
        pub function: String,
        /// The letter in `pg_event_trigger.evtenabled`.
        pub enabled: String,
    }
}

impl PgObject for EventTrigger {
    state!();
    const LABEL: &'static str = "EVENT TRIGGER";
    const RENAMED: Renamed = Renamed::ByItself(Lock::None);
    const FIRES_ON_DDL: bool = true;
    const CATALOG: &'static str = "
        SELECT 'pg_event_trigger'::regclass::oid AS classid, t.oid AS objid, 0 AS objsubid, t.evtname::text AS name,
               t.evtevent::text AS event, coalesce(t.evttags, '{}') AS tags,
               t.evtfoid::regproc::text AS function, t.evtenabled::text AS enabled
        FROM pg_event_trigger t
        WHERE $1::oid[] IS NOT NULL";

    fn create(&self, id: &ObjectId, _: Target) -> Vec<Action> {
        let EventTrigger { event, tags, function, enabled } = self;
        let tags: Vec<String> = tags.iter().map(|tag| Literal(tag).to_string()).collect();
        let when = if tags.is_empty() { String::new() } else { format!("\n    WHEN TAG IN ({})", tags.join(", ")) };
        let sql = format!("CREATE {id} ON {event}{when}\n    EXECUTE FUNCTION {function}()");
        let mut actions = vec![Action::create(id, sql)];
        if enabled != "O" {
            actions.push(self.enable(id));
        }
        actions
    }
    fn alter(&self, id: &ObjectId, to: &EventTrigger, attr: Attr, _: Target) -> Alter {
        match attr {
            Attr::event | Attr::tags | Attr::function => Alter::Rebuild,
            // A position below zero puts it before the other changes.
            Attr::enabled if to.enabled == "D" => Alter::Do(vec![to.enable(id).at(-1)]),
            Attr::enabled => Alter::Do(vec![to.enable(id)]),
        }
    }
    fn since(&self) -> Option<(i32, &'static str)> {
        (self.event == "login").then_some((17, "event triggers on login"))
    }
    fn drop(&self, id: &ObjectId) -> Vec<Action> {
        vec![Action::drop(id, format!("DROP {id}"))]
    }
}

impl EventTrigger {
    fn enable(&self, id: &ObjectId) -> Action {
        let state = match self.enabled.as_str() {
            "D" => "DISABLE",
            "R" => "ENABLE REPLICA",
            "A" => "ENABLE ALWAYS",
            _ => "ENABLE",
        };
        Action::alter(id, format!("ALTER {id} {state}"))
    }
}
