//! Two states of one thing, and what is done to both.

/// Two states of one thing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pair<T> {
    pub from: T,
    pub to: T,
}

impl<T> Pair<T> {
    pub fn new(from: T, to: T) -> Pair<T> {
        Pair { from, to }
    }
    pub fn as_ref(&self) -> Pair<&T> {
        Pair { from: &self.from, to: &self.to }
    }
    pub fn map<U>(self, mut f: impl FnMut(T) -> U) -> Pair<U> {
        Pair { from: f(self.from), to: f(self.to) }
    }
}

impl<T, E> Pair<Result<T, Vec<E>>> {
    /// Both, or everything that is wrong with either.
    pub fn transpose(self) -> Result<Pair<T>, Vec<E>> {
        match (self.from, self.to) {
            (Ok(from), Ok(to)) => Ok(Pair { from, to }),
            (from, to) => Err(from.err().into_iter().chain(to.err()).flatten().collect()),
        }
    }
}
