//! `CREATE SUBSCRIPTION`. Its connection string is never read.

use crate::{
    ddl::{Action, Alter, Leaves, Lock, Target},
    kinds::{PgObject, Renamed, object, state},
    model::{Ident, Literal, ObjectId},
};

object! {
    pub struct Subscription {
        pub enabled: bool,
        pub publications: Vec<String>,
        pub slot: Option<String>,
        pub synchronous_commit: String,
        pub binary: Option<bool>,
        pub streaming: Option<String>,
        /// Can be set only when the subscription is created, before version 18.
        pub two_phase: Option<bool>,
        pub disable_on_error: Option<bool>,
        pub password_required: Option<bool>,
        pub run_as_owner: Option<bool>,
        pub origin: Option<String>,
        pub failover: Option<bool>,
    }
}

impl PgObject for Subscription {
    state!();
    const LABEL: &'static str = "SUBSCRIPTION";
    const RENAMED: Renamed = Renamed::ByItself(Lock::None);
    // Not everyone may read every column, so each is named. One that the server does not have yet is taken from the
    // row beside it.
    const CATALOG: &'static str = "
        SELECT 'pg_subscription'::regclass::oid AS classid, s.oid AS objid, 0 AS objsubid, s.subname::text AS name,
               s.subenabled AS enabled, s.subpublications AS publications, s.subslotname::text AS slot,
               s.subsynccommit AS synchronous_commit, q.*
        FROM pg_subscription s
        CROSS JOIN (SELECT NULL::bool AS subbinary, NULL::text AS substream, NULL::text AS subtwophasestate,
                           NULL::bool AS subdisableonerr, NULL::bool AS subpasswordrequired, NULL::bool AS subrunasowner,
                           NULL::text AS suborigin, NULL::bool AS subfailover) beside
        CROSS JOIN LATERAL (
            SELECT subbinary AS binary,
                   CASE substream::text WHEN 'p' THEN 'parallel' WHEN 't' THEN 'on' WHEN 'true' THEN 'on'
                        WHEN 'f' THEN 'off' WHEN 'false' THEN 'off' END AS streaming,
                   subtwophasestate::text <> 'd' AS two_phase, subdisableonerr AS disable_on_error,
                   subpasswordrequired AS password_required, subrunasowner AS run_as_owner, suborigin::text AS origin,
                   subfailover AS failover
            FROM pg_subscription WHERE oid = s.oid) q
        WHERE s.subdbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND $1::oid[] IS NOT NULL";

    fn create(&self, id: &ObjectId, _: Target) -> Vec<Action> {
        let mut options = vec!["connect = false".to_owned()];
        options.extend(self.plain().changed_attrs(self).into_iter().filter_map(|attr| self.option(attr)));
        // Without a connection it does nothing until a person gives it one.
        let sql =
            format!("CREATE {id} CONNECTION '' PUBLICATION {} WITH ({})", self.publications(), options.join(", "));
        let enable = if self.enabled { " and ENABLE it" } else { "" };
        let text = format!("ALTER {id} CONNECTION, since the connection string is not written here{enable}");
        let stand_in = format!("ALTER {id} {}", if self.enabled { "ENABLE" } else { "DISABLE" });
        vec![Action::create(id, sql).leaves(Leaves::Secret { text, stand_in })]
    }
    fn alter(&self, id: &ObjectId, to: &Subscription, attr: Attr, _: Target) -> Alter {
        let clause = match attr {
            Attr::enabled => Some(if to.enabled { "ENABLE" } else { "DISABLE" }.to_owned()),
            Attr::publications => Some(format!("SET PUBLICATION {} WITH (refresh = false)", to.publications())),
            // Later versions can change it where it is, and ask the publisher for it, who is out of a rehearsal's reach.
            Attr::two_phase => return Alter::Rebuild,
            Attr::slot
            | Attr::synchronous_commit
            | Attr::binary
            | Attr::streaming
            | Attr::disable_on_error
            | Attr::password_required
            | Attr::run_as_owner
            | Attr::origin
            | Attr::failover => to.option(attr).map(|option| format!("SET ({option})")),
        };
        Alter::Do(clause.into_iter().map(|clause| Action::alter(id, format!("ALTER {id} {clause}"))).collect())
    }
    fn drop(&self, id: &ObjectId) -> Vec<Action> {
        let mut actions = Vec::new();
        // Else PostgreSQL would call the publisher to drop the slot, which it does not do in a transaction.
        if let Some(slot) = &self.slot {
            actions.extend(self.enabled.then(|| Action::drop(id, format!("ALTER {id} DISABLE"))));
            let text = format!("the replication slot {} stays on the publisher; drop it there", Ident::new(slot));
            let detach = Action::drop(id, format!("ALTER {id} SET (slot_name = NONE)"));
            actions.push(detach.leaves(Leaves::Elsewhere(text)));
        }
        actions.push(Action::drop(id, format!("DROP {id}")));
        actions
    }
}

impl Subscription {
    /// As a new one is. How it streams by default depends on the version, so that is always said.
    fn plain(&self) -> Subscription {
        Subscription {
            // The name of the slot is always said, too.
            slot: match &self.slot {
                Some(_) => None,
                None => Some(String::new()),
            },
            synchronous_commit: "off".to_owned(),
            binary: self.binary.map(|_| false),
            streaming: None,
            two_phase: self.two_phase.map(|_| false),
            disable_on_error: self.disable_on_error.map(|_| false),
            password_required: self.password_required.map(|_| true),
            run_as_owner: self.run_as_owner.map(|_| false),
            origin: self.origin.as_ref().map(|_| "any".to_owned()),
            failover: self.failover.map(|_| false),
            ..self.clone()
        }
    }
    fn publications(&self) -> String {
        self.publications.iter().map(|name| Ident::new(name).to_string()).collect::<Vec<_>>().join(", ")
    }
    /// As `WITH (…)` and `SET (…)` write it; nothing for what the server does not know, or what is no option.
    fn option(&self, attr: Attr) -> Option<String> {
        let flag = |name: &str, value: Option<bool>| value.map(|value| format!("{name} = {value}"));
        match attr {
            Attr::enabled | Attr::publications => None,
            Attr::slot => Some(match &self.slot {
                Some(name) => format!("slot_name = {}", Literal(name)),
                None => "slot_name = NONE".to_owned(),
            }),
            Attr::synchronous_commit => Some(format!("synchronous_commit = {}", Literal(&self.synchronous_commit))),
            Attr::binary => flag("binary", self.binary),
            Attr::streaming => self.streaming.as_ref().map(|mode| format!("streaming = {mode}")),
            Attr::two_phase => flag("two_phase", self.two_phase),
            Attr::disable_on_error => flag("disable_on_error", self.disable_on_error),
            Attr::password_required => flag("password_required", self.password_required),
            Attr::run_as_owner => flag("run_as_owner", self.run_as_owner),
            Attr::origin => self.origin.as_ref().map(|origin| format!("origin = {origin}")),
            Attr::failover => flag("failover", self.failover),
        }
    }
}
