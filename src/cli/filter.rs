//! What of a catalog is compared: `--no-owner`, `--no-privileges`, `--database-settings`, and what `scope` passes over.

use std::{
    collections::BTreeSet,
    sync::{
        PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
};

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
    /// What is neither chosen nor has to do with anything that is.
    pub passed_over: RwLock<BTreeSet<ObjectId>>,
}

impl Filter {
    pub(crate) fn apply(&self, catalog: &mut Catalog) {
        let passed_over = self.passed_over.read().unwrap_or_else(PoisonError::into_inner);
        catalog.retain(|id| self.keeps(id) && !passed_over.contains(id));
        catalog.secrets.retain(|_, secret| self.database_settings || !secret.is_database_setting);
    }

    /// Leaves these out from now on.
    pub(crate) fn pass_over(&self, ids: BTreeSet<ObjectId>) {
        self.passed_over.write().unwrap_or_else(PoisonError::into_inner).extend(ids);
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
