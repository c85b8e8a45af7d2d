//! What a database must be able to offer before a script is loaded in it.

use super::Script;
use crate::model::Files;
use crate::shadow::Wanted;

/// The extensions and roles that a script names.
pub fn wanted(_script: &Script, _files: &Files) -> Wanted {
    Wanted::default()
}
