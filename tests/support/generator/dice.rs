//! Decisions. Each is a function of a number, a label and what there is to choose from, so that a decision stays as it is
//! when something else in the schema changes.

use fastrand::Rng;

use super::ADDED;

const BUCKETS: usize = 16;
/// The salt of decisions that fall on what is simplest.
const PLAIN: u32 = u32::MAX;

/// Whatever takes decisions: an item, or a part of one.
#[derive(Clone)]
pub(super) struct Node {
    pub(super) id: u32,
    seed: u64,
    /// Decisions are in buckets by their label. Another salt decides again what is in its bucket.
    salts: [u32; BUCKETS],
    renamed: u32,
}

impl Node {
    pub(super) fn random(rng: &mut Rng, id: u32) -> Node {
        Node { id, seed: rng.u64(..), salts: [0; BUCKETS], renamed: 0 }
    }

    pub(super) fn dice(&self) -> Dice<'_> {
        Dice { node: self }
    }

    /// Some names need quotes.
    pub(super) fn name(&self, prefix: &str) -> String {
        let plain = match self.renamed {
            0 => format!("{prefix}{}", self.id),
            times => format!("{prefix}{}_{times}", self.id),
        };
        if self.id % 11 == 4 { format!("\"{} %\"", plain.to_uppercase()) } else { plain }
    }

    pub(super) fn rename(&mut self) {
        self.renamed += 1;
    }

    /// Decides something anew.
    pub(super) fn reconsider(&mut self, rng: &mut Rng) {
        let bucket = rng.usize(0..BUCKETS);
        if let Some(salt) = self.salts.get_mut(bucket) {
            *salt = rng.u32(1..1000);
        }
    }

    pub(super) fn simplify(&mut self, how: Simpler) {
        match how {
            Simpler::All => self.salts = [PLAIN; BUCKETS],
            Simpler::Name => self.renamed = 0,
            Simpler::Bucket(bucket) => self.salts.iter_mut().skip(bucket).take(1).for_each(|salt| *salt = PLAIN),
        }
    }
}

/// What of a node becomes simple.
#[derive(Clone, Copy)]
pub(super) enum Simpler {
    All,
    Name,
    Bucket(usize),
}

impl Simpler {
    pub(super) fn all() -> impl Iterator<Item = Simpler> {
        [Simpler::All, Simpler::Name].into_iter().chain((0..BUCKETS).map(Simpler::Bucket))
    }
}

/// What can be referred to.
pub(super) trait Identified {
    fn id(&self) -> u32;
}

impl<T: Identified> Identified for &T {
    fn id(&self) -> u32 {
        (**self).id()
    }
}

#[derive(Clone, Copy)]
pub(super) struct Dice<'a> {
    node: &'a Node,
}

impl Dice<'_> {
    /// 0 is the simplest.
    pub(super) fn number(&self, label: &str) -> u64 {
        let label = label.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| mix(hash ^ u64::from(byte)));
        match self.node.salts.get((label % BUCKETS as u64) as usize) {
            Some(&PLAIN) | None => 0,
            Some(&salt) => mix(self.node.seed ^ label ^ mix(u64::from(salt))),
        }
    }

    pub(super) fn below(&self, label: &str, end: u64) -> u64 {
        self.number(label) % end
    }

    pub(super) fn one_in(&self, label: &str, many: u64) -> bool {
        self.below(label, many) == many - 1
    }

    pub(super) fn of<'b>(&self, label: &str, all: &[&'b str]) -> &'b str {
        all.get(self.below(label, all.len() as u64) as usize).copied().unwrap_or_default()
    }

    /// One of those to choose from. Whether others come or go changes nothing for most who choose.
    pub(super) fn pick<T: Identified>(&self, label: &str, from: impl IntoIterator<Item = T>) -> Option<T> {
        let number = self.number(label);
        let score = |it: &T| {
            let score = mix(number ^ mix(u64::from(it.id())));
            let is_newcomer = ADDED <= it.id() && self.node.id < ADDED;
            (is_newcomer && !score.is_multiple_of(6), score, it.id())
        };
        from.into_iter().min_by_key(score)
    }

    /// Up to `most` of them, in the order of the choice.
    pub(super) fn some<T: Identified>(&self, label: &str, most: usize, from: impl IntoIterator<Item = T>) -> Vec<T> {
        let mut all: Vec<T> = from.into_iter().collect();
        let number = self.number(label);
        all.sort_by_key(|it| (mix(number ^ mix(u64::from(it.id()))), it.id()));
        all.truncate(1 + self.below(label, most as u64) as usize);
        all
    }
}

/// One step of SplitMix64, which mixes well enough and is the same for ever.
fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}
