//! A shadow with stand-ins for the extensions that it lacks, and with a baseline in each of its databases.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::literals;
use super::stub::{self, Stub};
use super::{Error, Scratch, Shadow, Wanted, both};
use crate::model::{Version, parser};

/// Another shadow, made to offer more.
pub struct Stubbed {
    inner: Box<dyn Shadow>,
    stubs: Arc<[Stub]>,
    baseline: String,
    /// The extensions that the baseline creates.
    extensions: BTreeSet<String>,
}

impl Stubbed {
    #[must_use]
    pub fn new(inner: Box<dyn Shadow>, stubs: Vec<Stub>) -> Stubbed {
        Stubbed { inner, stubs: stubs.into(), baseline: String::new(), extensions: BTreeSet::new() }
    }

    /// Runs a script in every database from now on, before anything else. It may create these extensions.
    pub fn start_from(&mut self, baseline: &str, extensions: BTreeSet<String>) {
        baseline.clone_into(&mut self.baseline);
        self.extensions = extensions;
    }

    /// What is left for the server itself to offer.
    fn real(&self, wanted: &Wanted) -> Wanted {
        let mut wanted = wanted.clone();
        wanted.extensions.extend(self.extensions.iter().cloned());
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
        !self.stubs.is_empty() || self.inner.stands_in()
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
        let (forth, back) = (Arc::clone(&self.stubs), Arc::clone(&self.stubs));
        let adapt = both(move |sql| stub::adapt(sql, &forth), Arc::clone(&scratch.adapt));
        let restore = both(move |text| literals::restore(text, &back), Arc::clone(&scratch.restore));
        let mut scratch = Scratch { adapt, restore, ..scratch };
        if !self.baseline.is_empty() {
            let sql: String = parser::statements(&self.baseline)
                .into_iter()
                .map(|sql| (scratch.adapt)(sql).into_owned() + ";\n")
                .collect();
            scratch.client.batch_execute(&sql).map_err(Error::postgres(&self.describe(), "load the baseline"))?;
        }
        Ok(scratch)
    }
}
