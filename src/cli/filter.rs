//! Which properties the user wants to be compared: `--no-owner`, `--no-privileges`, `--database-settings`. Which objects,
//! `scope` says.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::{
    catalog::Catalog,
    model::{Kind, ObjectId},
};

#[derive(Debug, Default)]
pub(crate) struct Filter {
    pub no_owner: bool,
    pub no_privileges: bool,
    pub database_settings: bool,
    /// Whether there were settings of a database that were left out.
    pub left_out_settings: AtomicBool,
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
        let left_out = (self.no_owner && id.kind == Kind::Owner) || (self.no_privileges && privileges);
        !left_out
    }
}
