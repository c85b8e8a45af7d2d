//! Databases that are alike: one of them is compared with what its history makes, and the others with it. That a thousand
//! databases have not moved is told by one replay.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use crate::{
    catalog::{Catalog, Secret},
    cli::{
        drift::Difference,
        exit::Error,
        history::{Opened, lost},
    },
    ddl::Target,
    diff::diff,
    history::Status,
    sources::introspect::{Owners, introspect},
};

/// How many that are in order, and unlike each other, are kept to compare others with.
const KEPT: usize = 8;

/// What databases must have in common to be compared: the version of the server, and the migrations that they have run.
type Key = (i32, Vec<String>);

/// Those that are as their history makes them.
type Known = Arc<Mutex<Vec<Arc<Catalog>>>>;

/// What is known of databases that have been looked at.
#[derive(Default)]
pub(in crate::cli) struct Alike(Mutex<BTreeMap<Key, Known>>);

impl Alike {
    /// In what a database differs from what its history makes: in nothing, where one of which that is known is the same. Else
    /// `look` tells.
    ///
    /// # Errors
    /// What `look` fails with, and that the catalog cannot be read.
    pub(in crate::cli) fn look(
        &self,
        opened: &mut Opened,
        status: &Status,
        look: &dyn Fn(&Opened) -> Result<Vec<Difference>, Error>,
    ) -> Result<Vec<Difference>, Error> {
        let catalog = Arc::new(introspect(&mut opened.client, Owners::Stated).map_err(|error| lost(&error))?);
        let has_run = opened.history.iter().filter(|it| status.has_run(it));
        let key = (catalog.version.0, has_run.map(|it| it.key.clone()).collect());
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default().clone();
        // Whoever comes while the first is compared, waits: it need not be compared then.
        let mut held = known.lock().unwrap_or_else(PoisonError::into_inner);
        if !held.is_empty() {
            let all = held.clone();
            drop(held);
            if all.iter().any(|it| is_same(it, &catalog)) {
                return Ok(Vec::new());
            }
            let found = look(opened)?;
            let mut held = known.lock().unwrap_or_else(PoisonError::into_inner);
            if found.is_empty() && held.len() < KEPT {
                held.push(catalog);
            }
            return Ok(found);
        }
        let found = look(opened)?;
        if found.is_empty() {
            held.push(catalog);
        }
        Ok(found)
    }
}

/// Whether two databases have the same in everything that is read. What only one of them states counts as different.
fn is_same(one: &Catalog, other: &Catalog) -> bool {
    let changes = |from: &Catalog, to: &Catalog| diff(from, to, Target::new(to.version, &to.casts));
    let digest = |it: &Secret| (it.digest.clone(), it.is_database_setting);
    let secrets = |it: &Catalog| it.secrets.iter().map(|(name, it)| (name.clone(), digest(it))).collect::<Vec<_>>();
    one.unmanaged == other.unmanaged
        && one.server_privileges == other.server_privileges
        && secrets(one) == secrets(other)
        && one.ids().eq(other.ids())
        && changes(one, other).is_empty()
        && changes(other, one).is_empty()
}
