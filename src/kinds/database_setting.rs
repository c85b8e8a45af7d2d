//! `ALTER DATABASE … SET` and `ALTER ROLE … IN DATABASE … SET`, for the database that is compared, whatever its name is.
//! The value of a secret is never read.

use crate::{
    ddl::{Action, Alter, Leaves, Target, Verb},
    kinds::{PgObject, Wants, object, sql, state},
    model::{Ident, Literal, ObjectId},
};

object! {
    pub struct DatabaseSetting {
        /// `None` where it is a secret.
        pub value: Option<String>,
        /// Set where it holds for one role only.
        pub role: Option<String>,
    }
}

impl PgObject for DatabaseSetting {
    state!();
    const LABEL: &'static str = "SETTING OF THE DATABASE";
    const CATALOG: &'static str = concat!(
        "
        SELECT 0::oid AS classid, 0::oid AS objid, 0 AS objsubid, split_part(o, '=', 1) AS name,
               coalesce(' FOR ROLE ' || quote_ident(r.rolname), '') AS signature,
               CASE WHEN NOT (",
        crate::kinds::foreign_options::secret_setting!(),
        ") THEN substr(o, strpos(o, '=') + 1) END AS value, r.rolname::text AS role
        FROM pg_db_role_setting s
        CROSS JOIN unnest(s.setconfig) o
        LEFT JOIN pg_roles r ON r.oid = s.setrole
        WHERE s.setdatabase = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
          AND $1::oid[] IS NOT NULL"
    );

    fn address(id: &ObjectId) -> String {
        format!("{} {}{}", Self::LABEL, id.name, id.signature)
    }
    fn create(&self, id: &ObjectId, _: Target) -> Vec<Action> {
        vec![self.set(Verb::Create, id)]
    }
    fn alter(&self, id: &ObjectId, to: &DatabaseSetting, attr: Attr, _: Target) -> Alter {
        match attr {
            Attr::value => Alter::Do(vec![to.set(Verb::Alter, id)]),
            Attr::role => Alter::Ignore("it is part of the address"),
        }
    }
    fn wants(&self, _: &ObjectId) -> Wants {
        Wants { roles: self.role.iter().cloned().collect(), extension: None }
    }
    fn drop(&self, id: &ObjectId) -> Vec<Action> {
        vec![Action::statement(Verb::Drop, id, self.change(&format!("RESET {}", name(id))))]
    }
}

impl DatabaseSetting {
    fn set(&self, verb: Verb, id: &ObjectId) -> Action {
        let assign = |value: &str| self.change(&format!("SET {} TO {value}", name(id)));
        match &self.value {
            Some(value) if LISTS.contains(&id.name.raw()) => {
                let names: Vec<String> = elements(value).iter().map(|name| Literal(name).to_string()).collect();
                Action::statement(verb, id, assign(&names.join(", ")))
            }
            Some(value) => Action::statement(verb, id, assign(&Literal(value).to_string())),
            None => {
                let text = format!("set the value of {id}, which is a secret and not written here");
                Action::statement(verb, id, "").leaves(Leaves::Secret { text, stand_in: assign("'1'") })
            }
        }
    }

    /// The name of the database is not the same everywhere, and the statement has no word for the current one.
    fn change(&self, change: &str) -> String {
        let head = match &self.role {
            Some(role) => format!("ALTER ROLE {} IN DATABASE", sql::role(role)),
            None => "ALTER DATABASE".to_owned(),
        };
        let (head, change) = (head.replace('%', "%%"), change.replace('%', "%%"));
        let format = Literal(&format!("{head} %I {change}")).to_string();
        format!("DO $$ BEGIN EXECUTE format({format}, current_database()); END $$")
    }
}

/// Settings whose value is a list of names (`variable_is_guc_list_quote` in PostgreSQL's dumputils.c).
const LISTS: [&str; 6] = [
    "local_preload_libraries",
    "search_path",
    "session_preload_libraries",
    "shared_preload_libraries",
    "temp_tablespaces",
    "unix_socket_directories",
];

/// `app.user` is two names with a dot between.
fn name(id: &ObjectId) -> String {
    id.name.raw().split('.').map(|part| Ident::new(part).to_string()).collect::<Vec<_>>().join(".")
}

/// The names in `"$user", public`.
fn elements(list: &str) -> Vec<String> {
    let mut names = vec![String::new()];
    let mut quoted = false;
    let mut chars = list.chars().peekable();
    while let Some(it) = chars.next() {
        let doubled = it == '"' && quoted && chars.peek() == Some(&'"');
        match it {
            '"' if doubled => {
                chars.next();
                names.iter_mut().last().into_iter().for_each(|name| name.push('"'));
            }
            '"' => quoted = !quoted,
            ',' if !quoted => names.push(String::new()),
            ' ' if !quoted => (),
            _ => names.iter_mut().last().into_iter().for_each(|name| name.push(it)),
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::elements;

    #[test]
    fn a_list_is_split_where_postgresql_joined_it() {
        assert_eq!(elements("\"$user\", public"), ["$user", "public"]);
        assert_eq!(elements("\"a, \"\"b\"\"\",c"), ["a, \"b\"", "c"]);
        assert_eq!(elements("\"\""), [""]);
    }
}
