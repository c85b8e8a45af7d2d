//! What may help where a migration fails.

use crate::{rehearse::Failure, sources::placeholder};

/// What is known of the run, besides PostgreSQL's answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Circumstances {
    pub(super) has_profile: bool,
    /// Nothing was there before it, as far as anybody has said.
    pub(super) is_beginning: bool,
    /// Whether blocks of PL/pgSQL can catch errors in this shadow.
    pub(super) catches_errors: bool,
}

/// One line for each thing to try. PostgreSQL manual, appendix A, has the codes.
pub(super) fn advice(failure: &Failure, run: Circumstances) -> Vec<String> {
    let mut found = Vec::new();
    let code = failure.code.as_str();
    if let Some(text) = placeholder(&failure.sql).filter(|_| code == "42601") {
        found.push(format!(
            "`{text}` looks like a placeholder that another program fills in: lint what that program makes of it"
        ));
    }
    let is_missing = ["42P01", "42704", "42883", "3F000", "42703"].contains(&code);
    let platforms = ["auth", "storage", "extensions", "vault", "realtime", "supabase"];
    if is_missing && !run.has_profile && platforms.iter().any(|name| names(&failure.message, name)) {
        found.push("where this runs on Supabase, say `--profile supabase`".to_owned());
    } else if is_missing && run.is_beginning {
        found
            .push("where something else makes it before these migrations, say what was there with `--from`".to_owned());
    }
    if !run.catches_errors && catches(&failure.sql) {
        found.push(
            "the embedded PostgreSQL cannot go on after an error that a block catches (`EXCEPTION`): use `--shadow local` or \
             `--shadow postgres://…`"
                .to_owned(),
        );
    }
    found
}

/// Whether a message is about this schema, or about something in it.
fn names(message: &str, schema: &str) -> bool {
    message.contains(&format!("\"{schema}\""))
        || message.contains(&format!("\"{schema}."))
        || message.contains(&format!(" {schema}."))
}

/// Only a hint: whether the text of a block has a clause that catches.
fn catches(sql: &str) -> bool {
    let sql = sql.to_lowercase();
    sql.contains("exception") && sql.contains(" then")
}

#[cfg(test)]
mod tests {
    use super::{Circumstances, advice};
    use crate::rehearse::Failure;

    fn told(code: &str, message: &str, sql: &str) -> String {
        let (code, message, sql) = (code.to_owned(), message.to_owned(), sql.to_owned());
        let failure = Failure { step: 0, sql, group: String::new(), code, message, detail: None, hint: None };
        let run = Circumstances { has_profile: false, is_beginning: true, catches_errors: false };
        advice(&failure, run).join("; ")
    }

    #[test]
    fn what_is_in_the_way_is_named() {
        let template = told("42601", "syntax error at or near \"{\"", "CREATE TABLE {{ schema }}.users ()");
        assert!(template.contains("`{{ schema }}` looks like a placeholder"), "{template}");
        assert!(told("42P01", "relation \"auth.users\" does not exist", "").contains("--profile supabase"));
        assert!(told("3F000", "schema \"storage\" does not exist", "").contains("--profile supabase"));
        assert!(told("42P01", "relation \"users\" does not exist", "").contains("`--from`"));
        let catches = "DO $$ BEGIN SELECT; EXCEPTION WHEN others THEN NULL; END $$";
        assert!(told("XX000", "no", catches).contains("`--shadow local`"));
        assert_eq!(told("23502", "null value", "ALTER TABLE t ADD c int NOT NULL"), "");
    }
}
