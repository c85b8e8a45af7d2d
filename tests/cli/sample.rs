//! Rows of a running database in the rehearsal: what is said of them, and that none of their values is.

use trueup::rehearse::rows::fill;

use super::{Folder, Live, Run, SECRET};

const PEOPLE: &str = "CREATE TABLE people (id integer PRIMARY KEY, email text, age text, note varchar(60));";

/// Somebody's secrets are in the rows, and everything fails on them.
fn people() -> Option<Live> {
    let rows = format!(
        "{PEOPLE} INSERT INTO people
         SELECT i, '{SECRET}@example.com', '{SECRET}', 'a confidential note' FROM generate_series(1000, 1030) i;"
    );
    Live::start(&rows)
}

#[track_caller]
fn tells_nothing(run: &Run, folder: &Folder) {
    let mut texts = vec![run.out.clone(), run.err.clone()];
    let files = std::fs::read_dir(folder.path("out")).into_iter().flatten().flatten();
    texts.extend(files.map(|file| std::fs::read_to_string(file.path()).expect("a text")));
    for text in texts {
        for word in [SECRET, "hunter2", "s3cret", "confidential", "example.com"] {
            assert!(!text.contains(word), "`{word}` is in\n{text}");
        }
    }
}

#[test]
fn no_value_is_shown_whatever_fails() {
    let Some(live) = people() else { return };
    let url = live.url("postgres");
    let targets = [
        // A cast, a unique key, a check, a shorter type, a trigger's message: PostgreSQL shows the values in all of them.
        ("cast", "CREATE TABLE people (id integer PRIMARY KEY, email text, age integer, note varchar(60));"),
        ("unique", "CREATE TABLE people (id integer PRIMARY KEY, email text UNIQUE, age text, note varchar(60));"),
        (
            "check",
            "CREATE TABLE people (id integer PRIMARY KEY, email text CHECK (email LIKE '%x'), age text, note varchar(60));",
        ),
        ("short", "CREATE TABLE people (id integer PRIMARY KEY, email text, age text, note varchar(5));"),
    ];
    let folder = Folder::new(&[("from.sql", PEOPLE), ("out/empty", "")]);
    for (name, sql) in targets {
        folder.write(&format!("{name}.sql"), sql.as_bytes());
        for (from, shadow) in [("from.sql", "embedded"), (url.as_str(), "local")] {
            let to = format!("{name}.sql");
            let all = ["-v", "diff", from, &to, "--rows-from", &url, "--shadow", shadow, "--format", "json"];
            let files = ["-o", "out/up.json", "--down", "out/down.sql", "--proof", "out/proof.json"];
            let run = folder.run(&[&all[..], &files[..]].concat());
            assert!(matches!(run.code, Some(0 | 1)), "{}", run.err);
            tells_nothing(&run, &folder);
            let json = std::fs::read_to_string(folder.path("out/up.json")).expect("a report");
            assert!(json.contains("\"sampled\": 20"), "{json}");
        }
    }
    let notice =
        "DO $$ DECLARE p people; BEGIN FOR p IN SELECT * FROM people LOOP RAISE NOTICE '%', p; END LOOP; END $$;";
    folder.write(
        "m/1.sql",
        format!("{notice}\nALTER TABLE people ALTER age TYPE integer USING age::integer;").as_bytes(),
    );
    let lint = |more: &[&str]| {
        let all = ["lint", "m", "--from", "from.sql", "--rows-from", &url, "--format", "json"];
        folder.run(&[&all[..], more].concat())
    };
    for shadow in ["embedded", "local"] {
        let run = lint(&["--shadow", shadow]);
        tells_nothing(&run, &folder);
        run.prints("NOTICE").prints("invalid input syntax").prints("\"sampled\": 20");
    }
    // A column that is kept shows that the others would have been seen.
    lint(&["--shadow", "local", "--unmasked", "people.note"]).prints("confidential");
}

