//! Hides passwords in a text that is shown.

/// The same text with a `*` for each byte of a password, so that every place in it stays where it is. Passwords are what
/// stands before the `@` of a URL after a colon, and what follows `password=`.
pub(super) fn passwords(text: &str) -> String {
    let mut masked = text.to_owned();
    for (at, _) in text.match_indices("://") {
        let start = at + "://".len();
        let end = start + text[start..].find(is_end).unwrap_or(text.len() - start);
        let Some(host) = text[start..end].rfind('@') else { continue };
        let Some(colon) = text[start..start + host].find(':') else { continue };
        hide(&mut masked, start + colon + 1, start + host);
    }
    for (at, name) in text.match_indices("password") {
        let rest = &text[at + name.len()..];
        let Some(value) = rest.trim_start().strip_prefix('=') else { continue };
        let value = value.trim_start();
        let length = match value.strip_prefix('\'') {
            Some(quoted) => value.len() - after_quote(quoted).len(),
            None => value.find(|c| is_end(c) || c == '&').unwrap_or(value.len()),
        };
        let start = text.len() - value.len();
        hide(&mut masked, start, start + length);
    }
    masked
}

/// What follows the closing quote. A backslash takes the meaning from the next sign.
fn after_quote(text: &str) -> &str {
    let mut signs = text.chars();
    while let Some(sign) = signs.next() {
        match sign {
            '\\' => drop(signs.next()),
            '\'' => break,
            _ => (),
        }
    }
    signs.as_str()
}

fn is_end(c: char) -> bool {
    c.is_whitespace() || c == '"' || c == '\''
}

fn hide(text: &mut String, start: usize, end: usize) {
    let stars: String = text[start..end].bytes().map(|byte| if byte == b'\n' { '\n' } else { '*' }).collect();
    text.replace_range(start..end, &stars);
}

#[cfg(test)]
mod tests {
    use super::passwords;

    #[test]
    fn only_passwords_are_hidden() {
        let same = |text: &str| assert_eq!(passwords(text), text);
        same("from = \"postgres://ann@h:5432/d\"");
        same("# see https://example.com/a:b, or password");
        assert_eq!(passwords("u = 'postgres://ann:p@ss@h:1/d'"), "u = 'postgres://ann:****@h:1/d'");
        assert_eq!(passwords("\"host=h password=größe user=u\""), "\"host=h password=******* user=u\"");
        assert_eq!(passwords("postgres://h/d?password=abc&x=1"), "postgres://h/d?password=***&x=1");
        assert_eq!(passwords(r"password = 'a \'b' x"), "password = ******* x");
    }
}
