//! Bytes to text: a byte order mark goes; what is not UTF-8 is a diagnostic that points at the byte.

use crate::diagnostic::Diagnostic;
use crate::model::{FileId, Files, Span};

/// Keeps `bytes` under `name`, as text.
///
/// # Errors
/// The bytes are not UTF-8, or have a NUL in them, which PostgreSQL cannot hold in text.
pub(super) fn keep(files: &mut Files, name: &str, bytes: Vec<u8>) -> Result<FileId, Diagnostic> {
    let bytes = if bytes.starts_with(b"\xef\xbb\xbf") { bytes[3..].to_vec() } else { bytes };
    match String::from_utf8(bytes) {
        Ok(text) => match text.find('\0') {
            None => Ok(files.add(name, text)),
            Some(at) => Err(nul_byte(files, name, text, at)),
        },
        Err(error) => Err(not_utf8(files, name, error.as_bytes(), error.utf8_error().valid_up_to())),
    }
}

fn not_utf8(files: &mut Files, name: &str, bytes: &[u8], at: usize) -> Diagnostic {
    let title = format!("`{name}` is not UTF-8 text");
    let diagnostic = Diagnostic::error("not-utf8", title);
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return diagnostic
            .with_note("it starts with the byte order mark of UTF-16")
            .with_help(format!("convert it: `iconv -f UTF-16 -t UTF-8 {name}`"));
    }
    if bytes.starts_with(b"PGDMP") {
        return diagnostic
            .with_note("it is a dump in pg_dump's custom format")
            .with_help(format!("turn it into SQL: `pg_restore --schema-only -f schema.sql {name}`"));
    }
    // The replacement character is as long in bytes for every bad sequence, and what precedes it is untouched.
    let shown = files.add(name, String::from_utf8_lossy(bytes));
    let span = Span { file: shown, range: at..at + '\u{fffd}'.len_utf8() };
    diagnostic
        .at(span, format!("byte 0x{:02X} does not belong here", bytes[at]))
        .with_help(format!("if it is Latin-1, convert it: `iconv -f LATIN1 -t UTF-8 {name}`"))
}

fn nul_byte(files: &mut Files, name: &str, text: String, at: usize) -> Diagnostic {
    let shown = files.add(name, text.replace('\0', "\u{2400}"));
    let span = Span { file: shown, range: at..at + '\u{2400}'.len_utf8() };
    Diagnostic::error("nul-byte", format!("`{name}` has a NUL byte in it"))
        .at(span, "PostgreSQL cannot hold this byte in text")
}
