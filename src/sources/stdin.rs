//! A script on standard input.

use std::io::Read;

use super::psql::Reading;
use super::shelf::Disk;
use super::{Script, file, finish, text};
use crate::diagnostic::Diagnostic;
use crate::model::Files;

/// The name under which positions in standard input are shown.
const NAME: &str = "<stdin>";

pub(super) fn read(files: &mut Files) -> Result<Script, Vec<Diagnostic>> {
    let mut bytes = Vec::new();
    std::io::stdin().read_to_end(&mut bytes).map_err(|error| vec![file::unreadable("standard input", &error)])?;
    script(NAME, bytes, files)
}

/// A script that stands in no file; what it includes is looked up from the working folder.
pub(super) fn script(name: &str, bytes: Vec<u8>, files: &mut Files) -> Result<Script, Vec<Diagnostic>> {
    let id = text::keep(files, name, bytes).map_err(|diagnostic| vec![diagnostic])?;
    let mut reading = Reading::new(files, &Disk);
    reading.text(id, None);
    finish::script(reading)
}
