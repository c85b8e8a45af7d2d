//! The two forms of a connection string, taken apart into parameters. Knows no parameter's meaning.
//!
//! <https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING>

use super::TargetError;

/// Names and values in the order in which they were written.
pub(super) type Parameters = Vec<(String, String)>;

/// Takes apart `postgres://…`, `postgresql://…` or `host=… dbname=…`.
pub(super) fn parse(text: &str) -> Result<Parameters, TargetError> {
    match text.strip_prefix("postgres://").or_else(|| text.strip_prefix("postgresql://")) {
        Some(rest) => url(rest),
        None => keywords(text),
    }
}

/// The same connection string for another database of its server. Of a parameter that is there twice, the last one counts.
pub fn with_database(text: &str, database: &str) -> String {
    if !text.starts_with("postgres://") && !text.starts_with("postgresql://") {
        return format!("{text} dbname='{}'", database.replace('\\', r"\\").replace('\'', r"\'"));
    }
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
    let encoded = |byte: u8| if is_plain(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    let database: String = database.bytes().map(encoded).collect();
    format!("{text}{}dbname={database}", if text.contains('?') { '&' } else { '?' })
}

fn url(rest: &str) -> Result<Parameters, TargetError> {
    let mut parameters = Parameters::new();
    let (before, query) = rest.split_once('?').map_or((rest, ""), |(before, query)| (before, query));
    // A password may hold a slash that nobody encoded; what follows the last @ cannot.
    let (user, place) = before.rsplit_once('@').map_or((None, before), |(user, place)| (Some(user), place));
    if let Some(user) = user {
        let (name, password) = user.split_once(':').map_or((user, None), |(name, password)| (name, Some(password)));
        push(&mut parameters, "user", &decode(name)?);
        if let Some(password) = password {
            push(&mut parameters, "password", &decode(password)?);
        }
    }
    let (hosts, database) = place.split_once('/').unwrap_or((place, ""));
    let (mut names, mut ports) = (Vec::new(), Vec::new());
    for host in hosts.split(',').filter(|_| !hosts.is_empty()) {
        let (name, port) = host_and_port(host)?;
        names.push(decode(name)?);
        ports.push(port.to_owned());
    }
    push(&mut parameters, "host", &names.join(","));
    if ports.iter().any(|port| !port.is_empty()) {
        push(&mut parameters, "port", &ports.join(","));
    }
    push(&mut parameters, "dbname", &decode(database)?);
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').ok_or_else(|| TargetError::Syntax(format!("`{pair}` lacks a `=`")))?;
        let (name, value) = (decode(name)?, decode(value)?);
        // JDBC's way of saying it, which libpq takes as well.
        if name == "ssl" && value == "true" {
            push(&mut parameters, "sslmode", "require");
        } else {
            parameters.push((name, value));
        }
    }
    Ok(parameters)
}

fn push(parameters: &mut Parameters, name: &str, value: &str) {
    if !value.is_empty() {
        parameters.push((name.to_owned(), value.to_owned()));
    }
}

/// `[::1]:5432`, `host:5432`, `host`.
fn host_and_port(text: &str) -> Result<(&str, &str), TargetError> {
    if let Some(rest) = text.strip_prefix('[') {
        let (address, after) =
            rest.split_once(']').ok_or_else(|| TargetError::Syntax("the IPv6 address lacks its `]`".to_owned()))?;
        return match after.strip_prefix(':') {
            Some(port) => Ok((address, port)),
            None if after.is_empty() => Ok((address, "")),
            None => Err(TargetError::Syntax("after an IPv6 address comes `:` and a port, or nothing".to_owned())),
        };
    }
    Ok(text.split_once(':').unwrap_or((text, "")))
}

/// Percent-decoding. The text itself stays out of errors: it may be a password.
fn decode(text: &str) -> Result<String, TargetError> {
    let wrong =
        || TargetError::Syntax("a `%` is not followed by two hexadecimal digits; write `%25` for `%`".to_owned());
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let [high, low, after @ ..] = rest else { return Err(wrong()) };
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        bytes.push(digit(*high).zip(digit(*low)).map(|(high, low)| high * 16 + low).ok_or_else(wrong)?);
        rest = after;
    }
    if bytes.contains(&0) {
        return Err(TargetError::Syntax("`%00` is not allowed".to_owned()));
    }
    String::from_utf8(bytes).map_err(|_| TargetError::Syntax("it is not UTF-8 after decoding".to_owned()))
}

