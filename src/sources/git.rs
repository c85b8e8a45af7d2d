//! `git:REVISION:PATH`: a script, or a folder of them, as it was at a git revision. Uses the `git` program.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use super::shelf::{Shelf, is_of};
use super::{Script, file, nearest};
use crate::diagnostic::Diagnostic;
use crate::model::{Files, parser};

/// `path` is relative to the working folder if it starts with `./` or `../`, else to the top of the repository,
/// as `git show REVISION:PATH` takes it; if it is not there, it is tried from the working folder too.
pub(super) fn read(revision: &str, path: &str, files: &mut Files) -> Result<Script, Vec<Diagnostic>> {
    let tree = Tree { revision };
    tree.verify().map_err(|diagnostic| vec![diagnostic])?;
    let trimmed = path.trim_end_matches('/');
    let candidates = [trimmed.to_owned(), format!("./{trimmed}")];
    for candidate in &candidates {
        match tree.kind(candidate).as_deref() {
            Some("blob") => return file::file(&tree, Path::new(candidate), files),
            Some("tree") => return file::folder(&tree, Path::new(candidate), files),
            _ => (),
        }
    }
    Err(vec![tree.missing(trimmed)])
}

/// The files of one revision.
struct Tree<'a> {
    revision: &'a str,
}

impl Tree<'_> {
    fn verify(&self) -> Result<(), Diagnostic> {
        let failed = |title: String| Diagnostic::error("git", title);
        // Behind --end-of-options a revision cannot pass for an option of git's.
        let commit = format!("{}^{{tree}}", self.revision);
        let output = git(&["rev-parse", "--verify", "--quiet", "--end-of-options", &commit])
            .map_err(|error| failed(format!("cannot run `git`: {error}")))?;
        if output.status.success() {
            return Ok(());
        }
        if !git(&["rev-parse", "--git-dir"]).is_ok_and(|output| output.status.success()) {
            return Err(failed(format!("cannot read `{}`: this folder is not in a git repository", self.revision)));
        }
        let diagnostic = failed(format!("there is no git revision `{}`", self.revision));
        let listed =
            git(&["for-each-ref", "--format=%(refname:short)"]).map(|output| output.stdout).unwrap_or_default();
        let listed = String::from_utf8_lossy(&listed).into_owned();
        Err(match nearest::nearest(self.revision, listed.lines()).as_slice() {
            [] => diagnostic,
            near => diagnostic.with_help(format!("did you mean `{}`?", near.join("` or `"))),
        })
    }

    fn object(&self, path: &str) -> String {
        format!("{}:{path}", self.revision)
    }

    fn kind(&self, path: &str) -> Option<String> {
        let output = git(&["cat-file", "-t", &self.object(path)]).ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    fn missing(&self, path: &str) -> Diagnostic {
        let diagnostic =
            Diagnostic::error("missing-file", format!("there is no `{path}` in git revision `{}`", self.revision));
        let listed = git(&["ls-tree", "-r", "-t", "--name-only", "--full-tree", self.revision])
            .map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
            .unwrap_or_default();
        match nearest::nearest(path, listed.lines()).as_slice() {
            [] => diagnostic.with_note("the path is taken from the top of the repository, then from this folder"),
            near => diagnostic.with_help(format!("did you mean `{}`?", near.join("` or `"))),
        }
    }
}

impl Shelf for Tree<'_> {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let output = git(&["cat-file", "blob", &self.object(&plain(path))])?;
        if output.status.success() {
            Ok(output.stdout)
        } else {
            Err(io::Error::new(io::ErrorKind::NotFound, format!("it is not in git revision `{}`", self.revision)))
        }
    }
    fn has(&self, path: &Path) -> bool {
        self.kind(&plain(path)).as_deref() == Some("blob")
    }
    fn label(&self, path: &Path) -> String {
        self.object(&plain(path))
    }
    fn files(&self, folder: &Path, extension: &str) -> (Vec<PathBuf>, Vec<(PathBuf, io::Error)>) {
        let listed = git(&["ls-tree", "-r", "-z", "--name-only", "--full-tree", &self.object(&plain(folder))]);
        match listed {
            Err(error) => (Vec::new(), vec![(folder.to_path_buf(), error)]),
            Ok(output) => {
                let names = String::from_utf8_lossy(&output.stdout).into_owned();
                let visible = |path: &Path| !path.iter().any(|part| part.to_string_lossy().starts_with('.'));
                let mut paths: Vec<PathBuf> = names
                    .split_terminator('\0')
                    .map(Path::new)
                    .filter(|path| is_of(path, extension) && visible(path))
                    .map(|path| folder.join(path))
                    .collect();
                paths.sort();
                (paths, Vec::new())
            }
        }
    }
}

/// A path as git takes it: with slashes, and without the `a/../` that an include may leave in it.
fn plain(path: &Path) -> String {
    let mut parts: Vec<String> = Vec::new();
    for part in path.iter().map(|part| part.to_string_lossy().into_owned()) {
        match (part.as_str(), parts.last().map(String::as_str)) {
            ("..", Some(last)) if last != ".." && last != "." => {
                parts.pop();
            }
            (".", Some(_)) => (),
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

/// The commit from which the working branch and a revision have parted.
///
/// # Errors
/// A diagnostic where there is no such revision, or none.
pub fn merge_base(revision: &str) -> Result<String, Diagnostic> {
    Tree { revision }.verify()?;
    let output = git(&["merge-base", "--end-of-options", revision, "HEAD"]);
    match output {
        Ok(output) if output.status.success() => Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned()),
        Ok(_) | Err(_) => {
            let title = format!("`{revision}` and this branch have no commit in common");
            Err(Diagnostic::error("git", title)
                .with_help("a shallow clone does not have it: fetch more of the history"))
        }
    }
}

/// The files below a folder at a revision, from the working folder on.
///
/// # Errors
/// A diagnostic where git fails.
pub fn files_at(revision: &str, folder: &Path) -> Result<Vec<PathBuf>, Diagnostic> {
    let path = format!("{}/", folder.display());
    let output = git(&["ls-tree", "-r", "-z", "--name-only", revision, "--", &path]);
    let failed = |why: String| Diagnostic::error("git", format!("cannot list `{path}` in `{revision}`: {why}"));
    let output = output.map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        return Err(failed(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
    }
    let names = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(names.split_terminator('\0').map(PathBuf::from).collect())
}

/// The text of a file at a revision. The path is from the working folder on.
///
/// # Errors
/// A diagnostic where git does not have it.
pub fn text_at(revision: &str, path: &Path) -> Result<String, Diagnostic> {
    let read = Tree { revision }.read(&Path::new(".").join(path));
    let failed = |why: String| Diagnostic::error("git", format!("cannot read `{}`: {why}", path.display()));
    String::from_utf8(read.map_err(|error| failed(error.to_string()))?).map_err(|_| failed("it is not in UTF-8".into()))
}

/// Whether the last commit has a file as it is.
pub fn is_committed(path: &Path) -> bool {
    let path = path.to_string_lossy();
    let is_known = git(&["ls-files", "--error-unmatch", "--", &path]).is_ok_and(|it| it.status.success());
    is_known && git(&["status", "--porcelain", "--", &path]).is_ok_and(|it| it.status.success() && it.stdout.is_empty())
}

pub(super) fn git(arguments: &[&str]) -> io::Result<Output> {
    let mut command = Command::new("git");
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let process = {
        let _held = parser::undisturbed();
        command.spawn()?
    };
    process.wait_with_output()
}
