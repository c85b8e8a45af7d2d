//! Runs statements one by one, each as if it stood alone, and says what came of each. All in one round trip where that
//! works: what takes the time in filling a hundred tables is the way to the server and back.

use postgres::Client;
use serde::Deserialize;

use super::facts::answers;
use crate::model::Literal;

/// The session, and whether a block of PL/pgSQL can catch an error in it.
pub(super) struct Session<'a> {
    pub(super) client: &'a mut Client,
    pub(super) catches_errors: bool,
}

/// What came of a statement.
#[derive(Default, Deserialize)]
pub(super) struct Outcome {
    /// The first column of its first row.
    pub(super) found: Option<String>,
    /// Why it failed, in PostgreSQL's words.
    pub(super) error: Option<String>,
}

/// Runs queries. What one that fails has done is undone; the others stand.
pub(super) fn each(session: &mut Session<'_>, queries: &[String]) -> Result<Vec<Outcome>, postgres::Error> {
    until(session, queries, u32::MAX)
}

/// The same, until `enough` of them have found something.
pub(super) fn until(
    session: &mut Session<'_>,
    queries: &[String],
    enough: u32,
) -> Result<Vec<Outcome>, postgres::Error> {
    if queries.is_empty() {
        return Ok(Vec::new());
    }
    match session.catches_errors {
        true => at_once(session.client, queries, enough),
        false => one_by_one(session.client, queries, enough),
    }
}

fn at_once(client: &mut Client, queries: &[String], enough: u32) -> Result<Vec<Outcome>, postgres::Error> {
    let work = serde_json::Value::from(queries).to_string();
    let sql = format!(
        "SELECT set_config('trueup.enough', '{enough}', true), set_config('trueup.work', {}, true); {EACH};
         SELECT current_setting('trueup.done')",
        Literal(&work)
    );
    let done = answers(client, &sql)?.pop().unwrap_or_default();
    let mut outcomes: Vec<Outcome> = serde_json::from_str(&done).unwrap_or_default();
    outcomes.resize_with(queries.len(), Outcome::default);
    Ok(outcomes)
}

fn one_by_one(client: &mut Client, queries: &[String], enough: u32) -> Result<Vec<Outcome>, postgres::Error> {
    let mut outcomes = Vec::new();
    let mut successes = 0;
    for query in queries {
        let outcome = if successes < enough { one(client, query)? } else { Outcome::default() };
        successes += u32::from(outcome.found.is_some());
        outcomes.push(outcome);
    }
    Ok(outcomes)
}

fn one(client: &mut Client, query: &str) -> Result<Outcome, postgres::Error> {
    match answers(client, &format!("SAVEPOINT trueup_one; {query}; RELEASE trueup_one")) {
        Ok(found) => {
            let found = found.into_iter().next().filter(|it| !it.is_empty());
            Ok(Outcome { found, error: None })
        }
        Err(error) => {
            let Some(said) = error.as_db_error().map(|it| it.message().to_owned()) else { return Err(error) };
            client.batch_execute("ROLLBACK TO trueup_one; RELEASE trueup_one")?;
            Ok(Outcome { found: None, error: Some(said) })
        }
    }
}

const EACH: &str = r#"DO $trueup_each$
    DECLARE
        "one" text;
        "found" text;
        "failed" text;
        "successes" bigint := 0;
        "all" text := '';
    BEGIN
        FOR "one" IN SELECT value FROM json_array_elements_text(current_setting('trueup.work')::json) LOOP
            EXIT WHEN current_setting('trueup.enough')::bigint <= "successes";
            "found" := NULL;
            "failed" := NULL;
            BEGIN
                EXECUTE "one" INTO "found";
            EXCEPTION WHEN OTHERS THEN
                GET STACKED DIAGNOSTICS "failed" = MESSAGE_TEXT;
            END;
            "successes" := "successes" + ("found" IS NOT NULL)::int;
            "all" := "all" || ',' || json_build_object('found', "found", 'error', "failed")::text;
        END LOOP;
        PERFORM set_config('trueup.done', '[' || substr("all", 2) || ']', true);
    END $trueup_each$"#;