fn keywords(text: &str) -> Result<Parameters, TargetError> {
    let mut parameters = Parameters::new();
    let mut chars = text.chars().peekable();
    loop {
        while chars.next_if(|c| c.is_whitespace()).is_some() {}
        if chars.peek().is_none() {
            return Ok(parameters);
        }
        let mut name = String::new();
        while let Some(c) = chars.next_if(|c| *c != '=' && !c.is_whitespace()) {
            name.push(c);
        }
        while chars.next_if(|c| c.is_whitespace()).is_some() {}
        if chars.next() != Some('=') {
            return Err(TargetError::Syntax(
                "expected a `postgres://` URL or `name=value` pairs; a name lacks its `=`".to_owned(),
            ));
        }
        while chars.next_if(|c| c.is_whitespace()).is_some() {}
        let quoted = chars.next_if_eq(&'\'').is_some();
        let mut value = String::new();
        loop {
            match chars.next_if(|c| quoted || !c.is_whitespace()) {
                Some('\'') if quoted => break,
                Some('\\') => value.extend(chars.next()),
                Some(c) => value.push(c),
                None if quoted => return Err(TargetError::Syntax("a quoted value lacks its closing quote".to_owned())),
                None => break,
            }
        }
        parameters.push((name, value));
    }
}

#[cfg(test)]
mod tests {
    use super::{parse, with_database};

    fn shown(text: &str) -> String {
        match parse(text) {
            Ok(parameters) => {
                parameters.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
            }
            Err(e) => format!("error: {e}"),
        }
    }

    #[test]
    fn another_database_of_the_server() {
        for (text, expected) in [
            ("postgres://u@h/one?host=/tmp", "user=u host=h dbname=one host=/tmp dbname=a 'b&"),
            ("postgres://h", "host=h dbname=a 'b&"),
            ("host=h dbname=one", "host=h dbname=one dbname=a 'b&"),
        ] {
            assert_eq!(shown(&with_database(text, "a 'b&")), expected);
        }
    }

    #[test]
    fn connection_strings() {
        for (text, expected) in [
            ("postgres://", ""),
            ("postgresql://localhost", "host=localhost"),
            ("postgres://localhost:5433/app", "host=localhost port=5433 dbname=app"),
            ("postgres://ann:s%40cret@h/app", "user=ann password=s@cret host=h dbname=app"),
            ("postgres://ann:p@ss@h/app", "user=ann password=p@ss host=h dbname=app"),
            ("postgres://ann:a/b@h/app", "user=ann password=a/b host=h dbname=app"),
            ("postgres://a,b:1,c/app", "host=a,b,c port=,1, dbname=app"),
            ("postgres://[::1]:5433/app", "host=::1 port=5433 dbname=app"),
            ("postgres://[2001:db8::1]/", "host=2001:db8::1"),
            ("postgres:///app?host=/run/pg&port=1", "dbname=app host=/run/pg port=1"),
            ("postgres://%2Frun%2Fpg/app", "host=/run/pg dbname=app"),
            ("postgres:///?ssl=true", "sslmode=require"),
            ("postgres:///app?options=-c%20a%3Db", "dbname=app options=-c a=b"),
            ("host=h dbname = 'my db' password='it\\'s'", "host=h dbname=my db password=it's"),
            ("host=a\\ b", "host=a b"),
            ("", ""),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn malformed_strings_are_errors_without_the_secret() {
        for text in
            ["postgres://u:sec%zzret@h", "postgres://[::1", "postgres://h?secret", "password='secret", "secret", "=x"]
        {
            let shown = shown(text);
            assert!(shown.starts_with("error: ") || text == "=x", "{text}: {shown}");
        }
        assert!(!shown("postgres://u:sec%zzret@h").contains("ret"));
        assert!(!shown("password='secret").contains("secret"));
    }
}
