//! A state that a text declares, as it is in a scratch database.

use libtest_mimic::Failed;
use trueup::{
    catalog::Catalog,
    diff::wish::Wish,
    emit::terminal,
    model::Files,
    rehearse::Said,
    shadow::Scratch,
    sources::{self, Source, introspect, introspect::Owners, load},
};

/// One state, and what its text says about names.
pub(crate) struct Declared {
    pub(crate) catalog: Catalog,
    names: Vec<sources::Declared>,
    values: Vec<Wish>,
}

impl Declared {
    pub(crate) fn said(&self) -> Said<'_> {
        Said { noted: &self.values, declared: &self.names, ..Said::default() }
    }
}

/// Loads a text as a file would be.
///
/// # Errors
/// What is wrong with it, as a terminal would show it.
pub(crate) fn load_side(text: &str, scratch: &mut Scratch) -> Result<Declared, Failed> {
    let mut files = Files::default();
    let shown = |found: Vec<_>, files: &Files| Failed::from(terminal::render(&found, files, false));
    let file = tempfile::Builder::new().suffix(".sql").tempfile()?;
    std::fs::write(file.path(), text)?;
    let source = Source::parse(&file.path().to_string_lossy()).map_err(|found| shown(vec![found], &files))?;
    let script = source.read(&mut files).map_err(|found| shown(found, &files))?;
    let loaded = load(&script, &files, &mut scratch.client, &*scratch.adapt).map_err(|found| shown(found, &files))?;
    let mut catalog =
        introspect::introspect(&mut scratch.client, Owners::Stated).map_err(|error| format!("{error:?}"))?;
    loaded.note_places(&mut catalog);
    let values: Result<Vec<Wish>, String> =
        loaded.annotations.mapped.iter().map(|it| Wish::of_value(&it.of, &it.from, &it.to)).collect();
    Ok(Declared { names: loaded.declared(&catalog).declared, values: values?, catalog })
}
