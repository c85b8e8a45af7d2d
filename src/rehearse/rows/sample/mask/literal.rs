//! What arrays and composite values are made of, in the text that PostgreSQL prints them as (PostgreSQL manual, 8.15.6
//! and 8.16.6).

/// What one element becomes; nothing where that cannot be told.
pub(super) type Change<'a> = dyn FnMut(usize, &str) -> Option<String> + 'a;

/// An array with other elements; NULL stays. Nothing for what is no array.
pub(super) fn array(text: &str, delimiter: char, change: &mut Change<'_>) -> Option<String> {
    // Bounds that do not begin with 1 stand before it.
    let (bounds, body) = text.split_at(text.find('{')?);
    let mut out = bounds.to_owned();
    let mut signs = body.chars().peekable();
    let (mut item, mut is_quoted) = (String::new(), false);
    while let Some(sign) = signs.next() {
        match sign {
            '{' => out.push('{'),
            '"' => {
                is_quoted = true;
                while let Some(inner) = signs.next() {
                    match inner {
                        '"' => break,
                        '\\' => item.push(signs.next()?),
                        other => item.push(other),
                    }
                }
            }
            '}' => {
                put(&mut out, &item, is_quoted, change)?;
                out.push('}');
                (item, is_quoted) = (String::new(), false);
            }
            '\\' => item.push(signs.next()?),
            sign if sign == delimiter => {
                put(&mut out, &item, is_quoted, change)?;
                out.push(delimiter);
                (item, is_quoted) = (String::new(), false);
            }
            other => item.push(other),
        }
    }
    Some(out)
}

fn put(out: &mut String, item: &str, is_quoted: bool, change: &mut Change<'_>) -> Option<()> {
    match (item, is_quoted) {
        ("", false) => (),
        ("NULL", false) => out.push_str(item),
        _ => {
            let other = change(0, item)?.replace('\\', "\\\\").replace('"', "\\\"");
            out.push_str(&format!("\"{other}\""));
        }
    }
    Some(())
}

/// A composite value with other fields; NULL stays. The change is told the number of the field.
pub(super) fn composite(text: &str, change: &mut Change<'_>) -> Option<String> {
    let body = text.strip_prefix('(')?.strip_suffix(')')?;
    let mut fields: Vec<(String, bool)> = vec![(String::new(), false)];
    let mut signs = body.chars().peekable();
    let mut within = false;
    while let Some(sign) = signs.next() {
        if sign == ',' && !within {
            fields.push((String::new(), false));
            continue;
        }
        let (field, is_there) = fields.last_mut()?;
        *is_there = true;
        match sign {
            '"' if within && signs.peek() == Some(&'"') => field.push(signs.next()?),
            '"' => within = !within,
            '\\' => field.push(signs.next()?),
            other => field.push(other),
        }
    }
    let mut one = |(at, (field, is_there)): (usize, (String, bool))| match is_there {
        false => Some(String::new()),
        true => Some(format!("\"{}\"", change(at, &field)?.replace('\\', "\\\\").replace('"', "\"\""))),
    };
    let fields: Option<Vec<String>> = fields.into_iter().enumerate().map(&mut one).collect();
    Some(format!("({})", fields?.join(",")))
}

#[cfg(test)]
mod tests {
    use super::{array, composite};

    #[test]
    fn elements_and_fields_are_found() {
        let mut seen = Vec::new();
        let mut upper = |at: usize, text: &str| {
            seen.push((at, text.to_owned()));
            Some(text.to_uppercase())
        };
        let shown = array(r#"[0:1]={{a,"b, \"c\\"},{NULL,"null"}}"#, ',', &mut upper);
        assert_eq!(shown.as_deref(), Some(r#"[0:1]={{"A","B, \"C\\"},{NULL,"NULL"}}"#));
        assert_eq!(array("{}", ',', &mut upper).as_deref(), Some("{}"));
        let shown = composite(r#"(1,,"a ""b"", \\c","",x)"#, &mut upper);
        assert_eq!(shown.as_deref(), Some(r#"("1",,"A ""B"", \\C","","X")"#));
        assert_eq!(seen[3..], [(0, "1"), (2, "a \"b\", \\c"), (3, ""), (4, "x")].map(|(at, it)| (at, it.to_owned())));
        assert_eq!(composite("a", &mut |_, _| None), None);
    }
}
