//! What the next migration costs after a long history: `trueup new` where nothing was kept of an earlier run, and where it
//! was. `make bench-replays` prints a line for each length.

#![allow(clippy::print_stdout, reason = "figures are printed")]

use std::{
    error::Error,
    fs,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

const TABLES: usize = 20;

fn main() -> Result<(), Box<dyn Error>> {
    let mut one = Duration::ZERO;
    for count in [1, 65, 650] {
        let folder = tempfile::tempdir()?;
        fs::create_dir(folder.path().join("migrations"))?;
        for at in 1..=count {
            write(folder.path(), at, &migration(at))?;
        }
        fs::write(folder.path().join("schema.sql"), declared(count))?;
        let first = new(folder.path())?;
        let again = (0..3).map(|_| new(folder.path())).collect::<Result<Vec<_>, _>>()?;
        let again = again.into_iter().min().unwrap_or_default();
        if count == 1 {
            one = again;
        }
        println!(
            "{count} migrations: at first {:.2} s, then {:.2} s, {:.2} times what it is after one",
            first.as_secs_f64(),
            again.as_secs_f64(),
            again.as_secs_f64() / one.as_secs_f64()
        );
    }
    Ok(())
}

/// The first makes tables. Each of the others adds a column and drops the one before it, so that only the history grows.
fn migration(at: usize) -> String {
    if at == 1 {
        let table =
            |it| format!("CREATE TABLE t{it} (id int PRIMARY KEY, name text);\nCREATE INDEX ON t{it} (name);\n");
        return (0..TABLES).map(table).collect();
    }
    let table = at % TABLES;
    let before = if at <= TABLES + 1 { String::new() } else { format!(", DROP COLUMN c{}", at - TABLES) };
    format!("ALTER TABLE t{table} ADD COLUMN c{at} int{before};\nUPDATE t{table} SET c{at} = 1;\n")
}

/// What so many migrations make, and a table that none of them makes.
fn declared(count: usize) -> String {
    let last = |table: usize| (2..=count).rev().find(|at| at % TABLES == table);
    let table = |table: usize| {
        let column = last(table).map_or_else(String::new, |at| format!(", c{at} int"));
        format!("CREATE TABLE t{table} (id int PRIMARY KEY, name text{column});\nCREATE INDEX ON t{table} (name);\n")
    };
    (0..TABLES).map(table).collect::<String>() + "CREATE TABLE one_more (id int);\n"
}

fn write(folder: &Path, at: usize, text: &str) -> std::io::Result<()> {
    fs::write(folder.join(format!("migrations/{at:04}_change.sql")), text)
}

/// Writes the next migration, and takes it away again.
fn new(folder: &Path) -> Result<Duration, Box<dyn Error>> {
    let start = Instant::now();
    let output = Command::new(env!("CARGO_BIN_EXE_trueup"))
        .args(["new", "add_one_more", "--to", "schema.sql", "--shadow", "embedded"])
        .current_dir(folder)
        .env("TRUEUP_CACHE", folder.join("cache"))
        .stdin(Stdio::null())
        .output()?;
    let took = start.elapsed();
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    for file in String::from_utf8(output.stdout)?.lines() {
        fs::remove_file(folder.join(file))?;
    }
    Ok(took)
}
