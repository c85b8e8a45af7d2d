//! Histories in the layouts that people have, and what a database has run of them.

use super::{Folder, Live};

/// Two migrations in each layout, the first and the second, and what leads back from the second.
const LAYOUTS: [(&str, [&str; 2], &str); 9] = [
    ("prisma", ["20240101_one/migration.sql", "20240102_two/migration.sql"], "_prisma_migrations"),
    ("supabase", ["20240101_one.sql", "20240102_two.sql"], "supabase_migrations.schema_migrations"),
    ("goose", ["001_one.sql", "002_two.sql"], "goose_db_version"),
    ("dbmate", ["20240101_one.sql", "20240102_two.sql"], "schema_migrations"),
    ("flyway", ["V1__one.sql", "V2__two.sql"], "flyway_schema_history"),
    ("golang-migrate", ["000001_one.up.sql", "000002_two.up.sql"], "schema_migrations"),
    ("sqlx", ["1_one.sql", "2_two.sql"], "_sqlx_migrations"),
    ("refinery", ["V1__one.sql", "V2__two.sql"], "refinery_schema_history"),
    ("plain", ["0001_one.sql", "0002_two.sql"], "trueup.migrations"),
];

/// A folder of a history, with what its layout is known by.
fn folder(layout: &str, files: [&str; 2]) -> Folder {
    let mark = match layout {
        "goose" => "-- +goose Up\n",
        "dbmate" => "-- migrate:up\n",
        _ => "",
    };
    let root = if layout == "supabase" { "supabase/migrations" } else { "migrations" };
    let texts = ["CREATE TABLE one (id int);\n", "CREATE TABLE two (id int);\n"].map(|sql| format!("{mark}{sql}"));
    let paths = files.map(|file| format!("{root}/{file}"));
    Folder::new(&[(&paths[0], texts[0].as_str()), (&paths[1], texts[1].as_str())])
}

fn name(file: &str) -> &str {
    let file = file.strip_suffix("/migration.sql").unwrap_or(file);
    let file = file.strip_suffix(".sql").unwrap_or(file);
    file.strip_suffix(".up").unwrap_or(file)
}

#[test]
fn what_is_noted_is_told() {
    for (layout, files, table) in LAYOUTS {
        let Some(live) = Live::start("") else { return };
        let folder = folder(layout, files);
        let url = live.url("postgres");
        let [one, two] = files.map(name);
        let run = |command: &[&str]| {
            let place = ["--database", &url, "--layout", layout];
            folder.run(&[command, &place].concat())
        };
        let told = |expected: [&str; 2]| {
            let status = run(&["status"]);
            let lines = [format!("{:<14}{one}\n", expected[0]), format!("{:<14}{two}\n", expected[1])];
            assert_eq!(status.out, lines.concat(), "{layout}");
            status
        };
        told(["pending", "pending"]).ends(0).says(&format!("({layout}): 0 applied, 2 pending"));
        run(&["status", "--exit-code"]).ends(2);
        run(&["resolve", "--applied", one]).ends(0).says(&format!("{one} is noted as applied in {table}"));
        told(["applied", "pending"]).ends(0).says("1 applied, 1 pending");
        run(&["resolve", "--applied", one]).ends(1).says("error[already-applied]");
        run(&["resolve", "--applied", two]).ends(0);
        run(&["status", "--exit-code"]).ends(0).says("2 applied, 0 pending");
        run(&["resolve", "--rolled-back", two]).ends(0).says(&format!("{two} is noted as rolled back in {table}"));
        told(["applied", "pending"]).ends(0);
        run(&["resolve", "--rolled-back", two]).ends(1).says("error[not-applied]");
        run(&["resolve", "--applied", "tow"]).ends(1).says("no migration is called `tow`");
    }
}

#[test]
fn the_layout_is_told_by_the_files() {
    let Some(live) = Live::start("") else { return };
    let url = live.url("postgres");
    for (layout, files, _) in LAYOUTS.into_iter().filter(|(layout, ..)| !matches!(*layout, "sqlx" | "refinery")) {
        let folder = folder(layout, files);
        folder.run(&["status", "--database", &url]).ends(0).says(&format!("({layout}): 0 applied, 2 pending"));
    }
}

