//! Histories of real projects, where the corpus is: run, squashed, and gone on with. `make test-real` takes all of them.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use super::{Folder, Live};

/// Whose history is short, and needs nothing that a server has not.
const USUAL: &str = "umami";

fn projects() -> Vec<PathBuf> {
    let corpus = env::var_os("TRUEUP_CORPUS").map_or_else(|| "../shared/corpus".into(), PathBuf::from).join("real");
    let Ok(entries) = fs::read_dir(&corpus) else {
        println!("skipped: there is no corpus at {}; TRUEUP_CORPUS=DIR names another folder", corpus.display());
        return Vec::new();
    };
    let wanted = env::var("TRUEUP_REAL").unwrap_or_else(|_| USUAL.to_owned());
    let is_wanted = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        path.join("migrations").is_dir() && (wanted == "all" || wanted.split(',').any(|it| it == name))
    };
    let mut found: Vec<PathBuf> = entries.flatten().map(|it| it.path()).filter(is_wanted).collect();
    found.sort();
    found
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder").flatten() {
        let (old, new) = (entry.path(), to.join(entry.file_name()));
        match old.is_dir() {
            true => copy(&old, &new),
            false => fs::write(&new, fs::read(&old).expect("a file")).expect("a copy"),
        }
    }
}

#[test]
fn real_histories_are_run_and_squashed_and_gone_on_with() {
    for project in projects() {
        let name = project.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let (Some(old), Some(new)) = (Live::start(""), Live::start("")) else { return };
        let (old, new) = (old.url("postgres"), new.url("postgres"));
        let folder = Folder::new(&[("trueup.toml", "migrations = \"migrations\"\n")]);
        copy(&project.join("migrations"), &folder.path("migrations"));
        let run = |url: &str, command: &[&str]| folder.run(&[command, &["--database", url]].concat());

        let deployed = run(&old, &["deploy"]);
        if deployed.code != Some(0) {
            let why = deployed.err.lines().find(|line| line.starts_with("error")).unwrap_or_default();
            println!("{name}: does not run on this server: {why}");
            assert_ne!(name, USUAL, "{}", deployed.err);
            continue;
        }
        run(&old, &["status", "--exit-code"]).ends(0).says("0 pending");
        let squash = ["squash", "all so far", "--force"];
        let squashed = match folder.run(&squash) {
            it if it.err.contains("error[conflict]") => {
                println!(
                    "{name}: {}",
                    it.err.lines().filter(|line| line.starts_with("error")).collect::<Vec<_>>().join("; ")
                );
                folder.run(&[&squash[..], &["--accept-conflicts"]].concat())
            }
            it => it,
        };
        if squashed.code != Some(0) {
            let why: Vec<&str> = squashed.err.lines().filter(|line| line.starts_with("error")).collect();
            println!("{name}: runs, and is not squashed: {}", why.join("; "));
            assert_ne!(name, USUAL, "{}", squashed.err);
            continue;
        }
        run(&old, &["deploy"]).ends(0).says("noted in place of those that it stands for");
        run(&old, &["status", "--exit-code"]).ends(0).says("1 applied, 0 pending");
        run(&new, &["deploy"]).ends(0).says("1 migration applied");
        folder.run(&["diff", &old, &new]).ends(0).says("no difference");

        let declared = folder.run(&["diff", "empty", &new]).ends(0).out;
        folder.write("schema.sql", format!("{declared}\nCREATE TABLE public.one_more (id int);\n").as_bytes());
        folder.run(&["new", "add one more", "--to", "schema.sql"]).ends(0).says("written");
        run(&new, &["check", "--to", "schema.sql"]).ends(0).says("nothing differs, 1 migration pending");
        println!("{name}: run, squashed, and gone on with");
    }
}
