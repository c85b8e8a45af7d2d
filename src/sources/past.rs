//! What git knows of the past of a declaration: the change that brought it, and what stood there before. Uses the `git`
//! program.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use similar::{Algorithm, DiffOp, capture_diff_slices, get_diff_ratio};

use super::Source;
use super::defines::{Defined, is_name};
use super::git::git;
use super::lexer::{TokenKind, words};
use super::psql::Reading;
use super::shelf::Shelf;
use crate::model::{FileId, Files, ObjectId, Span};

/// Of each file, that many of the last commits that touched it are looked at.
const COMMITS: usize = 20;
/// Of a source, that many files.
const FILES: usize = 20;
/// The share of their words that two declarations have in common, names aside, to be taken for one another.
const ALIKE: f32 = 0.5;

/// The history of a source whose files are in a git repository. It is read only as far as somebody asks for it.
pub struct Past<'a> {
    files: &'a Files,
    /// The revision that the source is of, if it is not what is on disk.
    revision: Option<Option<String>>,
    read: RefCell<BTreeMap<FileId, Vec<Step>>>,
}

/// A change of one file.
struct Step {
    /// None for what is not committed yet.
    commit: Option<Commit>,
    before: Text,
    after: Text,
    declared: OnceCell<(Vec<Declaration>, Vec<Declaration>)>,
}

#[derive(Clone)]
struct Commit {
    short: String,
    subject: String,
}

enum Text {
    Kept(FileId),
    /// As git names it, in a folder of the repository.
    Blob(PathBuf, String),
}

/// Something that a version of a file declares.
struct Declaration {
    defined: Defined,
    /// The words of the declaration.
    words: Vec<String>,
}

impl<'a> Past<'a> {
    pub fn new(word: &str, files: &'a Files) -> Past<'a> {
        let revision = match Source::parse(word) {
            Ok(Source::File(_) | Source::Folder(_)) => Some(None),
            Ok(Source::Git { revision, .. }) => Some(Some(revision)),
            Ok(Source::Empty | Source::Stdin | Source::Exec(_) | Source::Live(_)) | Err(_) => None,
        };
        Past { files, revision, read: RefCell::default() }
    }

    /// In words: that the change which brought the declaration of `new` put it in the place of one of `old`.
    pub fn tells(&self, old: &ObjectId, new: &ObjectId, declared: &Span) -> Option<String> {
        let revision = self.revision.as_ref()?;
        let mut read = self.read.borrow_mut();
        if FILES <= read.len() && !read.contains_key(&declared.file) {
            return None;
        }
        let steps = read
            .entry(declared.file)
            .or_insert_with(|| steps(declared.file, self.files.name(declared.file), revision.as_deref()));
        let brought = steps.iter().find(|step| step.brings(new, self.files))?;
        brought.replaces(old, new, self.files).then(|| {
            let (line, _) = self.files.line_column(declared);
            let place = format!("declared in {} line {line}", self.files.name(declared.file));
            match &brought.commit {
                Some(commit) => format!("{place}, where {commit} changed {} to {}", old.name, new.name),
                None => format!("{place}, where a change that is not committed made {} of {}", new.name, old.name),
            }
        })
    }
}

impl fmt::Display for Commit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "commit {} \"{}\"", self.short, self.subject)
    }
}

impl Step {
    fn declared(&self, files: &Files) -> &(Vec<Declaration>, Vec<Declaration>) {
        self.declared.get_or_init(|| (self.before.declarations(files), self.after.declarations(files)))
    }

    fn brings(&self, new: &ObjectId, files: &Files) -> bool {
        let (before, after) = self.declared(files);
        let has = |declared: &[Declaration]| declared.iter().any(|it| it.defined.is_of(new));
        has(after) && !has(before)
    }

    /// Whether `new` stands where something with the name of `old` stood, and reads like it.
    fn replaces(&self, old: &ObjectId, new: &ObjectId, files: &Files) -> bool {
        let (before, after) = self.declared(files);
        let alike = |declared: &'_ [Declaration]| -> Vec<usize> {
            (0..declared.len()).filter(|&at| declared[at].defined.is_a(new.kind)).collect()
        };
        let (old_ones, new_ones) = (alike(before), alike(after));
        let names = |declared: &'_ [Declaration], places: &[usize]| -> Vec<String> {
            places.iter().map(|&at| declared[at].defined.name.clone()).collect()
        };
        let changes = capture_diff_slices(Algorithm::Myers, &names(before, &old_ones), &names(after, &new_ones));
        let Some(here) = new_ones.iter().position(|&at| after[at].defined.is_of(new)) else { return false };
        let stood_there = changes.iter().find_map(|change| what_it_replaced(change, here)).unwrap_or_default();
        let mut replaced = old_ones[stood_there].iter().map(|&at| &before[at]);
        replaced.any(|was| was.defined.name == old.name.raw() && was.reads_like(&after[new_ones[here]]))
    }
}

/// The places before which this change may have put what is at one place now.
fn what_it_replaced(change: &DiffOp, here: usize) -> Option<Range<usize>> {
    let DiffOp::Replace { old_index, old_len, new_index, new_len } = *change else { return None };
    if !(new_index..new_index + new_len).contains(&here) {
        return None;
    }
    // Several that are replaced by as many stay in their order.
    let same = old_index + (here - new_index);
    Some(if old_len == new_len { same..same + 1 } else { old_index..old_index + old_len })
}