#[test]
fn what_is_not_in_order_is_told() {
    let Some(mut live) = Live::start("") else { return };
    let url = live.url("postgres");
    let (layout, files, _) = LAYOUTS[0];
    let folder = folder(layout, files);
    let run = |command: &[&str]| folder.run(&[command, &["--database", &url]].concat());
    run(&["resolve", "--applied", "20240102_two"]).ends(0);
    run(&["status"]).ends(1).says("error[out-of-order]").says("20240101_one has not run");
    run(&["resolve", "--applied", "20240101_one"]).ends(0);
    // Prisma takes a file for the same whichever way its lines end.
    folder.write("migrations/20240101_one/migration.sql", b"CREATE TABLE one (id int);\r\n");
    run(&["status"]).ends(0);
    folder.write("migrations/20240101_one/migration.sql", b"CREATE TABLE one (id bigint);\n");
    run(&["status"]).ends(1).says("error[edited-migration]").says("20240101_one was changed after it had run");
    run(&["resolve", "--applied", "20240101_one"]).ends(0);
    run(&["status"]).ends(0);
    let more = "INSERT INTO _prisma_migrations (id, checksum, migration_name, logs) VALUES
                ('1', 'x', '20240103_three', 'it said: no');
                INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at) VALUES
                ('2', 'x', '20240104_four', now());";
    live.scratch.client.batch_execute(more).expect("rows");
    let status = run(&["status"]).ends(1).says("error[failed-migration]").says("it said: no");
    status.says("error[without-file]").says("the database has run 20240104_four");
    let json = run(&["status", "--format", "json"]).ends(1);
    let json: serde_json::Value = serde_json::from_str(&json.out).expect("JSON");
    let standings: Vec<&str> =
        json["migrations"].as_array().expect("a list").iter().filter_map(|it| it["standing"].as_str()).collect();
    assert_eq!(standings, ["applied", "applied", "failed", "without-file"]);
    run(&["resolve", "--rolled-back", "20240103_three"]).ends(0);
    run(&["resolve", "--rolled-back", "20240104_four"]).ends(0);
    run(&["status"]).ends(0).says("2 applied, 0 pending");
}

#[test]
fn what_cannot_be_read_is_told() {
    let Some(live) = Live::start("CREATE ROLE reader LOGIN") else { return };
    let url = live.url("postgres");
    let folder = Folder::new(&[
        ("twice/1_a.sql", ""),
        ("twice/1_b.sql", ""),
        ("prisma8/20240101_a/ops.json", "[]"),
        ("plain/1_a.sql", ""),
    ]);
    let status = |folder_: &str| folder.run(&["status", "--database", &url, "--migrations", folder_]);
    status("twice").ends(1).says("error[duplicate-number]").says("two migrations have the number 1: 1_a and 1_b");
    status("prisma8").ends(1).says("error[prisma-8]");
    status("nowhere").ends(1).says("cannot read `nowhere`");
    folder.run(&["status", "--database", &url]).ends(1).says("there is no folder with migrations here");
    folder.run(&["status", "--migrations", "plain"]).ends(64).says("the database is not named");
    folder.run(&["status", "--migrations", "plain", "--layout", "rails"]).ends(1).says("there is no layout `rails`");
    let reader = live.url("reader");
    let note = ["resolve", "--applied", "1_a", "--migrations", "plain", "--database", &reader];
    folder.run(&note).ends(1).says("error[history-unreadable]").says("permission denied");
}

#[test]
fn one_writes_a_history_at_a_time() {
    let Some(mut live) = Live::start("") else { return };
    live.scratch.client.batch_execute("SELECT pg_advisory_lock(72707369)").expect("a lock");
    let folder = folder("prisma", LAYOUTS[0].1);
    let run = folder.run(&["resolve", "--applied", "20240101_one", "--database", &live.url("postgres")]).ends(1);
    run.says("error[history-locked]").says("of postgres");
}
