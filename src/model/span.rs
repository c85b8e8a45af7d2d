//! Places in the texts that were read. Byte offsets everywhere; lines and columns only for people.

use std::{ops::Range, sync::Arc};

/// One text among those that were read, as [`Files`] numbers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// A place in a text: a range of bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Span {
    pub file: FileId,
    pub range: Range<usize>,
}

/// Every text that was read, by name. Cheap to clone: the texts are shared.
#[derive(Clone, Debug, Default)]
pub struct Files {
    files: Vec<(Arc<str>, Arc<str>)>,
}

impl Files {
    /// Keeps `text` under `name`, as the user would write it (`schema/users.sql`), and numbers it.
    pub fn add(&mut self, name: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> FileId {
        let id = FileId(u32::try_from(self.files.len()).expect("fewer than 2^32 files"));
        self.files.push((name.into(), text.into()));
        id
    }
    pub fn name(&self, id: FileId) -> &str {
        &self.files[id.0 as usize].0
    }
    pub fn text(&self, id: FileId) -> &str {
        &self.files[id.0 as usize].1
    }
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }
    /// All of them, in the order in which they were read.
    pub fn ids(&self) -> impl Iterator<Item = FileId> + use<> {
        (0..u32::try_from(self.files.len()).unwrap_or(u32::MAX)).map(FileId)
    }
    /// The text of a span.
    pub fn slice(&self, span: &Span) -> &str {
        &self.text(span.file)[span.range.clone()]
    }
    /// Line and column of the start of a span, both from 1; the column in characters.
    pub fn line_column(&self, span: &Span) -> (usize, usize) {
        let before = &self.text(span.file)[..span.range.start];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
    }
}
