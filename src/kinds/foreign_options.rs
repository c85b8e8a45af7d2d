//! `OPTIONS (…)` of foreign data. An option that looks like a secret is known by its name alone: its value is never read.

use crate::{
    ddl::{Action, Leaves},
    model::{Ident, Literal, ObjectId},
};

/// SQL for two columns: `options`, as the catalog holds them, and `secrets`, the names of those whose value is a secret.
/// A value is one, too, where it holds a password, as a connection string may.
macro_rules! columns {
    ($array:literal) => {
        concat!(
            "ARRAY(SELECT o FROM unnest(",
            $array,
            ") o WHERE NOT (",
            crate::kinds::foreign_options::secret!(),
            ") ORDER BY 1) AS options, ",
            "ARRAY(SELECT split_part(o, '=', 1) FROM unnest(",
            $array,
            ") o WHERE ",
            crate::kinds::foreign_options::secret!(),
            ") AS secrets"
        )
    };
}
pub(crate) use columns;

/// SQL that tells whether the option `o` is a secret.
macro_rules! secret {
    () => {
        "(split_part(o, '=', 1) ~* 'passw|pwd|passphrase|secret|token|credential|(^|_|api|ssl|access|private)key(_id)?$'
          AND split_part(o, '=', 1) !~* '(primary|foreign|unique|partition|sort|row)_?key$')
         OR substr(o, strpos(o, '=') + 1) ~* '://[^/@ ]*:[^/@ ]*@|(password|passwd|pwd) *='"
    };
}
pub(crate) use secret;

/// SQL that tells whether the setting `o` is a secret. PostgreSQL's own, as `password_encryption`, are none.
macro_rules! secret_setting {
    () => {
        concat!("split_part(o, '=', 1) LIKE '%.%' AND (", crate::kinds::foreign_options::secret!(), ")")
    };
}
pub(crate) use secret_setting;

/// The clause of a `CREATE`; empty where there are none.
pub(crate) fn clause(options: &[String]) -> String {
    match options.is_empty() {
        true => String::new(),
        false => format!(" OPTIONS ({})", options.iter().map(|it| pair(it)).collect::<Vec<_>>().join(", ")),
    }
}

/// The clause of an `ALTER` that takes one set of options to another, if there is something to change.
pub(crate) fn change(from: &[String], to: &[String]) -> Option<String> {
    let gone = from.iter().map(|it| name(it)).filter(|it| !to.iter().any(|other| name(other) == *it));
    let gone = gone.map(|it| format!("DROP {}", Ident::new(it)));
    let new = to.iter().filter(|it| !from.contains(it)).map(|it| {
        let verb = if from.iter().any(|other| name(other) == name(it)) { "SET" } else { "ADD" };
        format!("{verb} {}", pair(it))
    });
    let changes: Vec<String> = gone.chain(new).collect();
    (!changes.is_empty()).then(|| format!("OPTIONS ({})", changes.join(", ")))
}

/// The clause that takes secrets away, which can be done without knowing them.
pub(crate) fn drop_secrets(from: &[String], to: &[String]) -> Option<String> {
    let gone: Vec<String> =
        from.iter().filter(|it| !to.contains(it)).map(|it| format!("DROP {}", Ident::new(it))).collect();
    (!gone.is_empty()).then(|| format!("OPTIONS ({})", gone.join(", ")))
}

/// What is left to do for the secrets that are new: to set them. No statement can be written for it. `alter` is the
/// statement that could, up to the options.
pub(crate) fn leave_secrets(id: &ObjectId, alter: &str, from: &[String], to: &[String]) -> Option<Action> {
    let new: Vec<String> = to.iter().filter(|it| !from.contains(it)).map(|it| Ident::new(it).to_string()).collect();
    let text = format!("set the secret options of {id}, which are not written here: {}", new.join(", "));
    let added: Vec<String> = new.iter().map(|it| format!("ADD {it} '1'")).collect();
    let stand_in = format!("{alter} OPTIONS ({})", added.join(", "));
    (!new.is_empty()).then(|| Action::alter(id, "").leaves(Leaves::Secret { text, stand_in }))
}

fn name(option: &str) -> &str {
    option.split('=').next().unwrap_or_default()
}

fn pair(option: &str) -> String {
    let (name, value) = option.split_once('=').unwrap_or((option, ""));
    format!("{} {}", Ident::new(name), Literal(value))
}

#[cfg(test)]
mod tests {
    use super::{change, clause};

    #[test]
    fn each_option_changes_by_itself() {
        let set = |options: &[&str]| options.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
        assert_eq!(clause(&set(&["host=a", "User=it's"])), " OPTIONS (host 'a', \"User\" 'it''s')");
        let changed = change(&set(&["host=a", "port=1"]), &set(&["host=b", "dbname=x=y"]));
        assert_eq!(changed.as_deref(), Some("OPTIONS (DROP port, SET host 'b', ADD dbname 'x=y')"));
        assert_eq!(change(&set(&["a=1"]), &set(&["a=1"])), None);
    }
}
