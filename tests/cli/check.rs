//! `trueup check`: the declared schema, the migrations and a database, and which of them has moved.

use super::{Folder, Live};

const FIRST: &str = "CREATE TABLE a (id int PRIMARY KEY);";

fn project() -> Folder {
    Folder::new(&[("migrations/1_a.sql", FIRST), ("schema.sql", FIRST), ("trueup.toml", "to = \"schema.sql\"\n")])
}

#[test]
fn each_object_is_told_with_who_has_moved() {
    let Some(mut live) = Live::start("") else { return };
    let url = live.url("postgres");
    let folder = project();
    let check = || folder.run(&["check", "--database", &url]);
    folder.run(&["deploy", "--database", &url]).ends(0);
    check().ends(0).says("nothing differs, 0 migrations pending");

    folder.write(
        "schema.sql",
        b"CREATE TABLE a (\n    id int PRIMARY KEY,\n    declared text\n);\nCREATE TABLE b (id int);",
    );
    live.scratch.client.batch_execute("ALTER TABLE a ADD by_hand text; CREATE TABLE b (id int)").expect("altered");
    check().ends(1).shown_as("check-moved");

    // Adopted by all, with another type in one place.
    let all = "CREATE TABLE a (id int PRIMARY KEY, declared text, by_hand int);\nCREATE TABLE b (id int);";
    folder.write("schema.sql", all.as_bytes());
    check().ends(1).says("error[apart]: COLUMN public.a.by_hand").says("error[not-migrated]: TABLE public.b");
    let json = folder.run(&["check", "--database", &url, "--format", "json"]).ends(1);
    let json: serde_json::Value = serde_json::from_str(&json.out).expect("JSON");
    let who = |object: &str| {
        let moved = json["moved"].as_array().expect("a list");
        moved.iter().find(|it| it["object"] == object).map(|it| it["who"].clone())
    };
    assert_eq!(who("TABLE public.b"), Some("both".into()));
    assert_eq!(who("COLUMN public.a.by_hand"), Some("apart".into()));
    assert_eq!(who("COLUMN public.a.declared"), Some("declaration".into()));
    assert!(json["sql"]["adopt"].as_str().expect("SQL").contains("CREATE TABLE"), "{json}");
}

#[test]
fn without_a_database_the_migrations_are_compared_with_the_declared_schema() {
    let folder = project();
    folder.run(&["check"]).ends(0).says("nothing differs").says("no database is named");
    folder.write("schema.sql", b"CREATE TABLE a (id bigint PRIMARY KEY);");
    let run = folder.run(&["check"]).ends(1).says("error[not-migrated]: COLUMN public.a.id: data_type differs");
    run.says("schema.sql:1:").prints("ALTER TABLE");
    // Nothing is told of what was compared with nothing.
    folder.write("trueup.toml", b"");
    folder.run(&["check"]).ends(64).says("there is nothing to compare the migrations with");
    folder.write("trueup.toml", b"to = \"schema.sql\"\n");
    // A name that is gone is not guessed at.
    folder.write("schema.sql", b"CREATE TABLE a2 (id int PRIMARY KEY);");
    folder.run(&["check"]).ends(1).says("--rename");
}

#[test]
fn what_is_pending_is_linted_and_its_proof_compared() {
    let Some(live) = Live::start("") else { return };
    let url = live.url("postgres");
    let folder = project();
    folder.run(&["deploy", "--database", &url]).ends(0);
    folder.write("schema.sql", b"CREATE TABLE a (id int PRIMARY KEY, x text);");
    folder.run(&["new", "add x"]).ends(0);
    let check = |more: &[&str]| folder.run(&[&["check", "--database", &url], more].concat());
    check(&[]).ends(0).says("nothing differs, 1 migration pending");
    check(&["--exit-code"]).ends(2);
    let path = "migrations/2_add_x.sql";
    folder.write(path, folder.text(path).replace("text", "varchar").as_bytes());
    check(&[]).ends(1).says("error[proof-stale]: `migrations/2_add_x.sql`").says("error[not-migrated]");
    folder.write("migrations/3_b.sql", b"DROP TABLE a;\nCREATE TABLE b (id int);\nCREATE TABLE b (id int);");
    check(&[]).ends(1).says("error[migration-fails]").says("3_b.sql:3:1").says("error[drops-table]");
}

#[test]
fn a_history_that_is_not_in_order_is_told() {
    let Some(live) = Live::start("") else { return };
    let url = live.url("postgres");
    let folder = project();
    folder.write("migrations/2_b.sql", b"CREATE TABLE b (id int);");
    folder.run(&["deploy", "--database", &url]).ends(0);
    folder.write("migrations/2_b.sql", b"CREATE TABLE b (id bigint);");
    let check = || folder.run(&["check", "--database", &url]).ends(1);
    check().says("error[edited-migration]: 2_b was changed after it had run");
    folder.write("migrations/2_c.sql", b"CREATE TABLE c (id int);");
    check().says("error[duplicate-number]: two migrations have the number 2: 2_b and 2_c");
}

/// Two branches that have each gone on from one migration.
fn parted(theirs: &str, ours: (&str, &str)) -> Folder {
    let folder = project();
    folder.commit("both");
    folder.git(&["branch", "-M", "work"]);
    folder.git(&["checkout", "-q", "-b", "theirs"]);
    folder.write("migrations/2_theirs.sql", theirs.as_bytes());
    folder.commit("theirs");
    folder.git(&["checkout", "-q", "work"]);
    folder.write(&format!("migrations/{}", ours.0), ours.1.as_bytes());
    folder
}

