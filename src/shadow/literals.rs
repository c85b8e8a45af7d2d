//! Values of stand-in types. A stand-in keeps the text of a value as it was written; a server with the extension prints it
//! in a form of its own. That server is asked, so that the two are compared in one form.

use std::borrow::Cow;
use std::ops::Range;

use super::stub::Stub;
use crate::model::{Literal, parser};

/// Replaces the value in each `'POINT(0 0)'::public.geometry` of a text of the catalog.
pub(super) fn restore<'a>(text: &'a str, stubs: &[Stub]) -> Cow<'a, str> {
    let mentions = |stub: &Stub| stub.types.iter().any(|name| text.contains(name.as_str()));
    if !text.contains("'::") || !stubs.iter().any(mentions) {
        return Cow::Borrowed(text);
    }
    let tokens = parser::tokens(text);
    let mut restored = String::new();
    let mut done = 0;
    for (at, token) in tokens.iter().enumerate() {
        let Some(value) = printed(text, &tokens[at..], stubs) else { continue };
        restored.push_str(&text[done..token.start]);
        restored.push_str(&Literal(&value).to_string());
        done = token.end;
    }
    if done == 0 {
        return Cow::Borrowed(text);
    }
    restored.push_str(&text[done..]);
    Cow::Owned(restored)
}

/// The value that the tokens start with, if it is of a stand-in type, as a server with the extension prints it.
fn printed(text: &str, tokens: &[Range<usize>], stubs: &[Stub]) -> Option<String> {
    let word = |at: usize| tokens.get(at).map_or("", |range| &text[range.clone()]);
    let value = word(0).strip_prefix('\'')?.strip_suffix('\'')?.replace("''", "'");
    if word(1) != "::" {
        return None;
    }
    let name = if word(3) == "." { word(4) } else { word(2) };
    // A domain for the type with its modifiers: `"geometry(Point,4326)"`.
    let name = name.trim_matches('"').split('(').next().unwrap_or_default();
    let stub = stubs.iter().find(|stub| stub.types.contains(name))?;
    (stub.printed)(name, &value)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Stub, restore};

    #[test]
    fn only_values_of_its_types_are_printed_anew() {
        let printed = |name: &str, value: &str| Some(format!("{name} {value}'s"));
        let types = std::iter::once("geometry".to_owned()).collect();
        let stubs = [Stub { types, printed: Arc::new(printed), ..Stub::empty("postgis") }];
        let cases = [
            ("('a'::public.geometry)", "('geometry a''s'::public.geometry)"),
            ("f('a'::geometry, 'geometry'::text)", "f('geometry a''s'::geometry, 'geometry'::text)"),
            ("'a'::public.\"geometry(Point)\"", "'geometry a''s'::public.\"geometry(Point)\""),
            ("'a'::text || geometry", "'a'::text || geometry"),
        ];
        for (text, expected) in cases {
            assert_eq!(restore(text, &stubs), expected);
        }
    }
}
