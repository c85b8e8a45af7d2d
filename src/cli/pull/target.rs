//! Where a schema is written to, and in which language.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use super::files::{below, cannot};
use crate::diagnostic::Diagnostic;

#[derive(Debug)]
pub(super) enum Target {
    /// A folder of SQL files.
    Sql(PathBuf),
    Prisma(Prisma),
}

/// A schema in Prisma's language.
#[derive(Debug)]
pub(super) struct Prisma {
    pub folder: PathBuf,
    /// The name of the one file, where only that is meant and no SQL beside it.
    pub file: Option<PathBuf>,
    /// The files of it that are there.
    pub schemas: Vec<PathBuf>,
}

impl Target {
    /// What is meant by a path: a file of Prisma's by its ending, a folder by what is in it.
    ///
    /// # Errors
    /// A diagnostic where the folder cannot be read.
    pub(super) fn of(path: &Path, is_prisma: bool) -> Result<Target, Diagnostic> {
        let is_schema = |path: &Path| path.extension().is_some_and(|it| it == "prisma");
        if is_schema(path) {
            let file = path.file_name().map(PathBuf::from);
            let folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
            let schemas = path.exists().then(|| path.to_path_buf()).into_iter().collect();
            return Ok(Target::Prisma(Prisma { folder, file, schemas }));
        }
        let schemas: Vec<PathBuf> = below(path)?.into_iter().filter(|it| is_schema(it)).collect();
        if schemas.is_empty() && !is_prisma {
            return Ok(Target::Sql(path.to_path_buf()));
        }
        Ok(Target::Prisma(Prisma { folder: path.to_path_buf(), file: None, schemas }))
    }

    pub(super) fn folder(&self) -> &Path {
        match self {
            Target::Sql(folder) => folder,
            Target::Prisma(prisma) => &prisma.folder,
        }
    }

    /// Whether other SQL files in the folder are none of the schema's business.
    pub(super) fn is_one_file(&self) -> bool {
        matches!(self, Target::Prisma(prisma) if prisma.file.is_some())
    }
}

impl Prisma {
    /// The word that names it as a side of a comparison.
    pub(super) fn word(&self) -> String {
        self.file
            .as_ref()
            .map_or_else(|| self.folder.clone(), |file| self.folder.join(file))
            .to_string_lossy()
            .into_owned()
    }

    /// The file for what none of its files has a place for.
    pub(super) fn fresh(&self) -> PathBuf {
        match (&self.file, self.schemas.as_slice()) {
            (Some(file), _) => self.folder.join(file),
            (None, []) => self.folder.join("schema.prisma"),
            (None, [one]) => one.clone(),
            (None, _) => self.folder.join("introspected.prisma"),
        }
    }

    /// A path in the folder.
    pub(super) fn within(&self, path: &Path) -> PathBuf {
        path.strip_prefix(&self.folder).unwrap_or(path).to_path_buf()
    }

    /// The SQL files that stand beside the schema.
    ///
    /// # Errors
    /// A diagnostic for what cannot be read.
    pub(super) fn sql(&self) -> Result<BTreeMap<PathBuf, String>, Diagnostic> {
        let paths = below(&self.folder)?.into_iter().filter(|it| it.extension().is_some_and(|it| it == "sql"));
        let text = |path: PathBuf| {
            let text = fs::read_to_string(&path).map_err(|error| cannot("read", &path, &error))?;
            Ok((self.within(&path), text))
        };
        paths.map(text).collect()
    }
}
