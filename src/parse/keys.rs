//! Wanted keys, found by their bytes.
//!
//! Promises: most keys that nobody wants cost one test of a bit. Of a key that comes twice in a line the last counts; of
//! several keys for one field, the first in the pattern's order that the line has. Does not: know values.

use super::capture::{Capture, Form};

/// One bit of 64 for a key. Keys of one line differ in length and first letter as a rule.
#[inline]
pub(super) fn sieve_bit(key: &[u8]) -> u64 {
    let first = key.first().copied().unwrap_or(0);
    1 << ((key.len() ^ (usize::from(first) * 5)) & 63)
}

/// A capture that wants a key. `rank` 0 is the key that it wants most.
#[derive(Clone, Copy, Debug)]
struct Use {
    capture: usize,
    rank: u8,
}

#[derive(Clone, Debug)]
struct Wanted {
    key: Vec<u8>,
    uses: Vec<Use>,
}

/// What is wanted of a line's keys, and which of it was found.
#[derive(Clone, Debug)]
pub(super) struct Keys {
    wanted: Vec<Wanted>,
    sieve: u64,
    /// By capture: the rank of the key that it was taken from. Empty where no capture has more than one key.
    ranks: Vec<u8>,
    /// By key: the one that was found after it when it was last found. Lines of one writer have their keys in one order.
    follows: Vec<usize>,
    /// The key that was found last, in this line or the one before.
    last: usize,
}

/// Keys for one field at most; a rank fits a byte.
pub(super) const MOST_ALTERNATIVES: usize = 100;

impl Keys {
    /// Capture `n` is the first of `keys[n]` that a line has; keys beyond [`MOST_ALTERNATIVES`] are not looked for.
    pub(super) fn new(keys: &[Vec<String>]) -> Self {
        let mut wanted: Vec<Wanted> = Vec::new();
        for (capture, alternatives) in keys.iter().enumerate() {
            for (rank, key) in (0..MOST_ALTERNATIVES as u8).zip(alternatives) {
                let used = Use { capture, rank };
                match wanted.iter_mut().find(|wanted| wanted.key == key.as_bytes()) {
                    Some(wanted) => wanted.uses.push(used),
                    None => wanted.push(Wanted { key: key.as_bytes().to_vec(), uses: vec![used] }),
                }
            }
        }
        let sieve = wanted.iter().fold(0, |sieve, wanted| sieve | sieve_bit(&wanted.key));
        let has_alternatives = keys.iter().any(|alternatives| alternatives.len() > 1);
        let ranks = if has_alternatives { vec![0; keys.len()] } else { Vec::new() };
        let follows = vec![0; wanted.len()];
        Self { wanted, sieve, ranks, follows, last: 0 }
    }

    /// The key's number, where somebody wants it.
    #[inline]
    pub(super) fn find(&mut self, key: &[u8]) -> Option<usize> {
        if self.sieve & sieve_bit(key) == 0 {
            return None;
        }
        let follows = self.follows.get_mut(self.last)?;
        if self.wanted.get(*follows).is_none_or(|wanted| wanted.key != key) {
            *follows = self.wanted.iter().position(|wanted| wanted.key == key)?;
        }
        self.last = *follows;
        Some(self.last)
    }

    /// Sets every capture that wants the key of this number.
    #[inline]
    pub(super) fn put(&mut self, found: usize, capture: Capture, captures: &mut [Capture]) {
        let Some(wanted) = self.wanted.get(found) else { return };
        for used in &wanted.uses {
            if let Some(rank) = self.ranks.get_mut(used.capture) {
                if captures[used.capture].form != Form::Absent && *rank < used.rank {
                    continue;
                }
                *rank = used.rank;
            }
            captures[used.capture] = capture;
        }
    }
}
