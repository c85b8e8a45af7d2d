//! `trueup.toml`: what a project says once, instead of on every command line.

mod rules;

use std::{
    ops::Range,
    path::{Path, PathBuf},
    str::FromStr,
};

use clap::ValueEnum;
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use crate::{
    cli::{
        deploy::Hooks,
        exit::Error,
        hand::Manner,
        lint::FailOn,
        mask,
        online::{Mode, Patience},
        pattern::Pattern,
        profile::Profile,
        scope::Drop,
    },
    ddl::Strategy,
    diagnostic::Diagnostic,
    history,
    model::{FileId, Files, Span},
    shadow::Choice,
    sources::{Source, nearest::nearest},
};
pub(crate) use rules::{Asked, What};

/// The name of the file that is looked for.
pub const FILE: &str = "trueup.toml";

/// What the file says. Whatever it does not say is as on a command line without it.
#[derive(Debug, Default)]
pub(crate) struct Config {
    pub from: Option<Word>,
    pub to: Option<Word>,
    pub shadow: Option<Word>,
    pub target_version: Option<i32>,
    pub profile: Option<Profile>,
    pub database_settings: bool,
    pub no_owner: bool,
    pub no_privileges: bool,
    pub strict: bool,
    pub include: Vec<Pattern>,
    pub exclude: Vec<Pattern>,
    pub drop: Option<Drop>,
    pub style: Option<Manner>,
    pub online: Option<Mode>,
    pub online_off: Vec<Strategy>,
    pub lock_timeout: Option<Patience>,
    pub stats: Option<PathBuf>,
    pub migrations: Option<PathBuf>,
    pub layout: Option<String>,
    pub database: Option<Word>,
    pub fail_on: Option<FailOn>,
    pub hooks: Hooks,
    pub production: bool,
    pub rules: Vec<Asked>,
    /// What the user should know, with the texts that it points at.
    pub warnings: Vec<Diagnostic>,
    pub files: Files,
}

/// A word that a command line may say instead.
#[derive(Clone, Debug)]
pub(crate) enum Word {
    Said(String),
    /// It is in an environment variable that is not set, which is wrong only where the command line does not say it.
    Unset(Box<Diagnostic>),
}

impl Word {
    fn map(self, change: impl FnOnce(String) -> String) -> Word {
        match self {
            Word::Said(word) => Word::Said(change(word)),
            Word::Unset(found) => Word::Unset(found),
        }
    }
}

