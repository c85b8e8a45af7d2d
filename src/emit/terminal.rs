//! Diagnostics as a terminal shows them, in the look of rustc.

use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Element, Group, Level, Renderer, Snippet};

use crate::diagnostic::{Diagnostic, Severity};
use crate::model::{Files, Span};

/// A label underlines no more lines than this: what is said is about the statement, not about its last line.
const UNDERLINED_LINES: usize = 3;

/// The width that long lines are cut to, around what is underlined.
const WIDTH: usize = 120;

/// All diagnostics, each followed by an empty line.
pub fn render(diagnostics: &[Diagnostic], files: &Files, color: bool) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.decor_style(DecorStyle::Unicode).term_width(WIDTH);
    let mut text = String::new();
    for diagnostic in diagnostics {
        let rendered = renderer.render(&[group(diagnostic, files)]);
        for line in rendered.lines() {
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text.push('\n');
    }
    text
}

fn group<'a>(diagnostic: &'a Diagnostic, files: &'a Files) -> Group<'a> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let title = level.primary_title(diagnostic.title.as_str()).id(diagnostic.code);
    let mut elements: Vec<Element<'a>> = Vec::new();
    for (name, labels) in by_file(diagnostic, files) {
        // The renderer reads what it is given from the start; a large file is cut down to what is shown of it.
        let window = window(files.text(labels[0].1.file), labels.iter().map(|(_, span, _)| &span.range));
        let mut snippet = Snippet::source(&files.text(labels[0].1.file)[window.clone()])
            .path(name)
            .line_start(files.text(labels[0].1.file)[..window.start].matches('\n').count() + 1);
        for (kind, span, text) in labels {
            let shown = shortened(files, &span);
            let shown = shown.start - window.start..shown.end - window.start;
            let text = (!text.is_empty()).then_some(text);
            snippet = snippet.annotation(kind.span(shown).label(text));
        }
        elements.push(snippet.into());
    }
    elements.extend(diagnostic.notes.iter().map(|note| Level::NOTE.message(note.as_str()).into()));
    elements.extend(diagnostic.help.iter().map(|help| Level::HELP.message(help.as_str()).into()));
    Group::with_title(title).elements(elements)
}

type Labels<'a> = Vec<(AnnotationKind, Span, &'a str)>;

/// The labels of a diagnostic, one list for each file, that of the primary label first.
fn by_file<'a>(diagnostic: &'a Diagnostic, files: &'a Files) -> Vec<(&'a str, Labels<'a>)> {
    let mut lists: Vec<(&str, Labels<'_>)> = Vec::new();
    let shown = diagnostic.labels.iter().enumerate().filter(|(index, label)| *index == 0 || !label.text.is_empty());
    for (index, label) in shown {
        let kind = if index == 0 { AnnotationKind::Primary } else { AnnotationKind::Context };
        let entry = (kind, label.span.clone(), label.text.as_str());
        match lists.iter_mut().find(|(_, labels)| labels[0].1.file == label.span.file) {
            Some((_, labels)) => labels.push(entry),
            None => lists.push((files.name(label.span.file), vec![entry])),
        }
    }
    lists
}

/// The lines around the places that are shown.
fn window<'a>(text: &str, places: impl Iterator<Item = &'a Range<usize>>) -> Range<usize> {
    let (mut start, mut end) = (text.len(), 0);
    for place in places {
        start = start.min(place.start);
        end = end.max(place.end);
    }
    let (start, end) = (start.min(end), end.min(text.len()));
    let first = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let last = text[end..].find('\n').map_or(text.len(), |at| end + at);
    first..last
}

/// A span of many lines is cut to its first line.
fn shortened(files: &Files, span: &Span) -> Range<usize> {
    let Range { start, end } = span.range.clone();
    let text = &files.text(span.file)[start..end];
    if text.matches('\n').count() < UNDERLINED_LINES {
        return start..end;
    }
    let first_line = text.lines().next().unwrap_or("");
    start..start + first_line.trim_end().len()
}
