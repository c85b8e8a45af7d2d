//! How a run ends. The codes are stable; they are documented in `docs/reference/exit-codes.md`.

use std::{io, process::ExitCode};

use crate::{cli::ui::Ui, diagnostic::Diagnostic, model::Files};

/// Something in the user's input, database or policy is at fault.
const FAULT: u8 = 1;
/// There is a difference, and `--exit-code` asked.
const DIFFERENCE: u8 = 2;
/// The command line cannot be understood.
pub(crate) const USAGE: u8 = 64;
/// Trueup itself is at fault.
pub(crate) const INTERNAL: u8 = 70;

/// How a command ended that could be carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Well,
    /// All was done as asked, and the answer is no.
    WithFault,
    WithDifference,
}

/// Why a command could not be carried out.
#[derive(Debug)]
pub(crate) enum Error {
    /// To be shown where they point at.
    Diagnostics(Vec<Diagnostic>, Files),
    Usage(String),
    Output(io::Error),
}

/// Of what has no place in a file.
impl From<Diagnostic> for Error {
    fn from(diagnostic: Diagnostic) -> Error {
        vec![diagnostic].into()
    }
}

impl From<Vec<Diagnostic>> for Error {
    fn from(diagnostics: Vec<Diagnostic>) -> Error {
        Error::Diagnostics(diagnostics, Files::default())
    }
}

/// Of a file that was read, and is wrong.
impl From<(Vec<Diagnostic>, Files)> for Error {
    fn from((diagnostics, files): (Vec<Diagnostic>, Files)) -> Error {
        Error::Diagnostics(diagnostics, files)
    }
}

pub(crate) fn code(ended: Result<Ended, Error>, ui: &Ui) -> ExitCode {
    match ended {
        Ok(Ended::Well) => ExitCode::SUCCESS,
        Ok(Ended::WithFault) => FAULT.into(),
        Ok(Ended::WithDifference) => DIFFERENCE.into(),
        Err(Error::Diagnostics(diagnostics, files)) => {
            ui.diagnostics(&diagnostics, &files);
            FAULT.into()
        }
        Err(Error::Usage(message)) => {
            ui.error(&message);
            USAGE.into()
        }
        // Whoever read the output has seen enough.
        Err(Error::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(Error::Output(error)) => {
            ui.error(&format!("cannot write the output: {error}"));
            FAULT.into()
        }
    }
}
