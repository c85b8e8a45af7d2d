//! A column that gets another name, by a new column beside the old one: programs may use either until the old one goes.

use crate::{
    ddl::{Action, Expansion, Lock, Target, When, quoted, together},
    kinds::{backfill, beside::texts, expand},
    model::{Literal, ObjectId},
};

/// A column with the name that it has and the one that it gets.
pub(crate) struct BothNames<'a> {
    pub was: &'a ObjectId,
    pub id: &'a ObjectId,
    pub not_null: bool,
    pub default: Option<Initial>,
}

/// What a row holds there that says nothing of it.
pub(crate) struct Initial {
    pub id: ObjectId,
    /// The default, as a value of the column's type.
    pub value: String,
    /// Gives the column of the new name this default.
    pub set: Vec<Action>,
    /// Whether only one of the two columns can have it at a time: as each would come to another value, or since a NULL
    /// is nothing that a program gives.
    pub is_of_one: bool,
}

impl BothNames<'_> {
    /// The whole way. `add` makes the new column, as it is to be but for NOT NULL and its default.
    pub(crate) fn expansion(&self, add: Vec<Action>, target: Target) -> Expansion {
        let (id, table, old, new) = (self.id, self.id.container(), &self.was.name, &self.id.name);
        let (on, (function, trigger)) = (table.qualified(), expand::sync_names(self.was));
        let (early, late): (Vec<&Initial>, Vec<&Initial>) = self.default.iter().partition(|it| !it.is_of_one);
        let set = |defaults: &[&Initial]| texts(defaults.iter().flat_map(|it| it.set.clone()));
        let fire = format!(
            "CREATE TRIGGER {trigger} BEFORE INSERT OR UPDATE ON {on} FOR EACH ROW EXECUTE FUNCTION {function}()"
        );
        // From the moment that there are two names, they are kept alike.
        let add: Vec<String> = [texts(add), set(&early), vec![fire]].concat();
        // A value made of several may hold NULLs and be one all the same.
        let is_due = format!("{old} IS DISTINCT FROM NULL AND {new} IS NOT DISTINCT FROM NULL");
        let mut expand = vec![
            Action::alter(id, self.function(&function)),
            together(id, "expand", &[], &add).locks(Lock::AccessExclusive),
            backfill::fill(id, table, &format!("{new} = {old}"), &is_due, target),
            self.verify(),
        ];
        if self.not_null {
            expand.extend(expand::not_null(id, new, target));
        }
        let drop = [
            format!("DROP TRIGGER {trigger} ON {on}"),
            format!("DROP FUNCTION {function}()"),
            format!("ALTER TABLE {on} DROP COLUMN {old}"),
        ];
        // Without it the planner would know nothing of the values of the new column.
        let analyze = Action::alter(id, format!("ANALYZE {on}")).locks(Lock::ShareUpdateExclusive);
        Expansion {
            beside: id.clone(),
            expand,
            ready: vec![analyze.when(When::OwnTransaction)],
            swap: Vec::new(),
            part: Vec::new(),
            contract: [&drop[..], &set(&late)].concat(),
            brings: self.default.iter().map(|it| it.id.clone()).collect(),
        }
    }

    /// Keeps the two alike, whichever a program has set. What it leaves alone is as it was: in a row that is new, that is
    /// the default.
    fn function(&self, name: &str) -> String {
        let (old, new) = (&self.was.name, &self.id.name);
        let is_given = match self.default.as_ref().filter(|it| !it.is_of_one) {
            Some(it) => differs(&format!("NEW.{new}"), &it.value),
            None => format!("NEW.{new} IS DISTINCT FROM NULL"),
        };
        let is_set = differs(&format!("NEW.{new}"), &format!("OLD.{new}"));
        let body = format!(
            "
DECLARE
    by_new_name boolean;
BEGIN
    IF TG_OP = 'INSERT' THEN
        by_new_name := {is_given};
    ELSE
        by_new_name := {is_set};
    END IF;
    IF by_new_name THEN
        NEW.{old} := NEW.{new};
    ELSE
        NEW.{new} := NEW.{old};
    END IF;
    RETURN NEW;
END "
        );
        format!("CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS {}", quoted("sync", &body))
    }

    fn verify(&self) -> Action {
        let (on, old, new) = (self.id.container().qualified(), &self.was.name, &self.id.name);
        let says = Literal(&format!("{on}: {new} is not as {old} is")).to_string();
        let unlike = differs(&new.to_string(), &old.to_string());
        let body = format!(
            "
BEGIN
    IF EXISTS (SELECT FROM {on} WHERE {unlike}) THEN
        RAISE EXCEPTION USING MESSAGE = {says};
    END IF;
END "
        );
        Action::alter(self.id, format!("DO {}", quoted("verify", &body))).when(When::OwnTransaction)
    }
}

/// Whether two values are stored otherwise. Not every type has an equality, and some call equal what reads otherwise.
fn differs(one: &str, other: &str) -> String {
    format!("record_image_ne(ROW({one}), ROW({other}))")
}
