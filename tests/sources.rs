//! Sources, from files to a loaded database, and what the terminal shows when they are wrong.

mod support;

use std::path::{Path, PathBuf};

use support::Cluster;
use trueup::diagnostic::Diagnostic;
use trueup::emit::terminal::render;
use trueup::model::Files;
use trueup::sources::{Script, Source, load};

/// Every schema and every folder of migrations under `$TRUEUP_CORPUS` loads.
#[test]
#[ignore = "needs the corpus: TRUEUP_CORPUS=…/corpus/real"]
fn loads_the_corpus() {
    let corpus = PathBuf::from(std::env::var_os("TRUEUP_CORPUS").expect("TRUEUP_CORPUS"));
    let only = std::env::var("ONLY").unwrap_or_default();
    let what = std::env::var("WHAT").unwrap_or("schema.sql".into());
    let cluster = Cluster::start().expect("a server");
    let mut projects: Vec<PathBuf> = std::fs::read_dir(corpus).expect("corpus").flatten().map(|e| e.path()).collect();
    projects.sort();
    let mut failed = 0;
    for (index, project) in projects.iter().enumerate() {
        let path = project.join(&what);
        if !path.exists() || !project.to_string_lossy().contains(&only) {
            continue;
        }
        let mut files = Files::default();
        let started = std::time::Instant::now();
        let source = Source::parse(path.to_str().expect("a path")).expect("a source");
        let read = source.read(&mut files);
        let read_in = started.elapsed();
        let started = std::time::Instant::now();
        let result = read.and_then(|script| {
            let mut client = cluster.database(&format!("corpus{index}"));
            load(&script, &files, &mut client).map(|loaded| (script.statements.len(), loaded))
        });
        match result {
            Ok((statements, loaded)) => println!(
                "ok   {} {statements} statements, {} written, {} notes, read {read_in:?}, loaded {:?}",
                project.display(),
                loaded.written.len(),
                loaded.notes.len(),
                started.elapsed()
            ),
            Err(problems) => {
                failed += 1;
                println!("FAIL {} {} problems", project.display(), problems.len());
                println!("{}", render(&problems[..problems.len().min(4)], &files, false));
            }
        }
    }
    assert_eq!(failed, 0);
}
