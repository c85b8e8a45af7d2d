//! A sample of the rows of a running database, masked before it gets anywhere.

mod gather;
mod live;
mod mask;
mod mend;
mod names;
mod shape;
mod unmasked;

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use postgres::Client;

use super::{Origin, facts::Facts};

use gather::Gatherer;
use live::Live;
use mask::{Mask, Secret};

pub(super) use gather::{Row, Taken};
pub(super) use mask::Spelled;
pub(super) use names::Names;
pub use unmasked::Unmasked;

/// What was taken, by the name of the relation.
type ByName = BTreeMap<String, Taken>;

/// A database to take rows from, and how many.
pub struct Sample {
    client: RefCell<Client>,
    /// The database, in words without a password.
    origin: String,
    /// So many rows of each table, and the rows that they refer to.
    size: u32,
    unmasked: Vec<Unmasked>,
    /// Which of these name a column that was read.
    used: RefCell<BTreeSet<usize>>,
    secret: Secret,
    /// What was taken last: a rehearsal that begins anew has the same rows.
    taken: RefCell<Option<(Vec<String>, ByName)>>,
}

impl Sample {
    /// `client` is a session in the database, `origin` says in words which that is.
    ///
    /// # Errors
    /// When the system has no random bytes, without which nothing can be masked.
    pub fn new(client: Client, origin: String, size: u32, unmasked: Vec<Unmasked>) -> std::io::Result<Sample> {
        let secret = Secret::new().map_err(std::io::Error::from)?;
        let (client, used) = (RefCell::new(client), RefCell::default());
        Ok(Sample { client, origin, size, unmasked, used, secret, taken: RefCell::default() })
    }

    pub(super) fn told(&self) -> Origin {
        let unmasked = self.unmasked.iter().map(|it| it.text.clone()).collect();
        Origin { database: self.origin.clone(), size: self.size, unmasked }
    }

    /// Patterns of columns that are to be kept and that no column has met that was read so far.
    pub fn idle(&self) -> Vec<&str> {
        let used = self.used.borrow();
        let idle = self.unmasked.iter().enumerate().filter(|(at, _)| !used.contains(at));
        idle.map(|(_, it)| it.text.as_str()).collect()
    }

    /// Takes rows of these relations.
    pub(super) fn take(&self, facts: &Facts, chosen: &BTreeSet<usize>, names: &Names) -> ByName {
        let wanted: Vec<String> = chosen.iter().map(|&at| facts.relations[at].name.clone()).collect();
        if let Some((_, known)) = self.taken.borrow().as_ref().filter(|(of, _)| *of == wanted) {
            return known.clone();
        }
        let mut client = self.client.borrow_mut();
        let found = match Live::begin(&mut client) {
            Ok(mut live) => {
                let size = usize::try_from(self.size).unwrap_or(usize::MAX);
                let (tables, found) = (BTreeMap::new(), BTreeMap::new());
                let unmasked = &self.unmasked;
                let mut gatherer = Gatherer { live: &mut live, facts, names, unmasked, size, tables, found };
                gatherer.gather(chosen);
                gatherer.mend();
                gatherer.unmask(&mut self.used.borrow_mut());
                let found = gatherer.found;
                live.end();
                found
            }
            Err(why) => {
                let refused = |&at: &usize| (at, Taken { refused: Some(why.clone()), ..Taken::default() });
                chosen.iter().map(refused).collect()
            }
        };
        let named: ByName = found.into_iter().map(|(at, taken)| (facts.relations[at].name.clone(), taken)).collect();
        *self.taken.borrow_mut() = Some((wanted, named.clone()));
        named
    }

    /// The mask of a value, as text; nothing where a made-up value is to stand for it.
    pub(super) fn masked(&self, facts: &Facts, spelled: &Spelled, type_: u32, text: &str) -> Option<String> {
        Mask { facts, secret: &self.secret, spelled }.value(type_, text)
    }
}
