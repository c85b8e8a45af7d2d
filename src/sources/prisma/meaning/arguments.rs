//! The arguments of an attribute: which there are, and of which type.

use crate::{
    diagnostic::Diagnostic,
    model::Span,
    sources::{
        nearest::nearest,
        prisma::ast::{Argument, Attribute, Expression, Name},
    },
};

/// What is wrong with a schema, as it is found.
#[derive(Debug, Default)]
pub(super) struct Faults(pub(super) Vec<Diagnostic>);

impl Faults {
    /// Says what is wrong, where, and what to do.
    pub(super) fn tell(&mut self, title: impl Into<String>, span: &Span, label: &str, help: impl Into<String>) {
        let found = Diagnostic::error("prisma-schema", title).at(span.clone(), label);
        let help = help.into();
        self.0.push(if help.is_empty() { found } else { found.with_help(help) });
    }

    /// Says what Prisma passes over in silence.
    pub(super) fn mention(&mut self, title: impl Into<String>, span: &Span, label: &str, help: &str) {
        self.0.push(Diagnostic::warning("prisma-schema", title).at(span.clone(), label).with_help(help));
    }

    /// Says that something has a name that another has.
    pub(super) fn twice(&mut self, title: impl Into<String>, span: &Span, first: &Span, help: &str) {
        let found =
            Diagnostic::error("prisma-schema", title).at(span.clone(), "this one").at(first.clone(), "the first one");
        self.0.push(found.with_help(help));
    }
}

/// Who has an attribute, for messages: `@unique` or `@@unique`.
pub(super) fn shown(attribute: &Attribute, signs: &str) -> String {
    format!("{signs}{}", attribute.name.text)
}

/// Checks that an attribute has no arguments but these, and each once. One without a name is the first of them.
pub(super) fn check(attribute: &Attribute, known: &[&str], faults: &mut Faults) {
    let mut seen: Vec<(&str, &Span)> = Vec::new();
    let unnamed = |it: &&Argument| it.name.is_none();
    let mut places = known.iter().take(1);
    for argument in &attribute.arguments {
        let (name, span) = match &argument.name {
            Some(Name { text, span }) => (text.as_str(), span),
            None => match places.next() {
                Some(name) => (*name, &argument.value.span),
                None => {
                    let help = match known {
                        [] => "leave the parentheses out".to_owned(),
                        _ => format!("its arguments are `{}`", known.join("`, `")),
                    };
                    let count = attribute.arguments.iter().filter(unnamed).count();
                    let title = match (known, count) {
                        ([], _) => format!("`{}` takes no arguments", attribute.name.text),
                        _ => format!("only the first argument of `{}` may go without a name", attribute.name.text),
                    };
                    faults.tell(title, &argument.value.span, "this one", help);
                    continue;
                }
            },
        };
        if let Some((_, first)) = seen.iter().find(|(it, _)| *it == name) {
            faults.twice(format!("`{name}` is said twice"), span, first, "leave one of them out");
        } else if !known.contains(&name) {
            let help = match nearest(name, known.iter().copied()).as_slice() {
                [] if known.is_empty() => "leave the parentheses out".to_owned(),
                [] => format!("its arguments are `{}`", known.join("`, `")),
                near => format!("did you mean `{}`?", near.join("` or `")),
            };
            let title = format!("`{}` has no argument `{name}` on PostgreSQL", attribute.name.text);
            faults.tell(title, span, "not known", help);
        }
        seen.push((name, span));
    }
}

/// The text of an argument.
pub(super) fn text<'a>(value: Option<&'a Expression>, what: &str, faults: &mut Faults) -> Option<&'a str> {
    let value = value?;
    if value.text().is_none() {
        faults.tell(format!("{what} is a text"), &value.span, "not a text", "put it in double quotes");
    }
    value.text()
}

/// A name that PostgreSQL can keep as it is.
pub(super) fn name<'a>(value: Option<&'a Expression>, what: &str, faults: &mut Faults) -> Option<&'a str> {
    let name = text(value, what, faults)?;
    let span = &value?.span;
    if name.is_empty() {
        faults.tell(format!("{what} is empty"), span, "no name", "write a name, or leave it out");
        return None;
    }
    if crate::sources::prisma::names::LONGEST < name.len() {
        let title = format!("{what} has {} bytes, and PostgreSQL keeps 63", name.len());
        faults.tell(title, span, "too long", "make it shorter");
    }
    Some(name)
}
