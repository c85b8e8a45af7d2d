//! What of a catalog the user wants to be compared: `--include`, `--exclude`, `--no-owner`, `--no-privileges`,
//! `--database-settings`.

use std::sync::atomic::{AtomicBool, Ordering};

use globset::{Glob, GlobMatcher};

use crate::{
    catalog::Catalog,
    model::{Kind, ObjectId},
};

#[derive(Debug, Default)]
pub(crate) struct Filter {
    pub include: Vec<Pattern>,
    pub exclude: Vec<Pattern>,
    pub no_owner: bool,
    pub no_privileges: bool,
    pub database_settings: bool,
    /// Whether there were settings of a database that were left out.
    pub left_out_settings: AtomicBool,
}

/// A pattern for names: `public.*`, `audit`, `public.tmp_*`. One without a dot is for schemas, and for what stands in none.
#[derive(Clone, Debug)]
pub(crate) struct Pattern(GlobMatcher);

impl std::str::FromStr for Pattern {
    type Err = globset::Error;
    fn from_str(text: &str) -> Result<Pattern, globset::Error> {
        Ok(Pattern(Glob::new(text)?.compile_matcher()))
    }
}

impl Filter {
    pub(crate) fn apply(&self, catalog: &mut Catalog) {
        catalog.retain(|id| self.keeps(id));
        catalog.secrets.retain(|_, secret| self.database_settings || !secret.is_database_setting);
    }

    fn keeps(&self, id: &ObjectId) -> bool {
        if id.kind == Kind::DatabaseSetting && !self.database_settings {
            self.left_out_settings.store(true, Ordering::Relaxed);
            return false;
        }
        let privileges = matches!(id.kind, Kind::Grant | Kind::DefaultGrant);
        if (self.no_owner && id.kind == Kind::Owner) || (self.no_privileges && privileges) {
            return false;
        }
        let included = self.include.is_empty() || self.include.iter().any(|it| it.matches(id) || it.may_hold(id));
        included && !self.exclude.iter().any(|it| it.matches(id))
    }
}

impl Pattern {
    /// By the name of the object, of what it stands in, or of its schema.
    fn matches(&self, id: &ObjectId) -> bool {
        std::iter::once(id).chain(id.ancestors()).any(|id| self.0.is_match(raw(id)))
    }
    /// A schema stays for what it may hold.
    fn may_hold(&self, id: &ObjectId) -> bool {
        let prefix = self.0.glob().glob().split('.').next().unwrap_or_default();
        id.parent().is_none() && Glob::new(prefix).is_ok_and(|glob| glob.compile_matcher().is_match(id.name.raw()))
    }
}

/// The name as patterns see it: without quotes.
fn raw(id: &ObjectId) -> String {
    match id.parent() {
        Some(parent) => format!("{}.{}", raw(parent), id.name.raw()),
        None => id.name.raw().to_owned(),
    }
}