#[test]
fn what_was_taken_is_told() {
    let Some(live) = people() else { return };
    let url = live.url("postgres");
    let to = "CREATE TABLE people (id bigint PRIMARY KEY, email text, age text, note varchar(60));
        CREATE TABLE more (id integer PRIMARY KEY, person bigint REFERENCES people);";
    let folder = Folder::new(&[
        ("from.sql", &to.replace("bigint PRIMARY", "integer PRIMARY").replace("bigint REF", "integer REF")),
        ("to.sql", to),
    ]);
    let diff = |more: &[&str]| folder.diff(&[&["from.sql", "to.sql", "--rows-from", &url], more].concat());
    let run = diff(&["--sample", "7", "--proof", "proof.json", "--unmasked", "people.nmae"]).ends(0);
    let run = run.says("with 14 rows in 2 tables, 7 of them from postgres://postgres@").says("converged");
    let run = run.says("note[sample]").says("public.more: its rows are made up: there is no such table");
    run.says("warning[unknown-column]: `--unmasked` names no column that rows were taken of: people.nmae");
    let proof = std::fs::read_to_string(folder.path("proof.json")).expect("a proof");
    let proof: serde_json::Value = serde_json::from_str(&proof).expect("JSON");
    assert_eq!((&proof["rows_from"]["sample"], &proof["rows_from"]["rows"]), (&7.into(), &7.into()));
    let uncovered = serde_json::json!("public.more: its rows are made up: there is no such table");
    assert!(proof["not_covered"].as_array().is_some_and(|all| all.contains(&uncovered)), "{proof}");
    let json: serde_json::Value = serde_json::from_str(&diff(&["--format", "json"]).ends(0).out).expect("JSON");
    assert_eq!(json["rehearsal"]["rows_from"]["sample"], 20);
    assert_eq!(json["rehearsal"]["tables"][1]["sampled"], 20);
}

#[test]
fn a_table_that_is_renamed_has_its_rows() {
    let Some(live) = people() else { return };
    let url = live.url("postgres");
    let to = "CREATE TABLE persons (id integer PRIMARY KEY, mail text NOT NULL, age text, note varchar(60));";
    let folder = Folder::new(&[("to.sql", to)]);
    let renames = ["--rename", "table:public.people=persons", "--rename", "column:public.people.email=mail"];
    let all = ["diff", &url, "to.sql", "--rows-from", &url, "--shadow", "embedded", "--format", "json"];
    let json: serde_json::Value =
        serde_json::from_str(&folder.run(&[&all[..], &renames[..]].concat()).ends(0).out).expect("JSON");
    let table = &json["rehearsal"]["tables"][0];
    assert_eq!((&table["table"], &table["sampled"]), (&"public.persons".into(), &20.into()), "{json}");
    assert_eq!(table["notes"], serde_json::Value::Null);
}

#[test]
fn what_does_not_go_together() {
    let folder = Folder::new(&[("a.sql", PEOPLE)]);
    let url = format!("postgres://ann:{SECRET}@nowhere.invalid/d");
    let diff = |more: &[&str]| {
        let run = folder.diff(&[&["empty", "a.sql"], more].concat());
        assert!(!run.err.contains(SECRET), "{}", run.err);
        run
    };
    diff(&["--sample", "5"]).ends(64).says("--rows-from <URL>");
    diff(&["--unmasked", "a.b"]).ends(64).says("--rows-from <URL>");
    diff(&["--rows-from", &url, "--rows", "5"]).ends(64).says("cannot be used with");
    diff(&["--rows-from", &url, "--no-rehearse"]).ends(64).says("cannot be used with");
    diff(&["--rows-from", &url, "--sample", "0"]).ends(64).says("1..=10000");
    diff(&["--rows-from", &url, "--unmasked", "email"]).ends(64).says("write `table.column`");
    diff(&["--rows-from", "a.sql"]).ends(1).says("`--rows-from` names no running database");
    diff(&["--rows-from", &format!("postgres:/ann:{SECRET}@h/d")]).ends(1).says("this is no connection string");
    diff(&["--rows-from", &url]).ends(1).says("error[cannot-connect]");
}

#[test]
fn the_shop_on_rows_of_its_own() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let Some(mut live) = Live::start("") else { return };
    let folder = Folder::new(&[]);
    let (v1, v2) = (root.join("fixtures/schemas/shop/v1"), root.join("fixtures/schemas/shop/v2"));
    let (v1, v2) = (v1.to_string_lossy().into_owned(), v2.to_string_lossy().into_owned());
    let up = folder.diff(&["empty", &v1, "--no-rehearse"]).ends(0).out;
    // There is no `vector` on most machines: what the column holds there does not fit, and is made up.
    for statement in up.replace("public.vector(", "char(").split(";\n\n") {
        live.scratch.client.batch_execute(statement).ok();
    }
    let filling = fill(&mut live.scratch, 40, &|_| true).unwrap_or_else(|error| panic!("{error:?}"));
    assert!(7 < filling.tables.iter().filter(|it| 0 < it.rows).count(), "{filling:?}");
    let run =
        folder.diff(&[&v1, &v2, "--rows-from", &live.url("postgres"), "--format", "json"]).ends(0).says("converged");
    let json: serde_json::Value = serde_json::from_str(&run.out).expect("JSON");
    let tables = json["rehearsal"]["tables"].as_array().expect("tables");
    let sampled: u64 = tables.iter().filter_map(|it| it["sampled"].as_u64()).sum();
    let all: u64 = tables.iter().filter_map(|it| it["rows"].as_u64()).sum();
    println!("{sampled} of {all} rows were taken\n{}", run.err);
    assert!(all * 2 / 3 < sampled, "{sampled} of {all}\n{}", run.err);
}
