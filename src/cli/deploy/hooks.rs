//! What a project has run around a deploy, and around each migration: commands of `trueup.toml`.

use std::process::{Command, Stdio};

use crate::{
    cli::{config::Config, fleet::Target},
    diagnostic::Diagnostic,
    model::parser,
};

/// Commands for the shell, where there are any.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hooks {
    pub before_deploy: Option<String>,
    pub after_deploy: Option<String>,
    pub before_migration: Option<String>,
    pub after_migration: Option<String>,
}

/// The hooks of a run, and what they are told: in the environment, where no list of processes shows it.
pub(super) struct Hooked<'a> {
    hooks: &'a Hooks,
    url: &'a str,
    target: Option<&'a Target>,
}

impl<'a> Hooked<'a> {
    pub(super) fn new(config: &'a Config, url: &'a str, target: Option<&'a Target>) -> Hooked<'a> {
        Hooked { hooks: &config.hooks, url, target }
    }

    pub(super) fn before_deploy(&self) -> Result<(), Diagnostic> {
        self.run("before-deploy", self.hooks.before_deploy.as_deref(), "")
    }

    pub(super) fn after_deploy(&self) -> Result<(), Diagnostic> {
        self.run("after-deploy", self.hooks.after_deploy.as_deref(), "")
    }

    pub(super) fn before_migration(&self, name: &str) -> Result<(), Diagnostic> {
        self.run("before-migration", self.hooks.before_migration.as_deref(), name)
    }

    pub(super) fn after_migration(&self, name: &str) -> Result<(), Diagnostic> {
        self.run("after-migration", self.hooks.after_migration.as_deref(), name)
    }

    /// What it prints goes to standard error.
    fn run(&self, hook: &str, command: Option<&str>, migration: &str) -> Result<(), Diagnostic> {
        let Some(command) = command else { return Ok(()) };
        let mut shell = Command::new("sh");
        shell.args(["-c", command]).env("TRUEUP_DATABASE", self.url).env("TRUEUP_MIGRATION", migration);
        if let Some(target) = self.target {
            shell.env("TRUEUP_TARGET", &target.name).env("TRUEUP_SCHEMA", target.schema.as_deref().unwrap_or_default());
        }
        shell.stdin(Stdio::null()).stdout(Stdio::from(std::io::stderr()));
        let started = {
            let _held = parser::undisturbed();
            shell.spawn()
        };
        let about = if migration.is_empty() { String::new() } else { format!(" of {migration}") };
        let why = match started.and_then(|mut it| it.wait()) {
            Ok(status) if status.success() => return Ok(()),
            Ok(status) => status.to_string(),
            Err(error) => error.to_string(),
        };
        let found = Diagnostic::error("hook-failed", format!("the hook `{hook}`{about} failed: {why}"));
        Err(found.with_note(format!("it is `{command}`")).with_help(match hook {
            "after-migration" => "the migration itself is applied; `trueup deploy` goes on after it",
            "after-deploy" => "all migrations are applied",
            _ => "nothing more was run; once the hook ends well, `trueup deploy` goes on",
        }))
    }
}