/// One key of the file. This list is also its reference page.
pub struct Key {
    pub name: &'static str,
    /// A value, as it is written in the file.
    pub example: &'static str,
    pub about: &'static str,
    set: fn(&mut Config, &Given<'_>) -> Result<(), Vec<Fault>>,
}

/// Every key, in the order in which the reference tells of them.
pub const KEYS: &[Key] = &[
    Key {
        name: "from",
        example: r#""env:DATABASE_URL""#,
        about: "The schema as it is: what FROM is where the command line does not name it. A path is relative to the \
                file. `env:NAME` is the value of an environment variable.",
        set: |config, given| put(&mut config.from, given.source().map(Some)),
    },
    Key {
        name: "to",
        example: r#""schema""#,
        about: "The schema as it should be: what TO is where the command line does not name it. Written as `from` is.",
        set: |config, given| put(&mut config.to, given.source().map(Some)),
    },
    Key {
        name: "shadow",
        example: r#""local:16""#,
        about: "As `--shadow`. `env:NAME` is the value of an environment variable.",
        set: |config, given| put(&mut config.shadow, given.shadow().map(Some)),
    },
    Key {
        name: "target-version",
        example: "16",
        about: "As `--target-version`.",
        set: |config, given| put(&mut config.target_version, given.major().map(Some)),
    },
    Key {
        name: "profile",
        example: r#""supabase""#,
        about: "As `--profile`.",
        set: |config, given| put(&mut config.profile, given.one_of().map(Some)),
    },
    Key {
        name: "include",
        example: r#"["app.*", "kind:extension"]"#,
        about: "As `--include`, which replaces this list. [Patterns](#patterns) are below.",
        set: |config, given| put(&mut config.include, given.patterns()),
    },
    Key {
        name: "exclude",
        example: r#"["schema:tmp_*"]"#,
        about: "As `--exclude`, which replaces this list.",
        set: |config, given| put(&mut config.exclude, given.patterns()),
    },
    Key {
        name: "drop",
        example: r#""managed""#,
        about: "As `--drop`.",
        set: |config, given| put(&mut config.drop, given.one_of().map(Some)),
    },
    Key {
        name: "style",
        example: r#""prisma""#,
        about: "As `--style`.",
        set: |config, given| put(&mut config.style, given.one_of().map(Some)),
    },
    Key {
        name: "online",
        example: r#""auto""#,
        about: "As `--online`.",
        set: |config, given| put(&mut config.online, given.one_of().map(Some)),
    },
    Key {
        name: "online-off",
        example: r#"["using-index"]"#,
        about: "As `--online-off`, which replaces this list. [Strategies](strategies.md) have a page.",
        set: |config, given| put(&mut config.online_off, given.each("strategies", |one| one.one_of())),
    },
    Key {
        name: "lock-timeout",
        example: r#""2s""#,
        about: "As `--lock-timeout`.",
        set: |config, given| put(&mut config.lock_timeout, given.time().map(Some)),
    },
    Key {
        name: "stats",
        example: r#""stats.json""#,
        about: "As `--stats`. The path is relative to the file.",
        set: |config, given| put(&mut config.stats, given.path().map(Some)),
    },
    Key {
        name: "migrations",
        example: r#""db/migrations""#,
        about: "As `--migrations`. The path is relative to the file.",
        set: |config, given| put(&mut config.migrations, given.path().map(Some)),
    },
    Key {
        name: "layout",
        example: r#""prisma""#,
        about: "As `--layout`. [Layouts](layouts.md) have a page.",
        set: |config, given| put(&mut config.layout, given.layout().map(Some)),
    },
    Key {
        name: "database",
        example: r#""env:DATABASE_URL""#,
        about: "As `--database`. `env:NAME` is the value of an environment variable.",
        set: |config, given| put(&mut config.database, given.word().map(Some)),
    },
    Key {
        name: "fail-on",
        example: r#""error""#,
        about: "As `--fail-on` of `lint` and `deploy`.",
        set: |config, given| put(&mut config.fail_on, given.one_of().map(Some)),
    },
    Key {
        name: "before-deploy",
        example: r#""./scripts/announce""#,
        about: "A command that the shell runs before the first migration of a `deploy`. It finds the URL in \
                `TRUEUP_DATABASE`; where it fails, nothing is run.",
        set: |config, given| put(&mut config.hooks.before_deploy, given.command()),
    },
    Key {
        name: "after-deploy",
        example: r#""./scripts/announce done""#,
        about: "The same, after the last migration.",
        set: |config, given| put(&mut config.hooks.after_deploy, given.command()),
    },
    Key {
        name: "before-migration",
        example: r#""./scripts/pause-workers""#,
        about: "The same, before each migration, whose name is in `TRUEUP_MIGRATION`.",
        set: |config, given| put(&mut config.hooks.before_migration, given.command()),
    },
    Key {
        name: "after-migration",
        example: r#""./scripts/resume-workers""#,
        about: "The same, after each migration.",
        set: |config, given| put(&mut config.hooks.after_migration, given.command()),
    },
    Key {
        name: "production",
        example: "true",
        about: "Whether `database` is one that must not be emptied: `reset` refuses.",
        set: |config, given| put(&mut config.production, given.flag()),
    },
    Key {
        name: "database-settings",
        example: "true",
        about: "As `--database-settings`.",
        set: |config, given| put(&mut config.database_settings, given.flag()),
    },
    Key {
        name: "no-owner",
        example: "true",
        about: "As `--no-owner`.",
        set: |config, given| put(&mut config.no_owner, given.flag()),
    },
    Key {
        name: "no-privileges",
        example: "true",
        about: "As `--no-privileges`.",
        set: |config, given| put(&mut config.no_privileges, given.flag()),
    },
    Key {
        name: "strict",
        example: "true",
        about: "As `--strict`.",
        set: |config, given| put(&mut config.strict, given.flag()),
    },
    Key {
        name: "rule",
        example: r#"[{ use = "primary-key" }]"#,
        about: "Rules that `trueup verify` holds a schema to, each of them best written as a table of its own, `[[rule]]`. \
                [Rules](rules.md) have a page.",
        set: |config, given| put(&mut config.rules, rules::read(given)),
    },
];

impl Config {
    /// What the command line says, or else the file.
    ///
    /// # Errors
    /// A diagnostic where the file names an environment variable that is not set.
    pub(crate) fn or_said(&self, given: Option<String>, said: &Option<Word>) -> Result<Option<String>, Error> {
        match said {
            Some(Word::Said(word)) => Ok(given.or_else(|| Some(word.clone()))),
            Some(Word::Unset(found)) if given.is_none() => {
                Err(Error::Diagnostics(vec![(**found).clone()], self.files.clone()))
            }
            Some(Word::Unset(_)) | None => Ok(given),
        }
    }

