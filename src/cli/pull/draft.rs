//! The files that are to be written, while they are not yet right.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use super::home::Homes;
use crate::{diagnostic::Diagnostic, model::Files, plan::Step};

/// Statements, by the paths of files in a folder.
#[derive(Debug, Default)]
pub(super) struct Draft {
    files: BTreeMap<PathBuf, Vec<String>>,
    /// Files with functions whose bodies PostgreSQL refuses to check, by itself or for where they stand.
    unchecked: BTreeSet<PathBuf>,
}

impl Draft {
    /// The statements of a plan that leads from nothing to a schema, each in the file of its subject.
    pub(super) fn of(steps: &[Step], homes: &Homes) -> Draft {
        let mut draft = Draft::default();
        draft.follow(steps, homes);
        draft
    }

    /// These statements come after those that there are.
    pub(super) fn follow(&mut self, steps: &[Step], homes: &Homes) {
        for step in steps {
            let Some(subject) = step.subjects.first().filter(|_| !step.sql.is_empty()) else { continue };
            self.files.entry(homes.path(subject)).or_default().push(step.sql.clone());
        }
    }

    /// PostgreSQL is not to check the bodies in files where it refused something. Says whether any of these was not known.
    pub(super) fn leave_unchecked(&mut self, refused: &[Diagnostic], files: &Files, folder: &Path) -> bool {
        let spans = refused.iter().flat_map(|it| it.labels.iter().map(|label| &label.span).chain(&it.also));
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
        self.files.iter().map(text).collect()
    }
}
