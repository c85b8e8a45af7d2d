//! Sources, from files to a loaded database, and what the terminal shows when they are wrong.

mod support;

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use postgres::Client;
use support::Cluster;
use trueup::diagnostic::Diagnostic;
use trueup::emit::terminal::render;
use trueup::model::Files;
use trueup::sources::{Loaded, Script, Source, load, wanted};

/// A folder of files, made for one test.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new(files: &[(&str, &str)]) -> Folder {
        let folder = Folder(tempfile::tempdir().expect("a temporary folder"));
        for (name, text) in files {
            folder.write(name, text.as_bytes());
        }
        folder
    }
    fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.0.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(path, bytes).expect("a file");
    }
    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().expect("UTF-8").trim_end_matches('/').to_owned()
    }
    /// What the terminal shows, without the name of the temporary folder.
    fn shown(&self, diagnostics: &[Diagnostic], files: &Files) -> String {
        let root = self.path("");
        let mut names = Files::default();
        // Names are shown as a user in that folder would see them.
        for id in (0..).map(trueup::model::FileId).take(files.len()) {
            names.add(files.name(id).replace(&format!("{root}/"), ""), files.text(id));
        }
        render(diagnostics, &names, false).replace(&format!("{root}/"), "").replace(&root, "schema")
    }
    fn read(&self, name: &str) -> Result<(Script, Files), String> {
        let mut files = Files::default();
        let source = Source::parse(&self.path(name)).map_err(|problem| self.shown(&[problem], &files))?;
        source.read(&mut files).map(|script| (script, files.clone())).map_err(|problems| self.shown(&problems, &files))
    }
    fn load(&self, name: &str, client: &mut Client) -> Result<Loaded, String> {
        let (script, files) = self.read(name)?;
        load(&script, &files, client).map_err(|problems| self.shown(&problems, &files))
    }
}
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
