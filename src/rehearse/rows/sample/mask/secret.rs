//! The secret of a run, and what is made with it: bytes, and orders of numbers, that nobody can tell without it.

use sha2::{Digest, Sha256};

/// Random for each run, and kept nowhere: what it masks cannot be unmasked, not even by us.
pub(in crate::rehearse::rows) struct Secret([u8; 32]);

/// So many rounds make a Feistel network one that cannot be told from chance (Luby and Rackoff need four).
const ROUNDS: u8 = 8;

/// Numbers below this are put in another order; beyond, chance alone tells values apart.
pub(super) const MOST: u128 = 1 << 120;

impl Secret {
    /// # Errors
    /// When the system has no random bytes.
    pub(in crate::rehearse::rows) fn new() -> Result<Secret, getrandom::Error> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes)?;
        Ok(Secret(bytes))
    }

    #[cfg(test)]
    pub(super) fn of_test() -> Secret {
        Secret([7; 32])
    }

    /// What is hashed is never seen whole, so that nothing can be appended to it.
    fn hash(&self, label: &str, value: &[u8], number: u64) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(self.0);
        for part in [label.as_bytes(), value] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        hash.update(number.to_be_bytes());
        hash.finalize().into()
    }

    /// As many bytes as are wanted; the same for the same value.
    pub(super) fn bytes<'a>(&'a self, label: &'a str, value: &'a [u8]) -> impl Iterator<Item = u8> + 'a {
        (0..).flat_map(move |block| self.hash(label, value, block))
    }

    /// Another number below `size`, which is at most [`MOST`]: each comes from exactly one, and none from itself, if there
    /// are others.
    pub(super) fn turn(&self, label: &str, size: u128, number: u128) -> u128 {
        let place = self.permute(label, size, number, true);
        self.permute(label, size, (place + 1) % size, false)
    }

    /// Walks on until the number is small enough (Black and Rogaway, "Ciphers with arbitrary finite domains").
    fn permute(&self, label: &str, size: u128, number: u128, forth: bool) -> u128 {
        let bits = (u128::BITS - (size - 1).leading_zeros()).max(2);
        let half = bits.div_ceil(2);
        let mut at = number;
        loop {
            at = self.feistel(label, size, half, at, forth);
            if at < size {
                return at;
            }
        }
    }

    fn feistel(&self, label: &str, size: u128, half: u32, number: u128, forth: bool) -> u128 {
        let low = (1_u128 << half) - 1;
        let (mut left, mut right) = (number >> half, number & low);
        let mixed = |round: u8, part: u128| {
            let value = [size.to_be_bytes(), part.to_be_bytes()].concat();
            let hash = self.hash(label, &value, u64::from(round));
            hash.iter().take(16).fold(0, |all, byte| all << 8 | u128::from(*byte)) & low
        };
        for round in 0..ROUNDS {
            match forth {
                true => (left, right) = (right, left ^ mixed(round, right)),
                false => (left, right) = (right ^ mixed(ROUNDS - 1 - round, left), left),
            }
        }
        left << half | right
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::Secret;

    #[test]
    fn every_number_comes_from_another_one() {
        let secret = Secret::of_test();
        for size in [2, 3, 4, 5, 9, 10, 28, 90, 257] {
            let turned: Vec<u128> = (0..size).map(|it| secret.turn("t", size, it)).collect();
            assert_eq!(turned.iter().copied().collect::<BTreeSet<_>>().len() as u128, size);
            assert!(turned.iter().zip(0..).all(|(new, old)| *new != old && *new < size), "{size}: {turned:?}");
        }
        assert_eq!(secret.turn("t", 1, 0), 0);
    }

    #[test]
    fn another_secret_gives_another_order() {
        let other = Secret([8; 32]);
        let differ = (0..90).filter(|it| Secret::of_test().turn("t", 90, *it) != other.turn("t", 90, *it));
        assert!(80 < differ.count());
        assert_ne!(Secret::new().expect("randomness").0, Secret::new().expect("randomness").0);
    }
}
