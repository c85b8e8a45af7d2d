//! Runs the steps of a plan one after the other, with rows in the tables, and looks on.

use std::collections::BTreeSet;

use crate::{
    catalog::Catalog,
    connect,
    diagnostic::Diagnostic,
    diff::Rename,
    plan::Step,
    rehearse::{
        fates::{Fate, Population},
        observe::{Observed, Observer},
        reload::lost,
        rows::{Filling, Occasion, Supply},
        run::Failure,
        touched::Touched,
    },
    shadow::Scratch,
};

/// A database in which a plan is run, and what has been seen there so far.
pub(super) struct Trial<'a> {
    observer: Observer,
    population: Population,
    /// Why no table has rows, where some were to have them.
    unpopulated: Option<String>,
    from: &'a Catalog,
    observed: Vec<Option<Observed>>,
}

/// Which of the tables that were filled are meant.
type ByName<'a> = &'a dyn Fn(&str) -> bool;

/// The rows that a plan was run on.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    pub filling: Filling,
    /// Why there are none, where there were to be some.
    pub none: Option<String>,
    /// Tables that were emptied, since a statement fails on their rows.
    pub emptied: BTreeSet<String>,
    pub fates: Vec<Fate>,
    /// What happened to them and no step of the plan speaks of, in words.
    pub unexpected: Vec<String>,
}

impl<'a> Trial<'a> {
    /// Gives the tables that are touched rows. Where that is not possible it goes on without. Of the
    /// steps, `done` lie behind, which nobody watched.
    ///
    /// # Errors
    /// A diagnostic where the shadow is lost.
    pub(super) fn begin(
        scratch: &mut Scratch,
        touched: &Touched,
        (steps, done, renames): (&[Step], usize, &[Rename]),
        from: &'a Catalog,
        supply: Supply<'_>,
    ) -> Result<Trial<'a>, Vec<Diagnostic>> {
        let (mut population, mut unpopulated) = (Population::default(), None);
        if 0 < supply.per_table && !touched.is_empty() {
            let statements: Vec<&str> = steps.iter().map(|step| step.sql.as_str()).collect();
            let occasion = Occasion { catalog: Some(from), renames, statements: &statements };
            match Population::settle(scratch, supply, occasion, &|name| touched.has(name)) {
                Ok(settled) => population = settled,
                Err(error) => unpopulated = Some(connect::message(&error)),
            }
        }
        let observer = Observer::new(&mut scratch.client).map_err(|error| vec![lost(&error)])?;
        Ok(Trial { observer, population, unpopulated, from, observed: vec![None; done] })
    }

    /// Looks at the system catalogs too, from here on.
    ///
    /// # Errors
    /// Diagnostics where the shadow is lost.
    pub(super) fn with_catalogs(self, scratch: &mut Scratch) -> Result<Trial<'a>, Vec<Diagnostic>> {
        let observer = self.observer.with_catalogs(&mut scratch.client).map_err(|error| vec![lost(&error)])?;
        Ok(Trial { observer, ..self })
    }

    /// These are to come by the steps themselves: a part that holds what another one held is that one.
    pub(super) fn expect(&mut self, to_come: &[Rename]) {
        self.population.expect(to_come);
    }

    /// What has been set for the transaction that the steps to come are in, instead of what was before.
    pub(super) fn govern(&mut self, local: &[String]) {
        self.observer.govern(local);
    }

    /// Runs one step. Where it fails on rows, it is run again without them.
    ///
    /// # Errors
    /// What PostgreSQL says, where the rows are not to blame.
    pub(super) fn step(&mut self, scratch: &mut Scratch, step: &Step) -> Result<(), Box<Failure>> {
        let observed = match self.observer.run(scratch, step) {
            Err(failure) if !self.population.is_empty() => self.again(scratch, step, failure)?,
            other => other?,
        };
        self.observed.push(observed);
        Ok(())
    }

    fn again(
        &mut self,
        scratch: &mut Scratch,
        step: &Step,
        failure: Box<Failure>,
    ) -> Result<Option<Observed>, Box<Failure>> {
        let touched = Touched::by_steps(std::slice::from_ref(step), self.from);
        let own = |name: &str| touched.has(name);
        let chosen: [Option<ByName<'_>>; 3] = [Some(&own), Some(&|_| true), None];
        for chosen in chosen {
            let cleared = self.observer.clear_away(&mut scratch.client);
            let emptied = cleared.and_then(|()| match chosen {
                Some(chosen) => self.population.empty(scratch, chosen),
                None => self.population.empty_all(scratch),
            });
            let ready = emptied.and_then(|()| self.observer.look_again(&mut scratch.client));
            ready.map_err(|error| Failure::new(0, step, &error))?;
            if let Ok(observed) = self.observer.run(scratch, step) {
                return Ok(observed.map(|it| Observed { stumbled: Some(failure.message), ..it }));
            }
        }
        Err(failure)
    }

    /// So many steps have been run meanwhile, and nobody watched them.
    ///
    /// # Errors
    /// A diagnostic where the shadow is lost.
    pub(super) fn pass_over(&mut self, scratch: &mut Scratch, steps: usize) -> Result<(), Vec<Diagnostic>> {
        if 0 < steps {
            self.observed.extend(std::iter::repeat_n(None, steps));
            self.observer.look_again(&mut scratch.client).map_err(|error| vec![lost(&error)])?;
        }
        Ok(())
    }

    /// What was seen of the step that was run last.
    pub(super) fn last(&self) -> Option<&Observed> {
        self.observed.last()?.as_ref()
    }

    /// How many steps lie behind.
    pub(super) fn done(&self) -> usize {
        self.observed.len()
    }

    /// What was seen of each step, nothing for what could not be watched; and what became of the rows.
    ///
    /// # Errors
    /// A diagnostic where the shadow is lost.
    pub(super) fn end(self, scratch: &mut Scratch) -> Result<(Vec<Option<Observed>>, Rows), Vec<Diagnostic>> {
        let fates = self.population.fates(&mut scratch.client).map_err(|error| vec![lost(&error)])?;
        let Population { filling, emptied, .. } = self.population;
        let rows = Rows { filling, none: self.unpopulated, emptied, fates, unexpected: Vec::new() };
        Ok((self.observed, rows))
    }
}