    /// Reads the file that was named, or else the nearest one upwards from the working folder, if there is one.
    ///
    /// # Errors
    /// All that is wrong with it, with the texts that the diagnostics point at.
    pub(crate) fn load(named: Option<&Path>) -> Result<Config, (Vec<Diagnostic>, Files)> {
        let Some(path) = named.map(Path::to_path_buf).or_else(find) else { return Ok(Config::default()) };
        match std::fs::read_to_string(&path) {
            Ok(text) => read(&path, &text),
            Err(error) => {
                let title = format!("cannot read `{}`: {error}", path.display());
                Err((vec![Diagnostic::error("config", title)], Files::default()))
            }
        }
    }
}

/// Looks in the working folder and those above it, as far as the repository goes.
fn find() -> Option<PathBuf> {
    let working = std::env::current_dir().ok()?;
    let mut up = PathBuf::new();
    for folder in working.ancestors() {
        let path = up.join(FILE);
        if path.is_file() {
            return Some(path);
        }
        if folder.join(".git").exists() {
            return None;
        }
        up.push("..");
    }
    None
}

fn read(path: &Path, text: &str) -> Result<Config, (Vec<Diagnostic>, Files)> {
    let mut config = Config::default();
    // What is shown of the file must not show a password.
    let masked = mask::passwords(text);
    let file = config.files.add(path.display().to_string(), masked.as_str());
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut found: Vec<Diagnostic> = errors.iter().map(|error| syntax(error, file)).collect();
    let folder = path.parent().unwrap_or(Path::new(""));
    // The parser keeps no order; the file has one.
    let mut entries: Vec<_> = table.get_ref().iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    for (key, value) in entries.into_iter().filter(|_| errors.is_empty()) {
        let place = |range: Range<usize>| Span { file, range };
        let Some(known) = KEYS.iter().find(|known| known.name == key.get_ref()) else {
            found.push(unknown(key.get_ref(), place(key.span())));
            continue;
        };
        let given = Given { value, file, folder };
        for fault in (known.set)(&mut config, &given).err().into_iter().flatten() {
            let diagnostic = Diagnostic::error("config", format!("`{}` {}", known.name, fault.says));
            let label = fault.label.unwrap_or_else(|| format!("as in `{} = {}`", known.name, known.example));
            found.push(fault.help.into_iter().fold(diagnostic.at(place(fault.range), label), Diagnostic::with_help));
        }
        if masked[value.span()] != text[value.span()] {
            config.warnings.push(password(known.name, place(value.span())));
        }
    }
    if found.is_empty() { Ok(config) } else { Err((found, config.files)) }
}

pub(in crate::cli) fn syntax(error: &toml::de::Error, file: FileId) -> Diagnostic {
    let diagnostic = Diagnostic::error("config", format!("this is not TOML: {}", error.message()));
    error.span().into_iter().fold(diagnostic, |it, range| it.at(Span { file, range }, ""))
}

fn unknown(key: &str, span: Span) -> Diagnostic {
    let names = || KEYS.iter().map(|known| known.name);
    let diagnostic = Diagnostic::error("config", format!("there is no key `{key}`")).at(span, "");
    match nearest(key, names()).as_slice() {
        [] => diagnostic.with_help(format!("the keys are {}", listed(names()))),
        near => diagnostic.with_help(format!("did you mean `{}`?", near.join("` or `"))),
    }
}

pub(in crate::cli) fn password(key: &str, span: Span) -> Diagnostic {
    Diagnostic::warning("password-in-file", format!("a password is written in `{key}`"))
        .at(span, "not shown here")
        .with_help(format!("name an environment variable that holds the URL instead: `{key} = \"env:DATABASE_URL\"`"))
}

pub(in crate::cli) fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn put<T, F: Into<Vec<Fault>>>(slot: &mut T, value: Result<T, F>) -> Result<(), Vec<Fault>> {
    *slot = value.map_err(Into::into)?;
    Ok(())
}

/// What is wrong with the value of a key.
pub(in crate::cli) struct Fault {
    pub(in crate::cli) range: Range<usize>,
    /// What follows the name of the key: `takes true or false`.
    pub(in crate::cli) says: String,
    pub(in crate::cli) help: Vec<String>,
    /// What stands beside the place, where that is not the example of the key.
    pub(in crate::cli) label: Option<String>,
}

impl From<Fault> for Vec<Fault> {
    fn from(fault: Fault) -> Vec<Fault> {
        vec![fault]
    }
}

/// The value of a key, and the folder that its paths start from.
pub(in crate::cli) struct Given<'a> {
    pub(in crate::cli) value: &'a Spanned<DeValue<'a>>,
    pub(in crate::cli) file: FileId,
    pub(in crate::cli) folder: &'a Path,
}

