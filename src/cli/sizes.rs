//! `--stats`: how large tables are, for hazards and for `--online auto`.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::{
    catalog::Catalog,
    cli::side::Live,
    connect,
    diagnostic::Diagnostic,
    diff::{Rename, before},
    model::{Files, Kind, ObjectId, Span},
    stats::{Sizes, Unreadable, read},
};

#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Options {
    /// How large tables are, as `trueup stats` has written it [default: FROM is asked, where it is a live database]
    #[arg(long = "stats", value_name = "FILE")]
    file: Option<PathBuf>,
}

/// Sizes as somebody has named them.
pub(crate) struct Snapshot {
    file: String,
    pub sizes: Sizes,
}

impl Options {
    /// With what the project's file says where the command line is silent.
    pub(super) fn complete(&mut self, said: Option<&Path>) {
        self.file = self.file.take().or_else(|| said.map(Path::to_path_buf));
    }

    /// The file that was named, if there is one.
    ///
    /// # Errors
    /// A diagnostic where it cannot be read, or holds something else, with the place.
    pub(super) fn read(&self, files: &mut Files) -> Result<Option<Snapshot>, Vec<Diagnostic>> {
        let Some(path) = &self.file else { return Ok(None) };
        let name = path.display().to_string();
        let fault = |title: String| Diagnostic::error("bad-stats", title).with_help(ANEW);
        let text =
            std::fs::read_to_string(path).map_err(|error| vec![fault(format!("cannot read `{name}`: {error}"))])?;
        let statistics = read(&text).map_err(|Unreadable { why, at }| {
            let found = fault(format!("`{name}` is no snapshot as `trueup stats` writes it: {why}"));
            let file = files.add(name.as_str(), text.as_str());
            vec![at.into_iter().fold(found, |found, place| found.at(Span { file, range: range(&text, place) }, ""))]
        })?;
        Ok(Some(Snapshot { file: name, sizes: Sizes::of(&statistics) }))
    }
}

const ANEW: &str = "write one of the database that the migration is for: `trueup stats URL -o FILE`";

impl Snapshot {
    /// What to say where it is about none of the relations of these states: every size then counts as unknown.
    pub(super) fn stranger(&self, states: &[&Catalog]) -> Option<Diagnostic> {
        let keeps_rows = |id: &&ObjectId| matches!(id.kind, Kind::Table | Kind::MaterializedView);
        let mut tables = states.iter().flat_map(|it| it.ids()).filter(keeps_rows).peekable();
        let is_stranger = tables.peek().is_some() && tables.all(|id| self.sizes.get(&id.qualified()).is_none());
        is_stranger.then(|| {
            let title = format!("`{}` knows none of the tables; nothing is said of their sizes", self.file);
            Diagnostic::warning("other-stats", title).with_help(ANEW)
        })
    }
}

/// What is known of sizes, and what is to be said of how it was come by. A file counts for more than a server.
pub(super) fn known(snapshot: Option<&Snapshot>, live: Option<&mut Live>) -> (Sizes, Option<Diagnostic>) {
    match (snapshot, live) {
        (Some(snapshot), _) => (snapshot.sizes.clone(), None),
        (None, None) => (Sizes::default(), None),
        (None, Some(live)) => match live.statistics() {
            Ok(statistics) => (Sizes::of(&statistics), None),
            Err(error) => (Sizes::default(), Some(unknown(&error))),
        },
    }
}

/// The sizes of what `from` has, by its names; they are known by those from before the plan.
pub(super) fn named(known: &Sizes, from: &Catalog, renames: &[Rename]) -> Sizes {
    let tables = from.ids().filter(|id| id.kind.takes_contents_along());
    known.under(tables.map(|id| (id.qualified(), before(renames, id).qualified())))
}

fn unknown(error: &postgres::Error) -> Diagnostic {
    let why = connect::message(error);
    Diagnostic::warning("sizes-unknown", format!("FROM does not say how large its tables are: {why}"))
        .with_help("try again when nobody has locked a table; or take them once, and say `--stats FILE`")
}

/// The character at a line and column as `serde_json` counts them: from 1, and columns in bytes.
fn range(text: &str, (line, column): (usize, usize)) -> std::ops::Range<usize> {
    let start: usize = text.split_inclusive('\n').take(line - 1).map(str::len).sum();
    let mut at = (start + column - 1).min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at..text[at..].chars().next().map_or(at, |c| at + c.len_utf8())
}
