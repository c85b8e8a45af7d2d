//! Hazards and places, as every format for machines has them.

use serde::Serialize;

use crate::{
    diagnostic::Hazard,
    emit::estimate::Estimate,
    model::{Files, Span},
};

#[derive(Serialize)]
pub(super) struct HazardJson<'a> {
    code: &'a str,
    severity: &'static str,
    object: &'a str,
    text: &'a str,
    instead: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    estimate: Option<Estimate>,
    /// Where the object is declared.
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<Place<'a>>,
}

#[derive(Serialize)]
pub(super) struct Place<'a> {
    file: &'a str,
    line: usize,
    column: usize,
}

impl HazardJson<'_> {
    pub(super) fn of<'a>(hazard: &'a Hazard, files: &'a Files) -> HazardJson<'a> {
        let Hazard { code, severity, object, text, instead, written, estimate } = hazard;
        let estimate = estimate.as_ref().map(Estimate::from);
        let place = written.as_ref().map(|span| Place::of(span, files));
        HazardJson { code, severity: severity.word(), object, text, instead, estimate, place }
    }
}

impl Place<'_> {
    pub(super) fn of<'a>(span: &Span, files: &'a Files) -> Place<'a> {
        let (line, column) = files.line_column(span);
        Place { file: files.name(span.file), line, column }
    }
}
