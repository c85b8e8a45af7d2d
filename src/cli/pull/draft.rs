//! The files that are to be written, while they are not yet right.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use super::home::Homes;
use crate::{
    ddl::Verb,
    diagnostic::Diagnostic,
    model::{Files, Kind, ObjectId},
    plan::Step,
};

/// Statements, by the paths of files in a folder.
#[derive(Clone, Debug, Default)]
pub(super) struct Draft {
    /// What is said in another language, or by somebody else.
    given: BTreeMap<PathBuf, String>,
    files: BTreeMap<PathBuf, Vec<String>>,
    /// Files with functions whose bodies PostgreSQL refuses to check, by itself or for where they stand.
    unchecked: BTreeSet<PathBuf>,
}

impl Draft {
    /// Beside files that are as they are.
    pub(super) fn beside(given: BTreeMap<PathBuf, String>) -> Draft {
        Draft { given, ..Draft::default() }
    }

    /// These statements come after those that there are.
    pub(super) fn follow<'a>(&mut self, steps: impl IntoIterator<Item = &'a Step>, homes: &Homes) {
        for step in steps {
            let Some(subject) = step.subjects.first().filter(|_| !step.sql.is_empty()) else { continue };
            if !self.given.is_empty() && is_given_up(step) {
                continue;
            }
            self.files.entry(homes.path(subject)).or_default().push(step.sql.clone());
        }
    }

    /// PostgreSQL is not to check the bodies in files where it refused something. Says whether any of these was not known.
    pub(super) fn leave_unchecked(&mut self, refused: &[Diagnostic], files: &Files, folder: &Path) -> bool {
        let spans = refused.iter().flat_map(|it| &it.labels).map(|label| &label.span);
        let paths = spans.filter_map(|span| Path::new(files.name(span.file)).strip_prefix(folder).ok());
        let has_body = |path: &&Path| {
            self.files
                .get(*path)
                .is_some_and(|it| it.iter().any(|sql| sql.contains(" FUNCTION ") || sql.contains(" PROCEDURE ")))
        };
        let found: BTreeSet<PathBuf> = paths.filter(has_body).map(Path::to_path_buf).collect();
        let known = self.unchecked.len();
        self.unchecked.extend(found);
        known < self.unchecked.len()
    }

    /// What is to be in each file.
    pub(super) fn texts(&self) -> BTreeMap<PathBuf, String> {
        let text = |(path, statements): (&PathBuf, &Vec<String>)| {
            let unchecked = self.unchecked.contains(path).then(|| "SET check_function_bodies = off".to_owned());
            let statements: Vec<String> = unchecked.iter().chain(statements).map(|sql| format!("{sql};\n")).collect();
            (path.clone(), statements.join("\n"))
        };
        self.files.iter().map(text).chain(self.given.clone()).collect()
    }
}

/// Whether a statement only makes way for an index or a constraint of the same name: the SQL beside a schema has the last word on
/// these.
fn is_given_up(step: &Step) -> bool {
    let is_key = |it: &ObjectId| matches!(it.kind, Kind::Index | Kind::Unique | Kind::PrimaryKey | Kind::ForeignKey);
    step.subjects.iter().all(is_key) && step.verbs.iter().all(|it| *it == Verb::Drop)
}