#[test]
fn migrations_of_two_branches_are_compared() {
    let check = |folder: &Folder, more: &[&str]| folder.run(&[&["check", "--base", "theirs"], more].concat());
    let to = ["--to", "migrations:migrations"];

    let apart = parted("CREATE TABLE b (id int);", ("3_c.sql", "CREATE TABLE c (id int);"));
    check(&apart, &to)
        .ends(0)
        .says("1 migration here, 1 migration in theirs since they parted")
        .says("nothing differs");
    check(&apart, &["--retime"]).ends(0).says("the numbers go together as they are");

    let twins = parted("CREATE TABLE b (id int);", ("2_c.sql", "CREATE TABLE c (id int);"));
    let refused = check(&twins, &to).ends(1).says("error[duplicate-number]: 2_c has a number that theirs has given");
    refused.says("`trueup check --base theirs --retime`");
    check(&twins, &["--retime"]).ends(0).says("2_c is migrations/3_c.sql now");
    check(&twins, &to).ends(0);

    let both = "ALTER TABLE a ADD COLUMN x int;";
    let clash = parted(both, ("3_c.sql", both));
    let refused = check(&clash, &to).ends(1).says("column \"x\" of relation \"a\" already exists");
    refused.says("error[order-matters]: these migrations and those of theirs cannot run in either order");

    let last_wins = |value: i32| format!("ALTER TABLE a ALTER COLUMN id SET DEFAULT {value};");
    let order = parted(&last_wins(1), ("3_c.sql", &last_wins(2)));
    let refused = check(&order, &to).ends(1).says("make another schema in another order");
    refused.says("DEFAULT OF COLUMN public.a.id: expression differs");
    order.run(&["check", "--base", "nowhere"]).ends(1).says("there is no git revision `nowhere`");
}

/// What a team does from the day on which it takes Trueup up: a database that is there, its extension, and no shadow.
#[test]
fn from_the_first_day_to_the_first_drift() {
    let Some(mut live) = Live::start_where_vectors_are() else { return };
    let url = live.url("postgres");
    let vector = if live.has_vectors() { "vector(3)" } else { "real[]" };
    let extension = if live.has_vectors() { "CREATE EXTENSION vector;" } else { "" };
    let schema = format!("{extension} CREATE TABLE docs (id int PRIMARY KEY, title text NOT NULL, v {vector});");
    live.scratch.client.batch_execute(&format!("{schema} INSERT INTO docs VALUES (1, 'a')")).expect("a database");
    let folder = Folder::new(&[("trueup.toml", "to = \"schema.sql\"\nmigrations = \"migrations\"\n")]);
    let run = |arguments: &[&str]| folder.run(&[arguments, &["--database", &url]].concat());
    let check = || run(&["check"]);

    let pulled = folder.run(&["diff", "empty", &url]).ends(0).out;
    folder.write("schema.sql", pulled.as_bytes());
    run(&["baseline"]).ends(0).says("1 migration noted as applied");
    check().ends(0).says("nothing differs, 0 migrations pending");

    let declared = format!("{pulled}\nCREATE TABLE notes (doc int REFERENCES docs, near {vector});\n");
    folder.write("schema.sql", declared.as_bytes());
    check()
        .ends(1)
        .says("error[not-migrated]: TABLE public.notes: only the declared schema has it")
        .says("schema.sql:");
    folder.run(&["new", "add notes"]).ends(0);
    check().ends(0).says("nothing differs, 1 migration pending");
    run(&["deploy"]).ends(0).says("1 migration applied");
    check().ends(0).says("0 migrations pending");
    run(&["status", "--exit-code"]).ends(0);

    run(&["rollback", "--accept-loss"]).ends(0).says("1 migration taken back");
    run(&["status", "--exit-code"]).ends(2);
    run(&["deploy"]).ends(0);

    live.scratch.client.batch_execute("ALTER TABLE docs ADD by_hand text DEFAULT 'x'").expect("altered");
    let drifted = check().ends(1).says("error[drift]: COLUMN public.docs.by_hand: only the database has it");
    let adopt =
        drifted.out.split("what was done by hand, for who adopts it").nth(1).expect("what adopts it").to_owned();
    folder.write("schema.sql", format!("{declared}\n--{adopt}").as_bytes());
    check().ends(1).says("no migration makes it as it is declared, and as the database has it");
    folder.run(&["new", "adopt by_hand"]).ends(0);
    check().ends(1).says("error[ahead]: COLUMN public.docs.by_hand");
    run(&["resolve", "--applied", &last(&folder)]).ends(0);
    check().ends(0).says("nothing differs, 0 migrations pending");
    let titles = "SELECT string_agg(title, ',') FROM docs";
    assert_eq!(live.scratch.client.query_one(titles, &[]).expect("a row").get::<_, String>(0), "a");
}

/// The name of the last migration.
fn last(folder: &Folder) -> String {
    let entries = std::fs::read_dir(folder.path("migrations")).expect("a folder");
    let names = entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
    let names = names.filter(|name| name.ends_with(".sql") && !name.ends_with(".down.sql"));
    names.max().expect("a migration").trim_end_matches(".sql").to_owned()
}
