//! Type modifiers of stand-in types. Functions in SQL cannot read modifiers, so a domain over the type, whose name is the
//! type with its modifiers, `"geometry(Point,4326)"`, does for it. Reading a catalog turns the name back.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use super::stub::Stub;
use crate::model::{Ident, Literal, parser};

/// A type with modifiers in a statement.
struct Use<'a> {
    stub: &'a Stub,
    name: &'a str,
    /// From the name to the closing parenthesis.
    range: Range<usize>,
    /// As the extension would print it: `geometry(Point,4326)`.
    canonical: String,
}

/// Replaces each type of these that has modifiers by its domain, and creates the domains first. In a signature modifiers
/// mean nothing to PostgreSQL, and go.
pub(super) fn stand_in<'a>(sql: &'a str, types: &BTreeMap<&str, &Stub>) -> Cow<'a, str> {
    let tokens = parser::tokens(sql);
    let uses = uses(sql, &tokens, types);
    if uses.is_empty() {
        return Cow::Borrowed(sql);
    }
    let signed = ["function", "procedure", "routine", "aggregate"];
    let is_signature = tokens.iter().take(6).any(|range| signed.contains(&sql[range.clone()].to_lowercase().as_str()));
    let mut text = String::new();
    let mut done = 0;
    for used in &uses {
        text.push_str(&sql[done..used.range.start]);
        let name = if is_signature { used.name } else { &used.canonical };
        text.push_str(&Ident::new(name).to_string());
        done = used.range.end;
    }
    text.push_str(&sql[done..]);
    let domains: String = if is_signature { String::new() } else { uses.iter().map(domain).collect() };
    Cow::Owned(format!("{domains}{text}"))
}

fn uses<'a>(sql: &str, tokens: &[Range<usize>], types: &BTreeMap<&'a str, &'a Stub>) -> Vec<Use<'a>> {
    let word = |at: usize| tokens.get(at).map_or("", |range| &sql[range.clone()]);
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let Some((&name, &stub)) = types.get_key_value(plain(word(at)).as_str()) else { continue };
        let Some(close) = (at..tokens.len()).find(|&it| word(it) == ")").filter(|_| word(at + 1) == "(") else {
            continue;
        };
        let inside: Vec<&str> = (at + 2..close).map(word).collect();
        let arguments: Vec<String> = inside.iter().filter(|it| **it != ",").map(|it| plain(it)).collect();
        // One token each, with a comma between: anything else is the call of a function.
        if arguments.is_empty() || inside.len() != 2 * arguments.len() - 1 {
            continue;
        }
        if let Some(canonical) = (stub.canonical)(name, &arguments) {
            found.push(Use { stub, name, range: token.start..tokens[close].end, canonical });
        }
    }
    found
}

/// A name or a literal without its quotes; a plain name in lower case.
fn plain(token: &str) -> String {
    match token.chars().next() {
        Some(quote @ ('"' | '\'')) => token.trim_matches(quote).to_owned(),
        _ => token.to_lowercase(),
    }
}

/// Creates the domain beside its type, unless it is there.
fn domain(used: &Use<'_>) -> String {
    let Use { stub, name, canonical, .. } = used;
    let (extension, base, wanted) = (Literal(&stub.name), Literal(name), Literal(canonical));
    format!(
        "DO $trueup_domain$ DECLARE home name; BEGIN
         SELECT n.nspname INTO home FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
         JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e'
         JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid WHERE e.extname = {extension} AND t.typname = {base};
         IF home IS NULL OR EXISTS (SELECT FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
                                    WHERE n.nspname = home AND t.typname = {wanted}) THEN RETURN; END IF;
         EXECUTE pg_catalog.format('CREATE DOMAIN %I.%I AS %I.%I', home, {wanted}, home, {base});
         EXECUTE pg_catalog.format('ALTER EXTENSION %I ADD DOMAIN %I.%I', {extension}, home, {wanted});
         END $trueup_domain$;\n"
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use super::{Stub, stand_in};

    #[test]
    fn only_types_with_modifiers_are_replaced() {
        let canonical = |name: &str, arguments: &[String]| {
            let point = arguments.first().is_some_and(|it| it == "point");
            point.then(|| format!("{name}(Point,{})", arguments.get(1).map_or("0", String::as_str)))
        };
        let stub = Stub { canonical: Arc::new(canonical), ..Stub::empty("postgis") };
        let types = BTreeMap::from([("geometry", &stub)]);
        let last = |sql: &str| stand_in(sql, &types).lines().last().unwrap_or_default().to_owned();
        let cases = [
            (
                "CREATE TABLE t (g geometry(Point, 4326), h geometry)",
                "CREATE TABLE t (g \"geometry(Point,4326)\", h geometry)",
            ),
            ("SELECT public.GEOMETRY(g), geometry(point)", "SELECT public.GEOMETRY(g), \"geometry(Point,0)\""),
            ("CREATE FUNCTION f(g geometry(Point)) RETURNS int", "CREATE FUNCTION f(g geometry) RETURNS int"),
            ("SELECT geometry(a, b + 1)", "SELECT geometry(a, b + 1)"),
            ("-- geometry(Point)", "-- geometry(Point)"),
        ];
        for (sql, expected) in cases {
            assert_eq!(last(sql), expected);
        }
    }
}