impl Given<'_> {
    pub(in crate::cli) fn fault(&self, says: impl Into<String>) -> Fault {
        Fault { range: self.value.span(), says: says.into(), help: Vec::new(), label: None }
    }

    pub(in crate::cli) fn flag(&self) -> Result<bool, Fault> {
        self.value.get_ref().as_bool().ok_or_else(|| self.fault("takes `true` or `false`"))
    }

    fn major(&self) -> Result<i32, Fault> {
        let number = self.value.get_ref().as_integer().and_then(|it| i32::from_str_radix(it.as_str(), it.radix()).ok());
        number.filter(|it| super::VERSIONS.contains(it)).ok_or_else(|| {
            let (first, last) = (super::VERSIONS.start(), super::VERSIONS.end());
            self.fault(format!("takes a major version of PostgreSQL from {first} to {last}"))
        })
    }

    pub(in crate::cli) fn text(&self) -> Result<&str, Fault> {
        self.value.get_ref().as_str().ok_or_else(|| self.fault("takes a string"))
    }

    fn one_of<T: ValueEnum>(&self) -> Result<T, Fault> {
        let text = self.text()?;
        T::from_str(text, false).map_err(|_| {
            let values: Vec<_> = T::value_variants().iter().filter_map(ValueEnum::to_possible_value).collect();
            self.fault(format!(
                "takes {}, and not `{}`",
                listed(values.iter().map(|it| it.get_name())),
                mask::passwords(text)
            ))
        })
    }

    /// A text, or what an environment variable holds, which is where passwords belong.
    fn word(&self) -> Result<Word, Fault> {
        let text = self.text()?;
        let Some(name) = text.strip_prefix("env:") else { return Ok(Word::Said(text.to_owned())) };
        Ok(std::env::var(name).map_or_else(
            |_| {
                let place = Span { file: self.file, range: self.value.span() };
                let found = Diagnostic::error("config", format!("the environment variable `{name}` is not set"));
                let help = "set it before Trueup runs, or say the value on the command line";
                Word::Unset(Box::new(found.at(place, "").with_help(help)))
            },
            Word::Said,
        ))
    }

    fn source(&self) -> Result<Word, Fault> {
        let is_variable = self.text()?.starts_with("env:");
        Ok(self.word()?.map(|word| if is_variable { word } else { Source::relative_to(&word, self.folder) }))
    }

    fn path(&self) -> Result<PathBuf, Fault> {
        Ok(self.folder.join(self.text()?))
    }

    fn command(&self) -> Result<Option<String>, Fault> {
        self.text().map(|it| Some(it.to_owned()))
    }

    fn shadow(&self) -> Result<Word, Fault> {
        let word = self.word()?;
        match &word {
            Word::Said(text) => Choice::parse(text).map(drop).map_err(|error| Fault {
                help: error.hint().into_iter().collect(),
                ..self.fault(format!("cannot be used: {error}"))
            })?,
            Word::Unset(_) => (),
        }
        Ok(word)
    }

    fn layout(&self) -> Result<String, Fault> {
        let name = self.text()?;
        history::layout(name)
            .map(|it| it.name().to_owned())
            .map_err(|found| Fault { help: found.help, ..self.fault(format!("names no layout: `{name}`")) })
    }

    fn time(&self) -> Result<Patience, Fault> {
        Patience::from_str(self.text()?).map_err(|error| self.fault(format!("is no time: {error}")))
    }

    fn each<T>(&self, what: &str, one: impl Fn(&Given<'_>) -> Result<T, Fault>) -> Result<Vec<T>, Fault> {
        let list = self.value.get_ref().as_array().ok_or_else(|| self.fault(format!("takes a list of {what}")))?;
        list.iter().map(|value| one(&Given { value, ..*self })).collect()
    }

    fn patterns(&self) -> Result<Vec<Pattern>, Fault> {
        self.each("patterns", |one| {
            Pattern::from_str(one.text()?).map_err(|error| {
                let mut lines = error.lines().map(str::to_owned);
                let says = format!("has a pattern that is none: {}", lines.next().unwrap_or_default());
                Fault { help: lines.collect(), ..one.fault(says) }
            })
        })
    }
}