impl Text {
    fn declarations(&self, files: &Files) -> Vec<Declaration> {
        match self {
            Text::Kept(file) => declarations(files.text(*file)),
            Text::Blob(folder, name) => {
                let read = run(folder, &["cat-file", "blob", name]);
                read.map(|text| declarations(&text)).unwrap_or_default()
            }
        }
    }
}

impl Declaration {
    fn reads_like(&self, other: &Declaration) -> bool {
        let changes = capture_diff_slices(Algorithm::Myers, &self.words, &other.words);
        ALIKE <= get_diff_ratio(&changes, self.words.len(), other.words.len())
    }
}

/// What a text declares. What is wrong with it is of no interest: it is only looked at.
fn declarations(text: &str) -> Vec<Declaration> {
    let mut files = Files::default();
    let file = files.add("", text);
    let mut reading = Reading::new(&mut files, &Bare);
    reading.text(file, None);
    let statements = reading.statements;
    let all = statements.into_iter().flat_map(|mut statement| {
        let sql = statement.sql(&files).into_owned();
        let declaration = |defined: Defined| {
            let own = &sql[defined.range.clone()];
            // Of what has only its name here, the whole statement is the declaration.
            let is_element = words(own).nth(1).is_some();
            let words = spoken(if is_element { own } else { &sql }, &defined.name);
            Declaration { defined, words }
        };
        std::mem::take(&mut statement.defines).into_iter().map(declaration).collect::<Vec<_>>()
    });
    all.collect()
}

/// The words of a declaration, without its own name.
fn spoken(sql: &str, name: &str) -> Vec<String> {
    let tokens = words(sql).map(|token| (token.kind, &sql[token.range]));
    let others = tokens.filter(|(kind, text)| !is_name(text, *kind, name));
    let folded = others.map(|(kind, text)| if kind == TokenKind::Word { text.to_lowercase() } else { text.to_owned() });
    folded.collect()
}

/// The last changes of a file, the youngest first; none where git does not know it.
fn steps(file: FileId, name: &str, revision: Option<&str>) -> Vec<Step> {
    let Some((folder, path, start)) = whereabouts(name, revision) else { return Vec::new() };
    let mut steps = Vec::new();
    if revision.is_none() {
        let before = Text::Blob(folder.clone(), format!("HEAD:./{path}"));
        steps.push(Step { commit: None, before, after: Text::Kept(file), declared: OnceCell::new() });
    }
    let most = format!("--max-count={COMMITS}");
    // The marks cannot be in a subject, and a path with such is quoted.
    let format = "--format=%x01%H%x02%h%x02%s";
    let log = ["log", "--follow", "--name-status", "--no-show-signature", "--no-color", &most, format];
    let log = [&log[..], &["--end-of-options", start, "--", &path]].concat();
    let told = run(&folder, &log).unwrap_or_default();
    steps.extend(told.split('\u{1}').filter_map(|entry| step(entry, &folder)));
    steps
}

/// The folder to ask git in, the path of a file from there, and the revision to start from.
fn whereabouts<'a>(name: &'a str, revision: Option<&'a str>) -> Option<(PathBuf, String, &'a str)> {
    let Some(revision) = revision else {
        let path = Path::new(name);
        let folder = path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
        return Some((folder.to_path_buf(), path.file_name()?.to_str()?.to_owned(), "HEAD"));
    };
    let path = name.strip_prefix(revision)?.strip_prefix(':')?;
    let here = Path::new(".");
    let top = || run(here, &["rev-parse", "--show-toplevel"]).map(|it| PathBuf::from(it.trim_end_matches('\n')));
    let folder = if path.starts_with('.') { here.to_path_buf() } else { top().ok()? };
    Some((folder, path.to_owned(), revision))
}

/// One entry of the log: the commit, and the file's name after it and before.
fn step(entry: &str, folder: &Path) -> Option<Step> {
    let (head, paths) = entry.split_once('\n')?;
    let [hash, short, subject] = head.split('\u{2}').collect::<Vec<_>>().try_into().ok()?;
    let mut paths = paths.lines().find(|line| !line.is_empty())?.split('\t').skip(1);
    let before = paths.next()?;
    let after = paths.next().unwrap_or(before);
    let blob = |revision: &str, path: &str| Text::Blob(folder.to_path_buf(), format!("{revision}:{path}"));
    Some(Step {
        commit: Some(Commit { short: short.to_owned(), subject: subject.to_owned() }),
        before: blob(&format!("{hash}^"), before),
        after: blob(hash, after),
        declared: OnceCell::new(),
    })
}

/// What git prints, in a folder.
fn run(folder: &Path, arguments: &[&str]) -> io::Result<String> {
    let folder = folder.to_string_lossy();
    let output = git(&[&["-C", &folder, "-c", "core.quotePath=false"], arguments].concat())?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        false => Err(io::Error::other("git refuses")),
    }
}

/// Nothing stands beside an old version of a file: what it includes has a history of its own.
struct Bare;

impl Shelf for Bare {
    fn read(&self, _: &Path) -> io::Result<Vec<u8>> {
        Err(io::ErrorKind::NotFound.into())
    }
    fn has(&self, _: &Path) -> bool {
        false
    }
    fn label(&self, path: &Path) -> String {
        path.display().to_string()
    }
    fn files(&self, _: &Path, _: &str) -> (Vec<PathBuf>, Vec<(PathBuf, io::Error)>) {
        (Vec::new(), Vec::new())
    }
}
