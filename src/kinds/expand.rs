//! A column of another type, by a new column beside the old one: expand, fill, change places, contract.

use crate::{
    ddl::{Action, Lock, Target, Verb, When},
    kinds::{backfill, sql},
    model::{Ident, Literal, ObjectId},
};

/// What the new column is to be.
pub(crate) struct Successor<'a> {
    /// With its collation.
    pub typed: &'a str,
    pub data_type: &'a str,
    /// What makes a value of the one column one of the other; empty where assigning it does.
    pub cast: String,
    pub not_null: bool,
}

impl Successor<'_> {
    fn of(&self, value: &str) -> String {
        format!("{value}{}", self.cast)
    }

    /// The whole way, one action after the other.
    pub(crate) fn actions(&self, id: &ObjectId, target: Target) -> Vec<Action> {
        let (table, name) = (id.container(), &id.name);
        let (new, old) = (sql::suffixed(name, sql::NEW), sql::suffixed(name, "__old"));
        let on = table.qualified();
        let alter =
            |clause: String| Action::alter(id, format!("ALTER TABLE {on} {clause}")).locks(Lock::AccessExclusive);
        let is_due = format!("{name} IS NOT NULL AND {new} IS NULL");
        let fill = backfill::fill(id, table, &format!("{new} = {}", self.of(&name.to_string())), &is_due, target);
        let mut actions = vec![alter(format!("ADD COLUMN {new} {}", self.typed))];
        actions.extend(self.sync(id, &new));
        actions.extend([fill, self.verify(id, &new)]);
        if self.not_null {
            let check = sql::suffixed(name, "__not_null");
            let validate = alter(format!("VALIDATE CONSTRAINT {check}")).locks(Lock::ShareUpdateExclusive);
            actions.extend([
                alter(format!("ADD CONSTRAINT {check} CHECK ({new} IS NOT NULL) NOT VALID")),
                validate.when(When::OwnTransaction),
                alter(format!("ALTER COLUMN {new} SET NOT NULL")),
                alter(format!("DROP CONSTRAINT {check}")),
            ]);
        }
        actions.push(swap(id, &new, &old));
        actions.push(alter(format!("DROP COLUMN {old}")).contracts());
        actions
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

/// Lets the columns change places in one transaction. New rows get the default from then on, as PostgreSQL prints it.
fn swap(id: &ObjectId, new: &Ident, old: &Ident) -> Action {
    let (on, name) = (id.container().qualified(), &id.name);
    let (function, trigger) = sync_names(id);
    let (table, column) = (Literal(&on).to_string(), Literal(old.raw()).to_string());
    let sql = format!(
        "DO $swap$
DECLARE
    expression text;
BEGIN
    ALTER TABLE {on} RENAME COLUMN {name} TO {old};
    ALTER TABLE {on} RENAME COLUMN {new} TO {name};
    SELECT pg_get_expr(d.adbin, d.adrelid) INTO expression
    FROM pg_attrdef d JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
    WHERE d.adrelid = {table}::regclass AND a.attname = {column};
    IF expression IS NOT NULL THEN
        EXECUTE 'ALTER TABLE {escaped} ALTER COLUMN {field} SET DEFAULT ' || expression;
    END IF;
    ALTER TABLE {on} ALTER COLUMN {old} DROP DEFAULT, ALTER COLUMN {old} DROP NOT NULL;
    DROP TRIGGER {trigger} ON {on};
    DROP FUNCTION {function}();
END $swap$",
        escaped = on.replace('\'', "''"),
        field = name.to_string().replace('\'', "''"),
    );
    Action::statement(Verb::Alter, id, sql).locks(Lock::AccessExclusive)
}

/// The trigger fires after all others that could still change the row.
fn sync_names(id: &ObjectId) -> (String, Ident) {
    let table = id.container();
    let function = sql::suffixed(&Ident::new(format!("{}_{}", table.name.raw(), id.name.raw())), "__sync");
    let trigger = sql::suffixed(&Ident::new(format!("zz_{}", id.name.raw())), "__sync");
    (format!("{}.{function}", table.container().qualified()), trigger)
}
