//! A shadow with stand-ins for the extensions that it lacks, and with a baseline in each of its databases.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::literals;
use super::stub::{self, Stub};
use super::{Error, Scratch, Shadow, Wanted};
use crate::model::Version;

/// Another shadow, made to offer more.
pub struct Stubbed {
    inner: Box<dyn Shadow>,
    stubs: Arc<[Stub]>,
}

impl Stubbed {
    #[must_use]
    pub fn new(inner: Box<dyn Shadow>, stubs: Vec<Stub>) -> Stubbed {
        Stubbed { inner, stubs: stubs.into() }
    }

    /// What is left for the server itself to offer.
    fn real(&self, wanted: &Wanted) -> Wanted {
        let mut wanted = wanted.clone();
        wanted.extensions.retain(|name| self.stubs.iter().all(|stub| stub.name != *name));
        wanted
    }
}

impl Shadow for Stubbed {
    fn version(&self) -> Version {
        self.inner.version()
    }
    fn describe(&self) -> String {
        self.inner.describe()
    }
    fn stands_in(&self) -> bool {
        !self.stubs.is_empty()
    }
    fn lacks(&self, extensions: &BTreeSet<String>) -> Result<BTreeSet<String>, Error> {
        let wanted = Wanted { extensions: extensions.clone(), ..Wanted::default() };
        self.inner.lacks(&self.real(&wanted).extensions)
    }
    fn expect(&self, scratches: usize, wanted: &Wanted) {
        self.inner.expect(scratches, &self.real(wanted));
    }
    fn scratch(&self, wanted: &Wanted) -> Result<Scratch, Error> {
        let scratch = self.inner.scratch(&self.real(wanted))?;
        let (inner, stubs) = (Arc::clone(&scratch.adapt), Arc::clone(&self.stubs));
        let adapt = Arc::new(move |sql: &str| inner(&stub::adapt(sql, &stubs)));
        let stubs = Arc::clone(&self.stubs);
        let restore = Arc::new(move |text: &str| literals::restore(text, &stubs).into_owned());
        Ok(Scratch { adapt, restore, ..scratch })
    }
}
