//! Which shadow: as the user chose it, or the one that suits the live server best.

use super::{Embedded, Error, Local, Server, Shadow};
use crate::connect::Target;
use crate::diagnostic::Diagnostic;

/// What `--shadow` says.
#[derive(Clone, Debug)]
pub enum Choice {
    /// Local server programs of the live server's major version if there are any, else the embedded PostgreSQL.
    Auto,
    Embedded,
    /// Local server programs, of this major version if given.
    Local(Option<i32>),
    Url(Box<Target>),
}

/// A shadow, and what the user should know about how it was chosen.
pub struct Opened {
    pub shadow: Box<dyn Shadow>,
    pub warnings: Vec<Diagnostic>,
}

impl Choice {
    /// Reads `auto`, `embedded`, `local`, `local:15` or `postgres://…`.
    ///
    /// # Errors
    /// When it is none of these, or the URL is not one that can be read.
    pub fn parse(text: &str) -> Result<Choice, Error> {
        match text {
            "auto" => Ok(Choice::Auto),
            "embedded" => Ok(Choice::Embedded),
            "local" => Ok(Choice::Local(None)),
            _ => {
                if let Some(major) = text.strip_prefix("local:") {
                    let major = major.parse().map_err(|_| Error::Choice(text.to_owned()))?;
                    return Ok(Choice::Local(Some(major)));
                }
                if text.starts_with("postgres://") || text.starts_with("postgresql://") {
                    let target = Target::parse(text).map_err(|source| Error::Connect {
                        shadow: "shadow server".to_owned(),
                        source: Box::new(source.into()),
                    })?;
                    return Ok(Choice::Url(Box::new(target)));
                }
                // A misspelt connection string may hold a password.
                Err(Error::Choice(if text.contains(['=', '@']) { "…".to_owned() } else { text.to_owned() }))
            }
        }
    }
}

/// Opens the chosen shadow. `live_major` is the major version of the live server in the comparison, if there is one.
///
/// # Errors
/// When the shadow cannot be had. `auto` falls back to the embedded PostgreSQL, with a warning.
pub fn open(choice: &Choice, live_major: Option<i32>) -> Result<Opened, Error> {
    let alone = |shadow: Box<dyn Shadow>| Opened { shadow, warnings: Vec::new() };
    match choice {
        Choice::Embedded => Ok(alone(Box::new(Embedded::new()))),
        Choice::Local(major) => {
            let wanted = major.or(live_major);
            let found = Local::find(wanted).or_else(|| if major.is_none() { Local::find(None) } else { None });
            let found = found.ok_or(Error::NoBinaries { major: *major })?;
            Ok(alone(Box::new(Local::start(&found)?)))
        }
        Choice::Url(target) => Ok(alone(Box::new(Server::open(target)?))),
        Choice::Auto => Ok(auto(live_major)),
    }
}

fn auto(live_major: Option<i32>) -> Opened {
    let mut warnings = Vec::new();
    if let Some(found) = live_major.and_then(|major| Local::find(Some(major))) {
        match Local::start(&found) {
            Ok(local) => return Opened { shadow: Box::new(local), warnings },
            Err(e) => {
                let warning = Diagnostic::warning("shadow-fallback", format!("{e}"))
                    .with_note("the embedded PostgreSQL is used instead")
                    .with_help("say `--shadow embedded` to choose it without this warning");
                warnings.push(warning);
            }
        }
    }
    Opened { shadow: Box::new(Embedded::new()), warnings }
}

#[cfg(test)]
mod tests {
    use super::Choice;

    #[test]
    fn choices_as_written() {
        assert!(matches!(Choice::parse("auto"), Ok(Choice::Auto)));
        assert!(matches!(Choice::parse("embedded"), Ok(Choice::Embedded)));
        assert!(matches!(Choice::parse("local"), Ok(Choice::Local(None))));
        assert!(matches!(Choice::parse("local:15"), Ok(Choice::Local(Some(15)))));
        assert!(matches!(Choice::parse("postgres://h/db"), Ok(Choice::Url(_))));
        for wrong in ["", "docker", "local:x", "host=h"] {
            assert!(Choice::parse(wrong).is_err(), "{wrong}");
        }
    }
}
