//! A column of another type, by a new column beside the old one: expand, fill, change places, contract.

use crate::{
    ddl::{Action, Expansion, Lock, Target, When},
    kinds::{backfill, name_beside, sql},
    model::{Ident, Literal, ObjectId, Version},
};

/// What the new column is to be.
pub(crate) struct Successor<'a> {
    pub data_type: &'a str,
    /// What makes a value of the one column one of the other; empty where assigning it does.
    pub cast: String,
    pub not_null: bool,
}

/// What the new column is called until it is in its place.
pub(crate) fn beside(id: &ObjectId) -> ObjectId {
    ObjectId { name: name_beside(&id.name), ..id.clone() }
}

impl Successor<'_> {
    fn of(&self, value: &str) -> String {
        format!("{value}{}", self.cast)
    }

    /// The whole way. `add` makes the new column, as it is to be but for NOT NULL.
    pub(crate) fn expansion(&self, id: &ObjectId, add: Vec<Action>, target: Target) -> Expansion {
        let (table, name, beside) = (id.container(), &id.name, beside(id));
        let (new, old) = (&beside.name, sql::suffixed(name, "__old"));
        let (on, (function, trigger)) = (table.qualified(), sync_names(id));
        let is_due = format!("{name} IS NOT NULL AND {new} IS NULL");
        let fill = backfill::fill(id, table, &format!("{new} = {}", self.of(&name.to_string())), &is_due, target);
        let mut expand: Vec<Action> = add.into_iter().map(|it| it.about(id)).collect();
        expand.extend(self.sync(id, new));
        expand.extend([fill, self.verify(id, new)]);
        let mut swap = vec![
            format!("ALTER TABLE {on} RENAME COLUMN {name} TO {old}"),
            format!("ALTER TABLE {on} RENAME COLUMN {new} TO {name}"),
        ];
        if self.not_null {
            expand.extend(not_null(id, new, target));
            swap.push(format!("ALTER TABLE {on} ALTER COLUMN {old} DROP NOT NULL"));
            swap.extend(
                names(id, target).map(|(own, beside)| format!("ALTER TABLE {on} RENAME CONSTRAINT {beside} TO {own}")),
            );
        }
        // Without it the planner would know nothing of the values of the new column.
        let analyze = Action::alter(id, format!("ANALYZE {on}")).locks(Lock::ShareUpdateExclusive);
        Expansion {
            ready: vec![analyze.when(When::OwnTransaction)],
            swap,
            part: vec![format!("DROP TRIGGER {trigger} ON {on}"), format!("DROP FUNCTION {function}()")],
            contract: vec![format!("ALTER TABLE {on} DROP COLUMN {old}")],
            brings: Vec::new(),
            beside,
            expand,
        }
    }

    /// Keeps the new column as the old one is, whoever writes.
    fn sync(&self, id: &ObjectId, new: &Ident) -> [Action; 2] {
        let (function, trigger) = sync_names(id);
        let value = self.of(&format!("NEW.{}", id.name));
        let body = format!("BEGIN NEW.{new} := {value}; RETURN NEW; END");
        let create = format!("CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS $sync$ {body} $sync$");
        let on = id.container().qualified();
        let fire = format!(
            "CREATE TRIGGER {trigger} BEFORE INSERT OR UPDATE ON {on} FOR EACH ROW EXECUTE FUNCTION {function}()"
        );
        [Action::alter(id, create), Action::alter(id, fire).locks(Lock::ShareRowExclusive)]
    }

    fn verify(&self, id: &ObjectId, new: &Ident) -> Action {
        let (on, value) = (id.container().qualified(), self.of(&id.name.to_string()));
        // Not every type has an equality.
        let cast = if self.cast.is_empty() { format!("{value}::{}", self.data_type) } else { value };
        let says = Literal(&format!("{on}: {new} is not as {} is", id.name)).to_string();
        let sql = format!(
            "DO $verify$
BEGIN
    IF EXISTS (SELECT FROM {on} WHERE {new}::text IS DISTINCT FROM ({cast})::text) THEN
        RAISE EXCEPTION USING MESSAGE = {says};
    END IF;
END $verify$"
        );
        Action::alter(id, sql).when(When::OwnTransaction)
    }
}

/// Makes the new column NOT NULL by a constraint that is validated while others write.
pub(crate) fn not_null(id: &ObjectId, new: &Ident, target: Target) -> Vec<Action> {
    let validate = |constraint: &Ident| {
        let validate = alter(id, &format!("VALIDATE CONSTRAINT {constraint}")).locks(Lock::ShareUpdateExclusive);
        validate.when(When::OwnTransaction)
    };
    if let Some((_, beside)) = names(id, target) {
        let add = alter(id, &format!("ADD CONSTRAINT {beside} NOT NULL {new} NOT VALID"));
        return vec![add, validate(&beside)];
    }
    let check = sql::suffixed(&id.name, "__not_null");
    vec![
        alter(id, &format!("ADD CONSTRAINT {check} CHECK ({new} IS NOT NULL) NOT VALID")),
        validate(&check),
        alter(id, &format!("ALTER COLUMN {new} SET NOT NULL")),
        alter(id, &format!("DROP CONSTRAINT {check}")),
    ]
}

/// What the constraint behind NOT NULL is called by itself, and until then; where it has a name (version 18 and later).
fn names(id: &ObjectId, target: Target) -> Option<(Ident, Ident)> {
    let own = Ident::new(format!("{}_{}_not_null", id.container().name.raw(), id.name.raw()));
    let can = Version::major(18) <= target.version && own.raw().len() < 64;
    can.then(|| (own.clone(), sql::suffixed(&own, sql::NEW)))
}

/// A statement that is not joined with others: each is to be short.
fn alter(id: &ObjectId, clause: &str) -> Action {
    Action::alter(id, format!("ALTER TABLE {} {clause}", id.container().qualified())).locks(Lock::AccessExclusive)
}

/// The trigger fires after all others that could still change the row.
pub(crate) fn sync_names(id: &ObjectId) -> (String, Ident) {
    let table = id.container();
    let function = sql::suffixed(&Ident::new(format!("{}_{}", table.name.raw(), id.name.raw())), "__sync");
    let trigger = sql::suffixed(&Ident::new(format!("zz_{}", id.name.raw())), "__sync");
    (format!("{}.{function}", table.container().qualified()), trigger)
}
